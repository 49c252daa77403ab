"""Requests to worlds that a store keeps: answered when they are durable, and by the provider's own 500 when they cannot be."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from contract_tests.engine.memory_store import MemoryStore, StoredContents
from contract_tests.installed import CALLBACKS, VARIANTS
from mockserver import MockServer, WorldClient
from mockserver.app import build_service, read_fixture
from mockserver.engine.clock import Clock
from mockserver.engine.registry import WorldRegistry
from mockserver.settings import Settings

SEND = {
    "action": "sms.send_message",
    "access_key": "7d6e15a1b2c3d4e5f607182937a4b5c6d7e8f901",
    "secret_access_key": "x",
}


def open_server(
    contents: StoredContents, holder: str = "one", *, is_shared: bool = False, wsgi: bool = False
) -> MockServer:
    store = MemoryStore(contents, holder, is_shared=is_shared)
    registry = WorldRegistry(
        read_fixture(), VARIANTS, clock=Clock.frozen(0), providers=CALLBACKS, store=store, seed="default"
    )
    return MockServer(build_service(Settings(wsgi=wsgi), registry=registry))


@pytest.fixture
def contents() -> StoredContents:
    return StoredContents()


@pytest.fixture(params=[False, True], ids=["own", "wsgi"])
def server(contents: StoredContents, request: pytest.FixtureRequest) -> Iterator[MockServer]:
    with open_server(contents, wsgi=request.param) as server:
        yield server


def send(server: MockServer, text: str = "hi", prefix: str = "") -> requests.Response:
    return requests.post(
        f"{server.url}{prefix}/messages/send_sms.json",
        json={"username": "demo", "password": "demo", "phone": "500600700", "text": text, "sender": "INFORMACJA"},
        timeout=10,
    )


def texts(server: MockServer) -> list[str]:
    return sent(server.world)


def sent(world: WorldClient) -> list[str]:
    return [message.text for message in world.messages(provider="serwersms", direction="outbound")]


def test_an_answered_message_is_there_after_a_restart(server: MockServer, contents: StoredContents) -> None:
    before = texts(server)
    assert send(server).json()["success"] is True

    with open_server(contents) as again:
        assert texts(again) == [*before, "hi"]
        assert [each.number for each in again.world.journal()] == [1]
        assert send(again, "more").json()["success"] is True


def test_a_request_that_cannot_be_kept_gets_the_500_of_its_provider_and_has_not_happened(
    server: MockServer, contents: StoredContents
) -> None:
    before = texts(server)
    contents.fails_to_commit = True
    rejected = send(server)
    contents.fails_to_commit = False

    assert rejected.status_code == 500
    assert "error" in rejected.json()
    assert texts(server) == before
    assert send(server, "more").json()["success"] is True
    assert texts(server) == [*before, "more"]


def test_every_provider_has_its_own_500_while_the_store_is_gone(server: MockServer, contents: StoredContents) -> None:
    contents.is_gone = True
    dialogtech = requests.get(f"{server.url}/ibp_api.php", params=SEND, timeout=10)
    mgage = requests.get(f"{server.url}/api/messages/program/141501", auth=("demo", "demo"), timeout=10)
    control = requests.get(f"{server.url}/_mock/worlds/default", timeout=10)
    contents.is_gone = False

    assert (dialogtech.status_code, mgage.status_code, control.status_code) == (500, 500, 503)
    assert "<result>" in dialogtech.text
    assert "meta" in mgage.json()
    assert control.json()["error"]["code"] == "store_unavailable"
    assert requests.get(f"{server.url}/_mock/worlds/default", timeout=10).status_code == 200


def test_a_named_world_is_the_one_that_answers(server: MockServer) -> None:
    world = server.create_world(id="other")
    assert send(server, "there", "/_w/other").json()["success"] is True
    missing = send(server, "nowhere", "/_w/missing")

    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "no_such_world")
    assert sent(world)[-1] == "there"
    assert requests.get(f"{server.url}/_w/other/_mock/worlds/other", timeout=10).status_code == 200
    assert requests.get(f"{server.url}/_w/missing/_mock/worlds/other", timeout=10).status_code == 404


def test_what_is_no_http_is_recorded_in_the_store(server: MockServer, contents: StoredContents) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(b"GET /messages/reports.json HTTP/9.9\r\nBad\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))

    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 505"))
    commits = contents.worlds["default"].commits
    assert [exchange.invalid_reason is not None for commit in commits for exchange in commit.exchanges] == [True]


def test_a_world_of_another_process_is_served_by_prefix_and_credential(contents: StoredContents) -> None:
    with open_server(contents, "one", is_shared=True) as one, open_server(contents, "two", is_shared=True) as two:
        created = one.create_world(id="made-by-one")
        assert send(two, "by two", "/_w/made-by-one").json()["success"] is True
        assert sent(created)[-1] == "by two"
        found = requests.get(f"{two.url}/_w/made-by-one/_mock/worlds/made-by-one", timeout=10)
        assert found.status_code == 200

        login = created.login("serwersms", "demo")
        body = {
            "username": login.user,
            "password": login.secret,
            "phone": "500600700",
            "text": "mine",
            "sender": "INFO",
        }
        assert requests.post(f"{two.url}/messages/send_sms.json", json=body, timeout=10).json()["success"] is True
        assert sent(created)[-1] == "mine"

        requests.delete(f"{two.url}/_mock/worlds/made-by-one", timeout=10)
        assert send(one, "gone", "/_w/made-by-one").status_code == 404


def test_a_secret_of_a_real_account_is_not_written_to_the_store(server: MockServer, contents: StoredContents) -> None:
    secrets = [f"real-secret-{number}" for number in range(6)]
    form = {"username": "someone", "password": secrets[0], "phone": "500600700", "text": f"my {secrets[0]}"}
    requests.post(f"{server.url}/messages/send_sms.json", data=form, timeout=10)
    requests.post(f"{server.url}/messages/send_sms.json", json={**form, "password": secrets[1]}, timeout=10)
    bearer = {"Authorization": f"Bearer {secrets[2]}"}
    requests.post(f"{server.url}/messages/send_sms.json", data={"phone": "1"}, headers=bearer, timeout=10)
    requests.get(f"{server.url}/api/messages/program/141501", auth=("someone", secrets[3]), timeout=10)
    keys = {"action": "sms.send_message", "access_key": secrets[4], "secret_access_key": secrets[5]}
    requests.get(f"{server.url}/ibp_api.php", params=keys, timeout=10)
    requests.post(f"{server.url}/messages/send_sms.json", data={"phone": secrets[0]}, timeout=10)

    commits = contents.worlds["default"].commits
    assert sum(len(commit.exchanges) for commit in commits) == 6
    written = repr([(commit.batches, commit.exchanges) for commit in commits])
    assert [secret for secret in secrets if secret in written] == []
