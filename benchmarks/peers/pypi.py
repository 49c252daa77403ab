"""The peers that come from PyPI: moto's server and pytest-httpserver, in an environment of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.asking import Request, Response, ask
from benchmarks.installing import Cache
from benchmarks.loads import FORM, LOADS, LONG_PAGE, PAGE, RECIVED, SEND, Load

from .peer import Peer, Place

MOTO, PYTEST_HTTPSERVER = "5.2.5", "1.2.0"
PACKAGES = (f"moto[server]=={MOTO}", f"pytest-httpserver=={PYTEST_HTTPSERVER}")


def _signed(service: str) -> tuple[str, str]:
    """What tells moto which service is asked; it checks no signature unless asked to."""
    scope = f"measured/20260101/us-east-1/{service}/aws4_request"
    return "Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def _logs(action: str, body: dict[str, Any]) -> Request:
    headers = (
        ("Content-Type", "application/x-amz-json-1.1"),
        ("X-Amz-Target", f"Logs_20140328.{action}"),
        _signed("logs"),
    )
    return Request("POST", "/", json.dumps(body).encode(), headers)


class Moto(Peer):
    """moto_server: a stateful double of other services, so it is asked for what comes nearest there."""

    name = "moto"
    note = (
        "Keeps state, but AWS's: a send is SNS Publish to a phone number (XML); pages and the four items are CloudWatch Logs"
        " GetLogEvents with a limit, of a stream with 500 messages, each as JSON."
    )
    first = SEND
    _stream: ClassVar = {"logGroupName": "messages", "logStreamName": "incoming"}
    _sizes: ClassVar[Mapping[str, int]] = {PAGE.name: 50, LONG_PAGE.name: 500, RECIVED.name: 4}

    def install(self, cache: Cache) -> str:
        """From PyPI."""
        self.program = str(cache.python(PACKAGES) / "moto_server")
        return MOTO

    def command(self, place: Place) -> list[str]:
        """moto_server."""
        return [self.program, "--port", str(place.port)]

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:  # noqa: ARG002 - one shape for all peers
        """Remember what it is to hold: as many messages as the longest page has."""
        self._held = json.loads(responses[LONG_PAGE.name].body)["data"]["messages"]

    def prepare(self, port: int) -> None:
        """Make the stream."""
        group = {"logGroupName": self._stream["logGroupName"]}
        now = time.time_ns() // 1_000_000
        events = [
            {"timestamp": now - 60_000 + place, "message": json.dumps(message)}
            for place, message in enumerate(self._held)
        ]
        for request in (
            _logs("CreateLogGroup", group),
            _logs("CreateLogStream", self._stream),
            _logs("PutLogEvents", {**self._stream, "logEvents": events}),
        ):
            response = ask(port, request)
            assert response.status == 200, response

    def requests(self, load: Load) -> list[Request]:
        """AWS's requests."""
        if load is SEND:
            publish = b"Action=Publish&Version=2010-03-31&PhoneNumber=%2B15556667777&Message=Thank+you+for+calling."
            return [Request("POST", "/", publish, (*FORM, _signed("sns")))]
        return [_logs("GetLogEvents", {**self._stream, "limit": self._sizes[load.name], "startFromHead": True})]

    def is_right(self, load: Load, response: Response, recorded: Response) -> bool:  # noqa: ARG002 - one shape for all peers
        """As many events as were asked for, or a message's identifier."""
        if load is SEND:
            return response.status == 200 and "<MessageId>" in response.text
        return response.status == 200 and len(json.loads(response.body)["events"]) == self._sizes[load.name]


class PytestHttpserver(Peer):
    """pytest-httpserver, in a process of its own."""

    name = "pytest-httpserver"
    note = (
        "A library: served by a program of ours. Static handlers, no state; keeps every request and answer in its log."
    )

    def install(self, cache: Cache) -> str:
        """From PyPI."""
        self.python = str(cache.python(PACKAGES) / "python")
        return PYTEST_HTTPSERVER

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:
        """What httpserver_program.py reads."""
        handlers = [
            {
                "method": load.requests()[0].method,
                "path": load.requests()[0].target.partition("?")[0],
                "headers": responses[load.name].own_headers,
                "body": responses[load.name].text,
            }
            for load in LOADS
        ]
        (place.folder / "handlers.json").write_text(json.dumps(handlers), encoding="utf-8")

    def command(self, place: Place) -> list[str]:
        """Our program, its server."""
        program = str(Path(__file__).with_name("httpserver_program.py"))
        return [self.python, program, str(place.port), str(place.folder / "handlers.json")]
