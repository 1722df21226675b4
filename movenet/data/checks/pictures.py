"""Checks of picture files: readable, of the right size, and in one set only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from movenet.data.checks.findings import Finding, Kind, NamedSet
from movenet.data.fingerprint import Fingerprint, fingerprint, same_picture, stack
from movenet.data.pictures import read_annotated
from movenet.data.records import PictureRecord
from movenet.errors import DataError

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
# Some cameras write a few bytes behind the end.
_TAIL_BYTES = 4096


def check_pictures(sets: Sequence[NamedSet], on_picture: Callable[[], object] = lambda: None) -> list[Finding]:
    """Every finding about the files of all sets; each is decoded once.

    Args:
        sets: a picture that one of them shares with another is found in both.
        on_picture: called after each.
    """
    findings: list[Finding] = []
    readable: list[list[tuple[PictureRecord, Fingerprint]]] = []
    for of_set in sets:
        readable.append([])
        for picture in of_set.pictures:
            try:
                image = read_annotated(picture)
                _check_whole(picture.path)
                readable[-1].append((picture, fingerprint(image)))
            except DataError as error:
                reason = str(error).removeprefix(f"{picture.path}: ")
                place = of_set.name, picture.path, picture.image_id
                findings.append(Finding(Kind.BROKEN_PICTURE, *place, detail=reason))
            on_picture()
    for number, of_set in enumerate(sets):
        others = [(sets[i].name, pictures) for i, pictures in enumerate(readable) if i != number and pictures]
        findings += _duplicates(of_set, readable[number], others)
    return findings


def _duplicates(
    of_set: NamedSet,
    pictures: Iterable[tuple[PictureRecord, Fingerprint]],
    others: list[tuple[str, list[tuple[PictureRecord, Fingerprint]]]],
) -> list[Finding]:
    stacked = [(name, found, stack([one for _, one in found])) for name, found in others]
    findings = []
    for picture, one in pictures:
        twins = [
            f"{name}: {found[index][0].path.name}"
            for name, found, many in stacked
            for index in same_picture(one, many).nonzero()[0]
        ]
        if twins:
            place = of_set.name, picture.path, picture.image_id
            findings.append(Finding(Kind.DUPLICATE, *place, detail=", ".join(twins)))
    return findings


def _check_whole(path: Path) -> None:
    """JPEG decoders fill what is missing with gray, and say nothing."""
    content = path.read_bytes()
    if content.startswith(_JPEG_START) and _JPEG_END not in content[-_TAIL_BYTES:]:
        raise DataError(f"{path}: a truncated JPEG")
