"""The control API: requests that schemathesis makes from the server's own OpenAPI description, in a world of each session.

Afterwards everything that the world holds is shown: each resource, each page of the web page, each recorded exchange.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.core.failures import FailureGroup

from . import operations, pages, values, wire
from .wire import Slow, Wrong

if TYPE_CHECKING:
    from .server import FuzzedServer

EXAMPLES = 15
"""Requests of one session for one operation."""
OPERATIONS = 4
"""Operations of one session."""
DAMAGED = 150
"""Requests of one session that are sent again with something changed."""
FORMS = 6
"""Forms and parts of the page of one session."""
PATHS = ("/", "//", "/x", "%00", "%2f..", "?a", ".json", "/" + "9" * 400, ";a", "%FF", "/../clock")
ENDLESS = "GET /_mock/worlds/{world}/events"
"""The stream of events, which has no end."""
INBOUND: tuple[Mapping[str, Any], ...] = (
    {"provider": "dialogtech", "account": "demo", "sender": "5556667777", "recipient": "3125550142", "text": "yes"},
    {
        "provider": "mgage",
        "account": "demo",
        "program": "141501",
        "sender": "5556667777",
        "recipient": "12345",
        "text": "JOIN",
    },
    {
        "provider": "serwersms",
        "account": "demo",
        "kind": "ndi",
        "sender": "+48500600700",
        "recipient": "+48664078101",
        "text": "tak",
    },
)
PARTS = (
    "accounts", "clock", "variants", "faults", "messages", "messages?limit=1&since=0", "deliveries", "journal",
    "journal?limit=2", "coverage", "snapshot",
)  # fmt: skip


class Sent(NamedTuple):
    """A request that was sent."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any


