"""To which world a request belongs: by its listener, else prefix, else header, else credential, else the default world."""

from __future__ import annotations

import json

import pytest

from contract_tests.ways import both_ways
from mockserver.engine.accounts import Account, Login
from mockserver.engine.state import Fixture
from mockserver.http.log_line import reason
from mockserver.http.request import HttpRequest

ACCOUNT = Account("dialogtech/a", "dialogtech", "a", (Login("foo", "bar"),))
NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key={}&secret_access_key=bar"


@pytest.fixture
def registry(open_registry):
    """The default world and three others. Each issues a credential of its name, and its fixture has the printed `foo`."""
    registry = open_registry(Fixture((ACCOUNT,)))
    for name in ("bound", "prefixed", "named"):
        registry.create(Fixture((ACCOUNT,)), world_id=name, logins={"dialogtech/a": (Login(name, "bar"),)})
    return registry


@pytest.fixture
def client(registry):
    """A client that sends each request by both ways in."""
    return both_ways(registry)


@pytest.fixture
def through(registry, service):
    """Send a request to the handler as if it came from a listener."""

    def ask(listener, target, **fields):
        path, _, query = target.partition("?")
        headers = tuple(fields.items())
        return service.respond(HttpRequest("GET", target, path, query, "HTTP/1.0", headers, fields, listener=listener))

    return ask


def journals(registry):
    return {world.id: len(world.journal) for world in registry if len(world.journal)}


def said(response):
    return response.status, json.loads(response.body)["error"]["code"]


def test_without_listener_prefix_and_header_the_credential_chooses_and_an_unknown_one_means_the_default_world(
    registry, client
):
    for user in ("named", "unknown"):
        client.get(NUMBERS.format(user))

    assert {"named": 1, "default": 1} == journals(registry)


@pytest.mark.parametrize("header", ["X-Mockserver-World", "x-mockserver-world", "X-MOCKSERVER-WORLD"])
def test_the_header_goes_before_the_credential_and_makes_the_printed_credentials_valid(registry, client, header):
    response = client.get(NUMBERS.format("foo"), headers={header: "named"})

    assert {"named": 1} == journals(registry)
    assert "<result>success</result>" in response.text or "[0] Number(s) Returned" in response.text


def test_the_prefix_goes_before_the_header(registry, client):
    client.get("/_w/prefixed" + NUMBERS.format("named"), headers={"X-Mockserver-World": "named"})

    assert {"prefixed": 1} == journals(registry)


def test_the_listener_goes_before_the_credential(registry, through):
    registry.bind("side", registry.get("bound"))

    assert 200 == through("side", NUMBERS.format("named")).status
    assert {"bound": 1} == journals(registry)


@pytest.mark.parametrize(
    ("target", "header"),
    [(NUMBERS.format("foo"), "named"), ("/_w/named" + NUMBERS.format("foo"), None), ("/nowhere", "named")],
)
def test_a_world_that_contradicts_the_listener_is_a_bad_request_in_the_journal_of_the_listener(
    registry, through, target, header
):
    registry.bind("side", registry.get("bound"))
    response = through("side", target, **({"x-mockserver-world": header} if header else {}))

    assert (400, "wrong_world") == said(response)
    assert {"bound": 1} == journals(registry)
    assert "this listener belongs to world 'bound', but the request names 'named'" == reason(
        registry.get("bound").journal.get(1), target, ()
    )


def test_a_header_that_names_the_listeners_own_world_is_right(registry, through):
    registry.bind("side", registry.get("bound"))

    assert 200 == through("side", NUMBERS.format("foo"), **{"x-mockserver-world": "bound"}).status


@pytest.mark.parametrize("listener", [None, "side"])
@pytest.mark.parametrize(
    ("target", "header"),
    [
        (NUMBERS.format("foo"), "unknown"),
        (NUMBERS.format("foo"), ""),
        ("/nowhere", "unknown"),
        ("/_w/missing" + NUMBERS.format("foo"), None),
        ("/_w/missing/", None),
        ("/_w/missing/_mock/health", None),
        ("/_w/named/ibp_api.php", "unknown"),
    ],
)
def test_a_world_that_is_not_there_is_404_and_never_the_default_world(registry, through, listener, target, header):
    if listener is not None and target.startswith("/_w/named"):
        registry.bind("side", registry.get("named"))
    elif listener is not None:
        registry.bind("side", registry.get("bound"))
    response = through(listener, target, **({} if header is None else {"x-mockserver-world": header}))

    assert (404, "no_such_world") == said(response)


@pytest.mark.parametrize(
    ("target", "header"),
    [
        (NUMBERS.format("foo"), "missing"),
        ("/nowhere", "missing"),
        ("/_w/missing" + NUMBERS.format("foo"), None),
        ("/_w/missing/", None),
        ("/_w/named/ibp_api.php", "missing"),
    ],
)
def test_the_log_says_that_there_is_no_such_world_and_not_that_there_is_no_such_path(registry, through, target, header):
    through(None, target, **({} if header is None else {"x-mockserver-world": header}))
    (exchange,) = registry.default.journal.since(0)

    assert "there is no world 'missing'" == reason(exchange, target, ["/ibp_api.php"])


def test_what_no_world_has_is_said_alike_by_both_ways_in(client):
    responses = [
        client.get(NUMBERS.format("foo"), headers={"X-Mockserver-World": "missing"}),
        client.get("/_w/missing" + NUMBERS.format("foo")),
    ]

    assert [(404, "there is no world 'missing'")] * 2 == [
        (response.status_code, response.json["error"]["message"]) for response in responses
    ]


def test_the_header_is_kept_in_the_journal_and_from_the_provider(registry, client):
    client.post(
        "/_mock/worlds/named/faults",
        json={
            "fault": {"kind": "static_response", "status": 503},
            "match": {"headers": {"x-mockserver-world": "named"}},
        },
    )
    response = client.get(NUMBERS.format("foo"), headers={"X-Mockserver-World": "named"})
    (exchange,) = registry.get("named").journal.since(0)

    assert 503 == response.status_code
    assert ("X-Mockserver-World", "named") in exchange.head


def test_what_is_no_providers_is_written_down_in_the_world_that_is_named(registry, client):
    client.get("/nowhere", headers={"X-Mockserver-World": "named"})
    client.get("/_w/prefixed/nowhere")

    assert {"named": 1, "prefixed": 1} == journals(registry)


def test_the_control_api_belongs_to_no_world_and_is_not_in_the_journal(registry, client):
    statuses = [
        client.get("/_mock/health", headers={"X-Mockserver-World": "missing"}).status_code,
        client.get("/_w/named/_mock/health").status_code,
        client.get("/_w/named/").status_code,
        client.get("/").status_code,
    ]

    assert ([200] * 4, {}) == (statuses, journals(registry))
