"""Losses. Each is a function of predicted maps, target maps and a mask, and returns a scalar.

The contract, once for all: maps are float [N, C, G, G]; what the mask leaves out has no influence on value or gradient;
the mean runs over what it leaves in (0 where that is nothing).
"""

from movenet.losses.answers import Answers, expected_oks_loss, score_loss, soft_answers
from movenet.losses.distillation import DistillationConfig, feature_loss, head_losses
from movenet.losses.maps import masked_l1, weighted_mse
from movenet.losses.pose import LossConfig, PoseLoss
from movenet.losses.structure import bone_loss

__all__ = [
    "Answers",
    "DistillationConfig",
    "LossConfig",
    "PoseLoss",
    "bone_loss",
    "expected_oks_loss",
    "feature_loss",
    "head_losses",
    "masked_l1",
    "score_loss",
    "soft_answers",
    "weighted_mse",
]
