"""Gives a case its verdict: whether the provider repeats its calls after the receiver's responses, and whether messages are lost or stored twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mockserver.engine.deliveries import Attempt
from mockserver.engine.events import AttemptEnded
from mockserver.engine.instants import SECOND
from mockserver.engine.state import IdReservation
from mockserver.engine.webhook_faults import LostAcknowledgement

if TYPE_CHECKING:
    from mockserver.engine.deliveries import Delivery
    from mockserver.engine.provider_errors import Source
    from mockserver.engine.state import State
    from mockserver.sdk.provider import Provider
    from mockserver.sdk.webhook_kinds import WebhookKind

    from .calls import ReceiverCall
    from .cases import ReceiverCase

Verdict: TypeAlias = Literal["passed", "warning", "failed"]
VERDICTS: tuple[Verdict, ...] = ("passed", "warning", "failed")
"""From the best to the worst."""


class OpenQuirk(NamedTuple):
    """A quirk one of whose variants changes whether a response is an acknowledgement."""

    number: str
    switch: str
    variant: str
    """That variant."""

    def __str__(self) -> str:
        return f"{self.number}, {self.switch}={self.variant}"


@dataclass(frozen=True, kw_only=True)
class CheckedCase:
    """A case that was run, and its verdict."""

    case: ReceiverCase
    kind: str
    """The name of the kind of webhooks."""
    verdict: Verdict
    sentence: str
    """The reason for the verdict."""
    cost: str
    """What the receiver's responses lead to, in a few words: more calls, and messages that are lost or stored twice."""
    source: Source
    """The sentence of the provider's document on which the verdict rests."""
    calls: tuple[ReceiverCall, ...]
    """The requests that were made, in order."""
    repeats: tuple[int, ...]
    """When the provider repeats the first attempt, in seconds after it; of several deliveries, those of the one with the most repeats."""
    expected: int
    """The number of messages that the receiver should store in this case."""
    stored: int | None
    """The number of messages that it stored in this case; ``None`` if they are not counted."""
    depends_on: tuple[OpenQuirk, ...] = ()
    """The quirks with a variant under which a response would be judged differently."""

    @property
    def is_repeated(self) -> bool:
        """Whether the provider repeats a call."""
        return bool(self.repeats)

    @property
    def seconds(self) -> float:
        """The time that the slowest request of the case took, in seconds, from connecting to the end of its response."""
        return max((call.seconds for call in self.calls), default=0.0)


class _Finding(NamedTuple):
    verdict: Verdict
    sentence: str
    source: Source


class CheckedReceiver(NamedTuple):
    """The provider that calls a receiver, and what it demands of responses."""

    provider: Provider
    requires_ack: bool
    """Whether the account has the provider's verification of responses switched on."""
    timeout: float
    """The seconds after which a request has timed out, as if there were no response."""


