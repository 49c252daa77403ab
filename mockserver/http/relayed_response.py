"""A response that another server gives, and that is sent as it comes in, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.sdk.response import PendingResponse

if TYPE_CHECKING:
    from mockserver.http.response_writer import RelayWriter


class RelayedResponse(PendingResponse):
    """A response that another server gives. Its methods are called on the event loop, and so must it call the writer."""

    def begin(self, writer: RelayWriter) -> None:
        """Start to get the response, and give it to a writer."""
        raise NotImplementedError

    def drained(self) -> None:
        """Go on: the client has read what was written."""
        raise NotImplementedError
