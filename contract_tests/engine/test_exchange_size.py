"""The estimated size of an exchange is close to the memory that it takes, because journals are bounded in bytes."""

from __future__ import annotations

import gc
import tracemalloc
from types import FrameType, TracebackType
from typing import Any

import pytest
from werkzeug.test import Client

MUCH = 200
SEND = {"action": "sms.send_message", "to": "5556667777", "from": "5554332111", "message": "hi"}
CALLS: dict[str, dict[str, Any]] = {
    "a poll": {"path": "/messages/recived", "method": "POST", "data": {"username": "Login", "password": "Haslo"}},
    "a page": {"path": "/api/messages/program/121811", "auth": ("mgage", "mgage")},
    "DialogTech's no": {
        "path": "/ibp_api.php",
        "query_string": {**SEND, "access_key": "foo", "secret_access_key": "?"},
    },
    "mGage's no": {"path": "/api/messages/program/121811", "auth": ("mgage", "?")},
    "SerwerSMS's no": {"path": "/messages/recived", "method": "POST", "data": {"username": "Login", "password": "?"}},
    "a body that is no form": {
        "path": "/ibp_api.php",
        "method": "POST",
        "data": b"x" * 100,
        "headers": {"Content-Type": "multipart/form-data"},
    },
    "an unknown address": {"path": "/messages/nothing/at/all"},
}


@pytest.mark.parametrize("call", CALLS)
def test_an_exchange_holds_about_what_it_is_said_to_weigh(client: Client, registry, call: str) -> None:
    journal = registry.default.journal

    def ask() -> None:
        for _ in range(MUCH):
            client.open(**CALLS[call])
        gc.collect()  # the test client leaves something behind

    ask()
    tracemalloc.start()
    try:
        weighed = journal.held
        ask()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert journal.held > weighed
    assert held <= 1.3 * (journal.held - weighed), (held / MUCH, (journal.held - weighed) / MUCH)


ROUTING_ERRORS: dict[str, dict[str, Any]] = {
    "a wrong method": {"path": "/ibp_api.php", "method": "PUT"},
    "no one's address": {"path": "/nothing"},
}


@pytest.mark.parametrize("call", [*CALLS, *ROUTING_ERRORS])
def test_no_request_leaves_frames_for_the_garbage_collector(client: Client, call: str) -> None:
    request = CALLS.get(call) or ROUTING_ERRORS[call]

    def left() -> list[Any]:
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            client.open(**request)
            gc.collect()
            return [each for each in gc.garbage if isinstance(each, (FrameType, TracebackType))]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    client.open(**request)
    # Once is enough: another thread of the process may leave something, but not each time.
    assert any(not left() for _ in range(5))
