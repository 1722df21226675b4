"""Thin entry point of `movenet demo`."""

import sys

from movenet.cli import run_command
from movenet.commands import demo

if __name__ == "__main__":
    sys.exit(run_command(demo))
