"""Losses against a teacher network's answers: its maps say more about a crop than labels do.

A teacher's heads are soft (how sure, which other joint it might be), cover persons whom nobody labelled, and hold reg
and offset wherever they matter. Its feature map is the densest teaching of all (Romero et al. 2015, "FitNets").
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from movenet.errors import ConfigError
from movenet.losses.maps import masked_l1, weighted_mse
from movenet.models.heads import Heads
from movenet.models.pyramid import COARSEST_STRIDE

# Where a teacher is surer than this of a center (a keypoint), its reg (its offset) there is worth learning.
_SURE = 0.2


@dataclass(frozen=True)
class DistillationConfig:
    """Teachers, and the weights of what is learnt from them.

    Attributes:
        teachers: their checkpoints; nothing is distilled if none is given. They must have the run's keypoints.
        view_size: side in pixels of the crops that the teachers see, a multiple of 32: without changes of colour and
            quality, unpainted, and larger if you like. If none is given, they see what the student sees.
        mirror: whether they are asked about the mirrored crop as well. Mean of both answers; where a keypoint's two
            places differ, the teacher is trusted less.
        openvino: OpenVINO computes the teachers: on a CPU that is several times faster (`pip install openvino`).
        disagreement_unit: how far apart, as a share of the crop, the two places are where the trust has fallen to 1/e.
        heatmap, center, reg, offset: weights of the losses between the heads; 0 leaves one out.
        features: weight of the loss between the pyramids' last maps; 0 leaves it out.
        positive_weight: k of the weighted squares.
    """

    teachers: list[str] = field(default_factory=list)
    view_size: int | None = None
    mirror: bool = False
    openvino: bool = False
    disagreement_unit: float = 0.03
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
        if self.disagreement_unit <= 0:
            raise ConfigError("distillation: disagreement_unit must be above 0")
        if self.view_size is not None and (self.view_size <= 0 or self.view_size % COARSEST_STRIDE):
            raise ConfigError(f"distillation: view_size must be a multiple of {COARSEST_STRIDE}, not {self.view_size}")


def head_losses(student: Heads, teacher: Heads, trust: Tensor, config: DistillationConfig) -> dict[str, Tensor]:
    """The losses between the heads, each already weighed.

    Args:
        student, teacher: heads of the same pictures; [N, C, G, G] each.
        trust: [N, K], 0..1: weight of the teacher's word on each keypoint.
        config: the weights.
    """
    trust_in_maps = trust[:, :, None, None]
    trust_in_vectors = trust_in_maps.repeat_interleave(2, dim=1)
    sure_of_center = (teacher.center > _SURE).to(trust.dtype) * trust_in_vectors
    sure_of_keypoint = (teacher.heatmap > _SURE).to(trust.dtype).repeat_interleave(2, dim=1) * trust_in_vectors
    k = config.positive_weight
    heatmap_loss = weighted_mse(student.heatmap, teacher.heatmap, trust_in_maps, k)
    return {
        # A mean over the trusted cells; where hardly any is trusted, it shall count little.
        "distil_heatmap": config.heatmap * trust.mean() * heatmap_loss,
        "distil_center": config.center
        * weighted_mse(student.center, teacher.center, torch.ones_like(teacher.center), k),
        "distil_reg": config.reg * masked_l1(student.reg, teacher.reg, sure_of_center),
        "distil_offset": config.offset * masked_l1(student.offset, teacher.offset, sure_of_keypoint),
    }


def feature_loss(adapted: Tensor, teacher: Tensor) -> Tensor:
    """Mean square distance of feature maps [N, C, G, G], the teacher's channels brought to mean 0 and variance 1.

    1 is what a student reaches by answering 0, each channel's mean.
    """
    variance, mean = torch.var_mean(teacher, dim=(0, 2, 3), keepdim=True)
    # A channel that hardly ever fires would otherwise outweigh all others.
    scale = variance.clamp(min=1e-6 + 0.05 * float(variance.mean())).sqrt()
    return torch.square(adapted - (teacher - mean) / scale).mean()
