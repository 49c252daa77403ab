"""WireMock, from npm's ``wiremock``, which carries the jar."""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchmarks.asking import Request, Response, ask
from benchmarks.installing import Cache
from benchmarks.loads import LOADS, Load

from .peer import Peer, Place

VERSION = "3.13.2"


class WireMock(Peer):
    """As installed: its journal is on, and keeps everything until it is emptied."""

    name = "WireMock"
    note = "Static stubs, no templating, no state. As installed: journal on. The journal is emptied between runs."
    seconds = 2
    warm_up = 8  # of four loads: half a minute
    options: tuple[str, ...] = ()
    has_journal = True

    def install(self, cache: Cache) -> str:
        """The jar."""
        cache.needs("java")
        self.jar = next(cache.npm("wiremock", VERSION).glob("build/wiremock-standalone-*.jar"))
        return VERSION

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:
        """A mapping for each load, by method and path."""
        mappings = place.folder / "mappings"
        mappings.mkdir(parents=True, exist_ok=True)
        for load in LOADS:
            request, response = load.requests()[0], responses[load.name]
            stub = {
                "request": {"method": request.method, "urlPath": request.target.partition("?")[0]},
                "response": {"status": response.status, "headers": response.own_headers, "body": response.text},
            }
            (mappings / f"{load.name}.json").write_text(json.dumps(stub), encoding="utf-8")

    def command(self, place: Place) -> list[str]:
        """The jar, as its npm launcher does."""
        return [
            "java",
            "-jar",
            str(self.jar),
            "--port",
            str(place.port),
            "--root-dir",
            str(place.folder),
            *self.options,
        ]

    def before(self, port: int, load: Load) -> None:  # noqa: ARG002 - one shape for all peers
        """Empty the journal, as a tester does between tests; unbounded, it would fill the heap."""
        if self.has_journal:
            ask(port, Request("DELETE", "/__admin/requests"))


class WireMockOff(WireMock):
    """With everything off that its manual says to switch off for performance."""

    name = "WireMock, journal off"
    note = "Static stubs, no templating, no state; --no-request-journal --disable-request-logging."
    options = ("--no-request-journal", "--disable-request-logging")
    has_journal = False
