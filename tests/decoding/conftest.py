import pytest

from movenet.decoding import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Every implementation of the decode rule in turn."""
    return request.param
