"""The losses on decoded points: one is the decode rule's OKS and raises it, one has scores say how right points are."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from movenet.decoding.batched import decode_batch
from movenet.losses import Answers, expected_oks_loss, score_loss, soft_answers
from movenet.models import Heads

GRID, CENTER = 12, 6


def heads_of(seed: int, keypoints: int = 3) -> Heads:
    """Random maps of two pictures, with the center in the middle."""
    generator = torch.Generator().manual_seed(seed)

    def maps(channels: int) -> Tensor:
        return torch.rand(2, channels, GRID, GRID, generator=generator)

    center = torch.zeros(2, 1, GRID, GRID)
    center[:, 0, CENTER, CENTER] = 1
    return Heads(maps(keypoints), center, 8 * maps(2 * keypoints) - 4, 2 * maps(2 * keypoints) - 1)


def two_peaks() -> Heads:
    """One keypoint with a peak of 0.3 in cell (2, 6), one of 0.4 in cell (9, 6), and a guess between them."""
    heatmap = torch.full((1, 1, GRID, GRID), 0.001)
    heatmap[0, 0, 6, 2], heatmap[0, 0, 6, 9] = 0.3, 0.4
    center, reg, offset = (torch.zeros(1, channels, GRID, GRID) for channels in (1, 2, 2))
    return Heads(*(maps.requires_grad_() for maps in (heatmap, center, reg, offset)))


def answers_of(heads: Heads, points: Tensor, falloff: float = 1.5, sharpness: float = 4.0) -> Answers:
    batch, keypoints = points.shape[:2]
    centers, falloff_cells = torch.full((batch, 2), float(CENTER)), torch.full((batch, keypoints), falloff)
    return soft_answers(heads, centers, points, falloff_cells, sharpness)


def all_of(points: Tensor) -> Tensor:
    return torch.ones(points.shape[:2], dtype=torch.bool)


def oks_loss_of(heads: Heads, points: Tensor, counted: Tensor | None = None, sharpness: float = 4.0) -> Tensor:
    answers = answers_of(heads, points, sharpness=sharpness)
    return expected_oks_loss(answers, all_of(points) if counted is None else counted)


def score_loss_of(heads: Heads, points: Tensor, counted: Tensor | None = None, sharpness: float = 4.0) -> Tensor:
    answers = answers_of(heads, points, sharpness=sharpness)
    return score_loss(heads.heatmap, answers, all_of(points) if counted is None else counted)


@given(seed=st.integers(0, 10_000))
def test_where_they_are_sharp_they_judge_what_the_decode_rule_answers(seed: int) -> None:
    heads = heads_of(seed)
    points = GRID * torch.rand(2, 3, 2, generator=torch.Generator().manual_seed(seed + 1))
    decoded = decode_batch(*heads)
    assert decoded[..., 2].min() > 0.1  # a cell has won everywhere
    oks = torch.exp(-torch.square(GRID * decoded[..., :2] - points).sum(dim=2) / (2 * 1.5**2))
    # Double precision, and so sharp that of two cells which are nearly as good the second one counts nothing, too.
    exact = Heads(*(maps.double() for maps in heads))
    loss = oks_loss_of(exact, points.double(), sharpness=1e8)
    torch.testing.assert_close(loss, (1 - oks).mean().double(), atol=1e-6, rtol=0)
    loss = score_loss_of(exact, points.double(), sharpness=1e8)
    torch.testing.assert_close(loss, torch.square(decoded[..., 2] - oks).mean().double(), atol=1e-6, rtol=0)


def test_it_raises_the_right_peak_and_lowers_the_wrong_one() -> None:
    heads = two_peaks()
    oks_loss_of(heads, torch.tensor([[[2.0, 6.0]]])).backward()
    slope = heads.heatmap.grad
    assert slope is not None
    assert slope[0, 0, 6, 2] < 0 < slope[0, 0, 6, 9]


def test_it_moves_the_guess_towards_the_right_peak() -> None:
    heads = two_peaks()
    oks_loss_of(heads, torch.tensor([[[2.0, 6.0]]])).backward()
    slope = heads.reg.grad
    assert slope is not None
    assert slope[0, 0, CENTER, CENTER] > 0  # less x
    elsewhere = slope.clone()
    elsewhere[:, :, CENTER, CENTER] = 0
    assert not elsewhere.any()


def test_it_moves_each_peaks_answer_towards_the_point() -> None:
    heads = two_peaks()
    oks_loss_of(heads, torch.tensor([[[3.0, 5.0]]])).backward()
    slope = heads.offset.grad
    assert slope is not None
    assert slope[0, 0, 6, 2] < 0 < slope[0, 1, 6, 2]  # more x, less y


def test_following_the_slope_lowers_it() -> None:
    heads = heads_of(0)
    maps = [part.clone().requires_grad_() for part in heads]
    points = GRID * torch.rand(2, 3, 2, generator=torch.Generator().manual_seed(5))
    optimiser = torch.optim.Adam(maps, lr=0.01)
    first = oks_loss_of(Heads(*maps), points).item()
    for _ in range(200):
        optimiser.zero_grad()
        oks_loss_of(Heads(*maps), points).backward()
        optimiser.step()
    assert oks_loss_of(Heads(*maps), points).item() < 0.1 * first


def test_what_does_not_count_has_no_influence() -> None:
    heads = heads_of(2)
    points, counted = torch.full((2, 3, 2), 3.0), torch.tensor([[True, False, True], [True, True, False]])
    moved = points.clone()
    moved[0, 1] = moved[1, 2] = 9.0
    for loss_of in (oks_loss_of, score_loss_of):
        assert loss_of(heads, points, counted) == loss_of(heads, moved, counted)
        assert loss_of(heads, points, torch.zeros(2, 3, dtype=torch.bool)) == 0


def test_its_slope_is_finite_where_the_guess_is_a_cell_and_the_map_is_empty() -> None:
    heads = two_peaks()
    with torch.no_grad():
        heads.heatmap.zero_()
    loss = oks_loss_of(heads, torch.tensor([[[2.0, 6.0]]]))
    loss.backward()
    assert loss.isfinite()
    for maps in (heads.heatmap, heads.reg, heads.offset):
        assert maps.grad is not None
        assert maps.grad.isfinite().all()


def test_a_score_learns_how_right_its_own_answer_is_and_teaches_nothing_else() -> None:
    heads = two_peaks()
    # Of the peaks of 0.3 and 0.4 the first lies right, the other far off.
    score_loss_of(heads, torch.tensor([[[2.0, 6.0]]])).backward()
    assert heads.heatmap.grad is not None
    assert heads.heatmap.grad[0, 0, 6, 2] < 0 < heads.heatmap.grad[0, 0, 6, 9]
    assert heads.reg.grad is None
    assert heads.offset.grad is None
