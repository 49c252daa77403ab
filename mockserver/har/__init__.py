"""HAR 1.2: recorded HTTP exchanges, read from the files of other tools and written for them.

`exchange` has the one model of a recorded exchange; files are read and written as a stream of these.
"""

from .exchange import HarError, RecordedExchange

__all__ = ["HarError", "RecordedExchange"]
