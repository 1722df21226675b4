"""The labelme reader: whose a point is, and how it refuses what it cannot tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movenet.data.labelme import read_labelme
from movenet.data.records import PersonRecord
from movenet.errors import DataError
from movenet.skeleton import Skeleton

PAIR = Skeleton.from_dict({"keypoints": [{"name": "head", "sigma": 0.1}, {"name": "foot", "sigma": 0.1}]})


def point(label: str, x: float, y: float, group: int | None = None, occluded: bool = False) -> dict[str, Any]:
    flags = {"occluded": True} if occluded else {}
    return {"label": label, "points": [[x, y]], "group_id": group, "shape_type": "point", "flags": flags}


def rectangle(left: float, top: float, right: float, bottom: float, group: int | None = None) -> dict[str, Any]:
    # The corners in the order in which somebody drew them: from the bottom right.
    corners = [[right, bottom], [left, top]]
    return {"label": "person", "points": corners, "group_id": group, "shape_type": "rectangle", "flags": {}}


def read(folder: Path, shapes: Any, **changes: Any) -> tuple[PersonRecord, ...]:
    content = {"shapes": shapes, "imagePath": "..\\photos\\a.jpg", "imageWidth": 200, "imageHeight": 100}
    (folder / "a.json").write_text(json.dumps(content | changes))
    (record,) = read_labelme(folder, folder / "images", PAIR)
    assert record.path == folder / "images" / "a.jpg"
    return record.persons


def test_group_ids_tell_persons_apart(tmp_path: Path) -> None:
    shapes = [point("head", 50, 10, 1), point("head", 150, 20, 2), point("foot", 55, 90, 1, occluded=True)]
    first, second = read(tmp_path, [*shapes, rectangle(40, 5, 60, 95, 1)])
    assert first.points_px.tolist() == [[50, 10], [55, 90]]
    assert first.visibility.tolist() == [2, 1]
    assert first.box_px == (40, 5, 20, 90)
    assert second.visibility.tolist() == [2, 0]


def test_points_belong_to_the_rectangle_that_holds_them(tmp_path: Path) -> None:
    boxes = [rectangle(100, 0, 190, 100), rectangle(0, 0, 90, 100)]
    first, second = read(tmp_path, [point("head", 50, 10), *boxes, point("head", 150, 20)])
    assert (first.points_px[0, 0], second.points_px[0, 0]) == (150, 50)


def test_the_points_of_a_file_without_either_are_one_persons(tmp_path: Path) -> None:
    (person,) = read(tmp_path, [point("head", 50, 10), point("foot", 60, 90)])
    left, top, width, height = person.box_px
    assert left < 50
    assert top < 10
    assert left + width > 60
    assert 90 < top + height <= 100


def test_a_rectangle_without_points_is_a_person_and_other_shapes_are_left_out(tmp_path: Path) -> None:
    mat = {"label": "mat", "points": [[0, 0], [9, 9], [0, 9]], "shape_type": "polygon"}
    (person,) = read(tmp_path, [rectangle(0, 0, 90, 90), mat])
    assert person.num_labelled == 0


def test_labels_can_be_mapped(tmp_path: Path) -> None:
    shapes = [point("Kopf", 50, 10), point("nose", 52, 12)]
    content = {"shapes": shapes, "imagePath": "a.jpg", "imageWidth": 200, "imageHeight": 100}
    (tmp_path / "a.json").write_text(json.dumps(content))
    (picture,) = read_labelme(tmp_path, tmp_path, PAIR, {"head": "Kopf"})
    assert picture.persons[0].points_px[0].tolist() == [50, 10]
    assert picture.persons[0].annotated is not None
    assert picture.persons[0].annotated.tolist() == [True, False]


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([point("hand", 1, 1)], r"a\.json: shape 0: 'hand' is not a keypoint"),
        ([point("head", 1, 1), point("head", 2, 2)], "shape 1: a second point 'head'"),
        ([rectangle(0, 0, 90, 90), rectangle(10, 0, 80, 90), point("head", 50, 10)], "shape 2: .* lies in 2"),
        ([rectangle(0, 0, 9, 9), point("head", 50, 10)], "lies in 0 rectangles"),
        ([point("head", 1, 1, 1), rectangle(0, 0, 9, 9, 1), rectangle(0, 0, 9, 9, 1)], "second rectangle"),
        ([{"label": "head"}], "shape 0: expected an object"),
        ([point("head", float("nan"), 1)], "finite"),
        ([{"label": "head", "points": [["a", 1]], "shape_type": "point"}], "must be numbers"),
        ([point("head", 1e300, 1)], "shape 0: 'points' must be finite"),
        ([point("head", 1, 1) | {"points": [[1, 1], [2, 2]]}], "shape 0: .* one pair"),
        ([point("head", 1, 1) | {"points": []}], "shape 0: .* one pair"),
        ([point("head", 1, 1) | {"label": None}], "shape 0: 'label' must be a text"),
        ([point("head", 1, 1) | {"group_id": [1]}], "shape 0: 'group_id' must be"),
        ([], "no annotated person"),
        (3, r"a\.json: not a labelme file"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_place(shapes: list[dict[str, Any]], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, shapes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["deep/b/a.jpg", "../images/b/a.jpg", "C:\\set\\b\\a.jpg"])
def test_pictures_in_folders_of_the_folder_are_found(path: str, tmp_path: Path) -> None:
    picture = tmp_path / "images" / "b" / "a.jpg"
    picture.parent.mkdir(parents=True)
    picture.touch()
    content = {"shapes": [point("head", 5, 5)], "imagePath": path, "imageWidth": 9, "imageHeight": 9}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert read_labelme(tmp_path, tmp_path / "images", PAIR)[0].path.samefile(picture)


@pytest.mark.parametrize(
    "changes", [{"imageWidth": -1}, {"imageWidth": None}, {"imageWidth": True}, {"imagePath": 3}, {"imagePath": ""}]
)
def test_files_that_are_not_labelmes_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.(json|jpg)"):
        read(tmp_path, [point("head", 1, 1)], **changes)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="labelme"):
        read_labelme(tmp_path, tmp_path, PAIR)


def test_points_far_from_every_other_make_a_finite_box(tmp_path: Path) -> None:
    (person,) = read(tmp_path, [point("head", 50, 10)])
    assert np.isfinite(person.box_px).all()
