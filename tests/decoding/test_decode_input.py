"""What the decoder takes and what it refuses, the same for every implementation."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch

import movenet
from movenet import _postprocess, decoding
from movenet.decoding import decode
from movenet.decoding.batched import decode_batch
from movenet.decoding.checks import MAX_GRID, MAX_KEYPOINTS
from movenet.errors import DecodeError, RuntimeUnavailableError

from .maps import empty_maps, random_maps

WRONG_SHAPES = [
    ({"heatmap": (6, 6)}, "heatmap: expected shape [K, G, G], got [6, 6]"),
    ({"heatmap": (1, 3, 6, 6)}, "heatmap: expected shape [K, G, G], got [1, 3, 6, 6]"),
    ({"heatmap": (3, 6, 5)}, "heatmap: expected shape [K, G, G], got [3, 6, 5]"),
    ({"heatmap": (0, 6, 6)}, "heatmap: the number of keypoints must be 1 to 4096, got [0, 6, 6]"),
    ({"heatmap": (3, 0, 0)}, "heatmap: the grid must be 1 to 4096 cells wide, got [3, 0, 0]"),
    ({"center": (2, 6, 6)}, "center: expected shape [G, G] or [1, G, G] with K = 3 and G = 6 as in heatmap"),
    ({"center": (5, 5)}, "center: expected shape [G, G] or [1, G, G] with K = 3 and G = 6 as in heatmap, got [5, 5]"),
    ({"reg": (3, 6, 6)}, "reg: expected shape [2K, G, G] with K = 3 and G = 6 as in heatmap, got [3, 6, 6]"),
    ({"reg": (6, 36)}, "reg: expected shape [2K, G, G] with K = 3 and G = 6 as in heatmap, got [6, 36]"),
    ({"center": (0, 6, 6)}, "center: expected shape [G, G] or [1, G, G] with K = 3 and G = 6 as in heatmap"),
    ({"center": ()}, "center: expected shape [G, G] or [1, G, G] with K = 3 and G = 6 as in heatmap, got []"),
    ({"reg": (0, 6, 6)}, "reg: expected shape [2K, G, G] with K = 3 and G = 6 as in heatmap, got [0, 6, 6]"),
    ({"offset": (6, 0, 0)}, "offset: expected shape [2K, G, G] with K = 3 and G = 6 as in heatmap, got [6, 0, 0]"),
    ({"offset": (6, 6, 7)}, "offset: expected shape [2K, G, G] with K = 3 and G = 6 as in heatmap, got [6, 6, 7]"),
]
WRONG_DTYPES = [np.float64, np.int32, np.int16, np.dtype(">f4"), np.dtype(">f2"), object]


@pytest.mark.parametrize(("changes", "message"), WRONG_SHAPES)
def test_wrong_shapes_are_refused(backend, changes, message):
    maps = empty_maps(keypoints=3, grid=6)._asdict()
    maps |= {name: np.zeros(shape, np.float32) for name, shape in changes.items()}
    with pytest.raises(DecodeError, match=re.escape(message)):
        decode(**maps, backend=backend)


@pytest.mark.parametrize("name", ["heatmap", "center", "reg", "offset"])
@pytest.mark.parametrize("dtype", WRONG_DTYPES, ids=str)
def test_every_other_dtype_is_refused(backend, name, dtype):
    maps = empty_maps(keypoints=3, grid=6)._asdict()
    maps[name] = maps[name].astype(dtype)
    with pytest.raises(DecodeError, match=f"{name}: expected dtype float32 or float16, got {maps[name].dtype}"):
        decode(**maps, backend=backend)


def test_what_is_no_array_is_refused(backend):
    maps = empty_maps(keypoints=1, grid=2)._asdict()
    with pytest.raises(DecodeError, match="center: expected a NumPy array, got list"):
        decode(**(maps | {"center": [[0.0, 1.0], [0.0, 0.0]]}), backend=backend)


def test_an_unknown_backend_is_refused_with_the_known_ones():
    with pytest.raises(DecodeError, match="unknown decoder backend 'rust'; known: cpp, numpy, torch"):
        decode(*empty_maps(keypoints=1, grid=2), backend="rust")


def test_center_may_come_without_its_channel(backend):
    maps = random_maps(3, keypoints=4, grid=9)
    flat = maps._replace(center=maps.center[0])
    np.testing.assert_array_equal(decode(*flat, backend=backend), decode(*maps, backend=backend))


def test_read_only_arrays_are_taken(backend):
    maps = random_maps(4, keypoints=4, grid=9)
    expected = decode(*maps, backend=backend)
    for values in maps:
        values.flags.writeable = False
    np.testing.assert_array_equal(decode(*maps, backend=backend), expected)


def test_maps_are_left_as_they_were(backend):
    maps = random_maps(5, keypoints=4, grid=9, special_share=0.1)
    before = [values.copy() for values in maps]
    decode(*maps, backend=backend)
    for values, copy in zip(maps, before, strict=True):
        np.testing.assert_array_equal(values, copy)


@pytest.mark.parametrize(
    "view",
    [
        lambda values: np.asfortranarray(values),
        lambda values: np.repeat(values, 2, axis=2)[:, :, ::2],
        lambda values: values[:, ::-1].copy()[:, ::-1],
        lambda values: _unaligned(values),
    ],
    ids=["fortran", "strided", "reversed", "unaligned"],
)
def test_any_memory_layout_gives_the_same_points(backend, view):
    maps = random_maps(6, keypoints=4, grid=9)
    expected = decode(*maps, backend=backend)
    np.testing.assert_array_equal(decode(*(view(values) for values in maps), backend=backend), expected)


def _unaligned(values: np.ndarray) -> np.ndarray:
    return np.frombuffer(b"\0" + values.tobytes(), np.float32, offset=1).reshape(values.shape)


# The compiled module guards itself: it reads memory in place.


@pytest.mark.parametrize(("changes", "message"), WRONG_SHAPES)
def test_compiled_module_refuses_wrong_shapes_in_the_same_words(changes, message):
    maps = empty_maps(keypoints=3, grid=6)._asdict()
    maps |= {name: np.zeros(shape, np.float32) for name, shape in changes.items()}
    with pytest.raises(ValueError, match=re.escape(message)):
        _postprocess.decode(**maps)


@pytest.mark.parametrize("name", ["heatmap", "center", "reg", "offset"])
@pytest.mark.parametrize("dtype", WRONG_DTYPES, ids=str)
def test_compiled_module_refuses_every_other_dtype_in_the_same_words(name, dtype):
    maps = empty_maps(keypoints=3, grid=6)._asdict()
    maps[name] = maps[name].astype(dtype)
    with pytest.raises(ValueError, match=f"{name}: expected dtype float32 or float16, got {maps[name].dtype}"):
        _postprocess.decode(**maps)


def test_compiled_module_refuses_what_it_cannot_read_in_place():
    maps = empty_maps(keypoints=3, grid=6)
    with pytest.raises(ValueError, match="reg: expected an aligned array"):
        _postprocess.decode(*maps._replace(reg=_unaligned(maps.reg)))


@pytest.mark.parametrize("decoder", [decode, _postprocess.decode], ids=["package", "compiled module"])
def test_unknown_values_are_refused_with_the_known_ones(decoder):
    with pytest.raises((DecodeError, ValueError), match="unknown values 'logit'; known: any, probabilities, logits"):
        decoder(*empty_maps(keypoints=1, grid=2), values="logit")


@pytest.mark.parametrize("not_an_array", [None, [1.0], "heatmap", 3])
def test_compiled_module_refuses_what_is_no_array(not_an_array):
    with pytest.raises(TypeError):
        _postprocess.decode(*empty_maps(keypoints=1, grid=2)._replace(heatmap=not_an_array))


def test_compiled_module_has_the_same_limits():
    too_many = np.broadcast_to(np.float32(0), (MAX_KEYPOINTS + 1, 1, 1)).copy()
    pairs = np.zeros((2 * len(too_many), 1, 1), np.float32)
    for decoder, error in ((decode, DecodeError), (_postprocess.decode, ValueError)):
        with pytest.raises(error, match=f"the number of keypoints must be 1 to {MAX_KEYPOINTS}"):
            decoder(too_many, np.zeros((1, 1), np.float32), pairs, pairs)
    too_wide = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (1, MAX_GRID + 1, MAX_GRID + 1), (0, 0, 0))
    with pytest.raises(DecodeError, match=f"the grid must be 1 to {MAX_GRID} cells wide"):
        decode(too_wide, too_wide, too_wide, too_wide)


def test_batches_must_fit_each_other():
    maps = {name: torch.from_numpy(values)[None] for name, values in empty_maps(3, 6)._asdict().items()}
    with pytest.raises(DecodeError, match=r"reg: expected shape \[2K, G, G\] with K = 3 and G = 6"):
        decode_batch(**(maps | {"reg": torch.zeros(1, 3, 6, 6)}))
    with pytest.raises(DecodeError, match="offset: expected a batch as long as heatmap's"):
        decode_batch(**(maps | {"offset": torch.zeros(2, 6, 6, 6)}))
    with pytest.raises(DecodeError, match=r"center: expected dtype torch.float32, got torch.bfloat16 \[1, 1, 6, 6\]"):
        decode_batch(**(maps | {"center": maps["center"].bfloat16()}))
    with pytest.raises(DecodeError, match="reg: expected the device of heatmap, cpu, got meta"):
        decode_batch(**(maps | {"reg": maps["reg"].to("meta")}))


# Signals come while the interpreter's lock is released.

INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
from movenet.decoding import decode

# A background job may have been started with this signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Every cell is scored: none of these numbers rules another one out.
noise = -np.random.default_rng(0).random((256, 256, 256), np.float32)
pairs = np.zeros((512, 1, 1), np.float32)
maps = noise, noise[0], np.broadcast_to(pairs, (512, 256, 256)), np.broadcast_to(pairs + 0.25, (512, 256, 256))
expected, before = decode(*maps), noise.copy()
decoding_now = threading.Event()
seen = []

def interrupt():
    decoding_now.wait()
    time.sleep(0.02)
    seen.append("another thread ran")
    os.kill(os.getpid(), signal.SIGINT)

thread = threading.Thread(target=interrupt)
thread.start()
try:
    decoding_now.set()
    while True:
        points = decode(*maps)
        assert np.array_equal(points, expected)
except KeyboardInterrupt:
    seen.append("interrupted")
thread.join()
assert np.array_equal(noise, before)
assert np.array_equal(decode(*maps), expected)
print(seen)
"""


