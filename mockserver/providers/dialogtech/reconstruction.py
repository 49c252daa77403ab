"""Makes accounts of recorded exchanges, so that a world that has them gives the same reads. Pure.

A number has what `sms.get_numbers` shows, a message what `sms.get_messages` and `sms.get_message` show. What the recorded requests
themselves change, such as a message that was sent, is not put into the accounts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from lxml import etree

from mockserver.sdk import (
    SECOND,
    Credential,
    Direction,
    GeneratedField,
    Instant,
    ObservedExchange,
    ProviderError,
    Reconstruction,
    UnexplainedRead,
    check_fields,
    day_begins,
    day_ends,
    instant_of,
    is_utf8,
    iso,
    message_schema,
    parse_parameters,
    zone_of,
)

from . import errors, magic, quirks
from .error_texts import error_text
from .operations import credential_name
from .operations.messages import GET_MESSAGES, SEND_MESSAGE
from .operations.numbers import REGISTER_NUMBER

_READS = ("sms.get_messages", "sms.get_message")
_RECORDS = ("response.messages.*.message[]", "response.data.messages.*.message[]", "response.message[]")
GENERATED_FIELDS = tuple(
    field
    for path in _RECORDS
    for field in (
        GeneratedField(f"{path}.msg_id", "identifier", _READS, "message"),
        GeneratedField(f"{path}.date", "instant", _READS),
    )
)

NOT_RECORDED = "(not recorded)"
"""The text that is given to a message that a request deletes and that no recorded response shows."""

_SOON = 60 * SECOND
"""How far the date of a message may be from the request that has caused it."""
_TOLERANCE = 5 * SECOND
"""How far two instants of one message may differ without being listed as unexplained."""
_SCHEMA = Path(__file__).parent / "world.schema.json"
_ID, _NUMBER = re.compile("[0-9]{1,18}"), re.compile("[0-9]{10}")
_LONGEST = 256
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MEMBERS = {
    "response": ("result", "result_description", "data", "messages", "message"),
    "message": ("msg_id", "to", "from", "message", "date"),
}
_XML = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_UNKNOWN_CREDENTIALS = re.compile(
    r"\b(?:invalid|unknown|wrong|incorrect|bad|no such|not?)\W+(?:\w+\W+){0,2}(?:keys?|accounts?|credentials?|users?|login)\b",
    re.IGNORECASE,
)
"""Finds in the description of a failure that the credentials are wrong. With more than two words between, such as in "no message of
this account", it is another failure."""
_LIMIT = re.compile(r"\blimit\b|\[[0-9]+\] Message(?:\(s\))? (?:of Account )?in ", re.IGNORECASE)
_WRONG_SENDER = re.compile(r"\bfrom\b|\bsender\b|\btracking number\b", re.IGNORECASE)
"""Finds in the description of a failure that the sender is not a number of the account."""


def reconstruct(exchanges: Sequence[ObservedExchange], variants: Mapping[str, str]) -> Reconstruction:
    """Return the accounts that give the recorded reads back; see `mockserver.sdk.Reconstruct`."""
    unexplained: list[UnexplainedRead] = []
    said = set[str]()

    def say(index: int, path: str, reason: str, once: str = "") -> None:
        if once not in said:
            unexplained.append(UnexplainedRead(index, path, reason))
        if once:
            said.add(once)

    replies = [reply for exchange in exchanges if (reply := _read(exchange, say)) is not None]
    accounts: list[_Account] = []
    for number, (logins, own) in enumerate(_group(replies, variants), start=1):
        account = _Account(f"recorded-{number}", logins, variants, say)
        account.find_directions(own)
        for reply in own:
            account.observe(reply)
        account.find_causes()
        accounts.append(account)
    documents: list[dict[str, Any]] = []
    taken = set[str]()
    for account in accounts:
        others = taken.union(*(each.own_numbers for each in accounts if each is not account))
        documents.append(account.described(others))
        taken |= {each["number"] for each in documents[-1]["numbers"]}
    scheduled = [row for account in accounts for row in account.scheduled()]
    return Reconstruction(documents, sorted(unexplained, key=attrgetter("index")), scheduled)


