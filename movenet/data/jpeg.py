"""What JPEG's compression does to pictures, in batches, on any device: no file is written.

Baseline JPEG (ITU-T T.81) as libjpeg writes and reads it by default: colours at half the resolution, blocks of 8 x 8,
a discrete cosine transform, the tables of the standard's Annex K.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_SIDE = 8
# Annex K.1, in rows: how coarse brightness and colour are at quality 50, by frequency.
_LUMINANCE = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 32),
)
# JFIF: brightness and two colour differences, about 128, of red, green and blue.
_YCC_OF_RGB = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)


def jpeg_compressed(images: Tensor, quality: Tensor) -> Tensor:
    """Pictures after they were compressed and read again.

    Args:
        images: uint8 RGB [N, 3, height, width]; the sides multiples of 16.
        quality: int64 [N], 1..100, as libjpeg's.

    Returns:
        uint8, the same shape. Sums are not rounded where libjpeg rounds them: a level is one off here and there.
    """
    to_ycc = torch.tensor(_YCC_OF_RGB, device=images.device)
    ycc = _mixed(images.float(), to_ycc).round()
    # Halves are rounded down in even columns and up in odd ones; when enlarged, the other way round.
    down_and_up = torch.tensor([0.25, 0.5], device=images.device).repeat(images.shape[-1] // 4)
    colour = torch.floor(F.avg_pool2d(ycc[:, 1:], 2) + down_and_up)
    brightness = _quantised(ycc[:, :1] - 128, _table(_LUMINANCE, quality)) + 128
    colour = _quantised(colour, _table(_CHROMINANCE, quality))
    colour = F.interpolate(colour, scale_factor=2, mode="bilinear", align_corners=False)
    up_and_down = torch.tensor([8 / 16, 7 / 16], device=images.device).repeat(images.shape[-1] // 2)
    colour = torch.floor(colour + up_and_down)
    rgb = _mixed(torch.cat([brightness, colour], dim=1), torch.linalg.inv(to_ycc))
    return rgb.round().clamp(0, 255).to(torch.uint8)


def _mixed(images: Tensor, weights: Tensor) -> Tensor:
    """[N, 3, height, width] -> each new channel the weighed sum of the old ones; no reduced precision anywhere."""
    return torch.stack([sum(w * images[:, i] for i, w in enumerate(row)) for row in weights.unbind()], dim=1)


def _table(base: tuple[int, ...], quality: Tensor) -> Tensor:
    """float [N, 8, 8]: the steps at some qualities, by libjpeg's rule."""
    percent = torch.where(quality < 50, 5000 // quality.clamp(min=1), 200 - 2 * quality)
    steps = (torch.tensor(base, device=quality.device) * percent[:, None] + 50) // 100
    return steps.clamp(1, 255).float().reshape(-1, _SIDE, _SIDE)


def _quantised(planes: Tensor, steps: Tensor) -> Tensor:
    """Planes [N, C, height, width] about 0, when their cosine transform is rounded to whole steps [N, 8, 8]."""
    basis = _cosines(planes.device)
    blocks = planes.unflatten(3, (-1, _SIDE)).unflatten(2, (-1, _SIDE)).transpose(3, 4)  # [N, C, rows, columns, 8, 8]
    step = steps[:, None, None, None]
    coefficients = torch.round(basis @ blocks @ basis.T / step) * step
    restored = (basis.T @ coefficients @ basis).transpose(3, 4).flatten(4).flatten(2, 3)
    return restored.round().clamp(-128, 127)


def _cosines(device: torch.device) -> Tensor:
    """[8, 8]: the orthonormal cosine transform, a frequency a row."""
    frequency = torch.arange(_SIDE, device=device, dtype=torch.float64)
    basis = torch.cos(math.pi / _SIDE * torch.outer(frequency, frequency + 0.5)) * math.sqrt(2 / _SIDE)
    basis[0] /= math.sqrt(2)
    return basis.float()
