"""Converts worlds, accounts, messages, deliveries and events to JSON. Accounts and messages have a world file's form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from mockserver.engine.accounts import Account
from mockserver.engine.deliveries import Attempt, Delivery, Outcome
from mockserver.engine.event_log import TimedEvent
from mockserver.engine.events import (
    AccountChanged,
    AttemptEnded,
    CheckpointMade,
    DeliveryChanged,
    DeliveryOpened,
    EntryDeleted,
    EntryStored,
    ExchangeRecorded,
    FaultRuleAdded,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessageScheduled,
    MessagesRead,
    MessageStored,
    ReplayKept,
    UseCounted,
    VariantChosen,
)
from mockserver.engine.faults import RuleStatus
from mockserver.engine.instants import Instant, iso
from mockserver.engine.messages import Message
from mockserver.engine.state import State
from mockserver.engine.world import ClockState, World
from mockserver.http.fault_rules import rule_to_json
from mockserver.worldfile.dump import describe_account as account_in_file
from mockserver.worldfile.dump import describe_entry as entry_in_file
from mockserver.worldfile.dump import describe_message as row

from . import exchanges
from .endpoint import Api


def account(found: Account) -> dict[str, Any]:
    """Return an account as JSON, without its messages and the entries of its collections."""
    return account_in_file(found, has_credentials=True)


def message(found: Message, is_read: bool) -> dict[str, Any]:
    """Return a message as JSON, with its provider and account."""
    provider, _, name = found.account.partition("/")
    return {"serial": found.serial, "provider": provider, "account": name, **row(found, is_read), "read": is_read}


def delivery(found: Delivery, message_id: str | None, in_flight: Instant | None) -> dict[str, Any]:
    """Return a delivery as JSON, with its attempts.

    Args:
        found: the delivery.
        message_id: the provider's id of its message.
        in_flight: when the attempt started that is in flight; ``None`` when there is none.
    """
    return {
        **opened(found),
        "message": {"serial": found.serial, "id": message_id},
        "requires_ack": found.requires_ack,
        "created_at": iso(found.created_at),
        "attempts": [_attempt(each) for each in found.attempts],
        "interrupted": list(map(iso, found.interrupted)),
        "in_flight": when(in_flight),
        "fault": found.fault_rule,
    }


def opened(found: Delivery) -> dict[str, Any]:
    """Return a delivery as JSON, without its attempts."""
    return {
        "number": found.number,
        "provider": found.provider,
        "account": found.account.partition("/")[2],
        "kind": found.kind,
        "message": {"serial": found.serial},
        "url": found.url,
        "ordering_key": found.ordering_key,
        "status": found.status,
        "due": when(found.due),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    request, outcome = attempt.request, attempt.outcome
    return {
        "at": iso(attempt.at),
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": list(map(list, request.headers)),
            "body": exchanges.body(request.body),
        },
        "response": _response(outcome),
        "error": outcome.error,
        "result": attempt.result,
    }


def _response(outcome: Outcome) -> dict[str, Any] | None:
    if outcome.status is None:
        return None
    headers = list(map(list, outcome.headers))
    return {"status": outcome.status, "headers": headers, "body": exchanges.body(outcome.body)}


def when(instant: Instant | None) -> str | None:
    """Return an instant in ISO 8601; ``None`` for ``None``."""
    return None if instant is None else iso(instant)


def credentials(state: State) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Return the credentials of a world, by provider and account."""
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for each in state.accounts.values():
        logins = [{"user": login.user, **({"secret": login.secret} if login.secret else {})} for login in each.logins]
        found.setdefault(each.provider, {})[each.name] = logins
    return found


def clock(state: ClockState) -> dict[str, Any]:
    """Return a world's clock as JSON."""
    return {"now": iso(state.now), "frozen": state.is_frozen, "next": when(state.next)}


def world_(api: Api, world: World, origin: str) -> dict[str, Any]:
    """Return the facts about a world as JSON."""
    time = clock(world.read_clock())
    with world.lock:
        state = world.state
        changed = {name: value for name, value in state.variants.items() if api.registry.variants.get(name) != value}
        logins, messages = credentials(state), len(state.message_store)
    return {
        "id": world.id,
        "number": world.number,
        "base_url": f"{origin}/_w/{world.id}",
        **time,
        "seed": state.seed,
        "variants": changed,
        "credentials": logins,
        "exchanges": len(world.journal),
        "messages": messages,
        "cursor": world.feed.cursor,
    }


