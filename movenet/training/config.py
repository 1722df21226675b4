"""What a training run is made of. A YAML file in configs/ fills it, the command line overrides any field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from movenet.data.augment import AugmentationConfig
from movenet.data.poses import PoseBalance
from movenet.data.pseudo_labels import PseudoLabelConfig
from movenet.data.sets import SetConfig
from movenet.data.targets import TargetConfig
from movenet.errors import ConfigError
from movenet.losses import DistillationConfig, LossConfig
from movenet.models.layers import ProbabilityName
from movenet.models.pyramid import COARSEST_STRIDE
from movenet.training.precision import PrecisionName


@dataclass(frozen=True)
class ModelConfig:
    """The network.

    Attributes:
        name: a preset; `python -m movenet.models` lists them.
        input_size: side of the square input in pixels, a multiple of 32; the preset's own if none is given.
        probability: what turns the logits of heatmap and center into 0..1.
        initial_weights: a checkpoint to start from. Layers of another shape (heads of another skeleton) start fresh.
        wake_silent_channels: whether channels that the initial weights have silenced for good start fresh, as far as
            they are trained; published backbones have many, and no gradient wakes them.
        balance_scales: whether the initial weights' kernels get the scale of fresh ones, so that all learn at the rate
            that is set (`movenet.models.balance`).
    """

    name: str = "blazepose_refined"
    input_size: int | None = None
    probability: ProbabilityName = "sigmoid"
    initial_weights: str | None = None
    wake_silent_channels: bool = False
    balance_scales: bool = False

    def __post_init__(self) -> None:
        if self.input_size is not None and (self.input_size <= 0 or self.input_size % COARSEST_STRIDE):
            raise ConfigError(f"model: input_size must be a multiple of {COARSEST_STRIDE}, not {self.input_size}")


@dataclass(frozen=True)
class DataConfig:
    """What is learnt from, and what is watched.

    Attributes:
        train: the sets to learn from, drawn by their weights.
        dev: the set that the best checkpoint is chosen by.
        watched: a second set whose figures are logged beside; what a fine-tuning must not forget.
        root: folder that the sets' relative paths start from.
        skeleton: a YAML file; COCO's seventeen keypoints if none is given.
        samples_per_epoch: an epoch's length; by default the number of training persons.
        pose_balance: how far rare poses are drawn more often.
        max_persons: persons of a crop that targets are drawn for.
        workers: processes that load pictures.
        cache: file that keeps the decoded pictures (3 bytes a pixel, of what crops can touch); built when it is missing
            or stale. Without one, each picture is decoded again for each sample.
        on_device: whether the cache's pictures are copied to the training's device and crops are cut and changed there,
            in batches, while the workers only draw what is done: `true`, `false`, or `auto`: on a GPU that they fit.
        max_bad_share: the run fails when more than this share of an epoch's pictures cannot be read.
    """

    train: list[SetConfig]
    dev: SetConfig
    watched: SetConfig | None = None
    root: str = "data"
    skeleton: str | None = None
    samples_per_epoch: int | None = None
    pose_balance: PoseBalance = field(default_factory=PoseBalance)
    max_persons: int = 6
    workers: int = 2
    cache: str | None = None
    on_device: bool | Literal["auto"] = "auto"
    max_bad_share: float = 0.01

    def __post_init__(self) -> None:
        if not self.train:
            raise ConfigError("data: 'train' must name at least one set")
        if self.max_persons < 1 or self.workers < 0 or not 0 <= self.max_bad_share <= 1:
            raise ConfigError("data: needs max_persons >= 1, workers >= 0 and max_bad_share in 0..1")
        if self.on_device is True and self.cache is None:
            raise ConfigError("data: on_device needs a 'cache' of the decoded pictures")


@dataclass(frozen=True)
class OptimisationConfig:
    """How the network learns.

    Attributes:
        epochs: length of the run.
        batch_size: samples a step and process.
        learning_rate: AdamW's, at the top of its schedule.
        warmup_share: share of the steps, the first ones, in which it rises.
        decay_share: share of the steps, the last ones, in which it falls. Below 1 it stays at the top between: until it
            falls, `resume` with more epochs makes the run longer at the same rate.
        fixed_parts: parts of the backbone, from the stem on, that stay as they are, batch norm statistics too. They see
            the largest maps: with three of a MobileNetV2 fixed, a step takes 0.6 of the time.
        frozen_backbone_share: share of the steps, the first ones, in which only pyramid and heads learn.
        depth_decay: from the heads down to the first layers, each part learns this times as fast as the one above.
        weight_decay: AdamW's.
        gradient_clip: largest norm of a step's gradient.
        averaging_decay: of the exponential moving average of the weights, which is what is evaluated and kept.
        dev_every_epochs: how often the dev set is evaluated.
    """

    epochs: int = 50
    batch_size: int = 64
    learning_rate: float = 2e-3
    warmup_share: float = 0.05
    decay_share: float = 1.0
    fixed_parts: int = 0
    frozen_backbone_share: float = 0.0
    depth_decay: float = 1.0
    weight_decay: float = 0.02
    gradient_clip: float = 5.0
    averaging_decay: float = 0.998
    dev_every_epochs: int = 1

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size, self.dev_every_epochs) < 1 or self.learning_rate <= 0:
            raise ConfigError("optimisation: epochs, batch_size, dev_every_epochs and learning_rate must be above 0")
        if not 0 < self.warmup_share < 1 or not 0 <= self.averaging_decay < 1:
            raise ConfigError("optimisation: warmup_share and averaging_decay must lie between 0 and 1")
        if not 0 < self.decay_share <= 1:
            raise ConfigError("optimisation: decay_share must be above 0, at most 1")
        if self.fixed_parts < 0:
            raise ConfigError("optimisation: fixed_parts must not be negative")
        if not 0 <= self.frozen_backbone_share < 1 or not 0 < self.depth_decay <= 1:
            raise ConfigError("optimisation: needs frozen_backbone_share in 0..1 and depth_decay above 0, at most 1")


@dataclass(frozen=True)
class HardwareConfig:
    """Where it runs; every value is Lightning's own, but for the precision `auto`.

    Attributes:
        accelerator: `auto`, `cpu`, `gpu`, ...
        devices: number of devices a machine, or `auto`.
        machines: number of machines (started by torchrun or a cluster's scheduler).
        precision: `auto` is `bf16-mixed` where GPU or CPU have units for it, elsewhere `32-true`.
        channels_last: memory layout of the pictures; faster on CPUs and on tensor cores.
        threads: of each process on a CPU; torch's own choice if none is given.
    """

    accelerator: str = "auto"
    devices: int | Literal["auto"] = "auto"
    machines: int = 1
    precision: PrecisionName = "32-true"
    channels_last: bool = True
    threads: int | None = None


@dataclass(frozen=True)
class RunConfig:
    """One training run.

    Attributes:
        output: folder for checkpoints, metrics and logs.
        data: what is learnt from.
        model: the network.
        augmentation: how pictures are varied.
        targets: what the heads are taught.
        loss: weights of the losses.
        distil: a teacher network.
        pseudo_labels: how unlabelled sets are labelled while the network learns.
        optimisation: how it learns.
        hardware: where it runs.
        seed: of all chance, together with the initial weights.
        resume: go on from `output`'s last checkpoint.
    """

    output: str
    data: DataConfig
    model: ModelConfig = field(default_factory=ModelConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    targets: TargetConfig = field(default_factory=TargetConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    distil: DistillationConfig = field(default_factory=DistillationConfig)
    pseudo_labels: PseudoLabelConfig = field(default_factory=PseudoLabelConfig)
    optimisation: OptimisationConfig = field(default_factory=OptimisationConfig)
    hardware: HardwareConfig = field(default_factory=HardwareConfig)
    seed: int = 0
    resume: bool = False
