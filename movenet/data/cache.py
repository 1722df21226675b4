"""Decoded pictures in one memory-mapped file, so that every epoch but the first is independent of disk and decoder.

Of each picture the file holds what crops can touch (`movenet.data.regions`), decoded, as fine as the finest crop needs:
samples are the same as from the picture files. All processes share it through the kernel's page cache.

Layout: 8 bytes "MVNCROPS"; the sha256 of all that the content depends on; uint64, the file's length; one byte for each
picture, whether it could be read; the regions' pixels, uint8 BGR, row by row, in the plan's order. Little-endian.
"""

from __future__ import annotations

import hashlib
import logging
import mmap
import os
import shutil
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from filelock import FileLock
from rich.console import Console
from rich.progress import track

from movenet.data.pictures import read_annotated
from movenet.data.records import PictureRecord
from movenet.data.regions import Region, RegionPlan
from movenet.errors import DataError
from movenet.geometry import Part, reduced_part
from movenet.outputs import replaced_file

_MAGIC = b"MVNCROPS"
_HEADER = struct.Struct("<8s32sQ")
_CHANNELS = 3
# Pictures that are decoded before the first of them is written; bounds the memory of a build.
_CHUNK = 64

_logger = logging.getLogger(__name__)


class StoredRegion(NamedTuple):
    """Decoded pixels of a picture.

    Attributes:
        pixels: uint8 BGR [height, width, 3]; read-only.
        part: of the picture.
        halvings: how often its sides are halved.
    """

    pixels: np.ndarray
    part: Part
    halvings: int


class CropCache:
    """The regions of a plan, read from a file that `open_cache` has checked or built.

    Args:
        path: of the file.
        plan: that it was built for.
    """

    def __init__(self, path: Path, plan: RegionPlan) -> None:
        self.path = path
        # Plain arrays: workers that only read them do not copy their pages, as they would those of Python's objects.
        first_region = np.concatenate([[0], np.cumsum([len(regions) for regions in plan.regions])])
        self._region_of_entry = first_region[plan.places[:, 0]] + plan.places[:, 1]
        self._picture_of_entry = plan.places[:, 0].copy()
        flat = [region for regions in plan.regions for region in regions]
        self._regions = np.array([(*region.part, region.halvings) for region in flat], np.int64)
        sizes = [region.width * region.height * _CHANNELS for region in flat]
        self._offsets = _pixels_start(plan) + np.concatenate([[0], np.cumsum(sizes)])
        self._bytes = _mapped(path)

    def __len__(self) -> int:
        return len(self._region_of_entry)

    def __getitem__(self, index: int) -> StoredRegion:
        """The region of an entry.

        Raises:
            DataError: if its picture could not be read when the cache was built.
        """
        if not self._bytes[_HEADER.size + self._picture_of_entry[index]]:
            raise DataError(f"a picture that could not be read when {self.path} was built")
        number = self._region_of_entry[index]
        *part, halvings = self._regions[number].tolist()
        region = Region(Part(*part), halvings)
        pixels = self._bytes[self._offsets[number] : self._offsets[number + 1]]
        return StoredRegion(pixels.reshape(region.height, region.width, _CHANNELS), *region)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_bytes"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._bytes = _mapped(self.path)


def open_cache(path: Path, plan: RegionPlan, threads: int) -> CropCache:
    """The cache of a plan; built if the file is missing, or was built from other pictures, annotations or crops.

    Args:
        path: of the file.
        plan: what it holds.
        threads: that decode.

    Raises:
        DataError: if the file is no cache or was cut off, or cannot be written; no file is changed then.
    """
    fingerprint = _fingerprint(plan)
    length = _pixels_start(plan) + sum(_num_bytes(regions) for regions in plan.regions)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One process builds, those beside it wait.
        with FileLock(path.with_name(path.name + ".lock")):
            if not _is_current(path, fingerprint, length):
                _build(path, plan, fingerprint, length, threads)
            return CropCache(path, plan)
    except OSError as error:
        raise DataError(f"{path}: the cache cannot be used: {error.strerror or error}") from error


def _is_current(path: Path, fingerprint: bytes, length: int) -> bool:
    """Whether the file holds what it should; false if it is missing or stale."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
    except FileNotFoundError:
        return False
    if header[: len(_MAGIC)] != _MAGIC or len(header) < _HEADER.size:
        raise DataError(f"{path}: no cache of crops; name another file, or remove it")
    _, found, stated = _HEADER.unpack(header)
    if found != fingerprint:
        _logger.info("%s: pictures, annotations or crops are others than when it was built", path)
        return False
    actual = path.stat().st_size
    if stated != length or actual != length:
        raise DataError(f"{path}: {actual} bytes instead of {length}: the cache was cut off; remove it")
    return True


def _build(path: Path, plan: RegionPlan, fingerprint: bytes, length: int, threads: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < length:
        raise DataError(f"{path}: the cache takes {_megabytes(length)}, but the disk has {_megabytes(free)} free")
    _logger.info("%s: building the cache, %s", path, _megabytes(length))
    with replaced_file(path) as temporary, temporary.open("wb") as file:
        _write(file, plan, fingerprint, length, threads)
        file.flush()
        os.fsync(file.fileno())


def _write(file: BinaryIO, plan: RegionPlan, fingerprint: bytes, length: int, threads: int) -> None:
    readable = np.zeros(len(plan.pictures), np.uint8)
    file.seek(_pixels_start(plan))
    decoded = track(
        _decoded_regions(plan, threads),
        description="caching crops",
        total=len(plan.pictures),
        console=Console(stderr=True),
    )
    for number, (regions, pixels) in enumerate(zip(plan.regions, decoded, strict=True)):
        if pixels is None:
            file.seek(_num_bytes(regions), os.SEEK_CUR)
            continue
        readable[number] = 1
        for one in pixels:
            file.write(np.ascontiguousarray(one).data)
    # A last picture that could not be read left nothing behind it.
    file.truncate(length)
    file.seek(0)
    file.write(_HEADER.pack(_MAGIC, fingerprint, length))
    file.write(readable.data)


def _decoded_regions(plan: RegionPlan, threads: int) -> Iterator[list[np.ndarray] | None]:
    """Of each picture its regions' pixels, or None where it cannot be read."""
    pictures = iter(zip(plan.pictures, plan.regions, strict=True))
    with ThreadPoolExecutor(threads) as pool:
        while chunk := list(islice(pictures, _CHUNK)):
            yield from pool.map(_decode, *zip(*chunk, strict=True))


def _decode(picture: PictureRecord, regions: tuple[Region, ...]) -> list[np.ndarray] | None:
    try:
        image = read_annotated(picture)
    except DataError as error:
        _logger.warning("left out of the cache: %s", error)
        return None
    return [reduced_part(image, region.part, region.halvings) for region in regions]


def _fingerprint(plan: RegionPlan) -> bytes:
    """sha256 of the plan and of every picture file's name, length and time of change."""
    digest = hashlib.sha256()
    for picture, regions in zip(plan.pictures, plan.regions, strict=True):
        try:
            status = picture.path.stat()
            state = status.st_size, status.st_mtime_ns
        except OSError:
            state = (-1, -1)
        digest.update(repr((str(picture.path), picture.upright, state, regions)).encode())
    digest.update(plan.places.astype("<i8").tobytes())
    return digest.digest()


def _pixels_start(plan: RegionPlan) -> int:
    return _HEADER.size + len(plan.pictures)


def _num_bytes(regions: tuple[Region, ...]) -> int:
    return sum(region.width * region.height for region in regions) * _CHANNELS


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.0f} MB"


def _mapped(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
