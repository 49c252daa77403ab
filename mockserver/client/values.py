"""What the verbs return: facts at the moment of asking. Instants are aware datetimes in UTC.

Each keeps the JSON that it was read from as ``row``, for what is a provider's own.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from mockserver.engine.accounts import Login

from .timefmt import read, read_if_any

if TYPE_CHECKING:
    from mockserver.engine.journal import Effect, ExchangeOutcome

Row: TypeAlias = Mapping[str, Any]
"""JSON as the control API writes it."""

Logins: TypeAlias = Mapping[str, Mapping[str, tuple[Login, ...]]]
"""Credentials, by provider and account."""


@dataclass(frozen=True)
class WorldFacts:
    """A world."""

    id: str
    base_url: str
    """Where it answers clients whose credentials cannot be changed."""
    now: datetime
    is_frozen: bool
    due: datetime | None
    """When the next thing happens by itself; ``None`` when nothing is due."""
    seed: str
    """Of its identifiers and of chance."""
    variants: Mapping[str, str]
    """The switches that differ from their defaults."""
    credentials: Logins
    exchanges: int
    """In its journal."""
    messages: int
    cursor: int
    """How many things have happened in it; `wait` goes on from here."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> WorldFacts:
        """Read it."""
        return cls(
            id=row["id"],
            base_url=row["base_url"],
            now=read(row["now"]),
            is_frozen=row["frozen"],
            due=read_if_any(row["next"]),
            seed=row["seed"],
            variants=row["variants"],
            credentials={
                provider: {name: tuple(map(_login, logins)) for name, logins in accounts.items()}
                for provider, accounts in row["credentials"].items()
            },
            exchanges=row["exchanges"],
            messages=row["messages"],
            cursor=row["cursor"],
            row=row,
        )


def _login(row: Row) -> Login:
    return Login(row["user"], row.get("secret"))


@dataclass(frozen=True)
class EventRecord:
    """One thing that happened in a world."""

    at: datetime
    event: str
    """Such as ``message_stored``."""
    row: Row = field(compare=False)
    """Its facts."""

    @classmethod
    def of(cls, row: Row) -> EventRecord:
        """Read it."""
        return cls(read(row["at"]), row["event"], row)


@dataclass(frozen=True)
class Time:
    """A world's time."""

    now: datetime
    is_frozen: bool
    due: datetime | None
    """When the next thing happens by itself; ``None`` when nothing is due."""
    events: tuple[EventRecord, ...]
    """What happened while the clock was moved, in order, each at its own instant."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> Time:
        """Read it."""
        events = tuple(map(EventRecord.of, row.get("events", ())))
        return cls(read(row["now"]), row["frozen"], read_if_any(row["next"]), events, row)


class AccountRecord(dict[str, Any]):
    """An account as a world file has it, without its messages."""

    @property
    def fields(self) -> Row:
        """The provider's own fields."""
        fields: Row = self.get("fields", {})
        return fields


@dataclass(frozen=True)
class MessageRecord:
    """A message of an account. What only its provider has, a status or a program, is in ``row``."""

    serial: int
    """Its place among all messages of the world."""
    provider: str
    account: str
    id: str
    direction: str
    """``inbound``: to the account; ``outbound``: from it."""
    sender: str
    recipient: str
    at: datetime
    text: str
    is_read: bool
    """Whether the customer has seen it, where the provider keeps account of that."""
    fields: Row = field(repr=False, compare=False)
    """The provider's own fields."""
    row: Row = field(repr=False, compare=False)
    cursor: int | None = field(default=None, repr=False, compare=False)
    """Of one that was waited for: wait for the next after this."""

    @classmethod
    def of(cls, row: Row, cursor: int | None = None) -> MessageRecord:
        """Read it."""
        return cls(
            serial=row["serial"],
            provider=row["provider"],
            account=row["account"],
            id=row["id"],
            direction=row["direction"],
            sender=row["sender"],
            recipient=row["recipient"],
            at=read(row["at"]),
            text=row["text"],
            is_read=row.get("read", False),
            fields=row.get("fields", {}),
            row=row,
            cursor=cursor,
        )


