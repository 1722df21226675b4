"""How far the labels that a run gives itself are right: of a set with labels, by the share that is accepted.

    python benchmarks/pseudo_labels.py --weights start.ckpt --annotations mpii/train.json --images mpii/images

The default rules, but for the share; without neighbouring frames, since the pictures are taken as photographs.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import numpy as np
import torch

from movenet.data.entry_pictures import EntryPictures
from movenet.data.pseudo_labels import PseudoLabelConfig, accept
from movenet.data.records import Visibility
from movenet.data.sets import SetConfig, training_entries
from movenet.models import load_network
from movenet.training.config import DataConfig, HardwareConfig, RunConfig
from movenet.training.pseudo_labels import LabellingNetwork, PseudoLabeller

SHARES = (0.1, 0.2, 0.3, 0.5, 0.8, 1.0)
# A pseudo-label is right if it is as near to the label as this share of the longer side of the person's box.
NEAR_SHARE = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="checkpoint of the network that labels")
    parser.add_argument("--annotations", required=True, help="COCO json of a person's labels")
    parser.add_argument("--images", required=True)
    parser.add_argument("--persons", type=int, default=500, help="looked at, spread over the set (default: 500)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network, spec = load_network(arguments.weights)
    source = SetConfig(arguments.annotations, arguments.images)
    entries, _ = training_entries([source], Path(), spec.skeleton)
    chosen = np.unique(np.linspace(0, len(entries) - 1, min(arguments.persons, len(entries))).astype(int))
    rules = PseudoLabelConfig()
    config = RunConfig("", DataConfig([source], source, workers=0), hardware=HardwareConfig(), pseudo_labels=rules)
    asked = LabellingNetwork(network.eval, spec.input_size)
    answers = PseudoLabeller(config, asked, spec.skeleton, entries, EntryPictures(entries)).ask(chosen)

    persons = [entries[index].picture.persons[entries[index].person] for index in chosen]
    known = np.array([person.visibility for person in persons]) > Visibility.UNLABELLED
    away_px = np.linalg.norm(answers.points_px - np.array([person.points_px for person in persons]), axis=2)
    right = away_px <= NEAR_SHARE * np.array([max(person.box_px[2:]) for person in persons])[:, None]
    print(f"{len(persons)} persons; within {NEAR_SHARE:g} of the longer side of the person's box:")
    print("| share asked for | accepted | right, of these |\n|---:|---:|---:|")
    for share in SHARES:
        accepted = accept(answers, share, np.ones_like(known), rules)
        print(f"| {share:.0%} | {accepted[known].mean():.0%} | {right[accepted & known].mean():.0%} |")


if __name__ == "__main__":
    main()
