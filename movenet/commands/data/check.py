"""`movenet data check`: what may be wrong with annotated sets."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from movenet.commands.data.selection import add_pictures_argument, add_set_arguments, chosen_sets, progress_bar
from movenet.data.checks.cleaning import cleaned
from movenet.data.checks.findings import Finding, Kind, NamedSet, counts
from movenet.data.checks.persons import PersonLimits, check_persons
from movenet.data.checks.pictures import check_pictures
from movenet.data.checks.sheet import write_sheet
from movenet.data.coco_writer import write_coco
from movenet.errors import ConfigError
from movenet.metrics.report import write_json

NAME = "check"
HELP = "Find broken and doubled pictures, swapped sides, wrong limbs and other faults of annotated sets."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the check's arguments."""
    add_set_arguments(parser)
    add_pictures_argument(parser)
    defaults = PersonLimits()
    parser.add_argument("--min-box-px", type=float, default=defaults.min_box_px, help="smaller persons are too small")
    parser.add_argument("--json", type=Path, help="write every finding to this file")
    parser.add_argument("--sheet", type=Path, help="draw some of each kind's persons into this picture")
    parser.add_argument("--cleaned", type=Path, help="write the first set without what was found, as COCO json")
    parser.add_argument("--annotations-only", action="store_true", help="open no picture, but for the sheet")


def run(arguments: argparse.Namespace) -> int:
    """Check, print the table, write what was asked for; returns the exit status."""
    chosen = chosen_sets(arguments)
    limits = dataclasses.replace(PersonLimits(), min_box_px=arguments.min_box_px)
    for path in (arguments.json, arguments.sheet, arguments.cleaned):
        if path is not None and not path.parent.is_dir():
            raise ConfigError(f"{path}: its folder does not exist")
    sets = chosen.read(arguments.pictures)
    findings = [f for of_set in sets for f in check_persons(of_set, chosen.skeleton, limits)]
    if not arguments.annotations_only:
        with progress_bar() as progress:
            task = progress.add_task("pictures", total=sum(len(of_set.pictures) for of_set in sets))
            findings += check_pictures(sets, on_picture=lambda: progress.advance(task))
    Console().print(findings_table(sets, findings))
    if arguments.json is not None:
        totals = {s.name: {kind.name.lower(): n for kind, n in counts(findings, s.name).items()} for s in sets}
        write_json(arguments.json, {"counts": totals, "findings": [f.to_dict(chosen.skeleton) for f in findings]})
    if arguments.sheet is not None:
        drawn = write_sheet(arguments.sheet, sets, findings, chosen.skeleton)
        print(f"{arguments.sheet}: {drawn} persons" if drawn else f"{arguments.sheet}: not written, nothing to draw")
    if arguments.cleaned is not None:
        images = chosen.root / chosen.sources[0].images
        write_coco(arguments.cleaned, cleaned(sets[0], findings, chosen.skeleton), images, chosen.skeleton)
    return 0


def findings_table(sets: Sequence[NamedSet], findings: Sequence[Finding]) -> Table:
    """A row a kind, a column a set: how many pictures or persons, and their share."""
    table = Table()
    table.add_column("finding")
    for of_set in sets:
        table.add_column(
            f"{of_set.name}\n{len(of_set.pictures)} pictures, {of_set.num_persons} persons", justify="right"
        )
    columns = [counts(findings, of_set.name) for of_set in sets]
    for kind in Kind:
        table.add_row(kind.value, *(_with_share(c[kind], kind, s) for c, s in zip(columns, sets, strict=True)))
    return table


def _with_share(count: int, kind: Kind, of_set: NamedSet) -> str:
    of_pictures = kind in (Kind.BROKEN_PICTURE, Kind.DUPLICATE)
    total = len(of_set.pictures) if of_pictures else of_set.num_persons
    return f"{count} ({100 * count / max(total, 1):.1f} %)" if count else "0"
