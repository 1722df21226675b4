"""Half precision where the hardware has units for it."""

from __future__ import annotations

import logging

import pytest
import torch

from movenet.training.precision import chosen_precision


def with_cpu(monkeypatch: pytest.MonkeyPatch, *units: str) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(units, True), raising=False)


@pytest.mark.parametrize("unit", ["avx512_bf16", "amx_bf16", "bf16"])
def test_auto_is_half_on_a_cpu_with_units(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cpu(monkeypatch, "avx2", unit)
    assert chosen_precision("auto", "cpu") == "bf16-mixed"


def test_auto_is_single_on_a_cpu_without(monkeypatch: pytest.MonkeyPatch) -> None:
    with_cpu(monkeypatch, "avx2", "avx512_f")
    assert chosen_precision("auto", "cpu") == "32-true"
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # a torch that does not tell
    assert chosen_precision("auto", "cpu") == "32-true"


@pytest.mark.parametrize(("supported", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
@pytest.mark.parametrize("accelerator", ["auto", "gpu"])
def test_auto_asks_the_gpu(accelerator: str, supported: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cpu(monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: supported and not including_emulation
    )
    assert chosen_precision("auto", accelerator) == expected


def test_what_was_asked_for_stays_and_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with_cpu(monkeypatch, "avx2")
    with caplog.at_level(logging.WARNING):
        assert chosen_precision("32-true", "cpu") == "32-true"
        assert not caplog.messages
        assert chosen_precision("bf16-mixed", "cpu") == "bf16-mixed"
    assert "no bfloat16 units: hardware.precision 32-true" in caplog.text
