"""Fault rules: which of them applies to a request or webhook. What each fault does is not defined here.

Rules of this file:

1. A fault rule ignores requests and webhooks while its window is closed and after it is exhausted. The others that its match
   accepts are *matched*, and `When` counts these.
2. Fault rules are tried in the order in which they were added. The first one whose `When` holds applies: a *hit*. The
   following ones still count the match, so "every third" is the same third whatever other rules exist.
3. Chance is drawn last: only for a rule whose other conditions hold, and only if no earlier rule applies.
4. Nothing here locks or reads the time, and `FaultRules.select` changes nothing: its result is applied by events.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import translate
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from .instants import Instant

Draw: TypeAlias = Callable[[], float]
"""Returns the next seeded number, at least 0 and less than 1."""

Target: TypeAlias = Literal["response", "webhook"]
"""What a fault is applied to: the response to a request, or a webhook."""

Point: TypeAlias = Literal["before", "after"]
"""When a fault is applied. To a response: ``before`` the operation takes effect, which it then does not, or ``after`` it. To a
webhook: ``before`` or ``after`` it is sent."""


class Fault:
    """The base class of faults, which does nothing; the others are in `http/fault_effects.py` and `webhook_faults.py`."""

    __slots__ = ()

    def apply(self, response: Any, _build_error: Callable[[str], Any], /) -> Any:
        """Return the response that the client gets in place of the decided one.

        Args:
            response: the decided response.
            _build_error: returns the response of a provider error, by its name.
        """
        return response

    def resolve(self, _draw: Draw, /) -> Fault:
        """Return the fault with its random choices made."""
        return self

    def next_fault(self, _response: Any, /) -> Fault | None:
        """Return the fault that replaces the rule's own for the next request that it matches; ``None`` for none."""
        return None

    def to_json(self) -> Any:
        """Return the fault as JSON."""
        return {"kind": "none"}


@dataclass(frozen=True)
class ConfiguredFault(Fault):
    """A fault that users configure by its kind. Its options are its fields, and the keys of its JSON."""

    kind: ClassVar[str]
    """Its name in JSON."""
    options: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """The JSON Schema of each field."""
    points: ClassVar[tuple[Point, ...]] = ("after", "before")
    """The points at which it can be applied; the first is the default."""

    def to_json(self) -> dict[str, Any]:
        """Return the fault as JSON, as it was configured."""
        given = {option.name: getattr(self, option.name) for option in fields(self)}
        return {"kind": self.kind, **{name: value for name, value in given.items() if value is not None}}


# ------------------------------------------------------------------------------------------------------- matching


class RequestFacts(NamedTuple):
    """The properties of a request that fault rules can match."""

    provider: str | None
    """``None`` when no provider was reached."""
    operation: str
    method: str
    """In upper case."""
    path: str
    """Percent-decoded, without the prefix of the world."""
    values: Mapping[str, object]
    """The parameters, by name."""
    headers: Mapping[str, str]
    """The request's headers, by lower-case names."""


class WebhookFacts(NamedTuple):
    """The properties of a webhook that fault rules can match."""

    provider: str
    account: str
    """The account's name."""
    kind: str
    """In the provider's words: ``inbound`` or ``report``."""
    url: str
    """The account's URL: a template at some providers."""


@dataclass(frozen=True, slots=True)
class Equals:
    """A criterion that a text is equal to another."""

    text: str

    def accepts(self, text: str) -> bool:
        """Return whether a text meets the criterion."""
        return text == self.text

    def to_json(self) -> str:
        """Return the criterion as JSON."""
        return self.text


LONGEST_PATTERN = 200
"""The largest number of characters of a pattern."""
LONGEST_TEXT = 256
"""The number of characters of a text that a pattern is matched with; the rest is ignored."""
SHORTER_TEXT = 128
"""The same for a pattern with more than one unbounded repetition: its time grows with the cube of the characters."""
MAX_BREADTH = 18
"""The largest number of bits of choice in a pattern, enough for two unbounded repetitions. See `_breadth`."""


