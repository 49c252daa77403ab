"""Who may use the control API."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from mockserver.app import build_service
from mockserver.settings import Settings

LISTED = "/_mock/worlds"


@pytest.fixture
def outside(registry) -> Client:
    """A server that listens on all addresses."""
    return Client(build_service(Settings(host="0.0.0.0", token="t0ken"), registry=registry).app)


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


@pytest.mark.parametrize("origin", ["http://localhost", "HTTP://LOCALHOST"])
def test_the_servers_own_page_is_allowed(client: Client, origin: str) -> None:
    assert 200 == client.get(LISTED, headers={"Origin": origin}).status_code


def test_the_servers_own_page_is_allowed_at_any_port(client: Client) -> None:
    for base in ("http://127.0.0.1:7670", "http://localhost:7670", "http://[::1]:7670", "http://mock.localhost:7670"):
        assert 200 == client.get(LISTED, base_url=base, headers={"Origin": base}).status_code


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://localhost.evil.example",
        "http://localhost:81",
        "https://localhost",
        "http://[",
        "localhost",
    ],
)
@pytest.mark.parametrize("path", [LISTED, "/_mock/health", "/_mock/openapi.json", "/_w/default/_mock/worlds"])
def test_a_page_of_another_site_is_rejected(client: Client, origin: str, path: str) -> None:
    assert (403, "forbidden", f"pages of {origin!r} may not use this API") == rejected(
        client.get(path, headers={"Origin": origin})
    )


def test_a_page_of_another_site_cannot_change_anything(client: Client) -> None:
    client.post(LISTED, json={"id": "mine"}, headers={"Origin": "https://evil.example"})

    assert 1 == len(client.get(LISTED).get_json()["worlds"])


def test_a_page_whose_host_name_resolves_to_our_address_is_rejected(client: Client) -> None:
    """DNS rebinding: page and request use the same host name, which is not a loopback name."""
    response = client.get(LISTED, base_url="http://evil.example", headers={"Origin": "http://evil.example"})

    assert 421 == response.status_code


@pytest.mark.parametrize(
    "path", ["/_mock/", LISTED, "/_mock/health", "/_mock/openapi.json", "/_w/default/_mock/worlds"]
)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:7670", "localhost.evil.example", "192.168.1.5", ""])
def test_the_control_api_answers_only_to_names_of_the_server(client: Client, path: str, host: str) -> None:
    """A page at another name that resolves to this machine sends no Origin when it reads."""
    assert (
        421,
        "misdirected_request",
        f"{host!r} is not a name of this server; mockserver serve --name NAME (MOCKSERVER_NAMES) gives it another",
    ) == rejected(client.get(path, headers={"Host": host}))


@pytest.mark.parametrize("path", ["/_mock/", LISTED, "/_mock/health", "/_w/default/_mock/worlds"])
@pytest.mark.parametrize("host", ["[", "[::1", "x@y", "a b", "localhost,evil.example", "localhost/x", "local\xf6"])
def test_the_control_api_rejects_what_is_no_host(client: Client, path: str, host: str) -> None:
    assert (400, "bad_request", "the Host header is missing or names no host") == rejected(
        client.get(path, headers={"Host": host})
    )


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "a.localhost", "localhost.", "127.9.9.9:80", "[::1]:7670"]
)
def test_loopback_names_are_the_server_s(client: Client, host: str) -> None:
    assert 200 == client.get(LISTED, headers={"Host": host}).status_code


def test_the_page_answers_only_to_names_of_the_server(client: Client) -> None:
    response = client.get("/_mock/ui/", headers={"Host": "evil.example"})

    assert 421 == response.status_code
    assert response.text.startswith("'evil.example' is not a name of this server; ")


def test_routes_of_providers_answer_to_any_name(client: Client) -> None:
    assert 200 == client.get("/ibp_api.php", headers={"Host": "sms.default.svc.cluster.local"}).status_code


@pytest.mark.parametrize(
    ("settings", "allowed", "rejects"),
    [
        (Settings(names=("sms.test", "10.0.0.9")), ["sms.test", "SMS.test:7670", "10.0.0.9"], ["test", "10.0.0.8"]),
        (Settings(host="192.168.1.5", needs_token=False), ["192.168.1.5:7670", "localhost"], ["192.168.1.6", "x.test"]),
        (Settings(host="0.0.0.0", needs_token=False), ["192.168.1.5", "[fd00::5]:1"], ["mockserver", "evil.example"]),
        (Settings(host="mockserver", needs_token=False, names=("sms",)), ["mockserver:7670", "sms"], ["evil.example"]),
        (Settings(host="0.0.0.0", token="t0ken"), ["evil.example"], []),  # the token protects it
    ],
)
def test_names_of_the_server_are_the_given_ones_and_what_it_listens_on(
    registry, settings: Settings, allowed: list[str], rejects: list[str]
) -> None:
    client = Client(build_service(settings, registry=registry).app)
    headers = {"Authorization": "Bearer t0ken"}

    assert [200] * len(allowed) == [
        client.get(LISTED, headers=headers | {"Host": host}).status_code for host in allowed
    ]
    assert [421] * len(rejects) == [
        client.get(LISTED, headers=headers | {"Host": host}).status_code for host in rejects
    ]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer t0ke",
        "Bearer t0ken2",
        "Basic t0ken",
        "t0ken",
        "Bearer t\xf6ken",
    ],
)
def test_off_loopback_every_request_needs_the_token(outside: Client, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = outside.get(LISTED, headers=headers)

    assert (
        401,
        "unauthorized",
        (
            "this server does not listen on loopback only, so it requires its token: Authorization: Bearer TOKEN; "
            "the token is what --token or MOCKSERVER_TOKEN gave it"
        ),
    ) == rejected(response)
    assert "Bearer" == response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("authorization", ["Bearer t0ken", "bearer t0ken", "Bearer  t0ken "])
def test_with_the_token_every_request_is_accepted(outside: Client, authorization: str) -> None:
    assert 200 == outside.get(LISTED, headers={"Authorization": authorization}).status_code


@pytest.mark.parametrize("path", ["/_mock/health", "/_mock/openapi.json"])
def test_health_and_openapi_need_no_token(outside: Client, path: str) -> None:
    assert 200 == outside.get(path).status_code


def test_every_other_address_needs_the_token(outside: Client) -> None:
    paths = outside.get("/_mock/openapi.json").get_json()["paths"]
    request = [(path, method) for path, methods in paths.items() for method in methods]
    named = {
        "world": "default",
        "number": "1",
        "provider": "mgage",
        "name": "demo",
        "rule": "f1",
        "checkpoint": "before",
        "listener": "side",
        "serial": "1",
        "collection": "contacts",
        "entry": "1",
    }
    statuses = {
        (path, method): outside.open(path.format(**named), method=method).status_code for path, method in request
    }

    assert {("/_mock/health", "get"), ("/_mock/openapi.json", "get")} == {
        address for address, status in statuses.items() if status != 401
    }


def test_routes_of_providers_need_no_token(outside: Client) -> None:
    assert 200 == outside.get("/ibp_api.php", headers={"Origin": "https://app.example"}).status_code


@pytest.mark.parametrize(
    ("host", "asks"),
    [
        ("127.0.0.1", False),
        ("127.8.9.1", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.168.1.5", True),
        ("mockserver", True),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(registry, host: str, asks: bool) -> None:
    client = Client(build_service(Settings(host=host, token="t0ken"), registry=registry).app)

    assert (401 if asks else 200) == client.get(LISTED).status_code


def test_the_token_can_be_switched_off(registry) -> None:
    client = Client(build_service(Settings(host="0.0.0.0", needs_token=False), registry=registry).app)

    assert 200 == client.get(LISTED).status_code


def test_without_a_configured_token_every_remote_request_is_rejected(registry) -> None:
    client = Client(build_service(Settings(host="0.0.0.0"), registry=registry).app)

    assert 401 == client.get(LISTED, headers={"Authorization": "Bearer "}).status_code
    assert 401 == client.get(LISTED, headers={"Authorization": "Bearer None"}).status_code


def test_a_call_of_the_control_api_below_a_prefix_is_not_in_the_journal(client: Client) -> None:
    assert 200 == client.get("/_w/default/_mock/health").status_code
    assert 0 == client.get("/_mock/worlds/default/journal").get_json()["last"]
