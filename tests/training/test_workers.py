from __future__ import annotations

import threading

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from movenet.training.workers import worker_options

_LOCK = threading.Lock()


class _Locked(Dataset[Tensor]):
    """Needs a lock that a thread of this process may hold; says how many threads OpenCV has."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, _index: int) -> Tensor:
        with _LOCK:
            return torch.tensor(cv2.getNumThreads())


def test_a_worker_does_not_wait_for_a_lock_that_another_thread_held_when_it_was_started() -> None:
    with _LOCK:
        loader = DataLoader(_Locked(), batch_size=2, timeout=60, **worker_options(1))
        assert torch.cat(list(loader)).tolist() == [1] * 4


def test_without_workers_the_process_itself_loads() -> None:
    assert len(list(DataLoader(_Locked(), batch_size=2, **worker_options(0)))) == 2
