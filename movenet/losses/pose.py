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
        mirror_weight: added to a keypoint's squares where its mirror image lies, as `positive_weight` is where it lies
            itself. Without it, a network that cannot tell left from right is told to be sure of both.
    """

    heatmap: float = 1.0
    center: float = 1.0
    reg: float = 0.1
    offset: float = 1.0
    bone: float = 0.1
    positive_weight: float = 8.0
    mirror_weight: float = 0.0

    def __post_init__(self) -> None:
        for name in ("heatmap", "center", "reg", "offset", "bone", "positive_weight", "mirror_weight"):
            if getattr(self, name) < 0:
                raise ConfigError(f"loss: {name} must not be negative")


class PoseLoss:
    """All losses of a batch, each already weighed.

    Args:
        config: the weights.
        skeleton: gives the bones, and which keypoints are each other's mirror images.
    """

    def __init__(self, config: LossConfig, skeleton: Skeleton) -> None:
        self.config = config
        self._edges = torch.from_numpy(skeleton.edge_indices)
        self._mirror = torch.from_numpy(skeleton.mirror_permutation)

    def __call__(self, heads: Heads, targets: Targets) -> dict[str, Tensor]:
        """One scalar a loss, from float32 heads; their sum is what is minimised."""
        config = self.config
        heatmap, center, reg, offset = heads
        losses = {
            "heatmap": config.heatmap
            * weighted_mse(
                heatmap, targets.heatmap, targets.heatmap_mask, config.positive_weight, self._at_mirror_images(targets)
            ),
            "center": config.center * weighted_mse(center, targets.center, targets.center_mask, config.positive_weight),
            "reg": config.reg * masked_l1(reg, targets.reg, targets.reg_mask),
            "offset": config.offset * masked_l1(offset, targets.offset, targets.offset_mask),
        }
        if config.bone > 0:
            edges = self._edges.to(reg.device)
            losses["bone"] = config.bone * bone_loss(reg, targets.reg, targets.reg_mask, edges)
        return losses

    def _at_mirror_images(self, targets: Targets) -> Tensor | None:
        """float [N, K, G, G]: what `mirror_weight` adds to the heatmaps' weights."""
        if self.config.mirror_weight == 0:
            return None
        mirror = self._mirror.to(targets.heatmap.device)
        has_image = (mirror != torch.arange(len(mirror), device=mirror.device)).to(targets.heatmap.dtype)
        return self.config.mirror_weight * targets.heatmap[:, mirror] * has_image[:, None, None]
