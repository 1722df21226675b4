"""The backbone of a published network is ours afterwards; whatever follows it does not matter."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from movenet.cli import main
from movenet.errors import ConfigError, ModelError
from movenet.importing import import_backbone
from movenet.models import MoveNet, build, load_network
from tests.importing.conftest import SIZE
from tests.importing.published import PICTURE, Step, operations, write_onnx, write_tfjs
from tests.importing.tflite_writer import write_tflite


@pytest.mark.parametrize("model", ["mobilenet_v2_x1_0", "lightning"])
@pytest.mark.parametrize("write", [write_tfjs, write_tflite, write_onnx])
def test_the_backbone_is_the_files(
    write: object, model: str, network: MoveNet, steps: list[Step], tmp_path: Path
) -> None:
    imported, spec = import_backbone(write(tmp_path, steps, SIZE), model)  # type: ignore[operator]
    assert spec.model == model
    assert_same_features(imported, network)


def test_a_file_that_is_given_scaled_pictures(network: MoveNet, steps: list[Step], tmp_path: Path) -> None:
    normalise, stem, *others = steps
    assert normalise.inputs == (PICTURE,)
    imported, _ = import_backbone(write_tflite(tmp_path, [replace(stem, inputs=(PICTURE,)), *others], SIZE))
    assert_same_features(imported, network)


def assert_same_features(imported: MoveNet, network: MoveNet) -> None:
    """Of the levels below the last one, which not every preset has."""
    pictures = torch.rand(1, 3, SIZE, SIZE) * 2 - 1
    with torch.inference_mode():
        pairs = zip(imported.backbone(pictures)[:-1], network.backbone(pictures)[:-1], strict=True)
        for ours, theirs in pairs:
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_another_width(tmp_path: Path) -> None:
    path = write_onnx(tmp_path, operations(build("thunder", 17).eval(), SIZE), SIZE)
    with pytest.raises(ModelError, match=r"not a network with this MobileNetV2 inside: it begins with .*3->56"):
        import_backbone(path)


def test_a_preset_of_the_other_family(steps: list[Step], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no MobileNetV2 backbone"):
        import_backbone(write_onnx(tmp_path, steps, SIZE), "shufflenet_v2_x0_5")


def test_the_command_writes_a_checkpoint_to_start_from(
    steps: list[Step], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_tflite(tmp_path, steps, SIZE)
    (tmp_path / "terms.txt").write_text("By Somebody, under some terms.")
    options = ["--output", str(tmp_path / "start.ckpt"), "--licence", str(tmp_path / "terms.txt")]
    assert main(["import-backbone", str(path), *options]) == 0
    assert "--model.initial_weights" in capsys.readouterr().out
    _, spec = load_network(tmp_path / "start.ckpt")
    assert spec.model == "mobilenet_v2_x1_0"
    notice = (tmp_path / "start.NOTICE.txt").read_text()
    assert hashlib.sha256(path.read_bytes()).hexdigest() in notice
    assert "By Somebody" in notice


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-backbone", str(tmp_path / "none.tflite"), "--output", str(tmp_path / "start.ckpt")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "start.ckpt").exists()
