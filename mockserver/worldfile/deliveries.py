"""Deliveries with their attempts as world files have them. A delivery names its message by what identifies it in the file."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, get_args

from mockserver.engine.deliveries import Attempt, Delivery, Outcome, OutgoingRequest, Status, WebhookFault
from mockserver.engine.instants import Instant, iso
from mockserver.engine.messages import Message
from mockserver.engine.state import State
from mockserver.validation.json_schema import TEXT, Schema, object_schema
from mockserver.validation.messages import Place, WorldFileError, format_choices, show_value

Identity: TypeAlias = tuple[str, str, str, str]
"""What identifies a message in a world file: its account's key, direction, kind and id."""

_NUMBER = {
    "type": "integer",
    "minimum": 1,
    "maximum": 10**18,
    "description": "a whole number from 1 to 10 to the power of 18",
}
_WHEN = {"type": "string", "description": "an instant (2017-01-01T09:30:00Z)"}
_FLAG = {"type": "boolean", "description": "true or false"}
_STATUSES: tuple[str, ...] = get_args(Status)
HEADERS = {
    "type": "array",
    "description": "a list of headers",
    "items": {
        "type": "array",
        "items": TEXT,
        "minItems": 2,
        "maxItems": 2,
        "description": "a list of a header's name and value",
    },
}
_BODY = {
    **object_schema("an object with 'text' or 'base64'", text=TEXT, base64=TEXT),
    "minProperties": 1,
    "maxProperties": 1,
}
_REQUEST = object_schema(
    "a request", ["method", "url", "headers", "body"], method=TEXT, url=TEXT, headers=HEADERS, body=_BODY
)
_RESPONSE = {
    "description": "a response, or null",
    "anyOf": [
        object_schema(
            "a response",
            ["status", "headers", "body"],
            status={"type": "integer", "minimum": 100, "maximum": 999, "description": "an HTTP status"},
            headers=HEADERS,
            body=_BODY,
        ),
        {"type": "null", "description": "null"},
    ],
}
_ATTEMPT = object_schema(
    "an attempt",
    ["at", "request", "response", "error", "result"],
    at=_WHEN,
    request=_REQUEST,
    response=_RESPONSE,
    error={"type": ["string", "null"], "description": "a sentence, or null"},
    result=TEXT,
)
_MESSAGE = {
    "description": "an object that identifies a message, or null",
    "anyOf": [
        object_schema(
            "an object that identifies a message",
            ["direction", "id"],
            account=TEXT,
            direction={"enum": ["inbound", "outbound"], "description": "'inbound' or 'outbound'"},
            kind=TEXT,
            id=TEXT,
        ),
        {"type": "null", "description": "null"},
    ],
}
DELIVERY: Schema = object_schema(
    "a delivery",
    ["number", "provider", "account", "kind", "message", "url", "ordering_key", "created_at", "status"],
    number=_NUMBER,
    provider={"type": "string", "description": "a provider's name"},
    account=TEXT,
    kind=TEXT,
    message=_MESSAGE,
    url=TEXT,
    requires_ack=_FLAG,
    ordering_key=TEXT,
    created_at=_WHEN,
    status={"enum": list(_STATUSES), "description": format_choices(_STATUSES)},
    due=_WHEN,
    attempts={"type": "array", "items": _ATTEMPT, "description": "a list of attempts"},
    fault={"description": "a fault of webhooks"},
    fault_rule=TEXT,
    reordered=_FLAG,
    interrupted={"type": "array", "items": _WHEN, "description": "a list of instants"},
)
"""The JSON Schema of a delivery."""


# ---------------------------------------------------------------------------------------------------------------- writing


def describe_deliveries(state: State) -> Iterator[dict[str, Any]]:
    """Yield the deliveries of a state as in a world file. An attempt in flight is one whose outcome is not known."""
    for delivery in state.deliveries.values():
        message = None if delivery.serial is None else state.message_store.get(delivery.serial)
        started = state.in_flight.get(delivery.number)
        interrupted = (*delivery.interrupted, *([started.at] if started else []))
        yield {
            "number": delivery.number,
            "provider": delivery.provider,
            "account": delivery.account.partition("/")[2],
            "kind": delivery.kind,
            "message": None if message is None else _describe_message(message, delivery.account),
            "url": delivery.url,
            **({"requires_ack": True} if delivery.requires_ack else {}),
            "ordering_key": delivery.ordering_key,
            "created_at": iso(delivery.created_at),
            "status": delivery.status,
            **({} if delivery.due is None else {"due": iso(delivery.due)}),
            **({"attempts": [*map(_describe_attempt, delivery.attempts)]} if delivery.attempts else {}),
            **({} if delivery.fault is None else {"fault": delivery.fault.to_json()}),
            **({} if delivery.fault_rule is None else {"fault_rule": delivery.fault_rule}),
            **({"reordered": True} if delivery.number in state.reordered else {}),
            **({"interrupted": [*map(iso, interrupted)]} if interrupted else {}),
        }


