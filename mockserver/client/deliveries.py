"""The webhook deliveries of a world, with their attempts."""

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
    """One attempt at a delivery."""

    at: datetime
    """The instant of the attempt on the world's clock, in UTC."""
    request: Webhook
    response: ResponseView | None
    """``None`` when there was no response."""
    error: str | None
    """Why there was no response; ``None`` when there was one."""
    result: str
    """The result of the attempt and its reason, as a sentence."""

    @classmethod
    def of(cls, row: Row) -> AttemptRecord:
        """Build it from the control API's JSON."""
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
    """A webhook delivery as it was when fetched. Its methods return a new record."""

    number: int
    """Its number in the world, counted from 1."""
    provider: str
    account: str
    """The name of the account whose URL is called."""
    kind: str
    """``inbound`` or ``report``."""
    serial: int | None
    """The serial of its message; ``None`` when it is about no message."""
    message_id: str | None
    """The provider's id of its message; ``None`` when the message no longer exists, or it is about none."""
    url: str
    """The URL configured in the account; some providers fill in placeholders."""
    requires_ack: bool
    """Whether the receiver must acknowledge with the response that the provider demands."""
    ordering_key: str
    """Deliveries with the same key are made one after the other."""
    created_at: datetime
    status: Status
    due: datetime | None
    """The instant of the next attempt; ``None`` when there will be none."""
    attempts: tuple[AttemptRecord, ...]
    interrupted: tuple[datetime, ...]
    """The instants at which attempts started that were made again: the server's process ended before it knew their outcomes."""
    in_flight: datetime | None
    """The instant at which the attempt started that is in flight; ``None`` when none is."""
    fault: str | None
    """The id of the fault rule that is applied to it; ``None`` when none is."""
    row: Row = field(repr=False, compare=False)
    cursor: int | None = field(repr=False, compare=False)
    """The cursor from which to wait for the next one; ``None`` when it was not waited for."""
    _transport: Transport = field(repr=False, compare=False)
    _path: str = field(repr=False, compare=False)

    @classmethod
    def of(cls, transport: Transport, path: str, row: Row, cursor: int | None = None) -> DeliveryRecord:
        """Build it from the control API's JSON.

        Args:
            transport: the connection to the server.
            path: the path of the world's deliveries.
            row: the delivery as JSON.
            cursor: the cursor from which to wait for the next one.
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
            interrupted=tuple(map(read, row["interrupted"])),
            in_flight=read_if_any(row["in_flight"]),
            fault=row["fault"],
            row=row,
            cursor=cursor,
            _transport=transport,
            _path=path,
        )

    @awaitable
    def show(self) -> DeliveryRecord:
        """Fetch the delivery again."""
        return self._call("GET")

    @awaitable
    def resend(self) -> DeliveryRecord:
        """Make the delivery due now, whatever its status; its earlier attempts are kept.

        Raises:
            ControlError: an attempt is in flight.
        """
        return self._call("POST", "/resend")

    @awaitable
    def hold(self) -> DeliveryRecord:
        """Stop attempts until the delivery is released.

        Raises:
            ControlError: no attempt is due, or one is in flight.
        """
        return self._call("POST", "/hold")

    @awaitable
    def release(self) -> DeliveryRecord:
        """Make the held delivery due now.

        Raises:
            ControlError: the delivery is not held.
        """
        return self._call("POST", "/release")

    def _call(self, method: str, action: str = "") -> DeliveryRecord:
        row = self._transport.call(method, f"{self._path}/{self.number}{action}")
        return DeliveryRecord.of(self._transport, self._path, row)


@dataclass(frozen=True)
class IdleResult:
    """The result of waiting until idle; true when no delivery is due and none in flight."""

    is_quiet: bool
    in_flight: int
    """The number of attempts still in flight."""
    now: datetime
    """The world's instant, in UTC."""
    row: Row = field(repr=False, compare=False)

    def __bool__(self) -> bool:
        """Return whether the world is idle."""
        return self.is_quiet

    @classmethod
    def of(cls, row: Row) -> IdleResult:
        """Build it from the control API's JSON."""
        return cls(row["quiet"], row["in_flight"], read(row["now"]), row)


class DeliveriesMixin(Resource):
    """The methods of a world for its webhook deliveries."""

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
        """Return deliveries with their attempts, in the order of their creation.

        Args:
            provider: only of this provider.
            account: only of this account.
            status: only with this status: ``due``, ``held``, ``acknowledged`` or ``given up``.
            since: only deliveries with a greater number.
            limit: the maximal count; all when ``None``.
        """
        filters = {"provider": provider, "account": account, "status": status}
        found, _ = self._listed("/deliveries", "deliveries", "number", filters, since, limit)
        return list(map(self._delivery, found))

    @awaitable
    def delivery(self, number: int) -> DeliveryRecord:
        """Return one delivery, with its attempts and the methods ``resend``, ``hold`` and ``release``."""
        return self._delivery(self._ask("GET", f"/deliveries/{number}"))

    @awaitable
    def wait_until_idle(self, timeout: Duration = 10.0) -> IdleResult:
        """Wait until no delivery is due and no attempt is in flight.

        Args:
            timeout: time limit on the wall clock; at most 60 s.

        Returns:
            a result that is true when the world became idle in time: ``assert world.wait_until_idle()``.
        """
        limit = moments.seconds(timeout)
        return IdleResult.of(self._ask("POST", "/wait/idle", body={"timeout": limit}, patience=limit))

    def _delivery(self, row: Row, cursor: int | None = None) -> DeliveryRecord:
        return DeliveryRecord.of(self._transport, f"{self._path}/deliveries", row, cursor)
