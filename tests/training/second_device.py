"""A training on a device that is not the CPU, where there is none: `python -m tests.training.second_device ARGUMENTS`.

The arguments are those of `train.py`. A tensor of this device is a CPU tensor in a wrapper, and every operation is the
CPU's; but one that is given tensors of both devices fails, as nearly all would on a GPU. So what was left behind on the
CPU, or made there, shows without a GPU.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import lightning.pytorch.trainer.connectors.accelerator_connector as connector
import torch
from lightning.pytorch.accelerators.cpu import CPUAccelerator
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from movenet.training.command import main

NAME = "second"
# These bring tensors from one device to the other.
_COPIES = ("aten::copy_", "aten::_to_copy")
# C++ would make these empty and let the CPU enlarge them, of which their wrappers would not hear.
_MAKERS = ("empty.memory_format", "empty_strided", "arange", "arange.start", "arange.start_step")


class SecondDeviceTensor(torch.Tensor):
    """A tensor of the second device.

    Args:
        inner: its values, on the CPU.
    """

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> SecondDeviceTensor:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME, 0),
        )
        made.inner = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, operation: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(operation, *args, **(kwargs or {}))


def compute(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """What an operation gives, computed on the CPU.

    Raises:
        RuntimeError: if its tensors are of both devices. (A single number may be on the CPU, as on a GPU.)
    """
    name = operation._schema.name
    tensors = [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, torch.Tensor)]
    own = [tensor for tensor in tensors if isinstance(tensor, SecondDeviceTensor)]
    strangers = [tensor for tensor in tensors if tensor.dim() > 0 and not isinstance(tensor, SecondDeviceTensor)]
    if own and strangers and name not in _COPIES:
        places = ", ".join(f"{tuple(tensor.shape)} on {tensor.device}" for tensor in tensors)
        raise RuntimeError(f"{name} was given tensors of two devices: {places}")
    device = kwargs.get("device")
    stays = bool(own) if device is None else torch.device(device).type == NAME
    wrappers = {id(tensor.inner): tensor for tensor in own}

    def to_cpu(leaf: Any) -> Any:
        if isinstance(leaf, SecondDeviceTensor):
            return leaf.inner
        return torch.device("cpu") if isinstance(leaf, torch.device) else leaf

    def back(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or not stays:
            return leaf
        # What was changed in place keeps its wrapper.
        return wrappers[id(leaf)] if id(leaf) in wrappers else SecondDeviceTensor(leaf)

    return tree_map(back, operation(*tree_map(to_cpu, args), **tree_map(to_cpu, kwargs)))


class DeviceModule:
    """What torch asks of a device's kind, `torch.cuda` for a GPU."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return True

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, _seed: int) -> None:
        """Chance on the device is the CPU's."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        """`torch.autocast` asks, switched off or not."""
        return [torch.bfloat16]


def bring_up() -> list[torch.library.Library]:
    """Make the device known to torch and Lightning; it lives as long as the libraries that are returned."""
    _setup_privateuseone_for_python_backend(NAME, DeviceModule())
    everything, makers = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
    everything.fallback(compute, "PrivateUse1")
    for name in _MAKERS:
        packet, _, overload = name.partition(".")
        operation = getattr(getattr(torch.ops.aten, packet), overload or "default")
        makers.impl(name, partial(compute, operation), "PrivateUse1")

    tensor = torch.tensor

    def tensor_by_way_of_the_cpu(data: Any, *, device: Any = None, **kwargs: Any) -> torch.Tensor:
        """`torch.tensor` fills a device's memory in a way that leaves Python out."""
        made = tensor(data, **kwargs)
        return made if device is None else made.to(device)

    torch.tensor = tensor_by_way_of_the_cpu  # type: ignore[assignment]
    # Lightning knows the kinds of accelerators that there are: this one is in the place of the CPU.
    connector.SingleDeviceStrategy = lambda *_args, **_kwargs: SingleDeviceStrategy(torch.device(NAME, 0))  # type: ignore[assignment,misc]
    CPUAccelerator.setup_device = lambda _self, _device: None  # type: ignore[method-assign]
    return [everything, makers]


if __name__ == "__main__":
    libraries = bring_up()
    sys.exit(main(sys.argv[1:]))
