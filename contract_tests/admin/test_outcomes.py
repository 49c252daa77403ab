"""A decision that a fault changes: journal, verifications and explanations show what was decided and what the client got."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client, create_environ

from contract_tests.installed import PROVIDERS, SWITCHES
from mockserver.admin.explain import Explainer
from mockserver.admin.text_format import format_explanation
from mockserver.http.masking import Masking

HERE = "/_mock/worlds/default"
SEND = "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&from=5554332111&message=hi&to={}"
NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"
PROGRAM = "/api/messages/program/{}"


@pytest.fixture
def words(service, registry):
    """The explanation of the latest exchange, as text."""
    explainer = Explainer(
        PROVIDERS, Masking((), registry.is_known_credential), SWITCHES, lambda: service.handler.router.addresses
    )
    return lambda: format_explanation(explainer.explain(registry.default.journal.since(0)[-1]))


def add_fault(client: Client, fault: Any, **rule: Any) -> None:
    response = client.post(f"{HERE}/faults", json={"fault": fault, "match": {"provider": "dialogtech"}, **rule})
    assert 201 == response.status_code, response.text


def ask(client: Client, path: str) -> None:
    """Send a request, and ignore what the connection is told to do with its response."""
    client.application(create_environ(path), lambda *_: None)


def row(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{HERE}/journal").get_json()["exchanges"][-1]
    return found


def holds(client: Client, **wanted: Any) -> bool:
    return bool(client.post(f"{HERE}/verify", json={"exchanges": [wanted]}).get_json()["holds"])


OUTCOMES: dict[str, tuple[Any, dict[str, Any], tuple[str, str | None, str]]] = {
    "rejected before": (
        {"kind": "provider_error", "name": "TooManyPerNumber"},
        {},
        ("rejected", "TooManyPerNumber", "skipped"),
    ),
    "rejected after": (
        {"kind": "provider_error", "name": "TooManyPerNumber"},
        {"point": "after"},
        ("rejected", "TooManyPerNumber", "stored"),
    ),
    "late and rejected": (
        [{"kind": "delay", "seconds": 1}, {"kind": "provider_error", "name": "TooManyPerNumber"}],
        {},
        ("rejected", "TooManyPerNumber", "skipped"),
    ),
    "rejected, and that is lost": (
        [{"kind": "provider_error", "name": "TooManyPerNumber"}, {"kind": "close"}],
        {},
        ("no_response", None, "skipped"),
    ),
    "rejected, and that is malformed": (
        [{"kind": "provider_error", "name": "TooManyPerNumber"}, {"kind": "malformed"}],
        {},
        ("corrupted", None, "skipped"),
    ),
    "by a gateway": ({"kind": "static_response", "status": 503}, {}, ("overridden", None, "skipped")),
    "hang": ({"kind": "hang"}, {}, ("no_response", None, "stored")),
    "reset": ({"kind": "reset"}, {}, ("no_response", None, "stored")),
    "close, before": ({"kind": "close"}, {"point": "before"}, ("no_response", None, "skipped")),
    "cut": ({"kind": "cut", "keep": 9}, {}, ("corrupted", None, "stored")),
    "garbage": ({"kind": "garbage"}, {}, ("corrupted", None, "stored")),
    "malformed": ({"kind": "malformed"}, {}, ("corrupted", None, "stored")),
    "too long a length": ({"kind": "wrong_length", "by": 9}, {}, ("corrupted", None, "stored")),
    "late": ({"kind": "delay", "seconds": 1}, {}, ("accepted", None, "stored")),
    "slow": ({"kind": "slow", "size": 9, "pause": 1}, {}, ("accepted", None, "stored")),
    "a cut behind the end": ({"kind": "cut", "keep": 9_999}, {}, ("accepted", None, "stored")),
    "none": ({"kind": "none"}, {}, ("accepted", None, "stored")),
}


@pytest.mark.parametrize("case", OUTCOMES.values(), ids=OUTCOMES)
def test_an_exchange_with_a_fault_is_verified_by_what_the_client_got(client: Client, case: Any) -> None:
    fault, rule, (outcome, error, effect) = case
    add_fault(client, fault, **rule)
    ask(client, SEND.format("5556667777"))
    found = row(client)

    assert (outcome, error) == (found["outcome"], found["error"])
    assert {"error": None, "effect": effect} == found["decided"]
    assert "f1" == found["fault"]
    assert holds(client, outcome=outcome, error=error)
    assert (outcome == "accepted") is holds(client, outcome="accepted")
    assert [found] == client.get(f"{HERE}/journal?outcome={outcome}").get_json()["exchanges"]


def test_a_provider_error_that_was_decided_and_is_lost_was_not_met_by_the_client(client: Client) -> None:
    add_fault(client, {"kind": "close"})
    ask(client, SEND.format("555"))

    assert ("no_response", None) == (row(client)["outcome"], row(client)["error"])
    assert {"error": "NotANumber", "effect": "nothing"} == row(client)["decided"]
    assert not holds(client, error="NotANumber")


def test_an_exchange_with_a_replayed_response_is_neither_executed_nor_accepted(client: Client, words) -> None:
    add_fault(client, {"kind": "replay"}, when={"first": 1})
    client.get(NUMBERS)
    client.get(SEND.format("5556667777"))

    assert ["accepted", "replayed"] == [
        each["outcome"] for each in client.get(f"{HERE}/journal").get_json()["exchanges"]
    ]
    assert (
        "Decided: accepted, but without effect\nResponse: the response to an earlier request by fault f1\n" in words()
    )
    assert "Window" not in words()  # it was not counted
    assert not holds(client, operation="sms.send_message", outcome="accepted")


def test_a_stale_provider_error_is_the_provider_error_that_the_client_got(client: Client) -> None:
    add_fault(client, {"kind": "replay"}, when={"first": 1})
    client.get(SEND.format("555"))
    client.get(SEND.format("5556667777"))

    assert ("replayed", "NotANumber") == (row(client)["outcome"], row(client)["error"])


def test_the_decision_and_the_response_are_both_shown(client: Client, words) -> None:
    add_fault(client, {"kind": "provider_error", "name": "TooManyPerNumber"}, point="after")
    client.get(SEND.format("5556667777"))

    assert (
        "  rejected by TooManyPerNumber: Rate limit exceeded: 1 sms per number per second;"
        " next possible in 1.000 seconds, at 2026-06-01T12:00:01Z\n"
        "Decided: accepted, stored\n"
        "Response: provider error TooManyPerNumber by fault f1\n"
        "Rule: TooManyPerNumber, documented\n"
        '  001: "1 sms per number per second"\n'
    ) in words()
    assert words().endswith(
        "Fault: f1: provider_error (name TooManyPerNumber), after the operation takes effect\n"
        "Fix: Make the client survive this, or remove the fault rule f1."
    )


def test_a_delayed_provider_error_is_explained_like_any_other(client: Client, words) -> None:
    add_fault(client, {"kind": "delay", "seconds": 1})
    client.get(SEND.format("555"))

    assert "Fault: f1: delay (seconds 1), after the operation takes effect" in words()
    assert words().endswith("Fix: Send to as 10 digits, or 11 with a leading 1, and nothing between them.")
    assert "Decided" not in words()


def test_a_client_that_left_before_its_answer_got_nothing(client: Client, registry) -> None:
    client.get(NUMBERS)
    registry.default.journal.get(1).finish(0, "left")

    assert "no_response" == row(client)["outcome"]


# -- magic -----------------------------------------------------------------------------------------------------------

MAGIC = {
    "rejected": (SEND.format("9995550103"), "rejected", "9995550100 to 9995550109", "to", "DT-39", "dialogtech"),
    "a limit": (SEND.format("9995550130"), "rejected", "9995550130 to 9995550139", "to", "DT-39", "dialogtech"),
    "accepted, then lost": (
        SEND.format("9995550149"),
        "no_response",
        "9995550140 to 9995550149",
        "to",
        "DT-39",
        "dialogtech",
    ),
    "answered": (SEND.format("19995550150"), "accepted", "9995550150 to 9995550159", "to", "DT-39", "dialogtech"),
    "mGage, failing": (PROGRAM.format(500_500), "rejected", "500500 to 500509", "programId", "MG-28", "mgage"),
    "mGage, lost": (PROGRAM.format(500_511), "no_response", "500510 to 500519", "programId", "MG-28", "mgage"),
    "mGage, late": (PROGRAM.format(500_529), "accepted", "500520 to 500529", "programId", "MG-28", "mgage"),
    "mGage, silent": (PROGRAM.format(500_530), "no_response", "500530 to 500539", "programId", "MG-28", "mgage"),
    "SerwerSMS, down": ("+48990000000", "rejected", "+48990000000 to +48990000009", "phone", "SW-39", "serwersms"),
    "SerwerSMS, lost": ("+48990000011", "no_response", "+48990000010 to +48990000019", "phone", "SW-39", "serwersms"),
    "SerwerSMS, late": ("990000029", "accepted", "+48990000020 to +48990000029", "phone", "SW-39", "serwersms"),
    "SerwerSMS, none": ("+48990000040", "rejected", "+48990000040 to +48990000049", "phone", "SW-39", "serwersms"),
}

EMPTY_RESULT = {
    "mgage": "Let a message come in first: without any filter there is none.",
    "serwersms": "Change phone, or leave it out: without it there are messages.",
}
"""The hint for each provider's accepted request here that reads: its result is empty."""


