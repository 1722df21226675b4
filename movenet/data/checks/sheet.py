"""Some of the findings as one picture: the label beside the teacher's answer, for a look before they are believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from movenet.data.checks.findings import Finding, Kind, NamedSet
from movenet.data.mosaic import mosaic, with_caption
from movenet.data.pictures import read_annotated
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.errors import DataError
from movenet.geometry import extract_square, person_square
from movenet.outputs import write_picture
from movenet.skeleton import Skeleton
from movenet.visualize import draw_keypoints

_PERSONS_A_ROW = 6
_ROWS_A_KIND = 2
_SIDE_PX = 200
_OF_PICTURES = (Kind.BROKEN_PICTURE, Kind.DUPLICATE)


def write_sheet(path: Path, sets: Sequence[NamedSet], findings: Sequence[Finding], skeleton: Skeleton) -> int:
    """Draw up to a dozen persons of each kind, evenly spread over its findings; returns how many were drawn.

    Raises:
        DataError: if the picture cannot be written.
    """
    persons = {(s.name, p.image_id, q.annotation_id): (p, q) for s in sets for p in s.pictures for q in p.persons}
    rows = []
    for kind in Kind:
        of_kind = [f for f in findings if f.kind is kind and kind not in _OF_PICTURES]
        number = min(len(of_kind), _PERSONS_A_ROW * _ROWS_A_KIND)
        chosen = [of_kind[index * len(of_kind) // number] for index in range(number)]
        cells = [_cell(f, *persons[f.set_name, f.image_id, f.annotation_id or 0], skeleton) for f in chosen]
        rows += [cells[start : start + _PERSONS_A_ROW] for start in range(0, len(cells), _PERSONS_A_ROW)]
    if rows:
        write_picture(path, mosaic(rows))
    return sum(map(len, rows))


def _cell(finding: Finding, picture: PictureRecord, person: PersonRecord, skeleton: Skeleton) -> np.ndarray:
    """The label, and to its right the teacher's answer where there is one."""
    try:
        image = read_annotated(picture)
    except DataError:
        image = np.zeros((picture.height_px, picture.width_px, 3), np.uint8)
    crop, square = extract_square(image, person_square(person.box_px), _SIDE_PX)
    labelled = (person.visibility > Visibility.UNLABELLED).astype(np.float32)
    sides = [_drawn(crop, square.to_unit(person.points_px), labelled, skeleton)]
    if person.teacher_points_px is not None and person.teacher_scores is not None:
        sides.append(_drawn(crop, square.to_unit(person.teacher_points_px), person.teacher_scores, skeleton))
    parts = ", ".join(skeleton.names[keypoint] for keypoint in finding.keypoints)
    caption = f"{finding.kind.name.lower()} {finding.annotation_id} {finding.detail} {parts}"
    return with_caption(np.hstack(sides), caption)


def _drawn(crop: np.ndarray, points_unit: np.ndarray, scores: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    return draw_keypoints(crop, np.column_stack([points_unit * _SIDE_PX, scores]), skeleton)
