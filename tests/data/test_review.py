"""The review page: its order, its content, and, in a browser, what it saves."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movenet.cli import main
from movenet.data.coco import read_coco
from movenet.data.records import PictureRecord
from movenet.data.review.page import doubt, review_page
from movenet.errors import DataError
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """Three persons; one of the second's points is not labelled."""
    content = coco_content(num_pictures=3)
    content["annotations"][1]["keypoints"][:3] = [0, 0, 0]
    return write_set(tmp_path, content)


def embedded(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def test_the_most_doubtful_comes_first(small: tuple[Path, Path]) -> None:
    data = embedded(review_page(read_coco(*small, COCO17), small[1], COCO17))
    assert data["cards"][0]["annotation_id"] == 101
    assert len(data["coco"]["annotations"]) == 3


def test_an_unsure_teacher_makes_doubt(small: tuple[Path, Path]) -> None:
    person = read_coco(*small, COCO17)[0].persons[0]
    sure, unsure = (
        replace(person, teacher_scores=np.full(COCO17.num_keypoints, score, np.float32)) for score in (0.9, 0.2)
    )
    assert doubt(person) < doubt(sure) < doubt(unsure)


def test_names_of_pictures_cannot_break_the_page(small: tuple[Path, Path]) -> None:
    pictures = read_coco(*small, COCO17)
    folder = small[1] / "<"
    folder.mkdir()
    odd = folder / "script>x.png"
    shutil.copy(pictures[0].path, odd)
    data = embedded(review_page([replace(pictures[0], path=odd)], small[1], COCO17))
    assert data["coco"]["images"][0]["file_name"] == "</script>x.png"


def test_persons_that_cannot_be_told_apart_are_refused(small: tuple[Path, Path]) -> None:
    picture = read_coco(*small, COCO17)[0]
    with pytest.raises(DataError, match="same annotation id"):
        review_page([picture, replace(picture, image_id=9)], small[1], COCO17)
    with pytest.raises(DataError, match="no person"):
        review_page([replace(picture, persons=())], small[1], COCO17)


@pytest.fixture
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def drag(page: Any, card: Any, name: str, by: tuple[float, float]) -> None:
    """Drag a keypoint by screen pixels."""
    box = card.locator(f'circle[data-keypoint="{name}"]').bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] / 2, y + by[1] / 2)
    page.mouse.move(x + by[0], y + by[1])
    page.mouse.up()


def test_what_is_done_in_a_browser_is_saved(small: tuple[Path, Path], tmp_path: Path, browser: Any) -> None:
    annotations, images = small
    html = tmp_path / "review.html"
    assert main(["data", "review", str(annotations), str(images), "--output", str(html)]) == 0
    before = {p.persons[0].annotation_id: p for p in read_coco(annotations, images, COCO17)}
    nose, wrist = COCO17.index("nose"), COCO17.index("left_wrist")

    page = browser.new_page(viewport={"width": 1200, "height": 900})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(html.as_uri())
    first, second, third = (page.locator(f'article[data-annotation="{number}"]') for number in (100, 101, 102))
    size = first.locator("svg").bounding_box()["width"]
    side = float(first.locator("svg").get_attribute("viewBox").split()[2])
    drag(page, first, "left_wrist", (30, -20))
    first.locator('circle[data-keypoint="nose"]').dispatch_event("pointerup")  # a click: visible -> occluded
    drag(page, second, "nose", (40, 0))  # was not labelled: now it is
    first.get_by_role("button", name="accept").click()
    second.hover()
    page.keyboard.press("a")
    third.get_by_role("button", name="reject").click()
    assert page.locator("#count").inner_text() == "2 accepted, 1 rejected, 0 to do"
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(tmp_path / "reviewed.json")
    assert problems == []
    first.locator('circle[data-keypoint="nose"]').hover(force=True)
    assert first.locator("footer span").inner_text() == "nose"

    after = {p.persons[0].annotation_id: p for p in read_coco(tmp_path / "reviewed.json", images, COCO17)}
    assert set(after) == {100, 101}
    moved = points(after[100])[wrist] - points(before[100])[wrist]
    np.testing.assert_allclose(moved, np.array([30, -20]) * side / size, atol=0.2)
    assert after[100].persons[0].visibility[nose] == 1
    untouched = [k for k in range(COCO17.num_keypoints) if k not in (nose, wrist)]
    np.testing.assert_array_equal(points(after[100])[untouched], points(before[100])[untouched])
    assert after[101].persons[0].visibility[nose] == 2
    left, top, width, height = after[100].persons[0].box_px
    inside = points(after[100]) - (left, top)
    assert (inside >= -1e-3).all()
    assert (inside <= np.array([width, height]) + 1e-3).all()


def points(picture: PictureRecord) -> np.ndarray:
    return picture.persons[0].points_px


def test_leaving_with_unsaved_work_asks_first(small: tuple[Path, Path], tmp_path: Path, browser: Any) -> None:
    html = tmp_path / "review.html"
    assert main(["data", "review", *map(str, small), "--output", str(html)]) == 0
    page = browser.new_page()
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto(html.as_uri())
    page.locator("article").first.get_by_role("button", name="accept").click()
    with page.expect_download():
        page.locator("#save").click()
    page.reload()
    assert asked == []
    page.locator("article").first.get_by_role("button", name="accept").click()
    page.reload()
    assert asked == ["beforeunload"]


def test_a_teachers_labels_of_photographs_are_corrected(data_root: Path, tmp_path: Path, browser: Any) -> None:
    """Real pictures, phone and desktop sizes: every card shows its picture, nothing has to be scrolled sideways."""
    annotations, images = data_root / "coco" / "dev.json", data_root / "coco" / "images"
    content = json.loads(annotations.read_text())
    content["images"] = content["images"][:6]
    kept = {image["id"] for image in content["images"]}
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] in kept]
    few, html = tmp_path / "few.json", tmp_path / "review.html"
    few.write_text(json.dumps(content))
    assert main(["data", "review", str(few), str(images), "--output", str(html)]) == 0
    for width in (390, 1400):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(html.as_uri())
        assert page.locator("article").count() == len(content["annotations"])
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        links = page.evaluate("[...document.querySelectorAll('image')].map((image) => image.href.baseVal)")
        sizes = page.evaluate(
            "(links) => Promise.all(links.map(async (link) => {"
            "const image = new Image(); image.src = link; await image.decode(); return image.naturalWidth; }))",
            links,
        )
        assert min(sizes) > 300
