"""The identifiers in a request's headers by which its client finds it again in its own logs and traces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
"""W3C Trace Context: version, trace id, parent id and flags; later versions may append parts. Version ff and ids of zeros are invalid."""


class Correlation(NamedTuple):
    """What a request says of itself; each is ``None`` when the header is missing."""

    request_id: str | None = None
    """The text of ``X-Request-Id``."""
    traceparent: str | None = None
    """The text of ``traceparent``."""
    trace_id: str | None = None
    """The trace id in ``traceparent``; ``None`` where that is not as W3C Trace Context says."""
    world_header: str | None = None
    """The id of a world in ``X-Mockserver-World``."""


_FIELDS = {"x-request-id": "request_id", "traceparent": "traceparent", "x-mockserver-world": "world_header"}


def read_correlation(head: Iterable[tuple[str, str]]) -> Correlation:
    """Return what a request's headers say; of several headers of one name, the first counts."""
    found: dict[str, str] = {}
    for name, value in head:
        field = _FIELDS.get(name.lower())
        if field is not None:
            found.setdefault(field, value)
    trace = _TRACEPARENT.fullmatch(found.get("traceparent", ""))
    return Correlation(**found, trace_id=None if trace is None else trace[1])