_Say: TypeAlias = Callable[..., None]
"""Lists something as unexplained. Takes the exchange's index, the path and the reason; and a name, if only the first of several with
that name is to be listed."""


class _Reply(NamedTuple):
    """An exchange whose response has the provider's form."""

    exchange: ObservedExchange
    root: etree._Element
    result: str
    description: str

    @property
    def moment(self) -> _Moment:
        """When the exchange took place."""
        return _Moment(self.exchange.at, self.exchange.index)

    @property
    def has_failed(self) -> bool:
        """Whether the provider has rejected the request."""
        return self.exchange.status not in (0, 200) or self.result.lower() in (
            "failed",
            "failure",
            "error",
            "invalid account",
        )


class _Moment(NamedTuple):
    """A point in the recording; of exchanges with the same instant, their index tells which is first."""

    at: Instant
    number: int
    """The index of the exchange; -1 for what happens at an instant before all exchanges."""


def _read(exchange: ObservedExchange, say: _Say) -> _Reply | None:
    """Parse a response; ``None`` where there is nothing to learn from it."""
    if exchange.status >= 500:
        say(exchange.index, "status", f"the provider answered {exchange.status}, which no account causes")
    body = _DOCTYPE.sub(b"", exchange.body.strip(), count=1)
    if not body and exchange.call.operation == "sms.send_message":  # it may have been accepted
        body = b"<response/>"
    root = None
    with suppress(etree.XMLSyntaxError):
        root = etree.fromstring(body or b"<none/>", _XML)
    if root is None or root.tag != "response":
        if body and exchange.status < 500:
            say(exchange.index, "", "it is not the XML of a response")
        return None
    reply = _Reply(exchange, root, _text(root, "result"), _text(root, "result_description"))
    if not reply.has_failed and exchange.call.credential is None:
        say(
            exchange.index, "response.result", "it was accepted without the credentials of an account", "no credentials"
        )
    for name in {str(child.tag) for child in root} - {*_MEMBERS["response"]}:
        say(exchange.index, f"response.{name}", f"no response here has an element {name}", name)
    return reply


def _text(element: etree._Element, name: str) -> str:
    return element.findtext(name) or ""


# -- which credentials are one account's -------------------------------------------------------------------------------

_Group: TypeAlias = tuple[dict[Credential, None], set[str]]
"""The credentials of one account, and what shows that they are one account's; see `_marks`."""


def _group(replies: Sequence[_Reply], variants: Mapping[str, str]) -> list[tuple[list[Credential], list[_Reply]]]:
    """Return the credentials of each account, with its exchanges."""
    known: dict[Credential, set[str]] = {}
    for reply in replies:
        credential = reply.exchange.call.credential
        if credential is not None and not (reply.has_failed and _rejects_credentials(reply, variants)):
            known.setdefault(credential, {f"user {credential.user}"}).update(_marks(reply))
    groups: list[_Group] = []
    for credential, marks in known.items():
        same = [group for group in groups if not marks.isdisjoint(group[1])]
        groups = [group for group in groups if group not in same]
        logins = {each: None for group in same for each in group[0]} | {credential: None}
        groups.append((logins, marks.union(*(group[1] for group in same))))
    found = []
    for logins, _ in groups:
        own = [reply for reply in replies if reply.exchange.call.credential in logins]
        found.append((_unique(logins, own), own))
    return found


def _rejects_credentials(reply: _Reply, variants: Mapping[str, str]) -> bool:
    """Return whether a failure says that the credentials are wrong. The provider documents no words for that."""
    ours = errors.InvalidCredentials(name=credential_name(reply.exchange.call)), errors.InvalidAccount()
    return reply.description in {error_text(each, variants) for each in ours} or bool(
        _UNKNOWN_CREDENTIALS.search(reply.description)
    )


def _marks(reply: _Reply) -> Iterator[str]:
    """Yield what shows that an exchange belongs to the same account as another one."""
    if reply.has_failed:
        return
    operation, values = reply.exchange.call.operation, reply.exchange.call.values
    if operation == "general.login":
        yield f"user {reply.result}"
    elif operation in ("sms.send_message", "sms.register_number", "sms.unregister_number"):
        yield f"number {_ten(values.get('from' if operation == 'sms.send_message' else 'number', ''))}"
    elif operation == "sms.get_numbers":
        yield from (f"number {_ten(each.text)}" for each in reply.root.iter("number"))
    elif operation in _READS:
        yield from (f"message {_text(each, 'msg_id')}" for each in reply.root.iter("message") if len(each))


