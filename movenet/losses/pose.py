"""The sum of all losses, with the weights of the config."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from movenet.data.targets import Targets
from movenet.errors import ConfigError
from movenet.losses.answers import expected_oks_loss, score_loss, soft_answers
from movenet.losses.maps import masked_l1, weighted_mse
from movenet.losses.structure import bone_loss
from movenet.models.heads import Heads
from movenet.skeleton import Skeleton

# The root of a person's area over the longer side of its box: the mean over COCO's persons.
_ROOT_OF_AREA_SHARE = 0.53


@dataclass(frozen=True)
class LossConfig:
    """Weights of the losses.

    Attributes:
        heatmap, center, reg, offset, bone, expected_oks, score: weight of each; 0 leaves it out.
        positive_weight: k of the weighted squares.
        mirror_weight: added to a keypoint's squares where its mirror image lies, as `positive_weight` is where it lies
            itself. Without it, a network that cannot tell left from right is told to be sure of both.
        answers_sharpness: how much like an argmax the decode rule is in the losses on answers (expected_oks, score).
    """

    heatmap: float = 1.0
    center: float = 1.0
    reg: float = 0.1
    offset: float = 1.0
    bone: float = 0.1
    expected_oks: float = 0.0
    score: float = 0.0
    positive_weight: float = 8.0
    mirror_weight: float = 0.0
    answers_sharpness: float = 4.0

    def __post_init__(self) -> None:
        weights = ("heatmap", "center", "reg", "offset", "bone", "expected_oks", "score")
        for name in (*weights, "positive_weight", "mirror_weight"):
            if getattr(self, name) < 0:
                raise ConfigError(f"loss: {name} must not be negative")
        if self.answers_sharpness <= 0:
            raise ConfigError(f"loss: answers_sharpness must be above 0, not {self.answers_sharpness:g}")


class PoseLoss:
    """All losses of a batch, each already weighed.

    Args:
        config: the weights.
        skeleton: gives the bones, the keypoints' mirror images and how far off each may be.
    """

    def __init__(self, config: LossConfig, skeleton: Skeleton) -> None:
        self.config = config
        self._edges = torch.from_numpy(skeleton.edge_indices)
        self._mirror = torch.from_numpy(skeleton.mirror_permutation)
        # OKS falls off with 2 sigma times the root of the area (https://cocodataset.org/#keypoints-eval).
        self._falloff_share = 2 * _ROOT_OF_AREA_SHARE * torch.tensor(skeleton.sigmas)

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
        if config.expected_oks > 0 or config.score > 0:
            answers = soft_answers(
                heads,
                targets.center_cells,
                targets.points_cells,
                targets.size_cells[:, None] * self._falloff_share.to(reg.device),
                config.answers_sharpness,
            )
            losses["expected_oks"] = config.expected_oks * expected_oks_loss(answers, targets.points_known)
            # Where nobody is, every answer is wrong.
            nobody = targets.nobody[:, None]
            answers = answers._replace(similarity=answers.similarity * ~nobody[..., None])
            losses["score"] = config.score * score_loss(heatmap, answers, targets.points_known | nobody)
        return losses

    def _at_mirror_images(self, targets: Targets) -> Tensor | None:
        """float [N, K, G, G]: what `mirror_weight` adds to the heatmaps' weights."""
        if self.config.mirror_weight == 0:
            return None
        mirror = self._mirror.to(targets.heatmap.device)
        has_image = (mirror != torch.arange(len(mirror), device=mirror.device)).to(targets.heatmap.dtype)
        return self.config.mirror_weight * targets.heatmap[:, mirror] * has_image[:, None, None]
