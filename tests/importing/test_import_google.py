"""A published file becomes the same network, whatever its form; anything else becomes one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from movenet.cli import main
from movenet.errors import ModelError
from movenet.importing import import_google
from movenet.models import MoveNet, build, load_network
from tests.importing.conftest import SIZE
from tests.importing.published import Step, heads_of, operations, random_network, write_onnx, write_tfjs
from tests.importing.tflite_writer import write_tflite

Writer = Callable[..., Path]


@pytest.mark.parametrize("write", [write_tfjs, write_tflite, write_onnx])
def test_every_form_gives_the_network_that_it_was_made_of(
    write: Writer, network: MoveNet, steps: list[Step], tmp_path: Path
) -> None:
    imported, spec = import_google(write(tmp_path, steps, SIZE))
    assert (spec.model, spec.input_size, spec.probability) == ("lightning", SIZE, "sigmoid")
    for ours, theirs in zip(heads_of(imported, SIZE), heads_of(network, SIZE), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_thunder_is_told_by_its_width(tmp_path: Path) -> None:
    network = random_network(build("thunder", 17))
    imported, spec = import_google(write_tfjs(tmp_path, operations(network, SIZE), SIZE))
    assert spec.model == "thunder"
    np.testing.assert_allclose(heads_of(imported, SIZE)[0], heads_of(network, SIZE)[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("stored", ["float16", "uint16", "uint8"])
def test_quantised_shards_are_read_to_their_precision(stored: str, steps: list[Step], tmp_path: Path) -> None:
    imported, _ = import_google(write_tfjs(tmp_path, steps, SIZE, stored))
    weight = steps[1].constants[0]
    levels = {"float16": 2048, "uint16": 65535, "uint8": 255}[stored]
    step = (weight.max() - weight.min()) / levels
    assert _largest_difference(imported, weight) <= step * 0.51


def test_float16_weights_of_a_tflite_file_are_read(steps: list[Step], tmp_path: Path) -> None:
    imported, _ = import_google(write_tflite(tmp_path, steps, SIZE, "float16"))
    weight = steps[1].constants[0]
    assert _largest_difference(imported, weight.astype(np.float16).astype(np.float32)) < 1e-6


def test_batch_norms_add_the_bias_and_nothing_else(steps: list[Step], tmp_path: Path) -> None:
    imported, _ = import_google(write_onnx(tmp_path, steps, SIZE))
    norm = imported.backbone.get_submodule("stages.0.0.layers.0.1")
    values = torch.randn(1, 32, 5, 5) * 3
    assert torch.equal(norm(values), values + torch.from_numpy(steps[2].constants[1])[:, None, None])


def test_a_normalisation_rounded_to_float16_makes_no_difference(
    network: MoveNet, steps: list[Step], tmp_path: Path
) -> None:
    normalise, *others = steps
    factor = normalise.constants[0].astype(np.float16).astype(np.float32)
    rounded = Step("affine", normalise.name, normalise.inputs, (factor, normalise.constants[1]))
    imported, _ = import_google(write_tfjs(tmp_path, [rounded, *others], SIZE))
    assert _largest_difference(imported, steps[1].constants[0] * (factor[0] * 127.5)) < 1e-6
    for ours, theirs in zip(heads_of(imported, SIZE), heads_of(network, SIZE), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.02)


def test_the_name_of_a_file_does_not_matter(steps: list[Step], tmp_path: Path) -> None:
    write_tflite(tmp_path, steps, SIZE).rename(tmp_path / "model.onnx")
    assert import_google(tmp_path / "model.onnx")[1].model == "lightning"


def test_the_command_writes_checkpoint_and_licence(
    steps: list[Step], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_tfjs(tmp_path, steps, SIZE)
    assert main(["import-google", str(path), "--output", str(tmp_path / "lightning.ckpt")]) == 0
    assert "lightning" in capsys.readouterr().out
    _, spec = load_network(tmp_path / "lightning.ckpt")
    assert (spec.model, spec.input_size) == ("lightning", SIZE)
    notice = (tmp_path / "lightning.NOTICE.txt").read_text()
    assert "Google" in notice
    assert "Apache License" in notice


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("not a model")
    assert main(["import-google", str(tmp_path / "notes.txt"), "--output", str(tmp_path / "out.ckpt")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out.ckpt").exists()


def test_missing_shard(steps: list[Step], tmp_path: Path) -> None:
    path = write_tfjs(tmp_path, steps, SIZE)
    (tmp_path / "shard2.bin").unlink()
    with pytest.raises(ModelError, match=r"shard 'shard2\.bin'.* is missing"):
        import_google(path)


def test_truncated_shard(steps: list[Step], tmp_path: Path) -> None:
    path = write_tfjs(tmp_path, steps, SIZE)
    shard = tmp_path / "shard2.bin"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"shard2\.bin: \d+ bytes, but the manifest describes \d+: truncated"):
        import_google(path)


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("write", [write_tflite, write_onnx])
def test_truncated_file(write: Writer, share: float, steps: list[Step], tmp_path: Path) -> None:
    path = write(tmp_path, steps, SIZE)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match="truncated"):
        import_google(path)


def test_int8_is_refused_with_the_reason(steps: list[Step], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="quantise the decode too"):
        import_google(write_tflite(tmp_path, steps, SIZE, "int8"))


def test_multi_pose(network: MoveNet, tmp_path: Path) -> None:
    path = write_tfjs(tmp_path, operations(network, SIZE, extra_heads=2), SIZE)
    with pytest.raises(ModelError, match=r"multi-pose model \(6 heads"):
        import_google(path)


def test_other_keypoints(tmp_path: Path) -> None:
    path = write_onnx(tmp_path, operations(build("lightning", 5).eval(), SIZE), SIZE)
    with pytest.raises(ModelError, match="not MoveNet SinglePose with 17 keypoints"):
        import_google(path)


@pytest.mark.parametrize("write", [write_tfjs, write_tflite, write_onnx])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"constants": (np.zeros((40, 3, 3, 3), np.float32), np.zeros(40, np.float32))}, "40 channels"),
        (
            {"activation": "relu"},
            r"32 \(stride 2, .*ReLU\), not a 3x3 convolution 3->32 \(stride 2, padding 0 \+ 1, ReLU6\)",
        ),
        ({"stride": 1}, "stride 1"),
    ],
)
def test_other_first_convolution(
    write: Writer, change: dict[str, object], reason: str, steps: list[Step], tmp_path: Path
) -> None:
    stem = Step(**{**vars(steps[1]), **change})  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=reason):
        import_google(write(tmp_path, [steps[0], stem, *steps[2:]], SIZE))


def test_other_normalisation(steps: list[Step], tmp_path: Path) -> None:
    factor, summand = steps[0].constants
    half = Step("affine", steps[0].name, steps[0].inputs, (factor / 2, summand + 1))
    with pytest.raises(ModelError, match=r"not 0\.\.255 to -1\.\.1"):
        import_google(write_tflite(tmp_path, [half, *steps[1:]], SIZE))


def test_other_network_inside(steps: list[Step], tmp_path: Path) -> None:
    shortcut = next(index for index, step in enumerate(steps) if step.kind == "add")
    # Both operands the same: the block's shortcut leads elsewhere.
    wrong = Step("add", steps[shortcut].name, (steps[shortcut].inputs[1],) * 2)
    with pytest.raises(ModelError, match="not MoveNet SinglePose"):
        import_google(write_tfjs(tmp_path, [*steps[:shortcut], wrong, *steps[shortcut + 1 :]], SIZE))


def test_a_graph_that_runs_in_a_circle(steps: list[Step], tmp_path: Path) -> None:
    circle = Step("affine", steps[0].name, (steps[0].name,), steps[0].constants)
    with pytest.raises(ModelError, match="depends on itself"):
        import_google(write_tfjs(tmp_path, [circle, *steps[1:]], SIZE))


def test_heads_without_decode_cannot_be_told_apart(steps: list[Step], tmp_path: Path) -> None:
    bare = [step for step in steps if step.kind not in ("argmax", "gather")]
    with pytest.raises(ModelError, match="reg and offset"):
        import_google(write_tfjs(tmp_path, bare[:-1], SIZE))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a model"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "not a model"),
        (b"{ not json", "its json is broken"),
        (b'{"images": []}', "not a TensorFlow.js model"),
        (json.dumps({"modelTopology": {"model_config": {}}, "weightsManifest": []}).encode(), "layers model"),
        (json.dumps({"modelTopology": {"node": [{}]}, "weightsManifest": []}).encode(), "broken TensorFlow.js model"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(40), "broken TensorFlow Lite model"),
    ],
)
def test_not_a_model(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        import_google(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        import_google(tmp_path / "model.json")


def _largest_difference(imported: MoveNet, weight: np.ndarray) -> float:
    """Between the first convolution's weights and what they should be."""
    stem = imported.backbone.get_submodule("stem.0")
    assert isinstance(stem, torch.nn.Conv2d)
    return float(np.abs(stem.weight.detach().numpy() - weight).max())
