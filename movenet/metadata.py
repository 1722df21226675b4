"""The contract between export and run-time: `metadata.json`, written beside every exported model.

It says what the model is, which files belong to it (with their SHA-256), in which order its outputs come, and how it
was found to agree with the network it was made from. No torch here: boards read it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from movenet.errors import ModelError, SkeletonError
from movenet.skeleton import Skeleton

METADATA_FILE = "metadata.json"
ONNX_FILE = "model.onnx"
NCNN_PARAM_FILE = "model.ncnn.param"
NCNN_BIN_FILE = "model.ncnn.bin"
CHECKPOINT_FILE = "checkpoint.ckpt"

HEAD_NAMES = ("heatmap", "center", "reg", "offset")
NORMALISATION = "RGB 0..255; scaling inside the network"

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class ModelFile:
    """One file of an exported model.

    Attributes:
        sha256: hexadecimal digest of its content.
        num_bytes: its size.
        precision: of the weights in it, `fp32` or `fp16`; `text` where it holds none.
    """

    sha256: str
    num_bytes: int
    precision: str

    @classmethod
    def of(cls, path: Path, precision: str) -> ModelFile:
        """Describe a file that exists."""
        content = path.read_bytes()
        return cls(hashlib.sha256(content).hexdigest(), len(content), precision)


@dataclass(frozen=True)
class ModelMetadata:
    """What a run-time has to know about a model.

    Attributes:
        model: the preset's name.
        skeleton: its keypoints, in channel order.
        input_size: side of the square input in pixels.
        probability: what made heatmap and center 0..1.
        outputs: [channels, y, x] of one image's heads, by name, in the order in which the exported model gives them.
        files: by name, the files that belong to the model.
        normalisation: what the input holds.
        metrics: by the name of the data they were measured on; may be empty.
        versions: of the packages that made the files.
        parity: by format, the largest differences from the network in torch.
    """

    model: str
    skeleton: Skeleton
    input_size: int
    probability: str
    outputs: Mapping[str, Shape]
    files: Mapping[str, ModelFile] = field(default_factory=dict)
    normalisation: str = NORMALISATION
    metrics: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    parity: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values only; `from_dict` reads them back."""
        return {
            "model": self.model,
            "input_size": self.input_size,
            "normalisation": self.normalisation,
            "probability": self.probability,
            "outputs": [{"name": name, "shape": list(shape)} for name, shape in self.outputs.items()],
            "files": {name: asdict(file) for name, file in self.files.items()},
            "parity": dict(self.parity),
            "metrics": dict(self.metrics),
            "versions": dict(self.versions),
            "skeleton": self.skeleton.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelMetadata:
        """Read the form of `to_dict`.

        Raises:
            ModelError: if a key is missing, or a value is not what it should be.
        """
        try:
            return cls(
                model=str(values["model"]),
                skeleton=Skeleton.from_dict(values["skeleton"]),
                input_size=int(values["input_size"]),
                probability=str(values["probability"]),
                outputs={str(output["name"]): _shape(output["shape"]) for output in values["outputs"]},
                files={str(name): ModelFile(**file) for name, file in values["files"].items()},
                normalisation=str(values["normalisation"]),
                metrics=dict(values.get("metrics", {})),
                versions=dict(values.get("versions", {})),
                parity=dict(values.get("parity", {})),
            )
        except KeyError as error:
            raise ModelError(f"the key {error} is missing") from error
        except (TypeError, ValueError, AttributeError, SkeletonError) as error:
            raise ModelError(str(error)) from error

    def save(self, folder: str | Path) -> None:
        """Write `metadata.json` into the model's folder."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        (Path(folder) / METADATA_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path, needed_files: Iterable[str] = ()) -> ModelMetadata:
        """Read a model folder's `metadata.json`, and check the files that the caller is going to read.

        Args:
            folder: as the export writes it.
            needed_files: names of files that must be there, unchanged since the export.

        Raises:
            ModelError: if the folder or a file is missing, the metadata is broken, or a file is not the exported one.
        """
        if Path(folder).is_file():
            raise ModelError(f"{folder}: a file; give a folder that `python -m export` wrote (torch reads checkpoints)")
        path = Path(folder) / METADATA_FILE
        try:
            metadata = cls.from_dict(_read_object(path))
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        for name in needed_files:
            metadata.check_file(Path(folder), name)
        return metadata

    def check_file(self, folder: Path, name: str) -> None:
        """Make sure that a file is the one that was exported.

        Raises:
            ModelError: if it is not part of the model, missing, or of another content.
        """
        path = folder / name
        if name not in self.files:
            raise ModelError(f"{folder}: was exported without '{name}'; it has: {', '.join(self.files) or 'no files'}")
        if not path.is_file():
            raise ModelError(f"{path}: named in {METADATA_FILE}, but missing")
        expected = self.files[name]
        found = ModelFile.of(path, expected.precision)
        if found.num_bytes != expected.num_bytes:
            raise ModelError(f"{path}: {found.num_bytes} bytes, but {expected.num_bytes} were exported: copy it again")
        if found.sha256 != expected.sha256:
            raise ModelError(f"{path}: its SHA-256 is not the one in {METADATA_FILE}: not the file that was exported")


def head_shapes(num_keypoints: int, grid_size: int) -> dict[str, Shape]:
    """[channels, y, x] of each head of one image, by name, in the network's order."""
    channels = (num_keypoints, 1, 2 * num_keypoints, 2 * num_keypoints)
    return {name: (count, grid_size, grid_size) for name, count in zip(HEAD_NAMES, channels, strict=True)}


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"not readable ({error.strerror}); give a folder that `python -m export` wrote") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"not a json file: {error}") from error
    if not isinstance(content, dict):
        raise ModelError("expected a json object")
    return content


def _shape(values: Iterable[Any]) -> Shape:
    channels, height, width = (int(value) for value in values)
    return channels, height, width


def _check(metadata: ModelMetadata) -> None:
    if metadata.input_size < 1:
        raise ModelError(f"'input_size' must be positive, not {metadata.input_size}")
    if metadata.normalisation != NORMALISATION:
        raise ModelError(f"'normalisation' is '{metadata.normalisation}', but the run-times feed '{NORMALISATION}'")
    if sorted(metadata.outputs) != sorted(HEAD_NAMES):
        raise ModelError(f"'outputs' must be {', '.join(HEAD_NAMES)}, not {', '.join(metadata.outputs) or 'none'}")
    grid_size = metadata.outputs["heatmap"][-1]
    expected = head_shapes(metadata.skeleton.num_keypoints, grid_size)
    for name, shape in metadata.outputs.items():
        if shape != expected[name]:
            raise ModelError(
                f"output '{name}' has shape {shape}, but {metadata.skeleton.num_keypoints} keypoints "
                f"on a grid of {grid_size} need {expected[name]}"
            )
