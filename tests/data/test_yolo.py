"""The YOLO-pose reader: what it gives, and how it refuses what it cannot use."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from movenet.data.yolo import read_yolo
from movenet.errors import DataError
from movenet.skeleton import COCO17, Skeleton

TRIPLE = Skeleton.from_dict(
    {
        "keypoints": [
            {"name": "head", "sigma": 0.1},
            {"name": "left", "sigma": 0.1, "mirror": "right"},
            {"name": "right", "sigma": 0.1, "mirror": "left"},
        ]
    }
)
DESCRIPTION = {"kpt_shape": [3, 3], "flip_idx": [0, 2, 1], "names": {0: "person", 1: "mat"}}
PERSON = "0 0.5 0.5 0.4 0.8 0.5 0.2 2 0.6 0.4 1 0 0 0"


def write_yolo(folder: Path, label: str | None = PERSON, **changes: object) -> tuple[Path, Path]:
    """One picture of 200 x 100 pixels."""
    images, labels = folder / "images" / "train", folder / "labels" / "train"
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    cv2.imwrite(str(images / "a.png"), np.zeros((100, 200, 3), np.uint8))
    if label is not None:
        (labels / "a.txt").write_text(label)
    (folder / "data.yaml").write_text(yaml.safe_dump(DESCRIPTION | changes))
    return folder / "data.yaml", images


def test_shares_become_pixels(tmp_path: Path) -> None:
    (picture,) = read_yolo(*write_yolo(tmp_path), TRIPLE)
    (person,) = picture.persons
    assert (picture.width_px, picture.height_px) == (200, 100)
    np.testing.assert_allclose(person.box_px, (60, 10, 80, 80))
    np.testing.assert_allclose(person.points_px[:2], [[100, 20], [120, 40]])
    assert person.visibility.tolist() == [2, 1, 0]


def test_two_numbers_a_point_are_visible_or_not_labelled(tmp_path: Path) -> None:
    paths = write_yolo(tmp_path, "0 0.5 0.5 0.4 0.8 0.5 0.2 0.6 0.4 0 0", kpt_shape=[3, 2])
    assert read_yolo(*paths, TRIPLE)[0].persons[0].visibility.tolist() == [2, 2, 0]


def test_pictures_without_labels_have_no_person_and_other_classes_are_left_out(tmp_path: Path) -> None:
    description, images = write_yolo(tmp_path, f"{PERSON}\n\n1{PERSON[1:]}\n")
    cv2.imwrite(str(images / "b.png"), np.zeros((10, 10, 3), np.uint8))
    assert [len(picture.persons) for picture in read_yolo(description, images, TRIPLE)] == [1, 0]


def test_label_studios_export_is_read_with_the_description_of_the_page(tmp_path: Path) -> None:
    """It writes `images`, `labels`, `classes.txt` and `notes.json`; lines end with the last person's last number."""
    page = (Path(__file__).parents[2] / "docs" / "own-data.md").read_text(encoding="utf-8")
    description = [line for line in re.findall(r"`([^`\n]+)`", page) if line.startswith(("kpt_shape:", "names:"))]
    assert len(description) == 2
    images, labels = tmp_path / "images", tmp_path / "labels"
    images.mkdir()
    labels.mkdir()
    cv2.imwrite(str(images / "af31-first.jpg"), np.zeros((100, 200, 3), np.uint8))
    points = " ".join(["0.25 0.5 2", *["0.0 0.0 0"] * 16])
    (labels / "af31-first.txt").write_text(f"0 0.25 0.5 0.3 0.8 {points}\n0 0.75 0.5 0.3 0.8 {points}")
    (tmp_path / "classes.txt").write_text("person\n")
    (tmp_path / "data.yaml").write_text("\n".join(description))
    (picture,) = read_yolo(tmp_path / "data.yaml", images, COCO17)
    assert [person.visibility.tolist() for person in picture.persons] == [[2] + [0] * 16] * 2
    assert picture.persons[0].points_px[0].tolist() == [50, 50]


@pytest.mark.parametrize("names", [["right", "left", "head"], {0: ["right", "left", "head"]}])
def test_named_points_can_be_mapped(names: object, tmp_path: Path) -> None:
    paths = write_yolo(tmp_path, flip_idx=[1, 0, 2], kpt_names=names)
    with pytest.raises(DataError, match="map"):
        read_yolo(*paths, TRIPLE)
    person = read_yolo(*paths, TRIPLE, {"left": "left", "right": "right"})[0].persons[0]
    assert person.visibility.tolist() == [0, 1, 2]
    assert person.annotated is not None
    assert person.annotated.tolist() == [False, True, True]


def test_phone_pictures_are_read_as_they_are_looked_at(tmp_path: Path) -> None:
    from PIL import Image

    from movenet.data.pictures import read_annotated

    description, images = write_yolo(tmp_path)
    (images / "a.png").unlink()
    stored = np.zeros((200, 100, 3), np.uint8)
    stored[:40] = 255  # stored on its side: the bright end is the right one
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(stored).save(images / "a.jpg", exif=exif)
    (picture,) = read_yolo(description, images, TRIPLE)
    assert (picture.width_px, picture.height_px) == (200, 100)
    image = read_annotated(picture)
    assert image.shape[:2] == (100, 200)
    assert image[:, 170:].mean() > 250
    assert image[:, :150].mean() < 5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": "0 0.5 0.5"}, r"a\.txt: line 1: expected 14 numbers"),
        ({"label": PERSON.replace("0.2", "x")}, r"a\.txt: line 1"),
        ({"label": f"{PERSON}\n{PERSON.replace('0.2', 'nan')}"}, r"a\.txt: line 2: .*finite"),
        ({"label": PERSON.replace("0.2 2", "0.2 3")}, "visibility"),
        ({"label": PERSON.replace("0.8", "-0.8")}, "negative"),
        ({"label": None}, "no annotated person"),
        ({"label": PERSON.replace("0.2", "20.5")}, r"a\.txt: line 1: .* not pixels"),
        ({"label": PERSON.replace(" ", ",")}, r"a\.txt: line 1: must be numbers with blanks"),
        ({"label": f"7{PERSON[1:]}"}, r"a\.txt: line 1: its class, 7"),
        ({"label": f"0.5{PERSON[1:]}"}, r"a\.txt: line 1: its class, 0\.5"),
        ({"names": {"a": "person"}}, "'names' must be"),
        ({"kpt_shape": [3, 4]}, "kpt_shape"),
        ({"kpt_shape": None}, "kpt_shape"),
        ({"flip_idx": [0, 1, 1]}, "flip_idx"),
        ({"flip_idx": [0, 1, 2]}, "another order"),
        ({"kpt_names": ["head"]}, "kpt_names"),
        ({"kpt_shape": [4, 3], "flip_idx": None}, "4 keypoints, the skeleton 3"),
    ],
)
def test_what_is_not_yolo_is_refused_with_the_place(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_yolo(*write_yolo(tmp_path, **changes), TRIPLE)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    description, images = write_yolo(tmp_path)
    with pytest.raises(DataError, match=r"nowhere\.yaml"):
        read_yolo(tmp_path / "nowhere.yaml", images, TRIPLE)
    with pytest.raises(DataError, match="no such folder"):
        read_yolo(description, tmp_path / "nowhere", TRIPLE)
    (images / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.png: not a picture"):
        read_yolo(description, images, TRIPLE)
