"""What a training sample costs on one core: picture file to image and target maps, beside the predecessor's way.

    python -m benchmarks.loader --data FOLDER [--config configs/best.yaml] [--persons 320]
    python -m benchmarks.loader --data FOLDER --memory [--samples 100000]

The persons are drawn from the recipe's training sets as a run draws them. For the predecessor each one's crop is cut
and saved as a JPEG beforehand, as its tools do; our path is measured on these same files, and on the photographs. All
ways take turns, batch by batch, and the clock is the process's CPU time: other programs on the machine matter little.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader, default_collate

from benchmarks import predecessor_loader as predecessor
from benchmarks.plain_targets import encode_sample
from movenet.data import dataset as dataset_module
from movenet.data import device_crops as device_crops_module
from movenet.data import entry_pictures as entry_pictures_module
from movenet.data.cache import open_cache
from movenet.data.dataset import CropDataset, Sample, collate
from movenet.data.device_crops import DeviceCrops, DrawnCrops, collate_drawn
from movenet.data.labels import training_points
from movenet.data.pictures import read_annotated
from movenet.data.pyramids import PyramidLayout
from movenet.data.records import PersonRecord, PictureRecord
from movenet.data.regions import plan_regions
from movenet.data.sampler import WeightedEpochSampler
from movenet.data.sets import Entry, training_entries
from movenet.data.targets import TargetConfig, encode_targets
from movenet.geometry import Part, person_square, reduced_part
from movenet.models.pyramid import HEATMAP_STRIDE
from movenet.skeleton import COCO17, Skeleton
from movenet.training.command import parse_config
from movenet.training.config import RunConfig
from movenet.training.memory import keep_freed_memory

BATCH_SIZE = 32
# The predecessor's tools cut so much around a person.
CROP_SCALE = 1.5
STAGES = "decode", "crop", "augment", "labels", "encode", "collate"


@dataclass
class Clock:
    """CPU milliseconds of this process, by stage."""

    spent_ms: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    samples: int = 0

    def reset(self) -> None:
        self.spent_ms = dict.fromkeys(STAGES, 0.0)
        self.samples = 0

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Adds to a stage what the block takes."""
        start = time.process_time()
        try:
            yield
        finally:
            self.spent_ms[stage] += (time.process_time() - start) * 1e3

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with its time added to a stage."""

        def call(*arguments: Any, **options: Any) -> Any:
            with self.measure(stage):
                return function(*arguments, **options)

        return call

    @property
    def total_ms(self) -> float:
        """Of one sample."""
        return sum(self.spent_ms.values()) / self.samples


def our_batch(dataset: CropDataset, targets: TargetConfig, clock: Clock, keys: Sequence[tuple[int, int]]) -> None:
    """Samples, batch and target maps as a run makes them, the stages apart."""
    with ExitStack() as stack:
        stages = [
            (entry_pictures_module, "read_annotated", "decode"),
            (dataset_module, "warp_picture", "crop"),
            (dataset_module, "apply_operations", "augment"),
            (dataset._appearance, "draw", "augment"),
        ]
        for owner, name, stage in stages:
            stack.enter_context(patch.object(owner, name, clock.timed(stage, getattr(owner, name))))
        before = sum(clock.spent_ms.values())
        start = time.process_time()
        samples = [dataset[key] for key in keys]
        elapsed_ms = (time.process_time() - start) * 1e3
    # Chance, points and the image's channels: the rest of a sample.
    clock.spent_ms["labels"] += elapsed_ms - (sum(clock.spent_ms.values()) - before)
    with clock.measure("collate"):
        batch = collate(samples).samples
        batch.image.float()
    with clock.measure("encode"):
        encode_batch(batch, dataset.input_size // HEATMAP_STRIDE, targets)
    clock.samples += len(keys)


def device_batch(
    drawn: DrawnCrops, crops: DeviceCrops, targets: TargetConfig, clock: Clock, keys: Sequence[tuple[int, int]]
) -> None:
    """The same, drawn one by one and made in a batch, as on a GPU; here on the CPU."""
    with clock.measure("labels"):
        samples = [drawn[key] for key in keys]
    with clock.measure("collate"):
        collated = collate_drawn(samples)
    with ExitStack() as stack:
        for name, stage in (("cut_crops", "crop"), ("apply_groups", "augment"), ("paint_stacked", "augment")):
            function = getattr(device_crops_module, name)
            stack.enter_context(patch.object(device_crops_module, name, clock.timed(stage, function)))
        batch = crops.batch(collated).samples
    with clock.measure("collate"):
        batch.image.float()
    with clock.measure("encode"):
        encode_batch(batch, batch.image.shape[-1] // HEATMAP_STRIDE, targets)
    clock.samples += len(keys)


def encode_batch(batch: Sample, grid_size: int, config: TargetConfig) -> object:
    return encode_targets(batch.points_unit, batch.labelled, batch.size_unit, batch.ignored, grid_size, config)


def predecessors_batch(
    paths: Sequence[Path], labels: Sequence[predecessor.Label], size: int, clock: Clock, keys: Sequence[tuple[int, int]]
) -> None:
    """The same of the predecessor."""
    samples = []
    for _, index in keys:
        with clock.measure("decode"):
            image = predecessor.read_image(paths[index])
        with clock.measure("crop"):
            image = predecessor.resize_image(image, size)
        with clock.measure("augment"):
            image, label = predecessor.augment(image, labels[index], COCO17)
        with clock.measure("encode"):
            maps = predecessor.encode(label, size)
        with clock.measure("collate"):
            samples.append((predecessor.planes(image), maps))
    with clock.measure("collate"):
        default_collate(samples)
    clock.samples += len(keys)


def write_crops(entries: Sequence[Entry], folder: Path) -> list[Entry]:
    """Each person's crop as a JPEG file, and the entries of the same persons and their neighbours in these."""
    found = []
    for number, entry in enumerate(entries):
        square = person_square(entry.picture.persons[entry.person].box_px, CROP_SCALE).snapped()
        left, top, side = int(square.left_px), int(square.top_px), int(square.side_px)
        path = folder / f"{number}.jpg"
        cv2.imwrite(str(path), reduced_part(read_annotated(entry.picture), Part(left, top, side, side), 0))
        persons = tuple(_moved(person, left, top) for person in entry.picture.persons)
        found.append(replace(entry, picture=PictureRecord(number, path, side, side, persons)))
    return found


