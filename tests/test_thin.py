"""`movenet thin`: the export has fewer channels after it, and a mistake is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from export.silent_channels import drop_silent_channels
from movenet.cli import main
from movenet.models import NetworkSpec, load_network, save_network
from movenet.models.fold import fold_batch_norms
from movenet.models.notice import notice_path
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    spec = NetworkSpec("blazepose_lite", 64, "sigmoid", COCO17)
    path = tmp_path / "whole.ckpt"
    save_network(path, spec.build().eval(), spec)
    notice_path(path).write_text("whose backbone it is", encoding="utf-8")
    return path


def exported_parameters(checkpoint: Path) -> int:
    network, _ = load_network(checkpoint)
    return sum(p.numel() for p in drop_silent_channels(fold_batch_norms(network)).parameters())


def test_the_export_of_a_thinned_network_is_smaller(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations, images = write_set(tmp_path, coco_content(num_pictures=5))
    options = ["--annotations", str(annotations), "--images", str(images), "--persons", "3"]
    output = tmp_path / "thin.ckpt"
    assert main(["thin", str(checkpoint), *options, "--share", "0.3", "--output", str(output)]) == 0
    assert "of 3992 hidden channels are silent, by what 3 persons show" in capsys.readouterr().out
    assert exported_parameters(output) < 0.9 * exported_parameters(checkpoint)
    assert notice_path(output).read_text(encoding="utf-8") == "whose backbone it is"


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"--share": "1"}, "below 1"), ({"--persons": "0"}, "at least 1"), ({"--annotations": "no.json"}, "no.json")],
)
def test_a_mistake_is_said_in_one_line(
    changed: dict[str, str], said: str, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations, images = write_set(tmp_path, coco_content(num_pictures=1))
    options = {"--annotations": str(annotations), "--images": str(images), "--output": str(tmp_path / "thin.ckpt")}
    arguments = [word for option in (options | changed).items() for word in option]
    assert main(["thin", str(checkpoint), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "thin.ckpt").exists()
