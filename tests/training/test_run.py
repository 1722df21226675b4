"""Training as a user starts it: it learns, writes down what it did, goes on after a kill, and refuses bad input."""

from __future__ import annotations

import contextlib
import csv
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from movenet.models import NetworkSpec, load_network, save_network
from movenet.skeleton import COCO17, Skeleton
from movenet.training.command import main
from tests.data.small_sets import coco_content, write_set

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_set(folder, coco_content(num_pictures=8))
    return folder


def arguments(data: Path, output: Path, **overrides: Any) -> list[str]:
    """A run of two epochs of two steps with a tiny input."""
    values: dict[str, Any] = {
        "output": output,
        "data.root": data,
        "data.train": json.dumps([{"annotations": "annotations.json", "images": "images"}]),
        "data.dev.annotations": "annotations.json",
        "data.dev.images": "images",
        "data.workers": 0,
        "model.name": "shufflenet_v2_x0_5",
        "model.input_size": 64,
        "optimisation.epochs": 2,
        "optimisation.batch_size": 4,
        "hardware.accelerator": "cpu",
        "hardware.threads": 1,
    } | overrides
    return [f"--{key}={value}" for key, value in values.items()]


def tensors(path: Path) -> dict[str, torch.Tensor]:
    content = torch.load(path, weights_only=True)
    return content["state_dict"] | {f"current.{k}": v for k, v in content["current_model_state"].items()}


