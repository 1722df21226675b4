"""The package's own exceptions.

Each is raised where the fact is known and says in one line what was expected, what came, and what to do.
`movenet.cli` alone turns them into a message and exit status 2.
"""


class MovenetError(Exception):
    """Base of every error that a user can mend: bad input, bad file, missing package."""


class ConfigError(MovenetError):
    """A configuration value is unknown, of the wrong type or outside its range."""


class SkeletonError(MovenetError):
    """A skeleton definition contradicts itself."""


class DataError(MovenetError):
    """An annotation file or an image cannot be used."""


class ModelError(MovenetError):
    """A checkpoint, an exported model or its metadata cannot be used."""


class DecodeError(MovenetError, ValueError):
    """The decoder was given arrays of the wrong shape, dtype or rank."""


class RuntimeUnavailableError(MovenetError):
    """The run-time is unknown, or its package is not installed."""


class SourceError(MovenetError):
    """A picture, folder, video, camera or stream cannot be opened."""
