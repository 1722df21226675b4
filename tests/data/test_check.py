"""Checks of annotated sets: each fault is found where it was put, and nowhere else; the cleaned set is without them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.cli import main
from movenet.data.checks.cleaning import cleaned
from movenet.data.checks.findings import Finding, Kind, NamedSet
from movenet.data.checks.persons import PersonLimits, check_persons
from movenet.data.checks.pictures import check_pictures
from movenet.data.coco import read_coco
from movenet.data.coco_writer import write_coco
from movenet.data.records import PersonRecord, PictureRecord
from movenet.skeleton import COCO17

SIDE = 400
# A person who stands upright and faces the camera: the left side is on the right of the picture.
STANDING = {
    "nose": (200, 60),
    **{"left_eye": (208, 52), "right_eye": (192, 52), "left_ear": (218, 56), "right_ear": (182, 56)},
    **{"left_shoulder": (235, 105), "right_shoulder": (165, 105), "left_elbow": (260, 160), "right_elbow": (140, 160)},
    **{"left_wrist": (270, 215), "right_wrist": (130, 215), "left_hip": (222, 210), "right_hip": (178, 210)},
    **{"left_knee": (226, 285), "right_knee": (174, 285), "left_ankle": (228, 360), "right_ankle": (172, 360)},
}
LIMITS = PersonLimits()
POINTS = np.array([STANDING[name] for name in COCO17.names], np.float32)


def person(number: int, points: np.ndarray = POINTS, with_teacher: bool = True) -> PersonRecord:
    """Labelled as given; the teacher, where there is one, sees the standing person."""
    count = COCO17.num_keypoints
    record = PersonRecord(number, (120, 40, 160, 330), 20000, points.copy(), np.full(count, 2, np.int8))
    if not with_teacher:
        return record
    scores, disagreement = np.full(count, 0.9, np.float32), np.full(count, 0.005, np.float32)
    return replace(record, teacher_points_px=POINTS, teacher_scores=scores, teacher_disagreement=disagreement)


def moved(**places: tuple[float, float]) -> np.ndarray:
    points = POINTS.copy()
    for name, place in places.items():
        points[COCO17.index(name)] = place
    return points


def swapped(*parts: str) -> np.ndarray:
    points = POINTS.copy()
    for part in parts:
        pair = [COCO17.index(f"{side}_{part}") for side in ("left", "right")]
        points[pair] = points[pair[::-1]]
    return points


def as_set(*persons: PersonRecord, name: str = "train") -> NamedSet:
    """One picture a person, after nine of healthy ones that tell what limbs are like."""
    healthy = [person(100 + number) for number in range(9)]
    everyone = [*healthy, *persons]
    return NamedSet(name, [PictureRecord(p.annotation_id, Path("x.png"), SIDE, SIDE, (p,)) for p in everyone])


def found(*persons: PersonRecord, limits: PersonLimits | None = None) -> list[Finding]:
    return check_persons(as_set(*persons), COCO17, limits or PersonLimits())


def names(finding: Finding) -> set[str]:
    return {COCO17.names[keypoint] for keypoint in finding.keypoints}


def test_healthy_persons_give_no_finding() -> None:
    assert found(person(1), person(2, with_teacher=False)) == []


def test_a_wholly_swapped_person_is_found_by_the_teacher_alone() -> None:
    points = POINTS[COCO17.mirror_permutation]
    (finding,) = found(person(1, points))
    assert (finding.kind, finding.annotation_id) == (Kind.SWAPPED, 1)
    # The shape of the body is that of somebody seen from behind.
    assert found(person(1, points, with_teacher=False)) == []


def test_swapped_knees_are_found_in_their_place() -> None:
    (finding,) = found(person(1, swapped("knee")))
    assert finding.kind is Kind.PARTLY_SWAPPED
    assert names(finding) == {"left_knee", "right_knee"}


def test_swapped_hips_twist_the_torso_also_without_a_teacher() -> None:
    (finding,) = found(person(1, swapped("hip"), with_teacher=False))
    assert finding.kind is Kind.TWISTED_TORSO


def test_a_wrong_limb_is_found_by_teacher_and_by_length() -> None:
    kinds = {finding.kind: names(finding) for finding in found(person(1, moved(left_ankle=(30, 20))))}
    assert kinds == {Kind.CONTRADICTED: {"left_ankle"}, Kind.LONG_LIMB: {"left_knee", "left_ankle"}}
    (alone,) = found(person(1, moved(left_ankle=(30, 20)), with_teacher=False))
    assert alone.kind is Kind.LONG_LIMB


def test_a_teacher_who_followed_somebody_else_contradicts_nobody() -> None:
    beside = POINTS + np.array([150, 0], np.float32)
    misled = replace(person(1, beside), box_px=(270, 40, 160, 330))  # its teacher sees the one who stands at POINTS
    alone = check_persons(NamedSet("train", [PictureRecord(1, Path("x.png"), 600, SIDE, (misled,))]), COCO17, LIMITS)
    assert {finding.kind for finding in alone} == {Kind.CONTRADICTED}
    both = PictureRecord(1, Path("x.png"), 600, SIDE, (misled, person(2, with_teacher=False)))
    assert check_persons(NamedSet("train", [both]), COCO17, LIMITS) == []


def test_an_unsure_teacher_is_not_asked() -> None:
    unsure = replace(person(1, swapped("knee")), teacher_scores=np.full(COCO17.num_keypoints, 0.1, np.float32))
    assert found(unsure) == []


def test_points_outside_the_picture_and_small_persons() -> None:
    (outside,) = found(person(1, moved(left_ankle=(228, SIDE + 3)), with_teacher=False))
    assert (outside.kind, names(outside)) == (Kind.OUTSIDE_PICTURE, {"left_ankle"})
    (small,) = found(replace(person(1), box_px=(120, 40, 16, 31)), limits=PersonLimits(teacher_share=99.0))
    assert small.kind is Kind.SMALL_PERSON


def picture_set(folder: Path, name: str, seeds: list[int], suffix: str = ".png") -> NamedSet:
    """Smooth pictures of random blobs."""
    folder.mkdir(exist_ok=True)
    pictures = []
    for seed in seeds:
        coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
        image = cv2.resize(coarse, (SIDE, SIDE) if suffix == ".png" else (180, 180), interpolation=cv2.INTER_CUBIC)
        path = folder / f"{seed}{suffix}"
        cv2.imwrite(str(path), image)
        pictures.append(PictureRecord(seed, path, image.shape[1], image.shape[0], ()))
    return NamedSet(name, pictures)


def test_a_smaller_compressed_copy_in_another_set_is_found(tmp_path: Path) -> None:
    train = picture_set(tmp_path / "train", "train", list(range(20)))
    val = picture_set(tmp_path / "val", "val", [7, 40, 41], ".jpg")
    findings = check_pictures([train, val])
    assert {(f.kind, f.set_name, f.image_id) for f in findings} == {
        (Kind.DUPLICATE, "train", 7),
        (Kind.DUPLICATE, "val", 7),
    }
    assert findings[0].detail == "val: 7.jpg"


@pytest.mark.parametrize("damage", ["missing", "truncated", "other size"])
def test_broken_pictures_are_found(damage: str, tmp_path: Path) -> None:
    train = picture_set(tmp_path / "train", "train", [1, 2], ".jpg")
    path = train.pictures[1].path
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        cv2.imwrite(str(path), np.zeros((50, 60, 3), np.uint8))
    (finding,) = check_pictures([train])
    assert (finding.kind, finding.image_id) == (Kind.BROKEN_PICTURE, 2)


def test_the_cleaned_set_has_nothing_left_to_find() -> None:
    whole = POINTS[COCO17.mirror_permutation]
    of_set = as_set(person(1, whole), person(2, swapped("knee")), person(3, moved(left_ankle=(30, 20))))
    dropped = Finding(Kind.DUPLICATE, "train", Path("x.png"), 100)
    findings = [*check_persons(of_set, COCO17, PersonLimits()), dropped]
    result = cleaned(of_set, findings, COCO17)
    assert check_persons(NamedSet("train", result), COCO17, PersonLimits()) == []
    by_id = {picture.image_id: picture.persons[0] for picture in result}
    assert 100 not in by_id
    np.testing.assert_array_equal(by_id[1].points_px, POINTS)
    assert by_id[1].num_labelled == COCO17.num_keypoints
    assert {COCO17.names[k] for k in np.flatnonzero(by_id[2].visibility == 0)} == {"left_knee", "right_knee"}


def test_the_command_reports_draws_and_cleans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = picture_set(tmp_path / "images", "train", list(range(12)))
    persons = [*as_set(person(1, swapped("knee"))).pictures, PictureRecord(11, Path(), SIDE, SIDE, ())]
    pictures = [replace(p, persons=q.persons) for p, q in zip(train.pictures, persons, strict=False)]
    annotations = tmp_path / "train.json"
    write_coco(annotations, pictures, tmp_path / "images", COCO17)
    outputs = {name: tmp_path / name for name in ("report.json", "sheet.png", "clean.json")}
    command = ["data", "check", "--set", str(annotations), str(tmp_path / "images"), "--json"]
    command += [str(outputs["report.json"]), "--sheet", str(outputs["sheet.png"])]
    assert main([*command, "--cleaned", str(outputs["clean.json"])]) == 0
    assert "1 (10.0 %)" in capsys.readouterr().out
    report = json.loads(outputs["report.json"].read_text())
    assert report["counts"][str(annotations)]["partly_swapped"] == 1
    assert report["findings"][0]["keypoints"] == ["left_knee", "right_knee"]
    assert cv2.imread(str(outputs["sheet.png"])).shape[1] > 400
    clean = read_coco(outputs["clean.json"], tmp_path / "images", COCO17)
    assert sum(p.num_labelled for picture in clean for p in picture.persons) == 10 * COCO17.num_keypoints - 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "no set"), (["--pictures", "0"], "--pictures"), (["--json", "nowhere/x.json"], "folder does not exist")],
)
def test_wrong_arguments_are_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with_set = ["--set", "a.json", "a"] if arguments else []
    assert main(["data", "check", *arguments, *with_set]) == 2
    assert said in capsys.readouterr().err


def test_real_leeds_labels_are_faulty_in_the_known_way(data_root: Path) -> None:
    """Crowd-sourced: the folder's README speaks of wrong limbs in about 15 % and swapped sides in 3 - 7 %."""
    pictures = read_coco(data_root / "lspet" / "train.json", data_root / "lspet" / "images", COCO17)[::4]
    findings = check_persons(NamedSet("lspet", pictures), COCO17, PersonLimits())
    swaps = {f.annotation_id for f in findings if f.kind in (Kind.SWAPPED, Kind.PARTLY_SWAPPED)}
    wrong = {f.annotation_id for f in findings if f.kind is Kind.CONTRADICTED}
    assert 0.03 < len(swaps) / len(pictures) < 0.08
    assert 0.12 < len(wrong) / len(pictures) < 0.3
