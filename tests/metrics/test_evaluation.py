"""Who is evaluated, and what the figures of all metrics together obey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.data.records import PersonRecord
from movenet.errors import ConfigError, DataError
from movenet.geometry import Square
from movenet.metrics import EvaluationPerson, Metrics, compute_metrics, default_min_keypoints, select_persons
from movenet.skeleton import COCO17, Skeleton

from .persons import in_square, person_of, picture_of, random_points_px, with_scores
from .skeletons import HORSE

NUM_PERSONS = 4


def persons_alone(skeleton: Skeleton, unlabelled: tuple[int, ...] = ()) -> list[EvaluationPerson]:
    """Four persons, each alone in its picture and in a square of 192 pixels."""
    people = [person_of(random_points_px(skeleton, seed), unlabelled) for seed in range(NUM_PERSONS)]
    return [in_square(person, image_id=image_id) for image_id, person in enumerate(people)]


def perfect(persons: list[EvaluationPerson]) -> np.ndarray:
    return with_scores(np.array([person.person.points_px for person in persons]))


def moved_right(predictions: np.ndarray, distance_px: float) -> np.ndarray:
    return predictions + np.array([distance_px, 0.0, 0.0])


def scaled(person: EvaluationPerson, factor: float) -> EvaluationPerson:
    """The same person in a picture that was enlarged."""
    record, square = person.person, person.square
    enlarged = replace(record, points_px=factor * record.points_px, area_px=factor**2 * record.area_px)
    enlarged_square = Square(*(factor * value for value in (square.center_x_px, square.center_y_px, square.side_px)))
    return EvaluationPerson(person.picture, enlarged, enlarged_square)


def figures(metrics: Metrics) -> dict[str, float | None]:
    """All figures of the json, flat."""
    values = metrics.to_dict()
    rows = values.pop("per_keypoint") | values.pop("by_size") | values.pop("by_score") | values.pop("errors")
    return values | {f"{name} {key}": value for name, row in rows.items() for key, value in row.items()}


def partly_labelled(count: int, center_px: tuple[float, float] = (160.0, 120.0)) -> PersonRecord:
    """A person near a place, of whom the first `count` keypoints are labelled."""
    points_px = random_points_px(COCO17) - 70 + np.array(center_px, np.float32)
    return person_of(points_px, tuple(range(count, COCO17.num_keypoints)))


@pytest.mark.parametrize("skeleton", [COCO17, HORSE], ids=["coco", "horse"])
def test_the_truth_as_prediction_gives_100(skeleton: Skeleton) -> None:
    persons = persons_alone(skeleton)
    metrics = compute_metrics(persons, perfect(persons), skeleton)
    assert metrics.persons == NUM_PERSONS
    assert (metrics.pck_5px, metrics.oks.ap, metrics.oks.ar) == (100.0, pytest.approx(100.0), pytest.approx(100.0))
    assert {name: row.labelled for name, row in metrics.per_keypoint.items()} == dict.fromkeys(
        skeleton.names, NUM_PERSONS
    )


def test_a_skeleton_without_torso_has_no_torso_figure() -> None:
    persons = persons_alone(HORSE)
    metrics = compute_metrics(persons, perfect(persons), HORSE)
    assert metrics.pck_torso is None
    assert all(row.pck_torso is None for row in metrics.per_keypoint.values())
    assert metrics.to_dict()["pck_torso_0.2"] is None


@pytest.mark.parametrize(("shift_px", "pck_5px"), [(4.5, 100.0), (5.0, 0.0), (5.5, 0.0)])
def test_a_known_shift_hits_or_misses_the_five_pixels(shift_px: float, pck_5px: float) -> None:
    persons = persons_alone(COCO17)
    assert compute_metrics(persons, moved_right(perfect(persons), shift_px), COCO17).pck_5px == pck_5px


@pytest.mark.parametrize(("shift_px", "pck_5px"), [(9.5, 100.0), (10.5, 0.0)])
def test_the_five_pixels_are_of_the_input_not_of_the_picture(shift_px: float, pck_5px: float) -> None:
    persons = [in_square(person_of(random_points_px(COCO17)), side_px=384)]
    assert compute_metrics(persons, moved_right(perfect(persons), shift_px), COCO17).pck_5px == pck_5px


def test_a_known_shift_hits_the_torso_limits_of_the_persons_that_are_large_enough() -> None:
    points_px = random_points_px(COCO17)
    points_px[COCO17.index("left_shoulder")], points_px[COCO17.index("right_hip")] = (50, 50), (80, 90)
    persons = [in_square(person_of(points_px)), scaled(in_square(person_of(points_px)), 2.0)]
    # Torso diagonals of 50 and 100 pixels: limits of 10 and 20.
    assert compute_metrics(persons, moved_right(perfect(persons), 15), COCO17).pck_torso == 50.0


@given(factor=st.floats(0.1, 20), seed=st.integers(0, 2**32 - 1), error_px=st.floats(0.5, 30))
def test_enlarging_picture_points_and_area_changes_nothing(factor: float, seed: int, error_px: float) -> None:
    persons = persons_alone(COCO17)
    predictions = perfect(persons).astype(np.float64)
    predictions[..., :2] += np.random.default_rng(seed).normal(0, error_px, predictions[..., :2].shape)
    enlarged = predictions * np.array([factor, factor, 1])
    expected = figures(compute_metrics(persons, predictions, COCO17))
    result = figures(compute_metrics([scaled(person, factor) for person in persons], enlarged, COCO17))
    assert result == pytest.approx(expected)


@settings(max_examples=30)
@given(sizes_px=st.lists(st.floats(1, 500), min_size=NUM_PERSONS, max_size=NUM_PERSONS), error_px=st.floats(0.5, 30))
def test_the_figures_of_a_size_are_those_of_its_persons_alone(sizes_px: list[float], error_px: float) -> None:
    persons = [
        replace(one, person=replace(one.person, box_px=(20.0, 20.0, size_px / 2, size_px)))
        for one, size_px in zip(persons_alone(COCO17), sizes_px, strict=True)
    ]
    predictions = perfect(persons).astype(np.float64)
    predictions[..., :2] += np.random.default_rng(0).normal(0, error_px, predictions[..., :2].shape)
    found = compute_metrics(persons, predictions, COCO17).by_size
    ranges = {
        "0 to 80 px": (0, 80),
        "80 to 160 px": (80, 160),
        "160 to 240 px": (160, 240),
        "240 px and more": (240, 999),
    }
    members = {
        name: [number for number, size_px in enumerate(sizes_px) if low <= size_px < high]
        for name, (low, high) in ranges.items()
    }
    assert {name: size.persons for name, size in found.items()} == {n: len(them) for n, them in members.items() if them}
    for name, size in found.items():
        alone = compute_metrics([persons[n] for n in members[name]], predictions[members[name]], COCO17)
        assert (size.pck_5px, size.pck_torso, size.oks_ap) == (alone.pck_5px, alone.pck_torso, alone.oks.ap)


@given(seed=st.integers(0, 2**32 - 1))
def test_where_unlabelled_points_are_said_to_be_never_matters(seed: int) -> None:
    unlabelled = tuple(range(1, COCO17.num_keypoints, 2))
    persons = persons_alone(COCO17, unlabelled)
    predictions = moved_right(perfect(persons), 3)
    moved = predictions.copy()
    shape = moved[:, unlabelled, :2].shape
    moved[:, unlabelled, :2] = np.random.default_rng(seed).uniform(-1e6, 1e6, shape)
    assert compute_metrics(persons, moved, COCO17) == compute_metrics(persons, predictions, COCO17)


def test_one_bad_keypoint_shows_in_its_own_row() -> None:
    persons = persons_alone(COCO17)
    predictions = perfect(persons)
    predictions[:, COCO17.index("left_knee"), 0] += 300
    rows = compute_metrics(persons, predictions, COCO17).per_keypoint
    bad = rows.pop("left_knee")
    assert (bad.pck_5px, bad.pck_torso, bad.oks_ap) == (0.0, 0.0, 0.0)
    assert all((row.pck_5px, row.pck_torso, row.oks_ap) == (100, 100, pytest.approx(100)) for row in rows.values())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_places_and_scores_that_are_not_finite_are_misses(value: float) -> None:
    persons = persons_alone(COCO17)
    metrics = compute_metrics(persons, np.full((NUM_PERSONS, COCO17.num_keypoints, 3), value, np.float32), COCO17)
    assert (metrics.pck_5px, metrics.pck_torso, metrics.oks.ap, metrics.oks.ar) == (0.0, 0.0, 0.0, 0.0)


def test_pictures_of_two_files_with_the_same_id_are_two_pictures() -> None:
    here, there = persons_alone(COCO17)[:2]
    there = replace(there, picture=replace(there.picture, image_id=here.picture.image_id))
    swapped = perfect([here, there])[::-1]
    assert compute_metrics([here, there], swapped, COCO17).oks.ap == pytest.approx(0.0)


def test_predictions_of_another_shape_are_refused() -> None:
    persons = persons_alone(COCO17)
    with pytest.raises(DataError, match=r"expected predictions of shape \(4, 17, 3\).*found \(4, 17, 2\)"):
        compute_metrics(persons, perfect(persons)[..., :2], COCO17)


def test_persons_of_another_skeleton_are_refused() -> None:
    persons = persons_alone(COCO17)
    with pytest.raises(DataError, match="has 17 points, the skeleton 5"):
        compute_metrics(persons, np.zeros((NUM_PERSONS, HORSE.num_keypoints, 3)), HORSE)


def test_half_of_the_keypoints_must_be_labelled_by_default() -> None:
    one_point = Skeleton(names=("tip",), mirror_pairs=(), edges=(), sigmas=(0.05,))
    assert [default_min_keypoints(skeleton) for skeleton in (COCO17, HORSE, one_point)] == [8, 2, 1]


def test_persons_with_too_few_labelled_points_are_left_out() -> None:
    picture = picture_of(*(partly_labelled(count) for count in (7, 8, 17)))
    selected = select_persons([picture], "cropped", 8)
    assert [person.person.num_labelled for person in selected] == [8, 17]


def test_single_person_counts_persons_with_enough_points_only() -> None:
    alone = picture_of(partly_labelled(8), partly_labelled(7), image_id=1)
    together = picture_of(partly_labelled(8), partly_labelled(17), image_id=2)
    selected = select_persons([alone, together, picture_of(image_id=3)], "cropped", 8, single_person=True)
    assert [(person.picture.image_id, person.person.num_labelled) for person in selected] == [(1, 8)]


def test_the_crop_is_one_and_a_quarter_times_the_longer_side_around_the_box() -> None:
    person = person_of(random_points_px(COCO17), box_px=(10.0, 20.0, 40.0, 80.0))
    (selected,) = select_persons([picture_of(person)], "cropped", 8)
    assert selected.square == Square(30.0, 60.0, 100.0)


def test_whole_takes_the_person_nearest_to_the_middle_in_the_letterboxed_picture() -> None:
    left, middle, right = (partly_labelled(17, (x, 120.0)) for x in (60.0, 180.0, 290.0))
    (selected,) = select_persons([picture_of(left, middle, right)], "whole", 8)
    assert selected.person is middle
    assert selected.square == Square(160.0, 120.0, 320.0)


def test_a_persons_middle_is_that_of_its_labelled_points() -> None:
    near = partly_labelled(8, (170.0, 120.0))
    near.points_px[8:] = 10_000
    far = partly_labelled(17, (260.0, 120.0))
    (selected,) = select_persons([picture_of(far, near)], "whole", 8)
    assert selected.person is near


def test_nobody_to_evaluate_is_an_error() -> None:
    picture = picture_of(partly_labelled(3))
    with pytest.raises(DataError, match="no person has 8 or more labelled keypoints"):
        select_persons([picture], "cropped", 8)


def test_an_unknown_protocol_is_an_error() -> None:
    with pytest.raises(ConfigError, match="unknown protocol 'croped'"):
        select_persons([picture_of(person_of(random_points_px(COCO17)))], "croped", 8)  # type: ignore[arg-type]


@pytest.mark.parametrize("min_keypoints", [0, -3])
def test_fewer_than_one_labelled_point_is_an_error(min_keypoints: int) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        select_persons([picture_of(person_of(random_points_px(COCO17)))], "cropped", min_keypoints)
