"""A response of another server, which is sent to the client byte for byte as it comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.sdk.response import PendingResponse

if TYPE_CHECKING:
    from mockserver.http.response_writer import RelayWriter


class RelayedResponse(PendingResponse):
    """A response of another server. Its methods are called on the event loop, where it must call the writer too."""

    def begin(self, writer: RelayWriter) -> None:
        """Start to receive the response, and pass it to a writer."""
        raise NotImplementedError

    def drained(self) -> None:
        """Go on: the client has read what was written."""
        raise NotImplementedError
