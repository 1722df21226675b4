"""The page: template, crops and labels in one file, the most doubtful person first."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from movenet.data.coco_writer import coco_content
from movenet.data.pictures import read_annotated
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.errors import DataError
from movenet.geometry import extract_square, person_square
from movenet.skeleton import Skeleton
from movenet.visualize import keypoint_sides

_CROP_PX = 400
_JPEG_QUALITY = 80
# Wider than the crop of a network: a wrong box shows.
_CROP_SCALE = 1.5


def review_page(
    pictures: Sequence[PictureRecord], images: Path, skeleton: Skeleton, on_person: Callable[[], object] = lambda: None
) -> str:
    """The page's HTML.

    Args:
        pictures: whose persons are to be reviewed; the ids of persons must differ.
        images: the folder that the saved json's `file_name` is relative to.
        skeleton: of the records.
        on_person: called after each.

    Raises:
        DataError: if there is no person, two have one id, or a picture cannot be read.
    """
    persons = [(picture, person) for picture in pictures for person in picture.persons]
    if not persons:
        raise DataError("there is no person to review")
    if len({person.annotation_id for _, person in persons}) != len(persons):
        raise DataError("two persons have the same annotation id: they could not be told apart")
    cards = []
    for picture, person in sorted(persons, key=lambda pair: -doubt(pair[1])):
        cards.append(_card(picture, person))
        on_person()
    data = {
        "names": skeleton.names,
        "edges": skeleton.edge_indices.tolist(),
        "colours": [_css(side.value) for side in keypoint_sides(skeleton)],
        "cards": cards,
        "coco": coco_content(pictures, images, skeleton),
    }
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    # "</" would end the script that holds the data.
    return template.replace("DATA", json.dumps(data).replace("</", "<\\/"), 1)


def doubt(person: PersonRecord) -> float:
    """How much a person's labels want to be looked at: unlabelled points, and a teacher who is unsure of the others."""
    labelled = person.visibility > Visibility.UNLABELLED
    if person.teacher_scores is None:
        return float((~labelled).mean())
    return float(1 - np.where(labelled, person.teacher_scores, 0).mean())


def _card(picture: PictureRecord, person: PersonRecord) -> dict[str, Any]:
    crop, square = extract_square(read_annotated(picture), person_square(person.box_px, _CROP_SCALE), _CROP_PX)
    encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
    return {
        "annotation_id": person.annotation_id,
        "picture": f"data:image/jpeg;base64,{base64.b64encode(encoded).decode('ascii')}",
        "left": square.left_px,
        "top": square.top_px,
        "side": square.side_px,
        "waiting": _waiting_places(person, square.left_px, square.top_px, square.side_px),
        "caption": f"{picture.path.name} (doubt {doubt(person):.2f})",
    }


def _waiting_places(person: PersonRecord, left: float, top: float, side: float) -> list[list[float]]:
    """Where points that are not labelled wait to be dragged: [K, 2] pixels, at the teacher's place or the left edge."""
    count = len(person.visibility)
    steps = (np.arange(count) + 1) / (count + 1)
    places = np.column_stack([np.full(count, left + 0.03 * side), top + steps * side])
    if person.teacher_points_px is not None:
        answers = person.teacher_points_px
        within = ((answers > (left, top)) & (answers < (left + side, top + side))).all(axis=1, keepdims=True)
        places = np.where(within, answers, places)
    return places.round(1).tolist()


def _css(colour_bgr: tuple[int, int, int]) -> str:
    blue, green, red = colour_bgr
    return f"rgb({red}, {green}, {blue})"
