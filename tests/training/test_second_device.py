"""Whatever a run computes, it computes on its device: what that takes on a GPU shows on a device made of the CPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from torch.utils import backend_registration

from movenet.models import NetworkSpec, save_network
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set
from tests.training.test_run import arguments

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"),
        reason="this release of torch knows no devices written in Python",
    ),
]


def run_on_second_device(tmp_path: Path, **overrides: Any) -> subprocess.CompletedProcess[str]:
    """In a process of its own, since torch keeps a device for good."""
    write_set(tmp_path, coco_content(num_pictures=8))
    run = arguments(tmp_path, tmp_path / "run", **overrides)
    return subprocess.run([sys.executable, "-m", "tests.training.second_device", *run], capture_output=True, text=True)


def test_crops_teachers_and_losses_are_on_the_device(tmp_path: Path) -> None:
    teacher = NetworkSpec("shufflenet_v2_x0_5", 64, "sigmoid", COCO17)
    save_network(tmp_path / "teacher.ckpt", teacher.build(), teacher)
    every_change = {
        f"augmentation.{kind}_probability": 0.9
        for kind in ("colour", "degrade", "blur", "jpeg", "drop", "half_body", "any_rotation")
    }
    overrides = {
        "data.cache": tmp_path / "cache",
        "data.on_device": "true",
        "distil.teachers": json.dumps([str(tmp_path / "teacher.ckpt")]),
        "distil.view_size": 96,
        "distil.mirror": "true",
        "distil.features": 1.0,
    }
    finished = run_on_second_device(tmp_path, **overrides, **every_change)
    assert finished.returncode == 0, finished.stderr
    assert "crops are made on second:0" in finished.stderr
    assert (tmp_path / "run" / "best.ckpt").is_file()


def test_pseudo_labels_and_dev_figures_are_on_the_device(tmp_path: Path) -> None:
    annotated = {"annotations": "annotations.json", "images": "images"}
    overrides = {
        "data.train": json.dumps([annotated, annotated | {"unlabelled": True}]),
        "data.watched.annotations": "annotations.json",
        "data.watched.images": "images",
    }
    finished = run_on_second_device(tmp_path, **overrides)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "run" / "best.ckpt").is_file()


def test_what_is_left_on_the_cpu_is_found(tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    forgetful = (
        "import torch; from tests.training.second_device import bring_up; libraries = bring_up(); "
        "torch.zeros(3, device='second') + torch.zeros(3)"
    )
    finished = subprocess.run([sys.executable, "-c", forgetful], capture_output=True, text=True)
    assert "add was given tensors of two devices: (3,) on second:0, (3,) on cpu" in finished.stderr