def _moved(person: PersonRecord, left: int, top: int) -> PersonRecord:
    x, y, width, height = person.box_px
    corner = np.array([left, top], np.float32)
    teacher = None if person.teacher_points_px is None else person.teacher_points_px - corner
    box = x - left, y - top, width, height
    return replace(person, box_px=box, points_px=person.points_px - corner, teacher_points_px=teacher)


def predecessors_label(entry: Entry, skeleton: Skeleton) -> predecessor.Label:
    """What its json would say of a crop."""
    side = entry.picture.width_px
    everybody = [training_points(person, entry.rules) for person in entry.picture.persons]
    own = everybody.pop(entry.person)
    inside = own.labelled & ((own.points_px >= 0) & (own.points_px < side)).all(axis=1)
    keypoints = np.column_stack([own.points_px / side, 2 * inside]).reshape(-1).tolist()
    known = own.points_px[inside]
    center = ((known.min(axis=0) + known.max(axis=0)) / 2 / side).tolist()
    centers: list[list[float]] = []
    others: list[list[list[float]]] = [[] for _ in skeleton.names]
    for other in everybody:
        seen = other.labelled & ((other.points_px >= 0) & (other.points_px < side)).all(axis=1)
        if seen.any():
            points = other.points_px / side
            centers.append(((points[seen].min(axis=0) + points[seen].max(axis=0)) / 2).tolist())
            for k in np.flatnonzero(seen):
                others[k].append(points[k].tolist())
    return predecessor.Label(keypoints, center, centers, others)


