"""What follows from a receiver's answers: the verdict, whether the provider calls again, and what that costs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from contract_tests.receivers.conftest import Receiver
from contract_tests.receivers.test_cases import BY_NAME, FIELDS, create_check, run
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.receivers.calls import CallingSender, TimedOutcome
from mockserver.receivers.cases import CASES
from mockserver.receivers.judging import CheckedCase
from mockserver.receivers.worlds import cause_webhooks, create_webhook_world, run_to_the_end

Serve = Callable[..., Receiver]

VERIFIED = "If the verification option is enabled and the script on the client side does not return the required values"


class Counts:
    """A count that gives some numbers, one after the other."""

    def __init__(self, *numbers: int) -> None:
        self.numbers: Iterator[int] = iter(numbers)

    def ask(self, _caller: object) -> int:
        return next(self.numbers)


def judge(serve: Serve, status: int, body: str, name: str = "normal", **options: Any) -> CheckedCase:
    """Check a receiver that always answers so, with one case."""
    receiver = serve(lambda *_: (status, body))
    (checked,) = run(create_check(f"{receiver.url}/sms{FIELDS}", **options), name)
    return checked


def test_a_line_break_after_ok_is_no_acknowledgement_and_the_open_quirk_is_named(serve: Serve) -> None:
    checked = judge(serve, 200, "OK\n", count=Counts(7, 12))

    assert (
        "failed",
        (
            "The response is 'OK\\n' and not 'OK' (an acknowledgement under SW-49, serwersms.forwarding.answer=trimmed):"
            " SerwerSMS calls again after 5, 10, 15 and 60 minutes, 5 times in all, and then gives up."
        ),
        "5 calls in place of 1, the last after 60 minutes; stored 5 times",
    ) == (checked.verdict, checked.sentence, checked.cost)
    assert (300, 600, 900, 3600) == checked.repeats
    assert (checked.source.sentence or "").startswith(VERIFIED)


def test_the_schedule_is_that_of_the_chosen_variant(serve: Serve) -> None:
    gaps = judge(serve, 200, "no", variants={"serwersms.forwarding.repeats": "gaps"})
    trimmed = judge(serve, 200, "OK\n", variants={"serwersms.forwarding.answer": "trimmed"})

    assert (300, 900, 1800, 5400) == gaps.repeats
    assert (
        "warning",
        "It is acknowledged, but would not be under SW-49, serwersms.forwarding.answer=exact.",
    ) == (
        trimmed.verdict,
        trimmed.sentence,
    )


def test_without_verification_an_error_is_an_acknowledgement_and_what_is_not_stored_is_lost(serve: Serve) -> None:
    lost = judge(serve, 500, "oops", requires_ack=False)
    counted = judge(serve, 500, "oops", requires_ack=False, count=Counts(0, 0))
    stored = judge(serve, 500, "oops", requires_ack=False, count=Counts(0, 1))

    sentence = "Status 500 counts as an acknowledgement: SerwerSMS does not call again, and what the receiver has not stored is lost."
    assert ("failed", sentence, "nothing") == (lost.verdict, lost.sentence, lost.cost)
    assert (
        "failed",
        "It is acknowledged, and the message is not stored: it is lost, for SerwerSMS does not call again.",
        "lost",
    ) == (counted.verdict, counted.sentence, counted.cost)
    assert ("warning", sentence, "nothing") == (stored.verdict, stored.sentence, stored.cost)


def test_a_receiver_that_acknowledges_the_second_call_only_gets_its_messages_late(serve: Serve) -> None:
    answers = (("later", "OK")[number % 2] for number in count())
    receiver = serve(lambda *_: (200, next(answers)))
    (checked,) = run(create_check(f"{receiver.url}/sms{FIELDS}"), "normal")

    assert (
        "failed",
        "The response is 'later' and not 'OK': it is acknowledged at call 2, after 5 minutes.",
        "2 calls in place of 1, the last after 5 minutes",
    ) == (checked.verdict, checked.sentence, checked.cost)


def test_a_receiver_that_closes_its_connections_is_said_to() -> None:
    def close(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                listening.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=close, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/sms"
        (checked,) = run(create_check(url, "dialogtech", "inbound"), "normal")
        listening.shutdown(socket.SHUT_RDWR)

    assert ("failed", "DT-43", "DialogTech gives up, for it does not call again.") == (
        checked.verdict,
        checked.source.quirk,
        checked.sentence.rpartition(": ")[2],
    )


def test_where_a_redirect_leads_is_named(serve: Serve) -> None:
    receiver = serve(lambda *_: (301, ""), Location="https://receiver.example/sms")
    (checked,) = run(create_check(f"{receiver.url}/sms{FIELDS}"), "normal")

    assert checked.sentence.startswith(
        "Status 301 leads to https://receiver.example/sms, where no call goes, and the response is '' and not 'OK': "
    )


@pytest.mark.parametrize(
    ("variant", "repeats", "follows"),
    [
        ("one", (), "DialogTech gives up, for it does not call again"),
        ("three", (60, 120), "DialogTech calls again after 1 and 2 minutes, 3 times in all, and then gives up"),
    ],
)
def test_dialogtech_calls_as_often_as_its_variant_says(
    variant: str, repeats: tuple[int, ...], follows: str, serve: Serve
) -> None:
    receiver = serve(lambda *_: (503, ""))
    variants = {"dialogtech.listener.attempts": variant}
    (checked,) = run(create_check(f"{receiver.url}/sms", "dialogtech", "inbound", variants=variants), "normal")

    assert (
        f"Status 503 is not one of 200 to 299 (an acknowledgement under DT-42, dialogtech.listener.acknowledges=any): {follows}."
        == checked.sentence
    )
    assert ("failed", repeats, "DT-42") == (checked.verdict, checked.repeats, checked.source.quirk)


def test_a_receiver_that_is_behind_with_storing_is_counted_again(serve: Serve) -> None:
    behind = judge(serve, 200, "OK", count=Counts(3, 3, 4), count_wait=60)

    assert ("passed", 1) == (behind.verdict, behind.stored)


def test_two_messages_of_which_one_is_stored_are_one_lost(serve: Serve) -> None:
    checked = judge(serve, 200, "OK", "reordered", count=Counts(0, 1))

    assert (
        "failed",
        "It is acknowledged, and 1 of 2 messages is not stored: it is lost, for SerwerSMS does not call again.",
    ) == (checked.verdict, checked.sentence)


@pytest.mark.parametrize(
    ("status", "body", "stored", "verdict", "sentence"),
    [
        (200, "OK", None, "warning", "A PUT is answered with status 200, as a call of SerwerSMS is."),
        (200, "OK", 1, "failed", "A PUT is stored as a message."),
        (405, "", 0, "passed", "Nothing is stored for a PUT."),
        (501, "", None, "passed", "A PUT is answered with status 501."),
        (500, "", 0, "warning", "A PUT ends in an error of the receiver, status 500."),
    ],
)
def test_a_method_that_no_provider_uses_is_to_store_nothing_and_to_break_nothing(
    status: int, body: str, stored: int | None, verdict: str, sentence: str, serve: Serve
) -> None:
    counts = None if stored is None else Counts(1, 1 + stored)
    checked = judge(serve, status, body, "wrong-method", count=counts)

    assert (verdict, sentence) == (checked.verdict, checked.sentence)


class LateCaller:
    """A caller whose requests take too long."""

    timeout = 10.0

    def __init__(self) -> None:
        self.made = 0

    def fetch_groups(self, groups: list[list[OutgoingRequest]], *, is_slow: bool = False) -> list[list[TimedOutcome]]:
        assert not is_slow
        self.made += sum(map(len, groups))
        return [
            [TimedOutcome(Outcome(error="no complete response within 10 s"), 10.0) for _ in group] for group in groups
        ]


def test_the_repeats_of_a_call_that_took_too_long_are_not_waited_for() -> None:
    provider, caller = BY_NAME["serwersms"], LateCaller()
    sender = CallingSender(provider, caller)  # type: ignore[arg-type]  # the part of a caller that it uses
    kind, url = provider.webhook_kinds[0], "http://127.0.0.1/sms"
    world = create_webhook_world(provider, kind, url, requires_ack=False, at=0, sender=sender)
    cause_webhooks(world, provider, kind, CASES[0], 0)
    run_to_the_end(world, sender)

    assert 1 == caller.made
    assert [False, True, True, True, True] == [call.is_assumed for call in sender.calls]
    assert ["given up"] == [delivery.status for delivery in world.state.deliveries.values()]


@pytest.mark.parametrize(
    ("counts", "name", "cost"),
    [
        (None, "normal", "a message that is not stored now is in the API alone"),
        (Counts(0, 0), "normal", "lost: only the API has it"),
        (Counts(0, 1), "normal", "stored once"),
        (Counts(0, 1), "reordered", "1 of 2 messages stored"),
        (Counts(0, 4), "reordered", "4 messages stored in place of 2"),
    ],
)
def test_what_is_never_acknowledged_costs_what_is_not_stored_or_too_often(
    counts: Counts | None, name: str, cost: str, serve: Serve
) -> None:
    checked = judge(serve, 200, "no", name, count=counts)

    assert ("failed", cost) == (checked.verdict, checked.cost.split("; ")[-1])