def _ten(number: str | None) -> str:
    """Return a number as it is shown: without a leading 1."""
    digits = (number or "").strip()
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits


def _unique(logins: Iterable[Credential], replies: Sequence[_Reply]) -> list[Credential]:
    """Return one credential for each user, with the secret that was accepted; and the keys that a login has shown."""
    accepted = [reply.exchange.call.credential for reply in replies if not reply.has_failed]
    found = {each.user: each for each in sorted(logins, key=lambda each: each in accepted)}
    for reply in replies:
        if reply.exchange.call.operation == "general.login" and not reply.has_failed and reply.result:
            found.setdefault(reply.result, Credential("dialogtech", reply.result, None))
    return list(found.values())


# -- what an account has -----------------------------------------------------------------------------------------------


class _Number:
    """A number of an account."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.begins: dict[str, Any] = {}
        """What it has at the beginning, as far as it is known: ``sms_enabled``, ``url``, ``tollfree``, ``sms_capable``."""
        self.now: dict[str, Any] = {}
        """What it has at the moment, because a request has changed it."""
        self.registered: Instant | None = None
        """When a request has enabled it first; ``None`` if none has."""

    def expect(self, name: str, value: Any) -> bool:
        """Note what an exchange shows; return whether that agrees with what is known."""
        if name in self.now:
            return bool(self.now[name] == value)
        return bool(self.begins.setdefault(name, value) == value)

    def may_receive(self, at: Instant) -> bool:
        """Return whether messages come in at it at an instant, from the beginning or since a request has enabled it."""
        is_registered = self.registered is not None and self.registered <= at
        return bool(self.begins.setdefault("sms_enabled", not is_registered) or is_registered)

    def described(self) -> dict[str, Any]:
        """Return it as in a world file."""
        begins = {"sms_enabled": self.registered is None, **self.begins}
        known = {name: value for name, value in begins.items() if value != _USUAL[name]}
        return {"number": self.number, **known}


_USUAL = {"sms_enabled": True, "url": None, "tollfree": False, "sms_capable": True}


class _Row:
    """A message as the responses show it."""

    def __init__(self, facts: _Facts, at: Instant, moment: _Moment, path: str) -> None:
        self.facts, self.at, self.first, self.path = facts, at, moment, path
        self.origin: Literal["file", "scheduled", "caused", "nothing"] = "file"
        """What puts it into the world: the file, a scheduled message, a request of the recording; ``nothing`` if it cannot be there."""
        self.appears: Instant | None = None

    @property
    def own(self) -> str:
        """The account's number."""
        return self.facts.recipient if self.facts.direction == "inbound" else self.facts.sender

    def described(self) -> dict[str, Any]:
        """Return it as in a world file."""
        return {**self.facts._asdict(), "at": iso(self.at)}


class _Facts(NamedTuple):
    """The values by which messages are told apart."""

    id: str
    direction: Direction
    sender: str
    recipient: str
    text: str


class _Read:
    """A response that lists messages."""

    def __init__(self, reply: _Reply, since: Instant, until: Instant, number: str | None, message: str | None) -> None:
        self.moment, self.since, self.until = reply.moment, since, until
        self.number, self.message = number, message
        """The filters: our number, or the id of a message."""
        self.rows: set[tuple[str, str]] = set()

    def covers(self, row: _Row) -> bool:
        """Return whether its filters select a message, so that the response has it if it is there."""
        if self.message is not None:
            return self.message == row.facts.id
        return self.since <= row.at <= self.until and self.number in (None, row.own)


_DIRECTIONS: tuple[Direction, Direction] = ("inbound", "outbound")


def _identity(element: etree._Element) -> tuple[str, str, str]:
    """Return the id and both sides of a message."""
    return _text(element, "msg_id"), _text(element, "from"), _text(element, "to")


class _Sent(NamedTuple):
    """A message that a request has sent, or the reply of a magic number to it."""

    moment: _Moment
    direction: Direction
    sender: str
    recipient: str
    text: str


