"""What a run writes down about itself, so that its result can be traced and repeated."""

from __future__ import annotations

import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from movenet.data.sets import set_checksum
from movenet.training.config import RunConfig

_PACKAGES = ("torch", "lightning", "albumentations", "numpy", "opencv-python-headless")


def write_provenance(path: Path, config: RunConfig, repository: Path) -> None:
    """Write git revision, data checksums and package versions as json."""
    target = config.augmentation.fit_scale_to
    sets = [*config.data.train, config.data.dev, *([] if target is None else [target])]
    content: dict[str, Any] = {
        "git": _git_revision(repository),
        "annotations_sha256": {source.annotations: set_checksum(source, Path(config.data.root)) for source in sets},
        "packages": {name: _version(name) for name in _PACKAGES},
        "python": platform.python_version(),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _git_revision(repository: Path) -> dict[str, Any] | None:
    """None outside a git checkout."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return {"revision": git("rev-parse", "HEAD"), "modified": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
