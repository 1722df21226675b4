"""The licence that comes with Google's weights, written beside what is made from them."""

from __future__ import annotations

from pathlib import Path

_LICENCE = Path(__file__).with_name("apache-2.0.txt")
_NOTICE = """\
{name} holds the weights of Google's MoveNet SinglePose ({model}), Copyright Google LLC, published under the Apache
License, Version 2.0, whose text follows. Changes: the weights were taken out of the published file, reordered for
another implementation of the same network, and stored in another format. The decode is not part of the file.

"""


def write_notice(checkpoint: Path, model: str) -> Path:
    """Write origin, changes and licence beside an imported checkpoint; hand both on together.

    Args:
        checkpoint: the file that holds the weights.
        model: the preset's name.

    Returns:
        The file that was written: `NAME.NOTICE.txt` beside `NAME.ckpt`.
    """
    notice = checkpoint.with_suffix(".NOTICE.txt")
    text = _NOTICE.format(name=checkpoint.name, model=model.capitalize())
    notice.write_text(text + _LICENCE.read_text(encoding="utf-8"), encoding="utf-8")
    return notice