class WebhookJudge:
    """Gives a case with webhooks its verdict."""

    def __init__(
        self,
        receiver: CheckedReceiver,
        case: ReceiverCase,
        kind: WebhookKind,
        calls: Sequence[ReceiverCall],
        state: State,
        stored: int | None,
    ) -> None:
        """Create a judge.

        Args:
            receiver: the receiver.
            case: the case.
            kind: the kind of its webhooks.
            calls: the attempts, with the outcomes before a fault changed them.
            state: the state of the case's world, after the last attempt.
            stored: the number of messages that the receiver stored; ``None`` if they are not counted.
        """
        self._receiver = receiver
        self._case = case
        self._kind = kind
        self._calls = tuple(calls)
        self._state = state
        self._stored = stored
        self._deliveries = tuple(state.deliveries.values())
        self._expected = len(case.texts)
        self._title = receiver.provider.title

    def judge(self) -> CheckedCase:
        """Return the case with its verdict: the worst of the findings, the first of equally bad ones."""
        source: Source = getattr(self._kind, self._case.source)
        findings = [
            _Finding("passed", self._praise(), source),
            *self._find_unacknowledged(),
            *self._find_wrong_count(source),
            *self._find_bad_status(),
            *self._find_late(),
            *self._find_open(),
            *self._find_slow(),
        ]
        worst = max(findings, key=lambda finding: VERDICTS.index(finding.verdict))
        return CheckedCase(
            case=self._case,
            kind=self._kind.name,
            verdict=worst.verdict,
            sentence=worst.sentence,
            cost=self._describe_cost(),
            source=worst.source,
            calls=self._calls,
            repeats=self._longest_repeats,
            expected=self._expected,
            stored=self._stored,
            depends_on=tuple(self._open_quirks),
        )

    # -- facts --------------------------------------------------------------------------------------------------------

    @cached_property
    def _given_up(self) -> tuple[Delivery, ...]:
        """The deliveries that were never acknowledged, without those whose acknowledgements were all lost on purpose."""
        return tuple(each for each in self._deliveries if each.status != "acknowledged" and _failures(each))

    @cached_property
    def _longest_repeats(self) -> tuple[int, ...]:
        return max(map(_repeats, self._deliveries), key=len, default=())

    @cached_property
    def _open_quirks(self) -> Mapping[OpenQuirk, bool]:
        """The quirks with a variant that changes whether a response is an acknowledgement, each with whether it is one now."""
        found: dict[OpenQuirk, bool] = {}
        for call in self._calls:
            if call.outcome.status is not None:  # without a response there is no acknowledgement under any variant
                found |= dict.fromkeys(self._find_open_quirks(call), self._is_taken(call, self._state))
        return found

    def _first_open(self, *, is_taken: bool) -> OpenQuirk | None:
        return next((quirk for quirk, taken in self._open_quirks.items() if taken == is_taken), None)

    def _find_open_quirks(self, call: ReceiverCall) -> Iterator[OpenQuirk]:
        is_taken = self._is_taken(call, self._state)
        for quirk in self._receiver.provider.quirks:
            for variant in quirk.variants:
                changed = self._state.fork()
                changed.variants = {**self._state.variants, quirk.name: variant}
                if self._is_taken(call, changed) != is_taken:
                    yield OpenQuirk(quirk.number, quirk.name, variant)
                    break

    def _is_taken(self, call: ReceiverCall, state: State) -> bool:
        """Return whether a response is an acknowledgement to the provider."""
        evaluate = self._receiver.provider.evaluate_attempt
        assert evaluate is not None
        delivery = replace(self._state.deliveries[call.delivery], attempts=(), status="due", fault=None)
        attempt = Attempt(call.at, call.request, call.outcome, "")
        events = evaluate(delivery, attempt, state, call.at, IdReservation(state.seed)).events
        return any(event.status == "acknowledged" for event in events if isinstance(event, AttemptEnded))

    @property
    def _acknowledgement(self) -> Source:
        verification = self._kind.verification if self._receiver.requires_ack else None
        return verification or self._kind.acknowledgement

    # -- findings -----------------------------------------------------------------------------------------------------

    def _praise(self) -> str:
        if len(self._calls) == 1:
            return "It is acknowledged at the first call."
        if self._stored is not None or self._expected > 1:
            return "Each call is acknowledged."
        return "Each call is acknowledged; whether the message is stored twice is not known without a count."

    def _find_unacknowledged(self) -> Iterator[_Finding]:
        for delivery in self._given_up:
            last, repeats = delivery.attempts[-1], _repeats(delivery)
            follows = (
                f"{self._title} calls again {_after(repeats)}, {len(delivery.attempts)} times in all, and then gives up"
                if repeats
                else f"{self._title} gives up, for it does not call again"
            )
            quirk = self._first_open(is_taken=False)
            may_count = "" if quirk is None else f" (an acknowledgement under {quirk})"
            source = self._kind.repeats if last.outcome.status is None else self._acknowledgement
            why = _capital(f"{_describe_redirect(last)}{last.result}{may_count}")
            yield _Finding("failed", f"{why}: {follows}.", source)

    def _find_wrong_count(self, source: Source) -> Iterator[_Finding]:
        if self._stored is None or self._given_up or self._stored == self._expected:
            return
        if self._stored < self._expected:
            lost = self._expected - self._stored
            messages = "the message" if self._expected == 1 else f"{lost} of {self._expected} messages"
            sentence = (
                f"It is acknowledged, and {messages} is not stored: it is lost, for {self._title} does not call again."
            )
            yield _Finding("failed", sentence, self._acknowledgement)
        else:
            yield _Finding(
                "failed", f"Each call is acknowledged, and {_describe_stored(self._stored, self._expected)}.", source
            )

    def _find_bad_status(self) -> Iterator[_Finding]:
        """Yield findings for responses with an error status that are acknowledgements nevertheless."""
        is_stored = self._stored is not None and self._stored >= self._expected
        for call in self._calls:
            status = call.outcome.status
            if (
                status is not None
                and status >= 300
                and not self._receiver.requires_ack
                and self._is_taken(call, self._state)
            ):
                sentence = (
                    f"Status {status} counts as an acknowledgement: {self._title} does not call again,"
                    " and what the receiver has not stored is lost."
                )
                yield _Finding("warning" if is_stored else "failed", sentence, self._acknowledgement)

    def _find_late(self) -> Iterator[_Finding]:
        for delivery in self._deliveries:
            failures = _failures(delivery)
            if delivery.status == "acknowledged" and failures:
                times, repeats = len(delivery.attempts), _repeats(delivery)
                sentence = (
                    f"{_capital(failures[0].result)}: it is acknowledged at call {times}, {_after(repeats[-1:])}."
                )
                yield _Finding("failed", sentence, self._acknowledgement)

    def _find_open(self) -> Iterator[_Finding]:
        quirk = self._first_open(is_taken=True)
        if quirk is not None:
            sentence = f"It is acknowledged, but would not be under {quirk}."
            yield _Finding("warning", sentence, self._acknowledgement)

    def _find_slow(self) -> Iterator[_Finding]:
        if self._case.is_slow:
            return
        slowest = max((call.seconds for call in self._calls if call.outcome.status is not None), default=0.0)
        if slowest > self._receiver.timeout / 2:
            sentence = f"The response took {slowest:.1f} s, and after {self._receiver.timeout:g} s it counts as none."
            yield _Finding("warning", sentence, self._kind.repeats)

    # -- costs --------------------------------------------------------------------------------------------------------

    def _describe_cost(self) -> str:
        parts = []
        calls, needed = sum(len(each.attempts) for each in self._deliveries), len(self._deliveries)
        if calls > needed and not any(map(_failures, self._deliveries)):
            parts.append(f"a second call {_after(self._longest_repeats[:1])}, for the lost response")
        elif calls > needed:
            parts.append(f"{calls} calls in place of {needed}, the last {_after(self._longest_repeats[-1:])}")
        parts += self._describe_loss()
        return "; ".join(parts) or "nothing"

    def _describe_loss(self) -> Iterator[str]:
        stored, subject = self._stored, "report" if self._kind.build_inbound is None else "message"
        if self._given_up and stored is None:
            yield f"a {subject} that is not stored now is in the API alone"
        elif stored == 0:
            yield "lost: only the API has it" if self._given_up else "lost"
        elif stored is not None and (self._given_up or stored != self._expected):
            made = " by the calls that were waited for" if any(call.is_assumed for call in self._calls) else ""
            yield f"{_describe_stored(stored, self._expected)}{made}"


