"""Which fault meets which exchange, and how often. What a fault does is not known here.

The law of this file:

1. A rule sees nothing while its window is closed or after it is spent. What it sees and `Match` accepts is *matched*,
   and `When` counts these.
2. Rules are asked in the order in which they were armed. The first that fires meets the exchange: a *hit*. The others
   count the exchange as matched all the same, so "every third" is the same third whatever else is armed.
3. Chance is drawn last: for a rule of which all else holds, before which no other has fired.
4. Nothing here locks or asks for the time. A plan belongs to one world and is used with that world's lock held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from fnmatch import translate
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from .instants import Instant

Draw: TypeAlias = Callable[[], float]
"""The next seeded number, at least 0 and less than 1."""

Point: TypeAlias = Literal["before", "after"]
"""Whether the fault meets the exchange before its operation takes effect, which it then never does, or after that."""


class Fault:
    """A fault as the plan knows it. This one does nothing; `web/faults.py` has those that do something."""

    __slots__ = ()

    def act(self, answer: Any, _refuse: Callable[[str], Any], /) -> Any:
        """The answer that the client gets in place of the one that was decided.

        Args:
            answer: what was decided.
            _refuse: makes the provider's refusal of a name.
        """
        return answer

    def settled(self, _draw: Draw, /) -> Fault:
        """The fault with nothing left to chance."""
        return self

    def leaves(self, _answer: Any, /) -> Fault | None:
        """What the next exchange that the rule matches meets in place of the rule's fault, before it takes effect."""
        return None

    def described(self) -> Any:
        """The fault as JSON."""
        return {"kind": "none"}


# ------------------------------------------------------------------------------------------------------- which exchanges


class Facts(NamedTuple):
    """What a rule may ask of an exchange."""

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


@dataclass(frozen=True, slots=True)
class Exactly:
    """A text that must be the same."""

    text: str

    def accepts(self, text: str) -> bool:
        """Whether it is."""
        return text == self.text

    def described(self) -> str:
        """The criterion as JSON."""
        return self.text


LONGEST_PATTERN = 200
"""Characters of a pattern."""
LONGEST_TEXT = 256
"""Characters of a text that a pattern is shown; what follows them is not looked at."""
BROADEST = 18
"""Bits of choice in a pattern: room for two open repetitions. See `_breadth`."""


