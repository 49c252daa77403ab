"""A webhook receiver whose response a scenario sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mockserver.http.listener import Server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Receiver(Server):
    """A webhook receiver on a free port of this machine, used in a ``with`` block."""

    def __init__(self, status: int = 200, body: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self._respond)
        self.status = status
        """The HTTP status of its responses."""
        self.body = body
        """The body; ``None``: ``OK``, or with an error status the status in words."""
        self.headers = headers or {}

    def change(self, answer: Mapping[str, Any]) -> None:
        """Change the response from now on: ``status``, ``body`` and ``headers``, those that are given.

        A new status without a body has the body of that status.
        """
        self.status = answer.get("status", self.status)
        self.body = answer.get("body", None if "status" in answer else self.body)
        self.headers = answer.get("headers", self.headers)

    def _respond(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reason = _REASONS.get(self.status, "Unknown")
        body = (("OK" if self.status < 300 else reason) if self.body is None else self.body).encode()
        headers = {"Content-Type": "text/plain; charset=utf-8", **self.headers, "Content-Length": str(len(body))}
        start_response(f"{self.status} {reason}", [*headers.items()])
        return [body]
