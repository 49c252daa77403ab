"""Writes recordings for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mockserver.har.exchange import RecordedExchange
from mockserver.har.writer import HarWriter


def write_har(path: Path, exchanges: Iterable[RecordedExchange]) -> Path:
    """Write exchanges to a HAR file, and return its path."""
    with path.open("wb") as file, HarWriter(file) as writer:
        for each in exchanges:
            writer.write(each)
    return path
