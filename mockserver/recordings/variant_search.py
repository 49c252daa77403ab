"""Finds the variants of switches under which a recording is replayed with the fewest differences, and which of them are decided.

It knows no provider: a replay is a function of variants, and a result says which exchanges differ, by how much, and which switches each
exchange has looked at. A switch that no exchange looks at cannot change a response, so it is not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import combinations
from typing import NamedTuple, TypeAlias

from msgspec import Struct

Change: TypeAlias = tuple[str, str]
"""The name of a switch and another variant of it."""


class Weight(NamedTuple):
    """How much one exchange, or all together, differ; the first number counts before the second."""

    grade: int = 0
    """The greatest grade of its differences; added up for several exchanges."""
    places: int = 0
    """The number of places that differ."""


NOTHING = Weight()
_MANY = 8
"""The variants of a switch above which not each is tried together with others."""


class SearchedReplay:
    """The result of one replay."""

    def __init__(self, differences: Mapping[int, Mapping[str, int]], switches: Mapping[int, frozenset[str]]) -> None:
        """Create one.

        Args:
            differences: the grade of each difference by its place in the response, for each exchange that differs, by its index: 1 where
                a value differs, 2 where a member is missing or new, 3 where the status differs.
            switches: the names of the switches that each exchange looked at, by its index.
        """
        self.differences, self.switches = differences, switches

    @cached_property
    def weights(self) -> Mapping[int, Weight]:
        """How much each exchange differs that does, by its index."""
        return {index: Weight(max(each.values()), len(each)) for index, each in self.differences.items() if each}

    @cached_property
    def total(self) -> Weight:
        """The sum over all exchanges."""
        weights = self.weights.values()
        return Weight(sum(each.grade for each in weights), sum(each.places for each in weights))

    @cached_property
    def looked_at(self) -> frozenset[str]:
        """The names of all switches that an exchange looked at."""
        return frozenset().union(*self.switches.values())

    def looks_at(self, index: int, name: str) -> bool:
        """Return whether an exchange looked at a switch."""
        return name in self.switches.get(index, ())

    def looks_at_by(self, index: int, name: str) -> bool:
        """Return whether an exchange, or one before it, looked at a switch: what that one has stored, this one may show."""
        return index >= self._first_looks.get(name, index + 1)

    @cached_property
    def _first_looks(self) -> Mapping[str, int]:
        first: dict[str, int] = {}
        for index in sorted(self.switches):
            for name in self.switches[index]:
                first.setdefault(name, index)
        return first

    def worse_than(self, other: SearchedReplay) -> frozenset[int]:
        """Return the indexes of the exchanges that differ more than in another result."""
        return frozenset(index for index, weight in self.weights.items() if weight > other.weights.get(index, NOTHING))


class Tried(Struct, frozen=True):
    """A variant of a switch, tried in place of the found one."""

    refuted_by: tuple[int, ...] = ()
    """The indexes of the exchanges that refute it: they differ more with it; empty for one that explains the recording as well."""
    place: str = ""
    """A place at which the first of these differs."""
    explains: tuple[tuple[int, str], ...] = ()
    """The exchanges that differ in fewer places with it and in no other one, although others refute it, by their indexes, and the places."""
    together_with: Change | None = None
    """The variant of another switch with which alone it explains the recording as well."""


class Found(Struct, frozen=True):
    """What a search has found."""

    variants: Mapping[str, str]
    """The variants with the fewest differences: every switch is in it."""
    tried: Mapping[str, Mapping[str, Tried]]
    """The other variants of each switch that an exchange looked at, by the names of switch and variant."""
    is_complete: bool = True
    """Whether everything was tried; ``False`` where `Search` reached its greatest number of replays."""

    def open_variants(self, name: str) -> tuple[str, ...]:
        """Return the variants of a switch that all explain the recording; one where it is decided."""
        others = [variant for variant, tried in self.tried[name].items() if not tried.refuted_by]
        return (self.variants[name], *others)


class _OutOfReplays(Exception):
    pass


class Search:
    """A search among the variants of switches."""

    def __init__(
        self,
        replay: Callable[[Mapping[str, str]], SearchedReplay],
        variants: Mapping[str, Iterable[str]],
        *,
        most: int = 5_000,
        on_replay: Callable[[int], object] | None = None,
    ) -> None:
        """Create one.

        Args:
            replay: replays the recording in a world with variants, which name every switch.
            variants: the variants of each switch by its name.
            most: the greatest number of replays.
            on_replay: called with the number of replays after each.
        """
        self._replay, self._most, self._on_replay = replay, most, on_replay
        self.variants = {name: tuple(each) for name, each in variants.items()}
        self._results: dict[tuple[str, ...], SearchedReplay] = {}
        self._met: set[str] = set()

    @property
    def replays(self) -> int:
        """The number of replays so far."""
        return len(self._results)

    def result(self, variants: Mapping[str, str]) -> SearchedReplay:
        """Return the result with variants, each asked for once."""
        key = tuple(variants[name] for name in self.variants)
        found = self._results.get(key)
        if found is None:
            if self.replays >= self._most:
                raise _OutOfReplays
            found = self._results[key] = self._replay(variants)
            self._met |= found.looked_at & self.variants.keys()
            if self._on_replay is not None:
                self._on_replay(self.replays)
        return found

    def run(self, start: Mapping[str, str]) -> Found:
        """Search from variants on, until no change of one switch or of two explains more."""
        best, is_complete = dict(start), True
        tried: dict[str, dict[str, Tried]] = {}
        try:
            self.result(best)
            while True:
                best = self._improve(best)
                tried = {}
                better = self._check(best, tried)
                if better is None:
                    break
                best = better
        except _OutOfReplays:
            is_complete = False
        # A switch that was met, but not tried, stays open.
        for name in sorted(self._met):
            row = tried.setdefault(name, {})
            for variant in self.variants[name]:
                if variant != best[name]:
                    row.setdefault(variant, Tried())
        return Found(best, tried, is_complete)

    def _improve(self, best: dict[str, str]) -> dict[str, str]:
        """Change switches as long as the recording is explained better."""
        while self.result(best).weights:
            better = self._change_one(best) or self._change_two(best)
            if better is None:
                break
            best = better
        return best

    def _changes(self, best: Mapping[str, str], names: Iterable[str]) -> list[Change]:
        return [(name, variant) for name in sorted(names) for variant in self.variants[name] if variant != best[name]]

    def _change_one(self, best: Mapping[str, str]) -> dict[str, str] | None:
        """Return better variants with each switch that alone brings an improvement, or the best of these alone; ``None`` without one."""
        result = self.result(best)
        gains: dict[str, tuple[Weight, str]] = {}
        near = {name for index in result.weights for name in result.switches.get(index, ())}
        # The switches that differing exchanges have looked at come first; others may matter through what was stored before.
        for names in (self._met & near, self._met - near):
            for name, variant in self._changes(best, names):
                total = self._changed(best, (name, variant)).total
                if total < result.total and (name not in gains or total < gains[name][0]):
                    gains[name] = total, variant
            if gains:
                break
        if not gains:
            return None
        together = {**best, **{name: variant for name, (_, variant) in gains.items()}}
        name = min(gains, key=lambda name: (gains[name][0], name))
        total, variant = gains[name]
        return together if self.result(together).total < total else {**best, name: variant}

    def _change_two(self, best: Mapping[str, str]) -> dict[str, str] | None:
        """Return better variants with two switches changed on which an exchange that differs may depend; ``None`` without any.

        Exchanges that look at both switches come first; others may show what an earlier one has stored.
        """
        result, changes = self.result(best), self._changes(best, self._met)
        few = self._leave_out_similar(best, changes)
        for among, looks in ((changes, SearchedReplay.looks_at), (few, SearchedReplay.looks_at_by)):
            found: tuple[Weight, dict[str, str]] | None = None
            for one, other in combinations(among, 2):
                if one[0] == other[0] or not self._share_exchange(best, one, other, looks):
                    continue
                variants = {**best, **dict((one, other))}
                total = self.result(variants).total
                if total < result.total and (found is None or total < found[0]):
                    found = total, variants
            if found is not None:
                return found[1]
        return None

    def _share_exchange(
        self, best: Mapping[str, str], one: Change, other: Change, looks: Callable[[SearchedReplay, int, str], bool]
    ) -> bool:
        """Return whether an exchange that differs looks at both switches, as they are or after one of them is changed."""
        results = [self._changed(best, one), self._changed(best, other)]
        return any(
            all(any(looks(each, index, name) for each in results) for name in (one[0], other[0]))
            for index in self.result(best).weights
        )

    def _changed(self, best: Mapping[str, str], *changes: Change) -> SearchedReplay:
        return self.result({**best, **dict(changes)})

    def _check(self, best: Mapping[str, str], tried: dict[str, dict[str, Tried]]) -> dict[str, str] | None:
        """Try every other variant, alone and with a second one; return variants that turn out better.

        Args:
            best: the variants.
            tried: gets what was found of each other variant.
        """
        changes: list[Change] = []
        while new := [change for change in self._changes(best, self._met) if change not in changes]:
            changes += new  # with which further switches may be met
            for name, variant in new:
                tried.setdefault(name, {})[variant] = self._try(best, (name, variant))
                if self._changed(best, (name, variant)).total < self.result(best).total:
                    return {**best, name: variant}
        return self._check_pairs(best, changes, tried)

    def _try(self, best: Mapping[str, str], change: Change) -> Tried:
        result, changed = self.result(best), self._changed(best, change)
        explains = tuple(
            (index, place)
            for index in sorted(result.worse_than(changed))
            if changed.differences.get(index, {}).keys() <= result.differences[index].keys()
            for place in result.differences[index]
            if place not in changed.differences.get(index, ())
        )
        if changed.total <= result.total:
            return Tried(explains=explains)
        refuted_by = tuple(sorted(changed.worse_than(result)))
        known = result.differences.get(refuted_by[0], {})
        places = [place for place in changed.differences[refuted_by[0]] if place not in known]
        return Tried(refuted_by, next(iter(places), ""), explains)

    def _check_pairs(
        self, best: Mapping[str, str], changes: Iterable[Change], tried: dict[str, dict[str, Tried]]
    ) -> dict[str, str] | None:
        """Try each refuted variant together with a second change that may undo its differences."""
        total = self.result(best).total
        for pair in combinations(self._leave_out_similar(best, changes), 2):
            (one, first), (other, second) = pair
            rows = tried[one][first], tried[other][second]
            if one == other or not any(row.refuted_by for row in rows):
                continue
            if not (self._may_make_good(best, *pair) and self._may_make_good(best, *reversed(pair))):
                continue
            changed = self._changed(best, *pair)
            if changed.total < total:
                return {**best, one: first, other: second}
            if changed.total == total:
                for row, (name, variant), partner in zip(rows, pair, reversed(pair), strict=True):
                    if row.refuted_by:
                        tried[name][variant] = Tried((), "", row.explains, partner)
        return None

    def _leave_out_similar(self, best: Mapping[str, str], changes: Iterable[Change]) -> list[Change]:
        """Return changes without those that are alike: of a switch with many variants, such as time zones, one for each set of differences."""
        different: dict[tuple[object, ...], Change] = {}
        for name, variant in changes:
            differences = self._changed(best, (name, variant)).differences
            places = frozenset((index, *each) for index, each in differences.items())
            is_one_of_many = len(self.variants[name]) > _MANY
            different.setdefault((name, places if is_one_of_many else variant), (name, variant))
        return list(different.values())

    def _may_make_good(self, best: Mapping[str, str], refuted: Change, partner: Change) -> bool:
        """Return whether a second change may undo the differences of a first one.

        At each exchange that refutes the first one, the second either changes the same places, or changes nothing that was seen as yet:
        because it changes nothing alone, or because its switch is looked at only after the first change.
        """
        result, changed, beside = self.result(best), self._changed(best, refuted), self._changed(best, partner)
        is_open = beside.total == result.total
        for index in changed.worse_than(result):
            places = changed.differences[index].keys() - result.differences.get(index, {}).keys()
            if not places.isdisjoint(beside.differences.get(index, ())):
                continue
            if changed.looks_at_by(index, partner[0]) and (is_open or not result.looks_at_by(index, partner[0])):
                continue
            return False
        return True
