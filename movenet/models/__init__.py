"""The networks: backbones, feature pyramid, heads, presets and checkpoints. Needs torch (the `train` extra)."""

from movenet.models.checkpoint import NetworkSpec, load_network, save_network
from movenet.models.heads import Heads
from movenet.models.network import MoveNet
from movenet.models.registry import build, preset_names

__all__ = ["Heads", "MoveNet", "NetworkSpec", "build", "load_network", "preset_names", "save_network"]
