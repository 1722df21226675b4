#!/usr/bin/env python3
"""Train a network: `python train.py --config configs/NAME.yaml`; any field can be overridden, see `--help`."""

import sys

from movenet.training.command import main

if __name__ == "__main__":
    sys.exit(main())