@dataclass(frozen=True)
class Webhook:
    """A request."""

    method: str
    url: str
    """Of one that we made: the whole address. Of one that we were asked: what was asked for, as it was sent."""
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class ResponseView:
    """What was answered to it."""

    status: int
    """Of HTTP."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """Its beginning, as far as it is kept."""

    @classmethod
    def of(cls, row: Row) -> ResponseView:
        """Read it."""
        return cls(row["status"], headers(row), content(row["body"]))


def headers(row: Row) -> tuple[tuple[str, str], ...]:
    """The headers of a request or an answer."""
    return tuple((name, value) for name, value in row["headers"])


def content(row: Row) -> bytes:
    """A body: as text, or as base64 where it is none."""
    return b64decode(row["base64"]) if "base64" in row else row["text"].encode()


@dataclass(frozen=True)
class Decided:
    """What the provider concluded, whatever the client got."""

    error: str | None
    """The name of its provider error; ``None`` for what it accepted."""
    effect: Effect

    @classmethod
    def of(cls, row: Row) -> Decided:
        """Read it."""
        return cls(row["error"], row["effect"])


@dataclass(frozen=True)
class ExchangeRecord:
    """A request and its answer."""

    number: int
    """Its place in the world's journal, from 1."""
    at: datetime
    """The world's instant."""
    provider: str | None
    operation: str | None
    account: str | None
    method: str
    host: str | None
    """The host that was asked, as the request names it; ``None`` where it names none."""
    target: str
    """What was asked for, as it was sent, with secrets that are not ours masked."""
    status: int
    outcome: ExchangeOutcome
    """What came of it for the client: ``accepted``, ``rejected``, ``no_response`` and so on."""
    error: str | None
    """The name of the provider's error that the client got, if it got one."""
    decided: Decided | None
    """What was concluded; ``None`` where no operation was asked for."""
    fault: str | None
    """The id of the fault rule that acted, if one did."""
    ending: str | None
    """What became of the connection, once that is known."""
    row: Row = field(repr=False, compare=False)
    cursor: int | None = field(default=None, repr=False, compare=False)
    """Of one that was waited for: wait for the next after this."""
    request: Webhook | None = field(default=None, repr=False, compare=False)
    """Whole, of one that was asked for by its number: ``world.exchange(3)``."""
    response: ResponseView | None = field(default=None, repr=False, compare=False)
    """Likewise; empty where no answer was sent."""

    @property
    def address(self) -> str:
        """The host and what was asked of it; a target that is sent to a proxy has its own."""
        return f"{self.host or ''}{self.target}" if self.target.startswith("/") else self.target

    @classmethod
    def of(cls, row: Row, cursor: int | None = None) -> ExchangeRecord:
        """Read it, in short or in full."""
        error, decided, fault = row["error"], row["decided"], row["fault"]
        return cls(
            number=row["number"],
            at=read(row["at"]),
            provider=row["provider"],
            operation=row["operation"],
            account=row["account"],
            method=row["method"],
            host=row["host"],
            target=row["target"],
            status=row["status"],
            outcome=row["outcome"],
            error=error["name"] if isinstance(error, Mapping) else error,
            decided=None if decided is None else Decided.of(decided),
            fault=fault["rule"] if isinstance(fault, Mapping) else fault,
            ending=row["ending"],
            row=row,
            cursor=cursor,
            request=_request(row) if "request" in row else None,
            response=ResponseView.of(row["response"]) if "response" in row else None,
        )


def _request(row: Row) -> Webhook:
    sent = row["request"]
    return Webhook(row["method"], row["target"], headers(sent), content(sent["body"]))


class JournalPage(list[ExchangeRecord]):
    """Exchanges, oldest first."""

    def __init__(
        self, exchanges: Iterable[ExchangeRecord], last: int, dropped: int, why_dropped: str | None = None
    ) -> None:
        super().__init__(exchanges)
        self.last = last
        """The number of the world's latest exchange, whether it is among these or not."""
        self.dropped = dropped
        """How many of the world's oldest exchanges are gone."""
        self.why_dropped = why_dropped
        """By which bound, and how it is raised, in a sentence."""

    @classmethod
    def of(cls, row: Row) -> JournalPage:
        """Read it."""
        return cls(map(ExchangeRecord.of, row["exchanges"]), row["last"], row["dropped"], row["why_dropped"])


Credentials: TypeAlias = Mapping[str, Mapping[str, Sequence[Login | tuple[str, str] | Row | str]]]
"""Credentials to give, by provider and account: each a login, a pair, its JSON, or a key that is both in one."""


def written_credentials(credentials: Credentials) -> dict[str, Any]:
    """As the control API takes them."""
    return {
        provider: {name: [_written_login(login) for login in logins] for name, logins in accounts.items()}
        for provider, accounts in credentials.items()
    }


def _written_login(login: Login | tuple[str, str] | Row | str) -> Row:
    if isinstance(login, Mapping):
        return login
    user, secret = (login, None) if isinstance(login, str) else login
    return {"user": user} if secret is None else {"user": user, "secret": secret}