class _Account:
    """An account, and what its exchanges have shown so far."""

    def __init__(self, name: str, logins: Sequence[Credential], variants: Mapping[str, str], say: _Say) -> None:
        self._name, self._logins, self._variants, self._say = name, logins, variants, say
        self._zone = zone_of(variants[quirks.ZONE.name])
        self._numbers: dict[str, _Number] = {}
        self._order: list[str] = []
        """The listed numbers, in the order of the lists."""
        self._has_listed = False
        self._rows: dict[tuple[str, str], _Row] = {}
        self._groups: defaultdict[Instant, list[_Row]] = defaultdict(list)
        """The messages of each date, in their order."""
        self._reads: list[_Read] = []
        self._sent: list[_Sent] = []
        self._deleted: dict[str, _Moment] = {}
        self._directions: dict[tuple[str, str, str], Direction] = {}
        """The direction of messages by id and both sides, as lists show it."""
        self.own_numbers: set[str] = set()
        """Its numbers, as far as any exchange shows them."""

    def find_directions(self, replies: Sequence[_Reply]) -> None:
        """Note the direction of each message that a list shows, and the account's own numbers.

        A message that a response shows outside of a list has its direction from there.
        """
        has_bare = any(reply.root.find("message") is not None for reply in replies)
        for reply in replies:
            for direction in _DIRECTIONS if has_bare else ():
                for parent in reply.root.iter(direction):
                    for each in parent.findall("message"):
                        self._directions.setdefault(_identity(each), direction)
            self.own_numbers |= {mark.removeprefix("number ") for mark in _marks(reply) if mark.startswith("number ")}
        for (_, sender, recipient), direction in self._directions.items():
            self.own_numbers.add(recipient if direction == "inbound" else sender)

    def observe(self, reply: _Reply) -> None:
        """Note what an exchange shows."""
        observe = {
            "sms.send_message": self._observe_send,
            "sms.get_numbers": self._observe_numbers,
            "sms.register_number": self._observe_registered,
            "sms.unregister_number": self._observe_unregistered,
            "sms.get_messages": self._observe_messages,
            "sms.get_message": self._observe_message,
            "sms.delete_message": self._observe_deleted,
        }.get(reply.exchange.call.operation)
        if observe is not None:
            observe(reply)

    def _number(self, number: str) -> _Number:
        if number not in self._numbers:
            self._numbers[number] = _Number(number)
            if self._has_listed:
                self._numbers[number].begins["sms_enabled"] = False
        return self._numbers[number]

    def _values(self, reply: _Reply, rows: Any) -> dict[str, Any] | None:
        """Return the values of a request that was accepted; ``None`` where it is rejected here."""
        try:
            return dict(parse_parameters(rows, reply.exchange.call.values))
        except ProviderError as error:
            reason = f"it was accepted, but here it is rejected: {error}"
            self._say(reply.exchange.index, "response.result", reason)
            return None

    # -- numbers ----------------------------------------------------------------------------------------------------

    def _expect(self, reply: _Reply, path: str, number: str, name: str, value: Any) -> None:
        if not self._number(number).expect(name, value):
            self._say(
                reply.exchange.index, path, f"{name} of {number} was another one before, and no request has changed it"
            )

    def _observe_send(self, reply: _Reply) -> None:
        if reply.has_failed:
            sender = _ten(reply.exchange.call.values.get("from"))
            if not _NUMBER.fullmatch(sender):
                return
            not_own = error_text(errors.NotATrackingNumber(value=sender), self._variants)
            if reply.description == not_own or _WRONG_SENDER.search(reply.description):
                if sender in self.own_numbers:
                    self._expect(reply, "response.result", sender, "sms_enabled", False)
            elif self._is_about_what_follows(reply):
                self._expect(reply, "response.result", sender, "sms_enabled", True)
            else:
                self._number(sender)  # something else was wrong with it
            return
        values = self._values(reply, SEND_MESSAGE)
        if values is None:
            return
        sender, recipient, text = values["from"], values["to"], values["message"]
        self._expect(reply, "response.result", sender, "sms_enabled", True)
        self._sent.append(_Sent(reply.moment, "outbound", sender, recipient, text))
        is_on = self._variants[quirks.MAGIC.name] == "on"
        if is_on and magic.MEANINGS.get(recipient) is magic.REPLIED:  # DT-39
            later = _Moment(reply.exchange.at + magic.PAUSE, -1)
            self._sent.append(_Sent(later, "inbound", recipient, sender, magic.reply_text(text)))

    def _is_about_what_follows(self, reply: _Reply) -> bool:
        """Return whether a send was rejected by a check that comes after that of its sender: the recipient, or a limit (DT-38)."""
        invalid = errors.InvalidRecipient(value=_ten(reply.exchange.call.values.get("to")))
        return reply.description == error_text(invalid, self._variants) or bool(_LIMIT.search(reply.description))

    def _observe_numbers(self, reply: _Reply) -> None:
        if reply.has_failed:
            return
        index, listed = reply.exchange.index, list[str]()
        for position, element in enumerate(reply.root.iter("number")):
            path, number, url = f"response.data.number[{position}]", (element.text or "").strip(), element.get("url")
            for name in {str(each) for each in element.attrib} - {"sms_enabled", "url"}:
                self._say(index, f"{path}.@{name}", f"no number here has an attribute {name}", f"@{name}")
            if not _NUMBER.fullmatch(number):
                self._say(index, path, f"a number of a world file is 10 digits, not {number!r}")
                continue
            if element.get("sms_enabled", "1") != "1":
                self._say(index, f"{path}.@sms_enabled", "only numbers with sms_enabled=1 are listed here")
                continue
            self._expect(reply, path, number, "sms_enabled", True)
            if url and len(url) <= 1024 and re.fullmatch(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#][^\s]*", url):
                self._expect(reply, f"{path}.@url", number, "url", url)
            elif url:
                self._say(
                    index, f"{path}.@url", "a URL of a world file begins with http and has at most 1024 characters"
                )
            else:
                self._expect(reply, f"{path}.@url", number, "url", None)
            listed.append(number)
        for number in self._numbers:
            if number not in listed:
                self._expect(reply, "response.data", number, "sms_enabled", False)
        self._order, self._has_listed = _merged(self._order, listed), True

    def _observe_registered(self, reply: _Reply) -> None:
        sent = _ten(reply.exchange.call.values.get("number"))
        if reply.has_failed:
            for error, name, value in (
                (errors.TollfreeNumber, "tollfree", True),
                (errors.NumberNotCapable, "sms_capable", False),
            ):
                if reply.description == error_text(error(value=sent), self._variants):
                    self._expect(reply, "response.result", sent, "sms_enabled", False)
                    self._expect(reply, "response.result", sent, name, value)
            return
        values = self._values(reply, REGISTER_NUMBER)
        if values is None:
            return
        number = self._number(values["number"])
        number.now["sms_enabled"] = True
        if number.registered is None:
            number.registered = reply.exchange.at
        if "url" in values:
            number.now["url"] = values["url"]
        elif self._variants[quirks.REGISTER_NUMBER_ABSENT.name] == "clear":
            number.now["url"] = None

    def _observe_unregistered(self, reply: _Reply) -> None:
        number = _ten(reply.exchange.call.values.get("number"))
        if reply.has_failed or not _NUMBER.fullmatch(number):
            return
        if self._variants[quirks.UNREGISTER_NUMBER_DISABLED.name] == "failed":
            self._expect(reply, "response.result", number, "sms_enabled", True)
        self._number(number).now |= {"sms_enabled": False, "url": None}

    # -- messages -----------------------------------------------------------------------------------------------------

    def _observe_messages(self, reply: _Reply) -> None:
        values = None if reply.has_failed else self._values(reply, GET_MESSAGES)
        if values is not None:
            since, until = day_begins(values["start_date"], self._zone), day_ends(values["end_date"], self._zone)
            self._observe_rows(reply, _Read(reply, since, until, values.get("number"), None))

    def _observe_message(self, reply: _Reply) -> None:
        if not reply.has_failed:
            self._observe_rows(reply, _Read(reply, 0, 0, None, reply.exchange.call.values.get("msg_id", "")))

    def _observe_rows(self, reply: _Reply, read: _Read) -> None:
        index, base = reply.exchange.index, "response"
        if reply.root.find("data/messages") is not None:
            base = "response.data"
        shown = 0
        for direction in _DIRECTIONS:
            found = [each for parent in reply.root.iter(direction) for each in parent.findall("message")]
            shown += len(found)
            self._add_rows(index, read, f"{base}.messages.{direction}.message", found, direction)
        bare = reply.root.findall("message")
        self._add_rows(index, read, "response.message", bare, None)
        count = re.search(r"\[([0-9]+)\]", reply.description)
        if count is not None and int(count[1]) != shown + len(bare):
            reason = f"it says {count[1]} and shows {shown + len(bare)} messages"
            self._say(index, "response.result_description", reason)
        self._reads.append(read)

    def _add_rows(
        self, index: int, read: _Read, path: str, found: Sequence[etree._Element], direction: Direction | None
    ) -> None:
        by_date: dict[Instant, list[_Row]] = {}
        for position, element in enumerate(found):
            place = f"{path}[{position}]"
            for name in {str(child.tag) for child in element} - {*_MEMBERS["message"]}:
                self._say(index, f"{place}.{name}", f"no message here has an element {name}", f"message {name}")
            try:
                at = self._instant(_text(element, "date"))
                sides = _text(element, "from"), _text(element, "to")
                facts = _Facts(
                    _text(element, "msg_id"), direction or self._direction(element), *sides, _text(element, "message")
                )
                _check(facts)
            except ValueError as reason:
                self._say(index, place, f"it is no message of a world file: {reason}")
                continue
            key = facts.direction, facts.id
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = _Row(facts, at, read.moment, place)
            elif (row.facts, row.at) != (facts, at):
                self._say(index, place, "an earlier read shows the message of this id with another content")
                continue
            read.rows.add(key)
            by_date.setdefault(at, []).append(row)
        for at, rows in by_date.items():
            self._groups[at] = _merged(self._groups[at], rows)

    def _instant(self, date: str) -> Instant:
        """Parse the date of a message, in the zone of the world (DT-12)."""
        if len(date) != len("2017-01-01 09:30:00"):
            raise ValueError(f"date: {date!r} is not written like 2017-01-01 09:30:00")
        return instant_of(datetime.fromisoformat(date).replace(tzinfo=self._zone or UTC))

    def _direction(self, element: etree._Element) -> Direction:
        """Return the direction of a message outside of lists: as a list shows it, or else by the side that is the account's number."""
        identity = _identity(element)
        _, sender, recipient = identity
        is_sent = sender in self.own_numbers and recipient not in self.own_numbers
        return self._directions.get(identity, "outbound" if is_sent else "inbound")

    def _observe_deleted(self, reply: _Reply) -> None:
        if not reply.has_failed and "[0]" not in reply.description:
            self._deleted.setdefault(reply.exchange.call.values.get("msg_id", ""), reply.moment)

    # -- what has caused a message --------------------------------------------------------------------------------------

    def find_causes(self) -> None:
        """Decide what puts each message into the world: the file, a scheduled message, or a request of the recording."""
        rows = [row for at in sorted(self._groups) for row in self._groups[at]]
        for sent in self._sent:
            self._take(rows, sent)
        for row in rows:
            absent = self._absent_at(row) if row.origin == "file" else None
            if absent is None:
                continue
            if row.facts.direction == "inbound" and self._number(row.own).may_receive(row.at):
                row.origin, row.appears = "scheduled", min(max(row.at, absent + 1), row.first.at)
                if abs(row.appears - row.at) > _TOLERANCE:
                    self._say(row.first.number, f"{row.path}.date", "it came in later than its date says")
            else:
                row.origin = "nothing"
                reason = "no request of the recording caused it, and no earlier read shows it"
                self._say(row.first.number, row.path, reason)
        known = {row.facts.id for row in rows}
        for name in self._deleted:
            if name not in known and _ID.fullmatch(name):
                self._add_deleted(name)
        for row in rows:
            self._check_later_reads(row)

    def _take(self, rows: Sequence[_Row], sent: _Sent) -> None:
        """Find the message that a request has caused, and mark it, so that it is not written to the file."""
        taken = min(
            (
                row
                for row in rows
                if row.origin == "file"
                and row.facts[1:] == (sent.direction, sent.sender, sent.recipient, _shown(sent.text))
                and row.first >= sent.moment
                and abs(row.at - sent.moment.at) <= _SOON
            ),
            key=lambda row: abs(row.at - sent.moment.at),
            default=None,
        )
        if taken is not None:
            taken.origin = "caused"

    def _absent_at(self, row: _Row) -> Instant | None:
        """Return the last instant at which a response shows that a message was not there; ``None`` if none does."""
        for read in reversed(self._reads):
            if read.moment.at < row.first.at and read.covers(row):
                return read.moment.at
        return None

    def _add_deleted(self, name: str) -> None:
        """Add a message that was deleted and that no read shows, at a date that no read asks for."""
        own = next(iter(self._numbers), "5550000000")
        at = min((read.since for read in self._reads if read.message is None), default=SECOND) - SECOND
        self._groups[at].append(_Row(_Facts(name, "inbound", own, own, NOT_RECORDED), at, self._deleted[name], ""))

    def _check_later_reads(self, row: _Row) -> None:
        """Say where a message is not shown any more without having been deleted."""
        key = row.facts.direction, row.facts.id
        for read in self._reads:
            is_gone = row.facts.id in self._deleted and self._deleted[row.facts.id] < read.moment
            if read.moment > row.first and key not in read.rows and not is_gone and read.covers(row):
                reason = f"message {row.facts.id} is not there any more, and no request has deleted it"
                self._say(read.moment.number, "response.messages", reason)
                return

    # -- out ----------------------------------------------------------------------------------------------------------

    def described(self, others: Container[str]) -> dict[str, Any]:
        """Return it as in a world file.

        Args:
            others: the numbers of other accounts, which are left out: it may have tried to send from them.
        """
        numbers = (number for number in dict.fromkeys((*self._order, *self._numbers)) if number not in others)
        rows = (row for at in sorted(self._groups) for row in self._groups[at] if row.origin == "file")
        return {
            "provider": "dialogtech",
            "name": self._name,
            "logins": [
                {"user": each.user, **({"secret": each.secret} if each.secret else {})} for each in self._logins
            ],
            "numbers": [self._numbers[number].described() for number in numbers],
            "messages": [row.described() for row in rows],
        }

    def scheduled(self) -> Iterator[dict[str, Any]]:
        """Yield the messages that come in between two reads."""
        rows = [row for row in self._rows.values() if row.origin == "scheduled"]
        for row in sorted(rows, key=attrgetter("at")):
            fields = {name: getattr(row.facts, name) for name in ("sender", "recipient", "text")}
            yield {
                "at": iso(row.appears or row.at),
                "provider": "dialogtech",
                "fields": {**fields, "account": self._name},
            }


def _check(facts: _Facts) -> None:
    """Check that a world file may have a message. Only a wrong one is checked by the schema, which is a hundred times as slow.

    Raises:
        ValueError: it may not; the message says why.
    """
    is_plain = _ID.fullmatch(facts.id) and _NUMBER.fullmatch(facts.sender) and _NUMBER.fullmatch(facts.recipient)
    if is_plain and is_utf8(facts.text):
        if facts.direction == "outbound" and not 1 <= len(facts.text) <= _LONGEST:
            raise ValueError(f"text: an outbound text has 1 to {_LONGEST} characters, not {len(facts.text)}")
        return
    shown = {name: value for name, value in facts._asdict().items() if name != "direction"}
    check_fields(shown, message_schema(_SCHEMA, tuple(shown), tuple(shown)))


def _shown(text: str) -> str:
    """Return a text as responses show it: without characters that XML cannot carry (DT-36)."""
    return _NOT_XML.sub("\ufffd", text)


_Item = TypeVar("_Item")


def _merged(known: list[_Item], found: Sequence[_Item]) -> list[_Item]:
    """Return an ordered list with the items of another one that it does not have, each after the one before it."""
    merged = list(known)
    place = next((merged.index(each) for each in found if each in merged), len(merged))
    for each in found:
        if each in merged:
            place = merged.index(each) + 1
        else:
            merged.insert(place, each)
            place += 1
    return merged
