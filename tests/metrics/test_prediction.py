"""`predict`: more than one look goes where tracking would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.data.records import PersonRecord, PictureRecord
from movenet.errors import ConfigError
from movenet.geometry import Square, extract_square, letterbox_square
from movenet.metadata import ModelMetadata, head_shapes
from movenet.metrics.evaluation import EvaluationPerson
from movenet.metrics.prediction import predict
from movenet.runtimes import HeadArrays
from movenet.skeleton import COCO17
from movenet.tracking import SEARCH_LOOKS, next_square, search_squares

WIDTH_PX, HEIGHT_PX = 80, 48
GRID_SIZE = 16
INPUT_SIZE = 4 * GRID_SIZE


class SmallPerson:
    """A run-time that finds shoulders in one row and all else in a row below, in the input's middle.

    It keeps the pictures that it is given.
    """

    def __init__(self) -> None:
        outputs = head_shapes(COCO17.num_keypoints, GRID_SIZE)
        self.metadata = ModelMetadata("fake", COCO17, INPUT_SIZE, "sigmoid", outputs)
        self.images: list[np.ndarray] = []
        self._heads = HeadArrays(*(np.zeros(shape, np.float32) for shape in outputs.values()))
        self._heads.center[0, GRID_SIZE // 2, GRID_SIZE // 2] = 1
        for channel, name in enumerate(COCO17.names):
            self._heads.heatmap[channel, 7 if "shoulder" in name else 9, 8] = 0.9

    def __call__(self, image: np.ndarray) -> HeadArrays:
        self.images.append(image)
        return self._heads


@pytest.fixture
def persons(tmp_path: Path) -> list[EvaluationPerson]:
    """A picture of noise with a person to look for in the whole of it."""
    pixels = np.random.default_rng(3).integers(0, 256, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "noise.png"), pixels)
    labels = np.full((17, 2), 20, np.float32), np.full(17, 2, np.int8)
    person = PersonRecord(1, (10.0, 10.0, 30.0, 30.0), 500.0, *labels)
    picture = PictureRecord(1, tmp_path / "noise.png", WIDTH_PX, HEIGHT_PX, (person,))
    return [EvaluationPerson(picture, person, letterbox_square(WIDTH_PX, HEIGHT_PX))]


def test_further_looks_are_at_the_squares_of_tracking(persons: list[EvaluationPerson]) -> None:
    once, often = SmallPerson(), SmallPerson()
    (first,) = predict(persons, once).points_px
    (last,) = predict(persons, often, looks=SEARCH_LOOKS + 1).points_px
    # As sure in every look of the search, so that the first one counts.
    square = next_square(first, WIDTH_PX, HEIGHT_PX)
    assert square is not None
    assert square.side_px < 0.5 * WIDTH_PX
    picture = cv2.cvtColor(cv2.imread(str(persons[0].picture.path)), cv2.COLOR_BGR2RGB)
    assert len(once.images) == 1
    assert (often.images[0] == once.images[0]).all()
    for image, looked_at in zip(often.images, [*search_squares(WIDTH_PX, HEIGHT_PX), square], strict=True):
        expected, cut = extract_square(picture, looked_at, INPUT_SIZE)
        assert (image == expected).all()
    np.testing.assert_allclose(last[0, :2], cut.to_px(np.array([8, 9]) / GRID_SIZE), atol=1e-4)


def test_a_person_in_a_square_of_their_own_is_looked_at_once(persons: list[EvaluationPerson]) -> None:
    cropped = [replace(persons[0], square=Square(20.0, 20.0, 30.0))]
    assert len(predict(cropped, SmallPerson()).points_px) == 1
    with pytest.raises(ConfigError, match="--protocol whole"):
        predict(cropped, SmallPerson(), looks=2)


def test_no_look_at_all_is_refused(persons: list[EvaluationPerson]) -> None:
    with pytest.raises(ConfigError, match="at least once"):
        predict(persons, SmallPerson(), looks=0)
