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
from movenet.errors import ConfigError
from movenet.geometry import Square, extract_square, letterbox_square
from movenet.metrics.evaluation import EvaluationPerson
from movenet.runtimes import HeadArrays, Runtime
from movenet.tracking.square import SquareTracker


@dataclass(frozen=True)
class Predictions:
    """Answers about P persons.

    Attributes:
        points_px: float32 [P, K, 3], x and y in pixels of the picture, and score.
        network_ms: float64 [P], how long the network took for a look (without reading, cutting and decoding), the
            median if there was more than one.
    """

    points_px: np.ndarray
    network_ms: np.ndarray


def predict(
    persons: Sequence[EvaluationPerson],
    runtime: Runtime,
    on_person: Callable[[], object] = lambda: None,
    looks: int = 1,
) -> Predictions:
    """Run a network on every person's square.

    Args:
        persons: at least one; those of one picture in a row, so that it is read once.
        runtime: the network.
        on_person: called after each person.
        looks: how often it looks. More than once: as `movenet.tracking` does in the frames of a video that stands
            still, where it searches and then follows; the first look is at the whole picture.

    Raises:
        ConfigError: if `looks` is below 1, or above 1 and a person's square is not the whole picture.
        DataError: if a picture cannot be read, or has another size than its annotation says.
    """
    if looks < 1:
        raise ConfigError(f"the network has to look at least once, not {looks} times")
    points_px, network_ms = [], []
    for _, together in groupby(persons, key=lambda person: person.picture.path):
        of_picture = list(together)
        image = cv2.cvtColor(read_annotated(of_picture[0].picture), cv2.COLOR_BGR2RGB)
        for person in of_picture:
            found_px, looks_ms = _looks(image, person, runtime, looks)
            points_px.append(found_px)
            network_ms.append(float(np.median(looks_ms)))
            on_person()
    return Predictions(np.array(points_px, np.float32), np.array(network_ms))


def _looks(
    image_rgb: np.ndarray, person: EvaluationPerson, runtime: Runtime, number: int
) -> tuple[np.ndarray, list[float]]:
    """What is known after so many looks, float32 [K, 3], and the network's milliseconds of each."""
    height, width = image_rgb.shape[:2]
    found_px, look_ms = _look(image_rgb, person.square, runtime)
    looks_ms = [look_ms]
    if number > 1:
        if person.square != letterbox_square(width, height):
            raise ConfigError("more than one look is a search, which begins with whole pictures: --protocol whole")
        squares = SquareTracker()
        squares.update(found_px, width, height)
        for _ in range(number - 1):
            found_px, look_ms = _look(image_rgb, squares.square(width, height), runtime)
            found_px = squares.update(found_px, width, height)
            looks_ms.append(look_ms)
    return found_px, looks_ms


def _look(image_rgb: np.ndarray, square: Square, runtime: Runtime) -> tuple[np.ndarray, float]:
    """The answer about a square, float32 [K, 3] as `_decoded_px` gives it, and the network's milliseconds."""
    network_input, cut = extract_square(image_rgb, square, runtime.metadata.input_size)
    started = time.perf_counter()
    heads = runtime(network_input)
    network_ms = 1000 * (time.perf_counter() - started)
    return _decoded_px(heads, cut), network_ms


def _decoded_px(heads: HeadArrays, square: Square) -> np.ndarray:
    """Heads of one square -> float32 [K, 3] with x and y in pixels of the picture, and score."""
    points_unit = decode(*heads, values="probabilities")
    return np.column_stack([square.to_px(points_unit[:, :2]), points_unit[:, 2]]).astype(np.float32)
