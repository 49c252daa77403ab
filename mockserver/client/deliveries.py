"""What a world tells its customers: deliveries, and every attempt at one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from . import timefmt as moments
from .awaiting import awaitable
from .resource import Resource
from .timefmt import Duration, read, read_if_any
from .transport import Transport
from .values import ResponseView, Row, Webhook, content, headers

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Status


@dataclass(frozen=True)
class AttemptRecord:
    """One try."""

    at: datetime
    """The world's instant."""
    request: Webhook
    response: ResponseView | None
    """``None`` when no answer came."""
    error: str | None
    """Why none came."""
    result: str
    """Why it was judged as it was."""

    @classmethod
    def of(cls, row: Row) -> AttemptRecord:
        """Read it."""
        sent, got = row["request"], row["response"]
        return cls(
            at=read(row["at"]),
            request=Webhook(sent["method"], sent["url"], headers(sent), content(sent["body"])),
            response=None if got is None else ResponseView.of(got),
            error=row["error"],
            result=row["result"],
        )


@dataclass(frozen=True)
class DeliveryRecord:
    """Something that a customer is to Be notified, as it stood when it was asked for; every verb returns it anew."""

    number: int
    """Its place in the world's deliveries, from 1."""
    provider: str
    account: str
    """Whose customer is notified."""
    kind: str
    """In the provider's words: ``inbound`` or ``report``."""
    serial: int
    """Of the message that it is about."""
    message_id: str | None
    """The provider's name for that message; ``None`` when there is none any more."""
    url: str
    """Where, as the account has it: a template at some providers."""
    requires_ack: bool
    """Whether the receiver must answer as the provider demands."""
    ordering_key: str
    """Deliveries of one queue are made one after the other."""
    created_at: datetime
    status: Status
    due: datetime | None
    """When the next attempt is made; ``None`` when there is none."""
    attempts: tuple[AttemptRecord, ...]
    row: Row = field(repr=False, compare=False)
    cursor: int | None = field(repr=False, compare=False)
    """Of one that was waited for: wait for the next after this."""
    _transport: Transport = field(repr=False, compare=False)
    _path: str = field(repr=False, compare=False)

    @classmethod
    def of(cls, transport: Transport, path: str, row: Row, cursor: int | None = None) -> DeliveryRecord:
        """Read it.

        Args:
            transport: the way to its server.
            path: of its world's deliveries.
            row: the delivery as JSON.
            cursor: where it was found, if it was waited for.
        """
        return cls(
            number=row["number"],
            provider=row["provider"],
            account=row["account"],
            kind=row["kind"],
            serial=row["message"]["serial"],
            message_id=row["message"]["id"],
            url=row["url"],
            requires_ack=row["requires_ack"],
            ordering_key=row["ordering_key"],
            created_at=read(row["created_at"]),
            status=row["status"],
            due=read_if_any(row["due"]),
            attempts=tuple(map(AttemptRecord.of, row["attempts"])),
            row=row,
            cursor=cursor,
            _transport=transport,
            _path=path,
        )

    @awaitable
    def show(self) -> DeliveryRecord:
        """How it stands now."""
        return self._asked("GET")

    @awaitable
    def resend(self) -> DeliveryRecord:
        """Let it be due now, whatever it was; its attempts stay.

        Raises:
            ControlError: an attempt at it is being made.
        """
        return self._asked("POST", "/resend")

    @awaitable
    def hold(self) -> DeliveryRecord:
        """Attempt it no more until it is released.

        Raises:
            ControlError: there is nothing to hold, or an attempt at it is being made.
        """
        return self._asked("POST", "/hold")

    @awaitable
    def release(self) -> DeliveryRecord:
        """Let it be due now, if it was held.

        Raises:
            ControlError: it was not.
        """
        return self._asked("POST", "/release")

    def _asked(self, method: str, awaitable: str = "") -> DeliveryRecord:
        row = self._transport.call(method, f"{self._path}/{self.number}{awaitable}")
        return DeliveryRecord.of(self._transport, self._path, row)


@dataclass(frozen=True)
class IdleResult:
    """Whether it came to quiet: nothing due now, nothing in flight. True or false as that is."""

    is_quiet: bool
    in_flight: int
    """Attempts that are still being made."""
    now: datetime
    """The world's instant."""
    row: Row = field(repr=False, compare=False)

    def __bool__(self) -> bool:
        """Whether it is quiet."""
        return self.is_quiet

    @classmethod
    def of(cls, row: Row) -> IdleResult:
        """Read it."""
        return cls(row["quiet"], row["in_flight"], read(row["now"]), row)


class DeliveriesMixin(Resource):
    """The verbs of a world that are about what customers are notified."""

    @awaitable
    def deliveries(
        self,
        provider: str | None = None,
        account: str | None = None,
        *,
        status: Status | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[DeliveryRecord]:
        """What customers were sent, or will be, in the order in which it came up; with every attempt.

        Args:
            provider: of this one only.
            account: of this one only.
            status: those that are ``due``, ``held``, ``acknowledged`` or ``given up``.
            since: those whose number is greater.
            limit: so many at most.
        """
        filters = {"provider": provider, "account": account, "status": status}
        found, _ = self._listed("/deliveries", "deliveries", "number", filters, since, limit)
        return list(map(self._delivery, found))

    @awaitable
    def delivery(self, number: int) -> DeliveryRecord:
        """One delivery, with every attempt; it has the verbs ``resend``, ``hold`` and ``release``."""
        return self._delivery(self._ask("GET", f"/deliveries/{number}"))

    @awaitable
    def wait_until_idle(self, timeout: Duration = 10.0) -> IdleResult:
        """Wait until nothing is due now and no attempt is being made.

        Args:
            timeout: how long, in seconds of the wall clock; 60 at most.

        Returns:
            what is true when it came to that in time: ``assert world.wait_until_idle()``.
        """
        patience = moments.seconds(timeout)
        return IdleResult.of(self._ask("POST", "/wait/idle", body={"timeout": patience}, patience=patience))

    def _delivery(self, row: Row, cursor: int | None = None) -> DeliveryRecord:
        return DeliveryRecord.of(self._transport, f"{self._path}/deliveries", row, cursor)
