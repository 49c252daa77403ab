"""Three receivers of customers, in Python, Node and PHP, get three different verdicts, and each of their faults is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from contract_tests.commands import run_command
from contract_tests.receivers.conftest import Started

FIELDS = "sender=#NUMER#&text=#WIADOMOSC#&date=#DATA#&id=#ID#"
REPEATED = "SerwerSMS calls again after 5, 10, 15 and 60 minutes, 5 times in all, and then gives up."


def check(receiver: Started) -> tuple[int, dict[str, Any]]:
    """Check a receiver; return the exit code and the result."""
    done = run_command(
        *("check-receiver", f"{receiver.url}?{FIELDS}", "--provider", "serwersms", "--verified"),
        *(*receiver.count, "--count-wait", 0, "--format", "json"),
    )
    return done.returncode, json.loads(done.stdout)


def faults(result: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """The cases that have not passed: verdict, sentence and cost by name."""
    return {
        case["case"]: (case["verdict"], case["sentence"], case["cost"])
        for case in result["cases"]
        if case["verdict"] != "passed"
    }


def test_a_receiver_that_stores_each_message_once_and_then_acknowledges_passes(start: Callable[[str], Started]) -> None:
    code, result = check(start("good.py"))

    assert {} == faults(result)
    assert (0, "passed") == (code, result["verdict"])
    assert [1] * 9 + [2, 1, 1, 1, 0, 0] == [case["stored"] for case in result["cases"]]


def test_a_receiver_that_minds_neither_methods_nor_statuses_is_warned_of_both(start: Callable[[str], Started]) -> None:
    code, result = check(start("careless.mjs"))

    not_2xx = "It is acknowledged, but would not be under SW-50, serwersms.forwarding.status=2xx."
    assert {
        "duplicate": ("warning", not_2xx, "nothing"),
        "two-at-once": ("warning", not_2xx, "nothing"),
        "lost-acknowledgement": ("warning", not_2xx, "a second call after 5 minutes, for the lost response"),
        "wrong-method": ("warning", "A PUT is answered with status 200, as a call of SerwerSMS is.", "nothing"),
    } == faults(result)
    assert (0, "warning") == (code, result["verdict"])


def test_each_fault_of_a_receiver_with_many_is_named(start: Callable[[str], Started]) -> None:
    code, result = check(start("naive.php"))

    never = "5 calls in place of 1, the last after 60 minutes; lost: only the API has it"
    twice = "Each call is acknowledged, and stored twice."
    assert {
        "emoji": (
            "failed",
            f"The response is \"Incorrect string value for column 'text'\" and not 'OK': {REPEATED}",
            never,
        ),
        "long-text": (
            "failed",
            f"The response is \"Data too long for column 'text'\" and not 'OK': {REPEATED}",
            never,
        ),
        "attachments": (
            "failed",
            "It is acknowledged, and the message is not stored: it is lost, for SerwerSMS does not call again.",
            "lost",
        ),
        "duplicate": ("failed", twice, "stored twice"),
        "two-at-once": ("failed", twice, "stored twice"),
        "late": ("failed", f"The response is 'too old' and not 'OK': {REPEATED}", never),
        "lost-acknowledgement": (
            "failed",
            twice,
            "a second call after 5 minutes, for the lost response; stored twice",
        ),
        "head": ("failed", "A HEAD is stored as a message.", "a message that nobody wrote"),
        "wrong-method": ("failed", "A PUT is stored as a message.", "a message that nobody wrote"),
    } == faults(result)
    assert (1, "failed") == (code, result["verdict"])
