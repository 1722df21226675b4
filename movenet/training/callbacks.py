"""What a run tells about its speed and its labels, the average of its weights, and how it ends when it is told to."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from types import FrameType
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.plugins.environments import SLURMEnvironment
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from movenet.models.network import MoveNet
from movenet.training.pseudo_labels import PseudoLabeller


class MovingAverage(WeightAveraging):
    """The exponential moving average of the weights, batch norms included, and the network that has them.

    Args:
        decay: of the average, each step, in the long run; at first it is less, see `decay_at`.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(use_buffers=True, multi_avg_fn=partial(_average, decay))

    @property
    def network(self) -> MoveNet:
        """Not while the dev set is evaluated: the weights have changed places then."""
        assert self._average_model is not None
        network = self._average_model.module.network
        assert isinstance(network, MoveNet)
        return network


def decay_at(step: int, decay: float) -> float:
    """The average's decay after so many steps: what the first steps leave behind must not stay in it for long.

    TensorFlow's `ExponentialMovingAverage` has the same warm-up (`num_updates`).
    """
    return min(decay, (1 + step) / (10 + step))


def _average(decay: float, averages: list[Tensor], currents: list[Tensor], num_averaged: Tensor) -> None:
    get_ema_multi_avg_fn(decay_at(int(num_averaged), decay))(averages, currents, num_averaged)


class LabellingMonitor(Callback):
    """Logs, for each epoch, how many pseudo-labels there were.

    Args:
        labeller: of the run.
    """

    def __init__(self, labeller: PseudoLabeller) -> None:
        self._labeller = labeller

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        report = self._labeller.report
        pl_module.log("pseudo_labels/accepted_share", report.accepted)
        pl_module.log("pseudo_labels/jumped_share", report.jumped)


class SpeedMonitor(Callback):
    """Logs, for each epoch, images per second of this process and the share of the time spent waiting for data."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._images = 0
        self._waited_s = 0.0
        self._start_s = self._batch_end_s = time.perf_counter()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        now_s = time.perf_counter()
        if batch_idx == 0:
            # The first batch waits for the workers to start; that is no property of the loading.
            self._start_s = now_s
        else:
            self._waited_s += now_s - self._batch_end_s
        self._images += len(batch.samples.image)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._batch_end_s = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        elapsed_s = self._batch_end_s - self._start_s
        pl_module.log("speed/images_per_second", self._images / elapsed_s)
        pl_module.log("speed/data_wait_share", self._waited_s / elapsed_s)


class EndOnTermination(Callback):
    """SIGTERM (`kill`, `docker stop`, a machine that shuts down) ends all processes of a run at once.

    Lightning's own handler lets the processes speak to each other, amid a step where they wait for each other already:
    with two of them, both then wait for ever. Under SLURM, which may start the run again, its handler stays.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if SLURMEnvironment.detect() or threading.current_thread() is not threading.main_thread():
            return
        launcher = trainer.strategy.launcher

        def end(signal_number: int, _: FrameType | None) -> None:
            if launcher is not None:
                launcher.kill(signal_number)
            signal.signal(signal_number, signal.SIG_DFL)
            os.kill(os.getpid(), signal_number)

        # Lightning gives back what was there before when the run is over.
        signal.signal(signal.SIGTERM, end)
