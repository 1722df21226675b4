"""Fixtures that several tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

DATA_ROOT_VARIABLE = "MOVENET_TEST_DATA"

# A busy machine is no failure.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with the real photographs (`coco`, `lspet`, `mpii`), where the machine has them."""
    folder = os.environ.get(DATA_ROOT_VARIABLE)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"{DATA_ROOT_VARIABLE} does not name a folder with the real photographs")
    return Path(folder)
