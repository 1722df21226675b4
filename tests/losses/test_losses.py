"""Losses against hand-worked values; what is masked has no influence."""

from __future__ import annotations

import pytest
import torch

from movenet.data.targets import TargetConfig, Targets, encode_targets
from movenet.errors import ConfigError
from movenet.losses import LossConfig, PoseLoss, bone_loss, masked_l1, weighted_mse
from movenet.models import Heads
from movenet.skeleton import COCO17


def test_weighted_mse_by_hand() -> None:
    predicted, target = torch.tensor([[[[0.5, 0.5]]]]), torch.tensor([[[[1.0, 0.0]]]])
    # (0.25 * (3 + 1) + 0.25 * 1) / 2
    assert weighted_mse(predicted, target, torch.ones(1, 1, 1, 1), 3.0).item() == pytest.approx(0.625)


def test_weighted_mse_with_more_weight_by_hand() -> None:
    predicted, target = torch.tensor([[[[0.5, 0.5]]]]), torch.tensor([[[[1.0, 0.0]]]])
    more_weight = torch.tensor([[[[0.0, 5.0]]]])
    # (0.25 * (3 + 1) + 0.25 * (1 + 5)) / 2
    result = weighted_mse(predicted, target, torch.ones(1, 1, 1, 1), 3.0, more_weight)
    assert result.item() == pytest.approx(1.25)


def test_masked_l1_by_hand() -> None:
    predicted, target = torch.tensor([1.0, 5.0, 9.0]), torch.tensor([2.0, 2.0, 2.0])
    assert masked_l1(predicted, target, torch.tensor([1.0, 1.0, 0.0])).item() == pytest.approx(2.0)


@pytest.mark.parametrize("loss", [lambda p, t, m: weighted_mse(p, t, m, 8.0), masked_l1])
def test_what_is_masked_has_no_influence(loss: object) -> None:
    generator = torch.Generator().manual_seed(0)
    predicted = torch.rand(2, 3, 4, 4, generator=generator, requires_grad=True)
    target, mask = torch.rand(2, 3, 4, 4, generator=generator), torch.zeros(2, 3, 4, 4)
    mask[:, 0] = 1
    value = loss(predicted, target, mask)  # type: ignore[operator]
    value.backward()
    assert predicted.grad is not None
    assert not predicted.grad[:, 1:].any()
    assert predicted.grad[:, 0].any()
    changed = target.clone()
    changed[:, 1:] += 7
    assert loss(predicted, changed, mask) == value  # type: ignore[operator]


@pytest.mark.parametrize("loss", [lambda p, t, m: weighted_mse(p, t, m, 8.0), masked_l1])
def test_nothing_to_learn_is_zero_and_not_nan(loss: object) -> None:
    maps = torch.rand(1, 2, 3, 3)
    assert loss(maps, 1 - maps, torch.zeros_like(maps)) == 0  # type: ignore[operator]


def test_bone_loss_sees_the_bone_and_not_its_place() -> None:
    edges = torch.tensor([[0, 1]])
    target = torch.zeros(1, 4, 2, 2)
    target[0, :, 0, 0] = torch.tensor([1.0, 1.0, 4.0, 5.0])
    mask = torch.zeros_like(target)
    mask[0, :, 0, 0] = 1
    assert bone_loss(target + 3.0, target, mask, edges) == 0
    longer = target.clone()
    longer[0, 2, 0, 0] += 2.0
    assert bone_loss(longer, target, mask, edges).item() == pytest.approx(1.0)  # 2 in x, 0 in y


def test_bone_with_an_unlabelled_end_does_not_count() -> None:
    target, mask = torch.zeros(1, 4, 2, 2), torch.zeros(1, 4, 2, 2)
    mask[0, :2, 0, 0] = 1
    assert bone_loss(torch.rand(1, 4, 2, 2), target, mask, torch.tensor([[0, 1]])) == 0


def random_targets(grid_size: int) -> Targets:
    generator = torch.Generator().manual_seed(1)
    keypoints = COCO17.num_keypoints
    points = torch.rand(2, 2, keypoints, 2, generator=generator)
    labelled = torch.rand(2, 2, keypoints, generator=generator) < 0.8
    ignored = torch.zeros(2, keypoints, dtype=torch.bool)
    return encode_targets(points, labelled, torch.full((2, 2), 0.6), ignored, grid_size, TargetConfig())


def test_perfect_heads_cost_nothing_and_others_something() -> None:
    targets = random_targets(12)
    loss = PoseLoss(LossConfig(), COCO17)
    perfect = Heads(targets.heatmap, targets.center, targets.reg, targets.offset)
    assert all(value == 0 for value in loss(perfect, targets).values())
    worse = Heads(*(head + 0.1 * torch.rand(head.shape) for head in perfect))
    assert all(value > 0 for value in loss(worse, targets).values())


