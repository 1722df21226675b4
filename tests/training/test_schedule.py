"""The learning rate over a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.training.module import learning_rate_factor


@given(st.integers(1, 2000), st.floats(0.01, 0.5))
def test_it_rises_to_the_top_and_falls_to_nothing(steps: int, warmup_share: float) -> None:
    factors = [learning_rate_factor(step, steps, warmup_share) for step in range(steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    top = factors.index(max(factors))
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert factors[-1] == pytest.approx(0, abs=1e-9)


def test_the_first_step_already_learns() -> None:
    assert learning_rate_factor(0, 1000, 0.05) > 0
