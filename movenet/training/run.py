"""One training run, from its config to its checkpoints."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import torch
from lightning import Trainer, seed_everything
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from movenet.errors import ConfigError
from movenet.models.balance import balance_scales
from movenet.models.centering import center_projections
from movenet.models.checkpoint import NetworkSpec, load_network, save_network
from movenet.models.fold import folded_batch_norms, unfold_batch_norms
from movenet.models.network import MoveNet
from movenet.models.notice import carry_notice
from movenet.models.registry import find_preset
from movenet.models.silent_channels import wake_silent_channels
from movenet.skeleton import COCO17, Skeleton
from movenet.training.callbacks import EndOnTermination, LabellingMonitor, MovingAverage, SpeedMonitor
from movenet.training.chance import run_seed
from movenet.training.config import ModelConfig, RunConfig
from movenet.training.data_module import DEV, PoseDataModule
from movenet.training.memory import keep_freed_memory
from movenet.training.module import MONITORED, PoseModule
from movenet.training.precision import chosen_precision
from movenet.training.provenance import write_provenance
from movenet.training.teacher import Teachers

START_CHECKPOINT = "start.ckpt"
LAST_CHECKPOINT = "last.ckpt"
BEST_CHECKPOINT = "best.ckpt"
# How many crops an imported network's batch norms are measured on.
STATISTICS_SAMPLES = 256

_logger = logging.getLogger(__name__)


def train(config: RunConfig, resolved_config: str, repository: Path) -> Path:
    """Train; returns the best checkpoint.

    Writes into `config.output`: `best.ckpt` and `last.ckpt`; where there are initial weights, `start.ckpt`, what they
    were made before the first step, and their notice beside each, if they have one; `metrics/version_N/metrics.csv` and
    TensorBoard's event files (N counts the starts), `config.yaml` and `provenance.json`.

    Args:
        config: of the run.
        resolved_config: the same as YAML, every default filled in.
        repository: folder whose git revision is written down.

    Raises:
        MovenetError: if config, data or a checkpoint cannot be used.
    """
    config = replace(_with_precision(config), seed=run_seed(config.seed, config.model.initial_weights))
    output = Path(config.output)
    resume_from = _checkpoint_to_resume(output, config.resume)
    keep_freed_memory()
    seed_everything(config.seed, verbose=False)
    if config.hardware.threads is not None:
        torch.set_num_threads(config.hardware.threads)
    spec = _network_spec(config)
    average = MovingAverage(config.optimisation.averaging_decay)
    data = PoseDataModule(config, spec, lambda: average.network)
    network = _initial_network(spec, config.model)
    _unfold_imported_batch_norms(network, data)
    if config.hardware.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    teachers = Teachers(config.distil, spec) if config.distil.teachers else None
    module = PoseModule(network, spec, config, data.evaluated, data.samples_per_epoch, teachers)
    if resume_from is None:
        _prepare_initial_weights(network, config.model, data)
    output.mkdir(parents=True, exist_ok=True)
    (output / "config.yaml").write_text(resolved_config, encoding="utf-8")
    write_provenance(output / "provenance.json", config, repository)
    if config.model.initial_weights:
        if resume_from is None:
            rank_zero_only(save_network)(output / START_CHECKPOINT, network, spec)
        for name in (START_CHECKPOINT, BEST_CHECKPOINT, LAST_CHECKPOINT):
            carry_notice(config.model.initial_weights, output / name)
    _logger.info(
        "%d training persons, %d dev persons, %d samples an epoch",
        data.num_training_persons,
        len(data.evaluated[DEV]),
        data.samples_per_epoch,
    )
    callbacks: list[Callback] = [average, *([LabellingMonitor(data.labeller)] if data.labeller else [])]
    trainer = _trainer(config, output, callbacks)
    trainer.fit(module, data, ckpt_path=resume_from, weights_only=True)
    return output / BEST_CHECKPOINT


def _with_precision(config: RunConfig) -> RunConfig:
    hardware = config.hardware
    precision = chosen_precision(hardware.precision, hardware.accelerator)
    return replace(config, hardware=replace(hardware, precision=precision))


def _checkpoint_to_resume(output: Path, resume: bool) -> str | None:
    last = output / LAST_CHECKPOINT
    if resume and not last.is_file():
        raise ConfigError(f"{last}: nothing to resume; leave --resume out to start a run")
    if not resume and last.is_file():
        raise ConfigError(f"{output}: already holds a run; give --resume true to go on with it, or another --output")
    return str(last) if resume else None


def _network_spec(config: RunConfig) -> NetworkSpec:
    model = config.model
    input_size = model.input_size or find_preset(model.name).input_size
    skeleton = Skeleton.from_yaml(config.data.skeleton) if config.data.skeleton else COCO17
    return NetworkSpec(model.name, input_size, model.probability, skeleton)


def _initial_network(spec: NetworkSpec, config: ModelConfig) -> MoveNet:
    network = spec.build()
    if config.initial_weights is None:
        return network
    source, _ = load_network(config.initial_weights)
    own, theirs = network.state_dict(), source.state_dict()
    fitting = {k: v for k, v in theirs.items() if k in own and own[k].shape == v.shape}
    if not any(key.startswith("backbone.") for key in fitting):
        raise ConfigError(f"{config.initial_weights}: holds another architecture than '{spec.model}'")
    fresh = sorted(set(own) - set(fitting))
    if fresh:
        _logger.warning("%d tensors start fresh, the weights have none of their shape: %s ...", len(fresh), fresh[0])
    left_out = sorted(set(theirs) - set(own))
    if left_out:
        _logger.warning(
            "%d tensors of %s have no place in '%s' and are left out: %s ...",
            len(left_out),
            config.initial_weights,
            spec.model,
            left_out[0],
        )
    network.load_state_dict(fitting, strict=False)
    return network


def _unfold_imported_batch_norms(network: MoveNet, data: PoseDataModule) -> None:
    """Weights that came from a published file have no statistics yet: take those of this run's crops."""
    norms = folded_batch_norms(network)
    if norms:
        images = data.sample_images(STATISTICS_SAMPLES)
        _logger.info("%d imported batch norms get the statistics of %d training crops", len(norms), len(images))
        unfold_batch_norms(network.eval(), norms, images)
        center_projections(network)
        network.train()


