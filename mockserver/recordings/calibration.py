"""Finds out which variants of the quirks explain a recording of the real provider, which are refuted, and which stay open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mockserver.engine.instants import Instant
from mockserver.har.exchange import RecordedExchange
from mockserver.sdk.loading import ProviderSet
from mockserver.sdk.provider import Provider, Quirk
from mockserver.sdk.reconstruction import UnexplainedRead
from mockserver.worldfile import WorldFile

from .comparison import OTHER_FORMAT, OTHER_STATUS, ResponseDifference
from .in_process import read_world
from .places import without_indexes
from .reconstruction import reconstruct_world
from .replay import PreparedRecording, ReplayedExchange, replay
from .variant_search import Found, Search, SearchedReplay, Tried
from .zones import group_zones, leave_out_equal, year_around


class QuirkFinding(Struct, frozen=True):
    """What a recording says of one switch."""

    provider: str
    """The provider's name; empty for a switch of all providers."""
    switch: Quirk
    explained_by: str | None
    """The one variant that explains the recording; ``None`` where several do."""
    open: tuple[str, ...] = ()
    """The variants that all explain it; empty where it is decided."""
    tried: Mapping[str, Tried] = {}
    """What was found of the variants that were tried, by their names."""
    is_met: bool = False
    """Whether a response of the recording depends on the switch at all."""

    @property
    def refuted(self) -> Mapping[str, tuple[int, ...]]:
        """The refuted variants with the indexes of the exchanges that refute them."""
        return {variant: tried.refuted_by for variant, tried in self.tried.items() if tried.refuted_by}

    @property
    def decided_by(self) -> tuple[int, ...]:
        """The indexes of the exchanges that refute a variant."""
        return tuple(sorted({index for indexes in self.refuted.values() for index in indexes}))


class UnexplainedDifference(Struct, frozen=True):
    """A difference that no variant explains: a new quirk to be numbered."""

    provider: str
    operation: str
    path: str
    """The place, as in `ResponseDifference.path`, but ``[]`` for the index of an item."""
    reason: str
    recorded: str | None
    """The recorded value in the first of the exchanges."""
    ours: str | None
    """Our value in the first of the exchanges."""
    indexes: tuple[int, ...]
    """The indexes of the exchanges that have it."""
    explained_by: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    """The variants without this difference that other exchanges refute: switch, variant, and the indexes of those exchanges."""


class Calibration(Struct, frozen=True):
    """What a recording says of the quirks of the providers in it."""

    findings: tuple[QuirkFinding, ...]
    """One for each switch of these providers."""
    unexplained: tuple[UnexplainedDifference, ...]
    compared: int
    """The number of exchanges that were compared."""
    replays: int
    """How often the recording was replayed."""
    is_complete: bool
    """Whether every variant was tried; ``False`` where the greatest number of replays was reached."""
    replayed: tuple[ReplayedExchange, ...]
    """The exchanges as they were replayed with the found variants, after the search."""
    uncaused: tuple[UnexplainedRead, ...] = ()
    """The values in recorded responses that no account can give with these variants."""

    @property
    def variants(self) -> dict[str, str]:
        """The decided variants, as a world file has them."""
        return {each.switch.name: each.explained_by for each in self.findings if each.explained_by is not None}


