"""Variants through the control API: listed, and changed at run time for the next response."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from contract_tests.installed import VARIANTS

HERE = "/_mock/worlds/default/variants"
NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY"
SEND = (
    "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
)


def rejected(response: Any) -> tuple[int, str, str]:
    error = response.get_json()["error"]
    return response.status_code, error["code"], error["message"]


def test_every_switch_is_shown_with_its_default_and_its_other_variants(client: Client) -> None:
    variants = client.get(HERE).get_json()

    assert set(VARIANTS) == set(variants)
    assert {
        "variant": "reconciled",
        "default": "reconciled",
        "variants": ["reconciled", "printed", "none"],
        "any_zone": False,
        "quirk": "DT-1",
    } == variants["dialogtech.get_messages.dtd"]
    assert (True, "DT-12") == (variants["dialogtech.zone"]["any_zone"], variants["dialogtech.zone"]["quirk"])
    assert (None, ["enforced", "off"]) == (variants["limits"]["quirk"], variants["limits"]["variants"])


def test_a_variant_that_is_changed_changes_the_next_answer(client: Client) -> None:
    printed = client.get(NUMBERS).text
    response = client.patch(HERE, json={"dialogtech.get_numbers.result": "success"})

    assert 200 == response.status_code
    assert "success" == response.get_json()["dialogtech.get_numbers.result"]["variant"]
    assert client.get(HERE).get_json() == response.get_json()
    assert "<result>success</result>" not in printed
    assert "<result>success</result>" in client.get(NUMBERS).text


def test_limits_are_one_switch(client: Client) -> None:
    client.get(SEND)
    assert "Rate limit exceeded" in client.get(SEND).text

    client.patch(HERE, json={"limits": "off"})
    assert all("[1] Message Sent" in client.get(SEND).text for _ in range(50))

    client.patch(HERE, json={"limits": "enforced"})
    assert "Rate limit exceeded" in client.get(SEND).text


def test_several_are_changed_at_once_and_other_worlds_keep_theirs(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "mine"})
    client.patch(HERE, json={"dialogtech.zone": "America/Chicago", "mgage.date": "iso"})

    assert {"dialogtech.zone": "America/Chicago", "mgage.date": "iso"} == client.get(
        "/_mock/worlds/default"
    ).get_json()["variants"]
    assert {} == client.get("/_mock/worlds/mine").get_json()["variants"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"mgage.dat": "iso"}, "mgage.dat: unknown key; did you mean 'mgage.date'?"),
        ({"mgage.date": "ISO"}, "mgage.date: 'ISO' is not 'sample' or 'iso'"),
        ({"mgage.date": None}, "mgage.date: null is not 'sample' or 'iso'"),
        ({"serwersms.zone": "../etc"}, "serwersms.zone: '../etc' is not 'Europe/Warsaw' or 'UTC'"),
        ({"mgage.date": "iso", "limits": False}, "limits: false is not 'enforced' or 'off'"),
        ([], "an empty list is not an object of variants by the name of their switch"),
    ],
)
def test_what_is_no_variant_is_rejected_and_changes_nothing(client: Client, body: Any, message: str) -> None:
    before = client.get(HERE).get_json()

    assert (400, "bad_request", message) == rejected(client.patch(HERE, json=body))
    assert before == client.get(HERE).get_json()