@dataclass(frozen=True)
class Matches:
    """A criterion that a regular expression is found in a text.

    It is matched while other requests wait, so a pattern that might take very long is rejected at creation: see `_breadth`.
    """

    pattern: str

    def __post_init__(self) -> None:
        """Check the pattern.

        Raises:
            ValueError: it is no regular expression, is too long, or might take very long to match.
        """
        if len(self.pattern) > LONGEST_PATTERN:
            raise ValueError(f"a pattern has {LONGEST_PATTERN} characters at most, not {len(self.pattern)}")
        try:
            re.compile(self.pattern)
        except re.error as reason:
            raise ValueError(f"{self.pattern!r} is not a regular expression: {reason}") from reason
        if _breadth(self.pattern) > MAX_BREADTH:
            raise ValueError(f"{self.pattern!r} might take very long to match: use fewer of * + ? {{,}} and |")

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _breadth(self) -> int:
        return _breadth(self.pattern)

    @property
    def is_slow(self) -> bool:
        """Whether a match may take milliseconds: with more than one unbounded repetition."""
        return self._breadth > _BITS["repeat"]

    def accepts(self, text: str) -> bool:
        """Return whether a text meets the criterion."""
        return self._compiled.search(text[: SHORTER_TEXT if self.is_slow else LONGEST_TEXT]) is not None

    def to_json(self) -> dict[str, str]:
        """Return the criterion as JSON."""
        return {"pattern": self.pattern}


Criterion: TypeAlias = Equals | Matches

_TOKEN = re.compile(
    r"(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<odd>\(\?(?!:))"
    r"|(?P<open>\((?:\?:)?)"
    r"|(?P<close>\))"
    r"|(?P<exact>\{[0-9]+\})"
    r"|(?P<option>\?[?+]?)"
    r"|(?P<repeat>(?:[*+]|\{[0-9]*,[0-9]*\})[?+]?)"
    r"|(?P<choice>\|)",
    re.DOTALL,
)
_BITS = {"option": 1, "choice": 1, "repeat": 8}
"""The base-2 logarithm of the number of ways in which each can match in a text of `LONGEST_TEXT` characters."""


def _breadth(pattern: str) -> int:
    """Return the bits of choice in a pattern: the base-2 logarithm of how often a backtracking matcher might start again.

    Raises:
        ValueError: a group with a choice inside is repeated, or a group is of a kind that is not supported.
    """
    bits, outside, inside, previous_end = 0, list[int](), 0, -1
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup or ""
        if kind == "odd":
            raise ValueError(f"{pattern!r} has a group other than (...) and (?:...)")
        if kind == "open":
            outside.append(bits)
        elif kind in ("repeat", "exact") and inside and token.start() == previous_end:
            raise ValueError(
                f"{pattern!r} repeats a group that has a choice inside, which might take very long to match"
            )
        inside, previous_end = (bits - outside.pop(), token.end()) if kind == "close" else (0, -1)
        bits += _BITS.get(kind, 0)
    return bits


def _glob(pattern: str) -> re.Pattern[str]:
    # Only the star of the shell's wildcards; `translate` writes it so that matching does not backtrack.
    return re.compile(translate(pattern.replace("[", "[[]").replace("?", "[?]")))


@dataclass(frozen=True)
class RequestMatch:
    """The requests that a fault rule matches; a criterion that is not given accepts all."""

    provider: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    """The whole path; ``*`` stands for any characters."""
    parameters: Mapping[str, Criterion] = field(default_factory=dict)
    """The criteria of parameters, by name. A list meets one with any element; a missing parameter meets none."""
    headers: Mapping[str, Criterion] = field(default_factory=dict)
    """The criteria of headers, by lower-case names."""

    @cached_property
    def _path(self) -> re.Pattern[str]:
        return _glob(self.path or "")

    def accepts(self, facts: RequestFacts) -> bool:
        """Return whether it matches a request."""
        return (
            self.provider in (None, facts.provider)
            and self.operation in (None, facts.operation)
            and self.method in (None, facts.method)
            and (self.path is None or self._path.match(facts.path) is not None)
            and all(_accepts(facts.values, name, criterion) for name, criterion in self.parameters.items())
            and all(_accepts(facts.headers, name, criterion) for name, criterion in self.headers.items())
        )


@dataclass(frozen=True)
class WebhookMatch:
    """The webhooks that a fault rule matches; a criterion that is not given accepts all."""

    provider: str | None = None
    account: str | None = None
    """The account's name."""
    kind: str | None = None
    url: str | None = None
    """The account's whole URL; ``*`` stands for any characters."""

    @cached_property
    def _url(self) -> re.Pattern[str]:
        return _glob(self.url or "")

    def accepts(self, facts: WebhookFacts) -> bool:
        """Return whether it matches a webhook."""
        return (
            self.provider in (None, facts.provider)
            and self.account in (None, facts.account)
            and self.kind in (None, facts.kind)
            and (self.url is None or self._url.match(facts.url) is not None)
        )


