"""Asks a network about the unlabelled persons that an epoch will draw; what is accepted goes to the dataset."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from movenet.data.labels import TEACHER_CROP_SCALE
from movenet.data.pseudo_labels import Answers, PseudoLabels, accept, jumps, video_neighbours
from movenet.data.sets import Entry
from movenet.decoding.batched import decode_batch
from movenet.errors import DataError
from movenet.geometry import person_square
from movenet.metrics.evaluation import EvaluationPerson
from movenet.models.checkpoint import NetworkSpec
from movenet.models.heads import Heads
from movenet.models.network import MoveNet
from movenet.training.config import RunConfig
from movenet.training.teacher import load_teacher, mirrored_answer
from movenet.training.validation import ValidationDataset, ValidationSample, to_picture_pixels

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


class PseudoLabeller:
    """Labels the unlabelled entries of a run, epoch by epoch.

    Args:
        config: of the run.
        spec: of its network.
        entries: of the run.
        moving_average: gives the run's averaged network, which answers where the config names no teacher.

    Raises:
        ModelError: if the teacher's checkpoint cannot be read.
        ConfigError: if its keypoints are others.
    """

    def __init__(
        self, config: RunConfig, spec: NetworkSpec, entries: list[Entry], moving_average: Callable[[], MoveNet]
    ) -> None:
        self._config = config
        self._rules = config.pseudo_labels
        self._skeleton = spec.skeleton
        self._entries = entries
        self._neighbours = video_neighbours(entries, self._rules.max_gap_seconds)
        self._input_size = spec.input_size
        self._moving_average = moving_average
        self._teacher: MoveNet | None = None
        if self._rules.teacher is not None:
            self._teacher, teacher_spec = load_teacher(self._rules.teacher, spec.skeleton)
            self._input_size = teacher_spec.input_size
        self.labels = PseudoLabels(entries, spec.skeleton.num_keypoints)
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
        answers = self._ask(asked)
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

    def _ask(self, indices: np.ndarray) -> Answers:
        """The network's answers for entries, upright, in true colours and unmirrored."""
        average = self._moving_average()
        device = next(average.parameters()).device
        network = average.eval() if self._teacher is None else self._teacher.to(device)
        persons = [self._person(index) for index in indices]
        loader = DataLoader(
            _ReadableDataset(persons, self._input_size),
            batch_size=2 * self._config.optimisation.batch_size,
            num_workers=self._config.data.workers,
            # The loader draws a seed for its workers; not from the run's own chance.
            generator=torch.Generator(),
        )
        columns: list[tuple[np.ndarray, ...]] = []
        for batch in loader:
            points, distance = self._answer(network, batch.image.to(device).float())
            found = to_picture_pixels(points, batch.corner_and_side_px).astype(np.float32)
            columns.append((found[..., :2], found[..., 2], distance.cpu().numpy()))
        points_px, scores, disagreement = (np.concatenate(column) for column in zip(*columns, strict=True))
        return Answers(points_px, scores, disagreement)

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

    def _person(self, index: int) -> EvaluationPerson:
        entry = self._entries[index]
        person = entry.picture.persons[entry.person]
        return EvaluationPerson(entry.picture, person, person_square(person.box_px, TEACHER_CROP_SCALE))

    def _box(self, index: int) -> tuple[float, float, float, float]:
        entry = self._entries[index]
        return entry.picture.persons[entry.person].box_px


class _ReadableDataset(ValidationDataset):
    """Black where a picture cannot be read: the training leaves it out and says so, whatever its labels are."""

    def __getitem__(self, index: int) -> ValidationSample:
        try:
            return super().__getitem__(index)
        except DataError:
            black = torch.zeros((3, self.input_size, self.input_size), dtype=torch.uint8)
            return ValidationSample(black, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
