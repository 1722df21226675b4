"""Decides whether a run's crops are made on its device."""

from __future__ import annotations

import logging
from typing import Literal

import torch

from movenet.data.cache import CropCache
from movenet.data.dataset import CropDataset
from movenet.data.device_crops import DeviceCrops, DrawnCrops
from movenet.data.pyramids import PyramidLayout
from movenet.errors import ConfigError

# Of the device's free memory, for pictures; the training needs the rest.
_MEMORY_SHARE = 0.5

_logger = logging.getLogger(__name__)


def crops_on_device(
    wanted: bool | Literal["auto"], dataset: CropDataset, cache: CropCache | None, device: torch.device
) -> tuple[DrawnCrops, DeviceCrops] | None:
    """What draws the dataset's samples, and what makes them on the device; None if the workers are to make them.

    Args:
        wanted: `data.on_device`.
        dataset: of the run.
        cache: its pictures.
        device: that the run trains on.

    Raises:
        ConfigError: if it is wanted but cannot be.
    """
    if wanted is False:
        return None
    layout = None if cache is None else PyramidLayout(cache)
    reason = _obstacle(wanted, layout, device)
    if layout is not None and reason is None:
        _logger.info("crops are made on %s, of %.0f MB of pictures there", device, layout.num_bytes / 1e6)
        return DrawnCrops(dataset, layout), DeviceCrops(layout, device, dataset.input_size, dataset.view_size)
    if wanted is True:
        raise ConfigError(f"data: on_device cannot be true: {reason}")
    _logger.info("crops are made by the loader's workers: %s", reason)
    return None


def _obstacle(wanted: bool | Literal["auto"], layout: PyramidLayout | None, device: torch.device) -> str | None:
    """Why the device does not make the crops, if there is a reason."""
    if layout is None:
        return "there is no data.cache"
    if wanted == "auto" and device.type == "cpu":
        return "the run is on a CPU"
    free = _free_bytes(device)
    if free is not None and layout.num_bytes > _MEMORY_SHARE * free:
        needed_mb, share = layout.num_bytes / 1e6, f"{_MEMORY_SHARE:.0%}"
        return f"the pictures take {needed_mb:,.0f} MB, more than {share} of the {free / 1e6:,.0f} MB free on {device}"
    return None


def _free_bytes(device: torch.device) -> int | None:
    """Memory that is free on a device, where its kind can tell."""
    query = getattr(torch.get_device_module(device), "mem_get_info", None)
    return None if query is None else int(query(device)[0])
