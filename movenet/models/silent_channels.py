"""Hidden channels that answer every picture with the same number: how they are woken, and how idle ones fall silent.

Training silences channels for good. With weight decay their kernels shrink to nothing, and the batch norm's bias alone
is left; or a bias runs so far down that the ReLU behind it lets nothing through any more. Either way no gradient wakes
them. Published backbones have many: of the detector in MediaPipe's Objectron, a MobileNetV2, 19 of 32 in the first unit
and 453 of 576 in the first of the sixth stage; of BlazePose Lite, a seventh of all on this project's training crops.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from movenet.models.blazepose import BlazePose
from movenet.models.mobilenet import MobileNetV2

# Hidden channels lie between these, behind their ReLU6.
_LOWEST, _HIGHEST = 0.0, 6.0
# The silent ones move by nothing or by rounding; the next ones by a thousand times more.
CONSTANT_RANGE = 1e-5
# Of what a channel says over pictures and places; those that speak have around 0.1.
_SILENT_VARIANCE = 1e-5


class HiddenLayers(NamedTuple):
    """Around the hidden channels of one inverted residual. Each is a `Sequential` that begins with its convolution.

    Attributes:
        maker: its outputs are the hidden channels.
        depthwise: convolves each for itself.
        reader: projects them.
    """

    maker: nn.Sequential
    depthwise: nn.Sequential
    reader: nn.Sequential


def hidden_layers(network: nn.Module) -> Iterator[HiddenLayers]:
    """Of every unit of the backbones that have such; the first one's hidden channels are the stem's."""
    for backbone in network.modules():
        if isinstance(backbone, MobileNetV2 | BlazePose):
            maker: nn.Module = backbone.stem
            for stage in backbone.stages:
                for unit in stage.children():
                    layers = list(unit.get_submodule("layers").children())
                    if len(layers) == 3:
                        maker = layers[0]
                    yield HiddenLayers(maker, layers[-2], layers[-1])  # type: ignore[arg-type]


def depthwise_range(depthwise: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Bounds [C] of what a unit's depthwise convolution and the ReLU6 behind it can give for any picture.

    Args:
        depthwise: of hidden channels, with its batch norm folded in.
    """
    kernel = depthwise.weight.detach().flatten(1)
    bias = depthwise.bias.detach()  # type: ignore[union-attr]  # folding gave it one
    lowest = bias + _HIGHEST * kernel.clamp(max=0).sum(dim=1)
    highest = bias + _HIGHEST * kernel.clamp(min=0).sum(dim=1)
    return lowest.clamp(_LOWEST, _HIGHEST), highest.clamp(_LOWEST, _HIGHEST)


def wake_silent_channels(network: nn.Module, images: Tensor) -> int:
    """Give the silent hidden channels of the units that are trained a fresh start; the network computes what it did.

    Their kernels are drawn anew and their batch norms get the statistics of pictures, but nobody reads them yet: their
    weights in the projection are zero, which its first steps change.

    Args:
        network: with batch norms, in eval mode. Units of which a part is fixed (needs no gradient) stay as they are.
        images: what the network takes, some hundred of them; silent is who says the same in all their places.

    Returns:
        How many there were.
    """
    trained = [
        layers
        for layers in hidden_layers(network)
        if all(parameter.requires_grad for sequence in layers for parameter in sequence.parameters())
    ]
    moments = _moments_before(network, [layers.reader for layers in trained], images)
    silent = [(variance <= _SILENT_VARIANCE).nonzero()[:, 0] for variance, _ in moments]
    for layers, channels, (_, mean) in zip(trained, silent, moments, strict=True):
        _start_afresh(layers, channels, mean)
    # What the depthwise convolutions see depends on the statistics before them: one pass after the other.
    for position in range(2):
        norms = [_convolution_and_norm(layers[position])[1] for layers in trained]
        for norm, channels, (variance, mean) in zip(
            norms, silent, _moments_before(network, norms, images), strict=True
        ):
            norm.running_mean[channels], norm.running_var[channels] = mean[channels], variance[channels]  # type: ignore[index]
    return sum(len(channels) for channels in silent)


def silence_idle_channels(network: nn.Module, images: Tensor, share: float) -> int:
    """Let the hidden channels that carry next to nothing say their mean for good; the export leaves them out.

    A channel carries its variance over pictures and places, as the projection passes it on. The least in every unit are
    silenced, as long as they carry less than `share` of the unit's sum together. They stay silent when the network is
    trained on.

    Args:
        network: with batch norms, in eval mode.
        images: what the network takes, some hundred of them.
        share: 0..1.

    Returns:
        How many were silenced, those that were silent before among them.
    """
    units = [*hidden_layers(network)]
    silenced = 0
    for layers, (variance, mean) in zip(
        units, _moments_before(network, [layers.reader for layers in units], images), strict=True
    ):
        reader, reader_norm = _convolution_and_norm(layers.reader)
        gain = reader_norm.weight / torch.sqrt(reader_norm.running_var + reader_norm.eps)  # type: ignore[arg-type, operator]
        carried = variance * (reader.weight.flatten(1) * gain[:, None]).square().sum(dim=0)
        least_first = carried.argsort()
        idle = least_first[carried[least_first].cumsum(0) < share * carried.sum()]
        depthwise, norm = _convolution_and_norm(layers.depthwise)
        with torch.no_grad():
            # Both are zero: neither gives the other a gradient, and a training does not wake them.
            depthwise.weight[idle], norm.weight[idle] = 0.0, 0.0
            norm.running_mean[idle], norm.bias[idle] = 0.0, mean[idle]  # type: ignore[index]
        silenced += len(idle)
    return silenced


def _moments_before(network: nn.Module, modules: Sequence[nn.Module], images: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Variance and mean [C] of what each of the modules takes, over pictures and places."""
    found: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def measure(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found[module] = torch.var_mean(inputs[0], dim=(0, 2, 3))

    hooks = [module.register_forward_pre_hook(measure) for module in modules]
    with torch.no_grad():
        network(images)
    for hook in hooks:
        hook.remove()
    return [found[module] for module in modules]


def _start_afresh(layers: HiddenLayers, silent: Tensor, constant: Tensor) -> None:
    """Draw the silent channels' kernels anew, and take what they say, `constant` [hidden], out of what is read."""
    reader, reader_norm = _convolution_and_norm(layers.reader)
    with torch.no_grad():
        # What their constants added, the batch norm behind the projection takes on.
        reader_norm.running_mean -= reader.weight[:, silent, 0, 0] @ constant[silent]  # type: ignore[operator]
        reader.weight[:, silent] = 0
        for sequence in (layers.maker, layers.depthwise):
            convolution, norm = _convolution_and_norm(sequence)
            drawn = torch.randn_like(convolution.weight[silent])
            convolution.weight[silent] = drawn * math.sqrt(2 / convolution.weight[0].numel())  # He et al. 2015
            norm.weight[silent], norm.bias[silent] = 1.0, 0.0


def _convolution_and_norm(sequence: nn.Sequential) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    convolution, norm = sequence[0], sequence[1]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    return convolution, norm
