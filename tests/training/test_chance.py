"""Chance is a run's own."""

from __future__ import annotations

from pathlib import Path

from movenet.training.chance import run_seed


def test_without_initial_weights_the_seed_is_the_configs() -> None:
    assert run_seed(7, None) == 7


def test_runs_from_other_weights_and_with_other_seeds_draw_other_crops(tmp_path: Path) -> None:
    first, second = tmp_path / "first.ckpt", tmp_path / "second.ckpt"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    seeds = {run_seed(seed, str(path)) for seed in (0, 1) for path in (first, second)} | {run_seed(0, None)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_the_same_weights_give_the_same_chance_wherever_they_lie(tmp_path: Path) -> None:
    one, copy = tmp_path / "one.ckpt", tmp_path / "copy.ckpt"
    one.write_bytes(b"weights")
    copy.write_bytes(b"weights")
    assert run_seed(3, str(one)) == run_seed(3, str(copy))


def test_missing_weights_are_left_to_who_reads_them(tmp_path: Path) -> None:
    assert run_seed(3, str(tmp_path / "missing.ckpt")) == 3
