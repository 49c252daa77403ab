"""Loads world files: turns a document into the fixture that it describes."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import MsgspecError

from mockserver.engine.accounts import Account, ForwardingRule, Login, Number, Program
from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import Delivery
from mockserver.engine.entries import Entries, Entry, TableKey
from mockserver.engine.faults import FaultRules, RuleStatus
from mockserver.engine.frozen import NO_FIELDS, freeze
from mockserver.engine.instants import Instant, parse_duration, parse_instant
from mockserver.engine.messages import Attachment, Direction, Message
from mockserver.engine.scheduler import ScheduledItem
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture, IdReservation, UnreadParts
from mockserver.validation.json_schema import MOST_ERRORS
from mockserver.validation.messages import Place, WorldFileError, show_value

from .decoding import decode_file
from .deliveries import Identity, identity, read_delivery
from .formats import is_format_1, place_in_format_1, upgrade
from .rules import PAIR, WHEN, Described, Rules, check, find_errors
from .unread import take_out_unknown

_Messages: TypeAlias = Iterable[Iterable[Sequence[Mapping[str, Any]]]]
"""The messages of each account, in chunks."""

_BACK = "a duration back from the world's start (P3DT4H)"
LARGE = 2_000_000
"""The size in bytes above which a file is read in chunks: a million messages decoded at once take more than a gigabyte."""

DELIVERIES = "deliveries"
"""The sequence of the numbers of deliveries."""

_DIGITS = 18
"""The most digits of an identifier that numbering continues from; with more it would not fit into clients' 64 bits."""


@dataclass(frozen=True)
class ClockSetting:
    """The clock in a world file."""

    at: Instant
    is_frozen: bool

    def clock(self) -> Clock:
        """Create a clock that is frozen at the instant, or runs on from it."""
        clock = Clock.frozen(self.at)
        return clock if self.is_frozen else clock.resume()


@dataclass(frozen=True)
class WorldFile:
    """The contents of a world file. Only snapshots have more than a fixture."""

    fixture: Fixture
    clock: ClockSetting | None = None
    """The world's clock when the snapshot was taken; ``None`` when the file has none."""
    seed: str | None = None
    """The seed of identifiers; ``None`` when the file has none."""
    journal: Sequence[Any] = ()
    """The exchanges of the journal, as text of `stores.codec`."""
    journal_parts: Mapping[str, Any] = field(default_factory=dict)
    """The parts that exchanges share, by digest."""


def load(path: Path, rules: Rules, *, is_checked: bool = False) -> Fixture:
    """Return the fixture in a world file; see `read`."""
    return read(path, rules, is_checked=is_checked).fixture


def parse(document: Any, rules: Rules, *, is_checked: bool = False) -> Fixture:
    """Return the fixture in a decoded world file; see `read`."""
    return read(document, rules, is_checked=is_checked).fixture


def read(source: Any, rules: Rules, *, keep_unknown: bool = False, is_checked: bool = False) -> WorldFile:
    """Read a world file.

    Args:
        source: its path, or its decoded content.
        rules: the rules that it must follow.
        keep_unknown: whether its accounts of providers that are not installed are kept, unread, for snapshots; otherwise
            they are an error.
        is_checked: whether it is known to be valid, as shipped files are, which the server's tests validate.

    Raises:
        WorldFileError: it is invalid.
    """
    if not isinstance(source, Path):
        return _read(source, rules, keep_unknown, is_checked)
    try:
        return _read_large(source, rules, is_checked) or _read(decode_file(source), rules, keep_unknown, is_checked)
    except WorldFileError as error:
        raise WorldFileError(error.difference, error.place, source) from error


def find_file_errors(path: Path, rules: Rules) -> list[WorldFileError]:
    """Return the errors of a world file, one for each place in it; the first is the one that `read` raises.

    They are at most one more than `MOST_ERRORS`, which then says that there are others.
    """
    try:
        source = decode_file(path)
        document = upgrade(source)
    except WorldFileError as error:
        return [WorldFileError(error.difference, error.place, path)]
    found: dict[Place, WorldFileError] = {}
    for each in find_document_errors(document, rules):
        place = place_in_format_1(each.place) if is_format_1(source) else each.place
        found.setdefault(place, WorldFileError(each.difference, place, path))
        if len(found) > MOST_ERRORS:
            break
    return list(found.values())


