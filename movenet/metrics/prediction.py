"""A run-time's answers about the persons that are to be evaluated, in pixels of their pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np

from movenet.data.pictures import read_annotated
from movenet.decoding import decode
from movenet.geometry import Square, extract_square
from movenet.metrics.evaluation import EvaluationPerson
from movenet.runtimes import HeadArrays, Runtime


@dataclass(frozen=True)
class Predictions:
    """Answers about P persons.

    Attributes:
        points_px: float32 [P, K, 3], x and y in pixels of the picture, and score.
        network_ms: float64 [P], how long the network took (without reading, cutting and decoding).
    """

    points_px: np.ndarray
    network_ms: np.ndarray


def predict(
    persons: Sequence[EvaluationPerson], runtime: Runtime, on_person: Callable[[], object] = lambda: None
) -> Predictions:
    """Run a network on every person's square.

    Args:
        persons: at least one; those of one picture in a row, so that it is read once.
        runtime: the network.
        on_person: called after each person.

    Raises:
        DataError: if a picture cannot be read, or has another size than its annotation says.
    """
    points_px, network_ms = [], []
    for _, together in groupby(persons, key=lambda person: person.picture.path):
        of_picture = list(together)
        image = cv2.cvtColor(read_annotated(of_picture[0].picture), cv2.COLOR_BGR2RGB)
        for person in of_picture:
            network_input, square = extract_square(image, person.square, runtime.metadata.input_size)
            started = time.perf_counter()
            heads = runtime(network_input)
            network_ms.append(1000 * (time.perf_counter() - started))
            points_px.append(_decoded_px(heads, square))
            on_person()
    return Predictions(np.array(points_px, np.float32), np.array(network_ms))


def _decoded_px(heads: HeadArrays, square: Square) -> np.ndarray:
    """Heads of one square -> [K, 3] with x and y in pixels of the picture, and score."""
    points_unit = decode(*heads, values="probabilities")
    return np.column_stack([square.to_px(points_unit[:, :2]), points_unit[:, 2]])
