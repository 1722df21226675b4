"""The law of the targets: what is encoded without noise is decoded to the same place."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.plain_targets import encode_sample
from movenet.data.targets import TargetConfig, Targets, encode_targets, nearest_cells, person_centers
from movenet.decoding import decode

KernelName = Literal["exponential", "gaussian"]
kernels = pytest.mark.parametrize("kernel", ["exponential", "gaussian"])
GRID = 24


def encode_one(points_unit: np.ndarray, labelled: np.ndarray, size_unit: float = 0.5, **config: Any) -> Targets:
    """Targets of one crop with persons [P, K, 2]."""
    persons, keypoints = labelled.shape
    return encode_targets(
        torch.tensor(points_unit, dtype=torch.float32)[None],
        torch.tensor(labelled)[None],
        torch.full((1, persons), size_unit),
        torch.zeros(1, keypoints, dtype=torch.bool),
        GRID,
        TargetConfig(**config),
    )


def decoded_error_cells(targets: Targets, points_unit: np.ndarray, labelled: np.ndarray) -> float:
    """Largest distance of a decoded labelled point from where it was, in cells."""
    maps = (targets.heatmap, targets.center, targets.reg, targets.offset)
    decoded = decode(*(one[0].numpy() for one in maps), backend="numpy")
    distance = np.linalg.norm(decoded[:, :2] - points_unit, axis=1) * GRID
    return float(distance[labelled].max())


@st.composite
def crops(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Persons [P, K, 2] in 0..1 and which of their points are labelled; each has at least one."""
    persons, keypoints = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # A part of the crop, or all of it: persons of many sizes, some touching a border.
    middle, reach = rng.uniform(0, 1, (persons, 1, 2)), draw(st.sampled_from([0.05, 0.3, 1.0]))
    points = np.clip(middle + rng.uniform(-reach, reach, (persons, keypoints, 2)), 0, 0.9999)
    labelled = rng.random((persons, keypoints)) < 0.8
    labelled[:, 0] = True
    return points.astype(np.float32), labelled


def first_person_is_nearest(points_unit: np.ndarray, labelled: np.ndarray) -> bool:
    """Whether the decode rule has a reason to find person 0, without a tie."""
    points = torch.tensor(points_unit)[None] * GRID
    centers, _ = person_centers(points, torch.tensor(labelled)[None], "box")
    distance = (nearest_cells(centers, GRID)[0] - GRID / 2).norm(dim=1)
    return bool((distance[1:] > distance[0] + 1e-4).all())


@kernels
@settings(max_examples=300)
@given(crop=crops())
def test_encode_then_decode_gives_back_every_labelled_point(
    kernel: KernelName, crop: tuple[np.ndarray, np.ndarray]
) -> None:
    points, labelled = crop
    assume(first_person_is_nearest(points, labelled))
    targets = encode_one(points, labelled, kernel=kernel)
    assert decoded_error_cells(targets, points[0], labelled[0]) < 0.01


