"""Explanations of responses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
import pytest
from werkzeug.test import Client

from contract_tests.installed import PROVIDERS, SWITCHES
from mockserver.admin import quirk_parser
from mockserver.admin.explain import Explainer, NotInJournal, find
from mockserver.admin.text_format import format_explanation
from mockserver.engine.journal import Budget, Exchange, Journal
from mockserver.http.masking import Masking
from mockserver.http.request_parser import InvalidRequest
from mockserver.sdk.response import Offload

SMS = {
    "action": "sms.send_message",
    "access_key": "foo",
    "secret_access_key": "bar",
    "to": "5556667777",
    "from": "5554332111",
    "message": "Thank you for calling.",
}
KEYS = {"access_key": "foo", "secret_access_key": "bar"}
DAYS = {"start_date": "20170101", "end_date": "20170102"}
LOGIN = {"username": "Login", "password": "Haslo"}
BASIC = ("mgage", "mgage")
DOCUMENTED_WAIT = "Wait until 2026-06-01T12:00:01Z, or set the variant limits: off in this test's world."

Explain = Callable[..., dict[str, Any]]


@pytest.fixture
def masking(registry) -> Masking:
    return Masking((name for provider in PROVIDERS for name in provider.secrets), registry.is_known_credential)


@pytest.fixture
def explainer(service, masking) -> Explainer:
    return Explainer(PROVIDERS, masking, SWITCHES, lambda: service.handler.router.addresses)


@pytest.fixture
def explain(client: Client, registry, explainer) -> Explain:
    """Send a request and return the explanation of its response."""

    def explained(path: str = "/ibp_api.php", method: str = "GET", **request: object) -> dict[str, Any]:
        client.open(path, method=method, **request)
        explanation: dict[str, Any] = explainer.explain(registry.default.journal.since(0)[-1])
        assert explanation == orjson.loads(orjson.dumps(explanation))
        return explanation

    return explained


def near(kind: str, sent: str, known: str) -> list[dict[str, str]]:
    return [{"kind": kind, "sent": sent, "known": known}]


def test_a_rejected_send_is_explained_with_rule_sentence_quirk_windows_and_variants(explain: Explain) -> None:
    explain(query_string=SMS)

    assert {
        "exchange": 2,
        "world": "default",
        "at": "2026-06-01T12:00:00Z",
        "request": "GET /ibp_api.php",
        "provider": "dialogtech",
        "operation": "sms.send_message",
        "status": 200,
        "outcome": "rejected",
        "decided": {"error": "TooManyPerNumber", "effect": "nothing"},
        "response": {"error": "TooManyPerNumber", "fault": None, "ending": "complete"},
        "correlation": dict.fromkeys(("request_id", "traceparent", "trace_id", "world_header")),
        "magic": None,
        "rule": {
            "name": "TooManyPerNumber",
            "basis": "documented",
            "document": "001",
            "sentence": "1 sms per number per second",
            "description": "Rate limit exceeded: 1 sms per number per second;"
            " next possible in 1.000 seconds, at 2026-06-01T12:00:01Z",
            "facts": {"seconds": "1.000", "free_at": "2026-06-01T12:00:01Z"},
        },
        "quirk": {
            "number": "DT-23",
            "title": "What the rate limits count",
            "documents": [
                (
                    '001: "40 sms per number per 60 seconds", "4 sms per DialogTech account per second",'
                    ' "1 sms per number per second"'
                )
            ],
            "other_variant": '"number" is the recipient\'s; rejected sends count too; fixed windows',
            "we": "the sender's number; accepted sends; sliding windows: a send is possible as soon as the one that"
            " fills the window is as old as the window is long. Where `all` count, so does every send of an account"
            " that is rejected, whatever for: a limit, a parameter, the tracking number, a magic number (DT-39). It counts"
            " against the account, and against the number where it names one that can be read; what the error and the"
            " explanation say of the windows includes it",
            "basis": "documented",
            "known_by": "documented for the figures, assumed for the rest",
        },
        "received": {"from": "5554332111", "to": "5556667777"},
        "windows": [
            window("40 sms per number per 60 seconds", 40, 60, 1),
            window("4 sms per DialogTech account per second", 4, 1, 1),
            window("1 sms per number per second", 1, 1, 1, free_in=1),
        ],
        "variants": [
            variant("dialogtech.limits.number", "from", "to"),
            variant("dialogtech.limits.count", "accepted", "all"),
            variant("limits", "enforced", "off"),
        ],
        "unread": [],
        "near_misses": [],
        "emptied_by": None,
        "fault": None,
        "hint": DOCUMENTED_WAIT,
    } == explain(query_string=SMS)


def window(limit: str, most: int, seconds: int, used: int, free_in: int = 0) -> dict[str, Any]:
    return {
        "limit": limit,
        "most": most,
        "seconds": seconds,
        "used": used,
        "free_at": f"2026-06-01T12:00:0{free_in}Z",
        "is_free": not free_in,
        "clock": f"12:00:0{free_in}.000",
    }


def variant(name: str, *variants: str) -> dict[str, Any]:
    return {"name": name, "variant": variants[0], "default": variants[0], "variants": list(variants)}


def test_people_get_the_same_in_lines(explain: Explain) -> None:
    explain(query_string=SMS)

    assert (
        "Exchange 2 at 2026-06-01T12:00:00Z: GET /ibp_api.php -> 200\n"
        "  rejected by TooManyPerNumber: Rate limit exceeded: 1 sms per number per second;"
        " next possible in 1.000 seconds, at 2026-06-01T12:00:01Z\n"
        "Rule: TooManyPerNumber, documented\n"
        '  001: "1 sms per number per second"\n'
        "  DT-23: What the rate limits count\n"
        "    we: the sender's number; accepted sends; sliding windows: a send is possible as soon as the one that"
        " fills the window is as old as the window is long. Where `all` count, so does every send of an account"
        " that is rejected, whatever for: a limit, a parameter, the tracking number, a magic number (DT-39). It counts"
        " against the account, and against the number where it names one that can be read; what the error and the"
        " explanation say of the windows includes it\n"
        "    known by: documented for the figures, assumed for the rest\n"
        "  seconds: 1.000\n"
        "  free_at: 2026-06-01T12:00:01Z\n"
        "Received: from = '5554332111'\n"
        "Received: to = '5556667777'\n"
        "Window: 40 sms per number per 60 seconds: 1 of 40 used, free\n"
        "Window: 4 sms per DialogTech account per second: 1 of 4 used, free\n"
        "Window: 1 sms per number per second: 1 of 1 used, free again at 12:00:01.000\n"
        "Variant: dialogtech.limits.number: from (there is to)\n"
        "Variant: dialogtech.limits.count: accepted (there is all)\n"
        "Variant: limits: enforced (there is off)\n"
        f"Fix: {DOCUMENTED_WAIT}"
    ) == format_explanation(explain(query_string=SMS))


def test_an_accepted_exchange_in_order_needs_no_fix(explain: Explain) -> None:
    found = explain(query_string=SMS)

    assert ("accepted", "sms.send_message", None, None, []) == (
        found["outcome"],
        found["rule"]["name"],
        found["quirk"],
        found["hint"],
        found["unread"],
    )
    assert ("documented", "001") == (found["rule"]["basis"], found["rule"]["document"])
    assert [
        "dialogtech.limits.number",
        "dialogtech.limits.count",
        "dialogtech.send_message.dtd",
        "limits",
    ] == [switch["name"] for switch in found["variants"]]
    assert [1, 1, 1] == [window["used"] for window in found["windows"]]
    assert "Window: 1 sms per number per second: now 1 of 1 used, free again at 12:00:01.000" in format_explanation(
        found
    )


def test_the_explanation_of_an_exchange_without_recorded_variants_says_that_they_are_not_known(
    explain: Explain, registry, explainer
) -> None:
    explain(query_string=SMS)
    exchange = registry.default.journal.get(1)
    exchange.variants = {}

    assert {None} == {switch["variant"] for switch in explainer.explain(exchange)["variants"]}
    assert "Variant: limits: not known (there is enforced | off)" in format_explanation(explainer.explain(exchange))


REJECTED: Mapping[str, tuple[Mapping[str, Any], tuple[str, str, str | None, str, Mapping[str, Any]], str]] = {
    "DialogTech, a number": (
        {"query_string": {**SMS, "to": "555-666"}},
        ("NotANumber", "assumed", None, "DT-24", {"to": "555-666"}),
        "Send to as 10 digits, or 11 with a leading 1, and nothing between them.",
    ),
    "DialogTech, the action first": (
        {"query_string": {}},
        ("MissingParameter", "documented", "001", "DT-37", {"action": None}),
        "Send action with a value.",
    ),
    "DialogTech, a sender": (
        {"query_string": {**SMS, "from": "15550001111"}},
        ("NotATrackingNumber", "documented", "001", "DT-17", {"from": "15550001111"}),
        "Send from one of the account's SMS enabled numbers, which sms.get_numbers lists.",
    ),
    "DialogTech, a body": (
        {"method": "POST", "data": b"x", "content_type": "multipart/form-data"},
        ("BodyUnreadable", "assumed", None, "DT-16", {"Content-Type": "multipart/form-data"}),
        "Send the parameters as application/x-www-form-urlencoded, or a multipart body that keeps to its boundary.",
    ),
    "mGage, a date": (
        {"path": "/api/messages/program/121811?startDate=2014", "auth": BASIC},
        ("NotADate", "documented", "003", "MG-6", {"startDate": "2014"}),
        "Send startDate as YYYY-MM-DDTHH:MM:SS in GMT, without a zone, or leave it out.",
    ),
    "mGage, a program": (
        {"path": "/api/messages/program/7", "auth": BASIC},
        ("UnknownProgram", "documented", "003", "MG-24", {"programId": "7"}),
        "Ask for one of the account's programs: 121811 in the shipped world.",
    ),
    "mGage, a page": (
        {"path": "/api/messages/program/121811?page=0", "auth": BASIC},
        ("NotAPage", "assumed", None, "MG-8", {"page": "0"}),
        "Follow nextPageUrl; pages count from 1.",
    ),
    "SerwerSMS, a type": (
        {"path": "/messages/recived", "method": "POST", "data": {**LOGIN, "type": "ECO"}},
        ("UnknownType", "documented", "004", "SW-14", {"type": "ECO"}),
        "Send eco, nd, ndi, pre or mms as type, or leave it out for all.",
    ),
    "SerwerSMS, a list of JSON": (
        {"path": "/messages/recived", "method": "POST", "json": {**LOGIN, "type": ["eco"]}},
        ("NotASingleText", "documented", "004", "SW-36", {"type": '["eco"]'}),
        "Send type as one text in UTF-8.",
    ),
    "SerwerSMS, a code": (
        {"path": "/error/9"},
        ("UnknownCode", "assumed", None, "SW-34", {"code": "9"}),
        "Ask for a code of the vendor's table, such as error/1000.",
    ),
}


@pytest.mark.parametrize("case", REJECTED.values(), ids=REJECTED)
def test_the_explanation_of_each_providers_error_shows_what_was_received_and_how_to_fix_it(
    explain: Explain, case: Any
) -> None:
    request, expected, hint = case
    found = explain(**request)
    rule = found["rule"]

    assert expected == (rule["name"], rule["basis"], rule["document"], found["quirk"]["number"], found["received"])
    assert hint == found["hint"]


KEYS_ONLY = {"access_key": "foo", "action": "sms.get_numbers"}
QUOTED: Mapping[str, tuple[Mapping[str, Any], tuple[str, str | None, str | None]]] = {
    "to": ({"query_string": {**SMS, "to": ""}}, ("MissingParameter", "001", "to Yes String")),
    "message": ({"query_string": {**SMS, "message": ""}}, ("MissingParameter", "001", "message Yes String 256")),
    "the action": ({"query_string": KEYS}, ("MissingParameter", "001", "action Yes String")),
    "a day": (
        {"query_string": {**KEYS, "action": "sms.get_messages", "start_date": "20170101"}},
        ("MissingParameter", "000", "end_dateYesDate8"),
    ),
    "a key of 000": (
        {"query_string": {"action": "sms.get_messages", **DAYS}},
        ("MissingParameter", "000", "access_keyYesString"),
    ),
    "a secret of 001": (
        {"query_string": {**SMS, "secret_access_key": ""}},
        ("MissingParameter", "001", "secret_access_key Yes String"),
    ),
    "a secret of 002": ({"query_string": KEYS_ONLY}, ("MissingParameter", "002", "secret_access_key Yes String")),
    "a wrong key of 002": (
        {"query_string": {**KEYS_ONLY, "secret_access_key": "x"}},
        ("InvalidCredentials", "002", "access_key Yes String"),
    ),
    "SerwerSMS, a phone": (
        {"path": "/messages/recived", "method": "POST", "data": {**LOGIN, "phone": "x"}},
        ("NotAPhone", "004", "phone | String|Array"),
    ),
    "SerwerSMS, its ndi": (
        {"path": "/messages/recived", "method": "POST", "data": {**LOGIN, "ndi": "x"}},
        ("NotAPhone", "004", "ndi | String"),
    ),
    "SerwerSMS, no row of 004": (
        {"path": "/messages/recived", "method": "POST", "json": {**LOGIN, "order": ["asc"]}},
        ("NotASingleText", None, None),
    ),
    "SerwerSMS, a sender of send_nd": (
        {"path": "/messages/send_nd", "method": "POST", "data": {**LOGIN, "phone": "x", "text": "x"}},
        ("NotAPhone", None, None),
    ),
}


@pytest.mark.parametrize("case", QUOTED.values(), ids=QUOTED)
def test_the_sentence_is_that_of_the_parameter_in_the_document_of_the_operation(explain: Explain, case: Any) -> None:
    request, (name, document, sentence) = case
    rule = explain(**request)["rule"]

    assert (name, document) == (rule["name"], rule["document"])
    assert sentence == (rule["sentence"] and rule["sentence"][: len(sentence or "")])


def test_what_the_vendors_sentence_leaves_out_is_among_the_facts(explain: Explain) -> None:
    found = explain("/messages/recived", "POST", data="[]", content_type="application/json")

    assert {"reason": "not an object"} == found["rule"]["facts"]


NEAR: Mapping[str, tuple[Mapping[str, Any], list[dict[str, str]], str]] = {
    "a parameter in other capitals": (
        {"path": "/api/messages/program/121811?pagesize=3", "auth": BASIC},
        near("parameter", "pagesize", "pageSize"),
        "Rename the parameter pagesize to pageSize.",
    ),
    "a letter that is missing": (
        {"query_string": {"action": "sms.get_numbers", "acess_key": "foo", "secret_access_key": "bar"}},
        near("parameter", "acess_key", "access_key"),
        "Rename the parameter acess_key to access_key.",
    ),
    "an underscore that is missing": (
        {"path": "/messages/recived", "method": "POST", "json": {**LOGIN, "datefrom": "2014-10-01"}},
        near("parameter", "datefrom", "date_from"),
        "Rename the parameter datefrom to date_from.",
    ),
    "brackets that PHP knows": (
        {"query_string": {**SMS, "to": "", "to[]": "5556667777"}},
        [],
        "Send to with a value.",
    ),
    "the name of the action's parameter": (
        {"query_string": {**KEYS, "acton": "sms.get_numbers"}},
        near("parameter", "acton", "action"),
        "Rename the parameter acton to action.",
    ),
    "an operation": (
        {"query_string": {**KEYS, "action": "sms.get_mesages"}},
        near("operation", "sms.get_mesages", "sms.get_messages"),
        "Use sms.get_messages instead of sms.get_mesages.",
    ),
    "an operation without its first part": (
        {"query_string": {**KEYS, "action": "send_message"}},
        near("operation", "send_message", "sms.send_message"),
        "Use sms.send_message instead of send_message.",
    ),
    "the misspelt action, misspelt": (
        {"path": "/messages/recieved.json", "method": "POST", "data": LOGIN},
        near("operation", "messages.recieved", "messages.recived"),
        "Use messages.recived instead of messages.recieved.",
    ),
    "a path": (
        {"path": "/ibp_api.phpp"},
        near("path", "/ibp_api.phpp", "/ibp_api.php"),
        "Use /ibp_api.php instead of /ibp_api.phpp.",
    ),
    "a path of no provider": (
        {"path": "/ibpapi.php"},
        near("path", "/ibpapi.php", "/ibp_api.php"),
        "Use /ibp_api.php instead of /ibpapi.php.",
    ),
    "a path with something variable in it": (
        {"path": "/api/message/program/121811"},
        near("path", "/api/message/program/121811", "/api/messages/program/ID"),
        "Use /api/messages/program/ID instead of /api/message/program/121811.",
    ),
    "a header": (
        {"path": "/api/messages/program/121811", "headers": {"Authorisation": "Basic bWdhZ2U6bWdhZ2U="}},
        near("header", "Authorisation", "Authorization"),
        "Rename the header Authorisation to Authorization.",
    ),
    "nothing like it": (
        {"path": "/nowhere/at/all"},
        [],
        "Use an address that GET / lists, or the provider's host.",
    ),
}


@pytest.mark.parametrize("case", NEAR.values(), ids=NEAR)
def test_a_near_miss_is_named_and_is_the_fix_where_it_is_the_reason(explain: Explain, case: Any) -> None:
    request, misses, hint = case
    found = explain(**request)

    assert (misses, hint) == (found["near_misses"], found["hint"])


def test_a_near_miss_that_is_not_the_reason_leaves_the_provider_errors_own_fix(explain: Explain) -> None:
    found = explain(query_string={**SMS, "to": "x", "mesage": "hi"})

    assert [] == found["near_misses"]  # message was sent
    assert [{"place": "query", "name": "mesage"}] == found["unread"]
    assert found["hint"].startswith("Send to as 10 digits")


UNREAD: Mapping[str, tuple[Mapping[str, Any], list[tuple[str, str]]]] = {
    "unknown names": ({"query_string": {**SMS, "colour": "red"}}, [("query", "colour")]),
    "another action's": (
        {"query_string": {"action": "sms.get_numbers", **KEYS, "to": "1"}},
        [("query", "to")],
    ),
    "a body of a type that is no form": (
        {"method": "POST", "query_string": SMS, "data": b'{"number": "1"}', "content_type": "application/json"},
        [("body", "number")],
    ),
    "the query of a POST": (
        {"path": "/messages/recived?type=eco", "method": "POST", "data": LOGIN},
        [("query", "type")],
    ),
    "not the brackets of a list": (
        {
            "path": "/messages/recived",
            "method": "POST",
            "data": {**LOGIN, "phone[0]": "500600700", "phone[1]": "500600701"},
        },
        [],
    ),
    "the parts of a multipart body": (
        {
            "path": "/messages/recived",
            "method": "POST",
            "data": {**LOGIN, "system": "php"},
            "content_type": "multipart/form-data",
        },
        [("body", "system")],
    ),
}


@pytest.mark.parametrize("case", UNREAD.values(), ids=UNREAD)
def test_what_nothing_read_is_listed_with_its_place(explain: Explain, case: Any) -> None:
    request, unread = case

    assert unread == [(each["place"], each["name"]) for each in explain(**request)["unread"]]


UNMATCHED: Mapping[str, tuple[Mapping[str, Any], tuple[str, str, str | None, str | None]]] = {
    "DialogTech's method": ({"method": "DELETE"}, ("WrongMethod", "assumed", "DT-16", "Use GET or POST.")),
    "DialogTech's host": (
        {"path": "/x", "base_url": "http://secure.dialogtech.com"},
        ("UnknownPath", "assumed", "DT-17", "Send the request to /ibp_api.php."),
    ),
    "mGage's prefix": (
        {"path": "/api/x"},
        ("UnknownPath", "assumed", "MG-27", "Send the request to /api/messages/program/ and the program's id."),
    ),
    "SerwerSMS's host, at HTTP 200": (
        {"path": "/x", "base_url": "http://api2.serwersms.pl"},
        (
            "InvalidAction",
            "documented",
            "SW-33",
            "Ask for an action that the vendor has, such as messages/send_sms or messages/recived.",
        ),
    ),
    "no provider": (
        {"path": "/x"},
        ("NoSuchAddress", None, None, "Use an address that GET / lists, or the provider's host."),
    ),
    "no world": ({"path": "/_w/nope/ibp_api.php"}, ("NoSuchWorld", None, None, "Use the id of an existing world.")),
    "no world in the header": (
        {"path": "/ibp_api.php", "headers": {"X-Mockserver-World": "nope"}},
        ("NoSuchWorld", None, None, "Use the id of an existing world."),
    ),
    "a world, and no address in it": (
        {"path": "/_w/default/x"},
        ("NoSuchAddress", None, None, "Use an address that GET / lists, or the provider's host."),
    ),
    "the page's method": (
        {"path": "/", "method": "PUT"},
        ("WrongMethod", None, None, "Use a method in the Allow header."),
    ),
}


@pytest.mark.parametrize("case", UNMATCHED.values(), ids=UNMATCHED)
def test_what_reached_no_operation_is_explained_too(explain: Explain, case: Any) -> None:
    request, expected = case
    found = explain(**request)

    assert "unmatched" == found["outcome"]
    assert expected == (
        found["rule"]["name"],
        found["rule"]["basis"],
        found["quirk"] and found["quirk"]["number"],
        found["hint"],
    )


JSON_BODY = json.dumps({**LOGIN, "type": "eco"})
EVERY_ERROR = [(provider, error) for provider in PROVIDERS for error in provider.errors]


@pytest.mark.parametrize(
    ("provider", "error"), EVERY_ERROR, ids=[f"{provider.name}-{error.__name__}" for provider, error in EVERY_ERROR]
)
def test_the_list_of_errors_and_an_explanation_give_one_answer_to_what_an_error_is_known_by(
    client: Client, explainer: Explainer, provider: Any, error: Any
) -> None:
    exchange = Exchange("GET", "/", (), b"", None, world="default", provider=provider.name)
    exchange.error = exchange.result = error()
    listed = client.get("/_mock/errors").get_json()["errors"]
    named = (provider.name, error.__name__)
    (rule,) = [each["rule"] for each in listed if (each["provider"], each["name"]) == named]

    assert rule == explainer.explain(exchange)["rule"]["basis"]


SENT_ELSEWHERE: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "SerwerSMS, JSON as text": (
        {"path": "/messages/recived", "method": "POST", "data": JSON_BODY, "content_type": "text/plain"},
        "Send the body as application/json: it is JSON, and its Content-Type is text/plain.",
    ),
    "SerwerSMS, JSON as nothing": (
        {"path": "/messages/send_nd.json", "method": "POST", "data": JSON_BODY},
        "Send the body as application/json: it is JSON, and it has no Content-Type.",
    ),
    "SerwerSMS, the query of a POST": (
        {"path": "/messages/recived", "method": "POST", "query_string": LOGIN},
        "Send username and password in the body: the query of a POST is not read.",
    ),
    "SerwerSMS, the body of a GET": (
        {"path": "/messages/recived", "method": "GET", "data": LOGIN},
        "Send username and password in the query: the body of a GET is not read.",
    ),
    "DialogTech, JSON": (
        {"method": "POST", "json": SMS},
        "Send the body as application/x-www-form-urlencoded or multipart/form-data: JSON is not read.",
    ),
    "SerwerSMS, %2B in JSON": (
        {"path": "/messages/recived", "method": "POST", "json": {**LOGIN, "phone": "%2B48500600700"}},
        "Send phone as +48500600700 in JSON, and encode its plus once in a form: %2B is left when it is read.",
    ),
    "SerwerSMS, a plus that is encoded twice": (
        {"path": "/messages/recived", "method": "POST", "data": {**LOGIN, "ndi": "%2b48500600700"}},
        "Send ndi as +48500600700 in JSON, and encode its plus once in a form: %2B is left when it is read.",
    ),
}


@pytest.mark.parametrize("case", SENT_ELSEWHERE.values(), ids=SENT_ELSEWHERE)
def test_no_hint_says_to_send_what_was_sent(explain: Explain, case: Any) -> None:
    request, hint = case

    assert hint == explain(**request)["hint"]


MARKS = "the marks as read"
EMPTY: Mapping[str, tuple[Mapping[str, str], list[str], str]] = {
    "a type": ({"type": "pre"}, ["type"], "Change type, or leave it out: without it there are messages."),
    "a phone": ({"phone": "+48500600701"}, ["phone"], "Change phone, or leave it out: without it there are messages."),
    "an interval": (
        {"date_from": "2020-01-01", "type": "eco"},
        ["date_from"],
        "Change date_from, or leave it out: without it there are messages.",
    ),
    "two together": (
        {"phone": "+48500600700", "date_from": "2020-01-01", "type": "pre"},
        ["date_from", "type"],
        "Change date_from and type, or leave them out: without them there are messages.",
    ),
    "a number that was not hit": (
        {"ndi": "+48500600701"},
        ["ndi"],
        "Change ndi, or leave it out: without it there are messages.",
    ),
    "a page": (
        {"page": "2", "limit": "4"},
        ["page"],
        "Change page, or leave it out: without it there are messages.",
    ),
}


@pytest.mark.parametrize("case", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_empty_result_says_which_filter_emptied_it(explain: Explain, case: Any, method: str) -> None:
    parameters, filters, hint = case
    found = explain("/messages/recived", method, **{_PLACES[method]: {**LOGIN, **parameters}})

    assert ("accepted", filters, hint) == (found["outcome"], found["emptied_by"], found["hint"])
    assert f"Empty because of: {', '.join(filters)}" in format_explanation(found).splitlines()


_PLACES = {"GET": "query_string", "POST": "data"}


def test_messages_that_were_marked_as_read_emptied_a_result(explain: Explain, registry) -> None:
    assert None is explain("/messages/recived", "POST", data={**LOGIN, "type": "eco", "read": "true"})["emptied_by"]
    found = explain("/messages/recived", "POST", data={**LOGIN, "type": "eco"})

    assert [MARKS] == found["emptied_by"]
    assert (
        "Let new messages come in, or reset the world: without the marks as read there are messages." == found["hint"]
    )


def test_an_account_without_messages_is_said_to_have_none(explain: Explain, registry) -> None:
    explain("/messages/recived", "POST", data={**LOGIN, "read": "true"})
    for serial in [message.serial for message in registry.default.state.message_store]:
        registry.default.state.message_store.delete(serial)
    found = explain("/messages/recived", "POST", data={**LOGIN, "type": "eco"})

    assert [] == found["emptied_by"]
    assert "Let a message come in first: without any filter there is none." == found["hint"]
    assert "Empty because of: nothing is there to be found" in format_explanation(found).splitlines()


@pytest.mark.parametrize("action", ["recived", "received.xml"])
def test_an_accepted_get_is_explained_by_its_quirk_and_not_by_a_sentence_about_post(
    explain: Explain, action: str
) -> None:
    found = explain(f"/messages/{action}", query_string=LOGIN)

    assert ("messages.recived", "assumed", None, "SW-32") == (
        found["rule"]["name"],
        found["rule"]["basis"],
        found["rule"]["sentence"],
        found["quirk"]["number"],
    )
    assert "serwersms.get" in [switch["name"] for switch in found["variants"]]
    posted = explain(f"/messages/{action}", "POST", data=LOGIN)
    assert posted["rule"]["sentence"].endswith("call the specified URL using POST.")
    assert "serwersms.get" not in [switch["name"] for switch in posted["variants"]]


def test_bytes_that_were_no_http_are_explained(service, registry, explainer) -> None:
    invalid = InvalidRequest(HTTPStatus.BAD_REQUEST, "Invalid method encountered", b"\x16\x03\x01")
    if isinstance(answer := service.reject_invalid(invalid, None), Offload):
        answer.compute()
    found = explainer.explain(registry.default.journal.get(1))

    assert (
        "invalid_http",
        "NoHTTP",
        "this is not HTTP: Invalid method encountered",
        "Send a well-formed HTTP request.",
    ) == (
        found["outcome"],
        found["rule"]["name"],
        found["rule"]["description"],
        found["hint"],
    )
    assert (
        "Exchange 1 at 2026-06-01T12:00:00Z: bytes -> 400\n"
        "  invalid_http: this is not HTTP: Invalid method encountered\n"
        "Fix: Send a well-formed HTTP request."
    ) == format_explanation(found)


def test_the_explanation_names_the_fault_and_how_to_remove_it(registry, explain: Explain, explainer) -> None:
    explain(query_string=SMS)
    exchange = registry.default.journal.get(1)
    exchange.fault = {"rule": "f1", "point": "after", "fault": {"kind": "reset"}}
    found = explainer.explain(exchange)

    assert exchange.fault == found["fault"]
    assert "Make the client survive this, or remove the fault rule f1." == found["hint"]
    assert "Fault: f1: reset, after the operation takes effect" in format_explanation(found)


SECRETS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "DialogTech": (
        {"query_string": {"action": "sms.get_numbers", "access_key": "foo", "secret_access_key": "LIVE"}},
        {"access_key": "foo", "secret_access_key": "[masked]"},
    ),
    "mGage": ({"path": "/api/messages/program/121811", "auth": ("mgage", "LIVE")}, {"Authorization": "Basic [masked]"}),
    "SerwerSMS": (
        {"path": "/messages/recived", "method": "POST", "json": {"username": "Login", "password": "LIVE"}},
        {"username": "Login", "password": "[masked]"},
    ),
    "a token": (
        {"path": "/messages/recived", "method": "POST", "headers": {"Authorization": "Bearer LIVE"}},
        {"Authorization": "Bearer [masked]"},
    ),
    "a secret of a misspelt name": (
        {"query_string": {"action": "sms.get_numbers", "acess_key": "LIVE", "secret_access_key": "bar"}},
        {"access_key": None},
    ),
}


@pytest.mark.parametrize("case", SECRETS.values(), ids=SECRETS)
def test_secrets_that_are_not_ours_are_in_no_explanation(explain: Explain, case: Any) -> None:
    request, received = case
    found = explain(**request)

    assert received == found["received"]
    assert "LIVE" not in json.dumps(found) + format_explanation(found)


def test_an_exchange_of_a_recognised_account_is_masked_when_it_is_explained(client, registry, explainer) -> None:
    client.get("/ibp_api.php", query_string={**SMS, "api_key": "LIVE"})
    exchange = registry.default.journal.get(1)

    assert not exchange.is_masked
    assert "LIVE" not in json.dumps(explainer.explain(exchange))
    assert exchange.is_masked


VALUES: Mapping[str, tuple[str, Any, Any]] = {
    "a secret": ("password", "LIVE", "[masked]"),
    "ours": ("password", "Haslo", "Haslo"),
    "nothing": ("password", "", ""),
    "no secret": ("type", "LIVE", "LIVE"),
    "other capitals": ("PassWord", "LIVE", "[masked]"),
    "a number in a secret's place": ("password", 123456, "[masked]"),
    "a list in a secret's place": ("password", ["LIVE", "Haslo", None, True], ["[masked]", "Haslo", None, True]),
    "a secret in an object": ("phone", {"password": "LIVE", "x": "y"}, {"password": "[masked]", "x": "y"}),
    "an object in a secret's place": ("password", {"x": ["LIVE"]}, {"x": ["[masked]"]}),
    "a header": ("authorization", "Basic TElWRTpMSVZF", "Basic [masked]"),
    "a header that is ours": ("Authorization", "Basic bWdhZ2U6bWdhZ2U=", "Basic bWdhZ2U6bWdhZ2U="),
}


@pytest.mark.parametrize(("name", "value", "masked"), VALUES.values(), ids=VALUES)
def test_one_value_is_masked_by_its_name(masking: Masking, name: str, value: Any, masked: Any) -> None:
    assert masked == masking.parameter(name, value)


def test_bytes_that_are_not_text_are_shown_as_escapes(explain: Explain) -> None:
    found = explain("/ibp_api.php?action=sms.get_numbers&%ff=1&access_key=%fe&secret_access_key=bar")

    assert [{"place": "query", "name": "\\xff"}] == found["unread"]
    assert "[masked]" == found["received"]["access_key"]


def test_long_values_are_cut(explain: Explain) -> None:
    found = explain(query_string={**SMS, "message": "x" * 300})

    assert {"message": "x" * 200 + "… (300 characters)"} == found["received"]
    assert "Shorten the message to 256 characters or send it in parts; it has 300." == found["hint"]


def entries(count: int, most: int) -> Journal:
    journal = Journal(Budget(), most)
    for _ in range(count):
        journal.add(Exchange("GET", "/", (), b"", None))
    return journal


@pytest.mark.parametrize(
    ("journal", "number", "sentence"),
    [
        (entries(0, 9), 1, "there is no exchange 1; the journal is empty"),
        (
            entries(5, 2),
            3,
            (
                "exchange 3 was dropped; the journal holds 4 to 5: the oldest 3 exchanges were dropped"
                " because a journal holds 2 (MOCKSERVER_JOURNAL_LENGTH raises that)"
            ),
        ),
        (entries(5, 2), 6, "there is no exchange 6; the journal holds 4 to 5"),
        (entries(5, 2), 0, "there is no exchange 0; the journal holds 4 to 5"),
    ],
)
def test_an_exchange_that_is_not_there_is_said_to_be_dropped_or_never_to_have_been(
    journal: Journal, number: int, sentence: str
) -> None:
    with pytest.raises(NotInJournal) as caught:
        find(journal, number)

    assert sentence == str(caught.value)
    assert 4 == find(entries(5, 2), 4).number


# -- the books -----------------------------------------------------------------------------------------------------


def test_every_entry_of_every_book_is_read_whole() -> None:
    for provider in PROVIDERS:
        text = provider.quirks_file.read_text()
        found = quirk_parser.entries(provider.quirks_file)
        assert text.count("\n## ") == len(found)
        for number, entry in found.items():
            assert number == entry.number
            assert entry.documents
            assert all(entry)
            assert all(each in text for each in (*entry.documents, entry.other_variant, entry.we, entry.known_by))


@pytest.mark.parametrize(
    ("known_by", "basis"),
    [
        ("documented for the figures, assumed for the rest", "documented"),
        ("sample", "shown by sample"),
        ("assumed; clients parsed this API for years", "assumed"),
        ("vendor: his clients send a type alone", "assumed"),
        ("clients", "assumed"),
    ],
)
def test_an_entry_is_documented_shown_by_sample_or_assumed(known_by: str, basis: str) -> None:
    assert basis == quirk_parser.basis(known_by)


def test_the_catalogue_has_every_entry_with_its_switches_as_they_stand() -> None:
    found = {
        entry["number"]: entry for entry in quirk_parser.catalogue(PROVIDERS, {"dialogtech.zone": "Europe/Warsaw"})
    }

    assert sum(len(quirk_parser.entries(provider.quirks_file)) for provider in PROVIDERS) == len(found)
    assert {
        "provider": "dialogtech",
        "number": "DT-12",
        "title": "The time zone of dates",
        "documents": ["000: asks with `20170101`, answers `2017-01-01 09:30:00`; no zone is named"],
        "other_variant": "the account's own zone, or Chicago's, where the company sat",
        "we": "UTC for both; with another zone, days begin and end there and stamps are of that zone",
        "basis": "assumed",
        "known_by": "assumed",
        "switches": [
            {
                "name": "dialogtech.zone",
                "variant": "Europe/Warsaw",
                "default": "UTC",
                "variants": ["UTC", "any IANA zone name"],
            }
        ],
    } == found["DT-12"]


# -- advice never tells to send what was sent, and an empty result says which filter emptied it -------------------------


PROGRAM = "/api/messages/program/121811"
SENT: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "POST to a program": ({"path": PROGRAM, "method": "POST", "auth": BASIC}, "Use GET."),
    "DELETE of another program": ({"path": "/api/messages/program/7", "method": "DELETE", "auth": BASIC}, "Use GET."),
    "a program and a slash": (
        {"path": f"{PROGRAM}/", "auth": BASIC},
        f"Use /api/messages/program/ID instead of {PROGRAM}/.",
    ),
    "a form as text/plain": (
        {"method": "POST", "data": "action=sms.get_numbers&access_key=foo", "content_type": "text/plain"},
        "Send the body as application/x-www-form-urlencoded: it is a form, and its Content-Type is text/plain.",
    ),
    "a form without a type": (
        {"method": "POST", "data": "action=sms.get_numbers"},
        "Send the body as application/x-www-form-urlencoded: it is a form, and it has no Content-Type.",
    ),
    "JSON for DialogTech": (
        {"method": "POST", "json": {"action": "sms.get_numbers"}},
        "Send the body as application/x-www-form-urlencoded or multipart/form-data: JSON is not read.",
    ),
    "an empty value behind a full one": (
        {"query_string": [*SMS.items(), ("message", "")]},
        "Send message once: of what was sent an empty value counts.",
    ),
    "an empty value in the body": (
        {"method": "POST", "query_string": SMS, "data": {"to": ""}},
        "Send to once: of what was sent an empty value counts.",
    ),
    "credentials in headers": (
        {"query_string": {"action": "sms.get_numbers"}, "headers": {"Access-Key": "foo"}},
        "Send Access-Key as parameters: these headers are not read.",
    ),
    "an action that is not offered": (
        {"query_string": {**KEYS, "action": "routing.numbers"}},
        "Use the actions for SMS, general.login and general.buildingblockids: this mock server has no other action of DialogTech.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SENT)
def test_advice_does_not_tell_to_send_what_was_sent(explain: Explain, case: str) -> None:
    request, hint = SENT[case]

    assert hint == explain(**request)["hint"]


OF_THE_DAY = "startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59"
EMPTIED_BY_DATES_AND_NUMBERS: Mapping[str, tuple[Mapping[str, Any], list[str], str]] = {
    "mGage, a start": (
        {"path": f"{PROGRAM}?startDate=2030-01-01T00:00:00", "auth": BASIC},
        ["startDate"],
        "Change startDate, or leave it out: without it there are messages.",
    ),
    "mGage, the default start": (
        {"path": f"{PROGRAM}?endDate=2014-12-06T00:00:00", "auth": BASIC},
        ["the default startDate"],
        "Send startDate: without the default startDate there are messages.",
    ),
    "mGage, both": (
        {"path": f"{PROGRAM}?startDate=2014-12-06T00:00:00&endDate=2014-12-06T01:00:00&messageType=MO", "auth": BASIC},
        ["startDate"],
        "Change startDate, or leave it out: without it there are messages.",
    ),
    "mGage, a page": (
        {"path": f"{PROGRAM}?{OF_THE_DAY}&page=9", "auth": BASIC},
        ["page"],
        "Change page, or leave it out: without it there are messages.",
    ),
    "DialogTech, a number": (
        {"query_string": {**KEYS, "action": "sms.get_messages", **DAYS, "number": "5559998888"}},
        ["number"],
        "Change number, or leave it out: without it there are messages.",
    ),
    "DialogTech, days": (
        {
            "query_string": {
                **KEYS,
                "action": "sms.get_messages",
                **dict.fromkeys(("start_date", "end_date"), "20160101"),
            }
        },
        ["end_date"],
        "Change end_date: with another value there are messages.",
    ),
}


@pytest.mark.parametrize("case", EMPTIED_BY_DATES_AND_NUMBERS)
def test_an_empty_list_of_the_other_providers_says_which_filter_emptied_it(explain: Explain, case: str) -> None:
    request, filters, hint = EMPTIED_BY_DATES_AND_NUMBERS[case]
    found = explain(**request)

    assert (filters, hint) == (found["emptied_by"], found["hint"])


def test_a_list_that_holds_something_was_emptied_by_nothing(explain: Explain) -> None:
    assert explain(path=f"{PROGRAM}?{OF_THE_DAY}", auth=BASIC)["emptied_by"] is None
