"""Which fault rule applies to which request or webhook, and how often. What a fault does is not known here.

The law of this file:

1. A rule sees nothing while its window is closed or after it is exhausted. What it sees and its match accepts is
   *matched*, and `When` counts these.
2. Rules are asked in the order in which they were added. The first that fires applies: a *hit*. The others count the
   request or webhook as matched all the same, so "every third" is the same third whatever other rules there are.
3. Chance is drawn last: for a rule of which all else holds, before which no other has fired.
4. Nothing here locks or asks for the time, and `FaultRules.select` changes nothing: what it found is applied by events.
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
"""The next seeded number, at least 0 and less than 1."""

Target: TypeAlias = Literal["response", "webhook"]
"""What goes wrong: the response to a request, or the webhook that is sent to a customer."""

Point: TypeAlias = Literal["before", "after"]
"""Of a response: before the operation takes effect, which it then never does, or after that. Of a webhook: before it is
sent, or after that."""


class Fault:
    """A fault as the rules know it. This one does nothing; `http/fault_effects.py` and `webhook_faults.py` have others."""

    __slots__ = ()

    def apply(self, response: Any, _build_error: Callable[[str], Any], /) -> Any:
        """The response that the client gets in place of the one that was decided.

        Args:
            response: what was decided.
            _build_error: makes the provider error of a name.
        """
        return response

    def resolve(self, _draw: Draw, /) -> Fault:
        """The fault with nothing left to chance."""
        return self

    def next_fault(self, _response: Any, /) -> Fault | None:
        """The fault of the next request that the rule matches, in place of the rule's own and before it takes effect."""
        return None

    def to_json(self) -> Any:
        """The fault as JSON."""
        return {"kind": "none"}


@dataclass(frozen=True)
class ConfiguredFault(Fault):
    """A fault that a user can ask for by name. Its options are its fields, and the keys of its JSON."""

    kind: ClassVar[str]
    """Its name."""
    options: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """The JSON Schema of each field."""
    points: ClassVar[tuple[Point, ...]] = ("after", "before")
    """The points at which it makes sense; the first is the default."""

    def to_json(self) -> dict[str, Any]:
        """The fault as JSON, as it was asked for."""
        given = {option.name: getattr(self, option.name) for option in fields(self)}
        return {"kind": self.kind, **{name: value for name, value in given.items() if value is not None}}


# ------------------------------------------------------------------------------------------------------- what is matched


class RequestFacts(NamedTuple):
    """What a rule may ask of a request."""

    provider: str | None
    """``None`` when no provider was reached."""
    operation: str
    method: str
    """In capitals."""
    path: str
    """Decoded, without the prefix that names the world."""
    values: Mapping[str, object]
    """The parameters, by name."""
    headers: Mapping[str, str]
    """The request's headers, by names in small letters."""


class WebhookFacts(NamedTuple):
    """What a rule may ask of a webhook."""

    provider: str
    account: str
    """The account's name."""
    kind: str
    """In the provider's words: ``inbound`` or ``report``."""
    url: str
    """As the account has it: a template at some providers."""


@dataclass(frozen=True, slots=True)
class Equals:
    """A text that must be the same."""

    text: str

    def accepts(self, text: str) -> bool:
        """Whether it is."""
        return text == self.text

    def to_json(self) -> str:
        """The criterion as JSON."""
        return self.text


LONGEST_PATTERN = 200
"""Characters of a pattern."""
LONGEST_TEXT = 256
"""Characters of a text that a pattern is shown; what follows them is not looked at."""
BROADEST = 18
"""Bits of choice in a pattern: provider for two open repetitions. See `_breadth`."""


@dataclass(frozen=True)
class Matches:
    """A regular expression that must be found in the text.

    It runs while other requests wait, so what could run away is rejected when it is made: see `_breadth`.
    """

    pattern: str

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ValueError: it is none, or is too long, or might take very long to match.
        """
        if len(self.pattern) > LONGEST_PATTERN:
            raise ValueError(f"a pattern has {LONGEST_PATTERN} characters at most, not {len(self.pattern)}")
        try:
            re.compile(self.pattern)
        except re.error as reason:
            raise ValueError(f"{self.pattern!r} is not a regular expression: {reason}") from reason
        if _breadth(self.pattern) > BROADEST:
            raise ValueError(f"{self.pattern!r} might take very long to match: use fewer of * + ? {{,}} and |")

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def accepts(self, text: str) -> bool:
        """Whether it is found."""
        return self._compiled.search(text[:LONGEST_TEXT]) is not None

    def to_json(self) -> dict[str, str]:
        """The criterion as JSON."""
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
"""Base-2 logarithms of the ways that each may go in a text of `LONGEST_TEXT` characters."""


def _breadth(pattern: str) -> int:
    """The bits of choice in a pattern: how often a matcher that backtracks might begin again, as a power of two.

    Raises:
        ValueError: a group with a choice inside is repeated, or is of a kind that is not taken here.
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
    # Of the shell's wildcards the star alone; `translate` writes it so that nothing is tried twice.
    return re.compile(translate(pattern.replace("[", "[[]").replace("?", "[?]")))


