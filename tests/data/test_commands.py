"""The data commands without the training's packages, as on a board: they are there, and say what they lack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.data.small_sets import coco_content, write_set

WITHOUT_TRAINING = """
import sys
for name in ("torch", "lightning", "albumentations", "jsonargparse", "PIL"):
    sys.modules[name] = None  # importing it fails as if it were not installed
from movenet.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TRAINING, *arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)


def test_checking_and_converting_coco_need_no_torch(tmp_path: Path) -> None:
    one_set = [str(path) for path in write_set(tmp_path, coco_content())]
    finished = run("data", "check", "--set", *one_set)
    assert finished.returncode == 0, finished.stderr
    finished = run("data", "convert", *one_set, str(tmp_path / "new.json"))
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "--output", "x.png"], "movenet-edge[train]"),
        (["stats"], "movenet-edge[train]"),
        (["check", "--config", "configs/finetune.yaml"], "movenet-edge[train]"),
        (["convert", "--to", "yolo"], "movenet-edge[data]"),
    ],
)
def test_what_is_missing_is_named(arguments: list[str], said: str, tmp_path: Path) -> None:
    one_set = [str(path) for path in write_set(tmp_path, coco_content())]
    name, *options = arguments
    places = [*one_set, str(tmp_path / "new")] if name == "convert" else ["--set", *one_set]
    finished = run("data", name, *options, *([] if "--config" in options else places))
    assert finished.returncode == 2
    assert said in finished.stderr
    assert len(finished.stderr.strip().splitlines()) == 1