def conjure(client: Client, request: str, provider: str) -> dict[str, Any]:
    if provider == "serwersms":
        call = {"username": "Login", "password": "Haslo", "phone": request}
        environ = create_environ("/messages/recived", method="POST", json=call)
    else:
        environ = create_environ(request, headers={"Authorization": "Basic bWdhZ2U6bWdhZ2U="})
    client.application(environ, lambda *_: None)
    number = row(client)["number"]
    found: dict[str, Any] = client.get(f"{HERE}/journal/{number}").get_json()["explanation"]
    return found


@pytest.mark.parametrize("case", MAGIC.values(), ids=MAGIC)
def test_the_explanation_of_a_magic_number_has_its_range_its_quirk_and_how_to_switch_it_off(
    client: Client, words, case: Any
) -> None:
    request, outcome, numbers, parameter, quirk, provider = case
    found = conjure(client, request, provider)
    magic, off = found["magic"], f"{provider}.magic=off"
    hint = f"Make the client survive this, or switch the magic off with the variant {off}."
    if outcome == "accepted":
        hint = EMPTY_RESULT.get(provider)

    assert outcome == found["outcome"]
    assert (parameter, numbers, quirk, off) == (magic["parameter"], magic["range"], magic["quirk"], magic["off"])
    assert f"{provider}.magic" in [switch["name"] for switch in found["variants"]]
    assert hint == found["hint"]
    assert f"is one of {numbers}: {magic['outcome']}\n  {quirk}: " in words()
    assert f"the variant {off} switches them off" in words()


@pytest.mark.parametrize("case", MAGIC.values(), ids=MAGIC)
def test_what_is_switched_off_is_no_magic(client: Client, case: Any) -> None:
    request, *_, provider = case
    client.patch(f"{HERE}/variants", json={f"{provider}.magic": "off"})

    assert conjure(client, request, provider)["magic"] is None


def test_a_magic_number_that_a_real_limit_was_quicker_than_did_nothing(client: Client) -> None:
    client.get(SEND.format("5556667777"))

    assert conjure(client, SEND.format("9995550140"), "dialogtech")["magic"] is None
