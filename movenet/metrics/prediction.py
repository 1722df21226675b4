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
from movenet.geometry import Square, extract_square
from movenet.metrics.evaluation import EvaluationPerson
from movenet.runtimes import HeadArrays, Runtime
from movenet.tracking.square import next_square


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
        looks: how often it looks: first at the person's square, then, as in the frames of a video that stands still,
            at the one that tracking makes of its answer (`movenet.tracking`).

    Raises:
        ConfigError: if `looks` is below 1.
        DataError: if a picture cannot be read, or has another size than its annotation says.
    """
    if looks < 1:
        raise ConfigError(f"the network has to look at least once, not {looks} times")
    points_px, network_ms = [], []
    for _, together in groupby(persons, key=lambda person: person.picture.path):
        of_picture = list(together)
        image = cv2.cvtColor(read_annotated(of_picture[0].picture), cv2.COLOR_BGR2RGB)
        for person in of_picture:
            found_px, look_ms = _look(image, person.square, runtime)
            looks_ms = [look_ms]
            for _ in range(looks - 1):
                square = next_square(found_px, image.shape[1], image.shape[0])
                found_px, look_ms = _look(image, square, runtime)
                looks_ms.append(look_ms)
            points_px.append(found_px)
            network_ms.append(float(np.median(looks_ms)))
            on_person()
    return Predictions(np.array(points_px, np.float32), np.array(network_ms))


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