@dataclass(frozen=True)
class Like:
    """A regular expression that must be found in the text.

    It runs while other requests wait, so what could run away is refused when it is made: see `_breadth`.
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

    def described(self) -> dict[str, str]:
        """The criterion as JSON."""
        return {"pattern": self.pattern}


Criterion: TypeAlias = Exactly | Like

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


@dataclass(frozen=True)
class Match:
    """Which exchanges a rule is about; a criterion that is not given accepts all."""

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
        # Of the shell's wildcards the star alone; `translate` writes it so that nothing is tried twice.
        stars_alone = (self.path or "").replace("[", "[[]").replace("?", "[?]")
        return re.compile(translate(stars_alone))

    def accepts(self, facts: Facts) -> bool:
        """Whether an exchange is one of them."""
        return (
            self.provider in (None, facts.provider)
            and self.operation in (None, facts.operation)
            and self.method in (None, facts.method)
            and (self.path is None or self._path.match(facts.path) is not None)
            and all(_accepts(facts.values, name, criterion) for name, criterion in self.parameters.items())
            and all(_accepts(facts.headers, name, criterion) for name, criterion in self.headers.items())
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
    """Which of the matched exchanges a rule fires at; all that is given must hold."""

    first: int | None = None
    """The first n."""
    every: int | None = None
    """Every n-th."""
    nth: int | None = None
    """The n-th alone."""
    after: int | None = None
    """All after the n-th."""
    since: Instant | None = None
    """The window opens at this instant."""
    until: Instant | None = None
    """The window is closed from this instant on."""
    probability: float | None = None
    """0 is never, 1 is always."""

    def is_open(self, now: Instant) -> bool:
        """Whether the instant lies in the window."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)

    def is_over(self, matched: int, now: Instant) -> bool:
        """Whether it can never hold again."""
        last = min((count for count in (self.first, self.nth) if count is not None), default=None)
        return (last is not None and matched >= last) or (self.until is not None and now >= self.until)

    def holds(self, matched: int, draw: Draw) -> bool:
        """Whether it holds for the exchange that is the n-th matched one, ``matched`` being n."""
        return (
            (self.first is None or matched <= self.first)
            and (self.every is None or matched % self.every == 0)
            and (self.nth is None or matched == self.nth)
            and (self.after is None or matched > self.after)
            and (self.probability is None or draw() < self.probability)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """Which exchanges, when, at which point, and what."""

    fault: Fault
    match: Match = Match()
    when: When = When()
    point: Point = "after"
    expires_after: int | None = None
    """Hits after which the rule is spent."""
    id: str = ""
    """Its name; the plan gives one when it is empty."""


# ------------------------------------------------------------------------------------------------------------------ plan


class Chosen(NamedTuple):
    """The fault that meets an exchange, with nothing left to chance."""

    fault: Fault
    point: Point
    rule: str | None
    """The id of the rule; ``None`` when none fired."""


NO_FAULT = Chosen(Fault(), "after", None)
"""Most exchanges meet this one."""


class RuleStatus(NamedTuple):
    """How an armed rule stands."""

    rule: Rule
    matched: int
    hits: int
    is_spent: bool
    """Whether it will never fire again."""


@dataclass(slots=True)
class _Armed:
    rule: Rule
    matched: int = 0
    hits: int = 0
    left: Fault | None = None
    """What a hit has left for the next matched exchange."""

    def is_spent(self, now: Instant) -> bool:
        """Whether it will never fire again."""
        rule = self.rule
        if self.left is not None:
            return rule.when.until is not None and now >= rule.when.until
        is_expired = rule.expires_after is not None and self.hits >= rule.expires_after
        return is_expired or rule.when.is_over(self.matched, now)

    def sees(self, facts: Facts, now: Instant) -> bool:
        """Whether the exchange is one to count; if so, it is counted."""
        is_seen = not self.is_spent(now) and self.rule.when.is_open(now) and self.rule.match.accepts(facts)
        self.matched += is_seen
        return is_seen

    def fires(self, draw: Draw) -> Chosen | None:
        """What the exchange that was counted last meets; ``None`` when the rule lets it pass."""
        rule = self.rule
        left, self.left = self.left, None
        if left is None and not rule.when.holds(self.matched, draw):
            return None
        self.hits += 1
        return (
            Chosen(rule.fault.settled(draw), rule.point, rule.id) if left is None else Chosen(left, "before", rule.id)
        )


class FaultPlan:
    """The rules of one world."""

    __slots__ = ("_armed", "_last")

    def __init__(self) -> None:
        self._armed: dict[str, _Armed] = {}
        self._last = 0

    def __len__(self) -> int:
        """How many rules there are, spent ones included: 0 means that there is nothing to ask."""
        return len(self._armed)

    def arm(self, rule: Rule) -> str:
        """Add a rule behind those that are armed.

        Returns:
            Its id.

        Raises:
            ValueError: there is a rule of that id.
        """
        name = rule.id or self._fresh()
        if name in self._armed:
            raise ValueError(f"there is a fault rule {name!r} already")
        self._armed[name] = _Armed(replace(rule, id=name))
        return name

    def clear(self, rule_id: str) -> bool:
        """Forget a rule; whether it was there."""
        return self._armed.pop(rule_id, None) is not None

    def clear_all(self) -> int:
        """Forget every rule; how many there were."""
        cleared = len(self._armed)
        self._armed.clear()
        return cleared

    def rules(self, now: Instant) -> tuple[RuleStatus, ...]:
        """Every rule as it stands, in the order in which they are asked."""
        return tuple(
            RuleStatus(armed.rule, armed.matched, armed.hits, armed.is_spent(now)) for armed in self._armed.values()
        )

    def choose(self, facts: Facts, now: Instant, draw: Draw) -> Chosen:
        """The fault that meets an exchange, which is counted.

        Args:
            facts: what is asked for.
            now: the world's instant.
            draw: the world's chance.
        """
        chosen: Chosen | None = None
        for armed in self._armed.values():
            if armed.sees(facts, now) and chosen is None:
                chosen = armed.fires(draw)
        return chosen or NO_FAULT

    def leave(self, rule_id: str, fault: Fault) -> None:
        """Let the next exchange that a rule matches meet this fault, whatever its `When` says; but not outside its window."""
        armed = self._armed.get(rule_id)
        if armed is not None:  # else it was cleared meanwhile
            armed.left = fault

    def fork(self) -> FaultPlan:
        """The same rules, counted so far, going on by themselves."""
        twin = FaultPlan()
        twin._armed = {name: copy(armed) for name, armed in self._armed.items()}
        twin._last = self._last
        return twin

    def _fresh(self) -> str:
        """An id that no rule has."""
        while True:
            self._last += 1
            if f"f{self._last}" not in self._armed:
                return f"f{self._last}"
