"""The benchmark of what more data is worth: it trains on the shares that it names, and reports what the runs wrote."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks import data_share
from movenet.models import NetworkSpec, save_network
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set

pytestmark = pytest.mark.slow


def test_a_run_a_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    write_set(data, coco_content(num_pictures=8))
    source = {"annotations": "annotations.json", "images": "images"}
    spec = NetworkSpec("shufflenet_v2_x0_5", 64, "sigmoid", COCO17)
    save_network(tmp_path / "start.ckpt", spec.build(), spec)
    recipe = {
        "output": "unused",
        "data": {"train": [source], "dev": source, "workers": 0},
        "model": {"name": spec.model, "input_size": spec.input_size},
        "optimisation": {"batch_size": 4},
        "hardware": {"accelerator": "cpu", "threads": 1},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    output = tmp_path / "output"
    paths = {"data": data, "config": tmp_path / "recipe.yaml", "start": tmp_path / "start.ckpt", "output": output}
    options = [f"--{name}={path}" for name, path in paths.items()] + ["--samples=8", "--epochs=1"]
    monkeypatch.setattr(sys, "argv", ["data_share.py", *options, "--shares", "0.25", "1"])
    data_share.main()
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    all_persons = len(coco_content(num_pictures=8)["annotations"])
    quarter = json.loads((output / "share_0.25" / "set_0.json").read_text())
    assert len(quarter["images"]) == 2
    assert [row.split(" | ")[:2] for row in table[1:]] == [
        ["| 25%", str(len(quarter["annotations"]))],
        ["| 100%", str(all_persons)],
    ]
    # What has ended is reported again, not run again.
    checkpoint = output / "share_1" / "run" / "last.ckpt"
    written = checkpoint.stat().st_mtime_ns
    data_share.main()
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")] == table
    assert checkpoint.stat().st_mtime_ns == written
