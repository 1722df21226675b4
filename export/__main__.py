"""`python -m export --checkpoint C --output DIR`."""

import sys

from export import command
from movenet.cli import run_command

if __name__ == "__main__":
    sys.exit(run_command(command, prog="python -m export"))
