"""What a customer is told at his listener, and whether he has heard it. Pure, as `operations.py` is.

002 shows that a number has a listener, and nothing says how it is called: all of this is assumed.
"""

from __future__ import annotations

from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, Status
from mockserver.engine.events import AttemptEnded, DeliveryOpened
from mockserver.engine.ids import IdReservation
from mockserver.engine.instants import SECOND, Instant
from mockserver.engine.messages import Message
from mockserver.engine.state import State

from . import quirks

INBOUND = "inbound"
"""A message came in, which the number's ``url`` is told."""
REPORT = "report"
"""A message was sent and has reached its handset, which the number's ``dlr_url`` is told (DT-41)."""

# DT-43
PAUSE: Instant = 60 * SECOND
"""Between two attempts, where there is more than one."""
MOST = {"one": 1, "three": 3}


def opened(kind: str, message: Message, url: str, ids: IdReservation) -> DeliveryOpened:
    """That a customer is to be told of a message that is being stored."""
    return DeliveryOpened(
        Delivery(
            number=ids.number("outbox"),
            provider="dialogtech",
            account=message.account,
            kind=kind,
            serial=message.serial,
            url=url,
            verifies=False,
            lane=message.own_number,
            opened=message.at,
            due=message.at,
        )
    )


def judge(delivery: Delivery, attempt: Attempt, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all rooms
    """Whether the customer has heard, and when he is told again."""
    failure = _failure(attempt.outcome, state.readings[quirks.LISTENER_ACKNOWLEDGES.name])
    is_last = len(delivery.attempts) + 1 >= MOST[state.readings[quirks.LISTENER_ATTEMPTS.name]]  # DT-43
    due = None if failure is None or is_last else attempt.at + PAUSE
    status: Status = "acknowledged" if failure is None else "given up" if is_last else "due"
    judged = attempt._replace(verdict=failure or f"an answer came, with status {attempt.outcome.status}")
    event = AttemptEnded(delivery.number, judged, status, due)
    return Decision(now, judged, (event,), account=delivery.account)


def _failure(outcome: Outcome, reading: str) -> str | None:
    """Why he has not heard; ``None`` when he has (DT-42)."""
    if outcome.status is None or outcome.error is not None:  # DT-44: too slow is one of the reasons
        return outcome.error or "no answer came"
    if reading == "2xx" and not 200 <= outcome.status < 300:
        return f"status {outcome.status} is not one of 200 to 299"
    return None
