"""The application's programs, where they have been built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP_VARIABLE = "MOVENET_APP"


@pytest.fixture(scope="session")
def probe() -> Path:
    """Runs the application's steps alone; `make test-cpp` builds it."""
    program = ROOT / "build/cpp/cpp_postprocess/app/movenet_app_probe"
    if not program.is_file():
        pytest.skip(f"{program} is not built: run `make test-cpp` first")
    return program


@pytest.fixture(scope="session")
def app() -> Path:
    """The application itself, which needs ncnn (docs/application.md)."""
    program = Path(os.environ.get(APP_VARIABLE, ROOT / "build/app/cpp_postprocess/app/movenet_app")).resolve()
    if not program.is_file():
        pytest.skip(f"{program} is not built: see docs/application.md, or name the program by {APP_VARIABLE}")
    return program
