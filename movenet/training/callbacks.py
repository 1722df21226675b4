"""What a run tells about its speed."""

from __future__ import annotations

import time
from typing import Any

from lightning import Callback, LightningModule, Trainer


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