# ---------------------------------------------------------------------------------------------------------------- events


def _stored(world: World, event: MessageStored) -> dict[str, Any]:
    # No lock: the publisher may hold it, and a look-up in a set is atomic.
    return {"message": message(event.message, event.message.serial in world.state.read)}


def _changed(world: World, event: MessageChanged) -> dict[str, Any]:
    """Return the change, and the message as it is now except for what this event changed: later events may follow."""
    found = world.state.message_store.get(event.serial)
    status = {} if event.status is None else {"status": event.status}
    fields = {"fields": dict(event.fields)} if event.fields else {}
    described = None
    if found is not None:
        now = message(found, event.serial in world.state.read)
        described = {**now, **status, **({"fields": {**now["fields"], **fields["fields"]}} if fields else {})}
    return {"serial": event.serial, **status, **fields, "message": described}


def _deleted(event: MessageDeleted) -> dict[str, Any]:
    # A deleted message has no read flag any more.
    described = {name: part for name, part in message(event.message, False).items() if name != "read"}
    return {"serial": event.serial, "message": described}


def _attempt_ended(event: AttemptEnded) -> dict[str, Any]:
    outcome = event.attempt.outcome
    return {
        "number": event.number,
        "status": event.status,
        "due": when(event.due),
        "attempt": {
            "at": iso(event.attempt.at),
            "status": outcome.status,
            "error": outcome.error,
            "result": event.attempt.result,
        },
    }


def _whose(event: EntryStored | EntryDeleted) -> dict[str, Any]:
    provider, _, account = event.account.partition("/")
    return {"provider": provider, "account": account, "collection": event.collection}


_EVENTS: Mapping[type, tuple[str, Callable[[World, Any], dict[str, Any]]]] = {
    MessageStored: ("message_stored", _stored),
    MessageChanged: ("message_changed", _changed),
    MessageDeleted: ("message_deleted", lambda _, event: _deleted(event)),
    MessageScheduled: ("message_scheduled", lambda _, event: {"serial": event.serial, "due": when(event.at)}),
    MessagesRead: ("messages_read", lambda _, event: {"serials": list(event.serials)}),
    UseCounted: ("use_counted", lambda _, event: {"window": event.window}),
    InboundScheduled: (
        "inbound_scheduled",
        lambda _, event: {"due": iso(event.at), "provider": event.provider, "fields": dict(event.fields)},
    ),
    DeliveryOpened: ("delivery_opened", lambda _, event: opened(event.delivery)),
    AttemptEnded: ("attempt_ended", lambda _, event: _attempt_ended(event)),
    DeliveryChanged: (
        "delivery_changed",
        lambda _, event: {"number": event.number, "status": event.status, "due": when(event.due)},
    ),
    AccountChanged: ("account_changed", lambda _, event: {"account": event.account.key}),
    EntryStored: (
        "entry_stored",
        lambda _, event: {**_whose(event), "entry": entry_in_file(event.entry)},
    ),
    EntryDeleted: ("entry_deleted", lambda _, event: {**_whose(event), "id": event.id}),
    VariantChosen: ("variant_chosen", lambda _, event: {"name": event.name, "variant": event.variant}),
    FaultRuleAdded: ("fault_rule_added", lambda _, event: {"rule": rule_to_json(RuleStatus(event.rule), 0)}),
    CheckpointMade: ("checkpoint_made", lambda _, event: {"name": event.name}),
    ReplayKept: ("replay_kept", lambda _, event: {"id": event.id}),
}


def event_json(api: Api, world: World, item: TimedEvent) -> dict[str, Any] | None:
    """Return an event as JSON; ``None`` for an exchange that is no longer in the journal."""
    what = item.event
    if isinstance(what, ExchangeRecorded):
        found = world.journal.get(what.number)
        if found is None:
            return None
        api.masking.apply(found)
        return {**exchanges.summary_json(found), "at": iso(item.at), "event": "exchange"}
    name, facts = _EVENTS.get(type(what)) or (_snake(type(what).__name__), _fields_of)
    return {"at": iso(item.at), "event": name, **facts(world, what)}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _fields_of(_world: World, event: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in structs.asdict(event).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
