"""The four loads: what each asks for. The requests are walked through in turn (``walk.lua``)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from .asking import Request
from .worlds import LONG, NUMBERS, SHORT, Program, sender

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def login(name: str) -> tuple[tuple[str, str]]:
    """Basic credentials, for who has the name for a password."""
    return (("Authorization", "Basic " + b64encode(f"{name}:{name}".encode()).decode()),)


CLOCK = "/_mock/worlds/default/clock/advance"
"""Where our world's clock is moved on. Other servers have no clock, and are not asked to move it."""

CHUNK = 2_500
"""Sends between which the clock is moved on: 10,000 numbers are four chunks."""

STEP = 0.5
"""Seconds that it is moved on: a number's turn comes after two seconds at least. It may send one in a second and 40 in 60
seconds, so at any speed the limits are asked and say yes."""


def advance(seconds: float) -> Request:
    """Move our world's clock on."""
    return Request("POST", CLOCK, json.dumps({"seconds": seconds}).encode(), (("Content-Type", "application/json"),))


def _send(place: int) -> Request:
    user, secret, number = sender(place)
    call = {
        "action": "sms.send_message",
        "access_key": user,
        "secret_access_key": secret,
        "from": number,
        "to": "5556667777",
        "message": "Thank you for calling. Your order has left the warehouse.",
    }
    return Request("POST", "/ibp_api.php", urlencode(call).encode(), FORM)


def _sends(moves_the_clock: bool) -> Iterator[Request]:
    for place in range(NUMBERS):
        yield _send(place)
        if moves_the_clock and (place + 1) % CHUNK == 0:
            yield advance(STEP)


def _pages(program: Program, size: int) -> Iterator[Request]:
    for page in range(1, program.messages // size + 1):
        yield Request("GET", program.target(page, size), headers=login("measured"))


def _recived() -> Iterator[Request]:
    call = {"username": "Login", "password": "Haslo"}  # nothing is marked as read, so each answer has all four
    yield Request("POST", "/messages/recived", urlencode(call).encode(), FORM)


@dataclass(frozen=True)
class Load:
    """One kind of request."""

    name: str
    about: str
    make: Callable[[bool], Iterator[Request]]
    """The requests; said whether to move the world's clock on between them."""

    def requests(self, *, moves_the_clock: bool = False) -> list[Request]:
        """What is asked, in turn."""
        return list(self.make(moves_the_clock))


SEND = Load("send", "one message is sent", _sends)
PAGE = Load("page of 50", "a page of 50 messages", lambda _: _pages(SHORT, 50))
LONG_PAGE = Load("page of 500", "a page of 500 messages", lambda _: _pages(LONG, 500))
RECIVED = Load("recived", "the four incoming messages", lambda _: _recived())

LOADS = (SEND, PAGE, LONG_PAGE, RECIVED)
BY_NAME = {load.name: load for load in LOADS}
