"""Makes accounts of recorded exports, so that a world that has them gives the same exports. Pure.

A response shows no id of a message, so two exports show the same message where type, number, text, date and network are equal; of equal
ones there are as many as one listing shows. What no export shows, but the number of a page or its `nextPageUrl` implies, becomes a
message with the text `NOT_RECORDED`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from mockserver.sdk import (
    SECOND,
    Credential,
    Direction,
    GeneratedField,
    Instant,
    ObservedExchange,
    Page,
    ProviderError,
    Reconstruction,
    UnexplainedRead,
    check_fields,
    is_utf8,
    iso,
    message_schema,
    parse_instant,
    parse_parameters,
)

from . import quirks
from .delivery import DELIVERED, DELIVERED_AFTER, PROCESSING, RECEIVED, SENT
from .inbound import CODE
from .operations.mobile_originated import EXTERNAL_MO
from .operations.programs import PARAMETERS
from .paging import AGE_POLICIES, Period
from .parameters import DIRECTIONS, PAGE_SIZE

GENERATED_FIELDS = (GeneratedField("data.messages[].date", "instant", ("program.export",)),)

NOT_RECORDED = "(not recorded)"
"""The text that is given to a message that no recorded response shows, but that must be there."""

_SOON = 60 * SECOND
"""How far the date of a message may be from the request that has caused it, or from the message that it answers."""
_TOLERANCE = 5 * SECOND
"""How far two instants of one message may differ without being listed as unexplained."""
_SCHEMA = Path(__file__).parent / "world.schema.json"
_NUMBER, _LONGEST = re.compile("[0-9]{3,15}"), 64
_MEMBERS = {
    "": ("meta", "data"),
    "meta": ("generalErrors", "nextPageUrl"),
    "data": ("campaignName", "programName", "programType", "messages"),
    "data.messages[]": ("type", "deliveryStatus", "number", "body", "date", "network"),
}


def reconstruct(exchanges: Sequence[ObservedExchange], variants: Mapping[str, str]) -> Reconstruction:
    """Return the accounts that give the recorded exports back; see `mockserver.sdk.Reconstruct`."""
    reader = _Reader(variants)
    for exchange in exchanges:
        reader.observe(exchange)
    programs = list(reader.programs.values())
    for program in programs:
        program.find_causes()
        program.add_what_is_missing()
    accounts = _accounts(reader)
    names = {program: account["name"] for account, ids in accounts for program in ids}
    numbers = {"inbound": count(1), "outbound": count(1)}
    for account, ids in accounts:
        own = [reader.programs[each] for each in ids]
        account["programs"] = [program.described() for program in own]
        rows = sorted((row for program in own for row in program.rows() if row.origin == "file"), key=attrgetter("at"))
        account["messages"] = [row.described(next(numbers[row.direction])) for row in rows]
    scheduled = [
        {
            "at": iso(row.appears.at),
            "provider": "mgage",
            "fields": {**row.inbound_fields(), "account": names[program.id]},
        }
        for program in programs
        for row in program.rows()
        if row.origin == "scheduled" and row.appears is not None and program.id in names
    ]
    return Reconstruction(
        [account for account, _ in accounts],
        sorted(reader.unexplained, key=attrgetter("index")),
        sorted(scheduled, key=lambda each: str(each["at"])),
    )


def _accounts(reader: _Reader) -> list[tuple[dict[str, Any], list[str]]]:
    """Return the accounts with the programs of each: those whose credentials have read the same program are one."""
    groups: list[tuple[dict[Credential, None], dict[str, None]]] = []
    for credential, programs in reader.credentials.items():
        if credential.user in {each.user for logins, _ in groups for each in logins}:
            continue  # the password was changed, or is wrong in the recording
        same = [group for group in groups if not programs.keys().isdisjoint(group[1])]
        groups = [group for group in groups if group not in same]
        logins = {each: None for group in same for each in group[0]} | {credential: None}
        groups.append((logins, {each: None for group in same for each in group[1]} | programs))
    return [
        (
            {
                "provider": "mgage",
                "name": f"recorded-{number}",
                "logins": [{"user": each.user, "secret": each.secret} for each in logins],
            },
            list(programs),
        )
        for number, (logins, programs) in enumerate(groups, start=1)
    ]


class _Row:
    """A message as the exports of a program show it."""

    def __init__(self, facts: _Facts, status: str, program: str, first: _Moment, position: int = 0) -> None:
        self.direction, self.number, self.text, self.at, self.network = facts
        self.program = program
        self.first, self.path = first, f"data.messages[{position}]"
        """The read that shows it first, and where."""
        self.statuses: list[tuple[str, Instant, Instant]] = [(status, first.at, first.at)]
        """Each status, with the first and the last instant at which it was read."""
        self.origin: Literal["file", "scheduled", "caused", "nothing"] = "file"
        """What puts it into the world: the file, a scheduled message, a request of the recording; ``nothing`` if it cannot be there."""
        self.appears: _Moment | None = None
        """From when it is there; ``None`` from the beginning."""
        self.due: Instant | None = None

    def see(self, status: str, at: Instant) -> None:
        """Note the status that another read shows."""
        last, since, _ = self.statuses[-1]
        if last == status:
            self.statuses[-1] = (status, since, at)
        else:
            self.statuses.append((status, at, at))

    def is_there(self, moment: _Moment) -> bool:
        """Return whether it is in the world at a moment."""
        return self.origin != "nothing" and (self.appears is None or self.appears <= moment)

    def fields(self) -> dict[str, Any]:
        """Return its members in a world file, without its instants."""
        sides = (self.number, CODE) if self.direction == "inbound" else (CODE, self.number)
        return {
            "direction": self.direction,
            "sender": sides[0],
            "recipient": sides[1],
            "text": self.text,
            "program": self.program,
            "status": self.statuses[0][0],
            "network": self.network,
        }

    def described(self, number: int) -> dict[str, Any]:
        """Return it as a message of a world file."""
        due = {} if self.due is None else {"due": iso(self.due)}
        return {"id": str(number), **self.fields(), "at": iso(self.at), **due}

    def inbound_fields(self) -> dict[str, Any]:
        """Return it as the fields of a scheduled message."""
        return {name: value for name, value in self.fields().items() if name != "direction"}

    def decide_due(self) -> bool:
        """Decide when its status changes; return whether that can be caused."""
        statuses = [each for each, _, _ in self.statuses]
        firsts, lasts = [first for _, first, _ in self.statuses], [last for _, _, last in self.statuses]
        if len(statuses) == 1:
            return True
        if self.direction == "inbound":
            after, until, expected = lasts[0], firsts[1], [[PROCESSING, RECEIVED]]
        elif statuses == [PROCESSING, DELIVERED]:
            after, until, expected = lasts[0], firsts[1] - DELIVERED_AFTER, [statuses]
        elif statuses == [PROCESSING, SENT, DELIVERED]:
            after = max(lasts[0], lasts[1] - DELIVERED_AFTER)
            until, expected = min(firsts[1], firsts[2] - DELIVERED_AFTER), [statuses]
        else:
            after, until, expected = lasts[0], firsts[1], [[SENT, DELIVERED], [PROCESSING, SENT]]
            if statuses == [PROCESSING, SENT]:
                after = max(after, lasts[1] - DELIVERED_AFTER)
        if statuses not in expected or after >= until:
            return False
        self.due = after + (until - after + 1) // 2
        return True


class _Moment(NamedTuple):
    """A point in the recording; of exchanges with the same instant, their index tells which is first."""

    at: Instant
    number: int
    """The index of the exchange; -1 for what happens at an instant before all exchanges."""


class _Facts(NamedTuple):
    """The values by which messages are told apart."""

    direction: Direction
    number: str
    text: str
    at: Instant
    network: str | None


def _check(number: str, text: Any, status: Any, network: Any) -> None:
    """Check that a world file may have a message. Only a wrong one is checked by the schema, which is a hundred times as slow.

    Raises:
        ValueError: it may not; the message says why.
    """
    texts = (status,) if network is None else (status, network)
    is_plain = all(isinstance(each, str) and 1 <= len(each) <= _LONGEST and is_utf8(each) for each in texts)
    if is_plain and _NUMBER.fullmatch(number) and isinstance(text, str) and is_utf8(text):
        return
    shown = {"sender": number, "text": text, "status": status, "network": network}
    check_fields(shown, message_schema(_SCHEMA, tuple(shown), tuple(shown)))


class _Read:
    """An export that was read."""

    def __init__(self, exchange: ObservedExchange, values: Mapping[str, Any], period: Period) -> None:
        self.index, self.at = exchange.index, exchange.at
        self.moment = _Moment(exchange.at, exchange.index)
        self.program = exchange.call.values["programId"]
        self.direction: Direction | Literal[""] = values.get("direction", "")
        self.since, self.until = period.bounds
        self.page = Page(values.get("page", 1), values.get("page_size", PAGE_SIZE.default))
        self.filters = tuple(sorted((name, sent) for name, sent in exchange.call.values.items() if name != "page"))
        self.begin = (self.page.number - 1) * (self.page.size or 0)
        """The number of messages on the pages before it."""
        self.rows: list[_Row] = []
        self.shown = 0
        """The number of messages on it, those included that no world file may have."""
        self.has_next = False

    def covers(self, direction: Direction, at: Instant) -> bool:
        """Return whether its filters and its page select this direction and date, so that it has such a message if it is there."""
        if self.direction not in ("", direction) or not self.since <= at <= self.until:
            return False
        if self.page.number > 1 and not (self.rows and self.rows[0].at < at):
            return False
        return not self.has_next or (bool(self.rows) and at < self.rows[-1].at)


class _Reader:
    """Reads the exchanges, in their order."""

    def __init__(self, variants: Mapping[str, str]) -> None:
        self.programs: dict[str, _Program] = {}
        self.credentials: dict[Credential, dict[str, None]] = {}
        """The credentials that were not rejected, each with the programs that it was used for."""
        self.unexplained: list[UnexplainedRead] = []
        self._find_period = AGE_POLICIES[variants[quirks.AGE.name]]
        self._said = set[str]()

    def observe(self, exchange: ObservedExchange) -> None:
        """Note what an exchange shows."""
        if exchange.status >= 500:
            self._say(exchange.index, "status", f"the provider answered {exchange.status}, which no account causes")
        credential = exchange.call.credential
        if exchange.status == 401:
            return
        if credential is None or not credential.secret:
            if exchange.status == 200:
                self._say(exchange.index, "status", "it was accepted without the credentials of an account", once=True)
            return
        used = self.credentials.setdefault(credential, {})
        if exchange.call.operation == "program.export" and exchange.status == 200:
            self._observe_export(exchange, used)
        elif exchange.call.operation == "program.export" and exchange.status == 400:  # MG-26: the program is there
            self._program(exchange.call.values["programId"], used)
        elif exchange.call.operation == "program.external_mo" and exchange.status in (0, 200):
            self._observe_sent(exchange, used)

    def _say(self, index: int, path: str, reason: str, *, once: bool = False) -> None:
        if not once or reason not in self._said:
            self._said.add(reason)
            self.unexplained.append(UnexplainedRead(index, path, reason))

    def _program(self, program_id: str, used: dict[str, None]) -> _Program:
        used[program_id] = None
        if program_id not in self.programs:
            self.programs[program_id] = _Program(program_id, self._say)
        return self.programs[program_id]

    def _observe_sent(self, exchange: ObservedExchange, used: dict[str, None]) -> None:
        try:
            values = parse_parameters(EXTERNAL_MO, exchange.call.values)
        except ProviderError as error:
            self._say(exchange.index, "status", f"it was accepted, but here it is rejected: {error}")
            return
        program = self._program(values["program"], used)
        moment = _Moment(exchange.at, exchange.index)
        program.sent.append(_Sent(moment, values["originator"], values["message"]))

    def _observe_export(self, exchange: ObservedExchange, used: dict[str, None]) -> None:
        values = exchange.call.values
        try:
            parsed = parse_parameters(PARAMETERS, values, blank=())
            period = self._find_period(Period(parsed.get("start"), parsed.get("end")), exchange.at)
        except ProviderError as error:
            self._say(exchange.index, "status", f"it was accepted, but here it is rejected: {error}")
            return
        try:
            found = orjson.loads(exchange.body)
            data, meta = found["data"], found["meta"]
            names = [data[name] for name in ("programName", "campaignName", "programType")]
            rows = data["messages"] or []
            if (
                not isinstance(meta, dict)
                or not isinstance(rows, list)
                or not all(isinstance(name, str) and name for name in names)
            ):
                raise TypeError
        except (ValueError, LookupError, TypeError):
            self._say(exchange.index, "", "it is not the JSON of an export")
            return
        for path, thing in (("", found), ("meta", meta), ("data", data)):
            self._check_members(exchange.index, path, path, thing)
        if meta.get("generalErrors"):
            self._say(exchange.index, "meta.generalErrors", "no export has errors beside its messages")
        program = self._program(values["programId"], used)
        if program.names is None:
            program.names = names
        elif program.names != names:
            self._say(exchange.index, "data", "the names of the program have changed since an earlier read")
        read = _Read(exchange, parsed, period)
        read.shown, read.has_next = len(rows), meta.get("nextPageUrl") is not None
        program.add(read, list(self._facts(exchange.index, rows)))

    def _facts(self, index: int, rows: list[Any]) -> Iterator[tuple[int, _Facts, str]]:
        """Yield the messages of an export, each with its position and status."""
        for position, row in enumerate(rows):
            path = f"data.messages[{position}]"
            self._check_members(index, "data.messages[]", path, row)
            try:
                direction, number, at = DIRECTIONS[row["type"]], str(row["number"]), parse_instant(row["date"])
                text, status, network = row["body"], row["deliveryStatus"], row.get("network")
                _check(number, text, status, network)
            except LookupError as reason:
                self._say(index, path, f"it has no {reason}, or an unknown one")
            except (ValueError, TypeError) as reason:
                self._say(index, path, f"it is no message of a world file: {reason}")
            else:
                yield position, _Facts(direction, number, text, at, network), status

    def _check_members(self, index: int, pattern: str, path: str, thing: Any) -> None:
        """Say which members of an object no export has, each once."""
        for name in thing if isinstance(thing, dict) else ():
            if name not in _MEMBERS[pattern]:
                place = f"{pattern}.{name}".lstrip(".")
                self._say(index, f"{path}.{name}".lstrip("."), f"no export here has a member {place}", once=True)


class _Sent(NamedTuple):
    """A message to a program that a request or a handset has sent."""

    moment: _Moment
    number: str
    text: str


class _Program:
    """A program, with the messages that its exports show."""

    def __init__(self, program_id: str, say: Any) -> None:
        self.id = program_id
        self.names: list[str] | None = None
        self.reply: str | None = None
        self.sent: list[_Sent] = []
        self._say = say
        self._reads: list[_Read] = []
        self._known: dict[tuple[_Facts, int], _Row] = {}
        self._groups: defaultdict[Instant, list[_Row]] = defaultdict(list)
        """The messages of each date, in their order."""
        self._runs: dict[Any, tuple[set[int], Counter[_Facts]]] = {}
        """The pages of the listing that a client reads, and how often it shows each message, by its filters."""
        self._lists: dict[Any, _List] = {}

    def described(self) -> dict[str, str]:
        """Return it as in a world file."""
        name, campaign, kind = self.names or (f"Program {self.id}", "Not recorded", "Not recorded")
        reply = {} if self.reply is None else {"reply": self.reply}
        return {"id": self.id, "name": name, "campaign": campaign, "kind": kind, **reply}

    def rows(self) -> Iterator[_Row]:
        """Yield the messages, in the order of exports."""
        for at in sorted(self._groups):
            yield from self._groups[at]

    def add(self, read: _Read, found: Iterable[tuple[int, _Facts, str]]) -> None:
        """Note what an export shows."""
        pages, counter = self._runs.get(read.filters, (set[int](), Counter[_Facts]()))
        if read.page.number in pages:
            pages, counter = set(), Counter()
        pages.add(read.page.number)
        self._runs[read.filters] = pages, counter
        for position, facts, status in found:
            key = facts, counter[facts]
            counter[facts] += 1
            row = self._known.get(key)
            if row is None:
                row = self._known[key] = _Row(facts, status, self.id, read.moment, position)
            else:
                row.see(status, read.at)
            read.rows.append(row)
        for at, rows in groupby(read.rows, attrgetter("at")):
            _merge(self._groups[at], list(rows))
        self._reads.append(read)

    # -- what has caused a message ------------------------------------------------------------------------------------

    def find_causes(self) -> None:
        """Decide what puts each message into the world: the file, a scheduled message, or a request of the recording."""
        rows = list(self.rows())
        for sent in self.sent:
            if self._take(rows, "inbound", sent, lambda row, sent=sent: row.text == sent.text) is None:
                self._add_unread("inbound", sent, sent.text)
        late = [(row, absent) for row in rows if row.origin == "file" and (absent := self._absent_at(row)) is not None]
        for row, absent in late:
            if row.direction == "inbound":
                self._schedule(row, absent)
        for row, absent in late:  # what came in is late, too, where the answer to it is
            if row.direction == "outbound":
                self._schedule_what_came_in(rows, row, absent)
        came_in = (row for row in rows if row.origin == "scheduled")
        scheduled = [_Sent(row.appears, row.number, row.text) for row in came_in if row.appears is not None]
        self._find_reply(rows, [*self.sent, *scheduled])
        for row, absent in late:
            if row.origin == "file" and row.direction == "outbound" and row.text == self.reply:
                self._add_what_came_in(row, absent)
            elif row.origin == "file":
                row.origin = "nothing"
                self._say(
                    row.first.number, row.path, "no request of the recording caused it, and no earlier read shows it"
                )
        self._decide_dues(rows)

    def _decide_dues(self, rows: Iterable[_Row]) -> None:
        for row in rows:
            if row.origin == "file" and not row.decide_due():
                path = f"{row.path}.deliveryStatus"
                changes = " → ".join(status for status, _, _ in row.statuses)
                self._say(row.first.number, path, f"no message's status changes so, or at such times: {changes}")

    def _schedule(self, row: _Row, absent: Instant) -> None:
        """Let a message come in after the instant at which it was not there yet."""
        at = min(max(row.at, absent + 1), row.first.at)
        row.origin, row.appears = "scheduled", _Moment(at, -1)
        if abs(at - row.at) > _TOLERANCE:
            self._say(row.first.number, f"{row.path}.date", "the message came in later than its date says")

    def _schedule_what_came_in(self, rows: Sequence[_Row], answer: _Row, absent: Instant) -> None:
        """Schedule the message that an answer is to, if no read shows that it was there before."""
        for row in rows:
            is_before = 0 <= answer.at - row.at <= _TOLERANCE and row.number == answer.number
            if is_before and row.direction == "inbound" and row.origin == "file" and row.first.at > absent:
                self._schedule(row, absent)

    def _add_what_came_in(self, answer: _Row, absent: Instant) -> None:
        """Schedule the message that an answer is to, which no read shows."""
        row = _Row(_Facts("inbound", answer.number, NOT_RECORDED, answer.at, None), RECEIVED, self.id, answer.first)
        row.origin, row.appears = "scheduled", _Moment(min(max(answer.at, absent + 1), answer.first.at), -1)
        group = self._groups[answer.at]
        group.insert(group.index(answer), row)
        answer.origin, answer.appears = "caused", row.appears

    def _take(self, rows: Sequence[_Row], direction: Direction, cause: _Sent, fits: Any) -> _Row | None:
        """Return the message that a cause has put into the world, and mark it, so that it is not written to the file."""
        candidates = [
            row
            for row in rows
            if row.origin == "file"
            and row.direction == direction
            and row.number == cause.number
            and row.first >= cause.moment
            and abs(row.at - cause.moment.at) <= _SOON
            and fits(row)
        ]
        taken = min(candidates, key=lambda row: abs(row.at - cause.moment.at), default=None)
        if taken is not None:
            taken.origin, taken.appears = "caused", cause.moment
        return taken

    def _absent_at(self, row: _Row) -> Instant | None:
        """Return the last instant at which a response shows that a message was not there; ``None`` if none does."""
        for read in reversed(self._reads):
            if read.at < row.first.at and read.covers(row.direction, row.at):
                return read.at
        return None

    def _find_reply(self, rows: Sequence[_Row], causes: Sequence[_Sent]) -> None:
        """Find the text that the program answers: the one that follows most of the messages that came in."""
        answers = [self._take(rows, "outbound", cause, lambda _: True) for cause in causes]
        found = Counter(row.text for row in answers if row is not None)
        text, times = max(found.items(), key=lambda each: each[1], default=("", 0))
        silent = (cause for cause, row in zip(causes, answers, strict=True) if row is None and self._is_read(cause))
        if times > sum(1 for _ in silent) + found.total() - times:
            self.reply = text
        for cause, row in zip(causes, answers, strict=True):
            if row is not None and row.text != self.reply:
                row.origin, row.appears = "file", None
            elif row is None and self.reply is not None:
                self._add_unread("outbound", cause, self.reply)

    def _is_read(self, cause: _Sent) -> bool:
        """Return whether a later read would show an answer to what came in."""
        at = cause.moment.at
        return any(read.moment >= cause.moment and read.covers("outbound", at) for read in self._reads)

    def _add_unread(self, direction: Direction, cause: _Sent, text: str) -> None:
        """Add a message that is in the world because of a request, although no read shows it: it has its place on the pages."""
        facts = _Facts(direction, cause.number, text, cause.moment.at, None)
        row = _Row(facts, RECEIVED if direction == "inbound" else SENT, self.id, cause.moment)
        row.origin, row.appears = "caused", cause.moment
        self._groups[row.at].append(row)

    # -- what no export shows -----------------------------------------------------------------------------------------

    def add_what_is_missing(self) -> None:
        """Add the messages that must be there for the reads to show these pages, and say which reads still cannot be given back."""
        for read in sorted((read for read in self._reads if read.rows), key=lambda read: read.rows[0].at):
            given = [row for row in read.rows if row.origin != "nothing"]
            rows = [row for row in given if read.since <= row.at <= read.until]
            if rows:
                before = read.begin - self._list(read).position(read, rows[0])
                if before > 0:
                    self._fill(read, rows[0], before, 0)
                shown = read.shown - len(read.rows) + len(given)
                missing = read.begin + shown + read.has_next - self._list(read).count(read)
                if missing > 0:
                    self._fill(read, rows[-1], missing, 1)
        for read in self._reads:
            is_given = all(row.origin != "nothing" for row in read.rows) and len(read.rows) == read.shown
            if is_given and self._list(read).page(read) != read.rows:
                self._say(
                    read.index,
                    "data.messages",
                    "other reads show other messages for these filters, or in another order",
                )

    def _fill(self, read: _Read, beside: _Row, number: int, offset: int) -> None:
        """Add messages of the same instant before or after another one."""
        direction = self._free_direction(read, beside)
        facts = _Facts(direction, beside.number, NOT_RECORDED, beside.at, beside.network)
        status = SENT if direction == "outbound" else RECEIVED
        added = [_Row(facts, status, self.id, read.moment) for _ in range(number)]
        if beside.appears is not None and direction == "inbound" and self.reply is None:
            for row in added:
                row.origin, row.appears = "scheduled", beside.appears
        group = self._groups[beside.at]
        place = group.index(beside) + offset
        group[place:place] = added
        self._lists.clear()

    def _free_direction(self, read: _Read, beside: _Row) -> Direction:
        """Return the direction of messages that must be there at an instant: one of which no read shows all messages then."""
        if read.direction:
            return read.direction
        directions: tuple[Direction, ...] = (
            beside.direction,
            "outbound" if beside.direction == "inbound" else "inbound",
        )
        is_free = (not any(each.covers(direction, beside.at) for each in self._reads) for direction in directions)
        return next((each for each, free in zip(directions, is_free, strict=True) if free), beside.direction)

    def _list(self, read: _Read) -> _List:
        """Return all messages of a read's direction that are there at its time."""
        late = sum(row.appears is not None and row.appears <= read.moment for row in self._late())
        key = read.direction, late
        if key not in self._lists:
            rows = (row for row in self.rows() if read.direction in ("", row.direction) and row.is_there(read.moment))
            self._lists[key] = _List(rows)
        return self._lists[key]

    def _late(self) -> list[_Row]:
        if "late" not in self._lists:
            self._lists["late"] = _List(row for row in self.rows() if row.appears is not None)
        return self._lists["late"].rows


