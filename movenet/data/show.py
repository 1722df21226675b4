"""What the network is given and taught, as pictures: one row a sample."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from movenet.data.dataset import CropDataset, Sample
from movenet.data.labels import training_points
from movenet.data.mosaic import with_caption
from movenet.data.pictures import read_annotated
from movenet.data.targets import TargetConfig, Targets, encode_targets, nearest_cells, person_centers
from movenet.errors import DataError
from movenet.geometry import extract_square, person_square
from movenet.models.pyramid import HEATMAP_STRIDE
from movenet.skeleton import Skeleton
from movenet.visualize import draw_keypoints

SIDE_PX = 256
_NEIGHBOUR_BGR = (200, 200, 200)
_ARROW_BGR = (90, 230, 255)


def sample_row(dataset: CropDataset, key: tuple[int, int], config: TargetConfig) -> list[np.ndarray]:
    """One sample: before augmentation, after it, heatmap, center, reg and offset; uint8 BGR each.

    Raises:
        DataError: if its picture cannot be read.
    """
    sample = dataset[key]
    if sample is None:
        raise DataError(f"{dataset.entries[key[1]].picture.path}: cannot be read")
    skeleton = dataset.skeleton
    grid_size = dataset.input_size // HEATMAP_STRIDE
    known = sample.points_unit, sample.labelled, sample.size_unit, sample.ignored
    points, labelled, size, ignored = (tensor[None] for tensor in known)
    targets = encode_targets(points, labelled, size, ignored, grid_size, config)
    after = _enlarged(sample)
    return [
        with_caption(_before(dataset, key[1]), dataset.entries[key[1]].picture.path.name),
        with_caption(_with_persons(after, sample, skeleton), _not_learnt(sample, skeleton)),
        with_caption(_over(after, targets.heatmap[0].amax(dim=0)), "heatmap, all keypoints"),
        with_caption(_over(after, targets.center[0, 0]), "center"),
        with_caption(_with_reg(after, sample, targets, config), "reg, from the center's cell"),
        with_caption(_with_offset(after, targets), "offset, cells where it is taught"),
    ]


def _before(dataset: CropDataset, index: int) -> np.ndarray:
    """The person as annotated, upright and in the middle."""
    entry = dataset.entries[index]
    person = entry.picture.persons[entry.person]
    crop, square = extract_square(read_annotated(entry.picture), person_square(person.box_px), SIDE_PX)
    points = training_points(person, entry.rules)
    return _drawn(crop, square.to_unit(points.points_px), points.labelled, dataset.skeleton)


def _enlarged(sample: Sample) -> np.ndarray:
    image = cv2.cvtColor(sample.image.permute(1, 2, 0).numpy(), cv2.COLOR_RGB2BGR)
    return cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_NEAREST)


def _with_persons(image: np.ndarray, sample: Sample, skeleton: Skeleton) -> np.ndarray:
    """Neighbours as gray discs, the person of the crop in colours."""
    canvas = image.copy()
    for points, labelled in zip(sample.points_unit[1:].numpy(), sample.labelled[1:].numpy(), strict=True):
        for x, y in np.rint(points[labelled] * SIDE_PX).astype(int).tolist():
            cv2.circle(canvas, (x, y), 3, _NEIGHBOUR_BGR, cv2.FILLED, cv2.LINE_AA)
    return _drawn(canvas, sample.points_unit[0].numpy(), sample.labelled[0].numpy(), skeleton)


def _not_learnt(sample: Sample, skeleton: Skeleton) -> str:
    """Which keypoints are in no loss, and which are taught to be absent."""
    absent = ~sample.labelled[0] & ~sample.ignored
    return f"ignored: {_names(sample.ignored, skeleton)}; absent: {_names(absent, skeleton)}"


def _names(chosen: torch.Tensor, skeleton: Skeleton) -> str:
    return ", ".join(skeleton.names[k] for k in np.flatnonzero(chosen.numpy())) or "none"


def _over(image: np.ndarray, cells: torch.Tensor) -> np.ndarray:
    """A map [G, G] of 0..1 over the picture; a cell is drawn around its own place, its whole-numbered index."""
    scale = SIDE_PX / len(cells)
    # OpenCV's whole numbers are pixel centers: half a display pixel less.
    to_display = np.array([[scale, 0.0, -0.5], [0.0, scale, -0.5]])
    values = cv2.warpAffine(cells.numpy(), to_display, (SIDE_PX, SIDE_PX), flags=cv2.INTER_NEAREST)[..., None]
    colours = cv2.applyColorMap((255 * values).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return (image * (1 - values) * 0.6 + colours * values).astype(np.uint8)


def _with_reg(image: np.ndarray, sample: Sample, targets: Targets, config: TargetConfig) -> np.ndarray:
    """An arrow to each keypoint, read from the map in the center's cell."""
    grid_size = targets.reg.shape[-1]
    center, known = person_centers(sample.points_unit[None, :1] * grid_size, sample.labelled[None, :1], config.center)
    canvas = image.copy()
    if not known.item():
        return canvas
    x, y = (int(value) for value in nearest_cells(center, grid_size)[0, 0])
    ends = np.array([x, y]) + targets.reg[0, :, y, x].reshape(-1, 2).numpy()
    taught = targets.reg_mask[0, ::2, y, x].numpy() > 0
    for end in ends[taught]:
        _arrow(canvas, np.array([x, y]), end, grid_size)
    return canvas


def _with_offset(image: np.ndarray, targets: Targets) -> np.ndarray:
    """From each cell where the offset is taught, an arrow to the place that it gives."""
    canvas = image.copy()
    offset = targets.offset[0].unflatten(0, (-1, 2)).numpy()
    mask = targets.offset_mask[0, ::2].numpy() > 0
    for keypoint, y, x in np.argwhere(mask):
        start = np.array([x, y])
        _arrow(canvas, start, start + offset[keypoint, :, y, x], mask.shape[-1])
    return canvas


def _arrow(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, grid_size: int) -> None:
    tail, head = (np.rint(place / grid_size * SIDE_PX).astype(int).tolist() for place in (start, end))
    cv2.arrowedLine(canvas, tail, head, _ARROW_BGR, 1, cv2.LINE_AA, tipLength=0.15)


def _drawn(image: np.ndarray, points_unit: np.ndarray, labelled: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    return draw_keypoints(image, np.column_stack([points_unit * SIDE_PX, labelled]), skeleton)
