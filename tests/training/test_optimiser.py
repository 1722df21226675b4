"""The learning rate over a run and over the depth of the network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from movenet.errors import ConfigError
from movenet.models import build
from movenet.training.config import OptimisationConfig
from movenet.training.optimiser import fix_first_parts, learning_rate_factor, make_optimiser


@given(st.integers(1, 2000), st.floats(0.01, 0.5), st.floats(0.01, 1.0))
def test_it_rises_to_the_top_and_falls_to_nothing(steps: int, warmup_share: float, decay_share: float) -> None:
    factors = [learning_rate_factor(step, steps, warmup_share, decay_share=decay_share) for step in range(steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    top = factors.index(max(factors))
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert factors[-1] == pytest.approx(0, abs=1e-9)


def test_between_the_rise_and_the_fall_the_rate_stays() -> None:
    factors = [learning_rate_factor(step, 1000, 0.05, decay_share=0.3) for step in range(1000)]
    assert factors[40] < 1
    assert set(factors[60:700]) == {1.0}
    assert factors[750] < 1


def test_the_first_step_already_learns() -> None:
    assert learning_rate_factor(0, 1000, 0.05) > 0


@given(st.integers(10, 2000), st.floats(0.01, 0.3), st.floats(0.05, 0.6))
def test_what_is_frozen_rests_and_then_joins_the_rest(steps: int, warmup_share: float, frozen_share: float) -> None:
    for step in range(steps):
        frozen = learning_rate_factor(step, steps, warmup_share, frozen_share)
        rest = learning_rate_factor(step, steps, warmup_share)
        if step < frozen_share * steps:
            assert frozen == 0
        elif step >= (frozen_share + warmup_share) * steps + 1:
            assert frozen == pytest.approx(rest)
        else:
            assert 0 < frozen <= rest * (1 + 1e-9) or step < warmup_share * steps


@pytest.mark.parametrize("model", ["mobilenet_v2_x1_0", "shufflenet_v2_x0_5", "lightning"])
def test_every_parameter_learns_once_and_deeper_ones_slower(model: str) -> None:
    network = build(model, 3)
    config = OptimisationConfig(learning_rate=1.0, depth_decay=0.5, frozen_backbone_share=0.5)
    optimiser, _ = make_optimiser(network, nn.Identity(), config, steps=100)
    rates = {id(p): group["initial_lr"] for group in optimiser.param_groups for p in group["params"]}
    assert len(rates) == sum(len(group["params"]) for group in optimiser.param_groups) == len([*network.parameters()])
    heads, pyramid, stem = (
        {rates[id(p)] for p in part.parameters()} for part in (network.heads, network.pyramid, network.backbone.stem)
    )
    assert (heads, pyramid) == ({1.0}, {0.5})
    assert stem == {min(rates.values())}
    now = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert all((now[id(p)] == 0) == name.startswith("backbone.") for name, p in network.named_parameters())


def test_fixed_parts_are_the_first_ones_and_not_optimised() -> None:
    network = build("mobilenet_v2_x1_0", 3)
    fixed = fix_first_parts(network, 2)
    assert fixed == [network.backbone.stem, network.backbone.get_submodule("stages.0")]
    optimiser, _ = make_optimiser(network, nn.Identity(), OptimisationConfig(fixed_parts=2), steps=100)
    optimised = {id(p) for group in optimiser.param_groups for p in group["params"]}
    for name, parameter in network.named_parameters():
        assert (id(parameter) in optimised) != name.startswith(("backbone.stem.", "backbone.stages.0."))
    with pytest.raises(ConfigError, match="has 8 parts"):
        fix_first_parts(network, 9)
