"""From one annotation format to another by way of the records, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from movenet.data.boxes import estimated_area
from movenet.data.coco_writer import write_coco
from movenet.data.formats import FormatName
from movenet.data.labelme_writer import write_labelme
from movenet.data.pictures import stored_turned
from movenet.data.records import PersonRecord, PictureRecord
from movenet.data.yolo_writer import box_sticks_out, outside_picture, write_yolo
from movenet.errors import DataError
from movenet.outputs import new_folder
from movenet.skeleton import Skeleton


def write_set(
    target: FormatName, output: Path, pictures: Sequence[PictureRecord], images: Path, skeleton: Skeleton
) -> None:
    """Write records in a format, whole or not at all.

    Args:
        target: the format.
        output: a json file for COCO, else a folder that does not exist yet.
        pictures: to write.
        images: the folder that the pictures' places are taken relative to.
        skeleton: of the records.

    Raises:
        DataError: if `output` exists or cannot be written, or a picture's points are of the stored picture while the
            format's are of the upright one.
    """
    if target == "coco":
        if output.exists():
            raise DataError(f"{output}: exists already: give another place")
        write_coco(output, pictures, images, skeleton)
        return
    for picture in pictures:
        _check_upright(picture, target)
    with new_folder(output) as folder:
        if target == "yolo":
            write_yolo(folder, pictures, images, skeleton)
        else:
            write_labelme(folder, pictures, skeleton, output)


def unheld_parts(pictures: Sequence[PictureRecord], target: FormatName) -> list[str]:
    """What the records say that a format cannot, one line a kind."""
    persons = [(person, (picture.width_px, picture.height_px)) for picture in pictures for person in picture.persons]

    def count(test: Callable[[PersonRecord], object]) -> int:
        return sum(bool(test(person)) for person, _ in persons)

    unannotated = count(lambda person: person.annotated is not None)
    numbers = {
        "the knowledge that the set never labels some keypoints, for {} persons (train with "
        "labels.absent_means_hidden: false)": unannotated,
    }
    if target != "coco":
        numbers |= {
            "the teacher's answers of {} persons": count(lambda person: person.teacher_points_px is not None),
            "the area of {} persons (it becomes a share of the box)": count(_has_own_area),
            "the ids of {} persons and their pictures": len(persons),
        }
    if target == "yolo":
        outside = sum(int(outside_picture(person, size).sum()) for person, size in persons)
        numbers |= {
            "{} points outside their picture (they become unlabelled)": outside,
            "the parts of {} boxes that stick out of their picture": sum(box_sticks_out(*pair) for pair in persons),
        }
    return [line.format(number) for line, number in numbers.items() if number]


def _has_own_area(person: PersonRecord) -> bool:
    return not np.isclose(person.area_px, estimated_area(person.box_px))


def _check_upright(picture: PictureRecord, target: FormatName) -> None:
    if not picture.upright and stored_turned(picture.path):
        raise DataError(
            f"{picture.path}: the picture is stored turned (EXIF orientation) and its points are of the stored "
            f"picture, but {target}'s are of the upright one: store it upright (e.g. by jpegtran) and label it there"
        )
