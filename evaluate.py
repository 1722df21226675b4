"""Thin entry point of `movenet evaluate`."""

import sys

from movenet.cli import run_command
from movenet.commands import evaluate

if __name__ == "__main__":
    sys.exit(run_command(evaluate))
