"""`python -m export`: a whole folder, or nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export import command, parity
from movenet.cli import STATUS_ERROR, run_command
from movenet.metadata import (
    CHECKPOINT_FILE,
    HEAD_NAMES,
    METADATA_FILE,
    NCNN_BIN_FILE,
    NCNN_PARAM_FILE,
    ONNX_FILE,
    ModelMetadata,
)
from movenet.models import NetworkSpec, preset_names, save_network
from movenet.models.layers import ProbabilityName
from movenet.runtimes import create_runtime
from movenet.skeleton import Skeleton

THREE_POINTS = Skeleton(("head", "left_hand", "right_hand"), (("left_hand", "right_hand"),), (), (0.1, 0.1, 0.1))
NCNN_FILES = {CHECKPOINT_FILE, METADATA_FILE, NCNN_BIN_FILE, NCNN_PARAM_FILE}


@pytest.fixture
def picture(tmp_path: Path, frame: np.ndarray) -> Path:
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), frame)
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "models" / "tiny"


def export(checkpoint: Path, output: Path, picture: Path, *options: object) -> int:
    argv = ["--checkpoint", checkpoint, "--output", output, "--images", picture, *options]
    return run_command(command, [str(argument) for argument in argv])


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_every_format(tiny_checkpoint: Path, output: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(tiny_checkpoint, output, picture) == 0
    assert files_in(output) == NCNN_FILES | {ONNX_FILE}
    metadata = ModelMetadata.load(output, files_in(output) - {METADATA_FILE})
    assert set(metadata.parity) == {"onnx", "ncnn"}
    assert metadata.parity["ncnn"]["num_pictures"] == 1
    assert {"torch", "onnx", "pnnx", "movenet-edge"} <= set(metadata.versions)
    assert "heatmap" in capsys.readouterr().out
    assert files_in(output.parent) == {output.name}


def test_half_weights_are_half_the_size(tiny_checkpoint: Path, tiny_model: Path, output: Path, picture: Path) -> None:
    assert export(tiny_checkpoint, output, picture, "--fp16") == 0
    metadata = ModelMetadata.load(output)
    for name in (CHECKPOINT_FILE, NCNN_BIN_FILE, ONNX_FILE):
        assert metadata.files[name].precision == "fp16"
        # (Names, biases and the graph stay.)
        assert metadata.files[name].num_bytes < 0.65 * (tiny_model / name).stat().st_size


def test_another_input_size(
    tiny_checkpoint: Path, output: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(tiny_checkpoint, output, picture, "--input-size", 96) == 0
    metadata = ModelMetadata.load(output)
    assert metadata.input_size == 96
    assert create_runtime(output, "ncnn")(np.zeros((96, 96, 3), np.uint8)).center.shape[-2:] == (24, 24)
    assert export(tiny_checkpoint, output, picture, "--input-size", 100) == STATUS_ERROR
    assert "multiple of 32" in capsys.readouterr().err


def test_the_notice_of_a_checkpoint_goes_with_it(tiny_checkpoint: Path, output: Path, picture: Path) -> None:
    checkpoint = Path(shutil.copy(tiny_checkpoint, picture.with_name("mine.ckpt")))
    notice = checkpoint.with_name("mine.NOTICE.txt")
    notice.write_text("By Somebody.")
    assert export(checkpoint, output, picture, "--formats", "onnx") == 0
    assert (output / "checkpoint.NOTICE.txt").read_text() == "By Somebody."
    notice.unlink()
    assert export(checkpoint, output, picture, "--formats", "onnx") == 0
    assert not (output / "checkpoint.NOTICE.txt").exists()


@pytest.mark.parametrize(
    ("preset", "probability"),
    [*((preset, "sigmoid") for preset in preset_names()), ("shufflenet_v2_x0_5", "cheap_sigmoid")],
)
@pytest.mark.slow
def test_every_network_agrees_in_every_format(
    preset: str, probability: ProbabilityName, tmp_path: Path, picture: Path
) -> None:
    torch.manual_seed(0)
    spec = NetworkSpec(preset, 96, probability, THREE_POINTS)
    network = spec.build()
    for head in (network.heads.heatmap, network.heads.center, network.heads.reg, network.heads.offset):
        *_, last = head.modules()
        torch.nn.init.normal_(last.weight, std=0.5)
    save_network(tmp_path / "random.ckpt", network, spec)
    assert export(tmp_path / "random.ckpt", tmp_path / "model", picture) == 0


def test_onnx_is_static_and_lean(tiny_model: Path) -> None:
    session = onnxruntime.InferenceSession(tiny_model / ONNX_FILE)
    assert [tensor.shape for tensor in session.get_inputs()] == [[1, 3, 64, 64]]
    assert tuple(tensor.name for tensor in session.get_outputs()) == HEAD_NAMES
    operations = {node.op_type for node in onnx.load(tiny_model / ONNX_FILE).graph.node}
    assert not operations & {"BatchNormalization", "Identity", "Cast", "Shape", "Gather", "Constant", "Dropout"}


def test_onnx_names_no_folder_of_this_machine(tiny_model: Path) -> None:
    content = (tiny_model / ONNX_FILE).read_bytes()
    assert str(Path(command.__file__).parents[1]).encode() not in content


def test_metrics_are_kept_without_paths_of_this_machine(
    tiny_checkpoint: Path, output: Path, picture: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"AP": 0.5, "weights": "/home/me/run/best.ckpt", "annotations": "/home/me/val.json"}))
    options = ("--formats", "ncnn", "--metrics", f"val={figures}", "--metrics", figures)
    assert export(tiny_checkpoint, output, picture, *options) == 0
    assert ModelMetadata.load(output).metrics == {"val": {"AP": 0.5}, "AP": 0.5}


def test_new_export_replaces_the_old_one(tiny_checkpoint: Path, output: Path, picture: Path) -> None:
    output.mkdir(parents=True)
    (output / ONNX_FILE).write_text("old")
    (output / "README.md").write_text("a model card")
    assert export(tiny_checkpoint, output, picture, "--formats", "ncnn") == 0
    assert files_in(output) == NCNN_FILES | {"README.md"}
    create_runtime(output, "ncnn")


def test_model_that_differs_is_not_written(
    tiny_checkpoint: Path,
    output: Path,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    strict = parity.Tolerance(probability=0.0, cells=0.0, points_px=0.0, moved_share=0.0)
    monkeypatch.setitem(parity.TOLERANCES, "fp32", strict)
    assert export(tiny_checkpoint, output, picture, "--formats", "ncnn") == STATUS_ERROR
    assert "the ncnn model is too far from torch" in capsys.readouterr().err
    assert not output.exists()
    assert files_in(output.parent) == set()


def test_broken_checkpoint(tmp_path: Path, output: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.ckpt"
    broken.write_bytes(b"no checkpoint")
    assert export(broken, output, picture) == STATUS_ERROR
    error = capsys.readouterr().err
    assert "broken.ckpt" in error
    assert error.count("\n") == 1
    assert not output.exists()


def test_output_that_is_a_file(
    tiny_checkpoint: Path, tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(tiny_checkpoint, picture, picture) == STATUS_ERROR
    assert "not a folder" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "[]"])
def test_wrong_metrics(
    content: str | None,
    tiny_checkpoint: Path,
    output: Path,
    picture: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = tmp_path / "figures.json"
    if content is not None:
        figures.write_text(content)
    assert export(tiny_checkpoint, output, picture, "--metrics", figures) == STATUS_ERROR
    assert "figures.json" in capsys.readouterr().err


def test_unknown_format(tiny_checkpoint: Path, output: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        export(tiny_checkpoint, output, picture, "--formats", "onnx,tflite")
    assert "known: onnx, ncnn" in capsys.readouterr().err
