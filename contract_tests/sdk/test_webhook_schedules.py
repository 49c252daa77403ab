"""Webhook schedules: when a delivery is retried, what the result of an attempt decides, and how requests are signed."""

from __future__ import annotations

import pytest

from mockserver.sdk import (
    SECOND,
    Attempt,
    Outcome,
    OutgoingRequest,
    Retries,
    Schedule,
    WebhookDelivery,
    end_attempt,
    failure_of,
    sign,
)

REQUEST = OutgoingRequest("POST", "http://receiver.example/")


def attempts(*seconds: int) -> list[Attempt]:
    return [Attempt(at * SECOND, REQUEST, Outcome(500), "") for at in seconds]


@pytest.mark.parametrize(
    ("schedule", "made", "due"),
    [
        (Schedule.at_offsets(300, 600), (100,), 400),
        (Schedule.at_offsets(300, 600), (100, 400), 700),
        (Schedule.at_offsets(300, 600), (100, 400, 700), None),
        (Schedule.at_offsets(300, 600), (100, 650), 700),  # somebody repeated it in between, and later than was due
        (Schedule.with_gaps(300, 600), (100,), 400),
        (Schedule.with_gaps(300, 600), (100, 400), 1000),
        (Schedule.with_gaps(300, 600), (100, 400, 1000), None),
        (Retries(1), (100,), None),
        (Retries(3, pause=60), (100,), 160),
        (Retries(3, pause=60), (100, 200), 260),
        (Retries(3, pause=60), (100, 200, 260), None),
    ],
)
def test_a_schedule_says_when_the_next_attempt_is_due(
    schedule: Schedule | Retries, made: tuple[int, ...], due: int | None
) -> None:
    assert (None if due is None else due * SECOND) == schedule.following(attempts(*made))


@pytest.mark.parametrize(
    ("outcome", "needs_2xx", "failure"),
    [
        (Outcome(204), True, None),
        (Outcome(302), False, None),
        (Outcome(302), True, "status 302 is not one of 200 to 299"),
        (Outcome(), False, "no answer came"),
        (Outcome(200, error="it took longer than 5 seconds"), False, "it took longer than 5 seconds"),
    ],
)
def test_an_attempt_fails_without_a_response_or_with_a_status_that_does_not_count(
    outcome: Outcome, needs_2xx: bool, failure: str | None
) -> None:
    assert failure == failure_of(outcome, needs_2xx=needs_2xx)


@pytest.mark.parametrize(
    ("failure", "retries", "status", "due"),
    [
        (None, Retries(2, pause=4), "acknowledged", None),
        ("no answer came", Retries(2, pause=4), "due", 9 * SECOND),
        ("no answer came", Retries(1, pause=4), "given up", None),
        ("no answer came", None, "given up", None),
    ],
)
def test_an_attempt_ends_in_one_event(
    failure: str | None, retries: Retries | None, status: str, due: int | None
) -> None:
    delivery = WebhookDelivery(1, "acme", "acme/a", "status", 7, REQUEST.url, False, "acme/a", 0)
    decision = end_attempt(delivery, *attempts(5), 6, failure, retries, success="it was answered")
    (event,) = decision.events

    assert (1, status, due) == (event.number, event.status, event.due)
    assert (failure or "it was answered") == event.attempt.result
    assert ("acme/a", 6) == (decision.account, decision.at)


def test_a_signature_is_the_hmac_of_all_parts_as_one() -> None:
    # RFC 4231, test case 2
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

    assert expected == sign("Jefe", "what do ya want for nothing?") == sign("Jefe", b"what do ya ", "want for nothing?")
    # RFC 2202, test case 2 for SHA-1
    assert "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" == sign("Jefe", "what do ya want for nothing?", algorithm="sha1")
