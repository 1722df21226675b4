"""Augmentation that is off by default: what it does to picture and labels, and that "off" changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from movenet.data.appearance import draw_patches, paint_patches
from movenet.data.augment import AugmentationConfig, body_halves, draw_crop_move
from movenet.data.coco import read_coco
from movenet.data.dataset import CropDataset, Sample
from movenet.data.labels import LabelRules
from movenet.data.poses import PoseBalance
from movenet.data.sets import Entry, pose_balanced
from movenet.errors import ConfigError
from movenet.geometry import Square, apply_matrix, square_matrix
from movenet.skeleton import COCO17, Skeleton
from tests.data.marks import DISC_PX, PAIR, SIDE_PX, centroid_px, marked_picture
from tests.data.small_sets import coco_annotation, coco_content, write_set

SIZE = 96
PLAIN = {"colour_probability": 0.0, "degrade_probability": 0.0}


def sample_of(dataset: CropDataset, epoch: int = 0, index: int = 0) -> Sample:
    sample = dataset[(epoch, index)]
    assert sample is not None
    return sample


def crops(folder: Path, seed: int = 7, **augmentation: Any) -> CropDataset:
    annotations, images = write_set(folder, coco_content())
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(annotations, images, COCO17)]
    return CropDataset(entries, COCO17, SIZE, 3, AugmentationConfig(**augmentation), seed)


@pytest.fixture(scope="module")
def marks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marks")


@settings(max_examples=40)
@given(data=st.data())
def test_points_stay_on_their_marks_whatever_is_drawn(data: st.DataObject, marks_folder: Path) -> None:
    """Every geometric setting, for the crop's own person and a neighbour, where a picture's content says it."""
    place = st.floats(40, SIDE_PX - 40)
    left = np.array([data.draw(place), data.draw(place)])
    angle, distance = data.draw(st.floats(0, 6.3)), data.draw(st.floats(45, 90))
    right = np.clip(left + distance * np.array([np.cos(angle), np.sin(angle)]), 20, SIDE_PX - 20)
    config = AugmentationConfig(
        scale_min=data.draw(st.floats(1.2, 1.8)),
        scale_max=2.0,
        rotation_degrees=data.draw(st.floats(0, 60)),
        any_rotation_probability=data.draw(st.sampled_from([0.0, 1.0])),
        mirror_probability=data.draw(st.sampled_from([0.0, 1.0])),
        **PLAIN,
    )
    picture = marked_picture(marks_folder, np.array([left, right]))
    marked_row = int(data.draw(st.booleans()))
    if marked_row == 1:  # the crop is made for somebody without marks, who stands before the marked one
        own = replace(picture.persons[0], annotation_id=2, points_px=picture.persons[0].points_px[::-1].copy())
        picture = replace(picture, persons=(own, *picture.persons))
    dataset = CropDataset([Entry(picture, 0, LabelRules())], PAIR, SIZE, 2, config, seed=data.draw(st.integers(0, 99)))
    sample = sample_of(dataset)
    # RGB; in a mirrored picture what was the left point, the blue one, is the right one.
    channels = (2, 0) if config.mirror_probability == 0 else (0, 2)
    scale = SIZE / max(picture.persons[0].box_px[2:])
    for keypoint, channel in enumerate(channels):
        expected = sample.points_unit[marked_row, keypoint].numpy() * SIZE
        if expected.min() > DISC_PX * scale and expected.max() < SIZE - DISC_PX * scale:  # the disc is wholly inside
            found = centroid_px(sample.image[channel].numpy())
            assert np.linalg.norm(found - expected) < 0.6


@given(st.integers(0, 2**32 - 1), st.floats(1.0, 2.0), st.floats(1.0, 3.0))
def test_with_surroundings_the_person_is_small_and_wholly_inside(seed: int, scale_max: float, growth: float) -> None:
    config = AugmentationConfig(
        scale_max=scale_max,
        surroundings_probability=1.0,
        surroundings_scale_max=scale_max * growth,
        shift_share=0.0,
        rotation_degrees=0.0,
        any_rotation_probability=0.0,
    )
    move = draw_crop_move(Square(300, 200, 80), SIZE, config, np.random.default_rng(seed))
    corners = apply_matrix(move.matrix, np.array([[260.0, 160.0], [340.0, 240.0]]))
    assert corners.min() > -1e-6
    assert corners.max() < SIZE + 1e-6
    scale = SIZE / np.ptp(corners[:, 1])
    assert scale_max * (1 - 1e-9) <= scale <= scale_max * growth * (1 + 1e-9)


def test_surroundings_are_drawn_as_often_as_asked_and_reach_every_side() -> None:
    config = AugmentationConfig(scale_max=1.5, surroundings_probability=0.25, mirror_probability=0.0)
    rng = np.random.default_rng(0)
    moves = [draw_crop_move(Square(300, 200, 80), SIZE, config, rng) for _ in range(2000)]
    scales = SIZE / 80 / np.array([np.hypot(*move.matrix[0, :2]) for move in moves])
    wide = scales > 1.5
    assert abs(wide.mean() - 0.25) < 0.03
    middles = np.array([apply_matrix(move.matrix, np.array([300.0, 200.0])) for move in moves])
    spread = np.abs(middles - SIZE / 2).max(axis=0) / SIZE
    assert (spread > 0.25).all()
    assert np.abs(middles[~wide] - SIZE / 2).max() / SIZE < 0.15


@settings(max_examples=20)
@given(data=st.data())
def test_the_mirrored_crop_of_a_mirrored_picture_is_the_plain_crop(data: st.DataObject, marks_folder: Path) -> None:
    """Flip twice, on the pixels and on the points: once the picture with its labels, once by the augmentation."""
    points = np.array([[data.draw(st.floats(50, SIDE_PX - 50)) for _ in range(2)] for _ in range(2)])
    assume(np.abs(points[0] - points[1]).max() > 40)
    plain = marked_picture(marks_folder, points)
    mirrored_path = marks_folder / "mirrored.png"
    cv2.imwrite(str(mirrored_path), cv2.imread(str(plain.path))[:, ::-1])
    (person,) = plain.persons
    x, y, width, height = person.box_px
    of_mirror = replace(
        person,
        box_px=(SIDE_PX - x - width, y, width, height),
        points_px=(person.points_px * (-1, 1) + (SIDE_PX, 0)).astype(np.float32)[PAIR.mirror_permutation],
    )
    mirrored = replace(plain, path=mirrored_path, persons=(of_mirror,))
    still = {"shift_share": 0.0, "rotation_degrees": 0.0, "any_rotation_probability": 0.0, **PLAIN}
    # At 1.0 the points lie on the very edge, of which one side is inside.
    scale = data.draw(st.floats(1.1, 2.5))
    first, second = (
        sample_of(
            CropDataset(
                [Entry(picture, 0, LabelRules())],
                PAIR,
                SIZE,
                1,
                AugmentationConfig(scale_min=scale, scale_max=scale, mirror_probability=probability, **still),
                seed=0,
            )
        )
        for picture, probability in ((plain, 0.0), (mirrored, 1.0))
    )
    np.testing.assert_allclose(second.points_unit, first.points_unit, atol=1e-5)
    assert torch.equal(second.labelled, first.labelled)
    # The resampling rounds places to 1/32 pixel; the marks are black and white.
    assert np.abs(second.image.numpy().astype(int) - first.image.numpy()).max() <= 24


@given(
    st.floats(-90, 90),
    st.floats(10, 300),
    st.floats(-500, 500),
    st.floats(-500, 500),
    st.floats(-1e3, 1e3),
    st.floats(-1e3, 1e3),
)
def test_flip_twice_is_identity(
    rotation: float, side: float, center_x: float, center_y: float, x: float, y: float
) -> None:
    """Mirroring the mirrored input about its middle gives the unmirrored one; names change places twice."""
    square = Square(center_x, center_y, side)
    point = np.array([[x, y]])
    plain = apply_matrix(square_matrix(square, SIZE, rotation), point)
    once = apply_matrix(square_matrix(square, SIZE, rotation, mirror=True), point)
    again = once * (-1, 1) + (SIZE, 0)
    np.testing.assert_allclose(again, plain, atol=1e-6 * (1 + np.abs(plain).max()))
    permutation = COCO17.mirror_permutation
    np.testing.assert_array_equal(permutation[permutation], np.arange(COCO17.num_keypoints))


@pytest.mark.parametrize("on", [{"drop_probability": 1.0}, {"jpeg_probability": 1.0}, {"blur_probability": 1.0}])
def test_what_changes_the_picture_leaves_the_labels_alone(on: dict[str, float], tmp_path: Path) -> None:
    before, after = (sample_of(crops(tmp_path / name, **PLAIN, **extra)) for name, extra in (("a", {}), ("b", on)))
    assert not torch.equal(before.image, after.image)
    assert all(torch.equal(old, new) for old, new in zip(before[1:], after[1:], strict=True))


def test_settings_of_what_is_off_change_nothing(tmp_path: Path) -> None:
    """No random number is drawn for what is off: recipes written before these existed give the same samples."""
    plain = sample_of(crops(tmp_path / "a"), epoch=2, index=1)
    other = sample_of(crops(tmp_path / "b", jpeg_quality_min=1, drop_max_patches=9), epoch=2, index=1)
    assert all(torch.equal(old, new) for old, new in zip(plain, other, strict=True))


def test_drops_are_on_and_around_the_joints() -> None:
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    joints = np.array([[20.0, 30.0], [70.0, 60.0]])
    config = AugmentationConfig(drop_max_patches=2, drop_size_share=0.2)
    hit = 0
    for seed in range(50):
        patches = draw_patches(joints, SIZE, SIZE, config, np.random.default_rng(seed))
        changed = (paint_patches(image, patches) != image).any(axis=2)
        ys, xs = np.nonzero(changed)
        places = np.column_stack([xs, ys]) + 0.5
        far = np.abs(places[:, None] - joints).max(axis=2).min(axis=1)
        assert far.max() <= 0.2 * SIZE + 1
        hit += changed[30, 20] or changed[60, 70]
    assert 10 < hit < 50  # not always on the joint itself: sometimes beside it
    assert not draw_patches(joints[:0], SIZE, SIZE, config, np.random.default_rng(0))


def test_halves_of_the_body() -> None:
    halves = body_halves(COCO17)
    lower = {COCO17.names[k] for k in np.flatnonzero(halves.lower)}
    assert lower == {f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle")}
    assert (halves.upper ^ halves.lower).all()


def test_half_body_crops_show_one_half(tmp_path: Path) -> None:
    """A tall person: legs fill the lower half of the picture. Crops of one half leave most of the other out."""
    halves = body_halves(COCO17)
    rng = np.random.default_rng(0)
    points = rng.uniform([40, 10], [80, 45], (COCO17.num_keypoints, 2))
    points[halves.lower, 1] += 45
    content = coco_content(num_pictures=1)
    content["annotations"] = [coco_annotation(1, 0, points, np.full(COCO17.num_keypoints, 2))]
    annotations, images = write_set(tmp_path, content)
    entries = [Entry(read_coco(annotations, images, COCO17)[0], 0, LabelRules())]
    still = {"scale_min": 1.0, "scale_max": 1.0, "shift_share": 0.0, "rotation_degrees": 0.0}
    config = AugmentationConfig(half_body_probability=1.0, any_rotation_probability=0, mirror_probability=0, **still)
    seen = [CropDataset(entries, COCO17, SIZE, 1, config, 0).labels((e, 0)).labelled[0].numpy() for e in range(20)]
    upper, lower = ([labelled[half].mean() for labelled in seen] for half in halves)
    assert all(max(u, low) == 1.0 and min(u, low) < 0.5 for u, low in zip(upper, lower, strict=True))
    assert 0 < sum(u == 1.0 for u in upper) < len(seen)


def test_half_bodies_need_a_torso(tmp_path: Path) -> None:
    torsoless = Skeleton(COCO17.names, COCO17.mirror_pairs, COCO17.edges, COCO17.sigmas)
    with pytest.raises(ConfigError, match="torso"):
        CropDataset([], torsoless, SIZE, 1, AugmentationConfig(half_body_probability=0.5), 0)


@pytest.mark.parametrize(
    "values",
    [
        {"drop_probability": 2.0},
        {"half_body_probability": -0.1},
        {"jpeg_quality_min": 0},
        {"jpeg_quality_min": 95},
        {"drop_max_patches": 0},
        {"drop_size_share": 0.0},
    ],
)
def test_impossible_settings_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="augmentation"):
        AugmentationConfig(**values)


def test_rare_poses_are_drawn_more_often_and_sets_keep_their_shares(tmp_path: Path) -> None:
    """Ten persons of one pose and two of another in a set of weight 1; ten of the first in a set of weight 3."""
    rng = np.random.default_rng(0)
    common, rare = rng.uniform([20, 10], [100, 90], (2, COCO17.num_keypoints, 2))
    content = coco_content(num_pictures=22)
    for number, annotation in enumerate(content["annotations"]):
        points = rare if number in (3, 7) else common
        annotation |= coco_annotation(
            number, number, points + rng.normal(0, 0.3, points.shape), np.full(len(points), 2)
        )
    annotations, images = write_set(tmp_path, content)
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(annotations, images, COCO17)]
    weights = np.array([1.0] * 12 + [3.0] * 10)
    balanced = pose_balanced(entries, weights, PoseBalance(clusters=2, strength=1.0), seed=0)
    np.testing.assert_allclose(balanced[:12].sum(), 12)
    np.testing.assert_allclose(balanced[12:].sum(), 30)
    assert balanced[3] == pytest.approx(balanced[0] * 20 / 2)
    np.testing.assert_array_equal(pose_balanced(entries, weights, PoseBalance(), seed=0), weights)


@pytest.mark.parametrize("values", [{"clusters": -1}, {"strength": 1.5}])
def test_impossible_balance_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="pose_balance"):
        PoseBalance(**values)
