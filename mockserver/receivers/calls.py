"""Makes the requests of a check, and measures how long each takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from mockserver.engine.deliveries import Attempt, Outcome, OutgoingRequest
from mockserver.event_loop import new_event_loop
from mockserver.fair_threads import FairThreads, Places
from mockserver.unpatched import monotonic_ns
from mockserver.webhooks import WebhookConfig, open_connection, resolve_host
from mockserver.webhooks.http_client import HttpClient
from mockserver.webhooks.url import WebhookUrl, parse_webhook_url

from .slow_connection import SlowConnections

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Delivery
    from mockserver.engine.instants import Instant
    from mockserver.engine.world import World
    from mockserver.sdk.provider import Provider


class NoReceiver(Exception):
    """The server of the receiver's URL cannot be reached; the message is one sentence."""


class TimedOutcome(NamedTuple):
    """The outcome of a request, and how long it took."""

    outcome: Outcome
    seconds: float
    """From before the connection was opened until the response was received, or the request failed."""


class Caller:
    """Makes requests to a receiver, each on a connection of its own."""

    def __init__(self, timeout: float, targets: Sequence[str], user_agent: str, slow: SlowConnections) -> None:
        """Create a caller.

        Args:
            timeout: the seconds that a request may take.
            targets: each ``host:port`` that may be called although its address is not private.
            user_agent: the ``User-Agent`` of the requests.
            slow: opens the slow connections.
        """
        self.timeout = timeout
        """The seconds that a request may take."""
        config = WebhookConfig(timeout, timeout, targets=frozenset(targets), user_agent=user_agent)
        self._threads = FairThreads("mockserver-resolver", Places(8, 8), 1.0)
        self._runner = asyncio.Runner(loop_factory=new_event_loop)
        self._quick = HttpClient(config, resolve_host, open_connection, self._threads)
        self._slow = HttpClient(config, resolve_host, slow.open, self._threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._runner.close()
        self._threads.close()

    def reach(self, url: str) -> None:
        """Connect to the server of a URL.

        Raises:
            NoReceiver: it cannot be reached.
            WebhookError: it is not the URL of a server.
        """
        self._runner.run(self._reach(parse_webhook_url(url)))

    async def _reach(self, url: WebhookUrl) -> None:
        try:
            (address, *_) = await asyncio.wrap_future(
                self._threads.submit("", lambda: resolve_host(url.host, url.port))
            )
            sock = await open_connection(address, url.port, self.timeout)
        except (OSError, UnicodeError, ValueError) as error:
            raise NoReceiver(f"nothing answers at {url.redacted}: {_why(error)}") from error
        sock.close()

    def fetch(self, request: OutgoingRequest) -> TimedOutcome:
        """Make one request."""
        return self.fetch_groups([[request]])[0][0]

    def fetch_groups(
        self, groups: Sequence[Sequence[OutgoingRequest]], *, is_slow: bool = False
    ) -> list[list[TimedOutcome]]:
        """Make the requests of several groups: those of a group one after the other, the groups at the same time."""
        client = self._slow if is_slow else self._quick
        return self._runner.run(_fetch_groups(client, groups))


def _why(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, TimeoutError):
        return "no connection came about"
    return "its name cannot be resolved"


async def _fetch_groups(client: HttpClient, groups: Sequence[Sequence[OutgoingRequest]]) -> list[list[TimedOutcome]]:
    try:
        return await asyncio.gather(*(_fetch_in_order(client, group) for group in groups))
    finally:
        client.close_idle()


async def _fetch_in_order(client: HttpClient, requests: Sequence[OutgoingRequest]) -> list[TimedOutcome]:
    ended = []
    for request in requests:
        begun = monotonic_ns()
        outcome = await client.fetch(request, "")
        ended.append(TimedOutcome(outcome, (monotonic_ns() - begun) / 1e9))
        client.close_idle()
    return ended


class ReceiverCall(NamedTuple):
    """One request to the receiver, and its outcome."""

    delivery: int
    """The number of the delivery of which it is an attempt; 0 for a request that the provider does not make."""
    at: Instant
    """When it was made, by the world's clock."""
    request: OutgoingRequest
    outcome: Outcome
    seconds: float
    """As in `TimedOutcome`."""
    is_assumed: bool = False
    """Whether the request was not made, because an earlier attempt of the delivery timed out; its outcome is a copy of that one's."""


class CallingSender:
    """The sender of a world: keeps the attempts that have started until `run` makes them."""

    def __init__(self, provider: Provider, caller: Caller, *, is_slow: bool = False) -> None:
        self.calls: list[ReceiverCall] = []
        """The attempts that were made, in order."""
        self._build_webhook = provider.build_webhook
        self._caller = caller
        self._is_slow = is_slow
        self._started: list[tuple[World, Delivery, OutgoingRequest, Instant, int]] = []

    def send(self, world: World, delivery: Delivery) -> None:
        """Keep an attempt that has started; called with the world's lock held."""
        assert self._build_webhook is not None
        request = self._build_webhook(delivery, world.state)
        at = world.state.in_flight[delivery.number].at
        self._started.append((world, delivery, request, at, world.state.epoch))

    def run(self) -> None:
        """Make the attempts that have started, and those that start when these end, and report their outcomes to their worlds.

        Attempts at deliveries with one ordering key are made one after the other, the others at the same time.
        """
        while self._started:
            started, self._started = self._started, []
            made = self._make({delivery.number: (delivery, request) for _, delivery, request, *_ in started})
            for world, delivery, request, at, epoch in started:
                ended, is_assumed = made[delivery.number]
                self.calls.append(ReceiverCall(delivery.number, at, request, *ended, is_assumed))
                world.end_attempt(delivery.number, epoch, Attempt(at, request, ended.outcome, ""))

    def _make(self, started: Mapping[int, tuple[Delivery, OutgoingRequest]]) -> Mapping[int, tuple[TimedOutcome, bool]]:
        made: dict[int, tuple[TimedOutcome, bool]] = {}
        groups: dict[str, list[int]] = {}
        for number, (delivery, _) in started.items():
            earlier = next((call for call in self.calls if call.delivery == number and self._is_too_late(call)), None)
            if earlier is None:
                groups.setdefault(delivery.ordering_key, []).append(number)
            else:
                made[number] = TimedOutcome(earlier.outcome, earlier.seconds), True
        requests = [[started[number][1] for number in group] for group in groups.values()]
        ended = self._caller.fetch_groups(requests, is_slow=self._is_slow) if requests else []
        for group, outcomes in zip(groups.values(), ended, strict=True):
            made |= {number: (outcome, False) for number, outcome in zip(group, outcomes, strict=True)}
        return made

    def _is_too_late(self, call: ReceiverCall) -> bool:
        return call.outcome.status is None and call.seconds >= self._caller.timeout

    def note_schedule_change(self, world: World) -> None:
        """Do nothing: the check moves the clock."""

    def forget(self, world: World) -> None:  # noqa: ARG002 - a sender's signature
        """Drop the attempts that were not made."""
        self._started.clear()

    def close(self) -> None:
        """Do nothing: the caller is closed by its owner."""
