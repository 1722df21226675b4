"""On the annotations of real photographs: who is evaluated, and that the truth is worth 100."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from movenet.data.coco import read_coco
from movenet.metrics import ProtocolName, compute_metrics, select_persons
from movenet.skeleton import COCO17

from .persons import with_scores


@pytest.mark.parametrize(
    ("data_set", "protocol", "single_person", "expected"),
    [
        ("coco", "cropped", True, 41),
        ("coco", "cropped", False, 241),
        ("coco", "whole", True, 41),
        ("coco", "whole", False, 82),
        ("lspet", "cropped", False, 700),
        ("mpii", "cropped", False, 250),
    ],
)
def test_the_truth_as_prediction_gives_100_for_the_known_number_of_persons(
    data_root: Path, data_set: str, protocol: ProtocolName, single_person: bool, expected: int
) -> None:
    pictures = read_coco(data_root / data_set / "val.json", data_root / data_set / "images", COCO17)
    persons = select_persons(pictures, protocol, 8, single_person)
    truth = with_scores(np.array([person.person.points_px for person in persons]))
    metrics = compute_metrics(persons, truth, COCO17)
    assert metrics.persons == expected
    oks = metrics.oks
    assert (metrics.pck_5px, metrics.pck_torso, oks.ap, oks.ap50, oks.ap75, oks.ar) == pytest.approx((100,) * 6)
