"""A keypoint set that is not COCO's."""

from movenet.skeleton import Skeleton

HORSE = Skeleton(
    names=("muzzle", "withers", "croup", "left_hoof", "right_hoof"),
    mirror_pairs=(("left_hoof", "right_hoof"),),
    edges=(("muzzle", "withers"), ("withers", "croup")),
    sigmas=(0.03, 0.1, 0.1, 0.05, 0.05),
)
