"""Frames of a video: one a stretch, none twice, none blurred."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.cli import main
from movenet.data.frames import FrameRules, choose_frames, gray_copy, sharpest_frames
from movenet.errors import ConfigError

RATE = 10
WALL = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def scene(x: int, blurred: bool = False) -> np.ndarray:
    """A still wall, and somebody small who stands at x before it."""
    frame = WALL.copy()
    frame[40:90, x : x + 20] = 255
    return cv2.GaussianBlur(frame, (0, 0), 3) if blurred else frame


def seconds_taken(frames: list[np.ndarray], **options: float) -> list[float]:
    rules = FrameRules(**options)
    candidates = list(sharpest_frames(frames, RATE, rules))
    grays = [gray_copy(candidate.image) for candidate in candidates]
    choice = choose_frames([candidate.sharpness for candidate in candidates], grays, rules)
    return [candidate.seconds for candidate, kept in zip(candidates, choice.kept, strict=True) if kept]


def test_one_frame_a_stretch_of_what_moves() -> None:
    frames = [scene(x) for x in (0, 40, 80, 120) for _ in range(RATE)]
    assert [int(seconds) for seconds in seconds_taken(frames)] == [0, 1, 2, 3]
    assert len(seconds_taken(frames, every_seconds=2.0)) == 2


def test_a_person_who_stands_still_is_taken_once() -> None:
    frames = [scene(x) for x in (0, 0, 0, 80) for _ in range(RATE)]
    noise = np.random.default_rng(1)
    noisy = [cv2.add(frame, noise.integers(0, 8, frame.shape, np.uint8)) for frame in frames]
    first, second = (int(seconds) for seconds in seconds_taken(noisy))
    assert first in (0, 1, 2)
    assert second == 3


def test_a_pose_that_is_taken_again_is_no_new_picture() -> None:
    frames = [scene(x) for x in (0, 40, 0, 40) for _ in range(RATE)]
    assert len(seconds_taken(frames)) == 2


def test_the_sharpest_frame_of_a_stretch_is_taken() -> None:
    frames = [scene(0, blurred=number != 6) for number in range(RATE)]
    assert seconds_taken(frames) == [0.6]


def test_a_scene_that_comes_into_focus_is_taken_when_it_is_sharp() -> None:
    frames = [scene(x, blurred) for x in (0, 40, 80) for blurred in (True, False) for _ in range(RATE)]
    # What lies between a scene and its blurred copy, and less than between two scenes.
    rules = {"min_change": 30.0, "min_sharpness": 0.0}
    assert [int(seconds) for seconds in seconds_taken(frames, **rules)] == [1, 3, 5]


def test_blurred_ones_are_dropped_by_their_videos_measure() -> None:
    rules = FrameRules(min_change=0)
    grays = [gray_copy(scene(0))] * 4
    assert choose_frames([100.0, 90.0, 20.0, 110.0], grays, rules) == ([True, True, False, True], 1, 0)
    assert choose_frames([10.0, 9.0, 11.0], grays[:3], rules) == ([True, True, True], 0, 0)
    assert choose_frames([10.0, 9.0, 11.0], grays[:3], FrameRules()) == ([False, False, True], 0, 2)
    assert choose_frames([], [], rules) == ([], 0, 0)


def write_video(path: Path, frames: list[np.ndarray]) -> Path:
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def test_the_command_writes_pictures_named_by_video_and_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stretches = [(0, False), (40, False), (80, True), (120, False)]
    frames = [scene(x, blurred) for x, blurred in stretches for _ in range(RATE)]
    video, output = write_video(tmp_path / "class.avi", frames), tmp_path / "frames"
    assert main(["data", "frames", str(video), "--output", str(output)]) == 0
    assert "3 pictures (1 more were blurred, 0 nearly the same as others)" in capsys.readouterr().out
    names = sorted(path.name for path in output.iterdir())
    assert [name[:12] for name in names] == ["class_00000.", "class_00001.", "class_00003."]
    assert cv2.imread(str(output / names[0])).shape == WALL.shape


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.avi"], "no such file"),
        (["text.avi"], "not a video"),
        (["class.avi", "other/class.avi"], "same name"),
        (["class.avi", "--every", "0"], "every"),
        (["class.avi", "text.avi"], "not a video"),
    ],
)
def test_nothing_is_left_when_a_video_cannot_be_used(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.avi").write_text("no video")
    write_video(tmp_path / "class.avi", [scene(0)] * 3)
    assert main(["data", "frames", *arguments, "--output", "frames"]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class.avi", "text.avi"]


@pytest.mark.parametrize("values", [{"every_seconds": 0}, {"min_change": -1}, {"min_sharpness": 1.0}])
def test_impossible_rules_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="frames"):
        FrameRules(**values)
