"""Describes a world as a world file: everything that its responses depend on, at one instant.

Feed and connections are not included, and the journal is on request. Instants that a fixture gives relative to the world's
start are absolute here. The order is fixed, so two snapshots differ only where the worlds do.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import msgspec

from mockserver.engine.accounts import Account, ForwardingRule, Login, Number, Program
from mockserver.engine.entries import Entry
from mockserver.engine.faults import RuleStatus
from mockserver.engine.instants import EARLIEST, LATEST, Instant, iso
from mockserver.engine.messages import Attachment, Message, account_key
from mockserver.engine.scheduler import ScheduledItem
from mockserver.engine.state import State
from mockserver.engine.world import World

from .deliveries import describe_deliveries
from .formats import FORMAT
from .rules import KEY, PAIR

_CHUNK = 4096
"""The number of messages that are fetched at a time."""


def dump(
    world: World,
    variants: Mapping[str, str],
    *,
    describe_rule: Callable[[RuleStatus], dict[str, Any]] | None = None,
    has_credentials: bool = False,
    about: str = "",
) -> dict[str, Any]:
    """Describe a world as it is now, for `lines` and `save`; the messages are fetched while they are written.

    Args:
        world: the world, which may change meanwhile.
        variants: every switch with its default; only other variants are included.
        describe_rule: describes a fault rule with its counts, as `FaultFormat` does; without it, none is included.
        has_credentials: whether credentials are included; else only their kinds are, and a world that is created from the
            file gets new ones.
        about: a description for readers.
    """
    with world.lock:
        state = world.state.copy()
        now = state.clock.now(world.machine_time)
    # The changes of messages stand with the messages, the attempts with the deliveries.
    scheduled = (item for item in state.scheduled if item.serial is None and not item.delivery)
    # `sequences` is always included: without it, numbering would continue after the highest identifier.
    return {
        "format": FORMAT,
        **({"about": about} if about else {}),
        "seed": state.seed,
        "clock": {"at": iso(now), "frozen": state.clock.is_frozen},
        "variants": _sorted({name: value for name, value in state.variants.items() if variants.get(name) != value}),
        "sequences": _sorted(state.sequences),
        **_unless_empty("uses", {window: [*map(iso, uses)] for window, uses in sorted(state.uses.items())}),
        **_unless_empty("scheduled", [*map(_describe_scheduled, scheduled), *state.unread.scheduled]),
        **({} if describe_rule is None else {"faults": [*map(describe_rule, state.fault_rules)]}),
        **_unless_empty("deliveries", [*describe_deliveries(state), *state.unread.deliveries]),
        "accounts": [
            *(_account(account, state, has_credentials) for account in state.accounts.values()),
            *state.unread.accounts,
        ],
    }


def _sorted(table: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(table.items()))


def _unless_empty(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}


def _describe_scheduled(item: ScheduledItem) -> dict[str, Any]:
    return {"at": iso(item.at), "provider": item.provider, "fields": dict(item.fields)}


def _account(account: Account, state: State, has_credentials: bool) -> dict[str, Any]:
    names = state.entries.collections_of(account.key)
    return {
        **describe_account(account, has_credentials),
        **_unless_empty("collections", {name: _Entries(state, account.key, name) for name in names}),
        "messages": _Messages(state, account.key),
    }


class _Entries(Iterable[dict[str, Any]]):
    """The entries of an account's collection. It can be iterated over several times."""

    def __init__(self, state: State, account: str, name: str) -> None:
        self._state, self._account, self._name = state, account, name

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(describe_entry, self._state.entries.all(self._account, self._name))


def describe_account(account: Account, has_credentials: bool) -> dict[str, Any]:
    """Describe an account as in a world file, with credentials or only their kinds; without its messages and collections."""
    return {
        "provider": account.provider,
        "name": account.name,
        "logins": [_login(login) if has_credentials else _kind(login) for login in account.logins],
        **_unless_empty("numbers", [*map(_describe, account.numbers.values())]),
        **_unless_empty("programs", [*map(_describe, account.programs.values())]),
        **_unless_empty("forwarding", [*map(_describe, account.forwarding)]),
        **_unless_empty("fields", account.fields),
    }


def describe_entry(entry: Entry) -> dict[str, Any]:
    """Describe an entry of a collection as in a world file."""
    described: dict[str, Any] = msgspec.to_builtins(entry)
    return described


def _login(login: Login) -> dict[str, str]:
    return {"user": login.user, **({} if login.secret is None else {"secret": login.secret})}


def _kind(login: Login) -> str:
    return KEY if login.secret is None else PAIR


def _describe(thing: Number | Program | ForwardingRule) -> dict[str, Any]:
    """Return the fields that differ from their defaults."""
    values = ((field, getattr(thing, field.name)) for field in fields(thing))
    return {field.name: value for field, value in values if value != field.default}


class _Messages(Iterable[dict[str, Any]]):
    """An account's messages, by time and then by serial. It can be iterated over several times."""

    def __init__(self, state: State, account: str) -> None:
        self._state, self._account = state, account

    def __iter__(self) -> Iterator[dict[str, Any]]:
        message_store, read, index_key = (
            self._state.message_store,
            self._state.read,
            account_key(self._account),
        )
        change_of = self._state.scheduled.change_of
        for start in range(0, message_store.count(index_key, EARLIEST, LATEST), _CHUNK):
            for message in message_store.page(index_key, EARLIEST, LATEST, start, _CHUNK):
                yield describe_message(message, message.serial in read, change_of(message.serial))


_OPTIONAL = (("status", ""), ("program", ""), ("network", None), ("reference", ""))
"""Fields that are included only where they differ from this default."""


def describe_message(message: Message, is_read: bool, due: Instant | None = None) -> dict[str, Any]:
    """Describe a message as in a world file; ``due`` is when it changes."""
    row: dict[str, Any] = {"id": message.id, "direction": message.direction}
    if message.kind:
        row["kind"] = message.kind
    row |= {"sender": message.sender, "recipient": message.recipient, "at": iso(message.at), "text": message.text}
    for name, default in _OPTIONAL:
        value = getattr(message, name)
        if value != default:
            row[name] = value
    # A message without text may be of a kind that has a title and attachments instead, even if they are empty.
    has_more = bool(message.kind) and not message.text
    if message.title or has_more:
        row["title"] = message.title
    if message.attachments or has_more:
        row["attachments"] = [*map(_attachment, message.attachments)]
    if message.fields:
        row["fields"] = message.fields
    if is_read:
        row["read"] = True
    if due is not None:
        row["due"] = iso(due)
    return row


def _attachment(attachment: Attachment) -> dict[str, Any]:
    *described, content = attachment
    return {**dict(zip(Attachment._fields, described, strict=False)), "data": b64encode(content).decode()}
