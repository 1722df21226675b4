"""What the checks say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from movenet.data.records import PictureRecord
from movenet.skeleton import Skeleton


class Kind(Enum):
    """What is wrong; the value says it to the reader."""

    BROKEN_PICTURE = "picture missing, broken or of another size"
    DUPLICATE = "picture that another set has too"
    OUTSIDE_PICTURE = "points outside the picture"
    SMALL_PERSON = "person too small"
    SWAPPED = "left and right swapped, says the teacher"
    PARTLY_SWAPPED = "left and right swapped in places, says the teacher"
    TWISTED_TORSO = "left and right swapped at one end of the torso, says its shape"
    CONTRADICTED = "points far from the teacher's"
    LONG_LIMB = "limb implausibly long"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one picture or person.

    Attributes:
        kind: what.
        set_name: of which set.
        path: of the picture.
        image_id: of the picture.
        annotation_id: of the person; None if it is about the picture.
        keypoints: the channels that it is about.
        detail: figures, for the reader.
    """

    kind: Kind
    set_name: str
    path: Path
    image_id: int
    annotation_id: int | None = None
    keypoints: tuple[int, ...] = ()
    detail: str = ""

    def to_dict(self, skeleton: Skeleton) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "kind": self.kind.name.lower(),
            "set": self.set_name,
            "picture": str(self.path),
            "image_id": self.image_id,
            "annotation_id": self.annotation_id,
            "keypoints": [skeleton.names[keypoint] for keypoint in self.keypoints],
            "detail": self.detail,
        }


@dataclass(frozen=True)
class NamedSet:
    """A set's records under the name that findings give it."""

    name: str
    pictures: list[PictureRecord]

    @property
    def num_persons(self) -> int:
        return sum(len(picture.persons) for picture in self.pictures)


def counts(findings: Iterable[Finding], set_name: str) -> dict[Kind, int]:
    """Pictures or persons of a set that each kind was found in."""
    found = {(f.kind, f.image_id, f.annotation_id) for f in findings if f.set_name == set_name}
    return {kind: sum(k is kind for k, _, _ in found) for kind in Kind}