def _prepare_initial_weights(network: MoveNet, config: ModelConfig, data: PoseDataModule) -> None:
    """What a training can make of weights that were made elsewhere."""
    network.eval()
    if config.wake_silent_channels:
        num_woken = wake_silent_channels(network, data.sample_images(STATISTICS_SAMPLES))
        _logger.info("%d silent channels start fresh", num_woken)
    if config.balance_scales:
        balance_scales(network)
    network.train()


def _trainer(config: RunConfig, output: Path, of_run: list[Callback]) -> Trainer:
    optimisation, hardware = config.optimisation, config.hardware
    callbacks: list[Callback] = [
        *of_run,
        # Best by the dev set; the last one after every epoch, so that little is lost when a run is killed.
        ModelCheckpoint(
            output, Path(BEST_CHECKPOINT).stem, monitor=MONITORED, mode="max", enable_version_counter=False
        ),
        ModelCheckpoint(
            output,
            Path(LAST_CHECKPOINT).stem,
            every_n_epochs=1,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
        LearningRateMonitor(logging_interval="epoch"),
        SpeedMonitor(),
        EndOnTermination(),
    ]
    return Trainer(
        accelerator=hardware.accelerator,
        devices=hardware.devices,
        num_nodes=hardware.machines,
        precision=hardware.precision,  # type: ignore[arg-type]  # `auto` is none any more
        max_epochs=optimisation.epochs,
        gradient_clip_val=optimisation.gradient_clip,
        check_val_every_n_epoch=optimisation.dev_every_epochs,
        callbacks=callbacks,
        # A folder for each start: going on after a kill keeps what was written before.
        logger=[CSVLogger(output, name="metrics"), TensorBoardLogger(output, name="tensorboard")],
        use_distributed_sampler=False,  # ours already divides the samples
        num_sanity_val_steps=0,
        log_every_n_steps=20,
    )
