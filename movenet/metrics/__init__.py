"""What a network's points are worth: PCK and COCO's OKS figures, over all keypoints and per keypoint."""

from movenet.metrics.evaluation import (
    PROTOCOLS,
    EvaluationPerson,
    KeypointMetrics,
    Metrics,
    ProtocolName,
    SizeMetrics,
    compute_metrics,
    default_min_keypoints,
    select_persons,
)

__all__ = [
    "PROTOCOLS",
    "EvaluationPerson",
    "KeypointMetrics",
    "Metrics",
    "ProtocolName",
    "SizeMetrics",
    "compute_metrics",
    "default_min_keypoints",
    "select_persons",
]
