"""The operations of `movenet.data.appearance` on batches of images, on any device.

The parameters are those that were drawn; how a transform changes colours, and by what kernel it blurs, is found out by
giving the transform itself a ramp of all colours, or a single bright pixel. What cannot be told so has its own form
here: hue and saturation, gray, noise, JPEG.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import albumentations
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from movenet.data.appearance import Operation, Patch
from movenet.data.jpeg import jpeg_compressed
from movenet.errors import ConfigError

_LEVELS = 256
# Pixels that a blur may reach; of the pictures that it is found out with.
_MAX_REACH = 8
# Of a kernel, what does not matter to 8 bits.
_NEGLIGIBLE = 1e-6

_BY_CHANNEL = albumentations.RandomBrightnessContrast, albumentations.RandomGamma, albumentations.RGBShift
_BLURS = albumentations.GaussianBlur, albumentations.MotionBlur, albumentations.Defocus


class OperationGroup(NamedTuple):
    """One kind of operation on some images of a batch.

    Attributes:
        kind: a key of `_APPLIED`.
        rows: int64 [M], which images.
        values: [M, ...], what was drawn for each, in the form of the kind.
    """

    kind: str
    rows: Tensor
    values: Tensor


def group_operations(operations: Sequence[Sequence[Operation]]) -> list[OperationGroup]:
    """The operations of N images, those of each in its order, as groups to be applied one after the other.

    Raises:
        ConfigError: if an operation has no form for batches.
    """
    groups = []
    for place in range(max((len(of_one) for of_one in operations), default=0)):
        members: defaultdict[str, list[tuple[int, np.ndarray]]] = defaultdict(list)
        for row, of_one in enumerate(operations):
            if place < len(of_one):
                kind, values = _form(of_one[place])
                members[kind].append((row, values))
        for kind, found in members.items():
            rows, values_of_rows = zip(*found, strict=True)
            alike = _same_size(values_of_rows) if kind == "kernel" else values_of_rows
            groups.append(OperationGroup(kind, torch.tensor(rows), torch.from_numpy(np.stack(alike))))
    return groups


def stack_patches(patches: Sequence[Sequence[Patch]]) -> Tensor:
    """int64 [N, J, 6]: the patches of N images in the order of `Patch`'s fields; zeros, which are empty, at the end."""
    stacked = np.zeros((len(patches), max(map(len, patches), default=0), len(Patch._fields)), np.int64)
    for row, of_one in enumerate(patches):
        stacked[row, : len(of_one)] = np.array(of_one).reshape(-1, len(Patch._fields))
    return torch.from_numpy(stacked)


def apply_groups(images: Tensor, groups: Sequence[OperationGroup]) -> Tensor:
    """uint8 RGB [N, 3, S, S] after the operations; the images are changed in place."""
    for kind, rows, values in groups:
        images[rows] = _APPLIED[kind](images[rows], values)
    return images


def paint_stacked(images: Tensor, patches: Tensor) -> Tensor:
    """uint8 [N, 3, S, S] with the patches of `stack_patches`; the images are changed in place."""
    rows = torch.arange(len(images), device=images.device)
    colours = [images[rows, :, patch[:, 4], patch[:, 5]] for patch in patches.unbind(1)]
    axis = torch.arange(images.shape[-1], device=images.device)
    for patch, colour in zip(patches.unbind(1), colours, strict=True):
        left, top, right, bottom = patch[:, :4, None].unbind(1)
        inside_x, inside_y = (axis >= left) & (axis < right), (axis >= top) & (axis < bottom)
        inside = (inside_y[:, :, None] & inside_x[:, None])[:, None]
        images.copy_(torch.where(inside, colour[:, :, None, None], images))
    return images


def _form(operation: Operation) -> tuple[str, np.ndarray]:
    """The kind of an operation, and its values."""
    transform, params = operation
    if isinstance(transform, _BY_CHANNEL):
        return "table", _colour_table(operation)
    if isinstance(transform, _BLURS):
        return "kernel", _kernel(operation)
    if isinstance(transform, albumentations.HueSaturationValue):
        return "hsv", _hsv_tables(params["hue_shift"], params["sat_shift"], params["val_shift"])
    if isinstance(transform, albumentations.ToGray):
        return "gray", np.zeros(0, np.float32)
    if isinstance(transform, albumentations.ImageCompression):
        return "jpeg", np.array(params["quality"], np.int64)
    if isinstance(transform, albumentations.GaussNoise):
        # The library adds whole numbers.
        return "noise", params["noise_map"].astype(np.int16)
    raise ConfigError(f"data: on_device cannot do {type(transform).__name__}; set it to false")


def _colour_table(operation: Operation) -> np.ndarray:
    """uint8 [3, 256]: what becomes of each level of each channel."""
    ramp = np.repeat(np.arange(_LEVELS, dtype=np.uint8)[None, :, None], 3, axis=2)
    return np.ascontiguousarray(operation.transform.apply(ramp, **operation.params)[0].T)


