"""A client of SerwerSMS's API with an account of its own, for tests of one resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.test import Client, TestResponse

from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login
from mockserver.engine.entries import Entries
from mockserver.engine.messages import Message
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture

USER = {"username": "Login", "password": "Haslo"}
TOKEN = {"Authorization": "Bearer a-token"}
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Api:
    """A client that sends forms with the credentials of `Login`, and JSON with the account's token."""

    def __init__(self, registry: WorldRegistry) -> None:
        self.world = registry.default
        self.client: Client = both_ways(registry)

    def form(self, action: str, **parameters: Any) -> Any:
        """Return what a form is answered in JSON."""
        return self.client.post(f"/{action}", data={**USER, **parameters}).json

    def json(self, action: str, **parameters: Any) -> Any:
        """Return what an object of JSON with a token is answered."""
        return self.client.post(f"/{action}.json", json=parameters, headers=TOKEN).json

    def xml(self, action: str, **parameters: Any) -> str:
        """Return the XML that a form is answered, without its declaration."""
        text = self.client.post(f"/{action}.xml", data={**USER, **parameters}).text
        assert text.startswith(XML)
        return text.removeprefix(XML)

    def response(self, action: str, **parameters: Any) -> TestResponse:
        """Return the response to a form."""
        return self.client.post(f"/{action}", data={**USER, **parameters})

    def code(self, action: str, **parameters: Any) -> int | None:
        """Return the code of the error that a form is answered; ``None`` where it is accepted."""
        answer = self.form(action, **parameters)
        return answer["error"]["code"] if "error" in answer else None


def open_api(
    open_registry: Callable[..., WorldRegistry],
    *messages: Message,
    variants: Mapping[str, str] | None = None,
    entries: Entries | None = None,
    **facts: Any,
) -> Api:
    """Return a client of an account with these messages, entries by collection and facts, in a world with these variants."""
    account = Account("serwersms/own", "serwersms", "own", (Login("Login", "Haslo"), Login("a-token")), **facts)
    tables = entries or Entries()
    numbers = {
        f"serwersms.{name}": 1 + max(entry.id for entry in found)
        for (_, name), found in tables.contents().items()
        if all(isinstance(entry.id, int) for entry in found)
    }
    fixture = Fixture((account,), Segment(messages), entries=tables, sequences=numbers)
    return Api(open_registry(fixture, variants=variants or {}))


def own_entries(**collections: Sequence[Any]) -> Entries:
    """Return entries of the account of `open_api`, by collection."""
    return Entries({("serwersms/own", name): found for name, found in collections.items()})
