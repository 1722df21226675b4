"""Which samples an epoch takes, in which order; the same on every machine and after every interruption."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler


class WeightedEpochSampler(Sampler[tuple[int, int]]):
    """Draws (epoch, index) pairs: each index as often as its weight says, rounded up or down by chance.

    With equal weights and an epoch as long as the set, every index comes exactly once. In a distributed run each
    process takes its own part of the same list.

    Args:
        weights: float [number of indices], relative.
        samples_per_epoch: length of an epoch over all processes.
        seed: of the order.
        rank: of this process.
        world_size: number of processes.
    """

    def __init__(
        self, weights: np.ndarray, samples_per_epoch: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        self._share = np.asarray(weights, np.float64) / np.sum(weights)
        self._length = samples_per_epoch // world_size
        self._seed, self._rank, self._world_size = seed, rank, world_size
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        total = self._length * self._world_size
        rng = np.random.default_rng((self._seed, self._epoch))
        # Systematic sampling: evenly spaced marks on the cumulated shares of a random order.
        order = rng.permutation(len(self._share))
        marks = (np.arange(total) + rng.random()) / total
        drawn = np.searchsorted(np.cumsum(self._share[order]), marks, side="right")
        indices = rng.permutation(order[np.minimum(drawn, len(order) - 1)])
        for index in indices[self._rank :: self._world_size]:
            yield self._epoch, int(index)