def compare(entries: Sequence[Entry], config: RunConfig, size: int, passes: int) -> dict[str, Clock]:
    """CPU time of each way to make the samples of all entries."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crops = write_crops(entries, folder)
        labels = [predecessors_label(entry, COCO17) for entry in crops]
        clocks: dict[str, Clock] = {}
        ways: list[Callable[[Sequence[tuple[int, int]]], None]] = []

        def add(title: str, batch: Callable[..., None], *arguments: object) -> None:
            clocks[title] = Clock()
            ways.append(partial(batch, *arguments, clocks[title]))

        add("predecessor, crops' files", predecessors_batch, [e.picture.path for e in crops], labels, size)
        for title, these in (("crops' files", crops), ("photographs", entries)):
            cache = open_cache(folder / title, plan_regions(these, COCO17, config.augmentation, [size]), 1)
            for kind, kept in (("", None), (", cached", cache)):
                max_persons = config.data.max_persons
                data = CropDataset(these, COCO17, size, max_persons, config.augmentation, 0, None, kept)
                add(f"ours, {title}{kind}", our_batch, data, config.targets)
            layout = PyramidLayout(cache)
            crops_there = DeviceCrops(layout, torch.device("cpu"), size, None)
            add(f"ours, {title}, on_device", device_batch, DrawnCrops(data, layout), crops_there, config.targets)
        for epoch in range(-1, passes):
            keys = [(abs(epoch), index) for index in range(len(entries))]
            for start in range(0, len(keys), BATCH_SIZE):
                for way in ways:
                    way(keys[start : start + BATCH_SIZE])
            if epoch < 0:  # brings files and code into the caches
                for clock in clocks.values():
                    clock.reset()
        return clocks


def compare_encoders(dataset: CropDataset, config: TargetConfig, rounds: int) -> dict[str, float]:
    """CPU milliseconds a sample of the ways to draw target maps."""
    samples = [dataset[0, index] for index in range(BATCH_SIZE)]
    grid_size = dataset.input_size // HEATMAP_STRIDE
    single = [tuple(part.numpy() for part in sample[1:5]) for sample in samples if sample is not None]

    def in_numpy() -> None:
        default_collate([encode_sample(*one, grid_size, config) for one in single])

    def one_by_one() -> None:
        for sample in samples:
            encode_batch(collate([sample]).samples, grid_size, config)

    batch = collate(samples).samples
    ways = {
        "NumPy, a sample at a time, then collated": in_numpy,
        "torch, batches of one": one_by_one,
        f"torch, batches of {BATCH_SIZE}": lambda: encode_batch(batch, grid_size, config),
    }
    spent = dict.fromkeys(ways, 0.0)
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            if number > 0:
                spent[name] += (time.process_time() - start) * 1e3 / len(single) / rounds
    return spent


def watch_memory(
    entries: Sequence[Entry], config: RunConfig, size: int, samples: int, workers: int, cache_file: Path
) -> None:
    """Print the memory of the run's processes while its loader gives so many samples."""
    cache = open_cache(cache_file, plan_regions(entries, COCO17, config.augmentation, [size]), max(1, workers))
    data = CropDataset(entries, COCO17, size, config.data.max_persons, config.augmentation, 0, None, cache)
    sampler = WeightedEpochSampler(np.ones(len(entries)), samples, 0)
    loader = DataLoader(data, BATCH_SIZE, sampler=sampler, collate_fn=collate, num_workers=workers)
    batches = iter(loader)
    pids = [os.getpid(), *(process.pid for process in multiprocessing.active_children())]
    print(f"memory of {len(pids)} processes, MB; a page that n of them share counts 1/n for each")
    print(f"{'samples':>8} {'own':>8} {'shared':>8} {'files':>8}")
    shown = {math.ceil(share * len(loader)) for share in (0.01, *np.linspace(0.1, 1.0, 10))}
    for number, batch in enumerate(batches, start=1):
        encode_batch(batch.samples, size // HEATMAP_STRIDE, config.targets)
        if number in shown:
            memory = np.sum([proportional_megabytes(pid) for pid in pids], axis=0)
            print(f"{number * BATCH_SIZE:8}", *(f"{value:8.1f}" for value in memory), flush=True)


def proportional_megabytes(pid: int) -> list[float]:
    """A process's anonymous memory, shared memory and mapped files; a page of n processes counts 1/n (Linux)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    values = {name: float(rest.split()[0]) / 1e3 for name, rest in (line.split(":") for line in lines)}
    return [values["Pss_Anon"], values["Pss_Shmem"], values["Pss_File"]]


def print_comparison(clocks: dict[str, Clock], title: str) -> None:
    table = Table(title=title)
    table.add_column("way")
    for column in (*STAGES, "whole", "images/s", "ratio"):
        table.add_column(column, justify="right")
    slowest = next(iter(clocks.values())).total_ms
    for name, clock in clocks.items():
        stages = (f"{clock.spent_ms[stage] / clock.samples:.2f}" for stage in STAGES)
        whole = clock.total_ms
        table.add_row(name, *stages, f"{whole:.2f}", f"{1e3 / whole:.0f}", f"{slowest / whole:.1f}")
    Console(width=140).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that the recipe's sets start from")
    parser.add_argument("--config", type=Path, default=Path("configs/best.yaml"), help="recipe")
    parser.add_argument("--input-size", type=int, default=192, help="of the network, in pixels")
    parser.add_argument("--persons", type=int, default=320, help="how many are drawn")
    parser.add_argument("--passes", type=int, default=3, help="over all of them")
    parser.add_argument("--memory", action="store_true", help="watch the memory of a loader instead, with all persons")
    parser.add_argument("--samples", type=int, default=100_000, help="with --memory")
    parser.add_argument("--workers", type=int, default=2, help="with --memory")
    parser.add_argument("--cache", type=Path, help="with --memory: keep the cache here for the next time")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    keep_freed_memory()
    random.seed(0)
    np.random.seed(0)
    config, _ = parse_config([f"--config={arguments.config}"])
    entries, weights = training_entries(config.data.train, arguments.data, COCO17)
    size = arguments.input_size
    if arguments.memory:
        with tempfile.TemporaryDirectory() as folder:
            cache_file = arguments.cache or Path(folder) / "cache"
            watch_memory(entries, config, size, arguments.samples, arguments.workers, cache_file)
        return
    chosen = np.random.default_rng(0).choice(len(entries), arguments.persons, replace=False, p=weights / weights.sum())
    drawn = [entries[index] for index in chosen.tolist()]
    clocks = compare(drawn, config, size, arguments.passes)
    print_comparison(clocks, f"one sample of {size} x {size} pixels, CPU ms; images a second and core")
    dataset = CropDataset(drawn, COCO17, size, config.data.max_persons, config.augmentation, 0)
    for name, milliseconds in compare_encoders(dataset, config.targets, 3 * arguments.passes).items():
        print(f"target maps, {name}: {milliseconds:.2f} ms a sample")


if __name__ == "__main__":
    main()
