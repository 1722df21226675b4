"""Half precision where the hardware computes in it, single precision where it would only imitate it.

A CPU without bfloat16 instructions takes every number apart and puts it together again: the default network's step took
twelve times as long so as in single precision on an AVX2 machine, where one with AVX512-BF16 gains.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

import torch

PrecisionName = Literal["auto", "32-true", "bf16-mixed", "16-mixed"]
_SINGLE: PrecisionName = "32-true"
_HALF: PrecisionName = "bf16-mixed"
# What torch calls them on x86 and on ARM.
_CPU_UNITS = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")

_logger = logging.getLogger(__name__)


def chosen_precision(precision: PrecisionName, accelerator: str) -> PrecisionName:
    """What `auto` comes to here; anything else stays, with a warning where it is slow.

    Args:
        precision: of the config.
        accelerator: Lightning's name for it.
    """
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available())
    has_units = (
        _cpu_has_units()
        if on_cpu
        else torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    )
    if precision == "auto":
        return _HALF if has_units else _SINGLE
    if precision == _HALF and on_cpu and not has_units:
        _logger.warning("this CPU has no bfloat16 units: hardware.precision %s or auto is many times faster", _SINGLE)
    return precision


def _cpu_has_units() -> bool:
    # Older releases of torch do not tell.
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(unit, False) for unit in _CPU_UNITS)
