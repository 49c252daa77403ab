"""A document into the world that it describes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from mockserver.core.accounts import Account, Contact, ForwardingRule, Login, Number, Program
from mockserver.core.agenda import Due
from mockserver.core.clock import Clock
from mockserver.core.ids import Ids
from mockserver.core.instants import Instant, parse_duration, parse_instant
from mockserver.core.layers import Layer
from mockserver.core.messages import Attachment, Message
from mockserver.core.state import Fixture

from .checking import PAIR, WHEN, Described, Rules, check
from .decoding import decoded
from .refusing import Place, WorldFileError, shown

_BACK = "a duration back from the world's birth (P3DT4H)"
_DIGITS = 18
"""Of an identifier that is counted on from; with more it would not fit into 64 bits, where clients keep it."""


@dataclass(frozen=True)
class ClockSetting:
    """A clock as a file has it."""

    at: Instant
    is_frozen: bool

    def clock(self) -> Clock:
        """A clock that stands at that instant, or ticks on from it."""
        clock = Clock.frozen(self.at)
        if not self.is_frozen:
            clock.resume()
        return clock


@dataclass(frozen=True)
class WorldFile:
    """All that a world file says. Only a snapshot has more to say than its fixture."""

    fixture: Fixture
    clock: ClockSetting | None = None
    """The world's time when it was taken; ``None`` leaves it to whoever makes a world of it."""
    seed: str | None = None
    """Of its identifiers; ``None`` likewise."""


def load(path: Path, rules: Rules | None) -> Fixture:
    """The fixture in a world file; as `read`."""
    return read(path, rules).fixture


def parse(document: Any, rules: Rules | None) -> Fixture:
    """The fixture in a decoded world file; as `read`."""
    return read(document, rules).fixture


def read(source: Any, rules: Rules | None) -> WorldFile:
    """Read a world file.

    Args:
        source: its path, or what it holds, decoded.
        rules: to hold it to; ``None`` trusts it, which is for our own files: a test of the house has checked those.

    Raises:
        WorldFileError: it is not one.
    """
    if not isinstance(source, Path):
        return _read(source, rules)
    try:
        return _read(decoded(source), rules)
    except WorldFileError as error:
        raise WorldFileError(error.difference, error.place, source) from error


def _read(document: Any, rules: Rules | None) -> WorldFile:
    if rules is not None:
        check(document, rules)
    return WorldFile(
        _fixture(document),
        _clock(document["clock"]) if "clock" in document else None,
        document.get("seed"),
    )


def _clock(described: Mapping[str, Any]) -> ClockSetting:
    return ClockSetting(_instant_at(described["at"], ("clock", "at")), described["frozen"])


def _instants(texts: Sequence[str], place: Place) -> tuple[Instant, ...]:
    return tuple(sorted(_instant_at(text, (*place, row)) for row, text in enumerate(texts)))


def _due(number: int, described: Mapping[str, Any]) -> Due:
    at = _instant_at(described["at"], ("agenda", number - 1, "at"))
    return Due(at, number, described["provider"], described["fields"])


def _fixture(document: Any) -> Fixture:
    accounts: list[Account] = []
    fixed, relative = _Pile(), _Pile()
    counted: dict[str, int] = {}
    for index, described in enumerate(document["accounts"]):
        account = _account(described)
        accounts.append(account)
        rows = described.get("messages", ())
        _lay(rows, account.key, ("accounts", index, "messages"), fixed, relative)
        _count_on(rows, account.provider, counted)
    # Whoever says where numbering goes on says it of all: what has no number yet begins at its room's first.
    said = document.get("sequences", counted)
    return Fixture(
        accounts=tuple(accounts),
        fixed=Layer(column=fixed.column),
        relative=Layer(column=relative.column),
        read=frozenset((*fixed.read, *(len(fixed.rows) + place for place in relative.read))),
        readings=dict(document.get("readings", {})),
        sequences={name: int(number) for name, number in said.items()},  # JSON Schema takes 5.0 for whole
        uses={window: _instants(uses, ("uses", window)) for window, uses in document.get("uses", {}).items()},
        agenda=tuple(_due(number, described) for number, described in enumerate(document.get("agenda", ()), start=1)),
    )