def _describe_message(message: Message, account: str) -> dict[str, str]:
    return {
        **({} if message.account == account else {"account": message.account.partition("/")[2]}),
        "direction": message.direction,
        **({"kind": message.kind} if message.kind else {}),
        "id": message.id,
    }


def _describe_attempt(attempt: Attempt) -> dict[str, Any]:
    request, outcome = attempt.request, attempt.outcome
    response = {"status": outcome.status, "headers": outcome.headers, "body": describe_body(outcome.body)}
    return {
        "at": iso(attempt.at),
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": describe_body(request.body),
        },
        "response": None if outcome.status is None else response,
        "error": outcome.error,
        "result": attempt.result,
    }


def describe_body(body: bytes) -> dict[str, str]:
    """Return a body as text, or as base64 if it is not UTF-8."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


# ---------------------------------------------------------------------------------------------------------------- reading


def identity(described: Mapping[str, Any]) -> Identity | None:
    """Return the identity of the message of a valid delivery; ``None`` for one that is about no message."""
    message = described["message"]
    if message is None:
        return None
    account = f"{described['provider']}/{message.get('account', described['account'])}"
    return account, message["direction"], message.get("kind", ""), message["id"]


def read_delivery(
    described: Mapping[str, Any],
    serials: Mapping[Identity, int],
    instant: Callable[[str, Place], Instant],
    fault: WebhookFault | None,
    place: Place,
) -> Delivery:
    """Read a delivery that is valid by its schema.

    Args:
        described: the delivery as the file has it.
        serials: the serials of the messages.
        instant: reads an instant; it raises the error itself.
        fault: the fault that is applied to it.
        place: where it is in the file.

    Raises:
        WorldFileError: the file has no such message, an instant is none, or a body is not base64.
    """
    message = identity(described)
    if message is not None and message not in serials:
        raise WorldFileError(
            f"{message[0]} has no {message[1]} message {show_value(message[3])}", (*place, "message", "id")
        )
    due = described.get("due")
    if described["status"] == "due" and due is None:
        raise WorldFileError("is missing", (*place, "due"))
    return Delivery(
        number=int(described["number"]),
        provider=described["provider"],
        account=f"{described['provider']}/{described['account']}",
        kind=described["kind"],
        serial=None if message is None else serials[message],
        url=described["url"],
        requires_ack=described.get("requires_ack", False),
        ordering_key=described["ordering_key"],
        created_at=instant(described["created_at"], (*place, "created_at")),
        status=described["status"],
        due=None if due is None else instant(due, (*place, "due")),
        attempts=tuple(
            _read_attempt(each, instant, (*place, "attempts", row))
            for row, each in enumerate(described.get("attempts", ()))
        ),
        fault=fault,
        fault_rule=described.get("fault_rule"),
        interrupted=tuple(
            instant(each, (*place, "interrupted", row)) for row, each in enumerate(described.get("interrupted", ()))
        ),
    )


def _read_attempt(described: Mapping[str, Any], instant: Callable[[str, Place], Instant], place: Place) -> Attempt:
    request, response = described["request"], described["response"]
    body = read_body(request["body"], (*place, "request", "body"))
    outcome = Outcome(error=described["error"])
    if response is not None:
        received = read_body(response["body"], (*place, "response", "body"))
        outcome = Outcome(int(response["status"]), _headers(response["headers"]), received, described["error"])
    sent = OutgoingRequest(request["method"], request["url"], _headers(request["headers"]), body)
    return Attempt(instant(described["at"], (*place, "at")), sent, outcome, described["result"])


def _headers(described: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in described)


def read_body(described: Mapping[str, str], place: Place) -> bytes:
    """Read a body.

    Raises:
        WorldFileError: it is not base64, or has characters that no UTF-8 has.
    """
    try:
        if "base64" in described:
            return b64decode(described["base64"], validate=True)
        return described["text"].encode()
    except ValueError as reason:
        raise WorldFileError(f"the body cannot be read: {reason}", place) from reason
