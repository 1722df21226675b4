"""Pictures side by side in one picture, with captions."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.4
_LINE_PX = 16
_GAP_PX = 4
_BACKGROUND_BGR = (255, 255, 255)
_TEXT_BGR = (20, 20, 20)


def with_caption(image_bgr: np.ndarray, caption: str) -> np.ndarray:
    """A picture with a text below it, in as many lines as its width asks for."""
    lines = _wrapped(caption, image_bgr.shape[1])
    strip = np.full((_LINE_PX * len(lines), image_bgr.shape[1], 3), _BACKGROUND_BGR, np.uint8)
    for number, line in enumerate(lines, start=1):
        cv2.putText(strip, line, (2, _LINE_PX * number - 5), _FONT, _FONT_SCALE, _TEXT_BGR, 1, cv2.LINE_AA)
    return np.vstack([image_bgr, strip])


def _wrapped(text: str, width_px: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and cv2.getTextSize(longer, _FONT, _FONT_SCALE, 1)[0][0] > width_px - 4:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def mosaic(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Rows of uint8 BGR pictures; each column is as wide as its widest, each row as high as its highest picture."""
    columns = max(len(row) for row in rows)
    widths = [max((row[c].shape[1] for row in rows if c < len(row)), default=0) for c in range(columns)]
    heights = [max(image.shape[0] for image in row) for row in rows]
    height, width = sum(heights) + _GAP_PX * (len(rows) + 1), sum(widths) + _GAP_PX * (columns + 1)
    canvas = np.full((height, width, 3), _BACKGROUND_BGR, np.uint8)
    top = _GAP_PX
    for row, row_height in zip(rows, heights, strict=True):
        left = _GAP_PX
        for image, column_width in zip(row, widths, strict=False):
            canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
            left += column_width + _GAP_PX
        top += row_height + _GAP_PX
    return canvas