class _List:
    """The messages of a direction, in the order of exports."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        self.rows = list(rows)
        self._ats = [row.at for row in self.rows]
        self._places = {id(row): place for place, row in enumerate(self.rows)}

    def _begin(self, read: _Read) -> int:
        return bisect_left(self._ats, read.since)

    def count(self, read: _Read) -> int:
        """Return the number of messages on all pages of a read."""
        return max(0, bisect_right(self._ats, read.until) - self._begin(read))

    def position(self, read: _Read, row: _Row) -> int:
        """Return the place, from 0, of a message among those that a read's filters select; that of its page if it is not there."""
        place = self._places.get(id(row))
        return read.begin if place is None else place - self._begin(read)

    def page(self, read: _Read) -> list[_Row]:
        """Return the messages of a read's page."""
        begin = self._begin(read)
        wanted = read.page.window(self.count(read))
        return self.rows[begin + wanted.start : begin + wanted.stop]


def _merge(group: list[_Row], rows: Sequence[_Row]) -> None:
    """Insert into an ordered list the rows of another one that it does not have, each after the one before it."""
    known = set(map(id, group))
    place = next((group.index(row) for row in rows if id(row) in known), len(group))
    for row in rows:
        if id(row) in known:
            place = group.index(row) + 1
        else:
            group.insert(place, row)
            place += 1
