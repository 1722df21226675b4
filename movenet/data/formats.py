"""The annotation formats by name: what reads each, and which files it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from movenet.data.coco import read_coco, unread_coco_parts
from movenet.data.keypoint_map import KeypointMap
from movenet.data.labelme import labelme_files, read_labelme, unread_labelme_parts
from movenet.data.records import PictureRecord
from movenet.data.yolo import read_yolo, unread_yolo_parts, yolo_label_files
from movenet.errors import ConfigError
from movenet.skeleton import Skeleton

FormatName = Literal["coco", "yolo", "labelme"]
FORMATS: tuple[FormatName, ...] = get_args(FormatName)


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        read: (annotations, images, skeleton, keypoints) -> records.
        files: (annotations, images) -> the files that the records are made of, pictures aside.
        unread_parts: (annotations, images), which `read` accepts -> what they say that no record holds, one line a
            kind.
    """

    read: Callable[[Path, Path, Skeleton, KeypointMap | None], list[PictureRecord]]
    files: Callable[[Path, Path], list[Path]]
    unread_parts: Callable[[Path, Path], list[str]]


_FORMATS: dict[FormatName, Format] = {
    "coco": Format(read_coco, lambda annotations, _images: [annotations], unread_coco_parts),
    "yolo": Format(read_yolo, yolo_label_files, unread_yolo_parts),
    "labelme": Format(read_labelme, lambda folder, _images: labelme_files(folder), unread_labelme_parts),
}


def find_format(name: FormatName) -> Format:
    """The format of this name.

    Raises:
        ConfigError: if there is none.
    """
    if name not in _FORMATS:
        raise ConfigError(f"unknown format '{name}'; there are: {', '.join(FORMATS)}")
    return _FORMATS[name]


def guess_format(annotations: Path) -> FormatName:
    """By what names a set: a json file is COCO, a YAML file YOLO-pose, a folder labelme."""
    if annotations.is_dir():
        return "labelme"
    return "yolo" if annotations.suffix.lower() in (".yaml", ".yml") else "coco"
