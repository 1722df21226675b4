"""One network, and what a published file of it holds, for all tests of the import."""

from __future__ import annotations

import pytest
import torch

from movenet.models import MoveNet, build
from tests.importing.published import Step, operations, random_network

SIZE = 64


@pytest.fixture(scope="module")
def network() -> MoveNet:
    torch.manual_seed(0)
    return random_network(build("lightning", 17))


@pytest.fixture(scope="module")
def steps(network: MoveNet) -> list[Step]:
    return operations(network, SIZE)
