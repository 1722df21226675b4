"""What the commands ask of files that they are to write."""

from __future__ import annotations

from pathlib import Path

from movenet.errors import ConfigError


def checked_output(output: Path) -> Path:
    """The same path.

    Raises:
        ConfigError: if it is a folder, or the folder that it lies in does not exist.
    """
    if output.is_dir() or not output.parent.is_dir():
        raise ConfigError(f"--output {output}: expected a file name in a folder that exists")
    return output