def _accepts(values: Mapping[str, object], name: str, criterion: Criterion) -> bool:
    return name in values and any(map(criterion.accepts, _texts(values[name])))


def _texts(value: object) -> Iterable[str]:
    """Return a parameter as texts: numbers and booleans as in JSON, a list by its elements."""
    elements = value if isinstance(value, (list, tuple)) else (value,)
    return (each if isinstance(each, str) else json.dumps(each, default=str) for each in elements)


# ------------------------------------------------------------------------------------------------------------------ when


@dataclass(frozen=True, slots=True)
class When:
    """Conditions for which of its matches a fault rule applies to; all that are given must hold."""

    first: int | None = None
    """Apply to the first n matches."""
    every: int | None = None
    """Apply to every n-th match."""
    nth: int | None = None
    """Apply to the n-th match alone."""
    skip: int | None = None
    """Apply to all but the first n matches."""
    starts_at: Instant | None = None
    """The window opens at this instant."""
    until: Instant | None = None
    """The window closes at this instant."""
    probability: float | None = None
    """The probability of applying: 0 is never, 1 is always."""

    def is_open(self, now: Instant) -> bool:
        """Return whether an instant lies in the window."""
        return (self.starts_at is None or self.starts_at <= now) and (self.until is None or now < self.until)

    def is_over(self, matched: int, now: Instant) -> bool:
        """Return whether the conditions can never hold again."""
        last = min((count for count in (self.first, self.nth) if count is not None), default=None)
        return (last is not None and matched >= last) or (self.until is not None and now >= self.until)

    def is_met(self, matched: int, draw: Draw) -> bool:
        """Return whether the conditions hold for a match, ``matched`` being its number from 1."""
        return (
            (self.first is None or matched <= self.first)
            and (self.every is None or matched % self.every == 0)
            and (self.nth is None or matched == self.nth)
            and (self.skip is None or matched > self.skip)
            and (self.probability is None or draw() < self.probability)
        )

    def remaining(self, matched: int) -> int | None:
        """Return for how many further matches after ``matched`` ones the conditions can hold; ``None`` for no limit."""
        if self.nth is not None:
            return int(matched < self.nth)
        if self.first is None:
            return None
        every = self.every or 1
        seen = min(max(matched, self.skip or 0), self.first)
        return self.first // every - seen // every


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A fault, with the requests or webhooks that it is applied to."""

    fault: Fault
    match: RequestMatch | WebhookMatch = RequestMatch()
    when: When = When()
    point: Point = "after"
    expires_after: int | None = None
    """Hits after which the rule is exhausted."""
    id: str = ""
    target: Target = "response"

    @property
    def is_slow(self) -> bool:
        """Whether to match it with a request may take milliseconds."""
        if not isinstance(self.match, RequestMatch):
            return False
        criteria = (*self.match.parameters.values(), *self.match.headers.values())
        return any(isinstance(each, Matches) and each.is_slow for each in criteria)


# ----------------------------------------------------------------------------------------------------------------- rules


class SelectedFault(NamedTuple):
    """The fault that is applied to a request or webhook, with its random choices made."""

    fault: Fault
    point: Point
    rule: str | None
    """The id of the fault rule; ``None`` when no rule applies."""


NO_FAULT = SelectedFault(Fault(), "after", None)
"""The selection when no fault rule applies."""


class RuleStatus(NamedTuple):
    """A fault rule with its counts."""

    rule: FaultRule
    matched: int = 0
    hits: int = 0
    replay: Fault | None = None
    """The fault that a hit has kept for the next match."""

    def is_exhausted(self, now: Instant) -> bool:
        """Return whether the rule can never apply again."""
        when = self.rule.when
        if self.replay is not None:
            return when.until is not None and now >= when.until
        return self._hits_left == 0 or when.is_over(self.matched, now)

    def remaining(self, now: Instant) -> int | None:
        """Return the largest number of hits that are still possible; ``None`` for no limit."""
        if self.is_exhausted(now):
            return 0
        is_due = self.replay is not None
        by_hits, by_count = self._hits_left, self.rule.when.remaining(self.matched + is_due)
        limits = [] if by_hits is None else [max(by_hits, int(is_due))]
        limits += [] if by_count is None else [by_count + is_due]
        return min(limits, default=None)

    @property
    def _hits_left(self) -> int | None:
        expires_after = self.rule.expires_after
        return None if expires_after is None else max(0, expires_after - self.hits)

    def is_match(self, target: Target, facts: Any, now: Instant) -> bool:
        """Return whether a request or webhook counts as a match of the rule."""
        rule = self.rule
        return (
            rule.target == target
            and not self.is_exhausted(now)
            and rule.when.is_open(now)
            and rule.match.accepts(facts)
        )

    def select(self, draw: Draw) -> SelectedFault | None:
        """Return the fault that applies to the next match; ``None`` when the rule does not apply to it."""
        rule = self.rule
        if self.replay is not None:
            return SelectedFault(self.replay, "before", rule.id)
        if not rule.when.is_met(self.matched + 1, draw):
            return None
        return SelectedFault(rule.fault.resolve(draw), rule.point, rule.id)


_GENERATED_ID = re.compile("f[1-9][0-9]{0,17}")


class FaultRules:
    """The fault rules of one world with their counts. Only events call the methods that change them."""

    __slots__ = ("_last", "by_id", "slow")

    def __init__(self) -> None:
        self.by_id: dict[str, RuleStatus] = {}
        """The rules by id, in the order in which they are tried, exhausted ones included."""
        self._last = 0
        self.slow: frozenset[str] = frozenset()
        """The ids of the rules that may take milliseconds to match."""

    def __len__(self) -> int:
        """Return the number of rules, exhausted ones included."""
        return len(self.by_id)

    def __iter__(self) -> Iterator[RuleStatus]:
        """Iterate over the rules in the order in which they are tried."""
        return iter(self.by_id.values())

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self.by_id

    def next_id(self) -> str:
        """Return an id that no rule has or had."""
        number = self._last + 1
        while f"f{number}" in self.by_id:
            number += 1
        return f"f{number}"

    def select(
        self, target: Target, facts: RequestFacts | WebhookFacts, now: Instant, draw: Draw
    ) -> tuple[SelectedFault, tuple[str, ...]]:
        """Return the fault that applies to a request or webhook, and the ids of the rules that it matches.

        Args:
            target: which of the two it is.
            facts: its properties.
            now: the world's instant.
            draw: draws the world's seeded numbers.
        """
        selected: SelectedFault | None = None
        matched: list[str] = []
        for status in self.by_id.values():
            if status.is_match(target, facts, now):
                matched.append(status.rule.id)
                selected = selected or status.select(draw)
        return selected or NO_FAULT, tuple(matched)

    def add(self, rule: FaultRule) -> None:
        """Add a rule after the existing ones."""
        if rule.id == self.next_id():
            self._last = int(rule.id[1:])
        self.by_id[rule.id] = RuleStatus(rule)
        if rule.is_slow:
            self.slow |= {rule.id}

    def remove(self, rule_id: str) -> None:
        """Remove a rule."""
        del self.by_id[rule_id]
        self.slow -= {rule_id}

    def count(self, matched: Iterable[str]) -> None:
        """Count a match of each of some rules."""
        for rule_id in matched:
            status = self.by_id[rule_id]
            self.by_id[rule_id] = status._replace(matched=status.matched + 1)

    def hit(self, rule_id: str) -> None:
        """Count a hit of a rule, which uses up the fault that an earlier hit has kept."""
        status = self.by_id[rule_id]
        self.by_id[rule_id] = status._replace(hits=status.hits + 1, replay=None)

    def keep(self, rule_id: str, replay: Fault) -> None:
        """Keep a fault for the next request that a rule matches inside its window, whatever its other conditions."""
        self.by_id[rule_id] = self.by_id[rule_id]._replace(replay=replay)

    @classmethod
    def of_parts(cls, statuses: Iterable[RuleStatus], last: int) -> FaultRules:
        """Create rules from their statuses and `last`."""
        rules = cls()
        rules.by_id = {status.rule.id: status for status in statuses}
        rules._last, rules.slow = last, frozenset(each.rule.id for each in rules if each.rule.is_slow)
        return rules

    @classmethod
    def of_statuses(cls, statuses: Iterable[RuleStatus]) -> FaultRules:
        """Create rules from their statuses. New ids follow the highest of theirs."""
        statuses = tuple(statuses)
        given = (status.rule.id[1:] for status in statuses if _GENERATED_ID.fullmatch(status.rule.id))
        return cls.of_parts(statuses, max(map(int, given), default=0))

    @property
    def last(self) -> int:
        """The number of the last id that `next_id` gave to a rule."""
        return self._last

    def fork(self) -> FaultRules:
        """Return an independent copy of the rules with their counts."""
        twin = FaultRules()
        twin.by_id, twin._last, twin.slow = dict(self.by_id), self._last, self.slow
        return twin
