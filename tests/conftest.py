"""Fixtures that several tests share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from torch import nn

from export.command import build_model
from movenet.models import NetworkSpec, load_network, save_network
from movenet.skeleton import COCO17

DATA_ROOT_VARIABLE = "MOVENET_TEST_DATA"

# A busy machine is no failure.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with the real photographs (`coco`, `lspet`, `mpii`), where the machine has them."""
    folder = os.environ.get(DATA_ROOT_VARIABLE)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"{DATA_ROOT_VARIABLE} does not name a folder with the real photographs")
    return Path(folder)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a small network with random weights whose maps are lively, for an input of 64 pixels."""
    torch.manual_seed(1)
    spec = NetworkSpec("shufflenet_v2_x0_5", 64, "sigmoid", COCO17)
    network = spec.build()
    for head in (network.heads.heatmap, network.heads.center, network.heads.reg, network.heads.offset):
        nn.init.normal_(head[-1].weight, std=2.0)
        nn.init.zeros_(head[-1].bias)
    path = tmp_path_factory.mktemp("checkpoint") / "tiny.ckpt"
    save_network(path, _with_batch_statistics(network), spec)
    return path


@pytest.fixture(scope="session")
def tiny_model(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the export makes of `tiny_checkpoint`, with every format. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("tiny_model")
    network, spec = load_network(tiny_checkpoint)
    build_model(network, spec, folder, ["onnx", "ncnn"], half_weights=False)
    return folder


@pytest.fixture
def frame() -> np.ndarray:
    """A frame of noise, uint8 BGR [48, 80, 3]."""
    return np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)


def _with_batch_statistics(network: nn.Module) -> nn.Module:
    """Batch norms that have seen data: what a trained network's folding has to get right."""
    network.train()
    with torch.no_grad():
        for _ in range(20):
            network(255 * torch.rand(4, 3, 64, 64))
    return network.eval()
