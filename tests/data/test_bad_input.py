"""Whatever stands in a file: a reader gives records, or an error of one line that names the file."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.data.formats import FORMATS, FormatName, find_format
from movenet.data.records import PictureRecord
from movenet.errors import MovenetError
from movenet.skeleton import Skeleton

PAIR = Skeleton.from_dict(
    {
        "keypoints": [
            {"name": "left", "sigma": 0.1, "mirror": "right"},
            {"name": "right", "sigma": 0.1, "mirror": "left"},
        ]
    }
)
POINTS = [20.0, 30.0, 2, 40.0, 50.0, 2]
JUNK: list[Any] = [
    *(None, True, False),
    *(-1, 0, 3, 10**30, 10**400, 1e300, 1.5, float("nan"), float("inf"), "", "x", "\n", "é\\..\\b"),
    *("long" * 100, "a\0b"),
    *([], {}, [1], [[1, 2], [3]], ["a", None], {"a": 1}, {1: [2]}),
]


def coco(label_studio: bool = False, cvat: bool = False) -> dict[str, Any]:
    person: dict[str, Any] = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": 400.0}
    person |= {"bbox": [20.0, 30.0, 20.0, 20.0], "keypoints": POINTS, "segmentation": []}
    person |= {"teacher_keypoints": [20.0, 30.0, 0.5, 40.0, 50.0, 0.5], "teacher_disagreement": [0.1, 0.1]}
    rectangle = {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0.0, 0.0, 60.0, 60.0]}
    content: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "deep/a.png", "width": 80, "height": 60}],
        "annotations": [person, rectangle],
        "categories": [{"id": 1, "name": "person", "keypoints": list(PAIR.names)}, {"id": 2, "name": "mat"}],
    }
    if label_studio:
        content["info"] = {"contributor": "Label Studio"}
    if cvat:
        person["attributes"] = rectangle["attributes"] = {"occluded": False}
    return content


def labelme() -> dict[str, Any]:
    shapes = [
        {"label": "person", "points": [[10, 10], [70, 50]], "group_id": None, "shape_type": "rectangle", "flags": {}},
        {"label": "left", "points": [[20, 30]], "group_id": None, "shape_type": "point", "flags": {"occluded": True}},
        {"label": "right", "points": [[40, 45]], "group_id": 3, "shape_type": "point", "flags": {}},
    ]
    return {"shapes": shapes, "imagePath": "a.png", "imageWidth": 80, "imageHeight": 60}


def yolo() -> dict[str, Any]:
    return {"kpt_shape": [2, 3], "flip_idx": [1, 0], "names": {0: "person"}, "kpt_names": {0: ["left", "right"]}}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within a json."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def spoilt(content: dict[str, Any]) -> Iterator[Any]:
    """The content with each piece of junk in each of its places in turn."""
    for path, junk in itertools.product(places(content), JUNK):
        yield replaced(content, path, junk)


def replaced(content: dict[str, Any], path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    result = copy.deepcopy(content)
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = junk
    return result


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad") / "images"
    (folder.parent / "labels").mkdir()
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.zeros((60, 80, 3), np.uint8))
    (folder.parent / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.5 0.3 0.4 2 0.6 0.5 1\n")
    return folder


def outcome(name: FormatName, annotations: Path, images: Path) -> list[PictureRecord] | str:
    """Records, or the message of the error that a user can mend; any other error fails the test."""
    try:
        return find_format(name).read(annotations, images, PAIR, None)
    except MovenetError as error:
        return str(error)


def check(found: list[PictureRecord] | str, folder: Path) -> None:
    if isinstance(found, str):
        assert str(folder) in found
        assert "\n" not in found
        return
    for picture in found:
        for person in picture.persons:
            assert np.isfinite(person.points_px[person.visibility > 0]).all()
            assert np.isfinite(person.box_px).all()
            assert np.isfinite(person.area_px)


CONTENTS = {"plain": coco(), "label studio": coco(label_studio=True), "cvat": coco(cvat=True)}


@pytest.mark.parametrize("kind", CONTENTS)
def test_spoilt_coco(kind: str, images: Path) -> None:
    annotations = images.parent / "coco.json"
    for content in spoilt(CONTENTS[kind]):
        annotations.write_text(json.dumps(content))
        check(outcome("coco", annotations, images), images.parent)


def test_spoilt_labelme(images: Path) -> None:
    folder = images.parent / "labelme"
    folder.mkdir()
    for content in spoilt(labelme()):
        (folder / "a.json").write_text(json.dumps(content))
        check(outcome("labelme", folder, images), images.parent)


def test_spoilt_yolo(images: Path) -> None:
    annotations = images.parent / "data.yaml"
    for content in spoilt(yolo()):
        annotations.write_text(yaml.safe_dump(content))
        check(outcome("yolo", annotations, images), images.parent)


@settings(max_examples=100)
@given(text=st.text(st.sampled_from("0123456789. -+eEnaif\n\t,x"), max_size=60))
def test_spoilt_yolo_labels(text: str, images: Path) -> None:
    folder = images.parent / "lines"
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "labels").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "images" / "a.png"), np.zeros((60, 80, 3), np.uint8))
    (folder / "labels" / "a.txt").write_text(text)
    (folder / "data.yaml").write_text(yaml.safe_dump(yolo()))
    check(outcome("yolo", folder / "data.yaml", folder / "images"), folder)


@pytest.mark.parametrize("name", FORMATS)
def test_healthy_files_are_read(name: FormatName, images: Path) -> None:
    """The files that are spoilt above are whole before."""
    folder = images.parent / f"healthy_{name}"
    folder.mkdir()
    contents = {"coco": ("set.json", json.dumps(coco())), "yolo": ("data.yaml", yaml.safe_dump(yolo()))}
    contents["labelme"] = ("a.json", json.dumps(labelme() | {"shapes": labelme()["shapes"][:2]}))
    file, text = contents[name]
    (folder / file).write_text(text)
    (picture,) = find_format(name).read(folder if name == "labelme" else folder / file, images, PAIR, None)
    assert len(picture.persons) == 1
