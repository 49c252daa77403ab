"""The values that the client returns, as of the time of the request. Instants are aware datetimes in UTC.

Each keeps its JSON as ``row``, which also holds provider-specific values.
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
    """The facts about a world: clock, variants, credentials and counts."""

    id: str
    number: int
    """Its number among the server's worlds, in the order of creation."""
    base_url: str
    """The URL for clients whose credentials cannot be changed."""
    now: datetime
    is_frozen: bool
    due: datetime | None
    """The instant of the next scheduled event; ``None`` when there is none."""
    seed: str
    """The seed of identifiers and probabilities."""
    variants: Mapping[str, str]
    """The variants of quirks that differ from the defaults, by switch."""
    credentials: Logins
    exchanges: int
    """The number of exchanges in its journal."""
    messages: int
    cursor: int
    """The cursor of its latest event; `WorldClient.wait` takes it as ``since``."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> WorldFacts:
        """Build it from the control API's JSON."""
        return cls(
            id=row["id"],
            number=row["number"],
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
    """An event in a world."""

    at: datetime
    event: str
    """The kind of the event, such as ``message_stored``."""
    row: Row = field(compare=False)
    """The event as JSON."""

    @classmethod
    def of(cls, row: Row) -> EventRecord:
        """Build it from the control API's JSON."""
        return cls(read(row["at"]), row["event"], row)


class EventPage(list[EventRecord]):
    """Events of a world, in order."""

    def __init__(self, events: Iterable[EventRecord], cursor: int, missed: int) -> None:
        super().__init__(events)
        self.cursor = cursor
        """The cursor after the last one, for the next call."""
        self.missed = missed
        """How many events since the given cursor the server no longer keeps."""

    @property
    def rows(self) -> list[Row]:
        """The events as JSON."""
        return [event.row for event in self]

    @classmethod
    def of(cls, row: Row) -> EventPage:
        """Build it from the control API's JSON."""
        return cls(map(EventRecord.of, row["events"]), row["next"], row["missed"])


@dataclass(frozen=True)
class Time:
    """The state of a world's clock."""

    now: datetime
    is_frozen: bool
    due: datetime | None
    """The instant of the next scheduled event; ``None`` when there is none."""
    events: tuple[EventRecord, ...]
    """The events while the clock was moved, in order, each at its own instant."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> Time:
        """Build it from the control API's JSON."""
        events = tuple(map(EventRecord.of, row.get("events", ())))
        return cls(read(row["now"]), row["frozen"], read_if_any(row["next"]), events, row)


class AccountRecord(dict[str, Any]):
    """An account as in a world file, without its messages."""

    @property
    def fields(self) -> Row:
        """The provider-specific fields."""
        fields: Row = self.get("fields", {})
        return fields


@dataclass(frozen=True)
class MessageRecord:
    """A message of an account. Provider-specific values, such as a status, are in ``row``."""

    serial: int
    """Its number among all messages of the world."""
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
    """Whether the customer has read it; ``False`` when the provider does not record that."""
    fields: Row = field(repr=False, compare=False)
    """The provider-specific fields."""
    row: Row = field(repr=False, compare=False)
    cursor: int | None = field(default=None, repr=False, compare=False)
    """The cursor from which to wait for the next one; ``None`` when it was not waited for."""

    @classmethod
    def of(cls, row: Row, cursor: int | None = None) -> MessageRecord:
        """Build it from the control API's JSON."""
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
    """An HTTP request, of a client or of a webhook."""

    method: str
    url: str
    """The whole URL of a webhook; the request target of a client's request, as it was sent."""
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class ResponseView:
    """An HTTP response, to a client or of a webhook's receiver."""

    status: int
    """The HTTP status."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """The body; a long one is cut."""

    @classmethod
    def of(cls, row: Row) -> ResponseView:
        """Build it from the control API's JSON."""
        return cls(row["status"], headers(row), content(row["body"]))


def headers(row: Row) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request or response."""
    return tuple((name, value) for name, value in row["headers"])


def content(row: Row) -> bytes:
    """Return a body, which JSON holds as text or, when it is not text, as base64."""
    return b64decode(row["base64"]) if "base64" in row else row["text"].encode()


@dataclass(frozen=True)
class Decided:
    """The decision of the provider, which a fault may keep from the client."""

    error: str | None
    """The name of the provider error; ``None`` for an accepted request."""
    effect: Effect

    @classmethod
    def of(cls, row: Row) -> Decided:
        """Build it from the control API's JSON."""
        return cls(row["error"], row["effect"])


@dataclass(frozen=True)
class ExchangeRecord:
    """A request and its response."""

    number: int
    """Its number in the world's journal, counted from 1."""
    at: datetime
    """The instant of the request on the world's clock."""
    provider: str | None
    operation: str | None
    account: str | None
    method: str
    host: str | None
    """The host that the request names; ``None`` when it names none."""
    target: str
    """The request target as it was sent, with foreign secrets masked."""
    status: int
    outcome: ExchangeOutcome
    """The outcome for the client: ``accepted``, ``rejected``, ``no_response`` and so on."""
    error: str | None
    """The name of the provider error that the client got; ``None`` when it got none."""
    decided: Decided | None
    """The provider's decision; ``None`` when the request named no operation."""
    fault: str | None
    """The id of the fault rule that hit; ``None`` when none did."""
    ending: str | None
    """How the connection ended; ``None`` while that is not known."""
    request_id: str | None
    """The ``X-Request-Id`` that the client sent; ``None`` without one."""
    traceparent: str | None
    """The ``traceparent`` that the client sent, as W3C Trace Context says; ``None`` without one."""
    trace_id: str | None
    """The trace id in ``traceparent``; ``None`` where there is none."""
    world_header: str | None
    """The world id in the ``X-Mockserver-World`` that the client sent; ``None`` without one."""
    duration: float | None
    """Seconds from when the request was received until its response was written, on the machine's clock; ``None`` while that is not known."""
    row: Row = field(repr=False, compare=False)
    cursor: int | None = field(default=None, repr=False, compare=False)
    """The cursor from which to wait for the next one; ``None`` when it was not waited for."""
    request: Webhook | None = field(default=None, repr=False, compare=False)
    """The full request; ``None`` unless fetched by number: ``world.exchange(3)``."""
    response: ResponseView | None = field(default=None, repr=False, compare=False)
    """The full response, empty when none was sent; ``None`` unless fetched by number."""

    @property
    def address(self) -> str:
        """The host and the request target; the target of a request to a proxy already includes the host."""
        return f"{self.host or ''}{self.target}" if self.target.startswith("/") else self.target

    @classmethod
    def of(cls, row: Row, cursor: int | None = None) -> ExchangeRecord:
        """Build it from the control API's JSON of a list or of one exchange."""
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
            request_id=row["request_id"],
            traceparent=row["traceparent"],
            trace_id=row["trace_id"],
            world_header=row["world_header"],
            duration=row["duration"],
            row=row,
            cursor=cursor,
            request=_request(row) if "request" in row else None,
            response=ResponseView.of(row["response"]) if "response" in row else None,
        )


