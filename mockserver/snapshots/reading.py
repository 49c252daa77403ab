"""A document into the state that it describes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.core.accounts import Account, Contact, Login, Number, Program
from mockserver.core.instants import Instant, parse_duration, parse_instant
from mockserver.core.ledger import Layer
from mockserver.core.messages import Attachment, Message
from mockserver.core.state import Fixture

from .checking import Described, Rules, check
from .decoding import decoded
from .refusing import Place, WorldFileError, shown

_WHEN = "an instant (2017-01-01T09:30:00Z) or a duration back from the world's birth (P3DT4H)"
_DIGITS = 18
"""Of an identifier that is counted on from; with more it would not fit into 64 bits, where clients keep it."""


def load(path: Path, rules: Rules | None) -> Fixture:
    """Read a world file.

    Args:
        path: of the file.
        rules: to hold it to; ``None`` trusts it, which is for our own files: a test of the house has checked those.

    Raises:
        WorldFileError: it is not one.
    """
    try:
        return parse(decoded(path), rules)
    except WorldFileError as error:
        raise WorldFileError(error.difference, error.place, path) from error


def parse(document: Any, rules: Rules | None) -> Fixture:
    """What a decoded world file describes; rules as for `load`.

    Raises:
        WorldFileError: it is not one.
    """
    if rules is not None:
        check(document, rules)
    accounts: list[Account] = []
    layers = _Layers(_Pile([], []), _Pile([], []))
    sequences: dict[str, int] = {}
    for index, described in enumerate(document["accounts"]):
        account = _account(described)
        accounts.append(account)
        rows = described.get("messages", ())
        _lay(rows, account.key, ("accounts", index, "messages"), layers)
        _count_on(rows, account.provider, sequences)
    return Fixture(
        accounts=tuple(accounts),
        fixed=Layer(layers.fixed.messages),
        relative=Layer(layers.relative.messages),
        read=frozenset((*layers.fixed.read, *(len(layers.fixed.messages) + place for place in layers.relative.read))),
        readings=dict(document.get("readings", {})),
        sequences=sequences,
    )


class _Pile(NamedTuple):
    """What will be a layer."""

    messages: list[Message]
    read: list[int]
    """Which of them the customer has marked as read."""


class _Layers(NamedTuple):
    fixed: _Pile
    relative: _Pile


def _account(described: Described) -> Account:
    numbers = [Number(**number) for number in described.get("numbers", ())]
    programs = [Program(**program) for program in described.get("programs", ())]
    contacts = [Contact(**contact) for contact in described.get("contacts", ())]
    return Account(
        key=f"{described['provider']}/{described['name']}",
        provider=described["provider"],
        name=described["name"],
        logins=tuple(Login(**login) for login in described["logins"]),
        numbers={number.number: number for number in numbers},
        programs={program.id: program for program in programs},
        contacts={contact.phone: contact for contact in contacts},
        blacklist=frozenset(described.get("blacklist", ())),
    )


def _lay(rows: Sequence[Mapping[str, Any]], account: str, place: Place, layers: _Layers) -> None:
    """Put an account's messages into the layers, in the order of the file."""
    for index, row in enumerate(rows):
        when = row["at"]
        try:
            pile, at = (layers.relative, -_span(when)) if when.startswith("P") else (layers.fixed, _instant(when))
        except ValueError as error:
            raise WorldFileError(f"{shown(when)} is not {_WHEN}", (*place, index, "at")) from error
        serial = len(pile.messages)
        # A file calls the fields of a message what Message calls them; that it was read is no field of it.
        fields = {**row, "serial": serial, "account": account, "at": at}
        if fields.pop("read", False):
            pile.read.append(serial)
        if "attachments" in row:
            fields["attachments"] = tuple(map(_attachment, row["attachments"]))
        pile.messages.append(Message(**fields))


def _attachment(described: Mapping[str, Any]) -> Attachment:
    return Attachment(described["id"], described["name"], described["content_type"], b64decode(described["data"]))


def _instant(text: str) -> Instant:
    if text[10:11] != "T":  # Python takes any character here, and a day alone
        raise ValueError(text)
    return parse_instant(text)


def _span(text: str) -> int:
    """A duration. Its days and its hours are looked up apart: a million messages have few of either."""
    days, has_clock, clock = text.partition("T")
    if not has_clock:
        return _duration(text)
    return (0 if days == "P" else _duration(days)) + _duration(f"PT{clock}")


_duration = lru_cache(maxsize=100_000)(parse_duration)


def _count_on(rows: Sequence[Mapping[str, Any]], provider: str, sequences: dict[str, int]) -> None:
    """Let the provider's own numbering go on behind the highest identifier, of each type or else in each direction."""
    for row in rows:
        name: str = row["id"]
        if len(name) <= _DIGITS and name.isascii() and name.isdigit():
            sequence = f"{provider}.{row.get('kind') or row['direction']}"
            following = int(name) + 1
            if following > sequences.get(sequence, 0):
                sequences[sequence] = following
