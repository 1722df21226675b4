"""`python -m movenet.models`: parameters and multiply-adds of each preset."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from movenet.cli import exit_status
from movenet.errors import ConfigError
from movenet.models.profile import profile
from movenet.models.pyramid import COARSEST_STRIDE
from movenet.models.registry import PRESETS, build, preset_names
from movenet.skeleton import COCO17, Skeleton

# Every size that some preset is meant for.
DEFAULT_SIZES = sorted({preset.input_size for preset in PRESETS.values()})


def main() -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m movenet.models", description="Sizes of the network presets.")
    parser.add_argument("--input-sizes", type=int, nargs="+", default=DEFAULT_SIZES, metavar="PIXELS")
    parser.add_argument("--skeleton", type=Path, help="YAML file; COCO's seventeen keypoints if none is given")
    arguments = parser.parse_args()
    return exit_status(lambda: _print_table(tuple(arguments.input_sizes), arguments.skeleton))


def _print_table(input_sizes: tuple[int, ...], skeleton_path: Path | None) -> int:
    for size in input_sizes:
        if size <= 0 or size % COARSEST_STRIDE:
            raise ConfigError(f"an input size must be a multiple of {COARSEST_STRIDE}, not {size}")
    skeleton = Skeleton.from_yaml(skeleton_path) if skeleton_path else COCO17
    table = Table(title=f"Presets, {skeleton.num_keypoints} keypoints, batch norms folded; multiply-adds by input size")
    table.add_column("preset", no_wrap=True)
    table.add_column("parameters", justify="right")
    for size in input_sizes:
        table.add_column(f"at {size} px", justify="right")
    for name in preset_names():
        network = build(name, skeleton.num_keypoints)
        profiles = [profile(network, size) for size in input_sizes]
        work = (f"{found.multiply_adds / 1e6:,.1f} M" for found in profiles)
        table.add_row(name, f"{profiles[0].parameters:,}", *work)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