@dataclass(frozen=True)
class RequestMatch:
    """Which requests a rule is about; a criterion that is not given accepts all."""

    provider: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    """The whole path; ``*`` stands for any characters."""
    parameters: Mapping[str, Criterion] = field(default_factory=dict)
    """What parameters must be; of a list, one element must be it. One that is not there is never accepted."""
    headers: Mapping[str, Criterion] = field(default_factory=dict)
    """What headers must be, by names in small letters."""

    @cached_property
    def _path(self) -> re.Pattern[str]:
        return _glob(self.path or "")

    def accepts(self, facts: RequestFacts) -> bool:
        """Whether a request is one of them."""
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
    """Which webhooks a rule is about; a criterion that is not given accepts all."""

    provider: str | None = None
    account: str | None = None
    """The account's name."""
    kind: str | None = None
    url: str | None = None
    """The whole URL, as the account has it; ``*`` stands for any characters."""

    @cached_property
    def _url(self) -> re.Pattern[str]:
        return _glob(self.url or "")

    def accepts(self, facts: WebhookFacts) -> bool:
        """Whether a webhook is one of them."""
        return (
            self.provider in (None, facts.provider)
            and self.account in (None, facts.account)
            and self.kind in (None, facts.kind)
            and (self.url is None or self._url.match(facts.url) is not None)
        )


def _accepts(values: Mapping[str, object], name: str, criterion: Criterion) -> bool:
    return name in values and any(map(criterion.accepts, _texts(values[name])))


def _texts(value: object) -> Iterable[str]:
    """A parameter as text: numbers and truths as JSON writes them, a list by its elements."""
    elements = value if isinstance(value, (list, tuple)) else (value,)
    return (each if isinstance(each, str) else json.dumps(each, default=str) for each in elements)


# ------------------------------------------------------------------------------------------------------------------ when


