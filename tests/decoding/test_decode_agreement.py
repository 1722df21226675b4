"""The three implementations of the decode rule give the same bits, and never anything that is not finite."""

from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from movenet.decoding import BACKENDS, decode
from movenet.decoding.batched import decode_batch
from movenet.decoding.checks import ValuesName

from .maps import SPECIALS, Maps, nearly_tied_maps, random_maps


def assert_same_bits(maps: Maps, values: ValuesName = "any") -> None:
    expected = decode(*maps, backend="numpy", values=values)
    assert np.isfinite(expected).all()
    for backend in BACKENDS:
        points = decode(*maps, backend=backend, values=values)
        assert points.dtype == np.float32
        np.testing.assert_array_equal(points.view(np.int32), expected.view(np.int32), err_msg=backend)


seeds = st.integers(0, 2**32 - 1)
grids = st.one_of(st.integers(1, 12), st.sampled_from([24, 31, 32, 33, 48, 56, 63, 64, 65, 80]))
noise_maps = st.builds(
    random_maps,
    seed=seeds,
    keypoints=st.integers(1, 20),
    grid=grids,
    value_range=st.sampled_from([(0.0, 1.0), (0.0, 0.01), (-0.5, 1.0), (-8.0, 6.0), (-8.0, -0.5)]),
    reg_reach=st.sampled_from([0.0, 0.1, 0.5, 2.0, 1e6]),
    ties=st.booleans(),
    special_share=st.sampled_from([0.0, 0.0, 0.01, 0.5, 1.0]),
    center_on_border=st.booleans(),
)


all_values = st.sampled_from(get_args(ValuesName))


@settings(max_examples=2000)
@given(noise_maps, all_values)
def test_implementations_agree_on_noise(maps, values):
    assert_same_bits(maps, values)


# Views of [channels, y, x] arrays as run-times hand them out; the memory around the cells holds what would win.
def _with_channel_gaps(cells: np.ndarray) -> np.ndarray:
    padded = np.full((len(cells), cells[0].size + 24), 6e4, cells.dtype)
    padded[:, : cells[0].size] = cells.reshape(len(cells), -1)
    return padded[:, : cells[0].size].reshape(cells.shape)


def _with_row_gaps(cells: np.ndarray) -> np.ndarray:
    padded = np.full((*cells.shape[:2], cells.shape[2] + 3), 6e4, cells.dtype)
    padded[:, :, : cells.shape[2]] = cells
    return padded[:, :, : cells.shape[2]]


LAYOUTS = {
    "packed": np.ascontiguousarray,
    "channels last": lambda cells: np.ascontiguousarray(cells.transpose(1, 2, 0)).transpose(2, 0, 1),
    "channel gaps": _with_channel_gaps,
    "row gaps": _with_row_gaps,
    "reversed": lambda cells: cells[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
    "fortran": np.asfortranarray,
}


@settings(max_examples=500)
@given(noise_maps, all_values, st.sampled_from([np.float32, np.float16]), st.sampled_from(list(LAYOUTS)))
def test_implementations_agree_on_any_layout_and_precision(maps, values, dtype, layout):
    with np.errstate(over="ignore"):
        maps = Maps(*(LAYOUTS[layout](cells.astype(dtype)) for cells in maps))
    assert_same_bits(maps, values)
    expected = decode(*(np.ascontiguousarray(cells, np.float32) for cells in maps), values=values)
    np.testing.assert_array_equal(decode(*maps, values=values), expected)


@settings(max_examples=500)
@given(st.builds(nearly_tied_maps, seed=seeds, keypoints=st.integers(2, 8), grid=grids))
def test_implementations_agree_where_the_last_bit_decides(maps):
    assert_same_bits(maps)


@st.composite
def chosen_maps(draw: st.DrawFn) -> Maps:
    """Small maps of which hypothesis chooses every cell."""
    keypoints, grid = draw(st.integers(1, 2)), draw(st.integers(1, 4))
    cells = st.one_of(st.floats(width=32), st.sampled_from([float(value) for value in (*SPECIALS, 0, 0.5, 1)]))
    channels = (keypoints, 1, 2 * keypoints, 2 * keypoints)
    return Maps(*(draw(arrays.arrays(np.float32, (count, grid, grid), elements=cells)) for count in channels))


@settings(max_examples=500)
@given(chosen_maps(), all_values)
def test_implementations_agree_on_any_values(maps, values):
    assert_same_bits(maps, values)


def test_a_batch_is_its_images_one_by_one():
    images = [random_maps(seed, keypoints=5, grid=12, special_share=0.1) for seed in range(7)]
    batch = [torch.from_numpy(np.stack(same_maps)) for same_maps in zip(*images, strict=True)]
    points = decode_batch(*batch).numpy()
    np.testing.assert_array_equal(points, np.stack([decode(*maps) for maps in images]))


def test_a_batch_may_be_empty():
    shapes = ((0, 3, 8, 8), (0, 1, 8, 8), (0, 6, 8, 8), (0, 6, 8, 8))
    assert decode_batch(*(torch.zeros(shape) for shape in shapes)).shape == (0, 3, 3)


def test_decoding_a_batch_takes_no_part_in_gradients():
    maps = random_maps(1, keypoints=3, grid=8)
    batch = [torch.from_numpy(values)[None].requires_grad_() for values in maps]
    assert not decode_batch(*batch).requires_grad


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_device_gives_the_same_bits():
    noise = [random_maps(seed, keypoints=17, grid=8 + seed, reg_reach=1.0, special_share=0.01) for seed in range(60)]
    ties = [nearly_tied_maps(seed, keypoints=17, grid=8 + seed) for seed in range(60)]
    for maps in noise + ties:
        points = decode_batch(*(torch.from_numpy(values)[None].cuda() for values in maps))[0].cpu().numpy()
        np.testing.assert_array_equal(points.view(np.int32), decode(*maps).view(np.int32))


def test_threads_do_not_disturb_each_other(backend):
    images = [random_maps(seed, keypoints=17, grid=48) for seed in range(8)]
    expected = [decode(*maps, backend=backend) for maps in images]
    with ThreadPoolExecutor(4) as pool:
        points = list(pool.map(lambda maps: decode(*maps, backend=backend), images * 8))
    np.testing.assert_array_equal(np.stack(points), np.stack(expected * 8))