def test_weights_scale_their_losses_and_zero_leaves_bone_out() -> None:
    targets = random_targets(12)
    heads = Heads(*(torch.rand(m.shape) for m in (targets.heatmap, targets.center, targets.reg, targets.offset)))
    single = PoseLoss(LossConfig(1, 1, 1, 1, 1), COCO17)(heads, targets)
    double = PoseLoss(LossConfig(2, 2, 2, 2, 2), COCO17)(heads, targets)
    for name, value in single.items():
        torch.testing.assert_close(double[name], 2 * value)
    assert "bone" not in PoseLoss(LossConfig(bone=0), COCO17)(heads, targets)


def heatmap_loss(targets: Targets, heatmap: torch.Tensor, **weights: float) -> float:
    heads = Heads(heatmap, targets.center, targets.reg, targets.offset)
    return PoseLoss(LossConfig(**weights), COCO17)(heads, targets)["heatmap"].item()


def test_the_mirrored_keypoints_place_weighs_more_than_the_background() -> None:
    grid = 12
    left, right, nose = (COCO17.index(name) for name in ("left_wrist", "right_wrist", "nose"))
    points = torch.full((1, 1, COCO17.num_keypoints, 2), 0.5)
    points[0, 0, left], points[0, 0, right], points[0, 0, nose] = (torch.tensor([n / grid] * 2) for n in (2, 8, 5))
    labelled = torch.zeros(1, 1, COCO17.num_keypoints, dtype=torch.bool)
    labelled[0, 0, [left, right, nose]] = True
    ignored = torch.zeros(1, COCO17.num_keypoints, dtype=torch.bool)
    # Peaks of one cell, so that every cell's target is 1 or 0.
    peaks = TargetConfig(kernel="gaussian", radius_min_cells=0.1, radius_max_cells=0.1)
    targets = encode_targets(points, labelled, torch.full((1, 1), 0.6), ignored, grid, peaks)
    cells = targets.heatmap.numel()

    def cost(channel: int, cell: int) -> float:
        """Of a false peak of 0.5, in squares of one cell."""
        heatmap = targets.heatmap.clone()
        heatmap[0, channel, cell, cell] = 0.5
        return heatmap_loss(targets, heatmap, mirror_weight=6.0) * cells / 0.25

    assert cost(left, 8) == pytest.approx(1 + 6)
    assert cost(right, 2) == pytest.approx(1 + 6)
    assert cost(left, 5) == pytest.approx(1)
    assert cost(left, 2) == pytest.approx(1 + 8)  # its own place: the positive weight
    # A keypoint that is its own mirror image has no other side.
    assert cost(nose, 5) == pytest.approx(1 + 8)
    assert cost(nose, 2) == pytest.approx(1)


def test_expected_oks_is_the_first_persons_and_forgives_more_of_a_larger_one() -> None:
    targets = random_targets(12)
    perfect = Heads(targets.heatmap, targets.center, targets.reg, targets.offset)
    config = LossConfig(expected_oks=3.0, answers_sharpness=50.0)
    beside = perfect._replace(offset=targets.offset + 0.5)

    def decoded(heads: Heads, of: Targets = targets) -> float:
        return PoseLoss(config, COCO17)(heads, of)["expected_oks"].item()

    larger = targets._replace(size_cells=2 * targets.size_cells)
    assert decoded(perfect) < decoded(beside, larger) < decoded(beside) < 3
    assert decoded(beside, targets._replace(points_known=torch.zeros_like(targets.points_known))) == 0
    assert "expected_oks" not in PoseLoss(LossConfig(), COCO17)(perfect, targets)


def test_the_score_is_weighed_by_itself() -> None:
    targets = random_targets(12)
    heads = Heads(0.5 * targets.heatmap, targets.center, targets.reg, targets.offset)
    once, twice = (PoseLoss(LossConfig(score=weight), COCO17)(heads, targets) for weight in (1.0, 2.0))
    assert once["expected_oks"] == 0
    assert twice["score"].item() == pytest.approx(2 * once["score"].item())
    assert once["score"] > 0


def test_where_nobody_is_every_score_is_wrong() -> None:
    targets = random_targets(12)
    nobody = targets._replace(
        points_known=torch.zeros_like(targets.points_known), nobody=torch.ones_like(targets.nobody)
    )
    heads = Heads(torch.full_like(targets.heatmap, 0.3), targets.center, targets.reg, targets.offset)

    def losses(of: Targets) -> dict[str, float]:
        found = PoseLoss(LossConfig(score=2.0, expected_oks=1.0), COCO17)(heads, of)
        return {name: loss.item() for name, loss in found.items()}

    assert losses(nobody)["score"] == pytest.approx(2 * 0.3**2)
    assert losses(nobody)["expected_oks"] == 0
    assert losses(nobody._replace(nobody=~nobody.nobody))["score"] == 0


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match="reg"):
        LossConfig(reg=-1)
    with pytest.raises(ConfigError, match="answers_sharpness"):
        LossConfig(answers_sharpness=0)
