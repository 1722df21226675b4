"""The command line of the training: every field of `RunConfig`, from YAML files and from options."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import yaml
from jsonargparse import ActionConfigFile, ArgumentParser, Namespace

from movenet.cli import exit_status
from movenet.errors import ConfigError
from movenet.training.config import RunConfig


def main(argv: Sequence[str] | None = None) -> int:
    """`train.py ...`; returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return exit_status(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    config, resolved = parse_config(argv)
    # Slow to import, and not needed for --help or a mistyped option.
    from movenet.training.run import train

    best = train(config, resolved, repository=Path.cwd())
    print(f"best checkpoint: {best}")
    return 0


class _Parser(ArgumentParser):
    """Raises our error instead of ending the process, with the nearest right key where a key is unknown."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        raise ConfigError(_with_hint(message, _known_keys(self)))


def build_parser() -> ArgumentParser:
    """Options for all fields of `RunConfig`, nested by dots, and `--config FILE` for YAML files."""
    description = "Train a network; --config files and options count in their order: the last one wins."
    parser = _Parser(prog="train.py", description=description)
    parser.add_argument("--config", action=ActionConfigFile, help="YAML file of a recipe; may be given several times")
    parser.add_class_arguments(RunConfig, fail_untyped=True)
    return parser


def parse_config(argv: Sequence[str] | None) -> tuple[RunConfig, str]:
    """The run's config, and the same as YAML with every default filled in.

    Raises:
        ConfigError: if a key is unknown, or a value of the wrong type or outside its range.
    """
    parser = build_parser()
    parsed = parser.parse_args(argv)
    values = parser.instantiate(parsed).as_dict()
    values.pop("config", None)
    return RunConfig(**values), _resolved(parsed)


def _resolved(parsed: Namespace) -> str:
    values = parsed.as_dict()
    values.pop("config", None)
    return yaml.safe_dump(values, sort_keys=False)


def _known_keys(parser: ArgumentParser) -> list[str]:
    return [action.dest for action in parser._actions]


def _with_hint(message: str, known: list[str]) -> str:
    one_line = " ".join(message.split())
    unknown = re.search(r"(?:[Kk]ey |arguments: --)['\"]?([\w.]+)", one_line)
    near = difflib.get_close_matches(unknown.group(1), known, n=1) if unknown else []
    return f"{one_line} (did you mean '{near[0]}'?)" if near else one_line
