"""Losses against a teacher network's answers: its maps say more about a crop than labels do.

A teacher's heads are soft (how sure, which other joint it might be), cover persons whom nobody labelled, and hold reg
and offset wherever they matter. Its feature map is the densest teaching of all (Romero et al. 2015, "FitNets").
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from movenet.errors import ConfigError
from movenet.losses.maps import masked_l1, weighted_mse
from movenet.models.heads import Heads

# Where a teacher is surer than this of a center (a keypoint), its reg (its offset) there is worth learning.
_SURE = 0.2


@dataclass(frozen=True)
class DistillationConfig:
    """A teacher, and the weights of what is learnt from it.

    Attributes:
        teacher: its checkpoint; nothing is distilled if none is given. It must have the run's keypoints.
        heatmap, center, reg, offset: weights of the losses between the heads; 0 leaves one out.
        features: weight of the loss between the pyramids' last maps; 0 leaves it out.
        positive_weight: k of the weighted squares.
    """

    teacher: str | None = None
    heatmap: float = 100.0
    center: float = 10.0
    reg: float = 0.1
    offset: float = 0.5
    features: float = 2.0
    positive_weight: float = 8.0

    def __post_init__(self) -> None:
        for name in ("heatmap", "center", "reg", "offset", "features", "positive_weight"):
            if getattr(self, name) < 0:
                raise ConfigError(f"distillation: {name} must not be negative")


def head_losses(student: Heads, teacher: Heads, config: DistillationConfig) -> dict[str, Tensor]:
    """The losses between the heads, each already weighed.

    Args:
        student, teacher: heads of the same pictures; [N, C, G, G] each.
        config: the weights.
    """
    everywhere = torch.ones_like(teacher.center)
    sure_of_center = (teacher.center > _SURE).to(teacher.reg.dtype).expand_as(teacher.reg)
    sure_of_keypoint = (teacher.heatmap > _SURE).to(teacher.offset.dtype).repeat_interleave(2, dim=1)
    k = config.positive_weight
    return {
        "distil_heatmap": config.heatmap * weighted_mse(student.heatmap, teacher.heatmap, everywhere, k),
        "distil_center": config.center * weighted_mse(student.center, teacher.center, everywhere, k),
        "distil_reg": config.reg * masked_l1(student.reg, teacher.reg, sure_of_center),
        "distil_offset": config.offset * masked_l1(student.offset, teacher.offset, sure_of_keypoint),
    }


def feature_loss(adapted: Tensor, teacher: Tensor) -> Tensor:
    """Mean square distance of feature maps [N, C, G, G], in units of the variance of each of the teacher's channels.

    1 is what a student reaches by answering with each channel's mean.
    """
    variance = teacher.var(dim=(0, 2, 3), keepdim=True)
    # A channel that hardly ever fires would otherwise outweigh all others.
    variance = variance.clamp(min=1e-6 + 0.05 * float(variance.mean()))
    return (torch.square(adapted - teacher) / variance).mean()