def calibrate(
    recording: Sequence[RecordedExchange],
    providers: ProviderSet,
    world: WorldFile | Mapping[str, Any] | None = None,
    *,
    most: int = 5_000,
    on_replay: Callable[[int], object] | None = None,
) -> Calibration:
    """Replay a recording with the variants of each switch, and conclude which explain it.

    A variant is refuted if exchanges differ more with it than with another one. Where two explain the recording, none is chosen.
    Switches are tried singly and in pairs.

    Args:
        recording: the exchanges.
        providers: the providers that they may belong to.
        world: the content of the world file in which they are replayed, decoded or read; one made from the recording if ``None``.
        most: the greatest number of replays.
        on_replay: called with the number of replays after each.

    Raises:
        WorldFileError: the world file is invalid.
    """
    file = read_world(world, providers) if isinstance(world, Mapping) else world
    replays = 0

    def count(_: int) -> None:
        nonlocal replays
        replays += 1
        if on_replay is not None:
            on_replay(replays)

    whole = _Replays(recording, providers, file)
    instants = [each.at for each in whole.prepared]
    if file is not None and instants:  # what the world holds may be of any season
        instants += year_around(max(instants))
    candidates = _Candidates(providers.switches, instants)
    found = Found(whole.start, {})
    seen: list[Provider] = []
    for provider in providers:
        # A provider's responses depend on its own switches alone, so each is searched by itself, in fewer replays.
        own = [each.recorded for each in whole.prepared if each.provider is provider]
        if own:
            seen.append(provider)
            names = {switch.name for switch in provider.quirks}
            part = _Replays(own, providers, file)
            one = _search(part, names, candidates, most - replays, count)
            shared = {switch.name for switch in providers.switches if _is_shared(switch, providers)}
            if one.is_complete and shared and part.result(one.variants).weights:
                # What is no quirk, such as whether limits are enforced, is a last resort: the documents leave no doubt about it.
                other = _search(part, names | shared, candidates, most - replays, count)
                if part.result(other.variants).total < part.result(one.variants).total:
                    one = other
            found = Found(
                {**found.variants, **one.variants}, {**found.tried, **one.tried}, found.is_complete and one.is_complete
            )
    replayed, uncaused = whole.run(found.variants)
    met = _result(replayed, ()).looked_at
    owners = [(each.name, each.quirks) for each in seen]
    others = [switch for switch in providers.switches if switch.name in found.tried and _is_shared(switch, providers)]
    findings = [
        _finding(owner, switch, found, met, candidates) for owner, row in (*owners, ("", others)) for switch in row
    ]
    return Calibration(
        tuple(findings),
        tuple(_unexplained(replayed, found)),
        sum(each.is_compared for each in replayed),
        replays,
        found.is_complete,
        tuple(replayed),
        tuple(uncaused),
    )


class _Replays:
    """Replays of a recording, or of a part of one, with variants."""

    def __init__(self, recording: Iterable[RecordedExchange], providers: ProviderSet, file: WorldFile | None) -> None:
        self._recording, self._providers, self._file = tuple(recording), providers, file
        self.prepared = PreparedRecording(self._recording, providers)
        self.start = {**providers.default_variants, **({} if file is None else file.fixture.variants)}
        """The variants with which a search begins: every switch is in it."""

    def run(self, variants: Mapping[str, str]) -> tuple[list[ReplayedExchange], Sequence[UnexplainedRead]]:
        """Replay it with variants, and with those of the start for switches that they do not name.

        Returns:
            The replayed exchanges, and the values in recorded responses that no account can give with these variants.
        """
        chosen = {**self.start, **variants}
        if self._file is not None:
            return list(replay(self.prepared, self._providers, self._file, chosen)), ()
        made = reconstruct_world(self._recording, self._providers, chosen)
        return list(replay(self.prepared, self._providers, made.file, chosen)), made.unexplained

    def result(self, variants: Mapping[str, str]) -> SearchedReplay:
        """Return what a search needs of a replay."""
        return _result(*self.run(variants))


def _search(
    replays: _Replays, names: Iterable[str], candidates: _Candidates, most: int, on_replay: Callable[[int], object]
) -> Found:
    tried = {name: candidates.tried[name] for name in sorted(names)}
    search = Search(replays.result, tried, most=most, on_replay=on_replay)
    return search.run({name: replays.start[name] for name in tried})


def _is_shared(switch: Quirk, providers: ProviderSet) -> bool:
    return not any(switch in provider.quirks for provider in providers)


