"""Which persons are evaluated, in which square of the picture, and every figure of a network's answers about them.

Nothing here knows a network or a run-time: the answers come in as an array. `evaluate.py` and the training's
validation both end here. `docs/evaluation.md` states the protocols.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np

from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.errors import ConfigError, DataError
from movenet.geometry import Square, letterbox_square, person_square
from movenet.metrics.diagnosis import ErrorFigures, diagnose
from movenet.metrics.oks import GroundTruth, OksFigures, oks_ap_per_keypoint, oks_figures
from movenet.metrics.pck import article_limits_px, pck, torso_limits_px
from movenet.metrics.scores import ScoreFigures, figures_by_score
from movenet.skeleton import Skeleton

ProtocolName = Literal["cropped", "whole"]
PROTOCOLS: tuple[ProtocolName, ...] = get_args(ProtocolName)
# Longer side of a person's box. A crop of 1.25 times 154 px has the 192 that networks here are given: who is smaller is
# enlarged, and blurred by it.
SIZE_EDGES_PX = (80, 160, 240)


@dataclass(frozen=True)
class EvaluationPerson:
    """One person to find.

    Attributes:
        picture: where it is.
        person: its labels.
        square: the part of the picture that is the network's input, as the protocol defines it.
            `geometry.extract_square` snaps it to pixel borders: map answers back with the square that it returns.
    """

    picture: PictureRecord
    person: PersonRecord
    square: Square


@dataclass(frozen=True)
class KeypointMetrics:
    """One keypoint's figures in percent, None where nothing could be counted.

    Attributes:
        labelled: how many of the persons have it labelled.
        pck_5px: as in `Metrics`.
        pck_torso: as in `Metrics`.
        oks_ap: OKS average precision with this keypoint alone labelled.
    """

    labelled: int
    pck_5px: float | None
    pck_torso: float | None
    oks_ap: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the keys of the evaluation's json."""
        return {
            "labelled": self.labelled,
            "pck_5px": self.pck_5px,
            "pck_torso_0.2": self.pck_torso,
            "oks_ap": self.oks_ap,
        }


@dataclass(frozen=True)
class SizeMetrics:
    """The figures over the persons of one size, in percent, None where nothing could be counted; as in `Metrics`."""

    persons: int
    pck_5px: float | None
    pck_torso: float | None
    oks_ap: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the keys of the evaluation's json."""
        return {
            "persons": self.persons,
            "pck_5px": self.pck_5px,
            "pck_torso_0.2": self.pck_torso,
            "oks_ap": self.oks_ap,
        }


@dataclass(frozen=True)
class Metrics:
    """All figures of one evaluation, in percent, None where nothing could be counted.

    Attributes:
        persons: how many were evaluated.
        pck_5px: labelled points found within 5 pixels of a 192 pixel input.
        pck_torso: labelled points found within 0.2 of the torso's diagonal; None if the skeleton has no torso.
        oks: COCO's keypoint figures.
        per_keypoint: by keypoint name, in channel order.
        by_size: by the range that the longer side of a person's box lies in, as far as there are such persons.
        by_score: by the range that a point's score lies in.
        errors: by kind (`movenet.metrics.diagnosis.ERRORS`).
    """

    persons: int
    pck_5px: float | None
    pck_torso: float | None
    oks: OksFigures
    per_keypoint: dict[str, KeypointMetrics]
    by_size: dict[str, SizeMetrics]
    by_score: dict[str, ScoreFigures]
    errors: dict[str, ErrorFigures]

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the keys of the evaluation's json."""
        return {
            "persons": self.persons,
            "pck_5px": self.pck_5px,
            "pck_torso_0.2": self.pck_torso,
            "oks_ap": self.oks.ap,
            "oks_ap50": self.oks.ap50,
            "oks_ap75": self.oks.ap75,
            "oks_ar": self.oks.ar,
            "per_keypoint": {name: keypoint.to_dict() for name, keypoint in self.per_keypoint.items()},
            "by_size": {name: size.to_dict() for name, size in self.by_size.items()},
            "by_score": {name: score.to_dict() for name, score in self.by_score.items()},
            "errors": {name: error.to_dict() for name, error in self.errors.items()},
        }


