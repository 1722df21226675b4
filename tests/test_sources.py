"""Sources: what a name opens, in which order frames come, and what cannot be opened says so."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.errors import SourceError
from movenet.sources import SourceKind, open_pictures, open_source

NUM_FRAMES = 5


@pytest.fixture
def picture(tmp_path: Path, frame: np.ndarray) -> Path:
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), frame)
    return path


@pytest.fixture
def video(tmp_path: Path, frame: np.ndarray) -> Path:
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (frame.shape[1], frame.shape[0]))
    for _ in range(NUM_FRAMES):
        writer.write(frame)
    writer.release()
    return path


def test_picture(picture: Path, frame: np.ndarray) -> None:
    source = open_source(str(picture))
    assert (source.kind, source.length) == (SourceKind.PICTURE, 1)
    ((name, read),) = source
    assert name == "picture.png"
    assert np.array_equal(read, frame)


def test_folder_gives_its_pictures_by_name(picture: Path, frame: np.ndarray) -> None:
    cv2.imwrite(str(picture.with_name("another.JPG")), frame)
    picture.with_name("notes.txt").write_text("no picture")
    source = open_source(str(picture.parent))
    assert (source.kind, source.length) == (SourceKind.FOLDER, 2)
    assert [name for name, _ in source] == ["another.JPG", "picture.png"]


def test_gray_and_transparent_pictures_become_bgr(tmp_path: Path, frame: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "gray.png"), frame[..., 0])
    cv2.imwrite(str(tmp_path / "transparent.png"), cv2.cvtColor(frame, cv2.COLOR_BGR2BGRA))
    assert [read.shape for _, read in open_source(str(tmp_path))] == [frame.shape, frame.shape]


def test_video(video: Path, frame: np.ndarray) -> None:
    source = open_source(str(video))
    assert (source.kind, source.length, source.frames_per_second) == (SourceKind.VIDEO, NUM_FRAMES, 10)
    frames = list(source)
    assert [name for name, _ in frames] == ["video.avi"] * NUM_FRAMES
    assert all(read.shape == frame.shape for _, read in frames)


def test_broken_picture_in_a_folder_is_left_out_aloud(picture: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture.with_name("broken.png").write_bytes(picture.read_bytes()[:40])
    with caplog.at_level(logging.WARNING):
        assert [name for name, _ in open_source(str(picture.parent))] == ["picture.png"]
    assert "broken.png" in caplog.text


@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_broken_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"broken\.png: not a picture"):
        list(open_source(str(path)))


def test_folder_of_broken_pictures(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(SourceError, match="none of its 1 pictures"):
        list(open_source(str(tmp_path)))


def test_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        list(open_source(str(tmp_path / "nothing.jpg")))


def test_missing_video(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.mp4: no such file"):
        open_source(str(tmp_path / "nothing.mp4"))


def test_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        open_pictures(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_broken_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"broken\.mp4: not a video"):
        open_source(str(path))


def test_missing_camera() -> None:
    with pytest.raises(SourceError, match="camera 97"):
        open_source("97")


def test_password_of_a_stream_is_not_told() -> None:
    with pytest.raises(SourceError, match=r"^rtsp://127\.0\.0\.1:9/live: no such camera or stream") as caught:
        open_source("rtsp://user:secret@127.0.0.1:9/live")
    assert "secret" not in str(caught.value)
