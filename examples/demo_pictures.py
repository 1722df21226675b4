"""Writes two of scikit-image's photographs of people into a folder, for `make demo`: no download, no camera."""

from __future__ import annotations

import argparse
from pathlib import Path

from skimage import data, io

PICTURES = ("astronaut", "camera")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the PNG files go")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        path = folder / f"{name}.png"
        io.imsave(path, getattr(data, name)(), check_contrast=False)
        print(path)


if __name__ == "__main__":
    main()
