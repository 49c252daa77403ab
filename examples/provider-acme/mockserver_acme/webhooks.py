"""Status callbacks: when each is due, what it says, and what follows from an attempt at one. Pure."""

from __future__ import annotations

from msgspec import structs

from mockserver import sdk

from . import quirks

FINAL = ("delivered", "undelivered")
# API says "Answer with a status from 200 to 299; else we repeat the callback after 10, 60 and 600 seconds."
REPEATS = sdk.Schedule.at_offsets(10, 60, 600)


def open_callbacks(message: sdk.Message, url: str, ids: sdk.IdReservation) -> tuple[sdk.DeliveryOpened, ...]:
    """The callbacks that a message leads to."""
    # API says "queued at once, sent after 2 seconds, delivered or undelivered after 5 seconds"
    last = "undelivered" if quirks.UNDELIVERED.has(message.recipient) else "delivered"  # AC-4
    statuses = {"queued": 0, "sent": 2, last: 5}
    return tuple(sdk.open_webhook("acme", status, message, url, ids, delay=delay) for status, delay in statuses.items())


def build_webhook(delivery: sdk.WebhookDelivery, state: sdk.State) -> sdk.OutgoingRequest:
    """The request of an attempt at a callback."""
    message = sdk.subject(delivery, state)
    at: sdk.Instant = delivery.due or delivery.created_at
    shown = {"id": message.id, "status": delivery.kind, "tag": message.fields.get("tag"), "at": sdk.iso(at)}
    body = sdk.compact(shown)
    timestamp = str(at // sdk.SECOND)
    # API says "X-Acme-Signature is the HMAC-SHA256, in hexadecimal digits, of X-Acme-Timestamp, a full stop and the body"
    secret = state.accounts[delivery.account].fields["signing_secret"]
    headers = (
        ("Content-Type", "application/json"),
        ("X-Acme-Timestamp", timestamp),
        ("X-Acme-Signature", sdk.sign(secret, timestamp, ".", body)),
    )
    return sdk.OutgoingRequest("POST", delivery.url, headers, body)


def evaluate_attempt(
    delivery: sdk.WebhookDelivery, attempt: sdk.Attempt, state: sdk.State, now: sdk.Instant, _ids: sdk.IdReservation
) -> sdk.Decision:
    """Decide whether an attempt succeeded and when to repeat it. The first attempt changes the message's status."""
    message = state.message_store.get(delivery.serial)
    failure = sdk.failure_of(attempt.outcome, needs_2xx=True)
    ended = sdk.end_attempt(delivery, attempt, now, failure, REPEATS if message else None)
    if message is None or message.status == delivery.kind or delivery.attempts:
        return ended
    return structs.replace(ended, events=(sdk.MessageChanged(message.serial, delivery.kind), *ended.events))
