"""How the predecessor (fire717/movenet.pytorch) makes a training sample, spelt out again in its way.

One sample at a time: the crop, which was cut and saved as a JPEG beforehand, is read and resized, varied by one of
several separate warps and by colour arithmetic in NumPy, and its four maps are drawn cell by cell in Python: around
each keypoint and center a window of peaks, reg in 5 x 5 cells, offset in one. Faults that cost or save time are kept.
The operations and how often they come are the predecessor's; the words are not.
"""

from __future__ import annotations

import math
import random
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from movenet.skeleton import Skeleton

_INTERPOLATIONS = cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_NEAREST, cv2.INTER_LANCZOS4


@dataclass
class Label:
    """What the predecessor's json says of a crop; all places in 0..1 of it.

    Attributes:
        keypoints: x, y, visibility of each keypoint, one after the other.
        center: x, y.
        other_centers: of the other persons in the crop.
        other_keypoints: for each keypoint, the others' places.
    """

    keypoints: list[float]
    center: list[float]
    other_centers: list[list[float]]
    other_keypoints: list[list[list[float]]]


def read_image(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def resize_image(image: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(image, (size, size), interpolation=random.choice(_INTERPOLATIONS))


def augment(image: np.ndarray, label: Label, skeleton: Skeleton) -> tuple[np.ndarray, Label]:
    new_image, new_label = deepcopy(image), deepcopy(label)
    alone = len(label.other_centers) == 0
    if random.random() < 0.5:
        new_image, new_label = _mirror(new_image, new_label, skeleton)
    chance = random.random()
    if chance < 0.5:
        new_image, new_label = _pad(new_image, new_label) if random.random() < 0.2 else _crop(new_image, new_label)
    elif chance < 0.65:
        if random.random() >= 0.7:
            new_image, new_label = _rotate(new_image, new_label)
        elif alone:
            new_image, new_label = _shear(new_image, new_label)
    elif chance < 0.85 and alone and random.random() < 0.5:
        new_image, new_label = _move(new_image, new_label)
    lost = _num_unlabelled(new_label)
    if lost - _num_unlabelled(label) > 3 or lost > 5:
        new_image, new_label = image, label
    if random.random() < 0.4:
        new_image = _distort_colours(new_image)
    if random.random() < 0.4:
        noise = (np.random.rand(*new_image.shape) - 0.5) * 2 * 15
        new_image = _clipped(new_image.astype(np.float32) + noise)
    if random.random() < 0.3:
        new_image = _drop(new_image, new_label)
    return new_image, new_label


def encode(label: Label, size: int) -> np.ndarray:
    """float32 [K + 1 + 2K + 2K, G, G]: heatmap, center, reg and offset."""
    grid = size // 4
    heatmap, sigma = _heatmaps(label, grid)
    center_x, center_y = (min(max(0, int(value * grid)), grid - 1) for value in label.center)
    center = _peaks(center_x, center_y, label.other_centers, grid, sigma + 2)[None].astype(np.float32)
    reg = _reg(label.keypoints, center_x, center_y, grid)
    offset = _offset(label.keypoints, center_x, center_y, reg, size)
    return np.concatenate([heatmap, center, reg, offset], axis=0)


def planes(image: np.ndarray) -> np.ndarray:
    """float32 [3, size, size]."""
    return np.transpose(image.astype(np.float32), axes=[2, 0, 1])


def _mirror(image: np.ndarray, label: Label, skeleton: Skeleton) -> tuple[np.ndarray, Label]:
    points = [label.keypoints[i : i + 3] for i in range(0, len(label.keypoints), 3)]
    swapped = [points[k] for k in skeleton.mirror_permutation]
    label.keypoints = [value for x, y, v in swapped for value in (1 - x, y, v)]
    label.center[0] = 1 - label.center[0]
    for center in label.other_centers:
        center[0] = 1 - center[0]
    for others in label.other_keypoints:
        for place in others:
            place[0] = 1 - place[0]
    return cv2.flip(image, 1), label


def _pad(image: np.ndarray, label: Label) -> tuple[np.ndarray, Label]:
    size = image.shape[0]
    pad = int(size * (random.random() + 1) * 0.12 / 2)
    padded = np.ones((size + 2 * pad, size + 2 * pad, 3)) * (0, 0, 0)
    padded[pad : pad + size, pad : pad + size] = image
    scale, shift = size / (size + 2 * pad), pad / (size + 2 * pad)
    return cv2.resize(padded, (size, size)).astype(np.uint8), _place_each(label, scale, shift, shift)


def _crop(image: np.ndarray, label: Label) -> tuple[np.ndarray, Label]:
    size = image.shape[0]
    cut = int(size * random.uniform(0.1, 0.3))
    left, top = (cut, cut) if label.other_centers else (random.randint(cut // 2, cut), random.randint(cut // 2, cut))
    side = size - 2 * cut
    cropped = cv2.resize(image[top : top + side, left : left + side], (size, size))
    return cropped.astype(np.uint8), _place_each(label, size / side, -left / side, -top / side)


def _place_each(label: Label, scale: float, shift_x: float, shift_y: float) -> Label:
    for i in range(0, len(label.keypoints), 3):
        label.keypoints[i] = label.keypoints[i] * scale + shift_x
        label.keypoints[i + 1] = label.keypoints[i + 1] * scale + shift_y
    label.center = [label.center[0] * scale + shift_x, label.center[1] * scale + shift_y]
    label.other_centers = [[x * scale + shift_x, y * scale + shift_y] for x, y in label.other_centers]
    label.other_keypoints = [
        [[x * scale + shift_x, y * scale + shift_y] for x, y in others] for others in label.other_keypoints
    ]
    return _without_outside(label)


def _rotate(image: np.ndarray, label: Label) -> tuple[np.ndarray, Label]:
    size = image.shape[0]
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), random.uniform(-24, 24), 1.0)
    turned = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    return turned, _place_by_matrix(label, matrix, size)


def _shear(image: np.ndarray, label: Label) -> tuple[np.ndarray, Label]:
    size = image.shape[0]
    corners = np.array([[10, 100], [200, 50], [100, 250]], np.float32)
    matrix = cv2.getAffineTransform((np.random.rand(3, 2) * -40 + corners).astype(np.float32), corners)
    return cv2.warpAffine(image, matrix, (size, size)), _place_by_matrix(label, matrix, size)


def _move(image: np.ndarray, label: Label) -> tuple[np.ndarray, Label]:
    size = image.shape[0]
    farthest = int(size * random.uniform(0.1, 0.2))
    x, y = (random.randint(farthest // 2, farthest) * random.choice([-1, 1]) for _ in range(2))
    moved = cv2.warpAffine(image, np.array([[1, 0, x], [0, 1, y]], np.float32), (size, size))
    return moved, _place_each(label, 1.0, x / size, y / size)


def _place_by_matrix(label: Label, matrix: np.ndarray, size: int) -> Label:
    def placed(places: list[list[float]]) -> list[list[float]]:
        pixels = np.floor(np.reshape(places, (-1, 2)) * size).astype(np.int32).T
        moved = np.dot(matrix, np.vstack((pixels, np.ones((1, pixels.shape[1])))))
        return (moved.T.astype(np.float32) / size).tolist()

    points = np.reshape(label.keypoints, (-1, 3))
    label.keypoints = np.concatenate([placed(points[:, :2].tolist()), points[:, 2:]], axis=-1).reshape(-1).tolist()
    label.center = placed([label.center])[0]
    label.other_centers = placed(label.other_centers)
    label.other_keypoints = [placed(others) if others else others for others in label.other_keypoints]
    return _without_outside(label)


def _without_outside(label: Label) -> Label:
    def inside(place: list[float]) -> bool:
        return 0 <= place[0] < 1 and 0 <= place[1] < 1

    for i in range(0, len(label.keypoints), 3):
        if not inside(label.keypoints[i : i + 2]):
            label.keypoints[i + 2] = 0
    label.center = [min(max(0, value), 1) for value in label.center]
    label.other_centers = [center for center in label.other_centers if inside(center)]
    label.other_keypoints = [[place for place in others if inside(place)] for others in label.other_keypoints]
    return label


def _num_unlabelled(label: Label) -> int:
    return sum(1 for i in range(2, len(label.keypoints), 3) if label.keypoints[i] == 0)


def _clipped(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 255).astype(np.uint8)


def _distort_colours(image: np.ndarray) -> np.ndarray:
    mean = image.mean(axis=0).mean(axis=0)
    image = _clipped((image - mean) * np.random.uniform(0.8, 1.2) + mean)
    image = _clipped(image + np.random.uniform(-0.2, 0.2) * 255)
    image = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    image[..., 0] = np.mod(image[..., 0] + np.random.uniform(-0.1, 0.1) * 180, 180)
    image[..., 1] = np.clip(image[..., 1] * np.random.uniform(0.8, 1.2), 0, 255)
    return cv2.cvtColor(image, cv2.COLOR_HSV2BGR)


def _drop(image: np.ndarray, label: Label) -> np.ndarray:
    size = image.shape[0]
    half = int(random.uniform(3 / 192, 6 / 192) * size)
    points = np.array(label.keypoints).reshape(-1, 3)
    points = points[points[:, 2] > 0]
    x, y = points[random.randint(0, len(points) - 1), :2] * size
    left, right, top, bottom = max(0, x - half), min(size - 1, x + half), max(0, y - half), min(size - 1, y + half)
    image[int(top) : int(bottom), int(left) : int(right)] = random.randint(0, 255)
    return image


def _heatmaps(label: Label, grid: int) -> tuple[np.ndarray, int]:
    points = np.reshape(label.keypoints, (-1, 3))
    known = points[points[:, 2] > 0]
    area = np.prod(known[:, :2].max(axis=0) - known[:, :2].min(axis=0))
    sigma = 3 if area < 0.16 else 5 if area < 0.3 else 7
    maps = []
    for i in range(0, len(label.keypoints), 3):
        if label.keypoints[i + 2] == 0:
            maps.append(np.zeros((grid, grid)))
            continue
        x, y = int(label.keypoints[i] * grid), int(label.keypoints[i + 1] * grid)
        maps.append(_peaks(x, y, label.other_keypoints[i // 3], grid, sigma))
    return np.array(maps, dtype=np.float32), sigma


def _peaks(x: int, y: int, others: list[list[float]], grid: int, sigma: int) -> np.ndarray:
    """Sums of exponential peaks, cut off at 1; each is drawn in its window, cell by cell."""
    heatmap = np.zeros((grid, grid))
    if x < 0 or y < 0 or x >= grid or y >= grid:
        return heatmap
    tops = [(x, y)]
    for other_x, other_y in others:
        tops.append((min(int(other_x * grid), grid - 1), min(int(other_y * grid), grid - 1)))
    reach = (sigma + 6) // 2
    for top_x, top_y in tops:
        for map_y in range(max(0, top_y - reach), min(grid, top_y + reach)):
            for map_x in range(max(0, top_x - reach), min(grid, top_x + reach)):
                distance = ((map_x - top_x) ** 2 + (map_y - top_y) ** 2) ** 0.5
                if distance <= reach:
                    heatmap[map_y, map_x] += math.exp(-distance / reach * 3)
                if heatmap[map_y, map_x] > 1:
                    heatmap[map_y, map_x] = 1
    return heatmap


def _reg(keypoints: list[float], center_x: int, center_y: int, grid: int) -> np.ndarray:
    maps = np.zeros((len(keypoints) // 3 * 2, grid, grid), dtype=np.float32)
    for i in range(len(keypoints) // 3):
        if keypoints[i * 3 + 2] == 0:
            continue
        reg_x, reg_y = keypoints[i * 3] * grid - center_x, keypoints[i * 3 + 1] * grid - center_y
        for y in range(center_y - 2, center_y + 3):
            if y < 0 or y > grid - 1:
                continue
            for x in range(center_x - 2, center_x + 3):
                if x < 0 or x > grid - 1:
                    continue
                maps[i * 2][y][x] = reg_x - (center_x - x) if center_x < grid / 2 - 1 else reg_x + (center_x - x)
                maps[i * 2 + 1][y][x] = reg_y - (center_y - y) if center_y < grid / 2 - 1 else reg_y + (center_y - y)
    return maps


def _offset(keypoints: list[float], center_x: int, center_y: int, reg: np.ndarray, size: int) -> np.ndarray:
    grid = size // 4
    maps = np.zeros((len(keypoints) // 3 * 2, grid, grid), dtype=np.float32)
    for i in range(len(keypoints) // 3):
        if keypoints[i * 3 + 2] == 0:
            continue
        x = int(reg[i * 2, center_y, center_x] + center_x)
        y = int(reg[i * 2 + 1, center_y, center_x] + center_y)
        if x > grid or x < 0 or y > grid or y < 0:
            continue
        x, y = min(x, grid - 1), min(y, grid - 1)
        maps[i * 2][y][x] = int(keypoints[i * 3] * size) / 4 - x
        maps[i * 2 + 1][y][x] = int(keypoints[i * 3 + 1] * size) / 4 - y
    return maps
