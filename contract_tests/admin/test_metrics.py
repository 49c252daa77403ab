"""Metrics for Prometheus at /metrics, when they are switched on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from werkzeug.test import Client

from mockserver import MockServer, Settings
from mockserver.app import build_service
from mockserver.settings import BadSetting

LABELS = ("provider", "operation", "outcome")
EXPORT = "/api/messages/program/141501"


@pytest.fixture
def client() -> Client:
    return build_service(Settings(metrics=True)).app.test_client()


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return the samples of ours, by name and label values."""
    return {
        (sample.name, *(sample.labels[label] for label in LABELS if label in sample.labels)): sample.value
        for family in parse(text)
        for sample in family.samples
        if sample.name.startswith("mockserver")
    }


def test_exchanges_are_counted_by_provider_operation_and_outcome(client: Client) -> None:
    client.get(EXPORT)
    client.get(EXPORT)
    sent = len(client.get(EXPORT, headers={"Authorization": "Basic ZGVtbzpkZW1v"}).data)
    client.get("/nothing/here")
    found = samples(client.get("/metrics").text)

    assert {
        ("mockserver_exchanges_total", "mgage", "program.export", "rejected"): 2,
        ("mockserver_exchanges_total", "mgage", "program.export", "accepted"): 1,
    }.items() <= found.items()
    assert 4 == sum(count for (name, *_), count in found.items() if name == "mockserver_exchanges_total")
    assert sent < found["mockserver_response_bytes_total", "mgage"]


def test_a_client_cannot_make_up_a_series(client: Client) -> None:
    for number in range(3):
        client.post(f"/messages/made_up_{number}.json", json={"username": "demo", "password": "demo"})
    series = [key for key in samples(client.get("/metrics").text) if key[0] == "mockserver_exchanges_total"]

    assert [("mockserver_exchanges_total", "serwersms", "other", "rejected")] == series


def test_what_the_server_holds_is_measured_when_it_is_asked(client: Client) -> None:
    before = samples(client.get("/metrics").text)
    client.post("/_mock/worlds", json={"fixture": "small"})
    client.get(EXPORT)
    after = samples(client.get("/metrics").text)

    assert (1, 2) == (before["mockserver_worlds",], after["mockserver_worlds",])
    assert before["mockserver_messages",] < after["mockserver_messages",]
    assert (0, 1) == (before["mockserver_journal_exchanges",], after["mockserver_journal_exchanges",])
    assert 0 == before["mockserver_journal_bytes",] < after["mockserver_journal_bytes",]


def test_a_scrape_leaves_no_trace(client: Client) -> None:
    client.get("/metrics")

    assert 0 == client.get("/_mock/worlds/default/journal").get_json()["last"]


@pytest.mark.parametrize(
    ("accept", "media_type", "read"),
    [
        ("", "text/plain", parse),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text", parse_openmetrics),
    ],
)
def test_the_format_is_the_one_that_is_asked_for(client: Client, accept: str, media_type: str, read: Any) -> None:
    client.get(EXPORT)
    response = client.get("/metrics", headers={"Accept": accept})

    assert (200, media_type) == (response.status_code, response.mimetype)
    names = {family.name for family in read(response.text)}
    assert {"mockserver", "mockserver_exchanges", "mockserver_worlds", "python"} <= {
        name.removesuffix("_info") for name in names
    }


@pytest.fixture(params=[False, True], ids=["directly", "through Flask"])
def server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    settings = Settings(port=0, host="0.0.0.0", token="secret", metrics=True, wsgi=request.param)
    with MockServer(settings=settings) as server:
        yield server


def test_beyond_loopback_the_metrics_need_the_token(server: MockServer) -> None:
    url = server.url.replace("0.0.0.0", "127.0.0.1")
    requests.get(f"{url}{EXPORT}", timeout=30)
    allowed = requests.get(f"{url}/metrics", headers={"Authorization": "Bearer secret"}, timeout=30)

    assert 401 == requests.get(f"{url}/metrics", timeout=30).status_code
    assert 200 == allowed.status_code
    assert 1 == samples(allowed.text)["mockserver_exchanges_total", "mgage", "program.export", "rejected"]


def test_bytes_that_are_no_http_are_counted_once() -> None:
    import socket
    from urllib.parse import urlsplit

    with MockServer(settings=Settings(port=0, metrics=True)) as server:
        place = urlsplit(server.url)
        with socket.create_connection((place.hostname, place.port or 0), timeout=30) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
            while connection.recv(4096):
                pass
        found = samples(requests.get(f"{server.url}/metrics", timeout=30).text)

    assert 1 == found["mockserver_exchanges_total", "", "", "invalid_http"]


@pytest.mark.parametrize("wsgi", [False, True])
def test_without_the_setting_the_path_is_no_address(wsgi: bool) -> None:
    with MockServer(settings=Settings(port=0, wsgi=wsgi)) as server:
        response = requests.get(f"{server.url}/metrics", timeout=30)

    assert (404, "not_found") == (response.status_code, response.json()["error"]["code"])


def test_metrics_without_their_package_are_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mockserver.admin.metrics", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    with pytest.raises(BadSetting, match=r"pip install 'sms-mockserver\[metrics\]'"):
        build_service(Settings(metrics=True))
