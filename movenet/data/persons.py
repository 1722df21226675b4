"""The persons of all pictures as arrays: what a sample's labels are made from.

Arrays instead of the records' objects, since each of these would be copied into every loading process bit by bit: to
read an object is to write its reference count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from movenet.data.labels import LabelRules, TrainingPoints, training_points
from movenet.data.sets import Entry


class PersonTable:
    """Everybody in the pictures of some entries, R in all, under the entries' label rules.

    Attributes:
        points_px: float32 [R, K, 2].
        labelled: bool [R, K].
        unknown: bool [R, K]: of which it is not known whether and where they are visible.
        box_px: float64 [R, 4]: x, y, width, height.
        shift_px: float32 [R]: how far the labels lie to the left of and above what they mark.

    Args:
        entries: the persons with a crop of their own.
        num_keypoints: K.
    """

    def __init__(self, entries: Sequence[Entry], num_keypoints: int) -> None:
        first_rows: dict[tuple[int, LabelRules], int] = {}
        points: list[TrainingPoints] = []
        boxes: list[tuple[float, float, float, float]] = []
        shifts: list[float] = []
        ranges = np.zeros((len(entries), 3), np.int64)
        for index, entry in enumerate(entries):
            first = first_rows.setdefault((id(entry.picture), entry.rules), len(points))
            if first == len(points):
                points += [training_points(person, entry.rules) for person in entry.picture.persons]
                boxes += [person.box_px for person in entry.picture.persons]
                shifts += [entry.rules.shift_px] * len(entry.picture.persons)
            ranges[index] = first, len(entry.picture.persons), first + entry.person
        self.box_px = np.array(boxes, np.float64).reshape(-1, 4)
        self.shift_px = np.array(shifts, np.float32)
        shape = -1, num_keypoints
        self.points_px = np.array([one.points_px for one in points], np.float32).reshape(*shape, 2)
        self.labelled = np.array([one.labelled for one in points], bool).reshape(shape)
        self.unknown = np.array([one.unknown for one in points], bool).reshape(shape)
        self._center_px = self.box_px[:, :2] + self.box_px[:, 2:] / 2
        self._ranges = ranges

    def own_row(self, index: int) -> int:
        """The row of an entry's person."""
        return int(self._ranges[index, 2])

    def rows(self, index: int) -> np.ndarray:
        """int64: the row of an entry's person, then those of the others in its picture, the nearest first."""
        first, count, own = self._ranges[index].tolist()
        if count == 1:
            return np.array([own])
        centers = self._center_px[first : first + count]
        away = ((centers - self._center_px[own]) ** 2).sum(axis=1)
        away[own - first] = -1.0
        return first + np.argsort(away, kind="stable")
