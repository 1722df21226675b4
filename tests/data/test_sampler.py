"""The sampler: weights are kept, epochs differ, processes share without overlap."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from movenet.data.sampler import WeightedEpochSampler


def drawn(sampler: WeightedEpochSampler, epoch: int = 0) -> list[int]:
    sampler.set_epoch(epoch)
    pairs = list(sampler)
    assert {found for found, _ in pairs} <= {epoch}
    return [index for _, index in pairs]


@given(st.integers(1, 200), st.integers(0, 10))
def test_equal_weights_take_every_index_once(count: int, epoch: int) -> None:
    sampler = WeightedEpochSampler(np.ones(count), count, seed=1)
    assert sorted(drawn(sampler, epoch)) == list(range(count))


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30), st.integers(1, 300))
def test_each_index_comes_as_often_as_its_weight_says(weights: list[float], length: int) -> None:
    counts = Counter(drawn(WeightedEpochSampler(np.array(weights), length, seed=2)))
    assert sum(counts.values()) == length
    for index, weight in enumerate(weights):
        assert abs(counts[index] - length * weight / sum(weights)) <= 1 + 1e-6


@given(st.integers(1, 5), st.integers(1, 100))
def test_processes_divide_an_epoch(world_size: int, length: int) -> None:
    weights = np.ones(50)
    parts = [drawn(WeightedEpochSampler(weights, length, 3, rank, world_size)) for rank in range(world_size)]
    assert {len(part) for part in parts} == {length // world_size}
    total = length // world_size * world_size
    assert Counter(index for part in parts for index in part) == Counter(drawn(WeightedEpochSampler(weights, total, 3)))


def test_epochs_differ_and_repeat() -> None:
    sampler = WeightedEpochSampler(np.ones(100), 100, seed=4)
    assert drawn(sampler, 0) != drawn(sampler, 1)
    assert drawn(sampler, 1) == drawn(WeightedEpochSampler(np.ones(100), 100, seed=4), 1)
