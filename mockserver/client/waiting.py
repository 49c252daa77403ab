"""Waiting for the next exchange, message or webhook attempt of a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from . import timefmt as moments
from .awaiting import awaitable
from .deliveries import DeliveriesMixin, DeliveryRecord
from .timefmt import Duration
from .values import EventPage, ExchangeRecord, MessageRecord, Row

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Status


class WaitMixin(DeliveriesMixin):
    """The methods of a world that wait for an exchange, a message or a delivery."""

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

        Without a cursor, only what comes from now on counts. To miss nothing, take the cursor before the application
        starts::

            cursor = world.cursor
            application.start()
            world.wait("message", since=cursor)

        Args:
            for_: what to wait for; ``delivery`` waits for the end of an attempt.
            timeout: time limit on the wall clock.
            since: a cursor; the first match after it is returned, at once if it has already come. `cursor` is the
                present one, 0 includes everything, and the result carries the cursor for the next call.
            filters: the filters of `journal` for an exchange, those of `messages` for a message, ``number`` and
                ``status`` for a delivery.

        Raises:
            TimeoutError: no match came in time.
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
        """Wait for an exchange, with the filters of `journal`; see `wait`."""
        found, cursor = self._awaited("exchange", timeout, since, filters)
        return ExchangeRecord.of(found, cursor)

    @awaitable
    def wait_for_message(
        self, /, *, timeout: Duration = 5.0, since: int | None = None, **filters: Any
    ) -> MessageRecord:
        """Wait for a message that is stored, changed or deleted; see `wait`.

        Args:
            timeout: time limit on the wall clock.
            since: a cursor, as for `wait`.
            filters: those of `messages`, ``serial``, ``status`` and ``event``: ``stored``, ``changed`` or ``deleted``.
                Without ``event``, a stored message is awaited; with ``status``, also one that changes to that status.

        Returns:
            the message; a deleted one as it was.
        """
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
        """Wait until an attempt at a delivery ends; see `wait`.

        Args:
            timeout: time limit on the wall clock.
            since: a cursor, as for `wait`.
            number: the delivery's number.
            status: the delivery's status after the attempt.

        Returns:
            the delivery, fetched after the attempt.
        """
        wanted = {"number": number, "status": status}
        filters = {name: value for name, value in wanted.items() if value is not None}
        found, cursor = self._awaited("delivery", timeout, since, filters)
        return self._delivery(self._ask("GET", f"/deliveries/{found['number']}"), cursor)

    @awaitable
    def events(self, *, since: int = 0) -> EventPage:
        """Return the events after a cursor that the server still keeps, in order.

        Args:
            since: a cursor; 0 includes everything.
        """
        return EventPage.of(self._ask("GET", "/events/list", {"since": since}))

    def _awaited(self, kind: str, timeout: Duration, since: int | None, filters: Mapping[str, Any]) -> tuple[Row, int]:
        patience = moments.seconds(timeout)
        query = {"for": kind, "since": since, "timeout": patience, **filters}
        response = self._ask("GET", "/wait", query, patience=patience)
        if response["found"] is None:
            raise TimeoutError(_missed(kind, patience, since, filters))
        return response["found"], response["cursor"]


def _missed(kind: str, patience: float, since: int | None, filters: Mapping[str, Any]) -> str:
    wanted = " and ".join(f"{name} {value!r}" for name, value in filters.items())
    cursor = f" since cursor {since}" if since is not None else "; since=0 includes earlier ones"
    return f"no {kind}{f' with {wanted}' if wanted else ''} came within {patience:g} s{cursor}"
