"""Listeners: all requests of a bound listener belong to one world; listeners are opened and closed at run time."""

from __future__ import annotations

import socket

import pytest
import requests

from mockserver.http.listener import Listener, Server
from mockserver.server import MockServer

NUMBERS = {"action": "sms.get_numbers", "access_key": "foo", "secret_access_key": "bar"}


@pytest.fixture
def listener(server: MockServer) -> str:
    """The URL of a second listener."""
    return server.add(Listener(server.service, name="side"))


def test_requests_of_a_bound_listener_belong_to_its_world(server: MockServer, listener: str) -> None:
    with server.create_world() as world:
        bound = requests.put(f"{server.url}/_mock/listeners/side", json={"world": world.id})
        requests.get(f"{listener}/ibp_api.php", params=NUMBERS)

        assert (200, {"listener": "side", "world": world.id}) == (bound.status_code, bound.json())
        assert ["sms.get_numbers"] == [exchange.operation for exchange in world.journal()]
    assert [] == server.world.journal()


def test_credentials_choose_the_world_at_an_unbound_listener(server: MockServer, listener: str) -> None:
    with server.create_world() as world:
        requests.put(f"{server.url}/_mock/listeners/side", json={"world": world.id})
        unbound = requests.delete(f"{server.url}/_mock/listeners/side")
        requests.get(f"{listener}/ibp_api.php", params=NUMBERS)

        assert (204, []) == (unbound.status_code, world.journal())
    assert ["sms.get_numbers"] == [exchange.operation for exchange in server.world.journal()]


def test_connections_of_a_listener_are_closed_when_it_is_unbound(server: MockServer, listener: str) -> None:
    with requests.Session() as kept, connected(listener) as inside, connected(server.url) as outside:
        kept.get(f"{listener}/ibp_api.php", params=NUMBERS)
        requests.delete(f"{server.url}/_mock/listeners/side")

        assert b"" == inside.recv(1)
        assert 200 == kept.get(f"{listener}/ibp_api.php", params=NUMBERS).status_code
        outside.sendall(b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert outside.recv(12) == b"HTTP/1.1 200"


def connected(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_an_unknown_world_is_rejected(server: MockServer) -> None:
    rejected = requests.put(f"{server.url}/_mock/listeners/side", json={"world": "nowhere"})

    assert (404, "there is no world 'nowhere'") == (rejected.status_code, rejected.json()["error"]["message"])


def test_a_stopped_server_opens_no_listener(app) -> None:
    server = Server(app)
    server.disconnect("side")

    with pytest.raises(RuntimeError, match="not running"):
        server.add(Listener(app))


def test_an_address_that_cannot_be_had_is_rejected_and_the_server_goes_on(server: MockServer) -> None:
    taken = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use by another program"):
        server.add(Listener(server.service, port=taken))

    assert 200 == requests.get(f"{server.url}/_mock/health").status_code
