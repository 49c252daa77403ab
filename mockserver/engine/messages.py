"""Messages, and the index keys by which they are found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from msgspec import Struct, json

from .frozen import NO_FIELDS
from .instants import Instant

Direction: TypeAlias = Literal["inbound", "outbound"]
"""Seen from the customer: inbound is MO (from a handset), outbound is MT (to a handset)."""

IndexKey: TypeAlias = tuple[str, ...]
"""A key to find messages by: an account; one of its numbers, programs, kinds or field values; or a handset, of all accounts."""

FIELD = "field"
"""The second element of the index keys of a provider's own fields."""

ATTRIBUTE = "attribute"
"""The second element of the index keys of attributes that are found by `attribute_key`."""

HANDSET = "handset"
"""The first element of the index keys of handsets; no account has this key."""

_PUNCTUATION = re.compile(r"[ ().+/-]")


class Attachment(NamedTuple):
    """A file that came with a message."""

    id: int
    name: str
    content_type: str
    content: bytes


class Message(Struct, frozen=True, gc=False):
    """A message of any provider; fields that the provider does not have are empty. It is in no reference cycle (``gc=False``)."""

    serial: int
    """Its number in the order in which the world got its messages; unique in the world."""
    account: str
    """The key of its account."""
    id: str
    """The provider's identifier."""
    direction: Direction
    sender: str
    recipient: str
    at: Instant
    text: str
    kind: str = ""
    """The provider's own type of message, where it has several."""
    status: str = ""
    """The provider's status, such as sent or delivered in its own word."""
    program: str = ""
    """The id of its program."""
    network: str | None = None
    """The carrier of the handset, where it is known."""
    reference: str = ""
    """The id of the message that it answers."""
    title: str = ""
    """The subject of an MMS."""
    attachments: tuple[Attachment, ...] = ()
    fields: Mapping[str, Any] = NO_FIELDS
    """The provider's own fields beside the common ones; made by `frozen.freeze`."""

    @property
    def own_number(self) -> str:
        """The account's number: the recipient of an inbound message, else the sender."""
        return self.recipient if self.direction == "inbound" else self.sender

    @property
    def handset(self) -> str:
        """The other party's number, as `handset_of` writes it."""
        return handset_of(self.other_number)

    @property
    def other_number(self) -> str:
        """The other party's number, as the message has it."""
        return self.sender if self.direction == "inbound" else self.recipient

    def index_keys(self) -> list[IndexKey]:
        """Return its index keys, except those of its handset and those that are indexed when they are searched."""
        return index_keys(self.account, self.own_number, self.kind, self.program, self.direction)

    def searched_key(self, table: IndexKey) -> IndexKey | None:
        """Return its key in an index that is built when it is first searched; ``None`` where it has no such field.

        Args:
            table: the first three elements of the index's keys, of this account: those of `attribute_key` or `field_key`.
        """
        _, of, name = table
        if of == ATTRIBUTE:
            name, _, direction = name.partition(" ")
            return None if direction and direction != self.direction else (*table, getattr(self, name))
        return field_key(self.account, name, self.fields[name]) if name in self.fields else None


def index_keys(account: str, own_number: str, kind: str, program: str, direction: Direction) -> list[IndexKey]:
    """Return the index keys of messages with these values, except those of handsets and fields."""
    found = [account_key(account), account_key(account, direction)]
    if own_number:
        found.append(number_key(account, own_number))
    if kind:
        found += kind_key(account, kind), kind_key(account, kind, direction)
    if program:
        found += program_key(account, program), program_key(account, program, direction)
    return found


def handset_of(number: str) -> str:
    """Normalize a handset's number: digits alone, a North American one without its leading 1.

    A text that is no telephone number, such as a sender's name, is returned unchanged.
    """
    digits = number if number.isdigit() else _PUNCTUATION.sub("", number)
    if not (digits.isascii() and digits.isdigit()):
        return number
    return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits


def handset_key(handset: str) -> IndexKey:
    """Return the key of all messages to or from a handset, in all accounts; the handset as `handset_of` writes it."""
    return (HANDSET, handset)


def account_key(account: str, direction: Direction | Literal[""] = "") -> IndexKey:
    """Return the key of all messages of an account, in one direction or both."""
    return (account, direction) if direction else (account,)


def number_key(account: str, number: str) -> IndexKey:
    """Return the key of all messages from or to one number of an account."""
    return (account, "number", number)


def kind_key(account: str, kind: str, direction: Direction | Literal[""] = "") -> IndexKey:
    """Return the key of all messages of one kind of an account, in one direction or both."""
    return (account, "kind", kind, direction) if direction else (account, "kind", kind)


def program_key(account: str, program: str, direction: Direction | Literal[""] = "") -> IndexKey:
    """Return the key of all messages of a program, in one direction or both."""
    return (account, "program", program, direction) if direction else (account, "program", program)


def attribute_key(account: str, name: str, value: str, direction: Direction | Literal[""] = "") -> IndexKey:
    """Return the key of all messages of an account that have a value in one of the common fields, in one direction or both.

    Args:
        account: the account's key.
        name: a field of `Message` that holds a text, such as ``id``, ``status``, ``recipient`` or ``direction``. It is indexed
            when it is first searched.
        value: the value.
        direction: the direction.
    """
    return (account, ATTRIBUTE, f"{name} {direction}" if direction else name, value)


def field_key(account: str, name: str, value: Any) -> IndexKey:
    """Return the key of all messages of an account that have a value in one of the provider's own fields."""
    return (account, FIELD, name, json.encode(value).decode())
