"""The traffic of one client process: what it asks for is drawn by a seeded generator, and each answer is judged."""

from __future__ import annotations

import json
import random
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode

from .connection import Answer, Broken, HttpConnection, build_request
from .figures import ECHO

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
SECTIONS = ("conversations", "exchanges", "clock", "faults", "variants", "worlds", "demos")
WATCHERS, LIFE = 4, 300
"""How many streams a client keeps open, and after how many of its requests its world is dropped, at the latest."""
FAULTS: tuple[Mapping[str, Any], ...] = (
    {"kind": "provider_error", "name": "InvalidAction"},
    {"kind": "static_response", "status": 503},
    {"kind": "malformed"},
    {"kind": "wrong_length", "by": 3},
    {"kind": "delay", "seconds": 0.02},
    {"kind": "slow", "size": 100, "pause": 0.005},
    {"kind": "reset"},
    {"kind": "close"},
    {"kind": "cut", "keep": 20},
    {"kind": "garbage"},
)
NO_HTTP = (
    b"nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
)


@dataclass(frozen=True)
class Place:
    """Where the server is, and where webhooks go."""

    port: int
    tls_port: int
    proxy_port: int
    echo_port: int
    """Where a receiver answers at once, whose times are those of the machine and of the client."""
    receivers: Mapping[str, str]


@dataclass
class Report:
    """What happened in one window."""

    times: dict[str, list[float]] = field(default_factory=dict)
    """Seconds of each request, by what it asked for."""
    errors: list[str] = field(default_factory=list)
    requests: int = 0
    worlds: int = 0
    """How many worlds were dropped."""


