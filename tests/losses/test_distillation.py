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


def test_a_student_that_answers_like_its_teacher_pays_nothing() -> None:
    heads = random_heads()
    assert all(value == 0 for value in head_losses(heads, heads, DistillationConfig()).values())
    assert all(value > 0 for value in head_losses(random_heads(1), heads, DistillationConfig()).values())


def test_reg_and_offset_count_where_the_teacher_is_sure() -> None:
    teacher = random_heads()
    teacher = teacher._replace(center=teacher.center * 0, heatmap=teacher.heatmap * 0)
    teacher.center[0, 0, 2, 3] = 0.9
    teacher.heatmap[1, 2, 4, 5] = 0.9
    student = Heads(teacher.heatmap, teacher.center, teacher.reg.clone(), teacher.offset.clone())
    config = DistillationConfig(reg=1.0, offset=1.0)
    student.reg[0, :, 2, 4] += 5.0
    student.offset[1, 2:, 4, 4] += 5.0
    assert head_losses(student, teacher, config)["distil_reg"] == 0
    assert head_losses(student, teacher, config)["distil_offset"] == 0
    student.reg[0, 0, 2, 3] += 6.0
    student.offset[1, 4, 4, 5] += 2.0
    losses = head_losses(student, teacher, config)
    assert losses["distil_reg"].item() == pytest.approx(6.0 / 6)  # one of six channels in one cell
    assert losses["distil_offset"].item() == pytest.approx(2.0 / 2)  # one of two


def test_the_channels_means_cost_one_in_features() -> None:
    generator = torch.Generator().manual_seed(2)
    teacher = torch.randn(2, 4, 16, 16, generator=generator) * torch.tensor([2.0, 1.0, 4.0, 3.0])[:, None, None]
    means = teacher.mean(dim=(0, 2, 3), keepdim=True).expand_as(teacher)
    assert feature_loss(means, teacher).item() == pytest.approx(1.0, abs=0.01)
    assert feature_loss(teacher, teacher) == 0


def test_a_silent_channel_does_not_outweigh_the_others() -> None:
    teacher = torch.cat([torch.zeros(1, 1, 8, 8), torch.randn(1, 1, 8, 8)], dim=1)
    assert feature_loss(teacher + 0.1, teacher) < 1.0


def test_negative_weight_is_refused() -> None:
    with pytest.raises(ConfigError, match="features"):
        DistillationConfig(features=-1.0)
