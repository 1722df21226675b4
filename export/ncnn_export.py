"""The network as ncnn's two files, converted by pnnx (https://github.com/pnnx/pnnx)."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from pathlib import Path

import pnnx
import torch
from torch import Tensor, nn

from export.heads_module import HeadsModule, example_input
from export.rescale import prepare
from movenet.errors import ModelError
from movenet.metadata import NCNN_BIN_FILE, NCNN_PARAM_FILE
from movenet.models import MoveNet
from movenet.models.layers import CheapSigmoid


def write_ncnn(network: MoveNet, input_size: int, folder: Path, half_weights: bool) -> dict[str, str]:
    """Write `model.ncnn.param` and `model.ncnn.bin` into a folder.

    Args:
        half_weights: whether to store the weights in half precision: half the size, and no slower.

    Returns:
        The files' names and the precision of the weights in them.

    Raises:
        ModelError: if pnnx cannot convert the network.
    """
    prepared = _without_softsign(prepare(network, half_weights))
    with tempfile.TemporaryDirectory() as scratch:
        traced = Path(scratch) / "network.pt"
        _trace(prepared, input_size).save(str(traced))
        _convert(traced, input_size, folder, half_weights)
    return {NCNN_PARAM_FILE: "text", NCNN_BIN_FILE: "fp16" if half_weights else "fp32"}


class _PlainCheapSigmoid(nn.Module):
    """`CheapSigmoid` to the last bit (halving is exact), in an order that pnnx does not take for a softsign."""

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * x / (1.0 + torch.abs(x)) + 0.5


def _without_softsign(network: MoveNet) -> MoveNet:
    """Change, in place, what pnnx would turn into a softsign: ncnn has no such layer."""
    if isinstance(network.heads.probability, CheapSigmoid):
        network.heads.probability = _PlainCheapSigmoid()
    return network


def _trace(network: MoveNet, input_size: int) -> torch.jit.ScriptModule:
    with torch.inference_mode(), warnings.catch_warnings():
        # TorchScript is what pnnx reads; torch warns that it is old.
        warnings.simplefilter("ignore")
        return torch.jit.trace(HeadsModule(network).eval(), example_input(input_size))


def _convert(traced: Path, input_size: int, folder: Path, half_weights: bool) -> None:
    command = [
        pnnx.EXEC_PATH,
        traced.name,
        f"inputshape=[1,3,{input_size},{input_size}]f32",
        f"fp16={int(half_weights)}",
        f"ncnnparam={folder.resolve() / NCNN_PARAM_FILE}",
        f"ncnnbin={folder.resolve() / NCNN_BIN_FILE}",
    ]
    # pnnx writes files of its own beside its input: they go with the scratch folder.
    result = subprocess.run(command, cwd=traced.parent, capture_output=True, text=True, check=False)
    if result.returncode != 0 or not (folder / NCNN_BIN_FILE).is_file():
        lines = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
        raise ModelError(f"pnnx could not convert the network (status {result.returncode}): {lines[-1]}")
