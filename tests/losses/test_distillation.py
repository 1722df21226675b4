"""Distillation: a student that answers like its teacher pays nothing, and only what is worth learning counts."""

from __future__ import annotations

import pytest
import torch

from movenet.errors import ConfigError
from movenet.losses import DistillationConfig, feature_loss, head_losses
from movenet.models import Heads


def random_heads(seed: int = 0, keypoints: int = 3, grid_size: int = 8) -> Heads:
    generator = torch.Generator().manual_seed(seed)

    def maps(channels: int) -> torch.Tensor:
        return torch.rand(2, channels, grid_size, grid_size, generator=generator)

    return Heads(maps(keypoints), maps(1), maps(2 * keypoints), maps(2 * keypoints))


# Of two pictures' three keypoints.
FULL_TRUST = torch.ones(2, 3)


def test_a_student_that_answers_like_its_teacher_pays_nothing() -> None:
    heads = random_heads()
    assert all(value == 0 for value in head_losses(heads, heads, FULL_TRUST, DistillationConfig()).values())
    assert all(value > 0 for value in head_losses(random_heads(1), heads, FULL_TRUST, DistillationConfig()).values())


def test_reg_and_offset_count_where_the_teacher_is_sure() -> None:
    teacher = random_heads()
    teacher = teacher._replace(center=teacher.center * 0, heatmap=teacher.heatmap * 0)
    teacher.center[0, 0, 2, 3] = 0.9
    teacher.heatmap[1, 2, 4, 5] = 0.9
    student = Heads(teacher.heatmap, teacher.center, teacher.reg.clone(), teacher.offset.clone())
    config = DistillationConfig(reg=1.0, offset=1.0)
    student.reg[0, :, 2, 4] += 5.0
    student.offset[1, 2:, 4, 4] += 5.0
    assert head_losses(student, teacher, FULL_TRUST, config)["distil_reg"] == 0
    assert head_losses(student, teacher, FULL_TRUST, config)["distil_offset"] == 0
    student.reg[0, 0, 2, 3] += 6.0
    student.offset[1, 4, 4, 5] += 2.0
    losses = head_losses(student, teacher, FULL_TRUST, config)
    assert losses["distil_reg"].item() == pytest.approx(6.0 / 6)  # one of six channels in one cell
    assert losses["distil_offset"].item() == pytest.approx(2.0 / 2)  # one of two


def test_a_teacher_without_trust_in_a_keypoint_does_not_teach_it() -> None:
    teacher = random_heads()
    student = Heads(*(head.clone() for head in teacher))
    student.heatmap[0, 1] += 0.5
    student.reg[0, 2:4] += 0.5
    student.offset[0, 2:4] += 0.5
    config = DistillationConfig()
    trust = FULL_TRUST.clone()
    assert all(
        value > 0 for name, value in head_losses(student, teacher, trust, config).items() if name != "distil_center"
    )
    trust[0, 1] = 0
    assert all(value == 0 for value in head_losses(student, teacher, trust, config).values())


def standardised(maps: torch.Tensor) -> torch.Tensor:
    variance, mean = torch.var_mean(maps, dim=(0, 2, 3), keepdim=True)
    return (maps - mean) / variance.sqrt()


def test_the_channels_means_cost_one_in_features() -> None:
    generator = torch.Generator().manual_seed(2)
    scale = torch.tensor([2.0, 1.0, 4.0, 3.0])[:, None, None]
    teacher = 5.0 + scale * torch.randn(2, 4, 16, 16, generator=generator)
    assert feature_loss(torch.zeros_like(teacher), teacher).item() == pytest.approx(1.0, abs=0.01)
    assert feature_loss(standardised(teacher), teacher).item() == pytest.approx(0.0, abs=1e-9)


def test_a_silent_channel_does_not_outweigh_the_others() -> None:
    generator = torch.Generator().manual_seed(2)
    lively = torch.randn(1, 1, 8, 8, generator=generator)
    silent = 7.0 + 1e-4 * torch.randn(1, 1, 8, 8, generator=generator)
    teacher = torch.cat([silent, lively], dim=1)
    assert feature_loss(torch.zeros_like(teacher), teacher).item() == pytest.approx(0.5, abs=0.01)


def test_negative_weight_is_refused() -> None:
    with pytest.raises(ConfigError, match="features"):
        DistillationConfig(features=-1.0)
    with pytest.raises(ConfigError, match="multiple of 32"):
        DistillationConfig(view_size=100)
