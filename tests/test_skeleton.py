"""The skeleton: the built-in one, YAML files, and every way in which a definition can contradict itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from movenet.errors import SkeletonError
from movenet.skeleton import COCO17, Skeleton


def definition(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "keypoints": [
            {"name": "head", "sigma": 0.05},
            {"name": "left_hand", "sigma": 0.06, "mirror": "right_hand"},
            {"name": "right_hand", "sigma": 0.06, "mirror": "left_hand"},
        ],
        "edges": [["head", "left_hand"], ["head", "right_hand"]],
    }
    return base | changes


def test_coco_names_every_side_twice() -> None:
    left = [name for name in COCO17.names if name.startswith("left_")]
    right = [name for name in COCO17.names if name.startswith("right_")]
    assert len(left) == len(right) == len(COCO17.mirror_pairs)
    assert len(left) + len(right) + 1 == COCO17.num_keypoints


def test_mirroring_twice_changes_nothing() -> None:
    permutation = COCO17.mirror_permutation
    assert (permutation[permutation] == np.arange(COCO17.num_keypoints)).all()


def test_mirroring_swaps_left_and_right_and_keeps_the_nose() -> None:
    permutation = COCO17.mirror_permutation
    assert permutation[COCO17.index("left_wrist")] == COCO17.index("right_wrist")
    assert permutation[COCO17.index("nose")] == COCO17.index("nose")


def test_edge_indices_point_at_the_named_keypoints() -> None:
    named = [(COCO17.names[first], COCO17.names[second]) for first, second in COCO17.edge_indices]
    assert tuple(named) == COCO17.edges


@pytest.mark.parametrize("skeleton", [COCO17, Skeleton.from_dict(definition())], ids=["coco", "small"])
def test_yaml_there_and_back_is_the_same_skeleton(skeleton: Skeleton, tmp_path: Path) -> None:
    path = tmp_path / "skeleton.yaml"
    path.write_text(yaml.safe_dump(skeleton.to_dict()))
    assert Skeleton.from_yaml(path) == skeleton


def test_skeleton_without_torso_or_pairs_is_fine() -> None:
    single = Skeleton.from_dict({"keypoints": [{"name": "tip", "sigma": 0.1}]})
    assert single.torso is None
    assert single.edge_indices.shape == (0, 2)


KEYPOINTS = definition()["keypoints"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (definition(keypoints=[]), "at least one"),
        (definition(keypoints=[*KEYPOINTS, {"name": "head", "sigma": 0.1}]), "doubled: head"),
        (definition(keypoints=[*KEYPOINTS[:2], {"name": "right_hand", "sigma": 0.06}]), "mutual"),
        (definition(keypoints=[KEYPOINTS[0], KEYPOINTS[1] | {"mirror": "tail"}, KEYPOINTS[2]]), "'tail'"),
        (definition(keypoints=[KEYPOINTS[0] | {"mirror": "head"}, *KEYPOINTS[1:]]), "mirrored by itself"),
        (definition(keypoints=[KEYPOINTS[0] | {"sigma": 0}, *KEYPOINTS[1:]]), "above 0"),
        (definition(keypoints=[{"name": "head"}, *KEYPOINTS[1:]]), "sigma"),
        (definition(edges=[["head", "tail"]]), "tail"),
        (definition(edges=[["head", "head"]]), "two different"),
        (definition(torso=["head"]), "two keypoint names"),
        (definition(torso=["head", "foot"]), "foot"),
        ({"edges": []}, "keypoints"),
    ],
)
def test_contradictions_are_named(broken: dict[str, Any], said: str) -> None:
    with pytest.raises(SkeletonError, match=said):
        Skeleton.from_dict(broken)


@pytest.mark.parametrize("content", ["- a\n- list\n", "key: [unclosed", "\x00"])
def test_a_file_that_is_no_skeleton_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    with pytest.raises(SkeletonError, match=r"broken\.yaml"):
        Skeleton.from_yaml(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SkeletonError, match=r"missing\.yaml"):
        Skeleton.from_yaml(tmp_path / "missing.yaml")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SkeletonError, match="left_wrist"):
        COCO17.index("left_wing")
