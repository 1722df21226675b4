"""Losses that know how keypoints belong together."""

from __future__ import annotations

from torch import Tensor

from movenet.losses.maps import masked_l1


def bone_loss(predicted_reg: Tensor, target_reg: Tensor, reg_mask: Tensor, edges: Tensor) -> Tensor:
    """L1 between predicted and true bones: the vector from one end of an edge to the other, in cells.

    Taken from the reg map where reg is taught: in one cell, the difference of two keypoints' reg IS the bone (the
    cell's own place cancels). Only edges whose two ends are labelled count.

    Args:
        predicted_reg, target_reg, reg_mask: [N, 2K, G, G].
        edges: int64 [E, 2], keypoint indices.
    """
    # Reg is taught in a few cells of thousands: pick those first.
    cells = reg_mask.amax(dim=1) > 0  # [N, y, x]

    def at_cells(maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1)[cells].unflatten(1, (-1, 2))  # [cells, K, (x, y)]

    first, second = edges[:, 0], edges[:, 1]
    predicted, target, mask = at_cells(predicted_reg), at_cells(target_reg), at_cells(reg_mask)
    return masked_l1(
        predicted[:, first] - predicted[:, second],
        target[:, first] - target[:, second],
        mask[:, first] * mask[:, second],
    )
