"""A demo: one client sends twice because the first response was lost; another checks first and sends once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .run import Demo, DemoContext, Step

if TYPE_CHECKING:
    import requests

_RESTAURANT, _GUEST = "5554332111", "5556667788"
_TEXT = "Your table is ready."


class _Client:
    """A client of DialogTech: a restaurant's program."""

    def __init__(self, context: DemoContext) -> None:
        import requests

        self._session = requests.Session()
        self._session.trust_env = False
        self._url = f"{context.url}/ibp_api.php"
        access_key, secret = context.world.login("dialogtech", "restaurant")
        self._login = {"access_key": access_key, "secret_access_key": secret or ""}

    def send(self, text: str) -> str:
        """Send a message, and return the result that the client sees."""
        import requests

        try:
            response = self._call(action="sms.send_message", to=_GUEST, message=text, **{"from": _RESTAURANT})
        except requests.ConnectionError:
            return "the connection broke"
        return "success" if "<result>success<" in response.text else "rejected"

    def has_sent(self, text: str) -> bool:
        """Return whether the provider has stored the message."""
        today = {"start_date": "20260601", "end_date": "20260601"}
        return text in self._call(action="sms.get_messages", **today).text

    def _call(self, **call: str) -> requests.Response:
        return self._session.post(self._url, data={**self._login, **call}, timeout=30)


def _run(context: DemoContext) -> Iterator[Step]:
    world, client = context.world, _Client(context)
    lost_response = {"match": {"operation": "sms.send_message"}, "when": {"first": 1}, "point": "after"}
    world.faults.add("reset", **lost_response)  # type: ignore[arg-type]  # as keywords have it
    yield Step(
        "A restaurant writes to its guest",
        "Its program sends by DialogTech, and sends again when a call fails. A fault rule will lose one response: "
        "the connection breaks after the message was accepted.",
    )
    outcome = client.send(_TEXT)
    yield Step(
        "The first call", f"The program sees: {outcome}. The guest’s phone shows “{_TEXT}”: the message was accepted."
    )
    world.clock.advance(seconds=2)
    outcome = client.send(_TEXT)
    yield Step(
        "The program tries again",
        f"Two seconds later it sees: {outcome}. The guest now has {_count(context)} messages.",
    )
    world.faults.clear()
    world.faults.add("reset", **lost_response)  # type: ignore[arg-type]  # the options of a fault are given by name
    world.clock.advance(minutes=5)
    text = "Your bill is ready."
    outcome = client.send(text)
    yield Step("Five minutes later, a more careful program", f"The same happens to “{text}”: {outcome}.")
    world.clock.advance(seconds=2)
    known = client.has_sent(text)
    if not known:
        client.send(text)
    yield Step(
        "It checks before it sends again",
        f"sms.get_messages {'lists the message, so it is not sent again' if known else 'does not list it'}. "
        f"The guest got this message once; that makes {_count(context)} messages in all.",
    )


def _count(context: DemoContext) -> int:
    return len(context.world.messages("dialogtech", number=_GUEST))


DOUBLE_SEND = Demo(
    "double-send",
    "A client that sends twice",
    "The message was accepted, the response was lost, and the client sends again: the customer gets the message twice.",
    _GUEST,
    5,
    {
        "format": 2,
        "accounts": [
            {
                "provider": "dialogtech",
                "name": "restaurant",
                "logins": [{"user": "restaurant-of-the-demo", "secret": "open-sesame"}],
                "numbers": [{"number": _RESTAURANT}],
                "messages": [],
            }
        ],
    },
    _run,
)
