"""The decode rule, worked by hand; every implementation keeps it."""

import numpy as np

from movenet.decoding import decode

from .maps import empty_maps


def test_the_rule_worked_by_hand(backend):
    maps = empty_maps(keypoints=2, grid=8)
    maps.center[0, 5, 3] = 0.9  # the person: cell x = 3, y = 5
    maps.reg[:, 5, 3] = -2.5, -1, 3, 1  # keypoint 0 about (0.5, 4), keypoint 1 about (6, 6)
    maps.heatmap[0, 4, 1] = 0.8  # 0.8 / (0.5 + 1.8) = 0.348
    maps.heatmap[0, 0, 7] = 0.9  # 0.9 / (sqrt(6.5^2 + 4^2) + 1.8) = 0.095
    maps.offset[:2, 4, 1] = 0.25, -0.5
    maps.heatmap[1, 7, 6] = 0.3
    points = decode(*maps, backend=backend)
    np.testing.assert_array_equal(points, np.array([[1.25 / 8, 3.5 / 8, 0.8], [6 / 8, 7 / 8, 0.3]], np.float32))


def test_default_backend_is_the_compiled_one():
    maps = empty_maps(keypoints=1, grid=4)
    np.testing.assert_array_equal(decode(*maps), decode(*maps, backend="cpp"))


def test_the_person_in_the_middle_wins_over_a_likelier_one_at_the_border(backend):
    maps = empty_maps(keypoints=1, grid=8)
    maps.center[0, 4, 4] = 0.5  # 0.5 / 1.8
    maps.center[0, 0, 0] = 1.0  # 1 / (sqrt(32) + 1.8)
    maps.reg[:, 4, 4] = 1, 2
    maps.reg[:, 0, 0] = 0, 0
    maps.heatmap[0] = 0.1
    assert decode(*maps, backend=backend)[0, :2].tolist() == [5 / 8, 6 / 8]


def test_the_grids_middle_lies_between_the_cells_of_an_odd_grid(backend):
    # G / 2 = 2.5: cells 2 and 3 are equally far from it, and the first one wins.
    maps = empty_maps(keypoints=1, grid=5)
    maps.center[:] = 1
    maps.heatmap[:] = 1
    assert decode(*maps, backend=backend)[0, :2].tolist() == [np.float32(2 / 5)] * 2


def test_regressed_point_is_neither_rounded_nor_clamped(backend):
    maps = empty_maps(keypoints=2, grid=8)
    maps.center[0, 4, 4] = 1
    # 3.4 is nearer to 3 than to 4, whatever rounding would make of 3.6.
    maps.reg[:2, 4, 4] = -0.4, 0
    maps.heatmap[0, 4, [3, 4]] = 0.5
    # (0, -20) is nearer to (0, 0) than to (3, 0) by 0.22 cells; clamped to (0, 0) it would be by 3.
    maps.reg[2:, 4, 4] = -4, -24
    maps.heatmap[1, 0, [0, 3]] = 0.5, 0.51
    points = decode(*maps, backend=backend)
    assert points[:, 0].tolist() == [4 / 8, 3 / 8]


def test_of_equal_cells_the_first_in_row_major_order_wins(backend):
    maps = empty_maps(keypoints=1, grid=9)
    maps.center[0, 4, 4] = 1
    maps.heatmap[0, [2, 4, 4, 6], [4, 2, 6, 4]] = 0.7
    assert decode(*maps, backend=backend)[0, :2].tolist() == [np.float32(4 / 9), np.float32(2 / 9)]


def test_all_zero_maps_give_the_first_cell(backend):
    assert decode(*empty_maps(keypoints=3, grid=6), backend=backend).tolist() == [[0, 0, 0]] * 3


