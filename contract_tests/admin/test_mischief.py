"""Deliveries that go wrong on purpose, through the control API."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from mockserver.client import ControlError, Mock
from mockserver.server import MockServer

HERE = "/_mock/worlds/default/mischief"


def test_mischief_is_made_listed_and_cleared(client: Client) -> None:
    late = client.post(HERE, json={"kind": "late", "seconds": 90, "provider": "serwersms", "times": 3})
    twice = client.post(HERE, json={"id": "mine", "kind": "twice"})

    described = {"id": "m1", "kind": "late", "seconds": 90.0, "provider": "serwersms", "times": 3, "met": 0}
    assert (201, described) == (late.status_code, late.get_json())
    assert {"id": "mine", "kind": "twice", "attempts": 1, "times": 1, "met": 0} == twice.get_json()
    assert ["m1", "mine"] == [rule["id"] for rule in client.get(HERE).get_json()["mischief"]]
    assert {"cleared": 1} == client.delete(f"{HERE}/mine").get_json()
    assert {"cleared": 1} == client.delete(HERE).get_json()
    assert {"mischief": []} == client.get(HERE).get_json()


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (
            {"kind": "tvice"},
            400,
            "kind: 'tvice' is not 'twice', 'at-once', 'late', 'reordered', 'lost-acknowledgement' or 'stops'",
        ),
        ({}, 400, "kind: is missing"),
        ({"kind": "late", "secnds": 1}, 400, "secnds: unknown key; did you mean 'seconds'?"),
        ({"kind": "late", "seconds": -1}, 400, "seconds: -1 is not a number of seconds, for late"),
        (
            {"kind": "twice", "provider": "dialogtek"},
            400,
            "provider: 'dialogtek' is not 'dialogtech', 'mgage' or 'serwersms'",
        ),
        ({"kind": "twice", "id": "mine\n"}, 400, "id: 'mine\\n' is not 1 to 64 letters, digits, _ and -"),
    ],
)
def test_mischief_that_is_none_is_refused(client: Client, body: Any, status: int, message: str) -> None:
    answer = client.post(HERE, json=body)

    assert (status, message) == (answer.status_code, answer.get_json()["error"]["message"])


def test_a_name_is_used_once_and_an_unknown_one_is_said_to_be(client: Client) -> None:
    client.post(HERE, json={"id": "mine", "kind": "twice"})

    assert 409 == client.post(HERE, json={"id": "mine", "kind": "late"}).status_code
    answer = client.delete(f"{HERE}/mien")
    assert (404, "mien: unknown mischief; did you mean 'mine'?") == (
        answer.status_code,
        answer.get_json()["error"]["message"],
    )


def test_the_python_class_spoils_and_makes_peace(server: MockServer) -> None:
    world = Mock.at(server.url).world

    assert {"id": "m1", "kind": "late", "seconds": 90.0, "times": 2, "met": 0} == world.spoil(
        "late", seconds=90, times=2
    )
    assert "mine" == world.spoil("twice", id="mine")["id"]
    assert ["m1", "mine"] == [rule["id"] for rule in world.mischief()]
    assert 1 == world.clear_mischief("mine")
    with pytest.raises(ControlError, match="unknown mischief"):
        world.clear_mischief("mine")
    assert (1, 0) == (world.clear_mischief(), world.clear_mischief())
