"""COCO json as CVAT and Label Studio write it: the files below have the form that their exporters give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movenet.data.coco import read_coco
from movenet.data.records import PictureRecord
from movenet.errors import DataError
from movenet.skeleton import Skeleton

TRIPLE = Skeleton.from_dict({"keypoints": [{"name": name, "sigma": 0.1} for name in ("head", "hand", "foot")]})
POINTS = [100.0, 50.0, 2, 140.0, 120.0, 2, 110.0, 250.0, 2]
EXTENT = [100.0, 50.0, 40.0, 200.0]


def read(folder: Path, content: dict[str, Any]) -> list[PictureRecord]:
    (folder / "images").mkdir(exist_ok=True)
    for name in ("af31-first.jpg", "second.jpg"):
        (folder / "images" / name).touch()
    path = folder / "result.json"
    path.write_text(json.dumps(content))
    return read_coco(path, folder / "images", TRIPLE)


def label_studio(annotations: list[dict[str, Any]]) -> dict[str, Any]:
    keypoints = {
        "id": 1,
        "name": "default",
        "supercategory": "default",
        "keypoints": list(TRIPLE.names),
        "skeleton": [],
    }
    images = [{"width": 300, "height": 300, "id": 0, "file_name": "images\\af31-first.jpg"}]
    return {
        "images": images,
        "categories": [{"id": 0, "name": "Person"}, keypoints],
        "annotations": annotations,
        "info": {"year": 2026, "version": "1.0", "description": "", "contributor": "Label Studio", "url": ""},
    }


def studio_points(**changes: Any) -> dict[str, Any]:
    annotation = {"id": 0, "image_id": 0, "category_id": 1, "num_keypoints": 3, "iscrowd": 0}
    return annotation | {"keypoints": [int(v) for v in POINTS], "bbox": [int(v) for v in EXTENT]} | changes


def studio_box(box: list[float], number: int = 1) -> dict[str, Any]:
    area = box[2] * box[3]
    return {"id": number, "image_id": 0, "category_id": 0, "segmentation": [], "bbox": box, "ignore": 0, "area": area}


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures are empty files here: their upright size is 300 x 400."""
    monkeypatch.setattr("movenet.data.coco.upright_size", lambda path: (300, 400))


@pytest.mark.usefixtures("sizes")
def test_label_studio_takes_the_box_that_was_drawn(tmp_path: Path) -> None:
    (picture,) = read(tmp_path, label_studio([studio_points(), studio_box([80, 30, 90, 240])]))
    (person,) = picture.persons
    assert picture.path == tmp_path / "images" / "af31-first.jpg"
    assert picture.upright
    assert (picture.width_px, picture.height_px) == (300, 400)
    assert person.box_px == (80, 30, 90, 240)
    assert person.visibility.tolist() == [2, 2, 2]


@pytest.mark.usefixtures("sizes")
def test_label_studio_without_a_box_gets_one_with_a_margin(tmp_path: Path) -> None:
    (picture,) = read(tmp_path, label_studio([studio_points()]))
    left, top, width, height = picture.persons[0].box_px
    assert (left, top, width, height) == pytest.approx((95, 30, 50, 240))


@pytest.mark.usefixtures("sizes")
def test_label_studio_mixing_two_persons_is_refused(tmp_path: Path) -> None:
    boxes = [studio_box([80, 30, 90, 100]), studio_box([90, 200, 60, 90], 2)]
    with pytest.raises(DataError, match="image 0: several rectangles"):
        read(tmp_path, label_studio([studio_points(), *boxes]))


@pytest.mark.usefixtures("sizes")
def test_label_studio_pictures_without_labels_and_size_are_left_out(tmp_path: Path) -> None:
    content = label_studio([studio_points()])
    content["images"].append({"width": None, "height": None, "id": 1, "file_name": "http://host/gone.jpg"})
    assert [picture.image_id for picture in read(tmp_path, content)] == [0]


def cvat(annotations: list[dict[str, Any]]) -> dict[str, Any]:
    person = {"id": 1, "name": "person", "supercategory": "", "keypoints": list(TRIPLE.names), "skeleton": [[1, 2]]}
    mat = {"id": 2, "name": "mat", "supercategory": "", "keypoints": [], "skeleton": []}
    image = {"id": 1, "width": 300, "height": 300, "file_name": "class1/second.jpg", "license": 0, "flickr_url": ""}
    return {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": "", "description": "", "url": "", "version": "", "year": ""},
        "categories": [person, mat],
        "images": [image],
        "annotations": annotations,
    }


def cvat_person(**changes: Any) -> dict[str, Any]:
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [], "area": 8000.0, "bbox": EXTENT}
    attributes = {"occluded": False, "keyframe": True}
    return annotation | {"iscrowd": 0, "attributes": attributes, "keypoints": POINTS, "num_keypoints": 3} | changes


def test_cvat_boxes_that_are_the_points_extent_get_a_margin(tmp_path: Path) -> None:
    mat = cvat_person(id=2, category_id=2, keypoints=[], bbox=[0, 0, 10, 10])
    (picture,) = read(tmp_path, cvat([cvat_person(), mat]))
    (person,) = picture.persons
    assert picture.path == tmp_path / "images" / "second.jpg"
    assert person.box_px == pytest.approx((95, 30, 50, 240))
    assert person.area_px == pytest.approx(0.53 * 50 * 240)


def test_cvat_boxes_that_were_drawn_are_kept(tmp_path: Path) -> None:
    (picture,) = read(tmp_path, cvat([cvat_person(bbox=[90.0, 20.0, 60.0, 250.0])]))
    assert picture.persons[0].box_px == (90, 20, 60, 250)


def test_cvat_points_outside_the_picture_are_unlabelled_whatever_their_place(tmp_path: Path) -> None:
    points = [100.0, 50.0, 2, 140.0, 120.0, 0, 110.0, 250.0, 1]
    (picture,) = read(tmp_path, cvat([cvat_person(keypoints=points, bbox=[100, 50, 10, 200])]))
    assert picture.persons[0].visibility.tolist() == [2, 0, 1]


def test_other_files_keep_their_tight_boxes(tmp_path: Path) -> None:
    content = cvat([cvat_person()])
    del content["annotations"][0]["attributes"]
    (picture,) = read(tmp_path, content)
    np.testing.assert_array_equal(picture.persons[0].box_px, EXTENT)