def test_values_above_one_and_below_zero_are_compared_as_they_are(backend):
    maps = empty_maps(keypoints=2, grid=16)
    maps.center[0, 8, 8] = 1
    maps.heatmap[0, 8, 8] = 1  # 1 / 1.8
    maps.heatmap[0, 0, 0] = 50  # 50 / (sqrt(128) + 1.8)
    maps.heatmap[1] = -1  # the farthest cell is the least negative
    points = decode(*maps, backend=backend)
    assert points.tolist() == [[0, 0, 50], [0, 0, -1]]


def test_the_result_may_lie_outside_the_square(backend):
    maps = empty_maps(keypoints=1, grid=4)
    maps.heatmap[0, 0, 3] = 1
    maps.offset[:, 0, 3] = 2, -1
    assert decode(*maps, backend=backend)[0, :2].tolist() == [5 / 4, -1 / 4]


def test_cells_that_are_not_finite_are_never_selected(backend):
    maps = empty_maps(keypoints=1, grid=8)
    maps.center[0, 4, 3:6] = np.inf, 0.5, np.nan
    maps.reg[:, 4, 4] = -3, -3
    maps.heatmap[0, 1, 1:4] = np.nan, 0.1, np.inf
    maps.heatmap[0, 0] = -np.inf
    assert decode(*maps, backend=backend).tolist() == [[2 / 8, 1 / 8, np.float32(0.1)]]


def test_without_a_finite_center_cell_the_middle_cell_is_the_center(backend):
    maps = empty_maps(keypoints=1, grid=5)
    maps.center[:] = np.nan
    maps.reg[:, 2, 2] = -2, 1
    maps.heatmap[:] = 1
    assert decode(*maps, backend=backend)[0, :2].tolist() == [0, np.float32(3 / 5)]


def test_reg_and_offset_that_are_not_finite_are_read_as_zero(backend):
    maps = empty_maps(keypoints=1, grid=8)
    maps.center[0, 4, 4] = 1
    maps.reg[:, 4, 4] = np.nan, -3
    maps.heatmap[:] = 1
    maps.offset[:, 1, 4] = 0.5, -np.inf
    assert decode(*maps, backend=backend).tolist() == [[4.5 / 8, 1 / 8, 1]]


def test_a_heatmap_without_a_finite_cell_gives_the_regressed_point_with_score_0(backend):
    maps = empty_maps(keypoints=2, grid=8)
    maps.center[0, 4, 4] = 1
    maps.reg[:2, 4, 4] = 0.5, -6
    maps.heatmap[0] = np.nan
    maps.heatmap[1, 4, 4] = 0.5
    assert decode(*maps, backend=backend).tolist() == [[4.5 / 8, -2 / 8, 0], [4 / 8, 4 / 8, 0.5]]


def test_a_point_too_far_away_to_measure_makes_all_cells_equal(backend):
    maps = empty_maps(keypoints=1, grid=8)
    maps.center[0, 4, 4] = 1
    maps.reg[:, 4, 4] = 3e38, -3e38
    maps.heatmap[0] = 0.5
    assert decode(*maps, backend=backend).tolist() == [[0, 0, 0.5]]


def test_a_probability_above_one_is_read_as_one(backend):
    maps = empty_maps(keypoints=1, grid=16)
    maps.center[0, 8, 8] = 1
    maps.heatmap[0, 8, [8, 9]] = 0.9, 50  # 0.9 / 1.8, 1 / 2.8
    maps.heatmap[0, 0, 0] = 50
    points = decode(*maps, backend=backend, values="probabilities")
    assert points.tolist() == [[8 / 16, 8 / 16, np.float32(0.9)]]


def test_logits_are_compared_and_reported_as_probabilities(backend):
    maps = empty_maps(keypoints=1, grid=8)
    maps.center[:], maps.heatmap[:] = -9, -9
    maps.center[0, 4, 4] = 0
    maps.heatmap[0, 4, [4, 5]] = 0, 1  # 0.5 / 1.8, 0.73 / 2.8
    assert decode(*maps, backend=backend, values="logits").tolist() == [[4 / 8, 4 / 8, 0.5]]
