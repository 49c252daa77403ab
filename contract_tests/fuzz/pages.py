"""The web page: its own forms, found in its HTML, submitted with values that are drawn for each field."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html.parser import HTMLParser
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from mockserver.ui.routes import SECTIONS

from . import values
from .values import is_true
from .wire import Wrong

if TYPE_CHECKING:
    from .server import FuzzedServer

_PARTS = (
    "conversations/changes", "conversations/earlier", "exchanges/changes", "attachment", "conversations", "exchanges", "webhooks", "checkpoints",
    "exchanges/0", "exchanges/1", "exchanges/99999999999", "exchanges/" + "9" * 999, "exchanges/x", "nothing",
)  # fmt: skip
_PARAMETERS = (
    "open", "q", "since", "before", "number", "handset", "at", "serial", "part", "outcome", "whole", "world",
    "account", "epoch", "form", "delivery", "status", "only", "from",
)  # fmt: skip


class _Forms(HTMLParser):
    """The forms of a page: of each the names of its fields, with the values that they offer."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[list[tuple[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append([])
        elif tag in ("input", "textarea", "select", "button") and self.forms and "name" in given:
            self.forms[-1].append((given["name"], given.get("value", "")))
        elif tag == "option" and self.forms and self.forms[-1]:
            self.forms[-1].append((self.forms[-1][-1][0], given.get("value", "")))


def submit(server: FuzzedServer, chance: Random, world: str) -> float:
    """Submit one form of a section of a world's page, or ask for one of its parts; return the seconds of the answer.

    Raises:
        Wrong: the server answers 500.
    """
    if is_true(chance, 0.35):
        query = urlencode(
            {chance.choice(_PARAMETERS): _text(chance) for _ in range(chance.randrange(4))}, errors="replace"
        )
        return _ask(server, "GET", f"/_mock/ui/worlds/{world}/{chance.choice(_PARTS)}?{query}")
    section = chance.choice(list(SECTIONS))
    with server.connection() as connection:
        connection.request("GET", f"/_mock/ui/worlds/{world}/{section}")
        response = connection.getresponse()
        html = response.read().decode(errors="replace")
    if response.status != 200:
        raise Wrong(f"the section {section} of world {world} answers {response.status}: {html[:300]}")
    parser = _Forms()
    parser.feed(html)
    forms = [form for form in parser.forms if form]
    if not forms:
        return 0.0
    offered: dict[str, list[str]] = {}
    for name, value in chance.choice(forms):
        offered.setdefault(name, []).append(value)
    if "drop" in offered.get("do", ()) or "delete" in offered.get("do", ()):
        return 0.0  # the world is needed
    sent = {
        name: chance.choice(found) if is_true(chance, 0.6) else _text(chance)
        for name, found in offered.items()
        if is_true(chance, 0.9)
    }
    body = urlencode(sent, errors="replace", quote_via=quote).encode()
    return _ask(server, "POST", f"/_mock/ui/worlds/{world}/{section}", body)


def _text(chance: Random) -> str:
    return values.text(chance)[:5_000]


def _ask(server: FuzzedServer, method: str, path: str, body: bytes | None = None) -> float:
    began = time.perf_counter()
    with server.connection() as connection:
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        response = connection.getresponse()
        received = response.read()
    if response.status >= 500:
        raise Wrong(f"{method} {path[:300]} {body!r:.300}: status {response.status}: {received!r:.300}")
    return time.perf_counter() - began
