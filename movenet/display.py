"""A window on the screen, where there is one."""

from __future__ import annotations

import os
import re
import sys

import cv2
import numpy as np

TITLE = "MoveNet (q: quit)"
QUIT_KEYS = (ord("q"), 27)  # 27 is Escape


class Window:
    """Shows frames until somebody presses q or Escape.

    Args:
        wait: whether each frame stays until a key is pressed.
    """

    def __init__(self, wait: bool) -> None:
        self._delay_ms = 0 if wait else 1

    def show(self, frame_bgr: np.ndarray) -> bool:
        """Show a frame; returns whether to go on."""
        cv2.imshow(TITLE, frame_bgr)
        return cv2.waitKey(self._delay_ms) & 0xFF not in QUIT_KEYS

    def close(self) -> None:
        cv2.destroyAllWindows()


def display_problem() -> str | None:
    """Why no window can be shown here; None if one can."""
    if re.search(r"^\s*GUI:\s+NONE", cv2.getBuildInformation(), re.MULTILINE):
        return "this OpenCV is the headless one"
    # Without a screen OpenCV's Qt does not raise: it ends the process.
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return None
