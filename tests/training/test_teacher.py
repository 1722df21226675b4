"""Teachers answer for the student's crops on the student's grid, believed as far as they agree with themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from movenet.errors import ConfigError
from movenet.losses import DistillationConfig
from movenet.models import Heads, MoveNet, NetworkSpec, build, save_network
from movenet.skeleton import COCO17, Skeleton
from movenet.training.teacher import Teachers

SPEC = NetworkSpec("mobilenet_v2_x1_0", 64, "sigmoid", COCO17)


@pytest.fixture(scope="module")
def network() -> MoveNet:
    """Lively: a fresh one answers the same everywhere."""
    torch.manual_seed(0)
    network = build(SPEC.model, COCO17.num_keypoints)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # plain means
    network.train()(torch.rand(8, 3, 64, 64) * 255)
    network.eval()
    for head in (network.heads.heatmap, network.heads.center, network.heads.reg, network.heads.offset):
        torch.nn.init.normal_(head[-1].weight, std=0.5)  # type: ignore[arg-type]
    return network


@pytest.fixture(scope="module")
def checkpoint(network: MoveNet, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("teacher") / "teacher.ckpt"
    save_network(path, network, SPEC)
    return str(path)


def losses(config: DistillationConfig, student: MoveNet, image: torch.Tensor, view: torch.Tensor) -> dict[str, float]:
    teachers = Teachers(config, SPEC)
    with torch.no_grad():
        features = student.features(image)
        heads = Heads(*student.heads(features))
        adapters = teachers.adapters(student.pyramid.channels.fine)
        return {k: float(v) for k, v in teachers.losses(view, features.fine, heads, adapters).items()}


def test_a_student_that_is_its_teacher_pays_nothing(network: MoveNet, checkpoint: str) -> None:
    image = torch.rand(2, 3, 64, 64) * 255
    config = DistillationConfig(teachers=[checkpoint, checkpoint], features=0.0)
    assert max(losses(config, network, image, image).values()) < 1e-4
    assert min(losses(config, build(SPEC.model, COCO17.num_keypoints), image, image).values()) > 1e-4


def test_the_view_may_be_larger(network: MoveNet, checkpoint: str) -> None:
    image, view = torch.rand(2, 3, 64, 64) * 255, torch.rand(2, 3, 96, 96) * 255
    found = losses(DistillationConfig(teachers=[checkpoint], view_size=96), network, image, view)
    assert set(found) == {f"distil_{name}" for name in (*Heads._fields, "features")}
    assert all(value > 0 for value in found.values())


def test_openvino_computes_the_same(network: MoveNet, checkpoint: str) -> None:
    pytest.importorskip("openvino", reason="the extra `distil` is not installed")
    student = build(SPEC.model, COCO17.num_keypoints).eval()
    image, view = torch.rand(2, 3, 64, 64) * 255, torch.rand(2, 3, 96, 96) * 255

    def all_losses(openvino: bool) -> dict[str, float]:
        config = DistillationConfig(teachers=[checkpoint], openvino=openvino, mirror=True)
        torch.manual_seed(0)  # the adapters'
        return losses(config, student, image, view)

    assert all_losses(True) == pytest.approx(all_losses(False), rel=1e-3)


def test_without_openvino_the_error_says_what_to_install(checkpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ConfigError, match="pip install openvino"):
        Teachers(DistillationConfig(teachers=[checkpoint], openvino=True), SPEC)


def test_openvino_is_refused_beside_a_gpu(checkpoint: str) -> None:
    pytest.importorskip("openvino", reason="the extra `distil` is not installed")
    teachers = Teachers(DistillationConfig(teachers=[checkpoint], openvino=True), SPEC)
    teachers.to(torch.device("cpu"))
    with pytest.raises(ConfigError, match="on a CPU"):
        teachers.to(torch.device("cuda"))


def test_a_student_of_large_features_starts_at_what_means_cost(checkpoint: str) -> None:
    image = torch.rand(4, 3, 64, 64) * 255
    teachers = Teachers(DistillationConfig(teachers=[checkpoint], features=1.0), SPEC)
    student = build(SPEC.model, COCO17.num_keypoints).eval()
    with torch.no_grad():
        features = student.features(image)
        heads = Heads(*student.heads(features))
        adapters = teachers.adapters(student.pyramid.channels.fine)
        found = teachers.losses(image, 50 + 100 * features.fine, heads, adapters)["distil_features"]
    assert 0.5 < float(found) < 2.0


def test_a_teacher_that_contradicts_its_mirrored_self_teaches_less(network: MoveNet, checkpoint: str) -> None:
    image = torch.rand(2, 3, 64, 64) * 255
    student = build(SPEC.model, COCO17.num_keypoints).eval()

    def heatmap_loss(disagreement_unit: float) -> float:
        config = DistillationConfig(teachers=[checkpoint], mirror=True, disagreement_unit=disagreement_unit)
        return losses(config, student, image, image)["distil_heatmap"]

    # A network of random weights does not know that left and right are alike: its two answers are far apart.
    assert 0 < heatmap_loss(0.05) < 0.2 * heatmap_loss(100.0)


def test_other_keypoints(tmp_path: Path) -> None:
    three = Skeleton(("head", "left_hand", "right_hand"), (("left_hand", "right_hand"),), (), (0.1, 0.1, 0.1))
    spec = NetworkSpec("shufflenet_v2_x0_5", 64, "sigmoid", three)
    save_network(tmp_path / "three.ckpt", spec.build(), spec)
    with pytest.raises(ConfigError, match="keypoints"):
        Teachers(DistillationConfig(teachers=[str(tmp_path / "three.ckpt")]), SPEC)
