"""Every run-time answers as torch does, and says what is wrong when it cannot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from movenet.errors import ConfigError, DataError, ModelError, RuntimeUnavailableError
from movenet.metadata import CHECKPOINT_FILE, METADATA_FILE, NCNN_BIN_FILE, NCNN_PARAM_FILE, ONNX_FILE
from movenet.runtimes import create_runtime, runtime_names

FILES = {"ncnn": NCNN_BIN_FILE, "onnx": ONNX_FILE, "torch": CHECKPOINT_FILE}


@pytest.fixture
def image() -> np.ndarray:
    """uint8 RGB [64, 64, 3]: noise, so that swapped axes or channels show."""
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


@pytest.fixture
def own_model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the model's folder that a test may break."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.mark.parametrize("name", runtime_names())
def test_heads_have_the_shapes_of_the_metadata(name: str, tiny_model: Path, image: np.ndarray) -> None:
    runtime = create_runtime(tiny_model, name)
    for head, array in runtime(image)._asdict().items():
        assert array.shape == runtime.metadata.outputs[head]
        assert array.dtype == np.float32
        assert array.flags.c_contiguous


@pytest.mark.parametrize("name", runtime_names())
@pytest.mark.parametrize("num_threads", [1, 2])
def test_agrees_with_torch(name: str, num_threads: int, tiny_model: Path, image: np.ndarray) -> None:
    expected = create_runtime(tiny_model, "torch")(image)
    found = create_runtime(tiny_model, name, num_threads)(image)
    for head in expected._fields:
        np.testing.assert_allclose(getattr(found, head), getattr(expected, head), atol=1e-3, err_msg=head)


@pytest.mark.parametrize("name", runtime_names())
def test_answers_stay_when_the_next_picture_comes(name: str, tiny_model: Path, image: np.ndarray) -> None:
    runtime = create_runtime(tiny_model, name)
    heads = runtime(image)
    before = [array.copy() for array in heads]
    runtime(255 - image)
    assert all(np.array_equal(old, new) for old, new in zip(before, heads, strict=True))


@pytest.mark.parametrize("name", runtime_names())
def test_strided_picture_is_read_right(name: str, tiny_model: Path, image: np.ndarray) -> None:
    runtime = create_runtime(tiny_model, name)
    mirrored_rows = image[:, ::-1]
    expected = runtime(np.ascontiguousarray(mirrored_rows))
    assert all(np.array_equal(a, b) for a, b in zip(runtime(mirrored_rows), expected, strict=True))


@pytest.mark.parametrize("name", runtime_names())
@pytest.mark.parametrize(
    "wrong",
    [np.zeros((64, 64), np.uint8), np.zeros((32, 64, 3), np.uint8), np.zeros((64, 64, 3), np.float32)],
    ids=["gray", "not square", "float"],
)
def test_wrong_picture(name: str, wrong: np.ndarray, tiny_model: Path) -> None:
    with pytest.raises(DataError, match=r"uint8 picture of shape \(64, 64, 3\)"):
        create_runtime(tiny_model, name)(wrong)


def test_torch_reads_a_bare_checkpoint(tiny_checkpoint: Path, tiny_model: Path, image: np.ndarray) -> None:
    bare, exported = create_runtime(tiny_checkpoint, "torch"), create_runtime(tiny_model, "torch")
    assert bare.metadata.outputs == exported.metadata.outputs
    assert all(np.array_equal(a, b) for a, b in zip(bare(image), exported(image), strict=True))


@pytest.mark.parametrize("name", ["ncnn", "onnx"])
def test_others_ask_for_a_folder(name: str, tiny_checkpoint: Path) -> None:
    with pytest.raises(ModelError, match="a file; give a folder"):
        create_runtime(tiny_checkpoint, name)


def test_unknown_runtime() -> None:
    with pytest.raises(RuntimeUnavailableError, match="'tflite'; known: ncnn, onnx, torch"):
        create_runtime("anywhere", "tflite")


@pytest.mark.parametrize("num_threads", [0, -1])
def test_threads_must_be_positive(num_threads: int, tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="threads"):
        create_runtime(tiny_model, "ncnn", num_threads)


@pytest.mark.parametrize(
    ("name", "package", "hint"),
    [
        ("onnx", "onnxruntime", r'pip install "movenet-edge\[onnx\]"'),
        ("torch", "torch", r'pip install "movenet-edge\[train\]"'),
        ("ncnn", "ncnn", "pip install ncnn"),
    ],
)
def test_missing_package_is_named(name: str, package: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"movenet.runtimes.{name}_runtime", raising=False)
    with pytest.raises(RuntimeUnavailableError, match=hint):
        create_runtime("anywhere", name)


@pytest.mark.parametrize("name", runtime_names())
def test_missing_metadata(name: str, own_model: Path) -> None:
    (own_model / METADATA_FILE).unlink()
    with pytest.raises(ModelError, match=r"metadata\.json"):
        create_runtime(own_model, name)


@pytest.mark.parametrize("name", runtime_names())
def test_truncated_model(name: str, own_model: Path) -> None:
    path = own_model / FILES[name]
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="bytes"):
        create_runtime(own_model, name)


@pytest.mark.parametrize("name", runtime_names())
def test_changed_model(name: str, own_model: Path) -> None:
    path = own_model / FILES[name]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256"):
        create_runtime(own_model, name)


def test_runtime_needs_only_its_own_files(own_model: Path, image: np.ndarray) -> None:
    for name in (ONNX_FILE, CHECKPOINT_FILE):
        (own_model / name).unlink()
    create_runtime(own_model, "ncnn")(image)


def test_ncnn_outputs_are_found_by_the_metadata(tiny_model: Path) -> None:
    parameters = (tiny_model / NCNN_PARAM_FILE).read_text()
    assert all(f" out{index} " in parameters for index in range(4))


@pytest.mark.parametrize("name", ["ncnn", "onnx"])
def test_inference_never_imports_torch(name: str, tiny_model: Path) -> None:
    program = (
        "import sys, numpy, movenet\n"
        f"estimate = movenet.PoseEstimator({str(tiny_model)!r}, runtime={name!r})\n"
        "estimate(numpy.zeros((48, 80, 3), numpy.uint8))\n"
        "import movenet.cli, movenet.commands.demo\n"
        "assert not {'torch', 'lightning', 'onnx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
