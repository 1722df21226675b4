"""Heads in a mirror and on other grids still say the same."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from movenet.data.targets import TargetConfig, encode_targets
from movenet.decoding.batched import decode_batch
from movenet.models import Heads
from movenet.models.maps import mirror_heads, resample, resample_heads
from movenet.skeleton import COCO17

NUM_KEYPOINTS = COCO17.num_keypoints


def heads_of(points_unit: torch.Tensor, grid_size: int) -> Heads:
    """What a perfect network says of one person a picture; points float [N, K, 2]."""
    batch = len(points_unit)
    targets = encode_targets(
        points_unit[:, None],
        torch.ones(batch, 1, NUM_KEYPOINTS, dtype=torch.bool),
        torch.full((batch, 1), 0.8),
        torch.zeros(batch, NUM_KEYPOINTS, dtype=torch.bool),
        grid_size,
        TargetConfig(kernel="gaussian", reg_radius_cells=3.0, offset_radius_cells=3.0),
    )
    return Heads(targets.heatmap, targets.center, targets.reg, targets.offset)


def random_points(seed: int) -> torch.Tensor:
    return torch.rand(2, NUM_KEYPOINTS, 2, generator=torch.Generator().manual_seed(seed)) * 0.8 + 0.1


@given(st.integers(0, 1000), st.sampled_from([24, 32, 48]))
def test_the_mirrored_answer_decodes_to_the_mirrored_points(seed: int, grid_size: int) -> None:
    points = random_points(seed)
    swapped = points[:, torch.as_tensor(COCO17.mirror_permutation)]
    in_mirror = torch.stack([1 - swapped[..., 0], swapped[..., 1]], dim=-1)
    decoded = decode_batch(*mirror_heads(heads_of(in_mirror, grid_size), COCO17))
    torch.testing.assert_close(decoded[..., :2], points, rtol=0, atol=1e-4)


def test_twice_mirrored_is_as_before_but_for_the_border() -> None:
    heads = Heads(*(torch.rand(1, channels, 8, 8) for channels in (17, 1, 34, 34)))
    for before, after in zip(heads, mirror_heads(mirror_heads(heads, COCO17), COCO17), strict=True):
        assert torch.equal(before[..., 1:-1], after[..., 1:-1])


@given(st.integers(0, 1000), st.sampled_from([(48, 32), (64, 32), (32, 48), (40, 32)]))
def test_another_grid_decodes_to_the_same_points(seed: int, sizes: tuple[int, int]) -> None:
    points = random_points(seed)
    decoded = decode_batch(*resample_heads(heads_of(points, sizes[0]), sizes[1]))
    # Neighbouring keypoints' discs overwrite nothing of one another, but at a disc's edge vectors end: half a cell.
    assert (decoded[..., :2] - points).abs().max() < 0.5 / min(sizes)


def test_the_same_grid_is_left_alone() -> None:
    heads = heads_of(random_points(0), 32)
    assert resample_heads(heads, 32) is heads


@pytest.mark.parametrize(("old", "new"), [(8, 16), (16, 8), (12, 8)])
def test_index_i_goes_to_the_same_share_of_the_side(old: int, new: int) -> None:
    ramp = (torch.arange(old, dtype=torch.float32) / old).expand(1, 1, old, old)
    expected = (torch.arange(new) / new).clamp(max=(old - 1) / old).expand(1, 1, new, new)
    torch.testing.assert_close(resample(ramp, new), expected)
