"""Every kind of fault at every provider's endpoint, over a socket: the server is healthy afterwards."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from contract_tests.installed import PROVIDERS
from mockserver.client import Mock
from mockserver.http.fault_effects import RESPONSE_FAULTS
from mockserver.server import MockServer

PATIENCE = 30
OPTIONS: dict[str, dict[str, Any]] = {
    "static_response": {"status": 418, "body": "short and stout"},
    "cut": {"keep": 3},
    "delay": {"seconds": 0.001},
    "lognormal_delay": {"median": 0.001, "sigma": 0.5, "most": 0.002},
    "slow": {"size": 200, "pause": 0.001},
    "uniform_delay": {"least": 0.0, "most": 0.001},
    "wrong_length": {"by": 7},
}
IDLE = {"lognormal_delay": "delay", "uniform_delay": "delay"}
"""What the journal tells of a fault whose chance is decided: the delay that came up."""

REQUESTS = {
    "dialogtech": b"GET /ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar HTTP/1.1\r\nHost: a\r\n\r\n",
    "mgage": b"GET /api/messages/program/121811 HTTP/1.1\r\nHost: a\r\nAuthorization: Basic bWdhZ2U6bWdhZ2U=\r\n\r\n",
    "serwersms": b"GET /messages/recived?username=Login&password=Haslo HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.fixture
def mock(server: MockServer) -> Mock:
    return Mock.at(server.url)


def ask(server: MockServer, provider: str) -> bytes:
    """Return the first bytes of the response, or nothing when there is none. A client that hangs is not waited for."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
        client.sendall(REQUESTS[provider])
        try:
            return client.recv(65536)
        except ConnectionError:
            return b""


def test_there_is_a_request_of_every_provider() -> None:
    assert {provider.name for provider in PROVIDERS} == set(REQUESTS)


@pytest.mark.parametrize("provider", REQUESTS)
@pytest.mark.parametrize("kind", sorted(set(RESPONSE_FAULTS) - {"hang"}))
def test_the_next_response_after_a_fault_is_as_without_it(
    server: MockServer, mock: Mock, provider: str, kind: str
) -> None:
    options = (
        {"name": next(r.__name__ for r in named(provider).errors)}
        if kind == "provider_error"
        else OPTIONS.get(kind, {})
    )
    before = ask(server, provider)
    times = 2 if kind == "replay" else 1  # the next request gets the same response
    mock.world.faults.add(kind, **options, match={"provider": provider}, when={"first": 1})
    for _ in range(times):
        ask(server, provider)
    after = ask(server, provider)

    assert before.startswith(b"HTTP/1.1 200 OK\r\n")
    assert before == after
    assert "ok" == mock.health()["status"]
    assert IDLE.get(kind, kind) == mock.world.explain(2)["fault"]["fault"]["kind"]


@pytest.mark.parametrize("provider", REQUESTS)
def test_while_one_client_hangs_others_get_their_responses(server: MockServer, mock: Mock, provider: str) -> None:
    mock.world.faults.add("hang", match={"provider": provider}, when={"first": 1})
    host, port = server.url.removeprefix("http://").split(":")
    before = mock.world.cursor
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as hanging:
        hanging.sendall(REQUESTS[provider])
        mock.world.wait_for_exchange(timeout=PATIENCE, since=before)

        assert ask(server, provider).startswith(b"HTTP/1.1 200 OK\r\n")


def named(provider: str) -> Any:
    return next(each for each in PROVIDERS if each.name == provider)
