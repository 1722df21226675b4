"""One person's pose on a small CPU: `PoseEstimator(weights)(frame)`.

Importing this package never imports torch.
"""

from movenet.errors import MovenetError
from movenet.estimator import Pose, PoseEstimator
from movenet.skeleton import COCO17, Skeleton
from movenet.tracking import PoseTracker

__version__ = "0.1.0"

__all__ = ["COCO17", "MovenetError", "Pose", "PoseEstimator", "PoseTracker", "Skeleton", "__version__"]
