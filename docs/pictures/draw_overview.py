"""Draws the README's picture: what the network gives for one person, and what the decoder makes of it.

    python docs/pictures/draw_overview.py docs/pictures/overview.png

The person is a stick figure of the points below; the maps are the training targets of these points, and the pose on
the right is what the compiled decoder finds in them. Needs the `train` extra.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from movenet import COCO17, Pose
from movenet.data.targets import TargetConfig, Targets, encode_targets
from movenet.decoding import decode
from movenet.estimator import Timings
from movenet.visualize import draw_pose

# A yoga warrior: x and y as shares of the picture, in the order of COCO's keypoints.
WARRIOR_UNIT = np.array(
    [
        *[(0.515, 0.175), (0.530, 0.155), (0.500, 0.155), (0.550, 0.165), (0.480, 0.165)],
        *[(0.585, 0.295), (0.445, 0.295), (0.730, 0.290), (0.300, 0.300), (0.885, 0.285), (0.145, 0.305)],
        *[(0.560, 0.550), (0.465, 0.550), (0.690, 0.700), (0.265, 0.590), (0.830, 0.870), (0.250, 0.860)],
    ],
    np.float32,
)
GRID_CELLS = 48
PANEL_PX = 480
GAP_PX = 16
CAPTION_PX = 56
INK_BGR = (60, 50, 45)
PAPER_BGR = (250, 248, 246)


def targets_of(points_unit: np.ndarray) -> Targets:
    """The maps that a perfect network would give."""
    points = torch.from_numpy(points_unit)[None, None]
    labelled = torch.ones(points.shape[:3], dtype=torch.bool)
    config = TargetConfig(kernel="gaussian", radius_max_cells=1.5)
    return encode_targets(points, labelled, torch.full((1, 1), 0.8), ~labelled[:, 0], GRID_CELLS, config)


def panel() -> np.ndarray:
    return np.full((PANEL_PX, PANEL_PX, 3), PAPER_BGR, np.uint8)


def pose_of(keypoints_unit: np.ndarray) -> Pose:
    """[K, 3] shares of the picture and scores -> a pose in a panel's pixels."""
    return Pose(keypoints_unit * [PANEL_PX, PANEL_PX, 1], COCO17, Timings(0, 0, 0))


def tinted(weights: np.ndarray, colour_bgr: tuple[int, int, int]) -> np.ndarray:
    """[G, G] of 0..1 as a panel of colour, cell by cell."""
    enlarged = cv2.resize(weights, (PANEL_PX, PANEL_PX), interpolation=cv2.INTER_NEAREST)[..., None]
    return (panel() * (1 - enlarged) + np.array(colour_bgr) * enlarged).astype(np.uint8)


def reg_panel(targets: Targets) -> np.ndarray:
    """The center's peak, and from it the vectors that reg holds there."""
    center = targets.center[0, 0].numpy()
    canvas = tinted(center, (90, 170, 60))
    cy, cx = np.unravel_index(center.argmax(), center.shape)
    cell = PANEL_PX / GRID_CELLS
    start = np.array([cx, cy]) * cell
    for vector in targets.reg[0, :, cy, cx].numpy().reshape(-1, 2):
        end = start + vector * cell
        cv2.arrowedLine(canvas, tuple(start.astype(int)), tuple(end.astype(int)), INK_BGR, 1, cv2.LINE_AA, 0, 0.06)
    return canvas


def captioned(canvas: np.ndarray, title: str, text: str) -> np.ndarray:
    strip = np.full((CAPTION_PX, PANEL_PX, 3), 255, np.uint8)
    cv2.putText(strip, title, (2, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, INK_BGR, 2, cv2.LINE_AA)
    cv2.putText(strip, text, (2, 46), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK_BGR, 1, cv2.LINE_AA)
    return np.vstack([strip, canvas])


def overview() -> np.ndarray:
    targets = targets_of(WARRIOR_UNIT)
    maps = (targets.heatmap, targets.center, targets.reg, targets.offset)
    decoded = decode(*(one[0].numpy() for one in maps))
    panels = [
        captioned(tinted(targets.heatmap[0].amax(dim=0).numpy(), (40, 90, 235)), "heatmap", "where keypoints may be"),
        captioned(reg_panel(targets), "center + reg", "who stands in the middle, and roughly how"),
        captioned(
            draw_pose(panel(), pose_of(decoded)), "decoded", "the likely peak near each guess, made exact by offset"
        ),
    ]
    gap = np.full((panels[0].shape[0], GAP_PX, 3), 255, np.uint8)
    return np.hstack([panels[0], gap, panels[1], gap, panels[2]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    cv2.imwrite(str(parser.parse_args().output), overview())


if __name__ == "__main__":
    main()
