"""Fingerprints of pictures that stay nearly the same when a picture is resized or compressed again.

Difference hash: the picture is shrunk to 9 x 8 gray cells; each bit says whether a cell is brighter than its right
neighbour. Pictures with large even areas have like hashes by chance: a small gray copy decides.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

_HASH_SHAPE = (9, 8)  # width, height: 8 comparisons a row
_COPY_SIDE = 16
# Of 64 bits; re-compressed and resized copies measure 0 to 4.
MAX_BITS = 6
# Mean difference of the copies' gray values, of 255.
MAX_GRAY_DIFFERENCE = 6.0
_BITS_OF_16 = np.array([value.bit_count() for value in range(2**16)], np.uint8)


class Fingerprint(NamedTuple):
    """Of one picture, or with a leading axis N of many.

    Attributes:
        bits: uint64.
        gray: uint8 [16, 16].
    """

    bits: np.ndarray
    gray: np.ndarray


def fingerprint(image_bgr: np.ndarray) -> Fingerprint:
    """Of a uint8 BGR picture [height, width, 3]."""
    gray = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
    cells = cv2.resize(gray, _HASH_SHAPE, interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = np.packbits(cells[:, :-1] > cells[:, 1:]).view(np.uint64)[0]
    return Fingerprint(bits, cv2.resize(gray, (_COPY_SIDE, _COPY_SIDE), interpolation=cv2.INTER_AREA))


def stack(fingerprints: list[Fingerprint]) -> Fingerprint:
    """With a leading axis N."""
    bits = np.array([one.bits for one in fingerprints], np.uint64)
    gray = np.array([one.gray for one in fingerprints], np.uint8)
    return Fingerprint(bits, gray.reshape(-1, _COPY_SIDE, _COPY_SIDE))


def same_picture(one: Fingerprint, many: Fingerprint) -> np.ndarray:
    """bool [N]: which of N pictures are, but for size and compression, this one."""
    different = _BITS_OF_16[np.bitwise_xor(many.bits, one.bits).view(np.uint16)].reshape(-1, 4).sum(axis=1)
    same = different <= MAX_BITS
    for candidate in np.flatnonzero(same):
        difference = cv2.absdiff(many.gray[candidate], one.gray).mean()
        same[candidate] = difference <= MAX_GRAY_DIFFERENCE
    return same
