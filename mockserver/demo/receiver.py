"""A webhook receiver that fails until it is repaired."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from mockserver.http.listener import Server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class Receiver(Server):
    """A webhook receiver on a free port of this machine, used in a ``with`` block."""

    def __init__(self) -> None:
        super().__init__(self._respond)
        self.is_repaired = False
        self.texts: list[str] = []
        """The texts of the messages that it has received."""

    def repair(self) -> None:
        """Make it respond with success from now on."""
        self.is_repaired = True

    def _respond(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, body = "500 Internal Server Error", b"Traceback (most recent call last): ..."
        if self.is_repaired:
            self.texts += parse_qs(environ["QUERY_STRING"]).get("text", [])
            status, body = "200 OK", b"OK"  # 004: the response that acknowledges
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
