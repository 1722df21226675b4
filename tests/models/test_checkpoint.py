"""Checkpoints: there and back, and every broken file a clear error."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from movenet.errors import ModelError
from movenet.models import NetworkSpec, load_network, save_network
from movenet.models.checkpoint import SPEC_KEY
from movenet.skeleton import COCO17

SPEC = NetworkSpec("shufflenet_v2_x0_5", 64, "cheap_sigmoid", COCO17)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "network.ckpt"
    save_network(path, SPEC.build(), SPEC)
    return path


def test_saved_network_answers_the_same(tmp_path: Path) -> None:
    network = SPEC.build().eval()
    save_network(tmp_path / "network.ckpt", network, SPEC)
    loaded, spec = load_network(tmp_path / "network.ckpt")
    assert spec == SPEC
    assert not loaded.training
    picture = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(network(picture), loaded(picture), strict=True))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.ckpt"):
        load_network(tmp_path / "nothing.ckpt")


@pytest.mark.parametrize("kept", [0, 10, 5000])
def test_truncated_file_is_refused(kept: int, checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:kept])
    with pytest.raises(ModelError, match="truncated"):
        load_network(checkpoint)


def test_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "foreign.ckpt")
    with pytest.raises(ModelError, match="not a checkpoint of this project"):
        load_network(tmp_path / "foreign.ckpt")


def test_weights_of_another_architecture_are_refused(checkpoint: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content[SPEC_KEY]["model"] = "lightning"
    torch.save(content, checkpoint)
    with pytest.raises(ModelError, match="do not fit the model 'lightning'"):
        load_network(checkpoint)


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("unpickled",)


def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trap.ckpt").write_bytes(pickle.dumps(Trap()))
    torch.save({"trap": Trap()}, tmp_path / "trap.zip.ckpt")
    for name in ("trap.ckpt", "trap.zip.ckpt"):
        with pytest.raises(ModelError):
            load_network(tmp_path / name)
    assert "unpickled" not in capsys.readouterr().out


def test_half_kernels_are_single_again_when_loaded(tmp_path: Path) -> None:
    spec = NetworkSpec("shufflenet_v2_x0_5", 64, "sigmoid", COCO17)
    network = spec.build()
    save_network(tmp_path / "half.ckpt", network, spec, half_kernels=True)
    loaded, _ = load_network(tmp_path / "half.ckpt")
    for ours, theirs in zip(loaded.parameters(), network.parameters(), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)
