"""From a set's own keypoints to the skeleton's: which of the set's points is which of ours.

A map names, for keypoints of the skeleton, the set's keypoint: by its name, or by its number (from 0) where the set
names none. Keypoints of the skeleton that the map leaves out are not labelled by the set: nothing is learnt from them
and nothing measured. Points of the set that the map leaves out are not read.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml

from movenet.errors import ConfigError, DataError
from movenet.skeleton import Skeleton

KeypointMap = Mapping[str, str | int]

UNLABELLED_BY_SET = -1


def source_columns(
    skeleton: Skeleton, names: Sequence[str] | None, count: int, keypoints: KeypointMap | None, origin: object
) -> np.ndarray:
    """int64 [K]: which of a set's points is the skeleton's k-th; `UNLABELLED_BY_SET` where it labels none.

    Args:
        skeleton: what the records are to hold.
        names: of the set's points in their order, or None if the set does not say.
        count: number of the set's points.
        keypoints: skeleton's name -> set's name or number; without it the set's points must be the skeleton's.
        origin: the file, for messages.

    Raises:
        DataError: if set and skeleton do not fit.
        ConfigError: if the map names a keypoint that is not the skeleton's.
    """
    if keypoints is None:
        if (names is not None and tuple(names) != skeleton.names) or count != skeleton.num_keypoints:
            first = f" ({', '.join(' '.join(name.split()) for name in names[:3])}, ...)" if names else ""
            raise DataError(
                f"{origin}: has {count} keypoints{first}, the skeleton {skeleton.num_keypoints} "
                f"({', '.join(skeleton.names[:3])}, ...): give the skeleton that fits, or a map ('keypoints')"
            )
        return np.arange(count)
    check_map(skeleton, keypoints)
    columns = np.full(skeleton.num_keypoints, UNLABELLED_BY_SET, np.int64)
    for name, of_set in keypoints.items():
        columns[skeleton.index(name)] = _column(of_set, names, count, origin)
    return columns


def check_map(skeleton: Skeleton, keypoints: KeypointMap) -> None:
    """Make sure that a map names the skeleton's keypoints, and each of the set's at most once.

    Raises:
        ConfigError: if it does not.
    """
    for name in keypoints:
        if name not in skeleton.names:
            raise ConfigError(f"keypoints: '{name}' is not a keypoint of the skeleton{_hint(name, skeleton.names)}")
    doubled = sorted({str(value) for value in keypoints.values() if list(keypoints.values()).count(value) > 1})
    if doubled:
        raise ConfigError(f"keypoints: '{doubled[0]}' of the set stands for two keypoints of the skeleton")
    if not keypoints:
        raise ConfigError("keypoints: the map is empty")


def label_indices(skeleton: Skeleton, keypoints: KeypointMap | None) -> dict[str, int]:
    """The skeleton's keypoint of each label that a set may give to a point.

    Raises:
        ConfigError: if the map names a keypoint that is not the skeleton's.
    """
    if keypoints is None:
        return {name: index for index, name in enumerate(skeleton.names)}
    check_map(skeleton, keypoints)
    return {str(label): skeleton.index(name) for name, label in keypoints.items()}


def take_columns(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The set's [C, ...] values in the skeleton's order [K, ...]; zero where the set labels no such point."""
    result = np.zeros((len(columns), *values.shape[1:]), values.dtype)
    known = columns != UNLABELLED_BY_SET
    result[known] = values[columns[known]]
    return result


def annotated_keypoints(columns: np.ndarray) -> np.ndarray | None:
    """bool [K]: the keypoints that a set labels at all; None if it labels every one."""
    known = columns != UNLABELLED_BY_SET
    return None if known.all() else known


def read_keypoint_map(path: Path) -> KeypointMap:
    """Read a map from a YAML file: the skeleton's names, each with the set's name or number.

    Raises:
        ConfigError: if it cannot be read, or is no such map.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not a readable YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not all(isinstance(value, str | int) for value in content.values()):
        raise ConfigError(f"{path}: expected a mapping from the skeleton's keypoints to the set's names or numbers")
    return {str(name): value for name, value in content.items()}


def _column(of_set: str | int, names: Sequence[str] | None, count: int, origin: object) -> int:
    if names is not None and str(of_set) in names:
        return list(names).index(str(of_set))
    if isinstance(of_set, int) or of_set.isdecimal():
        if 0 <= int(of_set) < count:
            return int(of_set)
        raise DataError(f"{origin}: 'keypoints' names the set's point {of_set}, but it has {count}, from 0")
    if names is None:
        raise DataError(f"{origin}: the set does not name its keypoints: 'keypoints' must give numbers, not '{of_set}'")
    raise DataError(f"{origin}: the set has no keypoint '{of_set}'{_hint(of_set, names)}")


def _hint(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{near[0]}'?)" if near else f"; there are: {', '.join(known)}"