def _result(replayed: Iterable[ReplayedExchange], uncaused: Iterable[UnexplainedRead]) -> SearchedReplay:
    differences: dict[int, dict[str, int]] = {}
    switches: dict[int, frozenset[str]] = {}
    for each in replayed:
        switches[each.recorded.index] = each.switches
        if each.differences:
            differences[each.recorded.index] = {difference.path: _grade(difference) for difference in each.differences}
    for read in uncaused:  # a variant with which no account can give what was read is probably wrong
        differences.setdefault(read.index, {}).setdefault(f"{read.path} (nothing can cause it)".lstrip(), 1)
    return SearchedReplay(differences, switches)


def _grade(difference: ResponseDifference) -> int:
    """Return how much a difference weighs; see `SearchedReplay`."""
    if difference.path in ("status", "$format") and difference.reason in (OTHER_STATUS, OTHER_FORMAT):
        return 3  # a member of JSON may have the name status too
    return 2 if difference.recorded is None or difference.ours is None else 1


def _finding(provider: str, switch: Quirk, found: Found, met: frozenset[str], candidates: _Candidates) -> QuirkFinding:
    if switch.name not in found.tried or switch.name not in met:
        return QuirkFinding(provider, switch, None, tuple(switch.variants))
    left = candidates.all_of(switch.name, found.open_variants(switch.name))
    is_decided = len(left) == 1
    return QuirkFinding(
        provider,
        switch,
        left[0] if is_decided else None,
        () if is_decided else left,
        found.tried[switch.name],
        is_met=True,
    )


def _unexplained(replayed: Iterable[ReplayedExchange], found: Found) -> list[UnexplainedDifference]:
    """Return the remaining differences, one for each place of an operation's responses."""
    groups: dict[tuple[str, str, str, str], list[tuple[int, ResponseDifference]]] = {}
    for each in replayed:
        provider, operation = ("", "") if each.exchange is None else (each.exchange.provider, each.exchange.operation)
        differences = each.differences if each.verdict == "different" else ()
        if any(difference.path == "$format" for difference in differences):
            differences = differences[:1]  # such as the page of a gateway: what else differs follows from it
        for difference in differences:
            kind = provider or "", operation or "", without_indexes(difference.path), difference.reason
            groups.setdefault(kind, []).append((each.recorded.index, difference))
    rows: list[UnexplainedDifference] = []
    for (provider_name, operation_name, path, reason), members in groups.items():
        indexes = tuple(sorted({index for index, _ in members}))
        first = members[0][1]
        places = {(index, difference.path) for index, difference in members}
        explained_by = tuple(
            (name, variant, tried.refuted_by)
            for name, variants in found.tried.items()
            for variant, tried in variants.items()
            if tried.refuted_by and not places.isdisjoint(tried.explains)
        )
        rows.append(
            UnexplainedDifference(
                provider_name, operation_name, path, reason, first.recorded, first.ours, indexes, explained_by
            )
        )
    return rows


class _Candidates:
    """The variants of switches that are tried. Of time zones with the same offsets at all instants of a recording one is tried for all."""

    def __init__(self, switches: Iterable[Quirk], instants: Sequence[Instant]) -> None:
        self.tried: dict[str, tuple[str, ...]] = {}
        """The variants by the name of their switch."""
        self._last = max(instants, default=0)
        self._groups: dict[str, Mapping[str, Sequence[str]]] = {}
        for switch in switches:
            self.tried[switch.name] = tuple(switch.variants)
            if switch.any_zone and instants:
                groups = {group[0]: group for group in group_zones(switch.variants, instants)}
                self._groups[switch.name] = groups
                self.tried[switch.name] = tuple(dict.fromkeys((*switch.variants, *groups)))

    def all_of(self, switch: str, tried: Iterable[str]) -> tuple[str, ...]:
        """Return tried variants, each time zone with those that it was tried in place of."""
        groups = self._groups.get(switch)
        if groups is None:
            return tuple(tried)
        zones = [zone for name in tried for zone in groups.get(name, (name,))]
        return tuple(leave_out_equal(zones, self._last))
