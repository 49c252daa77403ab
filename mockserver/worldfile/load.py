"""A document into the world that it describes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, count
from operator import not_
from pathlib import Path
from typing import Any, TypeAlias

from mockserver.engine.accounts import Account, Contact, ForwardingRule, Login, Number, Program
from mockserver.engine.clock import Clock
from mockserver.engine.columns import Rows
from mockserver.engine.ids import Ids
from mockserver.engine.instants import Instant, parse_duration, parse_instant
from mockserver.engine.messages import Attachment, Message
from mockserver.engine.scheduler import ScheduledItem
from mockserver.engine.segments import Layer
from mockserver.engine.state import Fixture
from mockserver.validation.messages import Place, WorldFileError, shown

from .decoding import decoded
from .message_columns import Table
from .rules import PAIR, WHEN, Described, Rules, check

_Messages: TypeAlias = Iterable[Iterable[Table]]
"""Those of each account, in pieces."""

_BACK = "a duration back from the world's birth (P3DT4H)"
LARGE = 2_000_000
"""Bytes above which a file is read piece by piece: about `COMPILED_ABOVE` messages."""

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
        return clock if self.is_frozen else clock.resume()


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
        return _read_large(source, rules) or _read(decoded(source), rules)
    except WorldFileError as error:
        raise WorldFileError(error.difference, error.place, source) from error


def _read(document: Any, rules: Rules | None) -> WorldFile:
    if rules is not None:
        check(document, rules)
    return _world_file(document, ([Table(account.get("messages", ()))] for account in document["accounts"]))


def _read_large(path: Path, rules: Rules | None) -> WorldFile | None:
    """A large file, piece by piece; ``None`` if it is not one, or may be wrong: `_read` has the words."""
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size > LARGE:
            from .chunked_reader import apart

            document, pieces = apart(path.read_bytes())
            if rules is not None:
                check(document, rules, is_large=True)
            return _world_file(document, _tables(document["accounts"], pieces, rules))
    return None


def _tables(
    accounts: Iterable[Described], pieces: list[Iterator[list[Any]]], rules: Rules | None
) -> Iterator[Iterable[Table]]:
    if rules is None:
        yield from (map(Table, of_account) for of_account in pieces)
        return
    for account, of_account in zip(accounts, pieces, strict=True):
        yield rules.proof_of(account["provider"]).tables(account, of_account)


def _world_file(document: Any, messages: _Messages) -> WorldFile:
    return WorldFile(
        _fixture(document, messages),
        _clock(document["clock"]) if "clock" in document else None,
        document.get("seed"),
    )


def _clock(described: Mapping[str, Any]) -> ClockSetting:
    return ClockSetting(_instant_at(described["at"], ("clock", "at")), described["frozen"])


def _instants(texts: Sequence[str], place: Place) -> tuple[Instant, ...]:
    return tuple(sorted(_instant_at(text, (*place, row)) for row, text in enumerate(texts)))


def _due(number: int, described: Mapping[str, Any]) -> ScheduledItem:
    at = _instant_at(described["at"], ("agenda", number - 1, "at"))
    return ScheduledItem(at, number, described["provider"], described["fields"])


def _fixture(document: Any, messages: _Messages) -> Fixture:
    accounts: list[Account] = []
    fixed, relative = _Pile(), _Pile()
    counted: dict[str, int] = {}
    for index, (described, pieces) in enumerate(zip(document["accounts"], messages, strict=True)):
        account = _account(described)
        accounts.append(account)
        for table in pieces:
            _lay(table, account.key, ("accounts", index, "messages"), fixed, relative)
            _count_on(table, account.provider, counted)
    # Whoever says where numbering goes on says it of all: what has no number yet begins at its room's first.
    said = document.get("sequences", counted)
    return Fixture(
        accounts=tuple(accounts),
        fixed=Layer(fixed.rows),
        relative=Layer(relative.rows),
        read=frozenset((*fixed.read, *(len(fixed.rows) + place for place in relative.read))),
        readings=dict(document.get("readings", {})),
        sequences={name: int(number) for name, number in said.items()},  # JSON Schema takes 5.0 for whole
        uses={window: _instants(uses, ("uses", window)) for window, uses in document.get("uses", {}).items()},
        agenda=tuple(_due(number, described) for number, described in enumerate(document.get("agenda", ()), start=1)),
    )


class _Pile:
    """What will be a layer."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.read: list[int] = []
        """Which of them the customer has marked as read."""

    def add(self, table: Table, at: Sequence[Instant], account: str) -> None:
        """Put messages of an account on it. A file calls their fields what Message calls them."""
        self.read += compress(count(len(self.rows)), table.column("read", False))
        fields = {
            name: table.column(name, Message._field_defaults.get(name))
            for name in table.columns.keys() - {"at", "read"}
        }
        if "attachments" in fields:
            fields["attachments"] = [tuple(map(_attachment, described)) for described in fields["attachments"]]
        self.rows.extend(at, {**fields, "account": [account] * len(table)})


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
    token = Ids(account).reserve().token
    return tuple(_issued(login, token) if isinstance(login, str) else Login(**login) for login in described)


def _issued(kind: str, token: Callable[[str], str]) -> Login:
    return Login(token("user"), token("secret") if kind == PAIR else None)


def _lay(table: Table, account: str, place: Place, fixed: _Pile, relative: _Pile) -> None:
    """Put an account's messages on the piles, in the order of the file."""
    said = table.column("at", "")
    are_back = [when.startswith("P") for when in said]
    at: list[Instant] = []
    try:
        for when, is_back in zip(said, are_back, strict=True):
            at.append(-_span(when) if is_back else _instant(when))
    except ValueError as error:
        raise WorldFileError(f"{shown(when)} is not {WHEN} or {_BACK}", (*place, len(at), "at")) from error
    if len({*are_back}) == 1:
        (relative if is_back else fixed).add(table, at, account)
        return
    for pile, are_its in ((relative, are_back), (fixed, [*map(not_, are_back)])):
        pile.add(Table([*compress(table.rows, are_its)]), [*compress(at, are_its)], account)


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


def _count_on(table: Table, provider: str, sequences: dict[str, int]) -> None:
    """Let the provider's own numbering go on behind the highest identifier, of each type or else in each direction."""
    for (direction, kind), ids in table.ids.items():
        sequence = f"{provider}.{kind or direction}"
        numbers = (int(name) for name in ids if len(name) <= _DIGITS and name.isascii() and name.isdigit())
        following = max(numbers, default=-1) + 1
        if following > sequences.get(sequence, 0):
            sequences[sequence] = following
