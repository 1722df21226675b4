"""The loader's benchmark measures what the loader does: a stage that it no longer finds would count as another."""

from __future__ import annotations

from pathlib import Path

from benchmarks.loader import compare
from movenet.data.coco import read_coco
from movenet.data.labels import LabelRules
from movenet.data.sets import Entry, SetConfig
from movenet.skeleton import COCO17
from movenet.training.config import DataConfig, RunConfig
from tests.data.small_sets import coco_content, write_set


def test_every_way_spends_time_in_each_of_its_stages(tmp_path: Path) -> None:
    annotations, images = write_set(tmp_path, coco_content())
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(annotations, images, COCO17)]
    source = SetConfig(str(annotations), str(images))
    clocks = compare(entries, RunConfig("", DataConfig([source], source)), size=64, passes=1)
    assert len(clocks) == 7
    for way, clock in clocks.items():
        spent = {stage for stage, spent_ms in clock.spent_ms.items() if spent_ms > 0}
        expected = {"crop", "augment", "encode", "collate"}
        expected |= set() if way.startswith("predecessor") else {"labels"}
        expected |= set() if "cached" in way or "on_device" in way else {"decode"}
        assert spent == expected, way
