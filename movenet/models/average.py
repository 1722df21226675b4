"""The mean of two networks' weights.

A network that was trained on from another one lies in the same valley of the loss. Between the two it is often better
than either: it has learnt the new data and forgotten less of the old (Wortsman et al. 2022, "Robust Fine-Tuning of
Zero-Shot Models", section 3: "WiSE-FT").
"""

from __future__ import annotations

from movenet.errors import ConfigError
from movenet.models.checkpoint import NetworkSpec
from movenet.models.network import MoveNet


def average_networks(
    before: tuple[MoveNet, NetworkSpec], after: tuple[MoveNet, NetworkSpec], share: float
) -> tuple[MoveNet, NetworkSpec]:
    """Weights and batch norms between those of two networks; the description is the second one's.

    Args:
        before, after: networks and their descriptions; one trained on from the other.
        share: of `after`, 0..1.

    Raises:
        ConfigError: if the share lies outside, or the networks are of different kinds.
    """
    (first, first_spec), (second, second_spec) = before, after
    if not 0 <= share <= 1:
        raise ConfigError(f"the share must lie between 0 and 1, not be {share:g}")
    for name in ("model", "probability", "skeleton"):
        if getattr(first_spec, name) != getattr(second_spec, name):
            raise ConfigError(f"only networks with the same {name} have a mean; train one of them on from the other")
    # (Batch norms also count their steps, in whole numbers.)
    of_second = second.state_dict()
    mean = {
        name: value.lerp(of_second[name], share) if value.is_floating_point() else of_second[name]
        for name, value in first.state_dict().items()
    }
    network = second_spec.build()
    network.load_state_dict(mean)
    return network.eval(), second_spec
