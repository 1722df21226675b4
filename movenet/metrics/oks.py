"""Average precision and recall by object keypoint similarity, computed by pycocotools.

OKS of a detection and a person is the mean over the person's labelled keypoints of
`exp(-distance^2 / (2 * area * (2 * sigma)^2))` (https://cocodataset.org/#keypoints-eval). The sigmas are the
skeleton's; area is the annotation's.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from movenet.data.records import Visibility
from movenet.errors import MovenetError
from movenet.skeleton import Skeleton

CATEGORY_ID = 1
# Similarity from which a point is at least meant for the right place (Ronchi and Perona, "Benchmarking and Error
# Diagnosis in Multi-Instance Pose Estimation", ICCV 2017, section 3.1).
NEAR_SIMILARITY = 0.5


@dataclass(frozen=True)
class GroundTruth:
    """What P persons should be found as.

    Attributes:
        image_ids: int64 [P]; persons with the same number are in the same picture.
        points_px: float64 [P, K, 2]; meaningless where unlabelled.
        labelled: bool [P, K].
        areas_px: float64 [P], in square pixels.
    """

    image_ids: np.ndarray
    points_px: np.ndarray
    labelled: np.ndarray
    areas_px: np.ndarray

    def only(self, keypoint: int) -> GroundTruth:
        """The same persons with one keypoint labelled at most."""
        labelled = np.zeros_like(self.labelled)
        labelled[:, keypoint] = self.labelled[:, keypoint]
        return GroundTruth(self.image_ids, self.points_px, labelled, self.areas_px)

    def subset(self, chosen: np.ndarray) -> GroundTruth:
        """The persons where `chosen`, bool [P], is true."""
        return GroundTruth(self.image_ids[chosen], self.points_px[chosen], self.labelled[chosen], self.areas_px[chosen])


@dataclass(frozen=True)
class OksFigures:
    """COCO's figures in percent, 0..100; None if no person has a labelled keypoint.

    Attributes:
        ap: average precision, mean over the OKS thresholds 0.50, 0.55, ..., 0.95.
        ap50: average precision at OKS 0.50.
        ap75: average precision at OKS 0.75.
        ar: recall, mean over the same ten thresholds.
    """

    ap: float | None
    ap50: float | None
    ap75: float | None
    ar: float | None


def oks_figures(predictions: np.ndarray, truth: GroundTruth, skeleton: Skeleton) -> OksFigures:
    """Every person gives one detection in its picture, whose score is the mean of its keypoints' scores.

    A person without a labelled keypoint is left out with its detection.

    Args:
        predictions: float64 [P, K, 3], x and y in pixels of the picture, and score. A place may be infinite (it is
            then as far as can be), never NaN: COCOeval takes a NaN for a match.
        truth: the P persons.
        skeleton: its sigmas are the falloffs.

    Raises:
        MovenetError: if pycocotools is not installed.
    """
    judged = np.count_nonzero(truth.labelled, axis=1) > 0
    if not judged.any():
        return OksFigures(None, None, None, None)
    evaluator = _run_cocoeval(predictions[judged], truth.subset(judged), skeleton)
    # Axes: OKS threshold, recall level, category, area range, detections an image; the last three have one entry.
    precision = evaluator.eval["precision"][:, :, 0, 0, 0]
    recall = evaluator.eval["recall"][:, 0, 0, 0]
    thresholds = evaluator.params.iouThrs
    return OksFigures(
        ap=100 * float(precision.mean()),
        ap50=100 * float(precision[np.isclose(thresholds, 0.50)].mean()),
        ap75=100 * float(precision[np.isclose(thresholds, 0.75)].mean()),
        ar=100 * float(recall.mean()),
    )


def keypoint_similarity(
    places_px: np.ndarray, truth: GroundTruth, points_px: np.ndarray, labelled: np.ndarray, skeleton: Skeleton
) -> np.ndarray:
    """float [P, K], 0..1: how near places are to points, as OKS counts it for `truth`'s persons; 0 if unlabelled."""
    squared = np.square(places_px - points_px).sum(axis=2)
    # COCO's 2 sigma; and as pycocotools, which keeps areas of 0 from dividing.
    areas_px = truth.areas_px[:, np.newaxis] + np.spacing(1)
    falloffs = 2 * areas_px * np.square(2 * np.array(skeleton.sigmas))
    return np.where(labelled, np.exp(-squared / falloffs), 0.0)


def oks_ap_per_keypoint(predictions: np.ndarray, truth: GroundTruth, skeleton: Skeleton) -> tuple[float | None, ...]:
    """AP with one keypoint labelled at a time, in channel order; arguments as those of `oks_figures`."""
    keypoints = range(skeleton.num_keypoints)
    return tuple(oks_figures(predictions, truth.only(keypoint), skeleton).ap for keypoint in keypoints)


def _run_cocoeval(predictions: np.ndarray, truth: GroundTruth, skeleton: Skeleton) -> Any:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MovenetError("the OKS figures need pycocotools: pip install 'movenet-edge[evaluate]'") from error
    images, persons_an_image = np.unique(truth.image_ids, return_counts=True)
    # pycocotools reports its progress by print, and has no switch for it.
    with redirect_stdout(io.StringIO()):
        labels, detections = COCO(), COCO()
        labels.dataset = _dataset(images, _label_annotations(truth))
        detections.dataset = _dataset(images, _detection_annotations(predictions, truth))
        labels.createIndex()
        detections.createIndex()
        evaluator = COCOeval(labels, detections, iouType="keypoints")
        evaluator.params.kpt_oks_sigmas = np.array(skeleton.sigmas)
        evaluator.params.areaRng = [[0, np.inf]]
        evaluator.params.areaRngLbl = ["all"]
        # COCO keeps an image's 20 best detections; a crowded picture has a detection for each of its persons.
        evaluator.params.maxDets = [max(*evaluator.params.maxDets, int(persons_an_image.max()))]
        evaluator.evaluate()
        evaluator.accumulate()
    return evaluator


def _dataset(images: np.ndarray, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "images": [{"id": int(image)} for image in images],
        "categories": [{"id": CATEGORY_ID}],
        # COCOeval takes the id 0 for "no match".
        "annotations": [{"id": number, **annotation} for number, annotation in enumerate(annotations, start=1)],
    }


def _label_annotations(truth: GroundTruth) -> list[dict[str, Any]]:
    visibility = np.where(truth.labelled, Visibility.VISIBLE, Visibility.UNLABELLED)
    keypoints = np.dstack([truth.points_px, visibility])
    return [
        {
            "image_id": int(image_id),
            "category_id": CATEGORY_ID,
            "iscrowd": 0,
            # COCOeval asks for a box, and uses it for persons without a labelled keypoint only.
            "bbox": [0, 0, 0, 0],
            "area": float(area_px),
            "num_keypoints": int(labelled.sum()),
            "keypoints": person.ravel(),
        }
        for image_id, area_px, labelled, person in zip(
            truth.image_ids, truth.areas_px, truth.labelled, keypoints, strict=True
        )
    ]


def _detection_annotations(predictions: np.ndarray, truth: GroundTruth) -> list[dict[str, Any]]:
    return [
        {
            "image_id": int(image_id),
            "category_id": CATEGORY_ID,
            # Of every area range: there is one range only.
            "area": 0.0,
            "score": float(person[:, 2].mean()),
            "keypoints": person.ravel(),
        }
        for image_id, person in zip(truth.image_ids, predictions, strict=True)
    ]
