"""Webhook fault rules through the control API."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from mockserver.client import ControlError, Mock
from mockserver.server import MockServer

HERE = "/_mock/worlds/default/faults"


def test_rules_of_webhooks_and_responses_are_one_list(client: Client) -> None:
    late = client.post(
        HERE,
        json={
            "target": "webhook",
            "match": {"provider": "serwersms"},
            "fault": {"kind": "delay", "seconds": 90},
            "expires_after": 3,
        },
    )
    client.post(HERE, json={"fault": {"kind": "hang"}})
    twice = client.post(HERE, json={"id": "mine", "target": "webhook", "fault": {"kind": "duplicate"}})

    described = {
        "id": "f1",
        "target": "webhook",
        "match": {"provider": "serwersms"},
        "when": {},
        "point": "before",
        "fault": {"kind": "delay", "seconds": 90},
        "expires_after": 3,
        "matched": 0,
        "hits": 0,
        "remaining": 3,
        "exhausted": False,
    }
    assert (201, described) == (late.status_code, late.get_json())
    assert (None, False) == (twice.get_json()["remaining"], twice.get_json()["exhausted"])
    assert [("f1", "webhook"), ("f2", "response"), ("mine", "webhook")] == [
        (rule["id"], rule["target"]) for rule in client.get(HERE).get_json()["faults"]
    ]
    assert {"removed": 1} == client.delete(f"{HERE}/mine").get_json()
    assert {"removed": 2} == client.delete(HERE).get_json()
    assert {"faults": [], "next": None} == client.get(HERE).get_json()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"fault": {"kind": "dupplicate"}}, "fault.kind: unknown kind of webhook fault; did you mean 'duplicate'?"),
        ({"fault": {}}, "fault: an empty object is not an object with a 'kind', or a list of such"),
        ({"fault": {"kind": "delay", "secnds": 1}}, "fault.secnds: unknown key; did you mean 'seconds'?"),
        (
            {"fault": {"kind": "delay", "seconds": -1}},
            "fault.seconds: -1 is not a number of seconds from 0 to 1000000000",
        ),
        (
            {"fault": {"kind": "duplicate"}, "match": {"provider": "dialogtek"}},
            "match.provider: 'dialogtek': unknown provider; did you mean 'dialogtech'?",
        ),
        (
            {"fault": {"kind": "duplicate"}, "id": "mine\n"},
            "id: 'mine\\n' is not a name of 1 to 64 letters, digits, _ and -",
        ),
        ({"fault": {"kind": "reset"}}, "fault.kind: 'reset' is a fault of a response, not of a webhook"),
    ],
)
def test_what_is_no_rule_of_webhooks_is_rejected(client: Client, rule: Any, message: str) -> None:
    response = client.post(HERE, json={"target": "webhook", **rule})

    assert (400, message) == (response.status_code, response.get_json()["error"]["message"])


def test_a_name_is_used_once_and_an_unknown_one_is_said_to_be(client: Client) -> None:
    client.post(HERE, json={"id": "mine", "target": "webhook", "fault": {"kind": "duplicate"}})

    assert 409 == client.post(HERE, json={"id": "mine", "fault": {"kind": "hang"}}).status_code
    response = client.delete(f"{HERE}/mien")
    assert (404, "mien: unknown fault rule; did you mean 'mine'?") == (
        response.status_code,
        response.get_json()["error"]["message"],
    )


def test_the_python_class_adds_and_removes_rules_of_webhooks(server: MockServer) -> None:
    faults = Mock.at(server.url).world.faults
    late = faults.add("delay", target="webhook", seconds=90, expires_after=2)

    assert ("f1", 0, 0, 2, False) == (late.id, late.matched, late.hits, late.remaining, late.is_exhausted)
    assert {"kind": "delay", "seconds": 90} == late.row["fault"]
    assert "mine" == faults.add("duplicate", target="webhook", id="mine").id
    assert ["f1", "mine"] == [rule.id for rule in faults.list()]
    faults.remove("mine")
    with pytest.raises(ControlError, match="unknown fault rule"):
        faults.remove("mine")
    assert (1, 0) == (faults.clear(), faults.clear())
