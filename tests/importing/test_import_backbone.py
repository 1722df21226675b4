"""The backbone of a published network is ours afterwards; whatever follows it does not matter."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from movenet.cli import main
from movenet.errors import ConfigError, ModelError
from movenet.importing import import_backbone
from movenet.models import MoveNet, build, load_network
from movenet.models.blazepose import PYRAMID_STAGES
from movenet.models.fold import folded_batch_norms
from tests.importing.conftest import SIZE
from tests.importing.published import (
    PICTURE,
    Step,
    landmark_operations,
    operations,
    random_network,
    write_onnx,
    write_tfjs,
)
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
    path = write_tflite(tmp_path, [replace(stem, inputs=(PICTURE,)), *others], SIZE)
    imported, _ = import_backbone(path, "mobilenet_v2_x1_0")
    assert_same_features(imported, network)


def assert_same_features(imported: MoveNet, network: MoveNet) -> None:
    """Of the levels below the last one, which not every preset has."""
    pictures = torch.rand(1, 3, SIZE, SIZE) * 2 - 1
    with torch.inference_mode():
        pairs = zip(imported.backbone(pictures)[:-1], network.backbone(pictures)[:-1], strict=True)
        for ours, theirs in pairs:
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("model", ["blazepose_lite", "blazepose_full"])
def test_blazepose_comes_with_its_pyramid_and_heatmaps(model: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = random_network(build(model, 17))
    theirs = nn.Conv2d(network.pyramid.channels.fine, 39, 1).eval()
    imported, spec = import_backbone(write_tflite(tmp_path, landmark_operations(network, SIZE, theirs), SIZE), model)
    assert spec.model == model
    pictures = torch.rand(1, 3, SIZE, SIZE) * 255
    with torch.inference_mode():
        # It is given 0..1 and pads with black; ours is given -1..1 and pads with gray: the border's cells differ.
        stem, published_stem = imported.backbone.stem(pictures / 127.5 - 1), network.backbone.stem(pictures / 255)
        torch.testing.assert_close(stem[..., 1:, 1:], published_stem[..., 1:, 1:], rtol=1e-3, atol=1e-3)
        for ours, published in zip(after_stem(imported, stem), after_stem(network, stem), strict=True):
            torch.testing.assert_close(ours, published, rtol=1e-3, atol=1e-3)
        nose_hip_ankle = theirs(imported.features(pictures).fine).sigmoid()[:, [0, 23, 28]]
        torch.testing.assert_close(imported(pictures).heatmap[:, [0, 11, 16]], nose_hip_ankle, rtol=1e-3, atol=1e-4)
    # All that came from the file is known to the training as such, the heatmap's tower too.
    folded = folded_batch_norms(imported)
    assert imported.heads.heatmap[1][1] in folded
    assert imported.heads.offset[1][1] not in folded


def after_stem(network: MoveNet, x: torch.Tensor) -> list[torch.Tensor]:
    """The stages' results, the pyramid's, and those of reg's first layers."""
    made = [x := stage(x) for stage in network.backbone.stages]
    maps = network.pyramid([made[stage] for stage in PYRAMID_STAGES])
    return [*made, *maps, network.heads.reg[:2](maps.coarse)]


def test_a_blazepose_of_another_size(tmp_path: Path) -> None:
    network = build("blazepose_full", 17).eval()
    path = write_tflite(tmp_path, landmark_operations(network, SIZE, nn.Conv2d(48, 39, 1)), SIZE)
    with pytest.raises(ModelError, match=r"blazepose_lite's backbone inside: .*24->8 .* not .*24->16"):
        import_backbone(path, "blazepose_lite")


def test_another_width(tmp_path: Path) -> None:
    path = write_onnx(tmp_path, operations(build("thunder", 17).eval(), SIZE), SIZE)
    with pytest.raises(ModelError, match=r"mobilenet_v2_x1_0's backbone inside: it begins with .*3->56"):
        import_backbone(path, "mobilenet_v2_x1_0")


def test_a_preset_of_the_other_family(steps: list[Step], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a MobileNetV2 nor a BlazePose"):
        import_backbone(write_onnx(tmp_path, steps, SIZE), "shufflenet_v2_x0_5")


def test_the_command_writes_a_checkpoint_to_start_from(
    steps: list[Step], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_tflite(tmp_path, steps, SIZE)
    (tmp_path / "terms.txt").write_text("By Somebody, under some terms.")
    options = ["--output", str(tmp_path / "start.ckpt"), "--licence", str(tmp_path / "terms.txt")]
    assert main(["import-backbone", str(path), "--model", "mobilenet_v2_x1_0", *options]) == 0
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