class Traffic:
    """One client."""

    def __init__(self, place: Place, seed: str) -> None:
        """Connect to nothing yet."""
        self._place = place
        self._random = random.Random(seed)
        self._http = HttpConnection(place.port)
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        self._https = HttpConnection(place.tls_port, tls)
        self._echo = HttpConnection(place.echo_port)
        self._watchers: deque[HttpConnection] = deque()
        self._world: dict[str, Any] = {}
        self._receiver = ""
        self._age = 0
        self.report = Report()
        actions, weights = zip(*ACTIONS.items(), strict=True)
        self._actions: tuple[Callable[[Traffic], None], ...] = actions
        self._weights: tuple[float, ...] = weights

    def run(self, until: Callable[[int], bool], worlds: float = 0) -> Report:
        """Ask until a function of the number of requests of this call says that it is enough, and report.

        Args:
            until: told how many requests were made, without those for the worlds of ``worlds``.
            worlds: how many worlds are made and dropped for each request at least; further ones are made for that alone.
        """
        report = self.report = Report()
        apart = 0
        while not until(report.requests - apart):
            while report.worlds < worlds * (report.requests - apart):
                before = report.requests
                self.replace_world()
                apart += report.requests - before
            if not self._world or self._age >= LIFE:
                self._replace_world()
            self._age += 1
            (action,) = self._random.choices(self._actions, self._weights)
            try:
                action(self)
            except Broken as reason:
                self._note(action.__name__, str(reason))
        return report

    def close(self) -> None:
        """Close all connections."""
        for each in (self._http, self._https, self._echo, *self._watchers):
            each.close()

    # -- asking --------------------------------------------------------------------------------------------------------

    def _note(self, what: str, why: str) -> None:
        if len(self.report.errors) < 20:
            self.report.errors.append(f"{what}: {why}")

    def _ask(
        self,
        what: str,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        expected: tuple[int, ...] = (200,),
        http: HttpConnection | None = None,
    ) -> Answer:
        request = build_request(method, target, body, headers)
        begun = perf_counter()
        answer = (http or self._http).ask(request)
        self.report.times.setdefault(what, []).append(perf_counter() - begun)
        self.report.requests += 1
        if answer.status not in expected:
            self._note(what, f"{method} {target[:120]}: {answer.status} {answer.body[:200]!r}")
        return answer

    def _control(self, what: str, method: str, path: str, body: Any = None, expected: tuple[int, ...] = (200,)) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        answer = self._ask(what, method, self._here(path), content, JSON, expected=expected)
        return json.loads(answer.body) if answer.body and answer.status < 300 else None

    def _here(self, path: str = "") -> str:
        return f"/_mock/worlds/{self._world['id']}{path}"

    def _provider(self, provider: str) -> tuple[str, tuple[str, str]]:
        """Return how a provider's requests reach this world, by prefix or by credential alone, and its credential."""
        login = self._world["credentials"][provider]["demo"][0]
        return self._random.choice(("", f"/_w/{self._world['id']}")), (login["user"], login["secret"])

    # -- worlds --------------------------------------------------------------------------------------------------------

    def _replace_world(self) -> None:
        """Drop the world, and make another one: empty of requests, a fork, or one from a snapshot."""
        draw = self._random.random()
        new = None
        if self._world:
            if draw < 0.3:
                new = self._control("fork", "POST", "/fork", {}, (200, 201))
            elif draw < 0.4:
                snapshot = self._control("snapshot", "GET", "/snapshot")
                new = self._make({"snapshot": snapshot, "own_credentials": True})
            self._drop()
        if draw < 0.1 and new is None:
            new = self._make({"freeze": "2026-03-29T00:59:59Z"})
        self._world = new or self._make({})
        self._age = self._random.randrange(LIFE)
        self._receiver = self._random.choice(tuple(self._place.receivers))
        url = f"{self._place.receivers[self._receiver]}?text=#WIADOMOSC#"
        self._control(
            "change an account", "PATCH", "/accounts/serwersms/demo", {"forwarding": [{"service": "nd", "url": url}]}
        )

    def _make(self, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._ask(
            "make a world", "POST", "/_mock/worlds", json.dumps(body).encode(), JSON, expected=(200, 201)
        )
        made: dict[str, Any] = json.loads(answer.body)
        return made

    def _drop(self) -> None:
        self._control("drop a world", "DELETE", "", expected=(204,))
        self._world = {}
        self.report.worlds += 1

    def replace_world(self) -> None:
        """Make a world and drop it at once."""
        mine, self._world = self._world, self._make({})
        self._drop()
        self._world = mine

    # -- providers -----------------------------------------------------------------------------------------------------

    def _number(self) -> str:
        return f"773555{self._random.randrange(10_000):04}"

    def send_dialogtech(self) -> None:
        """Send a message; the rate limits reject some."""
        prefix, (user, secret) = self._provider("dialogtech")
        fields = {
            "action": "sms.send_message",
            "access_key": user,
            "secret_access_key": secret if self._random.random() < 0.9 else f"wrong-{self._random.random()}",
            "from": self._random.choice(("7735550190", "7735550191")),
            "to": self._number(),
            "message": f"Your table is ready {self._random.random()}",
        }
        self._ask("DialogTech send", "POST", f"{prefix}/ibp_api.php", urlencode(fields).encode(), FORM)

    def read_dialogtech(self) -> None:
        """List messages or numbers."""
        prefix, (user, secret) = self._provider("dialogtech")
        fields = {"access_key": user, "secret_access_key": secret}
        if self._random.random() < 0.5:
            more = {"action": "sms.get_numbers"}
        else:
            more = {"action": "sms.get_messages", "start_date": "20260101", "end_date": "20261231"}
        self._ask("DialogTech read", "GET", f"{prefix}/ibp_api.php?{urlencode({**fields, **more})}")

    def read_mgage(self) -> None:
        """Read a page of a program, or one that is rejected."""
        prefix, (user, secret) = self._provider("mgage")
        program = self._random.choice(("141501", "141501", "141501", "999"))
        query = self._random.choice(("", "?pageSize=50", "?pageSize=500&page=2", "?startDate=x"))
        token = b64encode(f"{user}:{secret}".encode()).decode()
        self._ask(
            "mGage page",
            "GET",
            f"{prefix}/api/messages/program/{program}{query}",
            headers={"Authorization": f"Basic {token}"},
            expected=(200, 400, 404),
        )

    def read_serwersms(self) -> None:
        """Read what was received, as JSON or XML, over HTTP or HTTPS."""
        prefix, (user, secret) = self._provider("serwersms")
        suffix = self._random.choice(("", ".json", ".xml"))
        fields = {"username": user, "password": secret, "read": self._random.choice(("0", "1")), "limit": "50"}
        http = self._https if self._random.random() < 0.2 else self._http
        self._ask(
            "SerwerSMS read", "POST", f"{prefix}/messages/recived{suffix}", urlencode(fields).encode(), FORM, http=http
        )

    def send_serwersms(self) -> None:
        """Let a message come in through the provider's own call."""
        prefix, (user, secret) = self._provider("serwersms")
        fields = {
            "username": user,
            "password": secret,
            "phone": f"+4850060{self._random.randrange(10_000):04}",
            "text": "TAK",
        }
        self._ask("SerwerSMS send_nd", "POST", f"{prefix}/messages/send_nd", urlencode(fields).encode(), FORM)

    def ask_elsewhere(self) -> None:
        """Ask for what is not there."""
        path = self._random.choice(("/nothing", "/messages/nothing", "/api/messages/program/", "//ibp_api.php"))
        self._ask("unknown path", "GET", path, expected=(200, 400, 401, 404, 405))

    # -- control API ---------------------------------------------------------------------------------------------------

    def receive(self) -> None:
        """Let a message come in, which is forwarded to a receiver."""
        message: dict[str, Any] = {
            "provider": "serwersms",
            "account": "demo",
            "kind": "nd",
            "sender": f"+4850070{self._random.randrange(10_000):04}",
            "text": "Tak",
        }
        if self._random.random() < 0.2:
            message["in"] = self._random.randrange(1, 4_000)
        self._control("inbound", "POST", "/inbound", message, (200, 201))

    def move_clock(self) -> None:
        """Freeze the clock, let it go, or advance it."""
        draw = self._random.random()
        if self._receiver == "hanging" and self._random.random() < 0.95:
            draw /= 2.5  # an advance waits for the attempts that it begins, which is seconds
        if draw < 0.2:
            self._control("clock", "PUT", "/clock", {"frozen": True})
        elif draw < 0.4:
            self._control("clock", "PUT", "/clock", {"frozen": False})
        elif draw < 0.6:
            # It waits for attempts that hang, as long as one may take.
            self._control("advance to the next", "POST", "/clock/advance", {"next": True}, (200, 409))
        else:
            self._control(
                "advance", "POST", "/clock/advance", {"seconds": self._random.choice((1, 30, 300))}, (200, 409)
            )

    def read_control(self) -> None:
        """Read something of the world."""
        path = self._random.choice(
            (
                "",
                "/messages?limit=100",
                "/journal?limit=50",
                "/deliveries?limit=50",
                "/coverage",
                "/accounts",
                "/clock",
                "/faults",
            )
        )
        self._control(f"GET {path.partition('?')[0] or 'a world'}", "GET", path)

    def read_catalogue(self) -> None:
        """Read something of the server."""
        path = self._random.choice(
            ("/_mock/health", "/_mock/health", "/_mock/worlds", "/_mock/openapi.json", "/_mock/errors", "/")
        )
        self._ask("health" if path.endswith("health") else "catalogue", "GET", path)

    def save_and_load(self) -> None:
        """Save the world, and load it again."""
        snapshot = self._control("snapshot", "GET", "/snapshot")
        self._control("load a snapshot", "PUT", "/snapshot?own_credentials=true", snapshot, (200, 204))
        self._world["credentials"] = self._control("GET a world", "GET", "")["credentials"]

    def verify(self) -> None:
        """Ask a question of which the answer is yes or no."""
        self._control(
            "verify", "POST", "/verify", {"exchanges": [{"operation": "sms.send_message"}], "count": 3}, (200, 409, 417)
        )

    def make_mistake(self) -> None:
        """Ask the control API for what it rejects."""
        method, path, body = self._random.choice(
            (
                ("POST", "/_mock/worlds", b"{"),
                ("POST", "/_mock/worlds", b'{"nothing": 1}'),
                ("GET", "/_mock/worlds/nothing", b""),
                ("POST", self._here("/faults"), b'{"fault": {"kind": "nothing"}}'),
                ("POST", self._here("/inbound"), b'{"provider": "nothing", "sender": "1"}'),
                ("PUT", self._here("/snapshot"), b'{"format": 2, "accounts": [{"provider": "mgage"}]}'),
                ("GET", self._here("/messages?limit=x"), b""),
            )
        )
        self._ask("mistake", method, path, body, JSON, expected=(400, 404, 409, 422))

    def break_response(self) -> None:
        """Let a fault spoil one response of this world."""
        fault = self._random.choice(FAULTS)
        rule = {"fault": fault, "when": {"first": 1}, "match": {"operation": "messages.recived"}}
        self._control("fault", "POST", "/faults", rule, (200, 201))
        prefix, (user, secret) = self._provider("serwersms")
        fields = urlencode({"username": user, "password": secret}).encode()
        request = build_request("POST", f"{prefix}/messages/recived", fields, FORM)
        with HttpConnection(self._place.port) as spoilt, suppress(Broken):
            spoilt.ask(request)
        self.report.requests += 1
        self._control("fault", "DELETE", "/faults", expected=(200, 204))

    # -- the page ------------------------------------------------------------------------------------------------------

    def view_page(self) -> None:
        """Open a section of the page, or a part of one."""
        world = quote(self._world["id"])
        section = self._random.choice((*SECTIONS, "conversations/changes?since=0", "exchanges/changes?since=0"))
        self._ask("page", "GET", f"/_mock/ui/worlds/{world}/{section}", expected=(200, 204))

    def submit_form(self) -> None:
        """Send a form of the page, right or wrong."""
        section, form = self._random.choice(
            (
                ("clock", {"do": "freeze"}),
                ("faults", {"do": "add", "kind": "nothing"}),
                ("worlds", {"do": "create", "id": "default"}),
                ("conversations", {"text": "a"}),
            )
        )
        address = f"/_mock/ui/worlds/{self._world['id']}/{section}"
        self._ask("form", "POST", address, urlencode(form).encode(), FORM, expected=(200, 303))

    def watch(self) -> None:
        """Open a stream, and leave the oldest one, without having read it."""
        address = self._random.choice(
            (
                f"/_mock/ui/worlds/{self._world['id']}/live",
                self._here("/events"),
                self._here("/wait?for=message&timeout=60"),
            )
        )
        watcher = HttpConnection(self._place.port)
        watcher.send(build_request("GET", address))
        self._watchers.append(watcher)
        if len(self._watchers) > WATCHERS:
            self._watchers.popleft().close()
        self.report.requests += 1

    def ask_echo(self) -> None:
        """Ask what answers at once, for the times of a machine that may be busy with something else."""
        self._ask(ECHO, "GET", "/", http=self._echo)

    # -- bad clients ---------------------------------------------------------------------------------------------------

    def send_nonsense(self) -> None:
        """Send what is no HTTP, or half a request, and leave."""
        with HttpConnection(self._place.port) as bad:
            if self._random.random() < 0.5:
                bad.send(self._random.choice(NO_HTTP))
                with suppress(OSError):
                    bad.receive()
            else:
                bad.send(
                    b"POST /messages/recived HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + b"x" * 200_000
                )
        self.report.requests += 1

    def use_proxy(self) -> None:
        """Reach a provider through the proxy, or ask it for a host that it does not forward to."""
        with HttpConnection(self._place.proxy_port) as proxy:
            if self._random.random() < 0.5:
                proxy.send(build_request("CONNECT", "api2.serwersms.pl:443"))
                proxy.receive()
            else:
                self._ask("proxy", "GET", "http://host.invalid/", expected=(400, 403, 502), http=proxy)
        self.report.requests += 1


ACTIONS: Mapping[Callable[[Traffic], None], float] = {
    Traffic.send_dialogtech: 20,
    Traffic.read_dialogtech: 8,
    Traffic.read_mgage: 10,
    Traffic.read_serwersms: 12,
    Traffic.send_serwersms: 4,
    Traffic.ask_elsewhere: 2,
    Traffic.receive: 6,
    Traffic.move_clock: 3,
    Traffic.read_control: 6,
    Traffic.read_catalogue: 2,
    Traffic.save_and_load: 0.3,
    Traffic.verify: 1,
    Traffic.make_mistake: 3,
    Traffic.break_response: 2,
    Traffic.view_page: 6,
    Traffic.submit_form: 1,
    Traffic.watch: 3,
    Traffic.send_nonsense: 1,
    Traffic.use_proxy: 1,
    Traffic.replace_world: 8,
    Traffic.ask_echo: 5,
}
"""What a client does, and how often of all times."""
