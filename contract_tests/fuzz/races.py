"""Several clients at once in one world: whatever each of them does, all are answered, and nothing fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from mockserver.ui.routes import SECTIONS

from .control import INBOUND, PARTS
from .wire import PATIENCE, Slow, Wrong

if TYPE_CHECKING:
    from .server import FuzzedServer

CLIENTS = 6
CALLS = 6
"""Requests of each client."""


class Call(NamedTuple):
    """A request to the control API, or to a provider in the world."""

    method: str
    path: str
    body: Any = None
    form: Mapping[str, str] | None = None


def _clock(chance: Random) -> Call:
    return chance.choice(
        (
            Call("POST", "/clock/advance", {"next": True}),
            Call("POST", "/clock/advance", {"seconds": chance.choice((0, 1, 3_600, 300_000))}),
            Call("PUT", "/clock", {"frozen": True}),
            Call("PUT", "/clock", {"frozen": True, "at": "2030-01-01T00:00:00Z"}),
            Call("PUT", "/clock", {"frozen": False}),
        )
    )


def _fault(chance: Random) -> Call:
    fault = chance.choice(
        (
            {"kind": "static_response", "status": 418},
            {"kind": "provider_error", "name": "ServerFault"},
            {"kind": "replay"},
            {"kind": "none"},
        )
    )
    target = {"target": "webhook", "fault": {"kind": chance.choice(("duplicate", "give_up", "reorder"))}}
    rule = target if chance.random() < 0.4 else {"fault": fault, "point": chance.choice(("before", "after"))}
    return chance.choice((Call("POST", "/faults", rule), Call("DELETE", "/faults"), Call("DELETE", "/faults/f1")))


def _provider(chance: Random) -> Call:
    login = {"username": "demo", "password": "demo"}
    send = {"action": "sms.send_message", "access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
    return chance.choice(
        (
            Call("POST", "!/messages/recived.json", form={**login, "read": "true"}),
            Call("POST", "!/ibp_api.php", form={**send, "to": "5556667777", "from": "3125550142", "message": "hi"}),
            Call("GET", "!/ibp_api.php?action=sms.get_messages&access_key=demo-access-key"),
            Call("POST", "!/messages/send_nd", form={**login, "phone": "500600700", "text": "TAK"}),
        )
    )


CALLS_BY_KIND: tuple[Callable[[Random], Call], ...] = (
    _clock,
    _clock,
    _fault,
    _provider,
    _provider,
    lambda chance: Call("POST", "/inbound", chance.choice(INBOUND)),
    lambda chance: Call("POST", "/inbound", {**chance.choice(INBOUND), "in": chance.choice((0, 1, 60))}),
    lambda chance: Call("POST", "/reset"),
    lambda chance: Call("POST", "/fork", {}),
    lambda chance: Call("DELETE", "") if chance.random() < 0.1 else _clock(chance),
    lambda chance: Call("GET", f"/{chance.choice(PARTS)}"),
    lambda chance: Call("GET", f"*/{chance.choice(list(SECTIONS))}"),
    lambda chance: Call("DELETE", f"/messages/{chance.randrange(60)}"),
    lambda chance: Call("PATCH", "/variants", {"limits": chance.choice(("off", "enforced"))}),
    lambda chance: Call("POST", f"/deliveries/{chance.randrange(1, 4)}/{chance.choice(('resend', 'hold', 'release'))}"),
    lambda chance: Call("POST", "/wait/idle", {"timeout": 0.1}),
    lambda chance: Call("GET", "/wait?for=message&timeout=0.1"),
    lambda chance: Call("GET", "/journal/1"),
)
"""What a client may do: ``!`` stands for a provider in the world, ``*`` for the world's page."""


def run(server: FuzzedServer, chance: Random) -> None:
    """Let several clients act on a new world at once; drop it and its forks.

    Raises:
        Wrong: one of them was answered with 500 or not at all.
        Slow: one of them was not answered in time.
    """
    before = {world["id"] for world in server.call("GET", "/_mock/worlds")[1]["worlds"]}
    status, found = server.call("POST", "/_mock/worlds", {"fixture": "small"})
    if status != 201:
        raise Wrong(f"a world could not be created: {status} {found}")
    scripts = [[chance.choice(CALLS_BY_KIND)(chance) for _ in range(CALLS)] for _ in range(CLIENTS)]
    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            for result in [pool.submit(_act, server, found["id"], script) for script in scripts]:
                result.result()
    finally:
        for world in server.call("GET", "/_mock/worlds")[1]["worlds"]:
            if world["id"] not in before:
                server.call("DELETE", f"/_mock/worlds/{world['id']}")


def _act(server: FuzzedServer, world: str, script: list[Call]) -> None:
    connection = HTTPConnection("127.0.0.1", server.ports["http"], timeout=PATIENCE)
    try:
        for call in script:
            _ask(connection, world, call)
    finally:
        connection.close()


def _ask(connection: HTTPConnection, world: str, call: Call) -> None:
    roots = {"!": f"/_w/{world}", "*": f"/_mock/ui/worlds/{world}"}
    path = roots[call.path[0]] + call.path[1:] if call.path[:1] in roots else f"/_mock/worlds/{world}{call.path}"
    headers = {"Content-Type": "application/json" if call.form is None else "application/x-www-form-urlencoded"}
    body = None if call.body is None else json.dumps(call.body)
    try:
        connection.request(call.method, path, body if call.form is None else urlencode(call.form), headers)
        response = connection.getresponse()
        received = response.read()
    except TimeoutError:
        raise Slow(f"{call}: no answer for {PATIENCE:.0f} s") from None
    except (OSError, HTTPException) as error:
        raise Wrong(f"{call}: {error!r}") from error
    is_asked_for = (
        b"ServerFault" in received or "X-Mockserver-Exchange" in response.headers
    )  # an error that a fault chose
    if response.status >= 500 and not (is_asked_for and call.path[:1] == "!"):
        raise Wrong(f"{call}: status {response.status}: {received!r:.300}")
