"""What is not there yet: one exchange, message or attempt, as soon as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from . import timefmt as moments
from .awaiting import awaitable
from .deliveries import DeliveriesMixin, DeliveryRecord
from .timefmt import Duration
from .values import ExchangeRecord, MessageRecord, Row

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Status


class WaitMixin(DeliveriesMixin):
    """The verbs of a world that wait for what happens in it."""

    @awaitable
    def wait(
        self,
        /,
        for_: Literal["exchange", "message", "delivery"] = "exchange",
        *,
        timeout: Duration = 5.0,
        since: int | None = None,
        **filters: Any,
    ) -> ExchangeRecord | MessageRecord | DeliveryRecord:
        """Wait for the next exchange, message or attempt.

        From now on, unless a cursor says otherwise. What may have come before the waiting begins is not missed with the
        cursor of a moment before it can have::

            cursor = world.cursor
            application.start()
            world.wait("message", since=cursor)

        Args:
            for_: which of the three; ``delivery`` is one at which an attempt was made.
            timeout: how long, in seconds of the wall clock.
            since: a cursor: what came until then does not count, what came since is returned at once. `cursor` is where
                the world stands, 0 counts everything, and what is returned carries the one at which to go on.
            filters: those of `journal` for an exchange, those of `messages` for a message, ``number`` and
                ``status`` for a delivery.

        Raises:
            TimeoutError: nothing of that kind came.
        """
        if for_ == "exchange":
            return self.wait_for_exchange(timeout=timeout, since=since, **filters)
        if for_ == "delivery":
            return self.wait_for_delivery(timeout=timeout, since=since, **filters)
        return self.wait_for_message(timeout=timeout, since=since, **filters)

    @awaitable
    def wait_for_exchange(
        self, /, *, timeout: Duration = 5.0, since: int | None = None, **filters: Any
    ) -> ExchangeRecord:
        """`wait` for an exchange, and with the filters of `journal`."""
        found, cursor = self._awaited("exchange", timeout, since, filters)
        return ExchangeRecord.of(found, cursor)

    @awaitable
    def wait_for_message(
        self, /, *, timeout: Duration = 5.0, since: int | None = None, **filters: Any
    ) -> MessageRecord:
        """`wait` for a message, and with the filters of `messages`."""
        found, cursor = self._awaited("message", timeout, since, filters)
        return MessageRecord.of(found["message"], cursor)

    @awaitable
    def wait_for_delivery(
        self,
        /,
        *,
        timeout: Duration = 5.0,
        since: int | None = None,
        number: int | None = None,
        status: Status | None = None,
    ) -> DeliveryRecord:
        """`wait` until an attempt at a delivery is over.

        Args:
            timeout: as `wait` has it.
            since: likewise.
            number: of the delivery.
            status: what the attempt made of it.

        Returns:
            the delivery as it stands when it is over.
        """
        wanted = {"number": number, "status": status}
        filters = {name: value for name, value in wanted.items() if value is not None}
        found, cursor = self._awaited("delivery", timeout, since, filters)
        return self._delivery(self._ask("GET", f"/deliveries/{found['number']}"), cursor)

    def _awaited(self, kind: str, timeout: Duration, since: int | None, filters: Mapping[str, Any]) -> tuple[Row, int]:
        patience = moments.seconds(timeout)
        query = {"for": kind, "since": since, "timeout": patience, **filters}
        response = self._ask("GET", "/wait", query, patience=patience)
        if response["found"] is None:
            raise TimeoutError(_missed(kind, patience, since, filters))
        return response["found"], response["cursor"]


def _missed(kind: str, patience: float, since: int | None, filters: Mapping[str, Any]) -> str:
    wanted = " and ".join(f"{name} {value!r}" for name, value in filters.items())
    cursor = f" since cursor {since}" if since is not None else "; since=0 counts what came before, too"
    return f"no {kind}{f' with {wanted}' if wanted else ''} came within {patience:g} s{cursor}"
