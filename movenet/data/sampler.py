"""Which samples an epoch takes, in which order; the same on every machine and after every interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
        prepare: called with an epoch and this process's int [n] indices in it, before the first of them is handed out.
    """

    def __init__(
        self,
        weights: np.ndarray,
        samples_per_epoch: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        prepare: Callable[[int, np.ndarray], None] | None = None,
    ) -> None:
        self._share = np.asarray(weights, np.float64) / np.sum(weights)
        self._length = samples_per_epoch // world_size
        self._seed, self._rank, self._world_size = seed, rank, world_size
        self._prepare = prepare
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
        own = indices[self._rank :: self._world_size]
        if self._prepare is not None:
            self._prepare(self._epoch, own)
        for index in own:
            yield self._epoch, int(index)
