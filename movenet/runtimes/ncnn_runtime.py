"""ncnn: the run-time for boards, and the default (https://github.com/Tencent/ncnn)."""

from __future__ import annotations

from pathlib import Path

import ncnn
import numpy as np

from movenet.errors import ModelError
from movenet.metadata import NCNN_BIN_FILE, NCNN_PARAM_FILE, ModelMetadata
from movenet.runtimes.base import HeadArrays, check_image, named_heads

INPUT_BLOB = "in0"


class NcnnRuntime:
    """A model folder's `model.ncnn.param` and `model.ncnn.bin`.

    Raises:
        ModelError: if the folder is not an exported model, or was exported without ncnn.
    """

    def __init__(self, weights: Path, num_threads: int = 1) -> None:
        self.metadata = ModelMetadata.load(weights, (NCNN_PARAM_FILE, NCNN_BIN_FILE))
        self._net = _load_net(weights, num_threads)
        # pnnx names the outputs in the order in which the network gives them; the metadata says what that order is.
        self._blobs = {name: f"out{index}" for index, name in enumerate(self.metadata.outputs)}

    def __call__(self, image: np.ndarray) -> HeadArrays:
        check_image(image, self.metadata)
        side = self.metadata.input_size
        # from_pixels copies (a Mat made from an array would only borrow its memory) and reads rows without gaps.
        pixels = ncnn.Mat.from_pixels(np.ascontiguousarray(image), ncnn.Mat.PixelType.PIXEL_RGB, side, side)
        with self._net.create_extractor() as extractor:
            extractor.input(INPUT_BLOB, pixels)
            arrays = {name: _extract(extractor, blob) for name, blob in self._blobs.items()}
        return named_heads(arrays, self.metadata)


def _load_net(folder: Path, num_threads: int) -> ncnn.Net:
    net = ncnn.Net()
    net.opt.num_threads = num_threads
    net.opt.use_vulkan_compute = False
    # ncnn computes in half precision by default where the CPU can (Cortex-A76): that costs two digits, heatmap errors
    # of 3e-2 and tenths of a cell in reg. Storing in half precision stays on: it halves the memory traffic, and sums
    # are still made in single precision.
    net.opt.use_fp16_arithmetic = False
    net.opt.use_fp16_packed = True
    net.opt.use_fp16_storage = True
    if net.load_param(str(folder / NCNN_PARAM_FILE)) != 0 or net.load_model(str(folder / NCNN_BIN_FILE)) != 0:
        raise ModelError(f"{folder}: ncnn cannot read its model; is the ncnn package older than the model?")
    return net


def _extract(extractor: ncnn.Extractor, blob: str) -> np.ndarray:
    status, mat = extractor.extract(blob)
    if status != 0:
        raise ModelError(f"ncnn cannot compute the output '{blob}'")
    # A copy without the gaps that ncnn leaves between channels; the Mat's memory belongs to the extractor.
    return np.array(mat, dtype=np.float32, order="C")
