"""Between two networks of one kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from movenet.cli import main
from movenet.errors import ConfigError
from movenet.models import MoveNet, NetworkSpec, load_network, save_network
from movenet.models.average import average_networks
from movenet.models.notice import notice_path
from movenet.skeleton import COCO17

SPEC = NetworkSpec("shufflenet_v2_x0_5", 64, "sigmoid", COCO17)


def network(seed: int) -> MoveNet:
    torch.manual_seed(seed)
    made = SPEC.build()
    with torch.no_grad():
        made.train()(torch.rand(4, 3, 64, 64) * 255)  # batch norms of its own
    return made.eval()


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_between(share: float) -> None:
    before, after = network(1), network(2)
    mean, spec = average_networks((before, SPEC), (after, SPEC), share)
    assert spec == SPEC
    theirs = zip(before.state_dict().items(), after.state_dict().values(), mean.state_dict().values(), strict=True)
    for (name, first), second, found in theirs:
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(found, (1 - share) * first + share * second)


@pytest.mark.parametrize("change", [{"model": "shufflenet_v2_x0_75"}, {"probability": "cheap_sigmoid"}])
def test_networks_of_different_kinds_have_no_mean(change: dict[str, str]) -> None:
    other = replace(SPEC, **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=next(iter(change))):
        average_networks((network(1), SPEC), (other.build(), other), 0.5)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        average_networks((network(1), SPEC), (network(2), SPEC), share)


def test_the_command_writes_a_checkpoint_and_its_notice(tmp_path: Path) -> None:
    before, after, output = (tmp_path / name for name in ("start.ckpt", "best.ckpt", "mean.ckpt"))
    save_network(before, network(1), SPEC)
    save_network(after, network(2), SPEC)
    notice_path(after).write_text("whose backbone it is", encoding="utf-8")
    assert main(["average", str(before), str(after), "--share", "0.25", "--output", str(output)]) == 0
    expected, _ = average_networks(load_network(before), load_network(after), 0.25)
    assert torch.equal(next(load_network(output)[0].parameters()), next(expected.parameters()))
    assert notice_path(output).read_text(encoding="utf-8") == "whose backbone it is"


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.ckpt")
    assert main(["average", missing, missing, "--output", str(tmp_path / "mean.ckpt")]) == 2
    assert main(["average", missing, missing, "--output", str(tmp_path)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert "no such checkpoint" in errors[0]
    assert "expected a file name" in errors[1]
