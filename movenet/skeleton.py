"""The skeleton: the one object that says which keypoints there are and how they relate.

Channels, flips, losses, metrics, drawing and export metadata read it. COCO-17 is built in; any other comes from a
YAML file (see `Skeleton.from_yaml`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from movenet.errors import SkeletonError

SkeletonDict = dict[str, Any]


@dataclass(frozen=True)
class Skeleton:
    """Names, mirror pairs, edges and OKS sigmas of one keypoint set.

    Attributes:
        names: one name a channel, in channel order.
        mirror_pairs: (left, right) names that change places when the picture is mirrored.
        edges: pairs of names that a bone joins; drawn, and used by the bone loss.
        sigmas: the OKS falloff of each keypoint, in channel order (COCO's keypoint evaluation: `2 * sigma` is the
            standard deviation of annotators as a share of the square root of the person's area).
        torso: the two names whose distance is the torso's diagonal, for PCK; None if the set has no torso.
    """

    names: tuple[str, ...]
    mirror_pairs: tuple[tuple[str, str], ...]
    edges: tuple[tuple[str, str], ...]
    sigmas: tuple[float, ...]
    torso: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def num_keypoints(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Channel of a keypoint.

        Raises:
            SkeletonError: if the skeleton has no keypoint of this name.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise SkeletonError(f"unknown keypoint '{name}'; this skeleton has: {', '.join(self.names)}") from None

    @cached_property
    def mirror_permutation(self) -> np.ndarray:
        """int64 [K]: `points[permutation]` puts the points of a mirrored picture under their right names."""
        permutation = np.arange(self.num_keypoints)
        for left, right in self.mirror_pairs:
            permutation[[self.index(left), self.index(right)]] = self.index(right), self.index(left)
        return permutation

    @cached_property
    def edge_indices(self) -> np.ndarray:
        """int64 [E, 2]: the channels that each edge joins."""
        pairs = [(self.index(first), self.index(second)) for first, second in self.edges]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    def to_dict(self) -> SkeletonDict:
        """The form that YAML files and export metadata hold; `from_dict` reads it back."""
        mirror = {name: other for pair in self.mirror_pairs for name, other in (pair, pair[::-1])}
        keypoints = [
            {"name": name, "sigma": sigma} | ({"mirror": mirror[name]} if name in mirror else {})
            for name, sigma in zip(self.names, self.sigmas, strict=True)
        ]
        result: SkeletonDict = {"keypoints": keypoints, "edges": [list(edge) for edge in self.edges]}
        if self.torso is not None:
            result["torso"] = list(self.torso)
        return result

    @classmethod
    def from_dict(cls, definition: SkeletonDict) -> Skeleton:
        """Read the form of `to_dict`.

        Raises:
            SkeletonError: if a key is missing, a name unknown or doubled, or a mirror not mutual.
        """
        try:
            keypoints = definition["keypoints"]
            names = tuple(str(keypoint["name"]) for keypoint in keypoints)
            sigmas = tuple(float(keypoint["sigma"]) for keypoint in keypoints)
            edges = tuple((str(first), str(second)) for first, second in definition.get("edges", []))
            torso = tuple(str(name) for name in definition.get("torso") or ())
            mirrors = {str(k["name"]): str(k["mirror"]) for k in keypoints if k.get("mirror")}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SkeletonError(
                f"a skeleton needs 'keypoints' (each with 'name' and 'sigma', and 'mirror' where it has one) "
                f"and 'edges' (pairs of names): {error!r}"
            ) from error
        if len(torso) not in (0, 2):
            raise SkeletonError(f"'torso' takes two keypoint names, not {len(torso)}")
        return cls(names, _mutual_pairs(names, mirrors), edges, sigmas, (torso[0], torso[1]) if torso else None)

    @classmethod
    def from_yaml(cls, path: str | Path) -> Skeleton:
        """Read a skeleton from a YAML file of the form that `to_dict` gives.

        Raises:
            SkeletonError: if the file cannot be read, or what it says contradicts itself.
        """
        try:
            definition = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SkeletonError(f"{path}: not a readable YAML file: {error}") from error
        if not isinstance(definition, dict):
            raise SkeletonError(f"{path}: expected a mapping with 'keypoints' and 'edges'")
        try:
            return cls.from_dict(definition)
        except SkeletonError as error:
            raise SkeletonError(f"{path}: {error}") from error


def _mutual_pairs(names: tuple[str, ...], mirrors: dict[str, str]) -> tuple[tuple[str, str], ...]:
    for name, other in mirrors.items():
        if other not in names:
            raise SkeletonError(f"'{name}' is mirrored by '{other}', which is not a keypoint of this skeleton")
        if other == name:
            raise SkeletonError(f"'{name}' is mirrored by itself: leave its 'mirror' out")
        if mirrors.get(other) != name:
            raise SkeletonError(
                f"'{name}' is mirrored by '{other}', but '{other}' is mirrored by '{mirrors.get(other, 'nothing')}': "
                f"mirrors must be mutual"
            )
    pairs = ((name, mirrors[name]) for name in names if name in mirrors)
    return tuple((name, other) for name, other in pairs if names.index(name) < names.index(other))


def _check(skeleton: Skeleton) -> None:
    names = skeleton.names
    if not names:
        raise SkeletonError("a skeleton needs at least one keypoint")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SkeletonError(f"keypoint names must be unique; doubled: {', '.join(doubled)}")
    if len(skeleton.sigmas) != len(names):
        raise SkeletonError(f"{len(names)} keypoints need {len(names)} sigmas, not {len(skeleton.sigmas)}")
    if not all(sigma > 0 for sigma in skeleton.sigmas):
        raise SkeletonError("every OKS sigma must be above 0")
    paired = [name for pair in skeleton.mirror_pairs for name in pair]
    used = [*paired, *(name for edge in skeleton.edges for name in edge), *(skeleton.torso or ())]
    unknown = sorted(set(used) - set(names))
    if unknown:
        raise SkeletonError(f"unknown keypoint names in pairs, edges or torso: {', '.join(unknown)}")
    if len(set(paired)) != len(paired):
        raise SkeletonError("a keypoint can be mirrored by one other keypoint only")
    if any(first == second for first, second in skeleton.edges):
        raise SkeletonError("an edge must join two different keypoints")


COCO17 = Skeleton(
    names=(
        "nose",
        "left_eye",
        "right_eye",
        "left_ear",
        "right_ear",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hip",
        "right_hip",
        "left_knee",
        "right_knee",
        "left_ankle",
        "right_ankle",
    ),
    mirror_pairs=tuple(
        (f"left_{part}", f"right_{part}")
        for part in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    ),
    edges=(
        ("nose", "left_eye"),
        ("nose", "right_eye"),
        ("left_eye", "left_ear"),
        ("right_eye", "right_ear"),
        ("left_shoulder", "right_shoulder"),
        ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"),
        ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
        ("left_shoulder", "left_hip"),
        ("right_shoulder", "right_hip"),
        ("left_hip", "right_hip"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"),
        ("right_hip", "right_knee"),
        ("right_knee", "right_ankle"),
    ),
    # pycocotools.cocoeval.Params.setKpParams
    sigmas=(
        *(0.026, 0.025, 0.025, 0.035, 0.035),
        *(0.079, 0.079, 0.072, 0.072, 0.062, 0.062),
        *(0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
    ),
    torso=("left_shoulder", "right_hip"),
)
