"""One person's pose on a small CPU: `PoseEstimator(weights)(frame)`.

Importing this package never imports torch.
"""

from movenet.errors import MovenetError
from movenet.estimator import Pose, PoseEstimator
from movenet.skeleton import COCO17, Skeleton

__version__ = "0.1.0"

__all__ = ["COCO17", "MovenetError", "Pose", "PoseEstimator", "Skeleton", "__version__"]