class _Pile:
    """What will be a layer."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, Any]] = []
        self.instants: list[Instant] = []
        self.accounts: list[str] = []
        self.read: list[int] = []
        """Which of the rows the customer has marked as read."""

    def column(self, name: str) -> list[Any]:
        """One field of each message. A file calls it what Message calls it."""
        if name == "account":
            return self.accounts
        if name == "at":
            return self.instants
        default = Message._field_defaults.get(name)
        if name not in self._said:
            return [default] * len(self.rows)
        values = [row.get(name, default) for row in self.rows]
        return [tuple(map(_attachment, described)) for described in values] if name == "attachments" else values

    @cached_property
    def _said(self) -> frozenset[str]:
        """The fields that any of them has."""
        return frozenset().union(*self.rows)


def _account(described: Described) -> Account:
    key = f"{described['provider']}/{described['name']}"
    numbers = [Number(**number) for number in described.get("numbers", ())]
    programs = [Program(**program) for program in described.get("programs", ())]
    contacts = [Contact(**contact) for contact in described.get("contacts", ())]
    return Account(
        key=key,
        provider=described["provider"],
        name=described["name"],
        logins=_logins(described["logins"], key),
        numbers={number.number: number for number in numbers},
        programs={program.id: program for program in programs},
        contacts={contact.phone: contact for contact in contacts},
        forwarding=tuple(ForwardingRule(**rule) for rule in described.get("forwarding", ())),
        blacklist=frozenset(described.get("blacklist", ())),
    )


def _logins(described: Sequence[str | Mapping[str, Any]], account: str) -> tuple[Login, ...]:
    """An account's credentials. Those that are to be issued are always the same ones in the world that is not asked for fresh ones."""
    token = Ids(account).draft().token
    return tuple(_issued(login, token) if isinstance(login, str) else Login(**login) for login in described)


def _issued(kind: str, token: Callable[[str], str]) -> Login:
    return Login(token("user"), token("secret") if kind == PAIR else None)


def _lay(rows: Sequence[Mapping[str, Any]], account: str, place: Place, fixed: _Pile, relative: _Pile) -> None:
    """Put an account's messages on the piles, in the order of the file."""
    for index, row in enumerate(rows):
        when = row["at"]
        try:
            pile, at = (relative, -_span(when)) if when.startswith("P") else (fixed, _instant(when))
        except ValueError as error:
            raise WorldFileError(f"{shown(when)} is not {WHEN} or {_BACK}", (*place, index, "at")) from error
        if row.get("read"):
            pile.read.append(len(pile.rows))
        pile.rows.append(row)
        pile.instants.append(at)
        pile.accounts.append(account)


def _attachment(described: Mapping[str, Any]) -> Attachment:
    return Attachment(described["id"], described["name"], described["content_type"], b64decode(described["data"]))


def _instant_at(text: str, place: Place) -> Instant:
    try:
        return _instant(text)
    except ValueError as error:
        raise WorldFileError(f"{shown(text)} is not {WHEN}", place) from error


def _instant(text: str) -> Instant:
    if text[10:11] != "T":  # Python takes any character here, and a day alone
        raise ValueError(text)
    return parse_instant(text)


def _span(text: str) -> int:
    """A duration. Days, hours with minutes, and seconds are looked up apart: a million messages have few of each."""
    days, has_clock, clock = text.partition("T")
    if not has_clock:
        return _duration(text)
    minutes, has_minutes, seconds = clock.partition("M")
    if not (has_minutes and seconds):
        return (0 if days == "P" else _duration(days)) + _duration(f"PT{clock}")
    # "0M", so that nothing but seconds may stand behind them
    return (0 if days == "P" else _duration(days)) + _duration(f"PT{minutes}M") + _duration(f"PT0M{seconds}")


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