def _request(row: Row) -> Webhook:
    sent = row["request"]
    return Webhook(row["method"], row["target"], headers(sent), content(sent["body"]))


class JournalPage(list[ExchangeRecord]):
    """Exchanges in the order of their numbers: the last one is the newest."""

    def __init__(
        self, exchanges: Iterable[ExchangeRecord], last: int, dropped: int, why_dropped: str | None = None
    ) -> None:
        super().__init__(exchanges)
        self.last = last
        """The number of the world's latest exchange, whether it is in this page or not."""
        self.dropped = dropped
        """How many of the world's oldest exchanges are no longer in the journal."""
        self.why_dropped = why_dropped
        """The limit that dropped them and how to raise it, as a sentence; ``None`` when none was dropped."""

    @classmethod
    def of(cls, row: Row) -> JournalPage:
        """Build it from the control API's JSON."""
        return cls(map(ExchangeRecord.of, row["exchanges"]), row["last"], row["dropped"], row["why_dropped"])


Credentials: TypeAlias = Mapping[str, Mapping[str, Sequence[Login | tuple[str, str] | Row | str]]]
"""Credentials by provider and account: each a login, a pair of user and secret, JSON, or a user without secret."""


def written_credentials(credentials: Credentials) -> dict[str, Any]:
    """Convert credentials to the control API's JSON."""
    return {
        provider: {name: [_written_login(login) for login in logins] for name, logins in accounts.items()}
        for provider, accounts in credentials.items()
    }


def _written_login(login: Login | tuple[str, str] | Row | str) -> Row:
    if isinstance(login, Mapping):
        return login
    user, secret = (login, None) if isinstance(login, str) else login
    return {"user": user} if secret is None else {"user": user, "secret": secret}