def judge_other_method(
    receiver: CheckedReceiver, case: ReceiverCase, kind: WebhookKind, call: ReceiverCall, stored: int | None
) -> CheckedCase:
    """Judge the response to a request that the provider does not make, after which nothing should be stored and the receiver not fail.

    Args:
        receiver: the receiver.
        case: the case.
        kind: the kind of webhooks whose URL was called.
        call: the request and its outcome.
        stored: the number of messages that the receiver stored; ``None`` if they are not counted.
    """
    status, method = call.outcome.status, case.method
    verdict: Verdict = "passed"
    sentence, cost = f"Nothing is stored for a {method}.", "nothing"
    if stored:
        verdict, sentence = "failed", f"A {method} is stored as a message."
        cost = "a message that nobody wrote" if stored == 1 else f"{stored} messages that nobody wrote"
    elif status is None:
        verdict, sentence = "warning", f"A {method} gets no response: {call.outcome.error}."
    elif status >= 500 and status != 501:
        verdict, sentence = "warning", f"A {method} ends in an error of the receiver, status {status}."
    elif method != "HEAD" and status < 300:
        verdict, sentence = (
            "warning",
            f"A {method} is answered with status {status}, as a call of {receiver.provider.title} is.",
        )
    elif stored is None:
        sentence = f"A {method} is answered with status {status}."
    return CheckedCase(
        case=case,
        kind=kind.name,
        verdict=verdict,
        sentence=sentence,
        cost=cost,
        source=kind.method,
        calls=(call,),
        repeats=(),
        expected=0,
        stored=stored,
    )


# -- words ------------------------------------------------------------------------------------------------------------


def _failures(delivery: Delivery) -> tuple[Attempt, ...]:
    """Return the attempts that failed, without those whose acknowledgement was lost on purpose."""
    attempts = delivery.attempts
    failed = attempts[:-1] if delivery.status == "acknowledged" else attempts
    return tuple(each for index, each in enumerate(failed) if not _is_lost(delivery, index))


def _is_lost(delivery: Delivery, index: int) -> bool:
    fault = delivery.fault
    return isinstance(fault, LostAcknowledgement) and index < fault.attempts


def _repeats(delivery: Delivery) -> tuple[int, ...]:
    """Return when a delivery is attempted again, in seconds after its first attempt."""
    first, *later = (attempt.at for attempt in delivery.attempts)
    return tuple((at - first) // SECOND for at in later)


def _after(seconds: Sequence[int]) -> str:
    """Say when repeats are made, such as ``after 5, 10, 15 and 60 minutes``."""
    unit, size = ("minutes", 60) if all(each % 60 == 0 for each in seconds) else ("seconds", 1)
    *others, last = (f"{each // size}" for each in seconds)
    numbers = f"{', '.join(others)} and {last}" if others else last
    return f"after {numbers} {'minute' if numbers == '1' and size == 60 else unit}"


def _describe_redirect(attempt: Attempt) -> str:
    """Return the beginning of a sentence about a redirect; empty for any other response."""
    status, headers = attempt.outcome.status, attempt.outcome.headers
    location = next((value for name, value in headers if name.lower() == "location"), None)
    if status is None or location is None or not 300 <= status < 400:
        return ""
    return f"status {status} leads to {location}, where no call goes, and "


def _describe_stored(stored: int, expected: int) -> str:
    if stored < expected:
        return f"{stored} of {expected} messages stored"
    if expected == 1:
        return f"stored {_TIMES.get(stored, f'{stored} times')}"
    return f"{stored} messages stored in place of {expected}"


_TIMES: Mapping[int, str] = {1: "once", 2: "twice"}


def _capital(sentence: str) -> str:
    """Return a sentence with a capital, unless it begins with a URL."""
    return sentence if sentence.startswith(("http:", "https:")) else sentence[:1].upper() + sentence[1:]