def test_a_run_writes_what_it_was(data_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    assert main(arguments(data_folder, output)) == 0
    network, spec = load_network(output / "best.ckpt")
    assert (spec.model, spec.input_size, spec.skeleton) == ("shufflenet_v2_x0_5", 64, COCO17)
    assert network.num_keypoints == COCO17.num_keypoints
    config = yaml.safe_load((output / "config.yaml").read_text())
    assert config["optimisation"]["epochs"] == 2
    assert config["loss"]["positive_weight"] > 0  # defaults are written out
    provenance = json.loads((output / "provenance.json").read_text())
    assert len(provenance["annotations_sha256"]["annotations.json"]) == 64
    assert provenance["packages"]["torch"] == torch.__version__
    with (output / "metrics" / "version_0" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"dev/oks_ap", "dev/pck_5px", "train/heatmap", "speed/images_per_second", "speed/data_wait_share"} <= set(
        rows[0]
    )
    assert list((output / "tensorboard" / "version_0").glob("events.out.tfevents.*"))


def test_the_resolved_config_runs_again_to_the_same_weights(data_folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(arguments(data_folder, first)) == 0
    assert main([f"--config={first / 'config.yaml'}", f"--output={second}"]) == 0
    once, again = tensors(first / "last.ckpt"), tensors(second / "last.ckpt")
    assert all(torch.equal(once[key], again[key]) for key in once)


def test_a_killed_run_goes_on_to_the_same_result(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(arguments(data_folder, whole, **{"optimisation.epochs": 3})) == 0

    from movenet.training.module import PoseModule

    step = PoseModule.training_step

    def dies_in_second_epoch(self: PoseModule, batch: Any, index: int) -> Any:
        if self.current_epoch == 1 and index == 1:
            raise SystemExit("killed")
        return step(self, batch, index)

    with monkeypatch.context() as patch:
        patch.setattr(PoseModule, "training_step", dies_in_second_epoch)
        with pytest.raises(SystemExit):
            main(arguments(data_folder, killed, **{"optimisation.epochs": 3}))
    assert main(arguments(data_folder, killed, **{"optimisation.epochs": 3, "resume": "true"})) == 0
    assert all((killed / "metrics" / f"version_{start}" / "metrics.csv").is_file() for start in (0, 1))
    expected, found = tensors(whole / "last.ckpt"), tensors(killed / "last.ckpt")
    assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_training_lowers_the_loss(data_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    overrides = {"optimisation.epochs": 40, "optimisation.dev_every_epochs": 40, "optimisation.learning_rate": 0.01}
    still = {"scale_min": 1.4, "scale_max": 1.4, "shift_share": 0, "rotation_degrees": 0, "mirror_probability": 0}
    still |= {"any_rotation_probability": 0, "colour_probability": 0, "degrade_probability": 0}
    overrides |= {f"augmentation.{name}": value for name, value in still.items()}
    assert main(arguments(data_folder, output, **overrides)) == 0
    with (output / "metrics" / "version_0" / "metrics.csv").open() as file:
        losses = [float(row["train/heatmap"]) for row in csv.DictReader(file) if row["train/heatmap"]]
    assert losses[-1] < 0.6 * losses[0]


def test_own_skeleton_starts_from_weights_of_another(data_folder: Path, tmp_path: Path) -> None:
    coco_run = tmp_path / "coco"
    assert main(arguments(data_folder, coco_run, **{"optimisation.epochs": 1})) == 0
    names = [{"name": name, "sigma": 0.1} for name in ("head", "hand", "foot")]
    own = {"keypoints": names, "edges": [["head", "hand"]]}
    (tmp_path / "skeleton.yaml").write_text(yaml.safe_dump(own))
    write_set(tmp_path / "own", coco_content(skeleton=Skeleton.from_dict(own)))
    output = tmp_path / "run"
    overrides = {
        "data.skeleton": tmp_path / "skeleton.yaml",
        "data.train": json.dumps([{"annotations": "annotations.json", "images": "images", "min_keypoints": 2}]),
        "model.initial_weights": coco_run / "best.ckpt",
        "optimisation.epochs": 1,
    }
    assert main(arguments(tmp_path / "own", output, **overrides)) == 0
    assert load_network(output / "best.ckpt")[0].num_keypoints == 3


def test_fine_tuning_rests_the_backbone_and_watches_a_second_set(data_folder: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    assert main(arguments(data_folder, start, **{"optimisation.epochs": 1})) == 0
    watched, images = write_set(tmp_path / "watched", coco_content(num_pictures=4))
    overrides = {
        "model.initial_weights": start / "best.ckpt",
        "data.watched.annotations": watched,
        "data.watched.images": images,
        "optimisation.frozen_backbone_share": 0.99,  # all four steps
    }
    output = tmp_path / "run"
    assert main(arguments(data_folder, output, **overrides)) == 0
    with (output / "metrics" / "version_0" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["watched/oks_ap"]]
    assert len(rows) == 2
    before, kept, after = (
        dict(load_network(path)[0].named_parameters())
        for path in (start / "best.ckpt", output / "start.ckpt", output / "last.ckpt")
    )
    assert all(torch.equal(kept[name], before[name]) for name in before)
    # (Averaging equal numbers rounds.)
    changed = {name for name in before if not torch.allclose(before[name], after[name], rtol=1e-5, atol=0)}
    assert "heads.heatmap.2.weight" in changed
    assert not any(name.startswith("backbone.") for name in changed)


def test_fixed_parts_keep_weights_and_statistics(data_folder: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    assert main(arguments(data_folder, start, **{"optimisation.epochs": 1})) == 0
    output = tmp_path / "run"
    overrides = {"model.initial_weights": start / "best.ckpt", "data.cache": tmp_path / "crops.cache"}
    assert main(arguments(data_folder, output, **overrides, **{"optimisation.fixed_parts": 2})) == 0
    before, after = (load_network(path)[0].state_dict() for path in (start / "best.ckpt", output / "last.ckpt"))
    changed = {name for name in before if not torch.allclose(before[name], after[name], rtol=1e-5, atol=0)}
    assert not any(name.startswith(("backbone.stem.", "backbone.stages.0.")) for name in changed)
    assert any(name.startswith("backbone.stages.1.") and name.endswith("running_mean") for name in changed)


def test_imported_weights_get_statistics_before_the_first_step(data_folder: Path, tmp_path: Path) -> None:
    spec = NetworkSpec("lightning", 64, "sigmoid", COCO17)
    network = spec.build()
    stem_norm = network.backbone.get_submodule("stem.1")
    torch.nn.init.constant_(stem_norm.bias, 1.0)  # type: ignore[arg-type]
    save_network(tmp_path / "imported.ckpt", network, spec)
    (tmp_path / "imported.NOTICE.txt").write_text("By Somebody.")
    output = tmp_path / "run"
    overrides = {"model.name": "lightning", "model.initial_weights": tmp_path / "imported.ckpt"}
    assert main(arguments(data_folder, output, **overrides, **{"optimisation.learning_rate": 1e-9})) == 0
    assert (output / "best.NOTICE.txt").read_text() == "By Somebody."
    trained, _ = load_network(output / "best.ckpt")
    # In four steps the moving average of fresh statistics would hardly have left 0 and 1.
    norm = trained.backbone.get_submodule("stem.1")
    assert (norm.running_var - 1).abs().min() > 0.1  # type: ignore[operator, union-attr]
    images = torch.rand(2, 3, 64, 64) * 255
    with torch.no_grad():
        expected, found = (n.eval().backbone.stem(images / 127.5 - 1) for n in (network, trained))
    assert (found - expected).abs().mean() < 0.05


def test_a_network_grows_from_a_smaller_ones_weights_and_shrinking_is_said(
    data_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small, large = (NetworkSpec(f"blazepose_{size}", 64, "sigmoid", COCO17) for size in ("lite", "refined"))
    for spec, other in ((small, large), (large, small)):
        weights = tmp_path / f"{spec.model}.ckpt"
        save_network(weights, spec.build(), spec)
        output = tmp_path / f"to_{other.model}"
        overrides = {"model.name": other.model, "model.initial_weights": weights, "optimisation.epochs": 1}
        caplog.clear()
        assert main(arguments(data_folder, output, **overrides)) == 0
        assert ("have no place in 'blazepose_lite'" in caplog.text) == (other == small)
    before, after = (
        load_network(path)[0].eval()
        for path in (tmp_path / "blazepose_lite.ckpt", tmp_path / "to_blazepose_refined" / "start.ckpt")
    )
    image = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        assert (before(image).heatmap == after(image).heatmap).all()


def test_silent_channels_are_woken_when_a_run_starts_and_not_when_it_goes_on(
    data_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = NetworkSpec("mobilenet_v2_x1_0", 64, "sigmoid", COCO17)
    network = spec.build()
    silenced = "backbone.stages.5.0.layers.1.0"
    torch.nn.init.zeros_(network.get_submodule(silenced).weight)  # type: ignore[arg-type]
    save_network(tmp_path / "silenced.ckpt", network, spec)
    overrides = {
        "model.name": spec.model,
        "model.initial_weights": tmp_path / "silenced.ckpt",
        "model.wake_silent_channels": "true",
        "optimisation.fixed_parts": 2,
        "optimisation.averaging_decay": 0,
    }
    output = tmp_path / "run"
    caplog.set_level(logging.INFO)
    assert main(arguments(data_folder, output, **overrides)) == 0
    trained, _ = load_network(output / "last.ckpt")
    assert trained.get_submodule(silenced).weight.abs().amin(dim=0).max() > 0  # type: ignore[operator, union-attr]
    assert "silent channels" in caplog.text
    caplog.clear()
    longer = overrides | {"optimisation.epochs": 3, "resume": "true"}
    assert main(arguments(data_folder, output, **longer)) == 0
    assert "silent channels" not in caplog.text


def test_scales_are_balanced_when_a_run_starts(data_folder: Path, tmp_path: Path) -> None:
    spec = NetworkSpec("blazepose_lite", 64, "sigmoid", COCO17)
    network = spec.build()
    coarse = "backbone.stages.3.1.layers.0.0.weight"
    with torch.no_grad():
        network.get_parameter(coarse).mul_(16)
    save_network(tmp_path / "start.ckpt", network, spec)
    overrides = {
        "model.name": spec.model,
        "model.initial_weights": tmp_path / "start.ckpt",
        "model.balance_scales": "true",
    }
    output = tmp_path / "run"
    assert main(arguments(data_folder, output, **overrides)) == 0
    start, _ = load_network(output / "start.ckpt")
    assert start.get_parameter(coarse).abs().max() < network.get_parameter(coarse).abs().max() / 2


@pytest.mark.parametrize("view", [{}, {"distil.view_size": 96, "distil.mirror": "true"}])
def test_a_run_learns_from_teachers(view: dict[str, Any], data_folder: Path, tmp_path: Path) -> None:
    teachers = [str(tmp_path / "first.ckpt"), str(tmp_path / "second.ckpt")]
    for path, model in zip(teachers, ("lightning", "mobilenet_v2_x1_0"), strict=True):
        spec = NetworkSpec(model, 64, "sigmoid", COCO17)
        save_network(path, spec.build(), spec)
    output = tmp_path / "run"
    assert main(arguments(data_folder, output, **{"distil.teachers": json.dumps(teachers)}, **view)) == 0
    with (output / "metrics" / "version_0" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["train/distil_features"]]
    assert len(rows) == 2
    network, _ = load_network(output / "best.ckpt")  # the student alone
    assert type(network.backbone).__name__ == "ShuffleNetV2"


def test_two_processes_train_together(data_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    together = {"hardware.devices": 2, "optimisation.batch_size": 2, "data.cache": tmp_path / "crops.cache"}
    command = [sys.executable, "train.py", *arguments(data_folder, output, **together)]
    repository = Path(__file__).parents[2]
    finished = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr[-2000:]
    # Two epochs of eight samples, four a step over both processes.
    assert torch.load(output / "last.ckpt", weights_only=True)["global_step"] == 4
    assert load_network(output / "best.ckpt")[1].model == "shufflenet_v2_x0_5"


def test_a_terminated_run_ends_with_all_its_processes(data_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    endless = {"hardware.devices": 2, "optimisation.batch_size": 2, "optimisation.epochs": 1_000_000}
    command = [sys.executable, "train.py", *arguments(data_folder, output, **endless)]
    repository = Path(__file__).parents[2]
    run = subprocess.Popen(
        command,
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        while not (output / "last.ckpt").exists():
            assert run.poll() is None, run.stdout.read()[-2000:]  # type: ignore[union-attr]
            time.sleep(0.1)
        os.killpg(run.pid, signal.SIGTERM)  # as whoever ends a whole service does
        # The pipe is closed when the last of its processes has ended.
        run.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == -signal.SIGTERM


def status_and_message(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(argv)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    return status, lines[0]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"model.input_size": 100}, "multiple of 32"),
        ({"model.name": "shufflenet"}, "shufflenet_v2_x0_5"),
        ({"model.nmae": "lightning"}, "model.name"),
        ({"optimisation.epochs": "many"}, "epochs"),
        ({"optimisation.batch_size": 0}, "batch_size"),
        ({"model.initial_weights": "nowhere.ckpt"}, "nowhere.ckpt"),
        ({"data.skeleton": "nowhere.yaml"}, "nowhere.yaml"),
        ({"distil.teachers": '["nobody.ckpt"]'}, "nobody.ckpt"),
        ({"data.train": '[{"annotations": "none.json", "images": "images"}]'}, "none.json"),
        ({"data.train": "[]"}, "at least one set"),
        ({"data.train": '[{"annotations": "annotations.json", "images": "images", "min_box_px": 999}]'}, "min_box_px"),
        ({"resume": "true"}, "nothing to resume"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    overrides: dict[str, Any], said: str, data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run"
    status, message = status_and_message(arguments(data_folder, output, **overrides), capsys)
    assert status == 2
    assert said in message
    assert not output.exists()


def test_a_finished_run_is_not_overwritten(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"a run")
    status, message = status_and_message(arguments(data_folder, tmp_path), capsys)
    assert (status, (tmp_path / "last.ckpt").read_bytes()) == (2, b"a run")
    assert "--resume true" in message


def test_too_many_bad_pictures_end_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    _, images = write_set(data, coco_content(num_pictures=8))
    healthy = write_set(tmp_path / "dev", coco_content(num_pictures=8))
    for number in (1, 5):
        (images / f"{number}.png").write_bytes(b"")
    dev = {"data.dev.annotations": healthy[0], "data.dev.images": healthy[1]}
    tolerant = arguments(data, tmp_path / "tolerant", **dev, **{"data.max_bad_share": 0.5})
    assert main(tolerant) == 0
    capsys.readouterr()
    status, message = status_and_message(arguments(data, tmp_path / "strict", **dev), capsys)
    assert status == 2
    assert "max_bad_share" in message
