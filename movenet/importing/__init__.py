"""Google's published MoveNet SinglePose (Lightning and Thunder) as networks of ours. Needs torch.

One reader a file format gives a graph (`movenet.importing.graph`); one mapping finds our network in it. Only the
weights are taken over: Google's decode is the same rule as `movenet.decoding`'s.
"""

from movenet.importing.google import import_google
from movenet.importing.notice import write_notice

__all__ = ["import_google", "write_notice"]