class ControlApi:
    """The control API of a server as schemathesis reads it."""

    def __init__(self, server: FuzzedServer) -> None:
        self._server = server
        description = schemathesis.openapi.from_url(f"{server.url}/_mock/openapi.json")
        found = [each.ok() for each in description.get_all_operations()]
        self._operations = [each for each in found if each.label != ENDLESS]
        self._cases: dict[tuple[str, GenerationMode], Any] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        self.count = 0
        """Requests that were sent."""
        self.slowest = 0.0
        """Seconds of the slowest answer of the latest session."""

    def run(self, chance: Random) -> None:
        """Run one session.

        Raises:
            Wrong: a response is not as described, is HTML, or is a 500.
            Slow: there was none in time.
        """
        self.slowest = 0.0
        sent: list[Sent] = []
        kept = self._worlds()
        world = self._create_world(chance)
        try:
            self._fill(chance, world)
            for _ in range(OPERATIONS):
                mode = chance.choice((GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
                self._ask(chance.choice(self._operations), mode, world, chance.getrandbits(64), sent)
            for _ in range(DAMAGED if sent else 0):
                self._send_damaged(chance, chance.choice(sent))
            for _ in range(FORMS):
                self.count += 1
                self._note(pages.submit(self._server, chance, world))
            self.show_everything(world)
        finally:
            for each in self._worlds() - kept:
                self._server.call("DELETE", f"/_mock/worlds/{quote(each, safe='')}")

    def _note(self, seconds: float) -> None:
        self.count += 1
        self.slowest = max(self.slowest, seconds)

    def _worlds(self) -> set[str]:
        return {world["id"] for world in self._server.call("GET", "/_mock/worlds")[1]["worlds"]}

    def _create_world(self, chance: Random) -> str:
        choices: Mapping[str, Any] = {"fixture": chance.choice(("small", "demo"))}
        if values.is_true(chance, 0.5):
            choices |= {
                "freeze": chance.choice(("2026-06-01T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"))
            }
        status, found = self._server.call("POST", "/_mock/worlds", choices)
        if status != 201:
            raise Wrong(f"a world could not be created: {status} {found}")
        return str(found["id"])

    def _fill(self, chance: Random, world: str) -> None:
        """Let something happen in the world, so that there is something to ask about."""
        for inbound in INBOUND:
            if values.is_true(chance, 0.7):
                self._server.call("POST", f"/_mock/worlds/{world}/inbound", inbound)
        line = wire.Line(self._server)
        for _ in range(chance.randrange(8)):
            asked = operations.request(chance)
            if len(asked.raw) < 100_000:
                with contextlib.suppress(Wrong):  # the other kinds judge these
                    line.ask(asked.head.replace(b" /", f" /_w/{world}/".encode(), 1) + asked.body, asked.method)
        line.close()

    def _ask(self, operation: Any, mode: GenerationMode, world: str, seed: int, sent: list[Sent]) -> None:
        label = operation.label
        if (label, mode) not in self._cases:
            self._cases[label, mode] = operation.as_strategy(generation_mode=mode)

        @hypothesis.seed(seed)
        @given(case=self._cases[label, mode])
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            derandomize=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def each(case: Any) -> None:
            _bound(case, label, world)
            sent.append(self._send(case, label))

        try:
            each()
        except (Wrong, Slow):
            raise
        except hypothesis.errors.Unsatisfiable:
            return  # nothing that it is asked for can be wrong
        except (Exception, FailureGroup) as error:
            raise Wrong(f"{label} ({mode.name.lower()}): {without_boxes(error)}") from error

    def _send(self, case: Any, label: str) -> Sent:
        try:
            response = case.call(session=self._session, timeout=wire.PATIENCE)
        except requests.Timeout:
            raise Slow(f"{label}: no answer for {wire.PATIENCE:.0f} s") from None
        if response.status_code >= 500:
            raise Wrong(f"{label}: status {response.status_code}: {case.as_curl_command()}")
        self._note(response.elapsed)
        # Which data are right is decided by contract_tests/admin/test_openapi.py.
        case.validate_response(response, excluded_checks=[negative_data_rejection, positive_data_acceptance])
        return Sent(
            case.method, case.formatted_path, dict(case.query), case.body if isinstance(case.body, dict | list) else {}
        )

    def _send_damaged(self, chance: Random, sent: Sent) -> None:
        """Send a request again with something of it changed."""
        method, path, query, body = sent
        if path.endswith(("/wait", "/wait/idle")):
            return
        if query and values.is_true(chance, 0.5):
            query = {**query, chance.choice(list(query)): values.text(chance)}
        raw = values.json_bytes(chance, values.damaged(chance, body))
        if values.is_true(chance, 0.1):
            path = f"{path}{chance.choice(PATHS)}"
        try:
            response = self._session.request(
                method,
                f"{self._server.url}{path}",
                params=_portable(query),
                data=raw,
                timeout=wire.PATIENCE,
                allow_redirects=False,
            )
        except requests.Timeout:
            raise Slow(f"{method} {path}: no answer for {wire.PATIENCE:.0f} s") from None
        self._note(response.elapsed.total_seconds())
        if response.status_code >= 500 or "html" in response.headers.get("Content-Type", ""):
            raise Wrong(f"{method} {path} {query} {raw!r:.500}: {response.status_code} {response.content!r:.300}")

    # -- what was recorded can be shown

    def show_everything(self, world: str) -> None:
        """Ask for everything that a world holds.

        Raises:
            Wrong: something cannot be shown.
        """
        for path in self._addresses(world):
            self.count += 1
            status, found = self._server.call("GET", path)
            if status >= 500 or (status >= 400 and isinstance(found, bytes)):
                raise Wrong(f"GET {path}: status {status}: {found!r:.300}")

    def _addresses(self, world: str) -> Iterator[str]:
        root = f"/_mock/worlds/{world}"
        yield "/_mock/worlds"
        for part in PARTS:
            yield f"{root}/{part}"
        for section in pages.SECTIONS:
            yield f"/_mock/ui/worlds/{world}/{section}"
        _, journal = self._server.call("GET", f"{root}/journal?limit=25")
        for exchange in journal.get("exchanges", ()) if isinstance(journal, dict) else ():
            yield f"{root}/journal/{exchange['number']}"
            yield f"/_mock/ui/worlds/{world}/exchanges/{exchange['number']}"


def _bound(case: Any, label: str, world: str) -> None:
    """Let a request be about the session's world, and wait for nothing."""
    if "world" in case.path_parameters and label != "DELETE /_mock/worlds/{world}":
        case.path_parameters["world"] = world
    if label.endswith("/wait"):
        case.query["timeout"] = 0
    if label.endswith("/wait/idle") and isinstance(case.body, dict):
        case.body["timeout"] = 0


def _portable(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value).encode("utf-8", "surrogatepass") for name, value in query.items()}


def without_boxes(error: BaseException) -> str:
    """Return an error's text, and those of a group, on a few lines."""
    texts = [str(each) for each in getattr(error, "exceptions", (error,))]
    return re.sub(r"\s+", " ", " / ".join(texts))[:1_200]
