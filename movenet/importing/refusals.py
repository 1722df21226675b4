"""What more than one reader refuses."""

from __future__ import annotations

from movenet.errors import ModelError


def int8_error() -> ModelError:
    """The error for a quantised file."""
    return ModelError(
        "its weights are int8: Google's int8 files quantise the decode too, in steps of most of a pixel; import the "
        "float16 file and quantise afterwards"
    )
