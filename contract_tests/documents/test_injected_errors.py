"""A provider error that a fault rule names has the same bytes as the error that the provider itself would send to that request."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder

from contract_tests.installed import PROVIDERS
from mockserver.engine.provider_errors import ProviderError
from mockserver.http.wsgi import read_request
from mockserver.sdk.operations import Call
from mockserver.sdk.provider import Provider
from mockserver.sdk.request import ProviderRequest

HERE = "/_mock/worlds/default"
KEYS = {"access_key": "foo", "secret_access_key": "bar"}
SEND = {**KEYS, "action": "sms.send_message", "to": "5556667777", "from": "5554332111", "message": "hi"}
DAYS = {**KEYS, "action": "sms.get_messages", "start_date": "20170101", "end_date": "20170102"}
LOGIN = {"username": "Login", "password": "Haslo"}
BASIC = ("mgage", "mgage")
PROGRAM = "/api/messages/program/121811"

CALLS: dict[str, list[dict[str, Any]]] = {
    "dialogtech": [
        {"path": "/ibp_api.php", "query_string": query}
        for query in (SEND, DAYS, {**KEYS, "action": "sms.get_numbers"}, {**KEYS, "action": "sms.nothing"}, {})
    ],
    "mgage": [
        {"path": PROGRAM, "auth": BASIC},
        {"path": PROGRAM, "auth": BASIC, "query_string": {"endDate": "2014-12-05T00:00:00", "page": "2"}},
        {"path": "/api/messages/program/7"},
    ],
    "serwersms": [
        {"path": "/messages/recived", "method": "POST", "data": LOGIN},
        {"path": "/messages/recived.xml", "method": "POST", "data": {**LOGIN, "ndi": "+48500600700"}},
        {"path": "/messages/send_ndi", "method": "POST", "data": {**LOGIN, "phone": "500600700"}},
        {"path": "/error/1000"},
        {"path": "/messages/send_sms", "method": "POST", "data": LOGIN},
    ],
}


def build_error(client: Client, provider: str, name: str) -> None:
    rule = {"fault": {"kind": "provider_error", "name": name}, "match": {"provider": provider}}
    assert 201 == client.post(f"{HERE}/faults", json=rule).status_code


@pytest.mark.parametrize(
    ("provider", "error", "call"),
    [
        pytest.param(provider.name, error, call, id=f"{provider.name}.{error.__name__}-{place}")
        for provider in PROVIDERS
        for error in provider.errors
        for place, call in enumerate(CALLS[provider.name])
    ],
)
def test_every_provider_error_can_be_forced_on_every_call_and_leaves_no_hole(
    client: Client, registry, provider: str, error: type[ProviderError], call: dict[str, Any]
) -> None:
    build_error(client, provider, error.__name__)
    response = client.open(**call)
    exchange = registry.default.journal.since(0)[-1]

    assert type(exchange.error) is error
    for said in (response.text, exchange.error.advice, str(exchange.error)):
        assert "…" not in said
        assert "None" not in said
    assert all(fact is not None for fact in exchange.error.facts.values())


REAL: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "NotANumber": ("dialogtech", "query_string", SEND, {"to": "555-666"}),
    "MissingParameter": ("dialogtech", "query_string", SEND, {"message": ""}),
    "MissingParameter of credentials": ("dialogtech", "query_string", SEND, {"secret_access_key": ""}),
    "UnknownAction": ("dialogtech", "query_string", SEND, {"action": "sms.nothing"}),
    "InvalidCredentials": ("dialogtech", "query_string", SEND, {"access_key": "hers"}),
    "NotText": ("dialogtech", "query_string", SEND, {"message": b"\xff"}),
    "NotADay": ("dialogtech", "query_string", DAYS, {"start_date": "2017"}),
    "EndsBeforeStart": ("dialogtech", "query_string", DAYS, {"end_date": "20161231"}),
    "MessageTooLong": ("dialogtech", "query_string", SEND, {"message": "x" * 257}),
    "NotATrackingNumber": ("dialogtech", "query_string", SEND, {"from": "5550001111"}),
    "InvalidRecipient": ("dialogtech", "query_string", SEND, {"to": "9995550100"}),
    "UnknownProgram": ("mgage", "path", {}, {"path": "/api/messages/program/7"}),
    "NotAMessageType": ("mgage", "query_string", {}, {"messageType": "mo"}),
    "NotADate": ("mgage", "query_string", {}, {"endDate": "2014"}),
    "EndsBeforeStart of mGage": (
        "mgage",
        "query_string",
        {},
        {"startDate": "2014-12-05T00:00:01", "endDate": "2014-12-05T00:00:00"},
    ),
    "NotAPageSize": ("mgage", "query_string", {}, {"pageSize": "501"}),
    "NotAPage": ("mgage", "query_string", {}, {"page": "0"}),
}


@pytest.mark.parametrize("case", REAL)
def test_an_injected_error_has_the_bytes_of_the_real_one_for_the_same_request(
    client: Client, registry, case: str
) -> None:
    provider_name, where, call, wrong = REAL[case]
    name = case.partition(" ")[0]
    path = "/ibp_api.php" if provider_name == "dialogtech" else wrong.get("path", PROGRAM)
    request: dict[str, Any] = {"path": path, "query_string": {**call, **wrong} if where == "query_string" else {}}
    if provider_name == "mgage":
        request["auth"] = BASIC
    real = client.open(**request)
    provider = next(each for each in PROVIDERS if each.name == provider_name)
    exchange, said = registry.default.journal.since(0)[-1], real.data
    kind = next(error for error in provider.errors if error.__name__ == name)

    assert name == type(exchange.error).__name__
    forced = provider.build_error(kind, *read(provider, request), exchange.at)
    assert (str(exchange.error), exchange.error.facts) == (str(forced), forced.facts)
    assert exchange.error.source == forced.source
    build_error(client, provider_name, name)
    assert said == client.open(**request).data
    kept = (exchange.error.__traceback__, exchange.error.__cause__, exchange.error.__context__)
    assert kept == (None, None, None)  # nor the frames of the request with them


def read(provider: Provider, request: dict[str, Any]) -> tuple[Call, ProviderRequest]:
    """A request as its provider parses it."""
    came = read_request(EnvironBuilder(**request).get_environ(), 1_000_000)
    query = came.query.encode("latin-1")
    fetch = ProviderRequest(came.method, came.path, query, came.headers, came.fields, came.body)
    return provider.parse(fetch), fetch


def test_an_injected_limit_error_says_when_its_window_is_free_as_if_it_had_just_been_filled(client: Client) -> None:
    build_error(client, "dialogtech", "TooManyPerMinute")
    said = client.get("/ibp_api.php", query_string=SEND).text

    assert "40 sms per number per 60 seconds; next possible in 60.000 seconds, at 2026-06-01T12:01:00Z" in said


def test_a_forced_length_is_one_that_is_rejected(client: Client) -> None:
    build_error(client, "dialogtech", "MessageTooLong")

    assert "at most 256 characters long: it has 257" in client.get("/ibp_api.php", query_string=SEND).text