@dataclass(frozen=True, slots=True)
class When:
    """Which of the matched requests or webhooks a rule fires at; all that is given must hold."""

    first: int | None = None
    """The first n."""
    every: int | None = None
    """Every n-th."""
    nth: int | None = None
    """The n-th alone."""
    skip: int | None = None
    """All but the first n."""
    starts_at: Instant | None = None
    """The window opens at this instant."""
    until: Instant | None = None
    """The window is closed from this instant on."""
    probability: float | None = None
    """0 is never, 1 is always."""

    def is_open(self, now: Instant) -> bool:
        """Whether the instant lies in the window."""
        return (self.starts_at is None or self.starts_at <= now) and (self.until is None or now < self.until)

    def is_over(self, matched: int, now: Instant) -> bool:
        """Whether it can never hold again."""
        last = min((count for count in (self.first, self.nth) if count is not None), default=None)
        return (last is not None and matched >= last) or (self.until is not None and now >= self.until)

    def holds(self, matched: int, draw: Draw) -> bool:
        """Whether it holds for the n-th match, ``matched`` being n."""
        return (
            (self.first is None or matched <= self.first)
            and (self.every is None or matched % self.every == 0)
            and (self.nth is None or matched == self.nth)
            and (self.skip is None or matched > self.skip)
            and (self.probability is None or draw() < self.probability)
        )

    def remaining(self, matched: int) -> int | None:
        """How many of the matches behind the n-th, ``matched`` being n, it can still hold for; ``None`` for no limit."""
        if self.nth is not None:
            return int(matched < self.nth)
        if self.first is None:
            return None
        every = self.every or 1
        seen = min(max(matched, self.skip or 0), self.first)
        return self.first // every - seen // every


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Of which requests or webhooks, at which of these, at which point, and what goes wrong."""

    fault: Fault
    match: RequestMatch | WebhookMatch = RequestMatch()
    when: When = When()
    point: Point = "after"
    expires_after: int | None = None
    """Hits after which the rule is exhausted."""
    id: str = ""
    target: Target = "response"


# ----------------------------------------------------------------------------------------------------------------- rules


class SelectedFault(NamedTuple):
    """The fault that applies to a request or webhook, with nothing left to chance."""

    fault: Fault
    point: Point
    rule: str | None
    """The id of the rule; ``None`` when none fired."""


NO_FAULT = SelectedFault(Fault(), "after", None)
"""What applies to most."""


class RuleStatus(NamedTuple):
    """A rule, and what it has counted."""

    rule: FaultRule
    matched: int = 0
    hits: int = 0
    replay: Fault | None = None
    """What a hit has kept for the next match."""

    def is_exhausted(self, now: Instant) -> bool:
        """Whether it will never fire again."""
        when = self.rule.when
        if self.replay is not None:
            return when.until is not None and now >= when.until
        return self._hits_left == 0 or when.is_over(self.matched, now)

    def remaining(self, now: Instant) -> int | None:
        """The largest number of hits that it can still make; ``None`` for no limit."""
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

    def sees(self, target: Target, facts: Any, now: Instant) -> bool:
        """Whether a request or webhook is one to count."""
        rule = self.rule
        return (
            rule.target == target
            and not self.is_exhausted(now)
            and rule.when.is_open(now)
            and rule.match.accepts(facts)
        )

    def fires(self, draw: Draw) -> SelectedFault | None:
        """What applies to the match that comes next; ``None`` when the rule lets it pass."""
        rule = self.rule
        if self.replay is not None:
            return SelectedFault(self.replay, "before", rule.id)
        if not rule.when.holds(self.matched + 1, draw):
            return None
        return SelectedFault(rule.fault.resolve(draw), rule.point, rule.id)


class FaultRules:
    """The fault rules of one world, and what they counted. All but `select` and `next_id` is called by events alone."""

    __slots__ = ("_last", "by_id")

    def __init__(self) -> None:
        self.by_id: dict[str, RuleStatus] = {}
        """The rules in the order in which they are asked, exhausted ones included: empty means that there is nothing to ask."""
        self._last = 0

    def __len__(self) -> int:
        """How many rules there are, exhausted ones included."""
        return len(self.by_id)

    def __iter__(self) -> Iterator[RuleStatus]:
        """The rules, in the order in which they are asked."""
        return iter(self.by_id.values())

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self.by_id

    def next_id(self) -> str:
        """An id that no rule has or had."""
        number = self._last + 1
        while f"f{number}" in self.by_id:
            number += 1
        return f"f{number}"

    def select(
        self, target: Target, facts: RequestFacts | WebhookFacts, now: Instant, draw: Draw
    ) -> tuple[SelectedFault, tuple[str, ...]]:
        """The fault that applies to a request or webhook, and the ids of the rules that it matches.

        Args:
            target: which of the two it is.
            facts: what is known of it.
            now: the world's instant.
            draw: the world's chance.
        """
        selected: SelectedFault | None = None
        matched: list[str] = []
        for status in self.by_id.values():
            if status.sees(target, facts, now):
                matched.append(status.rule.id)
                selected = selected or status.fires(draw)
        return selected or NO_FAULT, tuple(matched)

    def add(self, rule: FaultRule) -> None:
        """Add a rule behind those that are there."""
        if rule.id == self.next_id():
            self._last = int(rule.id[1:])
        self.by_id[rule.id] = RuleStatus(rule)

    def remove(self, rule_id: str) -> None:
        """Remove a rule."""
        del self.by_id[rule_id]

    def count(self, matched: Iterable[str]) -> None:
        """Count a match of some rules."""
        for rule_id in matched:
            status = self.by_id[rule_id]
            self.by_id[rule_id] = status._replace(matched=status.matched + 1)

    def hit(self, rule_id: str) -> None:
        """Count a hit, which uses up what an earlier one has kept."""
        status = self.by_id[rule_id]
        self.by_id[rule_id] = status._replace(hits=status.hits + 1, replay=None)

    def keep(self, rule_id: str, replay: Fault) -> None:
        """Keep the fault of the next request that a rule matches, whatever its `When` says, but not outside its window."""
        self.by_id[rule_id] = self.by_id[rule_id]._replace(replay=replay)

    def fork(self) -> FaultRules:
        """The same rules, counted so far, going on by themselves."""
        twin = FaultRules()
        twin.by_id, twin._last = dict(self.by_id), self._last
        return twin