def _kernel(operation: Operation) -> np.ndarray:
    """float32 [2 R + 1, 2 R + 1]: the weights around each pixel."""
    middle = 2 * _MAX_REACH
    # So far from the border that nothing is reflected.
    pixel = np.zeros((2 * middle + 1, 2 * middle + 1, 3), np.float32)
    pixel[middle, middle] = 1.0
    spread = operation.transform.apply(pixel, **operation.params)[..., 0]
    # A pixel is spread to where its neighbours take it from.
    weights = spread[::-1, ::-1]
    ys, xs = np.nonzero(np.abs(weights) > _NEGLIGIBLE)
    reach = max(int(np.abs(ys - middle).max()), int(np.abs(xs - middle).max()))
    return np.ascontiguousarray(weights[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1])


def _same_size(kernels: Sequence[np.ndarray]) -> list[np.ndarray]:
    """With zeros around them, as large as the largest."""
    side = max(len(kernel) for kernel in kernels)
    return [np.pad(kernel, (side - len(kernel)) // 2) for kernel in kernels]


def _hsv_tables(hue_shift: float, saturation_shift: float, value_shift: float) -> np.ndarray:
    """uint8 [3, 256]: what becomes of hue (0..179), saturation and value."""
    ramp = np.arange(_LEVELS)
    tables = [np.mod(ramp + hue_shift, 180)]
    # The library adds whole numbers.
    tables += [np.clip(ramp + int(shift), 0, _LEVELS - 1) for shift in (saturation_shift, value_shift)]
    tables[1][0] = 0  # gray stays gray
    return np.array(tables).astype(np.uint8)


def _through_tables(images: Tensor, tables: Tensor) -> Tensor:
    """uint8 [M, 3, S, S] through uint8 [M, 3, 256]."""
    return tables.gather(2, images.flatten(2).long()).reshape(images.shape)


def _hsv_shifted(images: Tensor, tables: Tensor) -> Tensor:
    return _rgb_of_hsv(_through_tables(_hsv_of_rgb(images), tables))


def _hsv_of_rgb(images: Tensor) -> Tensor:
    """uint8 [M, 3, S, S] -> the same of hue (0..179, in units of two degrees), saturation and value, as OpenCV's."""
    red, green, blue = images.int().unbind(1)
    value, smallest = images.amax(1).int(), images.amin(1).int()
    span = value - smallest
    saturation = _divided(span, 255, value)
    sixth = torch.where(value == red, green - blue, torch.where(value == green, blue - red, red - green))
    first = torch.where(value == red, 0, torch.where(value == green, 2, 4))
    hue = _divided(sixth + first * span, 30, span)
    hue = torch.where(hue < 0, hue + 180, hue)
    return torch.stack([hue, saturation, value], dim=1).to(torch.uint8)


def _divided(numerator: Tensor, factor: int, denominator: Tensor) -> Tensor:
    """Whole `factor * numerator / denominator`, or 0 / 0 = 0, by a reciprocal of 12 fractional bits, as OpenCV's."""
    reciprocal = torch.round(factor * 4096 / denominator.clamp(min=1)).int()
    return (numerator * reciprocal + 2048) >> 12


def _rgb_of_hsv(images: Tensor) -> Tensor:
    """The inverse of `_hsv_of_rgb`."""
    hue, saturation, value = images.float().unbind(1)
    depth = value * saturation / 255
    # Each channel falls from the value by the depth, and rises again, around the circle of hues.
    channels = []
    for turn in (5.0, 3.0, 1.0):
        sixth = torch.remainder(turn + hue / 30, 6.0)
        channels.append(value - depth * torch.minimum(sixth, 4 - sixth).clamp(0, 1))
    # Cut off, as OpenCV's vector code does.
    return torch.stack(channels, dim=1).clamp(0, 255).to(torch.uint8)


def _gray(images: Tensor, _values: Tensor) -> Tensor:
    """OpenCV's weights, in units of 2^-15."""
    red, green, blue = images.int().unbind(1)
    gray = (9798 * red + 19235 * green + 3735 * blue + (1 << 14)) >> 15
    return gray[:, None].expand_as(images).to(torch.uint8)


def _blurred(images: Tensor, kernels: Tensor) -> Tensor:
    reach = kernels.shape[-1] // 2
    number, channels, height, width = images.shape
    padded = F.pad(images.float(), (reach, reach, reach, reach), mode="reflect")
    # Each image has its own kernel: the images are the groups of one convolution.
    planes = padded.reshape(1, number * channels, *padded.shape[2:])
    weights = kernels.repeat_interleave(channels, dim=0)[:, None]
    blurred = F.conv2d(planes, weights, groups=number * channels)
    return blurred.reshape(number, channels, height, width).round().clamp(0, 255).to(torch.uint8)


def _compressed(images: Tensor, quality: Tensor) -> Tensor:
    """The library gives the compressor red as blue."""
    return jpeg_compressed(images.flip(1), quality).flip(1)


def _noisy(images: Tensor, noise: Tensor) -> Tensor:
    """`noise` is int16 [M, S, S, 3]."""
    return (images.to(torch.int16) + noise.permute(0, 3, 1, 2)).clamp(0, 255).to(torch.uint8)


_APPLIED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "table": _through_tables,
    "hsv": _hsv_shifted,
    "gray": _gray,
    "kernel": _blurred,
    "jpeg": _compressed,
    "noise": _noisy,
}