def find_document_errors(document: Any, rules: Rules) -> Iterator[WorldFileError]:
    """Yield the errors of a decoded world file of the present format, the one to report first."""
    return chain(find_errors(document, rules), _instant_errors(document))


def _instant_errors(document: Any) -> Iterator[WorldFileError]:
    """Yield the errors of the instants in a decoded world file, which the rules take for texts."""
    yield from _instant_error(_member(_member(document, "clock"), "at"), ("clock", "at"))
    uses = _member(document, "uses")
    for window in uses if isinstance(uses, dict) else ():
        for row, text in _items(uses[window]):
            yield from _instant_error(text, ("uses", window, row))
    for index, item in _items(_member(document, "scheduled")):
        yield from _instant_error(_member(item, "at"), ("scheduled", index, "at"))
    for index, account in _items(_member(document, "accounts")):
        for row, message in _items(_member(account, "messages")):
            at = _member(message, "at")
            yield from _instant_error(at, ("accounts", index, "messages", row, "at"), or_duration=True)
            yield from _instant_error(_member(message, "due"), ("accounts", index, "messages", row, "due"))


def _member(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else None


def _items(things: Any) -> Iterator[tuple[int, Any]]:
    return iter(enumerate(things if isinstance(things, list) else ()))


def _instant_error(text: Any, place: Place, *, or_duration: bool = False) -> Iterator[WorldFileError]:
    """Yield the error of a text that is no instant; of what is no text, the rules say so."""
    if isinstance(text, str):
        try:
            _message_instant(text) if or_duration else _instant(text)
        except ValueError:
            yield WorldFileError(f"{show_value(text)} is not {WHEN}{f' or {_BACK}' * or_duration}", place)


def _message_instant(text: str) -> int:
    """Return a message's instant, or the negative of its duration before the world's start."""
    return -_parse_duration(text) if text.startswith("P") else _instant(text)


def _read(source: Any, rules: Rules, keep_unknown: bool, is_checked: bool) -> WorldFile:
    document, unread = upgrade(source), UnreadParts()
    try:
        if not is_checked:
            if keep_unknown:
                document, unread = take_out_unknown(document, rules.schemas)
            check(document, rules, unread.providers())
        messages = [[account.get("messages", ())] for account in document["accounts"]]
        return _world_file(document, rules, messages, unread)
    except WorldFileError as error:
        if is_format_1(source):
            raise WorldFileError(error.difference, place_in_format_1(error.place)) from error
        raise


def _read_large(path: Path, rules: Rules, is_checked: bool) -> WorldFile | None:
    """Read a large file in chunks; ``None`` if it is not large, or may be invalid, which `_read` then reports."""
    # In older versions of msgspec its errors are no ValueErrors.
    with suppress(OSError, ValueError, MsgspecError, RecursionError):
        if path.stat().st_size > LARGE:
            from .chunked_reader import read_chunks

            document, messages = read_chunks(path.read_bytes())
            document = upgrade(document)
            if is_checked:
                return _world_file(document, rules, messages, UnreadParts())
            check(document, rules)
            checked = map(rules.check_chunks, document["accounts"], messages)
            return _world_file(document, rules, checked, UnreadParts())
    return None


def _world_file(document: Any, rules: Rules, messages: _Messages, unread: UnreadParts) -> WorldFile:
    return WorldFile(
        _fixture(document, rules, messages, unread),
        _clock(document["clock"]) if "clock" in document else None,
        document.get("seed"),
        document.get("journal", ()),
        document.get("journal_parts", {}),
    )


def _clock(described: Mapping[str, Any]) -> ClockSetting:
    return ClockSetting(_instant_at(described["at"], ("clock", "at")), described["frozen"])


def _instants(texts: Sequence[str], place: Place) -> tuple[Instant, ...]:
    return tuple(sorted(_instant_at(text, (*place, row)) for row, text in enumerate(texts)))


def _scheduled_item(number: int, described: Mapping[str, Any]) -> ScheduledItem:
    at = _instant_at(described["at"], ("scheduled", number - 1, "at"))
    return ScheduledItem(at, number, described["provider"], described["fields"])


def _fixture(document: Any, rules: Rules, messages: _Messages, unread: UnreadParts) -> Fixture:
    reader = _MessageReader()
    accounts: list[Account] = []
    entries: dict[TableKey, list[Entry]] = {}
    for index, (written, pieces) in enumerate(zip(document["accounts"], messages, strict=True)):
        described = rules.upgrade_account(written)
        account = _account(described)
        accounts.append(account)
        for name, found in rules.read_entries(described, ("accounts", index)):
            entries[account.key, name] = found
            reader.count_identifiers(f"{account.provider}.{name}", found)
        for rows in pieces:
            reader.read(rows, account, ("accounts", index, "messages"))
    # A file with sequences has those of all messages: an identifier without one begins at its provider's first number.
    sequences = {**reader.entry_sequences, **document.get("sequences", reader.sequences)}
    scheduled = [_scheduled_item(*each) for each in enumerate(document.get("scheduled", ()), start=1)]
    deliveries = sorted(_deliveries(document, rules, reader), key=attrgetter("number"))
    if deliveries:
        sequences[DELIVERIES] = max(sequences.get(DELIVERIES, 1), deliveries[-1].number + 1)
    return Fixture(
        accounts=tuple(accounts),
        fixed=Segment(reader.fixed),
        relative=Segment(reader.relative),
        read=frozenset((*reader.read_fixed, *(len(reader.fixed) + serial for serial in reader.read_relative))),
        variants=dict(document.get("variants", {})),
        sequences={name: int(number) for name, number in sequences.items()},  # JSON Schema accepts 5.0 as an integer
        uses={window: _instants(uses, ("uses", window)) for window, uses in document.get("uses", {}).items()},
        entries=Entries(entries),
        scheduled=(*scheduled, *reader.changes(len(scheduled))),
        unread=unread,
        deliveries=tuple(deliveries),
        reordered=tuple(each["number"] for each in document.get("deliveries", ()) if each.get("reordered")),
        fault_rules=tuple(_fault_rules(document["faults"], rules, unread)) if "faults" in document else None,
    )


def _deliveries(document: Mapping[str, Any], rules: Rules, reader: _MessageReader) -> Iterator[Delivery]:
    rows = document.get("deliveries", ())
    serials = reader.serials({identity(row) for row in rows}) if rows else {}
    for index, row in enumerate(rows):
        place = ("deliveries", index)
        fault = rules.read_webhook_fault(row["fault"], (*place, "fault")) if "fault" in row else None
        yield read_delivery(row, serials, _instant_at, fault, place)


def _fault_rules(rows: Sequence[Mapping[str, Any]], rules: Rules, unread: UnreadParts) -> Iterator[RuleStatus]:
    statuses = [rules.read_rule(row, ("faults", index), unread.providers()) for index, row in enumerate(rows)]
    free = FaultRules.of_statuses(status for status in statuses if status.rule.id)
    for status in statuses:
        if not status.rule.id:
            status = status._replace(rule=replace(status.rule, id=free.next_id()))  # noqa: PLW2901 - with the id that it lacks
            free.add(status.rule)
        yield status


class _MessageReader:
    """Collects the messages of a file, in its order."""

    def __init__(self) -> None:
        self.fixed: list[Message] = []
        self.relative: list[Message] = []
        self.read_fixed: list[int] = []
        """The serials of messages that the customer has marked as read."""
        self.read_relative: list[int] = []
        self.due_fixed: list[tuple[Instant, int]] = []
        """The instants at which messages change, each with the message's serial."""
        self.due_relative: list[tuple[Instant, int]] = []
        self.sequences: dict[str, int] = {}
        """The next number of each sequence, after the highest identifier of each type, or of each direction."""
        self.entry_sequences: dict[str, int] = {}
        """The next number of each collection, after the highest id of its entries."""
        self._shared: dict[str, str] = {}

    def read(self, rows: Sequence[Mapping[str, Any]], account: Account, place: Place) -> None:
        """Add an account's messages."""
        share, key, provider = self._shared.setdefault, account.key, account.provider
        for index, row in enumerate(rows):
            when, get = row["at"], row.get
            is_relative = when.startswith("P")
            messages = self.relative if is_relative else self.fixed
            try:
                at = _message_instant(when)
            except ValueError as error:
                raise WorldFileError(f"{show_value(when)} is not {WHEN} or {_BACK}", (*place, index, "at")) from error
            sender, recipient, kind, direction = row["sender"], row["recipient"], get("kind", ""), row["direction"]
            status, program, network = get("status", ""), get("program", ""), get("network")
            attachments, fields = get("attachments"), get("fields")
            if get("read"):
                (self.read_relative if is_relative else self.read_fixed).append(len(messages))
            if due := get("due"):
                changes = self.due_relative if is_relative else self.due_fixed
                changes.append((_instant_at(due, (*place, index, "due")), len(messages)))
            # A text that many messages have is stored once.
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
            self._count_identifier(f"{provider}.{kind or direction}", row["id"])

    def serials(self, wanted: Container[Identity | None]) -> dict[Identity, int]:
        """Return the serials of the messages with these identities."""
        found = dict[Identity, int]()
        for serial, message in enumerate(chain(self.fixed, self.relative)):
            key = message.account, message.direction, message.kind, message.id
            if key in wanted:
                found[key] = serial
        return found

    def count_identifiers(self, sequence: str, entries: Sequence[Entry]) -> None:
        """Let the sequence of a collection continue after the highest number among its entries' ids."""
        numbers = [entry.id for entry in entries if isinstance(entry.id, int)]
        if numbers:
            self.entry_sequences[sequence] = max(max(numbers) + 1, self.entry_sequences.get(sequence, 1))

    def changes(self, last: int) -> Iterator[ScheduledItem]:
        """Yield the items that change messages, numbered on from the last number of other items."""
        due = (*self.due_fixed, *((at, len(self.fixed) + serial) for at, serial in self.due_relative))
        for number, (at, serial) in enumerate(due, start=last + 1):
            yield ScheduledItem(at, number, "", NO_FIELDS, serial=serial)

    def _count_identifier(self, sequence: str, name: str) -> None:
        """Let a sequence continue after an identifier."""
        if len(name) <= _DIGITS and name.isascii() and name.isdigit():
            following = int(name) + 1
            if following > self.sequences.get(sequence, 0):
                self.sequences[sequence] = following


_DIRECTIONS: Mapping[str, Direction] = {"inbound": "inbound", "outbound": "outbound"}


def _account(described: Described) -> Account:
    key = f"{described['provider']}/{described['name']}"
    numbers = [Number(**number) for number in described.get("numbers", ())]
    programs = [Program(**program) for program in described.get("programs", ())]
    return Account(
        key=key,
        provider=described["provider"],
        name=described["name"],
        logins=_logins(described["logins"], key),
        numbers={number.number: number for number in numbers},
        programs={program.id: program for program in programs},
        forwarding=tuple(ForwardingRule(**rule) for rule in described.get("forwarding", ())),
        fields=freeze(described.get("fields", {})),
    )


def _logins(described: Sequence[str | Mapping[str, Any]], account: str) -> tuple[Login, ...]:
    """Return an account's credentials. Those that the file does not print are derived from the account's key."""
    token = IdReservation(account).token
    return tuple(_issued(login, token) if isinstance(login, str) else Login(**login) for login in described)


def _issued(kind: str, token: Callable[[str], str]) -> Login:
    return Login(token("user"), token("secret") if kind == PAIR else None)


def _attachment(described: Mapping[str, Any]) -> Attachment:
    return Attachment(described["id"], described["name"], described["content_type"], b64decode(described["data"]))


def _instant_at(text: str, place: Place) -> Instant:
    try:
        return _instant(text)
    except ValueError as error:
        raise WorldFileError(f"{show_value(text)} is not {WHEN}", place) from error


def _instant(text: str) -> Instant:
    if text[10:11] != "T":  # Python accepts any character here, and a date alone
        raise ValueError(text)
    return parse_instant(text)


def _parse_duration(text: str) -> int:
    """Return a duration in microseconds; days, hours with minutes, and seconds are cached separately, as few different ones occur."""
    if len(text) > _LONGEST_CACHED:
        return parse_duration(text)
    days, has_clock, clock = text.partition("T")
    if not has_clock:
        return _duration(text)
    minutes, has_minutes, seconds = clock.partition("M")
    if not (has_minutes and seconds):
        return (0 if days == "P" else _duration(days)) + _duration(f"PT{clock}")
    # "0M", so that only seconds may follow
    return (0 if days == "P" else _duration(days)) + _duration(f"PT{minutes}M") + _duration(f"PT0M{seconds}")


_LONGEST_CACHED = 64
"""The characters of a duration up to which it is cached: so the cache is bounded in bytes."""

_duration = lru_cache(maxsize=100_000)(parse_duration)
