"""One message, in words that belong to no provider."""

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
"""What messages are found by: an account, or one number, program or kind of it; or a handset, of all accounts."""

FIELD = "field"
"""What stands in the second place of the index keys of a provider's own fields."""

HANDSET = "handset"
"""With what the index keys of handsets begin; no account's key is such."""

_PUNCTUATION = re.compile(r"[ ().+/-]")


class Attachment(NamedTuple):
    """A file that came with a message."""

    id: int
    name: str
    content_type: str
    content: bytes


class Message(Struct, frozen=True, gc=False):
    """One wide record; a provider uses the fields that it knows. It holds no reference that could lead back to it."""

    serial: int
    """Its place in the world's order of arrival; unique in the world."""
    account: str
    """The internal key of the account it belongs to."""
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
    """How far it got, in the provider's word."""
    program: str = ""
    """The id of the program it belongs to."""
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
        """The account's side of it."""
        return self.recipient if self.direction == "inbound" else self.sender

    @property
    def handset(self) -> str:
        """The person's side of it, as `handset_of` writes numbers."""
        return handset_of(self.sender if self.direction == "inbound" else self.recipient)

    def index_keys(self) -> list[IndexKey]:
        """Every index key it is found by, except its handset."""
        return index_keys(self.account, self.own_number, self.kind, self.program, self.direction)

    def field_keys(self) -> list[IndexKey]:
        """The index keys of the provider's own fields."""
        return [field_key(self.account, name, value) for name, value in self.fields.items()]


def index_keys(account: str, own_number: str, kind: str, program: str, direction: Direction) -> list[IndexKey]:
    """Every index key of such messages, except those of their handsets."""
    found = [account_key(account)]
    if own_number:
        found.append(number_key(account, own_number))
    if kind:
        found.append(kind_key(account, kind))
    if program:
        found += program_key(account, program), program_key(account, program, direction)
    return found


def handset_of(number: str) -> str:
    """One handset's number, however providers spell it: digits alone, a North American one without its leading 1.

    What is no telephone number, such as a sender's name, stays as it is.
    """
    digits = number if number.isdigit() else _PUNCTUATION.sub("", number)
    if not (digits.isascii() and digits.isdigit()):
        return number
    return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits


def handset_key(handset: str) -> IndexKey:
    """Everything sent to or by one handset, in all accounts; named as `handset_of` writes it."""
    return (HANDSET, handset)


def account_key(account: str) -> IndexKey:
    """Everything of an account."""
    return (account,)


def number_key(account: str, number: str) -> IndexKey:
    """Everything sent from or received at one number of an account."""
    return (account, "number", number)


def kind_key(account: str, kind: str) -> IndexKey:
    """Everything of one type of an account."""
    return (account, "kind", kind)


def program_key(account: str, program: str, direction: Direction | Literal[""] = "") -> IndexKey:
    """Everything of a program, in one direction or in both."""
    return (account, "program", program, direction) if direction else (account, "program", program)


def field_key(account: str, name: str, value: Any) -> IndexKey:
    """Everything of an account that has a value in one of the provider's own fields."""
    return (account, FIELD, name, json.encode(value).decode())
