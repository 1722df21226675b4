"""Origin and licence of weights that came from elsewhere: a text that stays beside every checkpoint made of them."""

from __future__ import annotations

import shutil
from pathlib import Path


def notice_path(checkpoint: str | Path) -> Path:
    """Where a checkpoint's notice stands, if it has one: `NAME.NOTICE.txt` beside `NAME.ckpt`."""
    return Path(checkpoint).with_suffix(".NOTICE.txt")


def carry_notice(source: str | Path, target: str | Path) -> Path | None:
    """Give a checkpoint the notice of the one that it was made of; returns the file, or None where there is none."""
    notice = notice_path(source)
    if not notice.is_file():
        return None
    return Path(shutil.copyfile(notice, notice_path(target)))
