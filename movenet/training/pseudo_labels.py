"""Asks a network about the unlabelled persons that an epoch will draw; what is accepted goes to the dataset."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from movenet.data.dataset import planes
from movenet.data.entry_pictures import EntryPictures
from movenet.data.labels import TEACHER_CROP_SCALE
from movenet.data.pseudo_labels import Answers, PseudoLabels, accept, jumps, video_neighbours
from movenet.data.sets import Entry
from movenet.decoding.batched import decode_batch
from movenet.errors import DataError
from movenet.geometry import Square, person_square, square_matrix, warp_picture
from movenet.models.checkpoint import NetworkSpec
from movenet.models.heads import Heads
from movenet.models.network import MoveNet
from movenet.skeleton import Skeleton
from movenet.training.config import RunConfig
from movenet.training.teacher import load_teacher, mirrored_answer
from movenet.training.workers import worker_options

_AUTOCAST = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabellingReport:
    """What became of an epoch's unlabelled persons.

    Attributes:
        persons: how many were labelled.
        accepted: share of their points that became labels.
        jumped: share of their points that were refused because they jump between frames.
    """

    persons: int
    accepted: float
    jumped: float


class LabellingNetwork(NamedTuple):
    """Who is asked.

    Attributes:
        present: gives the network as it is now, ready to answer, on the device of the run.
        input_size: S.
    """

    present: Callable[[], MoveNet]
    input_size: int


def labelling_network(config: RunConfig, spec: NetworkSpec, moving_average: Callable[[], MoveNet]) -> LabellingNetwork:
    """The teacher that the config names, or else the run's averaged network.

    Args:
        config: of the run.
        spec: of its network.
        moving_average: gives the averaged network.

    Raises:
        ModelError: if the teacher's checkpoint cannot be read.
        ConfigError: if its keypoints are others.
    """
    if config.pseudo_labels.teacher is None:
        return LabellingNetwork(lambda: moving_average().eval(), spec.input_size)
    teacher, teacher_spec = load_teacher(config.pseudo_labels.teacher, spec.skeleton)
    return LabellingNetwork(lambda: teacher.to(next(moving_average().parameters()).device), teacher_spec.input_size)


class PseudoLabeller:
    """Labels the unlabelled entries of a run, epoch by epoch.

    Args:
        config: of the run.
        network: that is asked.
        skeleton: of its keypoints.
        entries: of the run.
        pictures: of these entries.
    """

    def __init__(
        self,
        config: RunConfig,
        network: LabellingNetwork,
        skeleton: Skeleton,
        entries: Sequence[Entry],
        pictures: EntryPictures,
    ) -> None:
        self._config = config
        self._rules = config.pseudo_labels
        self._network = network
        self._skeleton = skeleton
        self._entries = entries
        self._pictures = pictures
        self._neighbours = video_neighbours(entries, self._rules.max_gap_seconds)
        self.labels = PseudoLabels(entries, skeleton.num_keypoints)
        self.report = LabellingReport(0, 0.0, 0.0)

    def label(self, epoch: int, indices: np.ndarray) -> None:
        """Give new labels to the unlabelled among the entries that an epoch, counted from 0, draws."""
        share = self._rules.accepted_share(epoch, self._config.optimisation.epochs)
        drawn = np.unique(indices)
        drawn = drawn[self.labels.unlabelled[drawn]]
        if share == 0 or len(drawn) == 0:
            return
        in_time = self._neighbours.indices[drawn]
        asked = np.unique(np.concatenate([drawn, in_time[in_time >= 0]]))
        answers = self.ask(asked)
        places = np.searchsorted(asked, drawn)
        jumped = self._jumped(drawn, asked, answers.points_px)
        own = Answers(answers.points_px[places], answers.scores[places], answers.disagreement[places])
        accepted = accept(own, share, ~jumped, self._rules)
        self.labels.write(drawn, own.points_px, accepted)
        self.report = LabellingReport(len(drawn), float(accepted.mean()), float(jumped.mean()))
        _logger.info(
            "epoch %d: %d unlabelled persons; of their points %.0f %% accepted, %.1f %% refused for jumping",
            epoch,
            len(drawn),
            100 * self.report.accepted,
            100 * self.report.jumped,
        )

    def _jumped(self, drawn: np.ndarray, asked: np.ndarray, points_px: np.ndarray) -> np.ndarray:
        """bool [number drawn, K]; `points_px` are those of all that were asked about."""
        jumped = np.zeros((len(drawn), points_px.shape[1]), bool)
        between = (self._neighbours.indices[drawn] >= 0).all(axis=1)
        if not between.any():
            return jumped
        here = drawn[between]
        before, after = (np.searchsorted(asked, side) for side in self._neighbours.indices[here].T)
        far_px = jumps(
            points_px[np.searchsorted(asked, here)],
            points_px[before],
            points_px[after],
            self._neighbours.fraction[here],
        )
        sides_px = np.array([max(self._box(index)[2:]) for index in here])
        jumped[between] = far_px > self._rules.max_jump_share * sides_px[:, None]
        return jumped

    def ask(self, indices: np.ndarray) -> Answers:
        """The network's answers for entries, int [n]: as they stand in their pictures, in true colours."""
        network = self._network.present()
        device = next(network.parameters()).device
        squares = [person_square(self._box(index), TEACHER_CROP_SCALE) for index in indices]
        loader = DataLoader(
            _UprightCrops(indices, squares, self._pictures, self._network.input_size),
            batch_size=2 * self._config.optimisation.batch_size,
            # The loader draws a seed for its workers; not from the run's own chance.
            generator=torch.Generator(),
            **worker_options(self._config.data.workers),
        )
        columns: list[tuple[np.ndarray, ...]] = []
        for batch in loader:
            points, distance = self._answer(network, batch.to(device).float())
            columns.append((points[..., :2].cpu().numpy(), points[..., 2].cpu().numpy(), distance.cpu().numpy()))
        points_unit, scores, disagreement = (np.concatenate(column) for column in zip(*columns, strict=True))
        points_px = [square.to_px(unit) for square, unit in zip(squares, points_unit, strict=True)]
        return Answers(np.array(points_px, np.float32), scores, disagreement)

    @torch.no_grad()
    def _answer(self, network: MoveNet, images: Tensor) -> tuple[Tensor, Tensor]:
        """Points [N, K, 3] of the mean of the answers for the pictures and the mirrored ones; how far those differ."""
        dtype = _AUTOCAST.get(self._config.hardware.precision)
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(images.device.type, dtype=dtype, enabled=dtype is not None):
            heads = Heads(*(head.float() for head in network(images)))
            mirrored = mirrored_answer(network, images, self._skeleton)
        both = Heads(*((plain + other) / 2 for plain, other in zip(heads, mirrored, strict=True)))
        difference = decode_batch(*heads)[..., :2] - decode_batch(*mirrored)[..., :2]
        return decode_batch(*both), torch.linalg.vector_norm(difference, dim=-1)

    def _box(self, index: int) -> tuple[float, float, float, float]:
        entry = self._entries[index]
        return entry.picture.persons[entry.person].box_px


class _UprightCrops(Dataset[Tensor]):
    """Uint8 RGB [3, S, S] of entries, as they stand in their pictures.

    Black where a picture cannot be read: the training leaves it out and says so, whatever its labels are.
    """

    def __init__(
        self, indices: np.ndarray, squares: Sequence[Square], pictures: EntryPictures, input_size: int
    ) -> None:
        self._indices = indices
        self._squares = squares
        self._pictures = pictures
        self._input_size = input_size

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, number: int) -> Tensor:
        size = self._input_size
        try:
            matrix = square_matrix(self._squares[number], size)
            pixels, matrix = self._pictures.read(int(self._indices[number]), matrix)
        except DataError:
            return torch.zeros((3, size, size), dtype=torch.uint8)
        return planes(cv2.cvtColor(warp_picture(pixels, matrix, size), cv2.COLOR_BGR2RGB))