def test_an_interrupted_call_ends_raises_and_leaves_nothing_broken():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['another thread ran', 'interrupted']"


# What each backend needs is imported when it is asked for.


def test_compiled_backend_works_without_torch():
    program = """
import sys
import numpy as np
from movenet.decoding import decode
maps = [np.zeros((channels, 4, 4), np.float32) for channels in (1, 1, 2, 2)]
decode(*maps)
decode(*maps, backend="numpy")
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.fixture
def fresh_imports(monkeypatch):
    """Forgets the loaded backends for one test."""
    for module in ("movenet.decoding.native", "movenet.decoding.batched"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    decoding._load.cache_clear()
    yield monkeypatch
    decoding._load.cache_clear()


def test_a_missing_extension_is_named_with_the_remedy(fresh_imports):
    fresh_imports.setitem(sys.modules, "movenet._postprocess", None)
    fresh_imports.delattr(movenet, "_postprocess")
    with pytest.raises(RuntimeUnavailableError, match=r"movenet\._postprocess is not built: run `pip install \.`"):
        decode(*empty_maps(keypoints=1, grid=2))


def test_missing_torch_is_named_with_the_remedy(fresh_imports):
    fresh_imports.setitem(sys.modules, "torch", None)
    with pytest.raises(RuntimeUnavailableError, match="torch backend needs torch"):
        decode(*empty_maps(keypoints=1, grid=2), backend="torch")
