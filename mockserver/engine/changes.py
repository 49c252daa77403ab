"""The changes between two states of a world: what was inserted, changed and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from .state import State

ChangeKind: TypeAlias = Literal[
    "account",
    "entry",
    "message",
    "delivery",
    "scheduled_item",
    "fault_rule",
    "variant",
    "clock",
    "sequence",
    "rate_window",
]
"""What was changed; ``sequence`` is a sequence of identifiers."""


class Change(NamedTuple):
    """Something that one state has and another has not, or has in another form."""

    kind: ChangeKind
    key: tuple[Any, ...]
    """What it is found by: the account's key; the account, collection and id of an entry; the serial of a message; the number of
    a delivery or scheduled item; the id of a fault rule; the name of a variant, sequence or rate window; nothing for the clock."""
    before: Any
    """The value before; ``None`` when it was inserted."""
    after: Any
    """The value after; ``None`` when it was deleted."""
    was_read: bool = False
    """Whether it is a message that was marked as read before."""
    is_read: bool = False
    """Whether it is a message that is marked as read after."""

    @property
    def change(self) -> Literal["inserted", "changed", "deleted"]:
        """What has happened to it."""
        if self.before is None:
            return "inserted"
        return "deleted" if self.after is None else "changed"


def find_changes(before: State, after: State) -> list[Change]:
    """Return how a state differs from an earlier one: records first, then what decides about later requests.

    Both may share what they have in common, which then is not looked at.
    """
    return [
        *_compare("account", before.accounts, after.accounts),
        *(Change("entry", key, old, new) for key, old, new in before.entries.differences(after.entries)),
        *_messages(before, after),
        *_compare("delivery", before.deliveries, after.deliveries),
        *_compare(
            "scheduled_item",
            {item.number: item for item in before.scheduled},
            {item.number: item for item in after.scheduled},
        ),
        *_compare("fault_rule", before.fault_rules.by_id, after.fault_rules.by_id),
        *_compare("variant", before.variants, after.variants),
        *([] if before.clock == after.clock else [Change("clock", (), before.clock, after.clock)]),
        *_compare("sequence", before.sequences, after.sequences),
        *_compare("rate_window", before.uses, after.uses),
    ]


def _messages(before: State, after: State) -> Iterator[Change]:
    found = {serial: (old, new) for serial, old, new in before.message_store.differences(after.message_store)}
    for serial in before.read ^ after.read:
        if serial not in found:
            found[serial] = before.message_store.get(serial), after.message_store.get(serial)
    for serial, (old, new) in sorted(found.items()):
        if old is not None or new is not None:
            yield Change("message", (serial,), old, new, serial in before.read, serial in after.read)


def _compare(kind: ChangeKind, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[Change]:
    """Yield what differs: what was there before in its order, then what was inserted."""
    if before is after:
        return
    for key, old in before.items():
        new = after.get(key)
        if old is not new and old != new:
            yield Change(kind, (key,), old, new)
    for key, new in after.items():
        if key not in before:
            yield Change(kind, (key,), None, new)
