"""The parity check sees what differs, and only that."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from export.parity import TOLERANCES, Tolerance, compare, load_pictures
from movenet.errors import DataError, SourceError
from movenet.metadata import ModelMetadata, head_shapes
from movenet.runtimes import HeadArrays
from movenet.skeleton import COCO17

GRID_SIZE = 16
INPUT_SIZE = 64
TOLERANCE = Tolerance(probability=0.01, cells=0.1, points_px=1.0, moved_share=0.0, min_score=0.1)
PICTURES = [np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8)]


class FixedHeads:
    """A run-time that answers with one peak a keypoint, whatever the picture."""

    def __init__(self, score: float = 0.9, error: str = "", amount: float = 0.0) -> None:
        shapes = head_shapes(COCO17.num_keypoints, GRID_SIZE)
        self.metadata = ModelMetadata("fake", COCO17, INPUT_SIZE, "sigmoid", shapes)
        self._heads = HeadArrays(*(np.zeros(shape, np.float32) for shape in shapes.values()))
        self._heads.center[0, 8, 8] = 1
        self._heads.heatmap[:, 8, 8] = score
        if error:
            getattr(self._heads, error)[0] += np.float32(amount)

    def __call__(self, image: np.ndarray) -> HeadArrays:
        return self._heads


def test_equal_models_agree() -> None:
    parity = compare(FixedHeads(), FixedHeads(), PICTURES, TOLERANCE)
    assert (parity.heatmap, parity.center, parity.reg, parity.offset, parity.points_px) == (0, 0, 0, 0, 0)
    assert (parity.num_points, parity.num_pictures) == (COCO17.num_keypoints, 1)
    assert parity.violations(TOLERANCE) == []


@pytest.mark.parametrize("head", ["heatmap", "center", "reg", "offset"])
def test_each_head_is_compared(head: str) -> None:
    parity = compare(FixedHeads(), FixedHeads(error=head, amount=0.2), PICTURES, TOLERANCE)
    assert getattr(parity, head) == pytest.approx(0.2)
    assert [violation.split()[0] for violation in parity.violations(TOLERANCE)] == [head]


def test_moved_point_is_measured_in_input_pixels() -> None:
    parity = compare(FixedHeads(), FixedHeads(error="offset", amount=0.5), PICTURES, TOLERANCE)
    # Half a cell of one coordinate, 4 pixels a cell.
    assert parity.points_px == pytest.approx(2.0)
    assert parity.moved_share == pytest.approx(1 / COCO17.num_keypoints)


def test_one_tie_is_allowed_among_few_points_where_any_is() -> None:
    parity = compare(FixedHeads(), FixedHeads(error="offset", amount=0.5), PICTURES, TOLERANCE)
    cells = 1.0  # what offset itself differs by is not asked here
    assert parity.violations(replace(TOLERANCE, cells=cells, moved_share=0.001)) == []
    assert len(parity.violations(replace(TOLERANCE, cells=cells))) == 1
    two = replace(parity, moved_share=2 / parity.num_points)
    assert len(two.violations(replace(TOLERANCE, cells=cells, moved_share=0.001))) == 1


def test_points_in_noise_are_not_compared() -> None:
    parity = compare(FixedHeads(0.05), FixedHeads(0.05, "offset", 0.5), PICTURES, TOLERANCE)
    assert (parity.num_points, parity.points_px, parity.moved_share) == (0, 0, 0)


def test_half_precision_compares_vectors_where_they_are_read() -> None:
    tolerance = TOLERANCES["fp16"]
    for head in ("reg", "offset"):
        candidate = FixedHeads()
        getattr(candidate(PICTURES[0]), head)[:, 3, 3] = 5.0
        parity = compare(FixedHeads(), candidate, PICTURES, tolerance)
        assert getattr(parity, head) == 0
        assert getattr(compare(FixedHeads(), candidate, PICTURES, TOLERANCE), head) == 5.0
        assert getattr(compare(FixedHeads(), FixedHeads(error=head, amount=0.2), PICTURES, tolerance), head) > 0.19


def test_nan_is_above_every_tolerance() -> None:
    parity = compare(FixedHeads(), FixedHeads(error="reg", amount=np.nan), PICTURES, TOLERANCE)
    assert any(violation.startswith("reg") for violation in parity.violations(TOLERANCE))


def test_half_precision_is_allowed_more() -> None:
    single, half = TOLERANCES["fp32"], TOLERANCES["fp16"]
    assert half.probability > single.probability
    assert half.cells > single.cells


def test_pictures_are_letterboxed(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wide.png"), np.full((10, 40, 3), (255, 0, 0), np.uint8))
    (picture,) = load_pictures([str(tmp_path)], INPUT_SIZE)
    assert picture.shape == (INPUT_SIZE, INPUT_SIZE, 3)
    assert tuple(picture[0, 0]) == (0, 0, 0)
    assert tuple(picture[32, 32]) == (0, 0, 255)


def test_missing_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="no pictures"):
        load_pictures([str(tmp_path)], INPUT_SIZE)
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(DataError, match="--images"):
        load_pictures([], INPUT_SIZE)
