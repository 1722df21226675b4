"""The moving average forgets the start of a training soon, and then averages over as many steps as it is told to."""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from hypothesis import given
from hypothesis import strategies as st
from lightning import LightningModule, Trainer
from torch import nn

from movenet.training.callbacks import MovingAverage, decay_at


@given(st.integers(0, 10_000), st.floats(0, 0.9999))
def test_the_decay_grows_to_what_it_is_told(step: int, decay: float) -> None:
    assert 0 <= decay_at(step, decay) <= decay_at(step + 1, decay) <= decay
    assert decay_at(10**6, decay) == decay


def test_after_a_thousand_steps_the_start_is_forgotten() -> None:
    kept = math.prod(decay_at(step, 0.999) for step in range(1, 1000))
    assert kept < 1e-6 < 0.3 < 0.999**1000


def test_the_average_is_the_recursion_written_out() -> None:
    module = LightningModule()
    module.layers = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    average = MovingAverage(0.7)
    average.setup(Trainer(logger=False), module, "fit")
    expected = 0.0
    for step in range(12):
        with torch.no_grad():
            module.layers[0].weight.fill_(float(step))
            module.layers[1].running_mean.fill_(float(-step))
        average.on_train_batch_end(SimpleNamespace(global_step=step + 1), module, None, None, step)
        kept = decay_at(step, 0.7) if step else 0.0
        expected = kept * expected + (1 - kept) * step
    average.on_train_end(Trainer(logger=False), module)
    assert abs(module.layers[0].weight.item() - expected) < 1e-5
    assert abs(module.layers[1].running_mean.item() + expected) < 1e-5
