"""A recorded exchange: one request with its response, as an entry of a HAR file has it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mockserver.engine.instants import Instant


class RecordedExchange(Struct, frozen=True, kw_only=True):
    """A request and its response, whoever recorded them."""

    index: int
    """Its place in the recording, from 0: that of the entry in ``log.entries``."""
    started: Instant
    """When the request was sent, by the clock of the recording machine."""
    duration: int | None = None
    """Microseconds until the response was complete; ``None`` if the recording does not say."""
    method: str
    """In capitals."""
    url: str
    """The absolute URL, as it was sent to the provider: the provider's own host, whatever server stood in for it."""
    http_version: str = "HTTP/1.1"
    request_headers: tuple[tuple[str, str], ...] = ()
    """Name and value in the order in which they were sent."""
    request_body: bytes = b""
    status: int = 0
    """0 if there was no response."""
    reason: str = ""
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes = b""
    """Without its content coding, such as gzip."""
    missing: tuple[str, ...] = ()
    """What the recording lacks of this exchange, a sentence for each, such as ``the response body was not recorded``."""


def find_header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return the value of the first header of a name, which is given in lower case; empty if there is none."""
    return next((value for key, value in headers if key.lower() == name), "")


class HarError(ValueError):
    """A file is not a HAR file, or one of its entries cannot be read."""

    def __init__(self, message: str, *, index: int | None = None, path: str = "") -> None:
        """Create one.

        Args:
            message: what is wrong, in a sentence without its place.
            index: the index of the entry; ``None`` if the complaint is about the whole file.
            path: the JSON path in the file, such as ``log.entries[3].request.url``.
        """
        super().__init__(f"{path}: {message}" if path else message)
        self.index, self.path = index, path
