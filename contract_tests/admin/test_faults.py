"""Fault rules through the control API: added, listed with their hits, removed; and each kind of fault takes effect."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client, create_environ

from mockserver.http.fault_effects import FAULTS, GARBAGE, RESPONSE_FAULTS
from mockserver.sdk.response import AT_ONCE, TIMING, Ending, Pace, ResponseTiming

HERE = "/_mock/worlds/default/faults"
NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY"
SEND = (
    "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
)


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def added(client: Client, fault: Any, **rule: Any) -> dict[str, Any]:
    response = client.post(HERE, json={"fault": fault, **rule})
    assert 201 == response.status_code, response.text
    return response.get_json()


def performed(client: Client, path: str) -> tuple[int, ResponseTiming]:
    """Return the status, and what the connection is told to do with the response; in this process there is no connection."""
    environ = create_environ(path)
    statuses: list[str] = []
    client.application(environ, lambda status, *_: statuses.append(status))
    return int(statuses[0][:3]), environ.get(TIMING, AT_ONCE)


def test_a_rule_is_answered_with_its_id_and_how_it_stands(client: Client) -> None:
    rule = added(client, {"kind": "delay", "seconds": 2}, match={"provider": "dialogtech"}, when={"first": 2})

    assert {
        "id": "f1",
        "target": "response",
        "match": {"provider": "dialogtech"},
        "when": {"first": 2},
        "point": "after",
        "fault": {"kind": "delay", "seconds": 2},
        "matched": 0,
        "hits": 0,
        "remaining": 2,
        "exhausted": False,
    } == rule
    assert {"faults": [rule], "next": "f1"} == client.get(HERE).get_json()
    assert "mine" == added(client, {"kind": "hang"}, id="mine")["id"]


def test_hits_are_counted_and_a_rule_is_exhausted(client: Client) -> None:
    added(client, {"kind": "static_response", "status": 503}, when={"nth": 2}, match={"operation": "sms.get_numbers"})

    assert [200, 503, 200] == [client.get(NUMBERS).status_code for _ in range(3)]
    (rule,) = client.get(HERE).get_json()["faults"]
    assert (2, 1, True) == (rule["matched"], rule["hits"], rule["exhausted"])


def test_a_window_of_the_world_s_clock_opens_and_closes(client: Client) -> None:
    added(client, {"kind": "static_response", "status": 503}, when={"from": "PT10S", "until": "2026-06-01T12:00:20Z"})
    statuses = []
    for _ in range(4):
        statuses.append(client.get(NUMBERS).status_code)
        client.post("/_mock/worlds/default/clock/advance", json={"seconds": 9})

    assert [200, 200, 503, 200] == statuses


def test_the_double_send_bug_is_shown(client: Client) -> None:
    """The first send takes effect and its response is lost; the client sends again; the world holds two messages."""
    before = client.get("/_mock/worlds/default").get_json()["messages"]
    added(client, {"kind": "reset"}, point="after", when={"first": 1}, match={"operation": "sms.send_message"})
    _, lost = performed(client, SEND)
    client.post("/_mock/worlds/default/clock/advance", json={"seconds": 1})
    again = client.get(SEND)
    stored = client.get(f"/_mock/worlds/default/messages?since={before - 1}").get_json()["messages"]

    assert Ending.RESET is lost.ending
    assert "[1] Message Sent" in again.text
    assert ["hi", "hi"] == [message["text"] for message in stored]
    assert {"rule": "f1", "point": "after", "fault": {"kind": "reset"}} == client.get(
        "/_mock/worlds/default/journal/1"
    ).get_json()["fault"]


def test_before_it_takes_effect_nothing_is_stored(client: Client) -> None:
    before = client.get("/_mock/worlds/default").get_json()["messages"]
    added(client, {"kind": "static_response", "status": 500}, point="before")

    assert 500 == client.get(SEND).status_code
    assert before == client.get("/_mock/worlds/default").get_json()["messages"]


@pytest.mark.parametrize(
    ("fault", "status", "wanted"),
    [
        ({"kind": "none"}, 200, AT_ONCE),
        ({"kind": "provider_error", "name": "TooManyPerAccount"}, 200, AT_ONCE),
        ({"kind": "static_response", "status": 502, "body": "Bad", "type": "text/plain"}, 502, AT_ONCE),
        ({"kind": "malformed"}, 200, AT_ONCE),
        ({"kind": "wrong_length", "by": 5}, 200, ResponseTiming(ending=Ending.CLOSE)),
        ({"kind": "delay", "seconds": 1.5}, 200, ResponseTiming(delay=1.5)),
        ({"kind": "uniform_delay", "least": 3, "most": 3}, 200, ResponseTiming(delay=3)),
        ({"kind": "lognormal_delay", "median": 2, "sigma": 0, "most": 60.0}, 200, ResponseTiming(delay=2)),
        ({"kind": "slow", "size": 7, "pause": 0.1}, 200, ResponseTiming(pace=Pace(7, 0.1))),
        ({"kind": "hang"}, 200, ResponseTiming(ending=Ending.HANG, instead=b"")),
        ({"kind": "reset"}, 200, ResponseTiming(ending=Ending.RESET, instead=b"")),
        ({"kind": "close"}, 200, ResponseTiming(ending=Ending.CLOSE, instead=b"")),
        ({"kind": "cut", "keep": 9}, 200, ResponseTiming(cut=9)),
        ({"kind": "garbage"}, 200, ResponseTiming(instead=GARBAGE)),
        ({"kind": "replay"}, 200, AT_ONCE),
        ([{"kind": "delay", "seconds": 1}, {"kind": "cut", "keep": 9}], 200, ResponseTiming(delay=1, cut=9)),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) else None,
)
def test_every_kind_acts_and_the_server_is_healthy_afterwards(
    client: Client, fault: Any, status: int, wanted: ResponseTiming
) -> None:
    whole = client.get(NUMBERS).data
    rule = added(client, fault, match={"provider": "dialogtech"})

    assert (status, wanted) == performed(client, NUMBERS)
    assert fault == rule["fault"]
    assert 1 == client.get(HERE).get_json()["faults"][0]["hits"]
    assert {"removed": 1} == client.delete(HERE).get_json()
    assert whole == client.get(NUMBERS).data


def test_no_kind_is_left_out_above() -> None:
    (table,) = (mark for mark in test_every_kind_acts_and_the_server_is_healthy_afterwards.pytestmark)

    assert set(RESPONSE_FAULTS) == {case[0]["kind"] for case in table.args[1] if isinstance(case[0], dict)}


def test_the_kinds_of_fault_are_listed_with_their_options(client: Client) -> None:
    kinds = client.get("/_mock/faults").get_json()["kinds"]
    delay = next(kind for kind in kinds if kind["kind"] == "delay")

    assert [(target, kind) for target in FAULTS for kind in FAULTS[target]] == [
        (kind["target"], kind["kind"]) for kind in kinds
    ]
    assert ("The first byte is sent late.", ["after", "before"]) == (delay["about"], delay["points"])
    assert {"kind", "seconds"} == set(delay["schema"]["properties"])


def test_rules_are_removed_one_by_one_or_all(client: Client) -> None:
    for _ in range(3):
        added(client, {"kind": "hang"})

    assert {"removed": 1} == client.delete(f"{HERE}/f2").get_json()
    assert (404, "not_found", "f2: unknown fault rule; there is f1, f3") == rejected(client.delete(f"{HERE}/f2"))
    assert {"removed": 2} == client.delete(HERE).get_json()
    assert {"removed": 0} == client.delete(HERE).get_json()


def test_a_rule_of_one_world_does_not_act_in_another(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "mine"})
    added(client, {"kind": "static_response", "status": 503})

    assert [503, 200] == [client.get(prefix + NUMBERS).status_code for prefix in ("", "/_w/mine")]


@pytest.mark.parametrize(
    ("rule", "status", "code", "message"),
    [
        ({}, 400, "bad_request", "fault: is missing"),
        ([], 400, "bad_request", "an empty list is not an object that describes a rule"),
        (
            {"fault": {"kind": "dealy"}},
            400,
            "bad_request",
            "fault.kind: unknown kind of response fault; did you mean 'delay'?",
        ),
        ({"fault": {"kind": "delay"}}, 400, "bad_request", "fault.seconds: is missing"),
        (
            {"fault": {"kind": "delay", "second": 1}},
            400,
            "bad_request",
            "fault.second: unknown key; did you mean 'seconds'?",
        ),
        ({"fualt": {"kind": "hang"}}, 400, "bad_request", "fualt: unknown key; did you mean 'fault'?"),
        (
            {"fault": {"kind": "hang"}, "when": {"nht": 1}},
            400,
            "bad_request",
            "when.nht: unknown key; did you mean 'nth'?",
        ),
        (
            {"fault": {"kind": "hang"}, "point": "while"},
            400,
            "bad_request",
            "point: 'while' is not 'before' or 'after'",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "InvalidAcess"}, "match": {"operation": "sms.get_numbers"}},
            400,
            "bad_request",
            "fault.name: 'InvalidAcess': unknown provider error of dialogtech; ",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "NotAPgae"}, "match": {"operation": "messages.recived"}},
            400,
            "bad_request",
            "fault.name: 'NotAPgae': unknown provider error of serwersms; did you mean 'NotAPage'?",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "UnknownProgram"}, "match": {"provider": "dialogtech"}},
            400,
            "bad_request",
            "fault.name: 'UnknownProgram': is mgage's, not dialogtech's",
        ),
        (
            {"fault": {"kind": "provider_error", "name": "TooMany"}, "match": {"provider": "dialogtech"}},
            400,
            "bad_request",
            "fault.name: 'TooMany': unknown provider error of dialogtech; did you mean",
        ),
        ({"fault": {"kind": "hang"}, "id": "taken"}, 409, "taken", "there is a fault rule 'taken' already"),
    ],
)
def test_what_is_no_rule_is_rejected_and_not_added(
    client: Client, rule: Any, status: int, code: str, message: str
) -> None:
    added(client, {"kind": "none"}, id="taken")
    got = rejected(client.post(HERE, json=rule))

    assert (status, code) == got[:2]
    assert got[2].startswith(message)
    assert ["taken"] == [each["id"] for each in client.get(HERE).get_json()["faults"]]
