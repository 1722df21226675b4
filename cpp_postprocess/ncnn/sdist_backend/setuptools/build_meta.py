"""Answers pip's questions about ncnn's source package with what the package was published with.

`pip download` asks a source package's build backend for its metadata. ncnn's makes the version of today's date, and pip
refuses a package whose version is not the one it asked for. So this module stands in front of the real setuptools
(PYTHONPATH, `--no-build-isolation`); nothing of the package is run.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path


def get_requires_for_build_wheel(config_settings: object = None) -> list[str]:
    return []


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """Called in the unpacked package's folder; returns the name of the folder that it makes."""
    published = Path("PKG-INFO")
    fields = dict(re.findall(r"^(Name|Version): (\S+)$", published.read_text(encoding="utf-8"), re.MULTILINE))
    folder = Path(metadata_directory) / f"{fields['Name']}-{fields['Version']}.dist-info"
    folder.mkdir()
    shutil.copy(published, folder / "METADATA")
    return folder.name
