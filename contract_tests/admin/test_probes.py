"""The probes of an orchestrator: /livez and /readyz."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from mockserver import MockServer, Settings
from mockserver.engine.event_log import StoreUnavailable
from mockserver.engine.registry import WorldRegistry

pytestmark = pytest.mark.in_memory
PROBES = ["/livez", "/readyz"]
TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", [*PROBES, "/_w/default/livez"])
def test_a_probe_is_answered_in_plain_text_and_leaves_no_trace(client: Client, path: str) -> None:
    response = client.get(path)

    assert (200, TEXT, "no-store", b"ok\n") == (
        response.status_code, response.headers["Content-Type"], response.headers["Cache-Control"], response.data
    )  # fmt: skip
    assert 0 == client.get("/_mock/worlds/default/journal").get_json()["last"]


@pytest.fixture(params=[False, True], ids=["directly", "through Flask"])
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """A server whose control API answers to its own names alone."""
    with MockServer(settings=Settings(port=0, wsgi=request.param)) as server:
        yield server


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_probe_answers_to_any_name(server: MockServer, path: str, method: str) -> None:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request(method, path, headers={"Host": "10.42.0.7:7670"})
    response = connection.getresponse()

    assert (200, TEXT, "3") == (response.status, response.headers["Content-Type"], response.headers["Content-Length"])
    assert (b"ok\n" if method == "GET" else b"") == response.read()
    connection.close()


@pytest.mark.parametrize("path", PROBES)
def test_at_a_providers_host_the_path_is_the_providers(server: MockServer, path: str) -> None:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    connection.request("GET", path, headers={"Host": "communicatepro.mgage.com"})
    response = connection.getresponse()

    assert (404, "application/json") == (response.status, response.headers["Content-Type"].partition(";")[0])
    assert b'"meta"' in response.read()
    connection.close()


def test_a_probe_takes_no_other_method(client: Client) -> None:
    response = client.post("/livez")

    assert (405, "GET, HEAD") == (response.status_code, response.headers["Allow"])


def test_a_server_whose_state_fails_lives_and_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: WorldRegistry) -> None:
        raise StoreUnavailable("the database cannot be reached")

    monkeypatch.setattr(WorldRegistry, "sync", fail)

    assert (200, b"ok\n") == ((live := client.get("/livez")).status_code, live.data)
    assert (503, b"the database cannot be reached\n") == ((ready := client.get("/readyz")).status_code, ready.data)
