"""A document into the world that it describes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from mockserver.engine.accounts import Account, Contact, ForwardingRule, Login, Number, Program
from mockserver.engine.clock import Clock
from mockserver.engine.frozen import NO_FIELDS, freeze
from mockserver.engine.ids import Ids
from mockserver.engine.instants import Instant, parse_duration, parse_instant
from mockserver.engine.messages import Attachment, Direction, Message
from mockserver.engine.scheduler import ScheduledItem
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.validation.messages import Place, WorldFileError, shown

from .decoding import decoded
from .rules import PAIR, WHEN, Described, Rules, check

_Messages: TypeAlias = Iterable[Iterable[Sequence[Mapping[str, Any]]]]
"""Those of each account, in pieces."""

_BACK = "a duration back from the world's birth (P3DT4H)"
LARGE = 2_000_000
"""Bytes above which a file is read some thousand messages at a time: a million decoded at once are more than a gigabyte."""

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
        rules: to hold it to; ``None`` trusts it, which is for our own files: a test of the server has checked those.

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
    return _world_file(document, [[account.get("messages", ())] for account in document["accounts"]])


def _read_large(path: Path, rules: Rules | None) -> WorldFile | None:
    """A large file, piece by piece; ``None`` if it is not one, or may be wrong: `_read` has the words."""
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size > LARGE:
            from .chunked_reader import apart

            document, messages = apart(path.read_bytes())
            if rules is None:
                return _world_file(document, messages)
            check(document, rules)
            return _world_file(document, map(rules.checked_pieces, document["accounts"], messages))
    return None


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
    at = _instant_at(described["at"], ("scheduled", number - 1, "at"))
    return ScheduledItem(at, number, described["provider"], described["fields"])


def _fixture(document: Any, messages: _Messages) -> Fixture:
    reader = _MessageReader()
    accounts: list[Account] = []
    for index, (described, pieces) in enumerate(zip(document["accounts"], messages, strict=True)):
        account = _account(described)
        accounts.append(account)
        for rows in pieces:
            reader.read(rows, account, ("accounts", index, "messages"))
    # Whoever says where numbering goes on says it of all: what has no number yet begins at its provider's first.
    said = document.get("sequences", reader.sequences)
    return Fixture(
        accounts=tuple(accounts),
        fixed=Segment(reader.fixed),
        relative=Segment(reader.relative),
        read=frozenset((*reader.read_fixed, *(len(reader.fixed) + serial for serial in reader.read_relative))),
        variants=dict(document.get("variants", {})),
        sequences={name: int(number) for name, number in said.items()},  # JSON Schema takes 5.0 for whole
        uses={window: _instants(uses, ("uses", window)) for window, uses in document.get("uses", {}).items()},
        scheduled=tuple(
            _due(number, described) for number, described in enumerate(document.get("scheduled", ()), start=1)
        ),
    )


class _MessageReader:
    """The messages of a file, in its order."""

    def __init__(self) -> None:
        self.fixed: list[Message] = []
        self.relative: list[Message] = []
        self.read_fixed: list[int] = []
        """The serials of those that the customer has marked as read."""
        self.read_relative: list[int] = []
        self.sequences: dict[str, int] = {}
        """Where the providers' own numbering goes on: behind the highest identifier, of each type or else in each direction."""
        self._shared: dict[str, str] = {}

    def read(self, rows: Sequence[Mapping[str, Any]], account: Account, place: Place) -> None:
        """Add an account's messages."""
        share, key, provider = self._shared.setdefault, account.key, account.provider
        for index, row in enumerate(rows):
            when, get = row["at"], row.get
            is_relative = when.startswith("P")
            messages = self.relative if is_relative else self.fixed
            try:
                at = -_span(when) if is_relative else _instant(when)
            except ValueError as error:
                raise WorldFileError(f"{shown(when)} is not {WHEN} or {_BACK}", (*place, index, "at")) from error
            sender, recipient, kind, direction = row["sender"], row["recipient"], get("kind", ""), row["direction"]
            status, program, network = get("status", ""), get("program", ""), get("network")
            attachments, fields = get("attachments"), get("fields")
            if get("read"):
                (self.read_relative if is_relative else self.read_fixed).append(len(messages))
            # A text that many have is kept once.
            messages.append(
                Message(
                    len(messages),
                    key,
                    row["id"],
                    _DIRECTIONS[direction],
                    share(sender, sender),
                    share(recipient, recipient),
                    at,
                    row["text"],
                    share(kind, kind),
                    share(status, status),
                    share(program, program),
                    network and share(network, network),
                    get("reference", ""),
                    get("title", ""),
                    tuple(map(_attachment, attachments)) if attachments else (),
                    freeze(fields) if fields else NO_FIELDS,
                )
            )
            self._count_on(f"{provider}.{kind or direction}", row["id"])

    def _count_on(self, sequence: str, name: str) -> None:
        if len(name) <= _DIGITS and name.isascii() and name.isdigit():
            following = int(name) + 1
            if following > self.sequences.get(sequence, 0):
                self.sequences[sequence] = following


_DIRECTIONS: Mapping[str, Direction] = {"inbound": "inbound", "outbound": "outbound"}


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
        fields=freeze(described.get("fields", {})),
    )


def _logins(described: Sequence[str | Mapping[str, Any]], account: str) -> tuple[Login, ...]:
    """An account's credentials. Those that are to be issued are always the same ones in the world that is not asked for fresh ones."""
    token = Ids(account).reserve().token
    return tuple(_issued(login, token) if isinstance(login, str) else Login(**login) for login in described)


def _issued(kind: str, token: Callable[[str], str]) -> Login:
    return Login(token("user"), token("secret") if kind == PAIR else None)


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
