"""The dev set as the training sees it: `evaluate.py`'s cropped protocol, decoded in batches by torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from movenet.data.pictures import read_annotated
from movenet.geometry import extract_square
from movenet.metrics.evaluation import EvaluationPerson


class ValidationSample(NamedTuple):
    """One person to find, or a batch of them with a leading axis N.

    Attributes:
        image: uint8 [3, S, S], RGB.
        corner_and_side_px: float64 [3]: left, top and side of the square that was cut.
    """

    image: Tensor
    corner_and_side_px: Tensor


class ValidationDataset(Dataset[ValidationSample]):
    """The crops of the persons to evaluate, in their order."""

    def __init__(self, persons: Sequence[EvaluationPerson], input_size: int) -> None:
        self.persons = persons
        self.input_size = input_size

    def __len__(self) -> int:
        return len(self.persons)

    def __getitem__(self, index: int) -> ValidationSample:
        person = self.persons[index]
        image, square = extract_square(read_annotated(person.picture), person.square, self.input_size)
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return ValidationSample(
            torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))),
            torch.tensor([square.left_px, square.top_px, square.side_px], dtype=torch.float64),
        )


def to_picture_pixels(decoded: Tensor, corner_and_side_px: Tensor) -> np.ndarray:
    """Decoded points [N, K, 3] (x_unit, y_unit, score) -> float64 [N, K, 3] in pixels of each picture."""
    points = decoded.double().cpu()
    square = corner_and_side_px.cpu()
    points[..., :2] = points[..., :2] * square[:, None, 2:] + square[:, None, :2]
    return points.numpy()
