"""metadata.json: there and back, and every way in which a model folder can be broken is a clear error."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from movenet.errors import ModelError
from movenet.metadata import METADATA_FILE, ModelFile, ModelMetadata, head_shapes
from movenet.skeleton import COCO17

WEIGHTS_FILE = "model.bin"


@pytest.fixture
def metadata(tmp_path: Path) -> ModelMetadata:
    """Saved in `tmp_path`, with one file."""
    (tmp_path / WEIGHTS_FILE).write_bytes(b"weights")
    metadata = ModelMetadata(
        model="small",
        skeleton=COCO17,
        input_size=64,
        probability="sigmoid",
        outputs=head_shapes(COCO17.num_keypoints, 16),
        files={WEIGHTS_FILE: ModelFile.of(tmp_path / WEIGHTS_FILE, "fp32")},
        metrics={"val": {"AP": 0.5}},
        versions={"torch": "2.6"},
        parity={"onnx": {"heatmap": 1e-6}},
    )
    metadata.save(tmp_path)
    return metadata


def edit(folder: Path, **changes: Any) -> None:
    path = folder / METADATA_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_saved_is_loaded(metadata: ModelMetadata, tmp_path: Path) -> None:
    assert ModelMetadata.load(tmp_path, [WEIGHTS_FILE]) == metadata


def test_order_of_outputs_is_kept(metadata: ModelMetadata, tmp_path: Path) -> None:
    backwards = dict(reversed(metadata.outputs.items()))
    replace(metadata, outputs=backwards).save(tmp_path)
    assert list(ModelMetadata.load(tmp_path).outputs) == list(backwards)


def test_folder_without_metadata(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"metadata\.json: not readable .*export"):
        ModelMetadata.load(tmp_path)


def test_file_in_place_of_a_folder(metadata: ModelMetadata, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a file; give a folder"):
        ModelMetadata.load(tmp_path / WEIGHTS_FILE)


@pytest.mark.parametrize("text", ["", "{", "[]", "\0"])
def test_metadata_that_is_no_json_object(metadata: ModelMetadata, tmp_path: Path, text: str) -> None:
    (tmp_path / METADATA_FILE).write_text(text)
    with pytest.raises(ModelError, match=r"metadata\.json"):
        ModelMetadata.load(tmp_path)


@pytest.mark.parametrize("key", ["model", "skeleton", "input_size", "outputs", "files", "normalisation", "probability"])
def test_missing_key_is_named(metadata: ModelMetadata, key: str) -> None:
    values = metadata.to_dict()
    del values[key]
    with pytest.raises(ModelError, match=f"'{key}' is missing"):
        ModelMetadata.from_dict(values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_size": "wide"}, "wide"),
        ({"input_size": 0}, "input_size"),
        ({"files": []}, "items"),
        ({"files": {"a": {"sha": 1}}}, "sha"),
        ({"skeleton": {"keypoints": []}}, "at least one"),
        ({"normalisation": "BGR 0..1"}, "BGR"),
        ({"outputs": []}, "none"),
        ({"outputs": [{"name": "heatmap", "shape": [17, 16]}]}, "unpack"),
    ],
)
def test_wrong_value_is_explained(
    metadata: ModelMetadata, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    edit(tmp_path, **changes)
    with pytest.raises(ModelError, match=message):
        ModelMetadata.load(tmp_path)


def test_outputs_must_fit_the_skeleton(metadata: ModelMetadata) -> None:
    with pytest.raises(ModelError, match="'heatmap' has shape"):
        replace(metadata, outputs=head_shapes(COCO17.num_keypoints - 1, 16))


def test_file_that_the_export_did_not_write(metadata: ModelMetadata, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"without 'other\.bin'; it has: model\.bin"):
        ModelMetadata.load(tmp_path, ["other.bin"])


def test_missing_file(metadata: ModelMetadata, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_FILE).unlink()
    with pytest.raises(ModelError, match="missing"):
        ModelMetadata.load(tmp_path, [WEIGHTS_FILE])


def test_file_that_nobody_needs_may_be_missing(metadata: ModelMetadata, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_FILE).unlink()
    assert ModelMetadata.load(tmp_path) == metadata


def test_truncated_file(metadata: ModelMetadata, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_FILE).write_bytes(b"wei")
    with pytest.raises(ModelError, match="3 bytes, but 7"):
        ModelMetadata.load(tmp_path, [WEIGHTS_FILE])


def test_changed_file(metadata: ModelMetadata, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS_FILE).write_bytes(b"Weights")
    with pytest.raises(ModelError, match="SHA-256"):
        ModelMetadata.load(tmp_path, [WEIGHTS_FILE])
