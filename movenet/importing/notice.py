"""The notices of imported weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

from movenet.errors import ConfigError
from movenet.models.notice import notice_path

_LICENCE = Path(__file__).with_name("apache-2.0.txt")
_MOVENET = """\
These are the weights of Google's MoveNet SinglePose ({model}), Copyright Google LLC, published under the Apache
License, Version 2.0, whose text follows, or weights that were trained from them. Changes: they were taken out of the
published file, reordered for another implementation of the same network, and stored in another format. The decode is
not part of the file.

"""
_BACKBONE = """\
These weights hold a part of a published network, {source} (sha256 {checksum}),
or were trained from it. Changes: what {model} shares with it was taken out of the file, folded batch norms were
made ordinary ones, and the rest of the network was replaced.

"""


def write_movenet_notice(checkpoint: Path, model: str) -> Path:
    """Write origin, changes and licence of Google's MoveNet beside an imported checkpoint; returns the file.

    Args:
        checkpoint: the file that holds the weights.
        model: the preset's name.
    """
    text = _MOVENET.format(model=model.capitalize())
    return _write(checkpoint, text + _LICENCE.read_text(encoding="utf-8"))


def write_backbone_notice(checkpoint: Path, model: str, source: Path, licence: Path | None) -> Path:
    """Write the origin of a backbone beside an imported checkpoint; returns the file.

    Args:
        checkpoint: the file that holds the weights.
        model: the preset's name.
        source: the file that they came from.
        licence: a text to add: who made the source, and its terms.

    Raises:
        ConfigError: if the licence cannot be read.
    """
    checksum = hashlib.sha256(source.read_bytes()).hexdigest()
    text = _BACKBONE.format(model=model, source=source.name, checksum=checksum)
    try:
        terms = licence.read_text(encoding="utf-8") if licence else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{licence}: the licence cannot be read: {error}") from error
    return _write(checkpoint, text + terms)


def _write(checkpoint: Path, text: str) -> Path:
    notice = notice_path(checkpoint)
    notice.write_text(text, encoding="utf-8")
    return notice
