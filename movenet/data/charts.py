"""Statistics as one picture: a column a population, a row a question; drawn by OpenCV."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from movenet.data.mosaic import mosaic, with_caption
from movenet.data.statistics import STATES, Population
from movenet.skeleton import Skeleton

_SIDE_PX = 280
_BINS = 40
_BAR_BGR = (200, 130, 60)
_MEDIAN_BGR = (60, 60, 220)
_TARGET_BGR = (20, 20, 20)
_STATE_BGR = ((110, 170, 70), (90, 200, 240), (150, 150, 150), (225, 225, 225))
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def population_charts(
    populations: Sequence[Population], skeleton: Skeleton, target: Population | None = None
) -> np.ndarray:
    """uint8 BGR picture; the columns of a row share their axes.

    Args:
        populations: a column each.
        skeleton: of all.
        target: one of them whose histograms are drawn over the others', as a line.
    """
    areas = [np.sqrt(population.keypoint_area) for population in populations]
    sizes = [population.size_unit for population in populations]
    target_area = None if target is None else np.sqrt(target.keypoint_area)
    target_size = None if target is None else target.size_unit
    maps = _pose_maps(populations)
    rows = [
        [with_caption(_blank(40), f"{p.name}: {len(p.labelled)} persons") for p in populations],
        [_histogram(values, target_area, 1.2, "square root of keypoint-area") for values in areas],
        [_histogram(values, target_size, 1.6, "person's longer side") for values in sizes],
        [_joint_map(population) for population in populations],
        [_state_bars(population, skeleton) for population in populations],
        [with_caption(image, "poses: two main directions of all sets") for image in maps],
    ]
    return mosaic(rows)


def _blank(height: int = _SIDE_PX) -> np.ndarray:
    return np.full((height, _SIDE_PX, 3), 255, np.uint8)


def _histogram(values: np.ndarray, target: np.ndarray | None, limit: float, title: str) -> np.ndarray:
    """Shares of the persons from 0 to `limit`; what is larger counts in the last bar. The red line is the median, the
    black one the target's histogram."""
    canvas = _blank(140)
    shares = _bin_shares(values, limit)
    highest = max(shares.max(), 0.0 if target is None else _bin_shares(target, limit).max())
    scale = (canvas.shape[0] - 10) / highest
    width = _SIDE_PX / _BINS
    edges = [round(index * width) for index in range(_BINS + 1)]
    tops = np.rint(canvas.shape[0] - scale * shares).astype(int).tolist()
    for left, right, top in zip(edges, edges[1:], tops, strict=False):
        cv2.rectangle(canvas, (left, top), (right - 1, canvas.shape[0]), _BAR_BGR, cv2.FILLED)
    if target is not None:
        target_tops = np.rint(canvas.shape[0] - scale * _bin_shares(target, limit)).astype(int)
        steps = np.column_stack([np.repeat(edges, 2)[1:-1], np.repeat(target_tops, 2)])
        cv2.polylines(canvas, [steps.astype(np.int32)], isClosed=False, color=_TARGET_BGR)
    median = float(np.median(values))
    line = "" if target is None else "; black line: target"
    x = round(min(median / limit, 1.0) * (_SIDE_PX - 1))
    cv2.line(canvas, (x, 0), (x, canvas.shape[0]), _MEDIAN_BGR, 1)
    return with_caption(canvas, f"{title}, share of the input: 0 to {limit:g}, median {median:.2f}{line}")


def _bin_shares(values: np.ndarray, limit: float) -> np.ndarray:
    """float [bins]: the share of the values in each; what is larger than the limit counts in the last."""
    counts, _ = np.histogram(np.minimum(values, limit * (1 - 1e-6)), bins=_BINS, range=(0, limit))
    return counts / len(values)


def _joint_map(population: Population) -> np.ndarray:
    """Where in the input labelled points are."""
    points = population.points_unit[population.labelled]
    return with_caption(_density(points, (0.0, 0.0), (1.0, 1.0)), "all joints, over the input")


def _density(points: np.ndarray, low: Sequence[float], high: Sequence[float]) -> np.ndarray:
    """Points [N, 2] as a picture of how dense they are; square root of the density, so that the rare is seen too."""
    ranges = [(low[1], high[1]), (low[0], high[0])]
    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=_SIDE_PX // 4, range=ranges)
    smooth = np.sqrt(cv2.GaussianBlur(counts.astype(np.float32), (0, 0), 1.0))
    values = cv2.resize(smooth / max(float(smooth.max()), 1e-6), (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_LINEAR)
    return cv2.applyColorMap((255 * np.clip(values, 0, 1)).astype(np.uint8), cv2.COLORMAP_VIRIDIS)


def _state_bars(population: Population, skeleton: Skeleton) -> np.ndarray:
    """A bar a keypoint, divided into the shares of `STATES`."""
    line_px, text_px = 15, 110
    canvas = _blank(line_px * skeleton.num_keypoints)
    for keypoint, name in enumerate(skeleton.names):
        top = keypoint * line_px
        cv2.putText(canvas, name, (2, top + line_px - 4), _FONT, 0.36, (20, 20, 20), 1, cv2.LINE_AA)
        left = float(text_px)
        for state, colour in enumerate(_STATE_BGR):
            share = float((population.states[:, keypoint] == state).mean())
            right = left + share * (_SIDE_PX - text_px)
            corners = (round(left), top + 2), (round(right) - 1, top + line_px - 2)
            if corners[1][0] >= corners[0][0]:
                cv2.rectangle(canvas, *corners, colour, cv2.FILLED)
            left = right
    return with_caption(canvas, f"{', '.join(STATES)}: green, yellow, dark, light gray")


def _pose_maps(populations: Sequence[Population]) -> list[np.ndarray]:
    """The populations' poses along the two main directions of all of them together."""
    poses = [population.poses for population in populations]
    together = np.concatenate(poses)
    mean = together.mean(axis=0)
    _, directions = np.linalg.eigh((together - mean).T @ (together - mean))  # the largest last
    places = [(of_one - mean) @ directions[:, -2:] for of_one in poses]
    low, high = np.quantile(np.concatenate(places), (0.005, 0.995), axis=0)
    return [_density(of_one, low, high) for of_one in places]
