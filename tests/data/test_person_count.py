"""Persons are counted by the peaks of most heatmaps; on photographs, more than one is seldom overlooked."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.data.coco import read_coco
from movenet.data.person_count import DEFAULT_PERSON_SCORE, count_persons
from movenet.data.pictures import read_annotated
from movenet.geometry import extract_square, letterbox_square
from movenet.runtimes import create_runtime
from movenet.skeleton import COCO17

GRID = 40
LOW = 0.99 * DEFAULT_PERSON_SCORE
WEIGHTS = Path(__file__).parents[2] / "weights" / "default"


def with_peaks(places: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """float32 [G, G]: a Gaussian peak in each of the [N, 2] cells."""
    ys, xs = np.mgrid[:GRID, :GRID]
    peaks = [h * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / 2) for (x, y), h in zip(places, heights, strict=True)]
    return np.maximum.reduce([np.zeros((GRID, GRID)), *peaks]).astype(np.float32)


@given(seed=st.integers(0, 10**6), persons=st.integers(0, 5), missing=st.integers(0, 3))
def test_as_many_as_most_heatmaps_have_peaks(seed: int, persons: int, missing: int) -> None:
    """A few joints that nobody shows, and low peaks here and there, change nothing."""
    rng = np.random.default_rng(seed)
    heatmap = []
    for keypoint in range(9):
        # A lattice: no two peaks are within each other's reach.
        cells = 4 + 8 * np.column_stack(np.divmod(rng.permutation(25)[: persons + 2], 5))
        heights = np.concatenate([rng.uniform(0.3, 0.9, persons), rng.uniform(0, LOW, 2)])
        heatmap.append(with_peaks(cells, np.minimum(heights, LOW) if keypoint < missing else heights))
    assert count_persons(np.array(heatmap), DEFAULT_PERSON_SCORE) == persons


def test_a_joint_taken_for_another_is_no_person() -> None:
    heatmap = [with_peaks(np.array([[10, 10], [30, 12]]), np.array([0.8, 0.6 * (k < 3)])) for k in range(8)]
    assert count_persons(np.array(heatmap), DEFAULT_PERSON_SCORE) == 1


def test_a_flat_top_is_one_peak() -> None:
    heatmap = np.zeros((3, GRID, GRID), np.float32)
    heatmap[:, 10:14, 20:22] = 0.7
    assert count_persons(heatmap, DEFAULT_PERSON_SCORE) == 1


@pytest.mark.slow
def test_more_than_one_person_in_photographs(data_root: Path) -> None:
    """As measured by benchmarks/person_count.py, with some room."""
    runtime = create_runtime(WEIGHTS)
    said, several = [], []
    for picture in read_coco(data_root / "coco" / "val.json", data_root / "coco" / "images", COCO17):
        square = letterbox_square(picture.width_px, picture.height_px)
        crop, _ = extract_square(read_annotated(picture), square, runtime.metadata.input_size)
        heads = runtime(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))
        said.append(count_persons(heads.heatmap, DEFAULT_PERSON_SCORE) > 1)
        several.append(len(picture.persons) > 1)
    right = np.sum(np.array(said) & np.array(several))
    assert right / np.sum(several) > 0.7
    assert right / np.sum(said) > 0.7
