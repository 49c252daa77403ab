"""A message comes in: it is stored, and the customer's URL is told until it has heard or the repeats are used up. Pure, as `operations.py` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

from mockserver.engine.accounts import Account, ForwardingRule
from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Attempt, Delivery, Outcome, Status
from mockserver.engine.events import AttemptEnded, DeliveryOpened, Event, MessagesRead, MessageStored
from mockserver.engine.ids import IdReservation
from mockserver.engine.instants import SECOND, Instant
from mockserver.engine.messages import Message
from mockserver.engine.state import State
from mockserver.validation.messages import shown

from . import quirks

# -- in ------------------------------------------------------------------------------------------------------------


class Taken(NamedTuple):
    """A message that came in, and what that brings about."""

    message: Message
    events: tuple[Event, ...]


def take_in(fields: Mapping[str, Any], account: Account, state: State, now: Instant, ids: IdReservation) -> Taken:
    """Store a message of an account, and open its delivery where a rule says so.

    Args:
        fields: of the message, by name; ``kind``, ``sender`` and ``text`` are among them.
        account: whose message it is.
        state: of the world.
        now: when it comes in.
        ids: where its id is from.
    """
    message = Message(
        serial=state.ledger.next_serial,
        account=account.key,
        id=str(ids.number(f"serwersms.{fields['kind']}", 1_000_000)),  # SW-23
        direction="inbound",
        at=now,
        **{"recipient": "", **fields},
    )
    rule = next((rule for rule in account.forwarding if _fits(rule, message)), None)  # SW-41, SW-42
    if rule is None:
        return Taken(message, (MessageStored(message),))
    return Taken(message, (MessageStored(message), DeliveryOpened(_delivery(message, rule, ids))))


def _fits(rule: ForwardingRule, message: Message) -> bool:
    # 004: "[chosen password / prefix]> Forward"; SW-40, SW-42
    return (
        rule.service == message.kind
        and rule.number in ("", message.recipient)
        and message.text.casefold().startswith(rule.prefix.casefold())
    )


def _delivery(message: Message, rule: ForwardingRule, ids: IdReservation) -> Delivery:
    return Delivery(
        number=ids.number("outbox"),
        provider="serwersms",
        account=message.account,
        kind="inbound",
        serial=message.serial,
        url=rule.url,
        verifies=rule.verification,
        lane=message.own_number or message.account,
        opened=message.at,
        due=message.at,
    )


# -- out -----------------------------------------------------------------------------------------------------------

# 004: "the system will repeat the URL invocation in 5, 10, 15 and 60 minutes"
MINUTES = (5, 10, 15, 60)
REPEATS: Mapping[str, tuple[int, ...]] = {"offsets": MINUTES, "gaps": tuple(accumulate(MINUTES))}
"""SW-52: minutes after the first attempt, by reading; ``gaps`` are 5, 15, 30 and 90."""


def judge(delivery: Delivery, attempt: Attempt, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all rooms
    """Whether the customer has heard, and when he is told again."""
    failure = _failure(delivery, attempt.outcome, state.readings)
    if failure is None:
        return _judged(delivery, attempt._replace(verdict=_HEARD[delivery.verifies]), "acknowledged", None, state, now)
    due = _next(delivery, attempt, state.readings)
    # 004: "If you still fail to convey the message to the customer, the system will not undertake more attempts."
    status: Status = "given up" if due is None else "due"
    return _judged(delivery, attempt._replace(verdict=failure), status, due, state, now)


_HEARD = {True: "the answer is OK", False: "an answer came, and is not verified"}


def _judged(
    delivery: Delivery, attempt: Attempt, status: Status, due: Instant | None, state: State, now: Instant
) -> Decision:
    events: tuple[Event, ...] = (AttemptEnded(delivery.number, attempt, status, due),)
    if status == "acknowledged" and state.readings[quirks.FORWARDED.name] == "read":  # SW-55
        events += (MessagesRead((delivery.serial,)),)
    return Decision(now, attempt, events, account=delivery.account)


def _failure(delivery: Delivery, outcome: Outcome, readings: Mapping[str, str]) -> str | None:
    """Why he has not heard; ``None`` when he has."""
    if outcome.status is None or outcome.error is not None:  # SW-53: too slow is one of the reasons
        return outcome.error or "no answer came"
    # SW-50; SW-54: and so a redirect is an answer like any other
    if readings[quirks.ANSWER_STATUS.name] == "2xx" and not 200 <= outcome.status < 300:
        return f"status {outcome.status} is not one of 200 to 299"
    # 004: "does not return the required values"; SW-49
    if delivery.verifies and not _IS_OK[readings[quirks.ANSWER.name]](outcome.body):
        return f"the answer is {shown(outcome.body[:400].decode(errors='replace'))} and not 'OK'"
    return None


_IS_OK: Mapping[str, Callable[[bytes], bool]] = {
    "exact": lambda body: body == b"OK",
    "trimmed": lambda body: body.strip() == b"OK",
    "any-case": lambda body: body.strip().upper() == b"OK",
}


def _next(delivery: Delivery, attempt: Attempt, readings: Mapping[str, str]) -> Instant | None:
    """The first of the repeats that is still to come."""
    if not delivery.verifies and readings[quirks.UNVERIFIED.name] == "once":  # SW-51
        return None
    first = (*delivery.attempts, attempt)[0].at
    repeats = (first + minutes * 60 * SECOND for minutes in REPEATS[readings[quirks.REPEATS.name]])
    return next((due for due in repeats if due > attempt.at), None)
