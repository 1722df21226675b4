"""Labels that a network gives to unlabelled persons while it is trained: which of its answers are believed, and when.

Before each epoch a network answers for the unlabelled persons that the epoch will draw, and for each keypoint the most
trusted share of its answers becomes labels; the share grows with the epochs (curriculum labelling: Cascante-Bonilla et
al. 2021). The share is of each keypoint by itself, so that wrists, of which no network is as sure as of noses, get
their part (FlexMatch, Zhang et al. 2021, moves a threshold for each class to that end). The network sees the person
upright and in true colours, the one that is trained sees the augmented crop (FixMatch, Sohn et al. 2020).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from movenet.data.boxes import overlap
from movenet.data.frames import frame_time
from movenet.data.labels import TrainingPoints
from movenet.data.sets import Entry
from movenet.errors import ConfigError

# With fewer of its keypoints accepted, the middle of a person is not known.
_MIN_SHARE_FOR_CENTER = 0.5
# Boxes of neighbouring frames that overlap less are of different persons.
_MIN_OVERLAP = 0.3


@dataclass(frozen=True)
class PseudoLabelConfig:
    """How the persons of sets with `unlabelled: true` get their labels.

    Attributes:
        teacher: checkpoint of the network that labels them; if none is given, the run's own moving average.
        first_epoch: the epoch, counted from 0, before which they are first labelled.
        start_share: in that epoch this share of the answers is accepted, for each keypoint the most trusted ...
        end_share: ... and in the last epoch this share; evenly growing between.
        min_score: an answer with a lower score is never accepted.
        disagreement_unit: how far apart, as a share of the crop, the answers for the picture and the mirrored picture
            are where the trust has fallen to 1/e.
        max_gap_seconds: frames of a video (pictures that `movenet data frames` wrote) this near in time are neighbours.
        max_jump_share: an answer farther than this share of the person's box from where its two neighbours let expect
            it is not accepted.
    """

    teacher: str | None = None
    first_epoch: int = 0
    start_share: float = 0.2
    end_share: float = 0.5
    min_score: float = 0.1
    disagreement_unit: float = 0.05
    max_gap_seconds: float = 0.5
    max_jump_share: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.start_share <= self.end_share <= 1 or not 0 <= self.min_score <= 1:
            raise ConfigError("pseudo_labels: needs 0 <= start_share <= end_share <= 1 and min_score in 0..1")
        if self.first_epoch < 0 or self.max_gap_seconds < 0:
            raise ConfigError("pseudo_labels: first_epoch and max_gap_seconds must not be negative")
        if self.disagreement_unit <= 0 or self.max_jump_share <= 0:
            raise ConfigError("pseudo_labels: disagreement_unit and max_jump_share must be above 0")

    def accepted_share(self, epoch: int, epochs: int) -> float:
        """The share of an epoch, counted from 0, of a run of so many epochs."""
        if epoch < self.first_epoch:
            return 0.0
        last = max(epochs - 1, self.first_epoch + 1)
        grown = min(1.0, (epoch - self.first_epoch) / (last - self.first_epoch))
        return self.start_share + grown * (self.end_share - self.start_share)


@dataclass(frozen=True)
class Answers:
    """What a network says of N persons.

    Attributes:
        points_px: float32 [N, K, 2], in pixels of each picture.
        scores: float32 [N, K].
        disagreement: float32 [N, K]: distance between its answers for the picture and the mirrored picture, as a share
            of the crop's side.
    """

    points_px: np.ndarray
    scores: np.ndarray
    disagreement: np.ndarray


def accept(answers: Answers, share: float, steady: np.ndarray, config: PseudoLabelConfig) -> np.ndarray:
    """Which answers become labels: for each keypoint the most trusted `share` of all N, less what is not allowed.

    Args:
        answers: of N persons.
        share: 0..1.
        steady: bool [N, K]: false where time forbids it (see `jumps`).
        config: the rules.

    Returns:
        bool [N, K].
    """
    allowed = steady & (answers.scores >= config.min_score)
    agreement = np.exp(-np.square(answers.disagreement / config.disagreement_unit))
    trust = np.where(allowed, answers.scores * agreement, -1.0)
    number = round(share * len(trust))
    accepted = np.zeros(trust.shape, bool)
    np.put_along_axis(accepted, np.argsort(-trust, axis=0, kind="stable")[:number], True, axis=0)
    return accepted & allowed


@dataclass(frozen=True)
class VideoNeighbours:
    """Each entry's place in its video.

    Attributes:
        indices: int64 [N, 2]: the same person's entries in the frames before and after; -1 where there is none.
        fraction: float32 [N], 0..1: where between these two the entry lies in time.
    """

    indices: np.ndarray
    fraction: np.ndarray


def video_neighbours(entries: Sequence[Entry], max_gap_seconds: float) -> VideoNeighbours:
    """Find the frames before and after by the pictures' names, and the person in them by the boxes."""
    videos: dict[str, dict[float, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, entry in enumerate(entries):
        time = frame_time(entry.picture.path)
        if time is not None:
            videos[time.video][time.seconds].append(index)
    indices = np.full((len(entries), 2), -1, np.int64)
    fraction = np.full(len(entries), 0.5, np.float32)
    for frames in videos.values():
        times = sorted(frames)
        for before, now, after in zip(times, times[1:], times[2:], strict=False):
            if max(now - before, after - now) > max_gap_seconds:
                continue
            for index in frames[now]:
                indices[index] = [_same_person(entries, index, frames[time]) for time in (before, after)]
                fraction[index] = (now - before) / (after - before)
    return VideoNeighbours(indices, fraction)


def jumps(points_px: np.ndarray, before_px: np.ndarray, after_px: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """How far points are from where their neighbours in time let expect them, in pixels; float [N, K].

    The place is expected between the two neighbours; less by as much as these differ, for one of them may be the one
    that is wrong. A point that jumps there and back is far, one that moves on evenly is not, however fast.

    Args:
        points_px, before_px, after_px: float [N, K, 2].
        fraction: float [N]: where between the neighbours the points lie in time.
    """
    share = fraction[:, None]
    expected = before_px + share[..., None] * (after_px - before_px)
    moved = np.linalg.norm(after_px - before_px, axis=-1)
    far = np.linalg.norm(points_px - expected, axis=-1)
    return np.maximum(far - np.maximum(share, 1 - share) * moved, 0.0)


class PseudoLabels:
    """The present labels of the unlabelled among N entries, in memory that the loading processes share.

    Args:
        entries: of the run.
        num_keypoints: K.
    """

    def __init__(self, entries: Sequence[Entry], num_keypoints: int) -> None:
        self.unlabelled = np.array([entry.unlabelled for entry in entries])
        self._points_px = torch.zeros((len(entries), num_keypoints, 2)).share_memory_()
        self._accepted = torch.zeros((len(entries), num_keypoints), dtype=torch.bool).share_memory_()

    def write(self, indices: np.ndarray, points_px: np.ndarray, accepted: np.ndarray) -> None:
        """Replace the labels of entries: float [n, K, 2] and bool [n, K] for int [n]."""
        self._points_px[indices] = torch.from_numpy(points_px).float()
        self._accepted[indices] = torch.from_numpy(accepted)

    def points(self, index: int) -> TrainingPoints:
        """What is to be learnt of an unlabelled entry."""
        accepted = self._accepted[index].numpy().copy()
        return TrainingPoints(self._points_px[index].numpy().copy(), accepted, np.zeros(len(accepted), bool))


def center_known(labelled: np.ndarray, unlabelled: bool) -> bool:
    """Whether the middle of a person can be told from its points, bool [K]: of pseudo-labels, too few may be there."""
    return bool(labelled.sum() >= (_MIN_SHARE_FOR_CENTER * len(labelled) if unlabelled else 1))


def _same_person(entries: Sequence[Entry], index: int, candidates: Sequence[int]) -> int:
    """Of one frame's entries the one whose box overlaps most; -1 if none does."""
    box = _box(entries[index])
    shares = [overlap(box, _box(entries[candidate])) for candidate in candidates]
    best = int(np.argmax(shares))
    return candidates[best] if shares[best] >= _MIN_OVERLAP else -1


def _box(entry: Entry) -> tuple[float, float, float, float]:
    return entry.picture.persons[entry.person].box_px
