"""A world that plays the real provider: it is asked in this process, and all that is said is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from contract_tests.installed import CALLBACKS, INSTALLED, PROVIDERS, VARIANTS
from mockserver import worldfile
from mockserver.admin.endpoint import world_file_rules
from mockserver.app import build_service, read_fixture
from mockserver.engine.accounts import Account
from mockserver.engine.clock import Clock
from mockserver.engine.instants import SECOND, Instant, parse_instant
from mockserver.engine.registry import DEFAULT, WorldRegistry
from mockserver.har.exchange import RecordedExchange
from mockserver.http.request import HttpRequest
from mockserver.recordings.deciding import PlayedResponse, PreparedRequest
from mockserver.sdk.response import Offload, Response

NOON = parse_instant("2026-06-01T12:00:00Z")


class Upstream:
    """A provider's server with a frozen clock, and the recording of what it was asked."""

    def __init__(
        self,
        provider: str,
        variants: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
        at: Instant = NOON,
        seed: str = DEFAULT,
    ) -> None:
        """Create one with the default world, or that of a document of the form of a world file.

        Args:
            provider: the provider that it is asked as.
            variants: the switches that differ from the defaults.
            document: the world.
            at: the instant of its clock.
            seed: the seed of the identifiers that it makes up.
        """
        rules = world_file_rules(PROVIDERS, INSTALLED.switches)
        fixture = read_fixture() if document is None else worldfile.parse(document, rules)
        fixture = replace(fixture, variants={**fixture.variants, **(variants or {})})
        self.registry = WorldRegistry(fixture, VARIANTS, clock=Clock.frozen(at), seed=seed, providers=CALLBACKS)
        self.world = self.registry.default
        self.host = INSTALLED.by_name[provider].hosts[0]
        self.accounts: Sequence[Account] = [each for each in fixture.accounts if each.provider == provider]
        self.recording: list[RecordedExchange] = []
        self._service = build_service(registry=self.registry)

    def let_pass(self, seconds: float) -> None:
        """Let time pass; what is due on the way happens."""
        self.world.advance(by=round(seconds * SECOND))

    def ask(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> RecordedExchange:
        """Send a request, record it with its response, and return both."""
        path, _, query = target.partition("?")
        sent = (("Host", self.host), *headers)
        request = HttpRequest(
            method,
            target,
            unquote_to_bytes(path).decode("latin-1"),
            query,
            headers=sent,
            fields={name.lower(): value for name, value in sent},
            scheme="https",
            body=body,
        )
        started = self.world.instant()
        answer: Any = self._service.handler.respond(request, is_on_loop=False)
        while isinstance(answer, Offload):
            answer = answer.compute()
        assert isinstance(answer, Response)
        exchange = RecordedExchange(
            index=len(self.recording),
            started=started,
            method=method,
            url=f"https://{self.host}{target}",
            request_headers=sent,
            request_body=body,
            status=answer.status,
            response_headers=answer.headers,
            response_body=answer.body,
        )
        self.recording.append(exchange)
        return exchange

    def send(self, request: PreparedRequest) -> PlayedResponse:
        """Send a deciding request; see `deciding.Send`."""
        if request.after:
            self.let_pass(request.after)
        answer = self.ask(request.method, request.target, request.headers, request.body)
        return PlayedResponse(answer.status, answer.response_headers, answer.response_body)
