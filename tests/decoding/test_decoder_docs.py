"""docs/decode.c, the program that docs/decoder.md shows, decodes a network's heads with an installed library."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from movenet.decoding import decode
from movenet.models import load_network

ROOT = Path(__file__).parents[2]
CONSUMER = f"""
cmake_minimum_required(VERSION 3.18)
project(consumer LANGUAGES C CXX)
find_package(movenet_postprocess REQUIRED)
add_executable(decode {ROOT / "docs/decode.c"})
target_compile_options(decode PRIVATE -std=c99 -Wall -Wextra -Wpedantic -Werror)
target_link_libraries(decode PRIVATE movenet::postprocess)
"""


def run(*command: str | Path) -> str:
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """docs/decode.c, compiled against the library that `cmake --install` installs."""
    if shutil.which("cmake") is None:
        pytest.skip("needs CMake, with which the decoder is built")
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "-S", ROOT, "-B", folder / "build", "-DMOVENET_TESTS=OFF")
    run("cmake", "--build", folder / "build")
    run("cmake", "--install", folder / "build", "--prefix", folder / "prefix")
    (folder / "consumer").mkdir()
    (folder / "consumer/CMakeLists.txt").write_text(CONSUMER)
    prefix = f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}"
    run("cmake", "-S", folder / "consumer", "-B", folder / "consumer/build", prefix)
    run("cmake", "--build", folder / "consumer/build")
    return folder / "consumer/build/decode"


@pytest.fixture
def recorded_heads(tiny_checkpoint: Path) -> list[np.ndarray]:
    """The four heads of a network for three pictures of noise, float32 [3, C, G, G]."""
    network, _ = load_network(tiny_checkpoint)
    pictures = torch.from_numpy(np.random.default_rng(3).uniform(0, 255, (3, 3, 64, 64)).astype(np.float32))
    with torch.no_grad():
        return [head.numpy() for head in network.eval()(pictures)]


def write_heads(path: Path, sizes: tuple[int, int, int], heads: list[np.ndarray]) -> None:
    path.write_bytes(np.array(sizes, np.int32).tobytes() + b"".join(head.tobytes() for head in heads))


def test_the_program_finds_the_points_of_the_reference_in_recorded_heads(program, recorded_heads, tmp_path):
    images, keypoints, grid, _ = recorded_heads[0].shape
    write_heads(tmp_path / "heads.bin", (images, keypoints, grid), recorded_heads)
    expected = [decode(*maps, backend="numpy", values="probabilities") for maps in zip(*recorded_heads, strict=True)]
    printed = np.array(run(program, tmp_path / "heads.bin").split(), np.float32)  # 9 digits tell every float32
    np.testing.assert_array_equal(printed.reshape(images, keypoints, 3), expected)


@pytest.mark.parametrize("sizes", [(1, 1, 0), (1, 0, 4), (0, 1, 4), (1, 1, 5), (-1, 2, 3)])
def test_the_program_refuses_sizes_that_the_file_does_not_have(program, sizes, tmp_path):
    write_heads(tmp_path / "heads.bin", sizes, [np.zeros(6 * 16, np.float32)])
    assert subprocess.run([program, tmp_path / "heads.bin"], capture_output=True).returncode in (1, 2)


def test_the_docs_show_the_program():
    blocks = re.findall(r"```c\n(.*?)```", (ROOT / "docs/decoder.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks[0] == (ROOT / "docs/decode.c").read_text(encoding="utf-8")
