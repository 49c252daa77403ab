"""Runs the cases of a check, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from threading import Event
from typing import TYPE_CHECKING

from mockserver.engine.clock import Clock
from mockserver.engine.deliveries import OutgoingRequest
from mockserver.engine.instants import SECOND, Instant
from mockserver.unpatched import monotonic_ns, time_ns
from mockserver.version import __version__
from mockserver.webhooks.errors import WebhookError
from mockserver.webhooks.url import parse_webhook_url

from .calls import Caller, CallingSender, ReceiverCall
from .cases import CASES, ReceiverCase
from .judging import CheckedCase, CheckedReceiver, WebhookJudge, judge_other_method
from .slow_connection import PAUSE, SlowConnections
from .worlds import build_first_webhook, cause_webhooks, create_webhook_world, run_to_the_end

if TYPE_CHECKING:
    from mockserver.engine.world import World
    from mockserver.sdk.provider import Provider
    from mockserver.sdk.webhook_kinds import WebhookKind

    from .counts import Count


_COUNT_PAUSE = 0.1
"""Seconds between two counts."""


def _new_first_id() -> int:
    """Return the number that is added to the identifiers of a run: it fits into 32 bits, and rises from run to run for 115 days."""
    return time_ns() // 10_000_000 % 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class ReceiverCheck:
    """A check of the receiver at a URL."""

    url: str
    """The receiver's URL, as a customer gives it to the provider: with placeholders where the provider has some."""
    provider: Provider
    kind: WebhookKind
    """The kind of the webhooks."""
    attachments_kind: WebhookKind | None = None
    """The kind of the webhook with attachments; ``None`` leaves that case out."""
    requires_ack: bool = False
    """Whether the receiver has to acknowledge as the provider demands."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """The variants of quirks that are not the defaults."""
    timeout: float = 10.0
    """The seconds of real time after which a request has timed out, as if there were no response."""
    count: Count | None = None
    """Counts the messages that the receiver has stored, before the first case and after each; ``None`` if they are not counted."""
    count_wait: float = 0.0
    """The seconds for which counting is repeated while messages are missing, for a receiver that responds before it stores."""
    pause: float = PAUSE
    """The seconds between two pieces of a request on the slow connection."""
    first_id: int = field(default_factory=_new_first_id)
    """The number that is added to the identifiers of messages, so that the receiver has not seen them before."""
    now: Callable[[], Instant] = field(default=lambda: Clock.system().now())
    """Returns the instant at which a case begins."""

    def cases(self) -> Sequence[ReceiverCase]:
        """Return the cases that apply to the provider and the kind of webhooks."""
        return [case for case in CASES if self._applies(case)]

    def _applies(self, case: ReceiverCase) -> bool:
        if case.needs_text and not self.kind.has_text:
            return False
        if case.needs_placeholders and not self._other_placeholders():
            return False
        return not case.needs_attachments or self.attachments_kind is not None

    def run(self, names: Sequence[str] = ()) -> Iterator[CheckedCase]:
        """Run the cases with these names, or all, and yield each when it has ended.

        Raises:
            NoReceiver: nothing answers at the URL.
            CountFailed: the messages could not be counted.
            WebhookError: it is not the URL of a server.
            WorldFileError: the URL or a variant is wrong.
        """
        self._create_world(self.url, self.kind, self.now(), None)  # the URL and the variants are right
        slow = SlowConnections(self.pause, self.timeout / 4)
        with Caller(self.timeout, self.targets(), f"mockserver/{__version__}", slow) as caller:
            caller.reach(self.url.partition("#")[0])
            ask = None if self.count is None else partial(self.count.ask, caller)
            held = 0 if ask is None else ask()
            for index, case in enumerate(self.cases()):
                if names and case.name not in names:
                    continue
                judge, expected = self._run_case(case, self.first_id + 10 * index, caller)
                if ask is None:
                    yield judge(None)
                else:
                    before, held = held, self._ask_until(ask, held + expected)
                    yield judge(held - before)

    def targets(self) -> Sequence[str]:
        """Return the ``host:port`` of the URLs that the user gave, which may be called although their addresses are not private."""
        targets = []
        for url in (self.url.partition("#")[0], getattr(self.count, "url", None)):
            try:
                targets.append(parse_webhook_url(url or "").host_and_port)
            except WebhookError:
                continue
        return targets

    def _ask_until(self, ask: Callable[[], int], wanted: int) -> int:
        """Return the number of messages that are stored; repeat the count for `count_wait` seconds while it is below the wanted number."""
        end = monotonic_ns() + round(self.count_wait * 1e9)
        while (held := ask()) < wanted and monotonic_ns() < end:
            Event().wait(_COUNT_PAUSE)
        return held

    # -- one case -----------------------------------------------------------------------------------------------------

    def _run_case(
        self, case: ReceiverCase, first_id: int, caller: Caller
    ) -> tuple[Callable[[int | None], CheckedCase], int]:
        """Make the requests of a case. Return a function that judges it by the number of stored messages, and the number expected."""
        kind = self.attachments_kind if case.needs_attachments and self.attachments_kind is not None else self.kind
        url = self._with_every_placeholder() if case.needs_placeholders else self.url
        receiver = CheckedReceiver(self.provider, self.requires_ack, self.timeout)
        at = self.now() - case.age * SECOND
        if case.method:
            world = self._create_world(url, kind, at, None)
            request = self._build_request(world, kind, case, first_id)._replace(method=case.method)
            call = ReceiverCall(0, at, request, *caller.fetch(request))
            return lambda stored: judge_other_method(receiver, case, kind, call, stored), 0
        sender = CallingSender(self.provider, caller, is_slow=case.is_slow)
        world = self._create_world(url, kind, at, sender)
        cause_webhooks(world, self.provider, kind, case, first_id)
        run_to_the_end(world, sender)
        return (
            lambda stored: WebhookJudge(receiver, case, kind, sender.calls, world.state, stored).judge(),
            len(case.texts),
        )

    def _create_world(self, url: str, kind: WebhookKind, at: Instant, sender: CallingSender | None) -> World:
        return create_webhook_world(
            self.provider,
            kind,
            url,
            requires_ack=self.requires_ack,
            variants=self.variants,
            at=at,
            sender=sender,
        )

    def _build_request(self, world: World, kind: WebhookKind, case: ReceiverCase, first_id: int) -> OutgoingRequest:
        """Return the request of a case's webhook, which is not sent."""
        cause_webhooks(world, self.provider, kind, case, first_id)
        return build_first_webhook(world, self.provider)

    # -- placeholders -------------------------------------------------------------------------------------------------

    def _other_placeholders(self) -> Sequence[str]:
        """Return the placeholders that the provider replaces in webhooks of this kind and that the URL does not have."""
        return [
            name
            for name in self.provider.placeholders
            if f"#{name}#" not in self.url and name in self.replaced_placeholders
        ]

    @cached_property
    def replaced_placeholders(self) -> frozenset[str]:
        """The placeholders that are replaced in webhooks of this kind."""
        found = set()
        for name in self.provider.placeholders:
            world = self._create_world(f"http://127.0.0.1/?x=#{name}#", self.kind, self.now(), None)
            if f"#{name}#" not in self._build_request(world, self.kind, CASES[0], 0).url:
                found.add(name)
        return frozenset(found)

    def _with_every_placeholder(self) -> str:
        """Return the URL with the other placeholders added to its query, such as ``numer=#NUMER#``."""
        base, mark, fragment = _without_fragment(self.url, self.provider.placeholders)
        added = "&".join(f"{name.lower()}=#{name}#" for name in self._other_placeholders())
        return f"{base}{'&' if '?' in base else '?'}{added}{mark}{fragment}"


def _without_fragment(url: str, placeholders: Sequence[str]) -> tuple[str, str, str]:
    """Split a URL into what is before its fragment, ``#`` and the fragment; the ``#`` of placeholders begin none."""
    place = 0
    while (place := url.find("#", place)) >= 0:
        name = next((each for each in placeholders if url.startswith(f"#{each}#", place)), None)
        if name is None:
            return url[:place], "#", url[place + 1 :]
        place += len(name) + 2
    return url, "", ""
