"""What is learnt how fast: the schedule over the steps, and the learning rates over the network's depth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from movenet.errors import ConfigError
from movenet.models.network import MoveNet
from movenet.training.config import OptimisationConfig


@dataclass(frozen=True)
class Depth:
    """A part that learns at one rate.

    Attributes:
        module: of the network.
        in_backbone: whether it rests while the backbone is frozen.
    """

    module: nn.Module
    in_backbone: bool


def depths(network: MoveNet) -> list[Depth]:
    """The network from its heads down to the first convolution: heads, pyramid, the backbone's stages, its stem."""
    backbone = network.backbone
    stages = [*backbone.get_submodule("stages").children()]
    # (A convolution after the last stage, where there is one.)
    last = [m for name, m in backbone.named_children() if name not in ("stem", "stages") and [*m.parameters()]]
    return [
        Depth(network.heads, in_backbone=False),
        Depth(network.pyramid, in_backbone=False),
        *(Depth(module, in_backbone=True) for module in (*last, *reversed(stages))),
        Depth(backbone.get_submodule("stem"), in_backbone=True),
    ]


def fix_first_parts(network: MoveNet, number: int) -> list[nn.Module]:
    """Take the backbone's first parts (stem, first stage, ...) out of the training.

    Returns:
        Their modules: keep them in eval mode, or their batch norms go on counting.

    Raises:
        ConfigError: if the backbone has fewer parts.
    """
    parts = [depth for depth in reversed(depths(network)) if depth.in_backbone]
    if number > len(parts):
        raise ConfigError(f"optimisation: fixed_parts is {number}, but the backbone has {len(parts)} parts")
    modules = [part.module for part in parts[:number]]
    for module in modules:
        module.requires_grad_(False)
    return modules


def make_optimiser(
    network: MoveNet, others: nn.Module, config: OptimisationConfig, steps: int
) -> tuple[torch.optim.AdamW, LambdaLR]:
    """AdamW and its schedule, which counts steps.

    Args:
        network: learns by its depth.
        others: what is trained besides (an adapter to a teacher); learns as the heads do.
        config: of the run.
        steps: of the whole run.
    """
    groups, frozen_shares = [], []
    parts = [(depth, config.depth_decay**number) for number, depth in enumerate(depths(network))]
    for depth, slower in [*parts, (Depth(others, in_backbone=False), 1.0)]:
        parameters = [p for p in depth.module.parameters() if p.requires_grad]
        rate = config.learning_rate * slower
        # Kernels decay; biases and batch norms, which have one dimension, do not.
        for decay, chosen in (
            (config.weight_decay, [p for p in parameters if p.ndim > 1]),
            (0.0, [p for p in parameters if p.ndim <= 1]),
        ):
            if chosen:
                groups.append({"params": chosen, "weight_decay": decay, "lr": rate})
                frozen_shares.append(config.frozen_backbone_share if depth.in_backbone else 0.0)
    optimiser = torch.optim.AdamW(groups, lr=config.learning_rate)

    factor = partial(
        learning_rate_factor, steps=steps, warmup_share=config.warmup_share, decay_share=config.decay_share
    )
    return optimiser, LambdaLR(optimiser, [partial(factor, frozen_share=share) for share in frozen_shares])


def learning_rate_factor(
    step: int, steps: int, warmup_share: float, frozen_share: float = 0.0, decay_share: float = 1.0
) -> float:
    """Share of the full rate at a step: nothing while frozen, a straight rise, the whole, then half a cosine down to 0.

    The cosine takes the last `decay_share` of the steps, as far as the rise leaves them. What was frozen rises by
    itself to the curve that the rest is on.
    """
    frozen_steps, warmup_steps = frozen_share * steps, warmup_share * steps
    if step < frozen_steps:
        return 0.0
    rise = min(1.0, (step - frozen_steps + 1) / (warmup_steps + 1))
    decay_start = max(warmup_steps, (1 - decay_share) * steps)
    progress = max(0.0, step - decay_start) / (steps - decay_start)
    return rise * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
