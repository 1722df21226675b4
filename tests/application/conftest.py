"""The application's programs, where they have been built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS_VARIABLE = "MOVENET_APPS"
# What runs each of the programs on an x86 machine.
EMULATORS = {"native": [], "arm64": ["qemu-aarch64"], "armhf": ["qemu-arm"]}


@pytest.fixture(scope="session")
def probe() -> Path:
    """Runs the application's steps alone; `make test-cpp` builds it."""
    program = ROOT / "build/cpp/cpp_postprocess/app/movenet_app_probe"
    if not program.is_file():
        pytest.skip(f"{program} is not built: run `make test-cpp` first")
    return program


@pytest.fixture(scope="session")
def apps() -> dict[str, list[str]]:
    """The commands that start the application, built for each architecture: `make test-embedded` builds them."""
    folder = os.environ.get(APPS_VARIABLE)
    if not folder:
        pytest.skip(f"{APPS_VARIABLE} does not name the folder with the application's programs: make test-embedded")
    programs = {name: Path(folder).resolve() / name / "movenet_app" for name in EMULATORS}
    for name, program in programs.items():
        assert program.is_file(), f"{program} is not built: run `make {name}` first"
    return {name: [*emulator, str(programs[name])] for name, emulator in EMULATORS.items()}


@pytest.fixture(scope="session")
def app(apps: dict[str, list[str]]) -> list[str]:
    """The command that starts this machine's program."""
    return apps["native"]


@pytest.fixture(scope="session", params=EMULATORS)
def any_app(request: pytest.FixtureRequest, apps: dict[str, list[str]]) -> list[str]:
    """The command that starts the application: each architecture's in turn."""
    return apps[request.param]
