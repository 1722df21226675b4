"""What computes a teacher's answers: PyTorch, or OpenVINO, which takes a fraction of its time on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from movenet.errors import ConfigError
from movenet.models import MoveNet
from movenet.models.heads import Heads

if TYPE_CHECKING:
    import openvino


class TeacherMaps(NamedTuple):
    """What a teacher computes for a batch of pictures, float32.

    Attributes:
        fine: its pyramid's fine map.
        heads: its heads.
    """

    fine: Tensor
    heads: Heads


class TeacherNetwork(Protocol):
    """A frozen network.

    Attributes:
        fine_channels: of its pyramid's fine map.
    """

    fine_channels: int

    def to(self, device: torch.device) -> None:
        """Move beside the student; `ConfigError` if it cannot."""

    def __call__(self, view: Tensor) -> TeacherMaps:
        """Float RGB [N, 3, V, V], 0..255 -> its maps."""


class TorchTeacher:
    """PyTorch computes: on any device.

    Args:
        network: in eval mode.
    """

    def __init__(self, network: MoveNet) -> None:
        self._network = network
        self.fine_channels = network.pyramid.channels.fine

    def to(self, device: torch.device) -> None:
        self._network.to(device)

    @torch.no_grad()
    def __call__(self, view: Tensor) -> TeacherMaps:
        maps = self._network.features(view)
        return TeacherMaps(maps.fine.float(), Heads(*(head.float() for head in self._network.heads(maps))))


class OpenVinoTeacher:
    """OpenVINO computes, on the CPU, with as many threads as PyTorch has; in bfloat16 where autocast does.

    A shape of pictures is compiled when it is first seen.

    Args:
        network: in eval mode.

    Raises:
        ConfigError: if OpenVINO is not installed.
    """

    def __init__(self, network: MoveNet) -> None:
        try:
            import openvino
        except ImportError as error:
            raise ConfigError("distil.openvino needs OpenVINO: pip install openvino") from error
        self._openvino = openvino
        self._network = _FineAndHeads(network)
        self._requests: dict[tuple[torch.Size, bool], openvino.InferRequest] = {}
        self.fine_channels = network.pyramid.channels.fine

    def to(self, device: torch.device) -> None:
        if device.type != "cpu":
            raise ConfigError(f"distil.openvino is for training on a CPU, this run is on {device}: leave it out")

    def __call__(self, view: Tensor) -> TeacherMaps:
        key = view.shape, torch.is_autocast_enabled("cpu")
        if key not in self._requests:
            self._requests[key] = self._compile(*key)
        results = self._requests[key].infer([view.contiguous().numpy()])
        # Copied: the next call writes over them.
        fine, *heads = (torch.from_numpy(result.copy()) for result in results.to_tuple())
        return TeacherMaps(fine, Heads(*heads))

    def _compile(self, shape: torch.Size, in_half: bool) -> openvino.InferRequest:
        with torch.autocast("cpu", enabled=False), torch.no_grad():
            model = self._openvino.convert_model(torch.export.export(self._network, (torch.zeros(shape),)))
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": "bf16" if in_half else "f32",
            # Pinned, all processes of a run would compute on the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        return self._openvino.Core().compile_model(model, "CPU", settings).create_infer_request()


class _FineAndHeads(nn.Module):
    def __init__(self, network: MoveNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = self.network.features(image)
        return maps.fine, *self.network.heads(maps)
