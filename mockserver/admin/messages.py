"""The endpoints for messages and inbound messages."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from mockserver.engine.accounts import Account
from mockserver.engine.decisions import Decision
from mockserver.engine.events import (
    Event,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessagesRead,
    MessageStored,
)
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import SECOND, Instant, iso, parse_duration
from mockserver.engine.messages import (
    Attachment,
    IndexKey,
    Message,
    account_key,
    handset_key,
    handset_of,
    number_key,
)
from mockserver.engine.provider_errors import ProviderError
from mockserver.engine.state import IdReservation, State
from mockserver.engine.world import World
from mockserver.sdk.provider import Provider
from mockserver.validation.json_schema import TEXT, Schema, object_schema
from mockserver.validation.messages import show_value, unknown_name

from .endpoint import Api, Catalog, Endpoint, RequestArgs
from .errors import BadRequest, Conflict, ResourceNotFound
from .schemas import (
    DIRECTION,
    INBOUND_SCHEMA,
    LATER,
    WHOLE,
    a_list,
    component,
    held,
    instant,
    message_changes_schema,
    message_schema,
    one_of,
)
from .serializers import message as described

_FIRST_PIECE, _PIECE = 100, 1_000
"""The number of messages that are fetched first, and then at a time, under the world's lock."""

_FIRST = 200_000_000
"""The first number of a sequence of identifiers."""


