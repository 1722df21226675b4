"""There and back between the formats: what the target can hold comes back, what it cannot is said."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.cli import main
from movenet.data.coco import read_coco
from movenet.data.conversion import unheld_parts, write_set
from movenet.data.formats import FORMATS, FormatName, find_format
from movenet.data.records import PersonRecord, PictureRecord
from movenet.skeleton import COCO17, Skeleton
from tests.data.small_sets import coco_content
from tests.data.small_sets import write_set as write_coco_set

PAIR = Skeleton.from_dict(
    {
        "keypoints": [
            {"name": "left", "sigma": 0.1, "mirror": "right"},
            {"name": "right", "sigma": 0.1, "mirror": "left"},
        ],
        "edges": [["left", "right"]],
    }
)
WIDTH, HEIGHT = 160, 90


@st.composite
def persons(draw: st.DrawFn, annotation_id: int) -> PersonRecord:
    inside = [st.floats(0, side, width=32) for side in (WIDTH, HEIGHT)]
    points = np.array([[draw(axis) for axis in inside] for _ in PAIR.names], np.float32)
    visibility = np.array(draw(st.lists(st.sampled_from([0, 1, 2]), min_size=2, max_size=2)), np.int8)
    left, top = draw(st.floats(0, WIDTH - 10)), draw(st.floats(0, HEIGHT - 10))
    width, height = draw(st.floats(1, WIDTH - left)), draw(st.floats(1, HEIGHT - top))
    points[visibility == 0] = 0
    return PersonRecord(annotation_id, (left, top, width, height), draw(st.floats(1, 1e4)), points, visibility)


@st.composite
def pictures(draw: st.DrawFn, folder: Path) -> list[PictureRecord]:
    result = []
    for number in range(draw(st.integers(1, 3))):
        count = draw(st.integers(1 if number == 0 else 0, 3))
        of_picture = tuple(draw(persons(10 * number + index)) for index in range(count))
        result.append(PictureRecord(number, folder / f"{number}.png", WIDTH, HEIGHT, of_picture, upright=True))
    return result


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    return folder


def there_and_back(target: FormatName, records: list[PictureRecord], images: Path, folder: Path) -> list[PictureRecord]:
    output = folder / ("set.json" if target == "coco" else "set")
    write_set(target, output, records, images, PAIR)
    annotations = output / "data.yaml" if target == "yolo" else output
    read_images = output / "images" / "train" if target == "yolo" else images
    return find_format(target).read(annotations, read_images, PAIR, None)


@pytest.mark.parametrize("target", FORMATS)
@settings(max_examples=25)
@given(data=st.data())
def test_what_a_format_can_hold_comes_back(target: FormatName, images: Path, data: st.DataObject) -> None:
    records = data.draw(pictures(images))
    with tempfile.TemporaryDirectory() as folder:
        returned = there_and_back(target, records, images, Path(folder))
    assert [picture.path.name for picture in returned] == [picture.path.name for picture in records]
    for before, after in zip(records, returned, strict=True):
        assert (after.width_px, after.height_px, after.upright) == (WIDTH, HEIGHT, True)
        for old, new in zip(before.persons, after.persons, strict=True):
            np.testing.assert_array_equal(new.visibility, old.visibility)
            np.testing.assert_array_equal(new.points_px, old.points_px)
            np.testing.assert_allclose(new.box_px, old.box_px, rtol=0, atol=1e-9)
            if target == "coco":
                assert (new.annotation_id, new.area_px) == (old.annotation_id, old.area_px)


def test_coco_keeps_the_teachers_answers(images: Path, tmp_path: Path) -> None:
    person = PersonRecord(
        annotation_id=3,
        box_px=(1.0, 2.0, 30.0, 40.0),
        area_px=500.0,
        points_px=np.array([[5, 6], [7.7, 8.8]], np.float32),
        visibility=np.array([2, 1], np.int8),
        teacher_points_px=np.array([[5.5, 6], [7, 8]], np.float32),
        teacher_scores=np.array([0.9, 0.1], np.float32),
        teacher_disagreement=np.array([0.01, 0.3], np.float32),
    )
    record = PictureRecord(0, images / "0.png", WIDTH, HEIGHT, (person,))
    (returned,) = there_and_back("coco", [record], images, tmp_path)
    for name in ("teacher_points_px", "teacher_scores", "teacher_disagreement"):
        np.testing.assert_array_equal(getattr(returned.persons[0], name), getattr(person, name))
    assert unheld_parts([record], "coco") == []
    assert any("teacher" in line for line in unheld_parts([record], "yolo"))


def test_what_yolo_cannot_hold_is_said_and_becomes_unlabelled(images: Path, tmp_path: Path) -> None:
    points, visibility = np.array([[-3, 6], [7, 8]], np.float32), np.array([2, 2], np.int8)
    person = PersonRecord(3, (-5.0, 2.0, 30.0, 40.0), 0.53 * 1200, points, visibility)
    record = PictureRecord(0, images / "0.png", WIDTH, HEIGHT, (person,), upright=True)
    lost = unheld_parts([record], "yolo")
    assert any(line.startswith("1 points outside") for line in lost)
    assert any(line.startswith("the parts of 1 boxes") for line in lost)
    (returned,) = there_and_back("yolo", [record], images, tmp_path)
    assert returned.persons[0].visibility.tolist() == [0, 2]
    np.testing.assert_allclose(returned.persons[0].box_px, (0, 2, 25, 40))


def test_the_command_converts_and_says_what_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = coco_content(num_pictures=3)
    content["images"][0]["flickr_url"] = "http://x"
    content["annotations"].append(content["annotations"][0] | {"id": 7, "iscrowd": 1})
    annotations, folder = write_coco_set(tmp_path, content)
    yolo, back = tmp_path / "yolo", tmp_path / "back.json"
    assert main(["data", "convert", str(annotations), str(folder), str(yolo), "--to", "yolo"]) == 0
    said = capsys.readouterr().out
    assert "not kept: 'flickr_url' of 1 images" in said
    assert "1 crowd regions" in said
    assert "3 pictures, 3 persons" in said
    assert main(["data", "convert", str(yolo / "data.yaml"), str(yolo / "images" / "train"), str(back)]) == 0
    before = read_coco(annotations, folder, COCO17)
    after = read_coco(back, yolo / "images" / "train", COCO17)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old.persons[0].points_px, new.persons[0].points_px)


def said_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["data", "convert", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_what_no_record_holds_is_said_of_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = coco_content(num_pictures=2)
    content["categories"].append({"id": 2, "name": "mat"})
    content["annotations"].append({"id": 7, "image_id": 0, "category_id": 2, "bbox": [0, 0, 9, 9]})
    annotations, folder = write_coco_set(tmp_path, content)
    yolo, labelme = tmp_path / "yolo", tmp_path / "labelme"
    assert "1 annotations without keypoints" in said_of(capsys, annotations, folder, yolo, "--to", "yolo")
    said_of(capsys, annotations, folder, labelme, "--to", "labelme")

    description = yaml.safe_load((yolo / "data.yaml").read_text())
    (yolo / "data.yaml").write_text(yaml.safe_dump(description | {"names": ["person", "mat"]}))
    label = yolo / "labels" / "train" / "0.txt"
    label.write_text(f"{label.read_text()}1{label.read_text()[1:]}")
    said = said_of(capsys, yolo / "data.yaml", yolo / "images" / "train", tmp_path / "from_yolo.json")
    assert "not kept: 1 objects of other classes" in said
    assert "2 pictures, 2 persons" in said

    file = json.loads((labelme / "0.json").read_text())
    file["shapes"] += [{"label": "mat", "points": [[0, 0], [9, 9], [0, 9]], "shape_type": "polygon"}]
    file["shapes"] += [{"label": "nose", "points": [[5, 5], [9, 5]], "shape_type": "circle", "description": "sure"}]
    (labelme / "0.json").write_text(json.dumps(file | {"imageData": "iVBO"}))
    said = said_of(capsys, labelme, folder, tmp_path / "from_labelme.json")
    for line in ("1 shapes of the type 'polygon' labelled 'mat'", "1 shapes of the type 'circle' labelled 'nose'"):
        assert f"not kept: {line}" in said
    assert "1 pictures embedded" in said
    assert "1 descriptions" in said


def test_missing_pictures_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    annotations, folder = write_coco_set(tmp_path, coco_content(num_pictures=3))
    (folder / "1.png").unlink()
    said = said_of(capsys, annotations, folder, tmp_path / "new.json")
    assert f"1 of 3 pictures are not there, the first: {folder / '1.png'}" in said


def test_pictures_in_folders_of_the_folder_come_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = coco_content(num_pictures=2)
    annotations, folder = write_coco_set(tmp_path, content)
    (folder / "monday").mkdir()
    (folder / "1.png").rename(folder / "monday" / "1.png")
    content["images"][1]["file_name"] = "monday/1.png"
    annotations.write_text(json.dumps(content))
    for target in ("labelme", "yolo"):
        said_of(capsys, annotations, folder, tmp_path / target, "--to", target)
    sets = {"labelme": (tmp_path / "labelme", folder)}
    sets["yolo"] = tmp_path / "yolo" / "data.yaml", tmp_path / "yolo" / "images" / "train"
    for target, (of_target, images) in sets.items():
        output = tmp_path / f"from_{target}.json"
        assert "not there" not in said_of(capsys, of_target, images, output)
        assert {p.path.relative_to(images).as_posix() for p in read_coco(output, images, COCO17)} == {
            "0.png",
            "monday/1.png",
        }


def test_nothing_is_half_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    annotations, folder = write_coco_set(tmp_path, coco_content(num_pictures=3))
    (folder / "2.png").unlink()
    assert main(["data", "convert", str(annotations), str(folder), str(tmp_path / "yolo"), "--to", "yolo"]) == 2
    assert "2.png" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["annotations.json", "images"]


def test_an_output_that_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    annotations, folder = write_coco_set(tmp_path, coco_content(num_pictures=1))
    before = annotations.read_text()
    assert main(["data", "convert", str(annotations), str(folder), str(annotations)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert json.loads(annotations.read_text()) == json.loads(before)


def test_pictures_of_one_name_in_one_place_are_refused(images: Path, tmp_path: Path) -> None:
    from movenet.errors import DataError

    record = PictureRecord(0, images / "0.png", WIDTH, HEIGHT, (), upright=True)
    with pytest.raises(DataError, match="same name"):
        write_set("labelme", tmp_path / "set", [record, replace(record, image_id=1)], images, PAIR)
    assert not (tmp_path / "set").exists()
