"""The processes that load a run's pictures."""

from __future__ import annotations

import multiprocessing
from typing import Any

import cv2

from movenet.training.memory import keep_freed_memory


def worker_options(workers: int) -> dict[str, Any]:
    """Arguments of a `DataLoader` with that many processes; 0: the caller's own loads.

    They are started by a fork server where there is one, as by Python's own default from 3.14 on: a process that is
    forked while another thread holds a lock (a logger's, a process group's) may wait for that lock for ever.
    """
    if workers == 0:
        return {"num_workers": 0}
    has_server = "forkserver" in multiprocessing.get_all_start_methods()
    return {
        "num_workers": workers,
        "worker_init_fn": _prepare_worker,
        "multiprocessing_context": "forkserver" if has_server else None,
    }


def _prepare_worker(_worker: int) -> None:
    cv2.setNumThreads(0)
    keep_freed_memory()
