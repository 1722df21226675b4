"""The sum of all losses, with the weights of the config."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from movenet.data.targets import Targets
from movenet.errors import ConfigError
from movenet.losses.maps import masked_l1, weighted_mse
from movenet.losses.structure import bone_loss
from movenet.models.heads import Heads
from movenet.skeleton import Skeleton


@dataclass(frozen=True)
class LossConfig:
    """Weights of the losses.

    Attributes:
        heatmap, center, reg, offset, bone: weight of each; 0 leaves it out.
        positive_weight: k of the weighted squares.
    """

    heatmap: float = 1.0
    center: float = 1.0
    reg: float = 0.1
    offset: float = 1.0
    bone: float = 0.1
    positive_weight: float = 8.0

    def __post_init__(self) -> None:
        for name in ("heatmap", "center", "reg", "offset", "bone", "positive_weight"):
            if getattr(self, name) < 0:
                raise ConfigError(f"loss: {name} must not be negative")


class PoseLoss:
    """All losses of a batch, each already weighed.

    Args:
        config: the weights.
        skeleton: gives the bones.
    """

    def __init__(self, config: LossConfig, skeleton: Skeleton) -> None:
        self.config = config
        self._edges = torch.from_numpy(skeleton.edge_indices)

    def __call__(self, heads: Heads, targets: Targets) -> dict[str, Tensor]:
        """One scalar a loss, from float32 heads; their sum is what is minimised."""
        config = self.config
        heatmap, center, reg, offset = heads
        losses = {
            "heatmap": config.heatmap
            * weighted_mse(heatmap, targets.heatmap, targets.heatmap_mask, config.positive_weight),
            "center": config.center * weighted_mse(center, targets.center, targets.center_mask, config.positive_weight),
            "reg": config.reg * masked_l1(reg, targets.reg, targets.reg_mask),
            "offset": config.offset * masked_l1(offset, targets.offset, targets.offset_mask),
        }
        if config.bone > 0:
            edges = self._edges.to(reg.device)
            losses["bone"] = config.bone * bone_loss(reg, targets.reg, targets.reg_mask, edges)
        return losses