def listed(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Return messages in the order in which they were stored."""
    since, limit = values.query.get("since", -1), values.query.get("limit", 100)
    if "number" in values.query:
        world.build_handset_indexes()
    keys = _index_keys(selected_accounts(world, values.query), values.query)
    found = list(islice((row for row in _walk(world, keys, since) if matches(row, values.query)), limit))
    with world.lock:
        shown = [described(row, row.serial in world.state.read) for row in found]
    return {"messages": shown, "next": found[-1].serial if found else values.query.get("since")}


def selected_accounts(world: World, query: Mapping[str, Any]) -> list[Account]:
    """Return the accounts selected by ``provider`` and ``account``.

    Raises:
        ResourceNotFound: no account has this name.
    """
    with world.lock:
        accounts = tuple(world.state.accounts.values())
    wanted = [account for account in accounts if _is_wanted(account, query)]
    if not wanted and "account" in query:
        name = query["account"]
        raise ResourceNotFound(
            f"{name}: {unknown_name('account', name, sorted({account.name for account in accounts}))}"
        )
    return wanted


def matches(message: Message, query: Mapping[str, Any]) -> bool:
    """Return whether the query selects a message."""
    provider, _, name = message.account.partition("/")
    return (
        query.get("provider", provider) == provider
        and query.get("account", name) == name
        and query.get("direction", message.direction) == message.direction
        and query.get("number", message.sender) in (message.sender, message.recipient)
    )


def _is_wanted(account: Account, query: Mapping[str, Any]) -> bool:
    provider, name = query.get("provider", account.provider), query.get("account", account.name)
    return (provider, name) == (account.provider, account.name)


def _index_keys(accounts: Iterable[Account], query: Mapping[str, Any]) -> list[IndexKey]:
    """Return index keys that together find every message that the query selects."""
    if "number" not in query:
        return [account_key(account.key, query.get("direction", "")) for account in accounts]
    number: str = query["number"]  # the account's own, or the handset's
    return [handset_key(handset_of(number)), *(number_key(account.key, number) for account in accounts)]


def _walk(world: World, keys: Iterable[IndexKey], since: int) -> Iterator[Message]:
    """Yield the messages of some keys since a serial, which is not included, in pieces, so that the lock is held only briefly."""
    keys, store, wanted = tuple(keys), world.state.message_store, _FIRST_PIECE
    while True:
        with world.lock:
            serials = store.serials(keys, since, wanted)
            piece = [message for serial in serials if (message := store.get(serial)) is not None]
        yield from piece
        if len(serials) < wanted:
            return
        since, wanted = serials[-1], _PIECE


# --------------------------------------------------------------------------------------------- store, change and delete


def store(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Add a message to an account."""
    body = values.body
    provider = _provider(api, body)
    held(body, message_schema(provider))
    row = {name: part for name, part in body.items() if name not in ("provider", "account")}
    key = f"{provider.name}/{body['account']}"
    if "id" in row and key in world.state.accounts:
        _reject_duplicate(world, key, row)

    def decide(state: State, now: Instant, ids: IdReservation) -> Decision:
        account = _account(state, provider, body["account"])
        _check_program(account, row)
        message = _message(account, row, state, now, ids)
        read: tuple[Event, ...] = (MessagesRead((message.serial,)),) if row.get("read") else ()
        return Decision(now, message, (MessageStored(message), *read))

    message = world.execute(decide).value
    assert isinstance(message, Message)
    return described(message, bool(row.get("read")))


def change(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Change the status or provider-specific fields of a message."""
    serial, body = values.path["serial"], values.body
    with world.lock:
        provider = _found(world.state, serial).account.partition("/")[0]
    held(body, message_changes_schema(api.provider_names[provider]))

    def decide(state: State, now: Instant, _: IdReservation) -> Decision:
        _found(state, serial)
        return Decision(now, None, (MessageChanged(serial, body.get("status"), freeze(body.get("fields", {}))),))

    world.execute(decide)
    with world.lock:
        return described(_found(world.state, serial), serial in world.state.read)


def delete(_: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Delete a message."""
    serial = values.path["serial"]

    def decide(state: State, now: Instant, _: IdReservation) -> Decision:
        found = _found(state, serial)
        for number in state.deliveries_by_message.get(serial, ()):
            if state.deliveries[number].status in ("due", "held") or number in state.in_flight:
                raise Conflict(f"delivery {number} of this message has not ended; wait until it has")
        return Decision(now, described(found, serial in state.read), (MessageDeleted(found),))

    deleted = world.execute(decide).value
    assert isinstance(deleted, dict)
    return {"deleted": deleted}


def _found(state: State, serial: int) -> Message:
    found = state.message_store.get(serial)
    if found is None:
        raise ResourceNotFound(f"the world has no message {serial}")
    return found


def _provider(api: Api, body: object) -> Provider:
    held(body, {"type": "object", "description": "an object that describes a message"})
    assert isinstance(body, dict)
    if "provider" not in body:
        raise BadRequest("provider: is missing")
    held(body["provider"], one_of(api.provider_names), "provider")
    return api.provider_names[body["provider"]]


def _account(state: State, provider: Provider, name: str) -> Account:
    account = state.accounts.get(f"{provider.name}/{name}")
    if account is None:
        names = [each.name for each in state.accounts.values() if each.provider == provider.name]
        raise ResourceNotFound(f"account: {show_value(name)}: {unknown_name('account', name, names)}")
    return account


def _check_program(account: Account, row: Mapping[str, Any]) -> None:
    """Reject a message of a program that its account does not have, because no request could read it."""
    program = row.get("program", "")
    if program and program not in account.programs:
        raise ResourceNotFound(f"program: {show_value(program)}: {unknown_name('program', program, account.programs)}")


def _reject_duplicate(world: World, key: str, row: Mapping[str, Any]) -> None:
    """Reject a second message with the same id, because a world file cannot hold both."""
    wanted = row["direction"], row.get("kind", ""), row["id"]
    if any((each.direction, each.kind, each.id) == wanted for each in _walk(world, (account_key(key),), -1)):
        raise Conflict(f"id: the account already has a message {row['id']!r}")


def _message(account: Account, row: Mapping[str, Any], state: State, now: Instant, ids: IdReservation) -> Message:
    fields = {name: part for name, part in row.items() if name != "read"}
    if "attachments" in fields:
        fields["attachments"] = tuple(map(_attachment, fields["attachments"]))
    sequence = f"{account.provider}.{row.get('kind') or row['direction']}"
    if "fields" in fields:
        fields["fields"] = freeze(fields["fields"])
    fields["id"] = _reserve_id(ids, sequence, row["id"]) if "id" in row else str(ids.number(sequence, _FIRST))
    fields["at"] = _parse_instant(row["at"], now) if "at" in row else now
    return Message(serial=state.message_store.next_serial, account=account.key, **fields)


def _reserve_id(ids: IdReservation, sequence: str, given: str) -> str:
    """Continue the provider's numbering after an id that was given."""
    if given.isascii() and given.isdigit():
        following = ids.number(sequence, int(given))
        ids.used[sequence] = max(following, int(given) + 1)
    return given


def _parse_instant(text: str, now: Instant) -> Instant:
    if not text.startswith("P"):
        return instant(text, "at")
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError) as reason:
        raise BadRequest(f"at: {show_value(text)} is not an instant or a duration back from now (P3DT4H)") from reason


def _attachment(described: Mapping[str, Any]) -> Attachment:
    return Attachment(described["id"], described["name"], described["content_type"], b64decode(described["data"]))


# ----------------------------------------------------------------------------------------------------- inbound messages


def receive_inbound(api: Api, world: World, values: RequestArgs) -> dict[str, Any]:
    """Simulate an inbound message, now or later."""
    provider = _provider(api, values.body)
    fields = {name: part for name, part in values.body.items() if name not in ("provider", "in")}
    if "in" not in values.body:
        return _receive_now(world, provider, fields)
    held(values.body["in"], LATER, "in")
    return {"due": iso(_schedule(world, provider, fields, values.body["in"]))}


def _receive_now(world: World, provider: Provider, fields: Mapping[str, Any]) -> dict[str, Any]:
    decision = world.execute(partial(_decide_inbound, provider, fields))
    stored = (event.message for event in decision.events if isinstance(event, MessageStored))
    message = next(stored, None)
    return {"message": None if message is None else described(message, False)}


def _schedule(world: World, provider: Provider, fields: Mapping[str, Any], seconds: float) -> Instant:
    def decide(state: State, now: Instant, ids: IdReservation) -> Decision:
        # Report errors now: later no caller would see them.
        _decide_inbound(provider, fields, state, now, IdReservation(ids.seed, ids.sequences))
        due = now + round(seconds * SECOND)
        return Decision(now, due, (InboundScheduled(due, provider.name, fields),))

    due = world.execute(decide).value
    assert isinstance(due, int)
    return due


def _decide_inbound(
    provider: Provider, fields: Mapping[str, Any], state: State, now: Instant, ids: IdReservation
) -> Decision:
    try:
        decision = provider.receive_inbound(fields, state, now, ids)
    except ValueError as reason:
        raise BadRequest(str(reason)) from reason
    if isinstance(decision.value, ProviderError):
        raise BadRequest(str(decision.value))
    return decision


def filters(catalog: Catalog) -> dict[str, Schema]:
    """Return the filters for messages."""
    return {"provider": one_of(catalog.provider_names), "account": TEXT, "direction": DIRECTION, "number": TEXT}


def event_filters(catalog: Catalog) -> dict[str, Schema]:
    """Return the filters for events of messages."""
    return {**filters(catalog), "serial": WHOLE, "status": TEXT, "event": one_of(("stored", "changed", "deleted"))}


def matches_event(world: World, event: object, query: Mapping[str, Any]) -> bool:
    """Return whether the query selects an event of a message.

    Without ``event`` it selects stored messages, and with ``status`` also those that change to that status.
    """
    message: Message | None
    status: str | None
    if isinstance(event, MessageStored | MessageDeleted):
        message, status = event.message, event.message.status
        kind = "stored" if isinstance(event, MessageStored) else "deleted"
    elif isinstance(event, MessageChanged):
        kind, message, status = "changed", world.state.message_store.get(event.serial), event.status
    else:
        return False
    wanted = (query["event"],) if "event" in query else ("stored", "changed") if "status" in query else ("stored",)
    return (
        kind in wanted
        and message is not None
        and query.get("status", status) == status
        and query.get("serial", message.serial) == message.serial
        and matches(message, query)
    )


def endpoints(catalog: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoints for messages."""
    here, message = "/_mock/worlds/{world}/messages", component("Message")
    return (
        Endpoint(
            "GET",
            here,
            "Messages in the order in which they were stored; use since=next for the following ones.",
            listed,
            object_schema("", ["messages", "next"], messages=a_list(message), next={"type": ["integer", "null"]}),
            query={**filters(catalog), "limit": WHOLE, "since": WHOLE},
        ),
        Endpoint(
            "POST",
            here,
            "Store a message with any direction, instant and status.",
            store,
            message,
            201,
            {"anyOf": [message_schema(provider) for provider in catalog.providers]},
            checks_body=True,
        ),
        Endpoint(
            "PATCH",
            f"{here}/{{serial}}",
            "Change the status of a message, or its provider's own fields.",
            change,
            message,
            200,
            {"anyOf": [message_changes_schema(provider) for provider in catalog.providers]},
            checks_body=True,
        ),
        Endpoint(
            "DELETE",
            f"{here}/{{serial}}",
            "Delete a message, unless one of its deliveries has not ended.",
            delete,
            object_schema("", ["deleted"], deleted=message),
        ),
        Endpoint(
            "POST",
            "/_mock/worlds/{world}/inbound",
            "Receive an inbound message, now or after some seconds on the world's clock.",
            receive_inbound,
            {
                "anyOf": [
                    object_schema("", ["message"], message={"anyOf": [message, {"type": "null"}]}),
                    object_schema("", ["due"], due={"type": "string"}),
                ]
            },
            201,
            INBOUND_SCHEMA,
            checks_body=True,
        ),
    )
