"""The COCO reader: what it gives, and how it refuses what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movenet.data.coco import read_coco
from movenet.errors import DataError
from movenet.skeleton import COCO17, Skeleton
from tests.data.small_sets import coco_content


def write(folder: Path, content: Any) -> Path:
    path = folder / "annotations.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_records_hold_what_the_file_says(tmp_path: Path) -> None:
    content = coco_content(num_pictures=2)
    content["annotations"][1]["image_id"] = 0  # two persons in one picture, none in the other
    first, second = read_coco(write(tmp_path, content), tmp_path / "images", COCO17)
    assert (len(first.persons), len(second.persons)) == (2, 0)
    assert first.path == tmp_path / "images" / "0.png"
    keypoints = np.array(content["annotations"][0]["keypoints"], np.float32).reshape(-1, 3)
    np.testing.assert_array_equal(first.persons[0].points_px, keypoints[:, :2])
    np.testing.assert_array_equal(first.persons[0].visibility, keypoints[:, 2])
    assert first.persons[0].num_labelled == COCO17.num_keypoints


def test_crowd_regions_are_left_out(tmp_path: Path) -> None:
    content = coco_content(num_pictures=2)
    content["annotations"][0]["iscrowd"] = 1
    records = read_coco(write(tmp_path, content), tmp_path, COCO17)
    assert sum(len(record.persons) for record in records) == 1


def test_teacher_points_are_read_where_they_stand(tmp_path: Path) -> None:
    content = coco_content(num_pictures=1)
    content["annotations"][0]["teacher_keypoints"] = [1.0, 2.0, 0.5] * COCO17.num_keypoints
    content["annotations"][0]["teacher_disagreement"] = [0.01] * COCO17.num_keypoints
    (person,) = read_coco(write(tmp_path, content), tmp_path, COCO17)[0].persons
    assert person.teacher_points_px is not None
    assert person.teacher_scores is not None
    np.testing.assert_array_equal(person.teacher_points_px[3], [1.0, 2.0])
    np.testing.assert_array_equal(person.teacher_scores, np.float32(0.5))


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    content = coco_content()
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{ not json", "not a json file"),
        ("[1, 2]", "not COCO"),
        ({"images": []}, "not COCO"),
        ({"images": [1], "annotations": [2]}, "must be an object"),
        (changed(["annotations"], []), "no annotated person"),
        (changed(["annotations", 0, "keypoints"], [1, 2, 2]), "annotation 100: 'keypoints' .* 51 numbers.* found 3"),
        (changed(["annotations", 0, "keypoints"], [[1, 2, 2]] * 17), "annotation 100: .* found 17 x 3"),
        (changed(["annotations", 0, "keypoints"], [10**400] * 51), "annotation 100: 'keypoints'"),
        (changed(["annotations", 0, "keypoints"], [1e300] * 51), "finite"),
        (changed(["annotations", 0, "teacher_keypoints"], [0.5] * 5), "annotation 100: 'teacher_keypoints' .* 51"),
        (changed(["annotations", 0, "teacher_disagreement"], [float("nan")] * 17), "'teacher_disagreement' .* finite"),
        (changed(["annotations", 1, "id"], 100), "annotation 100: another annotation has this id"),
        (changed(["annotations", 0, "category_id"], 9), "annotation 100: its category id, 9"),
        (changed(["annotations", 0, "category_id"], None), "annotation 100: the key 'category_id' is missing"),
        (changed(["annotations", 0, "keypoints"], ["x"] * 51), "annotation 100"),
        (changed(["annotations", 0, "keypoints"], [float("nan")] * 51), "finite"),
        (changed(["annotations", 0, "keypoints"], [7] * 51), "visibility"),
        (changed(["annotations", 0, "bbox"], None), "'bbox' is missing"),
        (changed(["annotations", 0, "bbox"], [1, 2]), "annotation 100"),
        (changed(["annotations", 0, "image_id"], 77), "77"),
        (changed(["images", 0, "file_name"], None), "image 0: the key 'file_name'"),
    ],
)
def test_what_is_not_coco_is_refused_with_the_place(content: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_coco(write(tmp_path, content), tmp_path, COCO17)
    assert "annotations.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, coco_content(num_pictures=1))
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert len(read_coco(path, tmp_path, COCO17)) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.json"):
        read_coco(tmp_path / "nowhere.json", tmp_path, COCO17)


def test_another_skeleton_is_refused(tmp_path: Path) -> None:
    small = Skeleton.from_dict({"keypoints": [{"name": "head", "sigma": 0.1}, {"name": "tail", "sigma": 0.1}]})
    path = write(tmp_path, coco_content(skeleton=small))
    with pytest.raises(DataError, match="skeleton"):
        read_coco(path, tmp_path, COCO17)
    assert len(read_coco(path, tmp_path, small)) == 4