@kernels
@settings(max_examples=200)
@given(data=st.data())
def test_a_batch_is_drawn_as_its_samples_one_by_one(kernel: KernelName, data: st.DataObject) -> None:
    """Against a plain NumPy encoder, for batches of crops with and without neighbours, some with no point at all."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    points = rng.uniform(0, 0.9999, (*shape, 2)).astype(np.float32)
    labelled = rng.random(shape) < data.draw(st.sampled_from([0.1, 0.5, 1.0]))
    size = rng.uniform(0.1, 1.5, shape[:2]).astype(np.float32)
    ignored = ~labelled[:, 0] & (rng.random(labelled[:, 0].shape) < 0.5)
    config = TargetConfig(
        kernel=kernel,
        radius_share=0.05,
        center=data.draw(st.sampled_from(["box", "mean"])),
        reg_radius_cells=data.draw(st.sampled_from([0.0, 2.5])),
        offset_radius_cells=data.draw(st.sampled_from([0.0, 1.5])),
    )
    known = points, labelled, size, ignored
    batch = encode_targets(*(torch.tensor(values) for values in known), GRID, config)
    for number in range(shape[0]):
        alone = encode_sample(*(values[number] for values in known), GRID, config)
        for name, expected in alone.items():
            np.testing.assert_allclose(getattr(batch, name)[number], expected, atol=1e-5, err_msg=name)


@kernels
@pytest.mark.parametrize("corner", [(0.0, 0.0), (0.9999, 0.0), (0.0, 0.9999), (0.9999, 0.9999)])
def test_points_on_each_border_come_back(kernel: KernelName, corner: tuple[float, float]) -> None:
    points = np.array([[corner, (0.5, 0.5), (corner[0], 0.4), (0.6, corner[1])]], np.float32)
    labelled = np.ones((1, 4), bool)
    assert decoded_error_cells(encode_one(points, labelled, kernel=kernel), points[0], labelled[0]) < 0.01


@pytest.mark.parametrize("radius", [0.0, 1.0, 3.0])
def test_offset_is_taught_within_its_radius_and_is_exact_there(radius: float) -> None:
    points = np.array([[[0.40, 0.61]]], np.float32)
    targets = encode_one(points, np.ones((1, 1), bool), offset_radius_cells=radius)
    taught = targets.offset_mask[0, 0].nonzero().numpy()
    cell = np.floor(points[0, 0, ::-1] * GRID + 0.5)
    assert np.linalg.norm(taught - cell, axis=1).max() <= radius
    for y, x in taught:
        place = np.array([x, y]) + targets.offset[0, :, y, x].numpy()
        np.testing.assert_allclose(place / GRID, points[0, 0], atol=1e-5)


def test_reg_points_at_the_first_persons_keypoints_from_every_cell_around_its_center() -> None:
    points = np.array([[[0.3, 0.3], [0.6, 0.7]], [[0.8, 0.2], [0.9, 0.4]]], np.float32)
    targets = encode_one(points, np.ones((2, 2), bool), reg_radius_cells=2.0)
    taught = targets.reg_mask[0, 0].nonzero().numpy()
    assert len(taught) == 13  # the cells of a disc of radius 2
    for y, x in taught:
        vectors = targets.reg[0, :, y, x].numpy().reshape(-1, 2)
        np.testing.assert_allclose((vectors + np.array([x, y])) / GRID, points[0], atol=1e-5)


def test_neighbours_are_in_heatmap_and_center_but_not_in_reg() -> None:
    main, neighbour = [[0.3, 0.3], [0.4, 0.5]], [[0.8, 0.8], [0.9, 0.9]]
    both = encode_one(np.array([main, neighbour], np.float32), np.ones((2, 2), bool))
    alone = encode_one(np.array([main], np.float32), np.ones((1, 2), bool))
    assert both.heatmap[0, 0].eq(1).sum() == 2
    assert both.center[0, 0].eq(1).sum() == 2
    assert torch.equal(both.reg, alone.reg)


def test_unlabelled_points_leave_no_trace() -> None:
    points = np.array([[[0.3, 0.3], [0.7, 0.7]]], np.float32)
    targets = encode_one(points, np.array([[True, False]]))
    assert not targets.heatmap[0, 1].any()
    assert not targets.reg_mask[0, 2:].any()
    assert not targets.offset_mask[0, 2:].any()


def test_ignored_keypoints_are_masked_in_the_heatmap() -> None:
    ignored = torch.tensor([[False, True]])
    points, labelled = torch.full((1, 1, 2, 2), 0.5), torch.tensor([[[True, False]]])
    targets = encode_targets(points, labelled, torch.ones(1, 1), ignored, GRID, TargetConfig())
    assert targets.heatmap_mask[0, :, 0, 0].tolist() == [1.0, 0.0]


def test_the_first_persons_points_are_kept_as_they_are() -> None:
    points = np.array([[[0.31, 0.3], [0.6, 0.72]], [[0.8, 0.2], [0.9, 0.4]]], np.float32)
    targets = encode_one(points, np.ones((2, 2), bool), 0.5)
    np.testing.assert_allclose(targets.points_cells[0], GRID * points[0], rtol=1e-6)
    assert targets.points_known.tolist() == [[True, True]]
    assert targets.size_cells.tolist() == [0.5 * GRID]
    center = np.floor(GRID * points[0].mean(axis=0) + 0.5)
    assert targets.center_cells[0].tolist() == center.tolist()


def test_points_of_a_person_without_a_known_center_are_not_known() -> None:
    points, labelled = torch.full((2, 1, 2, 2), 0.5), torch.ones(2, 1, 2, dtype=torch.bool)
    ignored, center_known = torch.zeros(2, 2, dtype=torch.bool), torch.tensor([True, False])
    targets = encode_targets(points, labelled, torch.ones(2, 1), ignored, GRID, TargetConfig(), center_known)
    assert targets.points_known.tolist() == [[True, True], [False, False]]


def test_nobody_is_there_where_nobody_is_labelled_and_everything_is_known() -> None:
    points, labelled = torch.full((4, 2, 2, 2), 0.75), torch.zeros(4, 2, 2, dtype=torch.bool)
    labelled[1, 0, 0] = labelled[2, 1, 1] = True  # the person of the crop, a neighbour
    ignored = torch.zeros(4, 2, dtype=torch.bool)
    ignored[3, 0] = True
    targets = encode_targets(points, labelled, torch.ones(4, 2), ignored, GRID, TargetConfig())
    assert targets.nobody.tolist() == [True, False, False, False]
    # Their reg is read where the decode rule looks for somebody when no cell says more than another.
    middle = [GRID // 2, GRID // 2]
    assert targets.center_cells[[0, 2, 3]].tolist() == [middle] * 3


def test_larger_persons_have_wider_peaks() -> None:
    points, labelled = np.array([[[0.5, 0.5]]], np.float32), np.ones((1, 1), bool)
    config = {"radius_share": 0.1, "radius_min_cells": 0.5, "radius_max_cells": 9.0}
    small, large = (encode_one(points, labelled, size, **config).heatmap.sum() for size in (0.3, 0.9))
    assert large > 2 * small


def test_mean_center_follows_the_crowd_of_points() -> None:
    points = torch.tensor([[[[0.0, 0.0], [0.0, 0.0], [0.9, 0.9]]]])
    labelled = torch.ones(1, 1, 3, dtype=torch.bool)
    assert person_centers(points, labelled, "mean")[0][0, 0].tolist() == pytest.approx([0.3, 0.3])
    assert person_centers(points, labelled, "box")[0][0, 0].tolist() == pytest.approx([0.45, 0.45])