def default_min_keypoints(skeleton: Skeleton) -> int:
    """Half of the skeleton's keypoints, rounded down, but at least one."""
    return max(1, skeleton.num_keypoints // 2)


def select_persons(
    pictures: Iterable[PictureRecord], protocol: ProtocolName, min_keypoints: int, single_person: bool = False
) -> list[EvaluationPerson]:
    """The persons to evaluate, picture by picture, each with the network's input square.

    Args:
        pictures: annotated pictures.
        protocol: `cropped`: every person, in a square of 1.25 times the longer side of its box, around it. `whole`:
            the letterboxed picture, and in it the one person that the decode rule should find: of the persons with
            enough labelled points, the one whose center is nearest to the picture's middle.
        min_keypoints: persons with fewer labelled points are not evaluated; at least 1.
        single_person: leave out pictures where more than one person has `min_keypoints` labelled points.

    Raises:
        ConfigError: if the protocol is unknown or `min_keypoints` is below 1.
        DataError: if no person is left.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"unknown protocol '{protocol}'; there are: {', '.join(PROTOCOLS)}")
    if min_keypoints < 1:
        raise ConfigError(f"a person to evaluate needs at least 1 labelled keypoint, not {min_keypoints}")
    selected: list[EvaluationPerson] = []
    for picture in pictures:
        candidates = [person for person in picture.persons if person.num_labelled >= min_keypoints]
        if not candidates or (single_person and len(candidates) > 1):
            continue
        selected += _cropped(picture, candidates) if protocol == "cropped" else [_whole(picture, candidates)]
    if not selected:
        alone = " alone in its picture" if single_person else ""
        raise DataError(f"no person{alone} has {min_keypoints} or more labelled keypoints: nothing to evaluate")
    return selected


def compute_metrics(persons: Sequence[EvaluationPerson], predictions: np.ndarray, skeleton: Skeleton) -> Metrics:
    """Every figure of a network's answers.

    Unlabelled points count in no figure: their predicted places are never looked at. (Their scores are part of the
    mean that ranks a person for the OKS figures: no network knows what was labelled.) A predicted place that is not
    finite is a miss, a score that is not finite is 0.

    Args:
        persons: P persons with at least one labelled point each.
        predictions: float [P, K, 3], for each person x and y in pixels of its picture, and a score of 0..1.
        skeleton: what the K points are.

    Raises:
        DataError: if the array does not have that shape, or a person not K points.
        MovenetError: if pycocotools is not installed.
    """
    _check_shapes(persons, predictions, skeleton)
    predictions = _without_nan(predictions)
    truth = _ground_truth(persons, skeleton)
    sides_px = np.array([person.square.side_px for person in persons], np.float64)
    places = predictions[..., :2], truth.points_px, truth.labelled
    by_input = pck(*places, article_limits_px(sides_px))
    by_torso = pck(*places, torso_limits_px(truth.points_px, truth.labelled, skeleton))
    oks_aps = oks_ap_per_keypoint(predictions, truth, skeleton)
    num_labelled = truth.labelled.sum(axis=0).tolist()
    rows = map(KeypointMetrics, num_labelled, by_input.per_keypoint, by_torso.per_keypoint, oks_aps)
    return Metrics(
        persons=len(persons),
        pck_5px=by_input.overall,
        pck_torso=by_torso.overall,
        oks=oks_figures(predictions, truth, skeleton),
        per_keypoint=dict(zip(skeleton.names, rows, strict=True)),
        by_size=_by_size(persons, predictions, truth, skeleton),
        by_score=figures_by_score(predictions, truth, skeleton),
        errors=diagnose(predictions, truth, skeleton),
    )


def _by_size(
    persons: Sequence[EvaluationPerson], predictions: np.ndarray, truth: GroundTruth, skeleton: Skeleton
) -> dict[str, SizeMetrics]:
    sizes_px = np.array([max(person.person.box_px[2:]) for person in persons])
    sides_px = np.array([person.square.side_px for person in persons], np.float64)
    found = {}
    for low, high in pairwise((0, *SIZE_EDGES_PX, np.inf)):
        chosen = (sizes_px >= low) & (sizes_px < high)
        if not chosen.any():
            continue
        theirs, answers = truth.subset(chosen), predictions[chosen]
        places = answers[..., :2], theirs.points_px, theirs.labelled
        name = f"{low} px and more" if high == np.inf else f"{low} to {high} px"
        found[name] = SizeMetrics(
            persons=int(chosen.sum()),
            pck_5px=pck(*places, article_limits_px(sides_px[chosen])).overall,
            pck_torso=pck(*places, torso_limits_px(theirs.points_px, theirs.labelled, skeleton)).overall,
            oks_ap=oks_figures(answers, theirs, skeleton).ap,
        )
    return found


def _cropped(picture: PictureRecord, candidates: list[PersonRecord]) -> list[EvaluationPerson]:
    return [EvaluationPerson(picture, person, person_square(person.box_px)) for person in candidates]


def _whole(picture: PictureRecord, candidates: list[PersonRecord]) -> EvaluationPerson:
    """The person whom the decode rule's weight prefers where a network is equally sure of all persons' centers."""
    square = letterbox_square(picture.width_px, picture.height_px)
    middle = square.center_x_px, square.center_y_px
    nearest = min(candidates, key=lambda person: float(np.linalg.norm(_center_px(person) - middle)))
    return EvaluationPerson(picture, nearest, square)


def _center_px(person: PersonRecord) -> np.ndarray:
    """[2]: the middle of the box around the labelled points, which is what the center map is trained to show."""
    points_px = person.points_px[person.visibility > Visibility.UNLABELLED]
    return (points_px.min(axis=0) + points_px.max(axis=0)) / 2


def _check_shapes(persons: Sequence[EvaluationPerson], predictions: np.ndarray, skeleton: Skeleton) -> None:
    expected = (len(persons), skeleton.num_keypoints, 3)
    if predictions.shape != expected:
        raise DataError(
            f"expected predictions of shape {expected} (persons, keypoints, x y score), found {predictions.shape}"
        )
    for person in persons:
        if len(person.person.points_px) != skeleton.num_keypoints:
            raise DataError(
                f"annotation {person.person.annotation_id} has {len(person.person.points_px)} points, the skeleton "
                f"{skeleton.num_keypoints}"
            )


def _without_nan(predictions: np.ndarray) -> np.ndarray:
    """float64 copy whose places that are not finite are infinitely far, and whose such scores are 0."""
    result = predictions.astype(np.float64)
    places, scores = result[..., :2], result[..., 2]
    places[~np.isfinite(places)] = np.inf
    scores[~np.isfinite(scores)] = 0.0
    return result


def _ground_truth(persons: Sequence[EvaluationPerson], skeleton: Skeleton) -> GroundTruth:
    # Pictures of several annotation files may share an id, but not the path as well.
    pictures = [(person.picture.image_id, person.picture.path) for person in persons]
    numbers = {picture: number for number, picture in enumerate(dict.fromkeys(pictures))}
    points_px = np.array([person.person.points_px for person in persons], np.float64)
    labelled = np.array([person.person.visibility > Visibility.UNLABELLED for person in persons], bool)
    return GroundTruth(
        image_ids=np.array([numbers[picture] for picture in pictures], np.int64),
        points_px=points_px.reshape(-1, skeleton.num_keypoints, 2),
        labelled=labelled.reshape(-1, skeleton.num_keypoints),
        areas_px=np.array([person.person.area_px for person in persons], np.float64),
    )
