"""When a run's crops are made on its device, and that it then learns the same."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from movenet.data.augment import AugmentationConfig
from movenet.data.cache import CropCache, open_cache
from movenet.data.coco import read_coco
from movenet.data.dataset import CropDataset
from movenet.data.labels import LabelRules
from movenet.data.regions import plan_regions
from movenet.data.sets import Entry
from movenet.errors import ConfigError
from movenet.skeleton import COCO17
from movenet.training.command import main
from movenet.training.on_device import crops_on_device
from tests.data.small_sets import coco_content, write_set
from tests.training.test_run import arguments, status_and_message

CPU = torch.device("cpu")


@pytest.fixture
def crops(tmp_path: Path) -> tuple[CropDataset, CropCache]:
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(*write_set(tmp_path, coco_content()), COCO17)]
    augmentation = AugmentationConfig()
    cache = open_cache(tmp_path / "cache", plan_regions(entries, COCO17, augmentation, [32]), 1)
    return CropDataset(entries, COCO17, 32, 2, augmentation, 0, None, cache), cache


def with_free_memory(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """A device that can tell how much of its memory is free."""
    kind = SimpleNamespace(mem_get_info=lambda _device: (free, 10 * free))
    monkeypatch.setattr(torch, "get_device_module", lambda _device: kind)


def test_by_default_a_cpus_workers_make_the_crops(
    crops: tuple[CropDataset, CropCache], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert crops_on_device("auto", *crops, CPU) is None
        assert crops_on_device("auto", crops[0], None, CPU) is None
    assert "by the loader's workers: the run is on a CPU" in caplog.text
    assert "by the loader's workers: there is no data.cache" in caplog.text


def test_pictures_that_do_not_fit_stay_where_they_are(
    crops: tuple[CropDataset, CropCache], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with_free_memory(monkeypatch, 1000)
    with caplog.at_level(logging.INFO):
        # Nothing is copied there: the device need not exist.
        assert crops_on_device("auto", *crops, torch.device("cuda")) is None
    assert "MB, more than 50% of the 0 MB free on cuda" in caplog.text
    with pytest.raises(ConfigError, match=r"on_device cannot be true: .* free on cpu"):
        crops_on_device(True, *crops, CPU)


def test_pictures_that_fit_are_copied(crops: tuple[CropDataset, CropCache], monkeypatch: pytest.MonkeyPatch) -> None:
    with_free_memory(monkeypatch, 10_000_000)
    assert crops_on_device(True, *crops, CPU) is not None
    assert crops_on_device(False, *crops, CPU) is None


def losses(output: Path) -> dict[str, float]:
    """Of the last epoch."""
    with next((output / "metrics").glob("*/metrics.csv")).open() as file:
        rows = [row for row in csv.DictReader(file) if row["train/heatmap"]]
    return {name: float(value) for name, value in rows[-1].items() if name.startswith("train/")}


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_run_learns_the_same_either_way(precision: str, tmp_path: Path) -> None:
    write_set(tmp_path, coco_content(num_pictures=8))
    found = []
    for way in ("false", "true"):
        overrides: dict[str, Any] = {
            "data.cache": tmp_path / "cache",
            "data.on_device": way,
            "data.workers": 1,
            "hardware.precision": precision,
        }
        assert main(arguments(tmp_path, tmp_path / way, **overrides)) == 0
        found.append(losses(tmp_path / way))
    # Levels of the pictures differ by rounding, here and there.
    assert found[0].keys() == found[1].keys()
    assert found[1] == pytest.approx(found[0], rel=0.01)


@pytest.mark.slow
def test_on_device_needs_a_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_set(tmp_path, coco_content())
    overrides = {"data.on_device": "true"}
    status, message = status_and_message(arguments(tmp_path, tmp_path / "run", **overrides), capsys)
    assert status == 2
    assert "on_device needs a 'cache'" in message
