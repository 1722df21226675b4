"""Pseudo-labels: which answers of a network are believed, and how they reach the samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from movenet.data.augment import AugmentationConfig
from movenet.data.boxes import overlap
from movenet.data.dataset import CropDataset, collate
from movenet.data.frames import frame_name, frame_time
from movenet.data.labels import LabelRules
from movenet.data.pseudo_labels import Answers, PseudoLabelConfig, PseudoLabels, accept, jumps, video_neighbours
from movenet.data.records import PersonRecord, PictureRecord
from movenet.data.sets import Entry, SetConfig, training_entries
from movenet.data.targets import TargetConfig, encode_targets
from movenet.errors import ConfigError, DataError
from movenet.geometry import apply_matrix
from movenet.losses import LossConfig, PoseLoss
from movenet.models import Heads
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set

SIZE = 96
RULES = PseudoLabelConfig(min_score=0.1)
PERSONS, KEYPOINTS = 12, 4
UNIT = st.floats(0.0, 1.0, width=32)


def answers(scores: np.ndarray, disagreement: np.ndarray) -> Answers:
    return Answers(np.zeros((*scores.shape, 2), np.float32), scores, disagreement)


# Which answers


def test_the_accepted_share_grows_evenly_from_the_first_epoch_to_the_last() -> None:
    rules = PseudoLabelConfig(first_epoch=2, start_share=0.2, end_share=0.8)
    shares = [rules.accepted_share(epoch, 5) for epoch in range(5)]
    assert shares == pytest.approx([0, 0, 0.2, 0.5, 0.8])
    assert PseudoLabelConfig().accepted_share(0, epochs=1) == PseudoLabelConfig().start_share


@given(
    scores=arrays.arrays(np.float32, (PERSONS, KEYPOINTS), elements=UNIT),
    disagreement=arrays.arrays(np.float32, (PERSONS, KEYPOINTS), elements=UNIT),
    share=UNIT,
)
def test_of_each_keypoint_the_most_trusted_share(scores: np.ndarray, disagreement: np.ndarray, share: float) -> None:
    steady = np.ones((PERSONS, KEYPOINTS), bool)
    accepted = accept(answers(scores, disagreement), share, steady, RULES)
    allowed = scores >= RULES.min_score
    assert not (accepted & ~allowed).any()
    number = round(share * PERSONS)
    assert (accepted.sum(axis=0) == np.minimum(number, allowed.sum(axis=0))).all()
    trust = np.where(allowed, scores * np.exp(-((disagreement / RULES.disagreement_unit) ** 2)), np.nan)
    for values, taken in zip(trust.T, accepted.T, strict=True):
        if (taken & ~np.isnan(values)).any() and (~taken & ~np.isnan(values)).any():
            assert np.nanmin(values[taken]) >= np.nanmax(values[~taken]) - 1e-6


def test_a_keypoint_that_the_network_is_less_sure_of_gets_its_share() -> None:
    scores = np.linspace(0.5, 1.0, PERSONS)[:, None] * np.array([1.0, 0.4])  # noses, wrists
    accepted = accept(answers(scores, np.zeros_like(scores)), 0.5, np.ones(scores.shape, bool), RULES)
    assert accepted.sum(axis=0).tolist() == [PERSONS // 2, PERSONS // 2]
    assert (accepted[:, 0] == accepted[:, 1]).all()


def test_what_time_forbids_is_not_accepted() -> None:
    scores, steady = np.ones((3, 1)), np.array([[True], [False], [True]])
    assert accept(answers(scores, 0 * scores), 1.0, steady, RULES)[:, 0].tolist() == [True, False, True]


@pytest.mark.parametrize(
    "values",
    [{"start_share": 0.9}, {"end_share": 1.1}, {"min_score": -1}, {"disagreement_unit": 0}, {"first_epoch": -1}],
)
def test_impossible_rules_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="pseudo_labels"):
        PseudoLabelConfig(**values)  # type: ignore[arg-type]


# Time

PLACE = arrays.arrays(np.float64, (1, 1, 2), elements=st.floats(-100, 100))
FRACTION = st.floats(0.1, 0.9)


@given(start=PLACE, speed=PLACE, fraction=FRACTION)
def test_what_moves_on_evenly_does_not_jump_however_fast(start: np.ndarray, speed: np.ndarray, fraction: float) -> None:
    far = jumps(start + fraction * speed, start, start + speed, np.array([fraction]))
    assert far.max() < 1e-6


@given(place=PLACE, away=PLACE, fraction=FRACTION)
def test_there_and_back_is_a_jump_of_its_length(place: np.ndarray, away: np.ndarray, fraction: float) -> None:
    far = jumps(place + away, place, place, np.array([fraction]))
    np.testing.assert_allclose(far, np.linalg.norm(away, axis=-1), atol=1e-6)


@given(place=PLACE, wrong=PLACE, fraction=FRACTION, first=st.booleans())
def test_one_wrong_neighbour_accuses_nobody(place: np.ndarray, wrong: np.ndarray, fraction: float, first: bool) -> None:
    before, after = (wrong, place) if first else (place, wrong)
    assert jumps(place, before, after, np.array([fraction])).max() < 1e-6


@given(st.text("abc_ .-0123456789", min_size=1), st.integers(0, 10**7))
def test_a_frames_name_tells_video_and_time(video: str, hundredths: int) -> None:
    found = frame_time(Path("frames") / f"{frame_name(video, hundredths / 100)}.jpg")
    assert found is not None
    assert found.video == str(Path("frames") / video)
    assert found.seconds == pytest.approx(hundredths / 100)


def test_other_pictures_have_no_time() -> None:
    assert [frame_time(Path(name)) for name in ("IMG_0001.jpg", "holiday.png", "a_1s.jpg")] == [None, None, None]


def person(box: tuple[float, float, float, float]) -> PersonRecord:
    return PersonRecord(1, box, 1.0, np.zeros((17, 2), np.float32), np.zeros(17, np.int8))


def entries_of(frames: list[tuple[str, list[tuple[float, float, float, float]]]]) -> list[Entry]:
    """An entry for each box of each picture."""
    pictures = [PictureRecord(0, Path(name), 200, 200, tuple(map(person, boxes))) for name, boxes in frames]
    return [
        Entry(picture, i, LabelRules(), unlabelled=True) for picture in pictures for i in range(len(picture.persons))
    ]


def test_neighbours_are_the_same_person_just_before_and_after() -> None:
    left, right = (10.0, 10.0, 50.0, 100.0), (120.0, 10.0, 50.0, 100.0)
    frames = [
        (f"{frame_name('class', 1.0)}.jpg", [left, right]),  # 0, 1
        (f"{frame_name('class', 1.3)}.jpg", [right, left]),  # 2, 3
        (f"{frame_name('other', 1.4)}.jpg", [left]),  # 4
        (f"{frame_name('class', 1.4)}.jpg", [left]),  # 5
        (f"{frame_name('class', 9.0)}.jpg", [left]),  # 6
        ("photograph.jpg", [left]),  # 7
    ]
    found = video_neighbours(entries_of(frames), max_gap_seconds=0.5)
    none = [-1, -1]
    assert found.indices.tolist() == [none, none, [1, -1], [0, 5], none, none, none, none]
    assert found.fraction[3] == pytest.approx(0.75)


def test_overlap_of_boxes() -> None:
    box = (0.0, 0.0, 4.0, 2.0)
    assert overlap(box, box) == 1
    assert overlap(box, (2.0, 0.0, 4.0, 2.0)) == pytest.approx(1 / 3)
    assert overlap(box, (4.0, 0.0, 4.0, 2.0)) == overlap(box, (0.0, 0.0, 0.0, 0.0)) == 0


# Into the samples


@pytest.fixture
def unlabelled_entries(tmp_path: Path) -> list[Entry]:
    write_set(tmp_path, coco_content(num_pictures=2))
    source = SetConfig("annotations.json", "images", unlabelled=True)
    return training_entries([source], tmp_path, COCO17)[0]


def dataset(entries: list[Entry], labels: PseudoLabels | None) -> CropDataset:
    return CropDataset(entries, COCO17, SIZE, 2, AugmentationConfig(), seed=0, pseudo_labels=labels)


def test_of_an_unlabelled_set_nothing_is_learnt(unlabelled_entries: list[Entry]) -> None:
    samples = collate([dataset(unlabelled_entries, None)[(0, i)] for i in range(2)]).samples
    assert not samples.labelled.any()
    assert samples.ignored.all()
    heads = Heads(*(torch.rand(2, channels, SIZE // 4, SIZE // 4, requires_grad=True) for channels in (17, 1, 34, 34)))
    targets = encode_targets(*samples[1:5], SIZE // 4, TargetConfig(), samples.center_known)
    total = torch.stack(list(PoseLoss(LossConfig(), COCO17)(heads, targets).values())).sum()
    total.backward()  # type: ignore[no-untyped-call]
    assert all(not head.grad.any() for head in heads if head.grad is not None)


def test_accepted_points_are_learnt_where_the_crop_shows_them(unlabelled_entries: list[Entry]) -> None:
    labels = PseudoLabels(unlabelled_entries, COCO17.num_keypoints)
    data = dataset(unlabelled_entries, labels)
    x, y, width, height = unlabelled_entries[1].picture.persons[0].box_px
    points_px = np.array([x, y]) + np.random.default_rng(0).uniform(0.3, 0.7, (17, 2)) * [width, height]
    accepted = np.arange(17) % 2 == 0
    labels.write(np.array([1]), points_px[None], accepted[None])
    move = data.draw((3, 1)).move
    expected_unit = apply_matrix(move.matrix, points_px) / SIZE
    order = COCO17.mirror_permutation if move.mirrored else np.arange(17)
    found = data.labels((3, 1))
    assert (found.labelled[0].numpy() == accepted[order]).all()
    assert (found.ignored.numpy() == ~accepted[order]).all()
    shown = found.labelled[0].numpy()
    np.testing.assert_allclose(found.points_unit[0].numpy()[shown], expected_unit[order][shown], atol=1e-5)
    assert not data.labels((3, 0)).labelled.any()


@pytest.mark.parametrize(("number", "known"), [(0, False), (8, False), (9, True)])
def test_the_middle_needs_half_of_the_points(number: int, known: bool, unlabelled_entries: list[Entry]) -> None:
    labels = PseudoLabels(unlabelled_entries, COCO17.num_keypoints)
    x, y, width, height = unlabelled_entries[0].picture.persons[0].box_px
    points_px = np.tile([x + width / 2, y + height / 2], (1, 17, 1))
    labels.write(np.array([0]), points_px, np.arange(17)[None] < number)
    assert bool(dataset(unlabelled_entries, labels).labels((0, 0)).center_known) is known


def test_a_labelled_person_keeps_its_labels(unlabelled_entries: list[Entry], tmp_path: Path) -> None:
    entries, _ = training_entries([SetConfig("annotations.json", "images")], tmp_path, COCO17)
    labels = PseudoLabels([*entries, *unlabelled_entries], COCO17.num_keypoints)
    labels.write(np.array([0]), np.zeros((1, 17, 2)), np.ones((1, 17), bool))
    both, alone = dataset([*entries, *unlabelled_entries], labels), dataset(entries, None)
    for one, other in zip(both.labels((0, 0)), alone.labels((0, 0)), strict=True):
        assert torch.equal(one, other)


def test_an_unlabelled_set_of_tiny_boxes_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, coco_content(num_pictures=2))
    source = replace(SetConfig("annotations.json", "images", unlabelled=True), min_box_px=500)
    with pytest.raises(DataError, match="no person has a box of 500 px: lower min_box_px"):
        training_entries([source], tmp_path, COCO17)
