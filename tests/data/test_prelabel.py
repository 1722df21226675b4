"""Labels by a teacher: put where the picture shows the joints, and believed only as far as the teacher is sure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.cli import main
from movenet.data.prelabel import (
    Answer,
    Look,
    PrelabelRules,
    TeacherAnswer,
    Verdict,
    ask_teacher,
    judge,
    labelled_picture,
)
from movenet.errors import ConfigError
from movenet.skeleton import COCO17, Skeleton

TRIPLE = Skeleton.from_dict(
    {
        "keypoints": [
            {"name": "head", "sigma": 0.1},
            {"name": "left", "sigma": 0.1, "mirror": "right"},
            {"name": "right", "sigma": 0.1, "mirror": "left"},
        ]
    }
)
INPUT_SIZE = 128
# In the picture; the person faces the camera, so that the left hand is on the right.
JOINTS_PX = np.array([[420.0, 120.0], [450.0, 190.0], [390.0, 185.0]])


def picture() -> np.ndarray:
    """A black picture of 640 x 300 pixels with a green disc for the head and white ones for the hands."""
    image = np.zeros((300, 640, 3), np.uint8)
    for joint, colour in zip(JOINTS_PX, [(0, 255, 0), (255, 255, 255), (255, 255, 255)], strict=True):
        cv2.circle(image, tuple(round((value - 0.5) * 16) for value in joint), 8 * 16, colour, -1, cv2.LINE_AA, shift=4)
    return image


def network(image: np.ndarray) -> np.ndarray:
    """Finds the discs: the head is the green one, the left hand the one farther to the right, also in a mirror."""
    assert image.shape == (INPUT_SIZE, INPUT_SIZE, 3)
    _, _, _, middles = cv2.connectedComponentsWithStats((image[..., 1] > 100).astype(np.uint8))
    middles = middles[1:] + 0.5
    is_head = [image[int(y), int(x), 0] < 100 for x, y in middles]
    if len(middles) != 3 or sum(is_head) != 1:
        return np.zeros((3, 3))
    head = middles[np.array(is_head)][0]
    hands = middles[~np.array(is_head)]
    right, left = hands[np.argsort(hands[:, 0])]
    return np.column_stack([np.array([head, left, right]) / INPUT_SIZE, np.full(3, 0.9)])


def seeing(points: Callable[[np.ndarray], np.ndarray], persons: int = 1) -> Answer:
    """As what a network sees where it counts this many persons."""
    return lambda image: Look(points(image), persons)


def test_the_answer_is_where_the_picture_shows_the_joints() -> None:
    answer = ask_teacher(picture(), seeing(network), INPUT_SIZE, TRIPLE)
    assert answer is not None
    np.testing.assert_allclose(answer.points_px, JOINTS_PX, atol=1.0)
    assert answer.disagreement.max() < 0.02
    assert judge(answer, PrelabelRules()) is Verdict.KEEP


def test_a_teacher_that_takes_the_mirror_for_another_person_is_not_believed() -> None:
    def stubborn(image: np.ndarray) -> np.ndarray:
        """The left hand is always the lower disc: in the mirror it has the wrong name."""
        found = network(image)
        hands = found[1:]
        found[1:] = hands[np.argsort(-hands[:, 1])]
        return found

    answer = ask_teacher(picture(), seeing(stubborn), INPUT_SIZE, TRIPLE)
    assert answer is not None
    assert (answer.disagreement > 0.2).tolist() == [False, True, True]
    assert judge(answer, PrelabelRules()) is Verdict.REVIEW
    record = labelled_picture(Path("a.jpg"), picture(), 1, answer, PrelabelRules())
    assert record.persons[0].visibility.tolist() == [2, 0, 0]


def test_nobody_is_rejected() -> None:
    black = np.zeros_like(picture())
    assert ask_teacher(black, seeing(network, persons=0), INPUT_SIZE, TRIPLE) is None
    assert judge(None, PrelabelRules()) is Verdict.REJECT


@pytest.mark.parametrize(
    ("sure", "verdict"), [(9, Verdict.KEEP), (8, Verdict.KEEP), (5, Verdict.REVIEW), (2, Verdict.REJECT)]
)
def test_the_share_of_sure_points_decides(sure: int, verdict: Verdict) -> None:
    scores = np.where(np.arange(10) < sure, 0.9, 0.1)
    assert judge(TeacherAnswer(np.zeros((10, 2)), scores, np.zeros(10), 1), PrelabelRules()) is verdict


@pytest.mark.parametrize(("sure", "verdict"), [(10, Verdict.REVIEW), (5, Verdict.REVIEW), (2, Verdict.REJECT)])
def test_somebody_beside_another_person_is_not_kept_unseen(sure: int, verdict: Verdict) -> None:
    scores = np.where(np.arange(10) < sure, 0.9, 0.1)
    assert judge(TeacherAnswer(np.zeros((10, 2)), scores, np.zeros(10), 2), PrelabelRules()) is verdict


def test_persons_are_counted_in_the_whole_picture() -> None:
    shown = []

    def two_at_first(image: np.ndarray) -> Look:
        shown.append(image)
        return Look(network(image), 2 if len(shown) == 1 else 1)

    answer = ask_teacher(picture(), two_at_first, INPUT_SIZE, TRIPLE)
    assert answer is not None
    assert answer.num_persons == 2
    # It is 640 x 300 pixels: black above and below.
    assert not shown[0][: INPUT_SIZE // 4].any()
    assert shown[0].any()


def test_impossible_rules_are_refused() -> None:
    with pytest.raises(ConfigError, match="prelabel"):
        PrelabelRules(keep_share=0.2, review_share=0.5)


def test_the_command_writes_labels_for_every_verdict(
    tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, output = tmp_path / "images", tmp_path / "labels"
    images.mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (80, 60, 3), np.uint8)
        cv2.imwrite(str(images / f"{number}.png"), noise)
    command = ["data", "prelabel", str(images), "--weights", str(tiny_checkpoint), "--output", str(output)]
    # A network of random weights: believed whatever it says.
    believed = ["--min-score", "0", "--max-disagreement", "2", "--keep-share", "0", "--review-share", "0"]
    believed += ["--person-score", "1"]
    assert main([*command, *believed]) == 0
    assert "review 0" in capsys.readouterr().out
    assert main([*command, "--person-score", "0"]) == 2
    assert "--person-score" in capsys.readouterr().err
    keep = json.loads((output / "keep.json").read_text())
    rejected = (output / "rejected.txt").read_text().split()
    assert len(keep["images"]) + len(rejected) == 3
    assert all(image["upright"] for image in keep["images"])
    assert all(len(annotation["teacher_disagreement"]) == COCO17.num_keypoints for annotation in keep["annotations"])
    assert main([*command, *believed]) == 2
    assert "exists already" in capsys.readouterr().err


def test_missing_pictures_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["data", "prelabel", "--weights", "w", "--output", str(tmp_path / "out")]
    assert main([*command, str(tmp_path / "nowhere")]) == 2
    assert main([*command, str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "no such folder" in said
    assert "holds no pictures" in said
