"""Run-times: an RGB picture of the input's size in, the four heads out, whatever library does the work."""

from movenet.runtimes.base import HeadArrays, Runtime, create_runtime, default_runtime, runtime_names

__all__ = ["HeadArrays", "Runtime", "create_runtime", "default_runtime", "runtime_names"]
