"""A set without what the checks found.

| finding | in the cleaned set |
|---|---|
| picture broken, or in another set too | left out |
| left and right swapped, says the teacher | exchanged, of the whole body |
| swapped in places; far from the teacher's; outside the picture; too long limb; twisted torso | points unlabelled |
| person too small | kept: as a neighbour it is to be seen; `min_box_px` keeps it from having a crop of its own |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from movenet.data.checks.findings import Finding, Kind, NamedSet
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.skeleton import Skeleton

_DROPS_PICTURE = (Kind.BROKEN_PICTURE, Kind.DUPLICATE)
_UNLABELS = (Kind.PARTLY_SWAPPED, Kind.OUTSIDE_PICTURE, Kind.CONTRADICTED, Kind.LONG_LIMB, Kind.TWISTED_TORSO)


def cleaned(of_set: NamedSet, findings: Iterable[Finding], skeleton: Skeleton) -> list[PictureRecord]:
    """The set's pictures as the table above says."""
    dropped: set[int] = set()
    by_person: dict[tuple[int, int], list[Finding]] = {}
    for finding in findings:
        if finding.set_name != of_set.name:
            continue
        if finding.kind in _DROPS_PICTURE:
            dropped.add(finding.image_id)
        elif finding.annotation_id is not None:
            by_person.setdefault((finding.image_id, finding.annotation_id), []).append(finding)
    result = []
    for picture in of_set.pictures:
        if picture.image_id not in dropped:
            found = [by_person.get((picture.image_id, p.annotation_id), []) for p in picture.persons]
            persons = [_cleaned_person(*pair, skeleton) for pair in zip(picture.persons, found, strict=True)]
            result.append(replace(picture, persons=tuple(persons)))
    return result


def _cleaned_person(person: PersonRecord, findings: list[Finding], skeleton: Skeleton) -> PersonRecord:
    unlabelled = sorted({k for finding in findings if finding.kind in _UNLABELS for k in finding.keypoints})
    swapped = any(finding.kind is Kind.SWAPPED for finding in findings)
    order = skeleton.mirror_permutation if swapped else np.arange(skeleton.num_keypoints)
    visibility = person.visibility.copy()
    visibility[unlabelled] = Visibility.UNLABELLED
    return replace(person, points_px=person.points_px[order], visibility=visibility[order])
