"""An evaluation's figures for the reader: tables on the console, and a json file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from movenet.errors import DataError
from movenet.metrics.evaluation import Metrics


def figures_table(metrics: Metrics, title: str) -> Table:
    """The figures over all keypoints."""
    table = Table(title=title)
    for heading in ("PCK 5 px", "PCK 0.2 torso", "OKS AP", "AP50", "AP75", "AR", "persons"):
        table.add_column(heading, justify="right")
    oks = metrics.oks
    figures = metrics.pck_5px, metrics.pck_torso, oks.ap, oks.ap50, oks.ap75, oks.ar
    table.add_row(*map(_percent, figures), str(metrics.persons))
    return table


def keypoints_table(metrics: Metrics) -> Table:
    """A row for each keypoint."""
    table = _table_of_parts("per keypoint", "keypoint", "labelled")
    for name, part in metrics.per_keypoint.items():
        table.add_row(name, *map(_percent, (part.pck_5px, part.pck_torso, part.oks_ap)), str(part.labelled))
    return table


def sizes_table(metrics: Metrics) -> Table:
    """A row for each range of sizes."""
    table = _table_of_parts("by the longer side of the person's box", "size", "persons")
    for name, part in metrics.by_size.items():
        table.add_row(name, *map(_percent, (part.pck_5px, part.pck_torso, part.oks_ap)), str(part.persons))
    return table


def scores_table(metrics: Metrics) -> Table:
    """A row for each range of scores."""
    table = Table(title="by the point's score")
    table.add_column("score")
    for heading in ("% of points", "mean score", "mean OKS", "% near"):
        table.add_column(heading, justify="right")
    for name, part in metrics.by_score.items():
        table.add_row(name, *map(_percent, (part.share, part.score, part.similarity, part.near)))
    return table


def errors_table(metrics: Metrics) -> Table:
    """A row for each kind of error."""
    table = Table(title="what is wrong, and the AP without it")
    table.add_column("error")
    for heading in ("% of points", "OKS AP"):
        table.add_column(heading, justify="right")
    for name, error in metrics.errors.items():
        table.add_row(name, _percent(error.share), _percent(error.ap_without))
    return table


def _table_of_parts(title: str, part: str, counted: str) -> Table:
    table = Table(title=title)
    table.add_column(part)
    for heading in ("PCK 5 px", "PCK 0.2 torso", "OKS AP", counted):
        table.add_column(heading, justify="right")
    return table


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report so that the file is either the old one or the whole new one, whatever happens.

    Raises:
        DataError: if it cannot be written there.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error


def _percent(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.1f}"
