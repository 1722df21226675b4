"""Training samples made in batches on the training's device: the loader's workers only draw them.

What is drawn is what `CropDataset` draws for its own samples, so that both ways give the same samples up to rounding.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from movenet.data.appearance import Operation, Patch
from movenet.data.batch_appearance import (
    OperationGroup,
    apply_groups,
    group_operations,
    paint_stacked,
    stack_patches,
)
from movenet.data.dataset import Batch, CropDataset, Sample, SampleLabels, readable
from movenet.data.pyramids import CropSource, PyramidLayout, cut_crops
from movenet.errors import DataError

_logger = logging.getLogger(__name__)


class DrawnSample(NamedTuple):
    """A sample before it has pixels.

    Attributes:
        source: where its image is cut out.
        view: where a teacher's is, or None.
        operations, patches, labels: as in `movenet.data.dataset.Drawn`.
    """

    source: CropSource
    view: CropSource | None
    operations: list[Operation]
    patches: list[Patch]
    labels: SampleLabels


class DrawnBatch(NamedTuple):
    """A batch of drawn samples, as tensors; and how many were left out because their pictures cannot be read."""

    source: CropSource
    view: CropSource | None
    operations: list[OperationGroup]
    patches: Tensor
    labels: SampleLabels
    num_skipped: int


class DrawnCrops(Dataset[DrawnSample | None]):
    """The samples of a dataset, indexed in the same way, before they have pixels.

    Args:
        dataset: draws them.
        layout: of the pictures on the device.
    """

    def __init__(self, dataset: CropDataset, layout: PyramidLayout) -> None:
        self._dataset = dataset
        self._layout = layout

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, key: tuple[int, int]) -> DrawnSample | None:
        drawn = self._dataset.draw(key)
        index, matrix = key[1], drawn.move.matrix
        try:
            source = self._layout.source(index, matrix)
        except DataError as error:
            _logger.warning("skipped: %s", error)
            return None
        view_size = self._dataset.view_size
        view = (
            None if view_size is None else self._layout.source(index, matrix * (view_size / self._dataset.input_size))
        )
        return DrawnSample(source, view, drawn.operations, drawn.patches, drawn.labels)


def collate_drawn(samples: Sequence[DrawnSample | None]) -> DrawnBatch:
    """Drawn samples as a batch, leaving out the unreadable ones.

    Raises:
        DataError: if not one sample is left.
        ConfigError: if an operation has no form for batches.
    """
    drawn = readable(samples)
    views = [one.view for one in drawn if one.view is not None]
    return DrawnBatch(
        source=CropSource(*(torch.stack(column) for column in zip(*(one.source for one in drawn), strict=True))),
        view=CropSource(*(torch.stack(column) for column in zip(*views, strict=True))) if views else None,
        operations=group_operations([one.operations for one in drawn]),
        patches=stack_patches([one.patches for one in drawn]),
        labels=SampleLabels(*(torch.stack(column) for column in zip(*(one.labels for one in drawn), strict=True))),
        num_skipped=len(samples) - len(drawn),
    )


class DeviceCrops:
    """Gives drawn batches their pixels.

    Args:
        layout: of the pictures.
        device: that they are copied to.
        input_size: side of the network's input in pixels.
        view_size: side of a teacher's input, if one is to see the crops too.
    """

    def __init__(self, layout: PyramidLayout, device: torch.device, input_size: int, view_size: int | None) -> None:
        self._pixels = layout.upload(device)
        self._input_size = input_size
        self._view_size = view_size

    def batch(self, drawn: DrawnBatch) -> Batch:
        """The batch that `collate` makes of the dataset's own samples, on the device; `drawn` must be there already."""
        image = cut_crops(self._pixels, drawn.source, self._input_size)
        image = paint_stacked(apply_groups(image, drawn.operations), drawn.patches)
        if drawn.view is None or self._view_size is None:
            view = image.new_zeros((len(image), 3, 0, 0))
        else:
            view = cut_crops(self._pixels, drawn.view, self._view_size)
        return Batch(Sample(image, *drawn.labels, view=view), drawn.num_skipped)
