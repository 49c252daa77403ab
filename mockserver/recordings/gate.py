"""Judges a corpus: whether a build may go on, and where it may not, the quirk whose other variant explains it.

Rule 1: a recording that compares nothing fails, never passes.
Rule 2: an accepted difference has a reason and an end, and one that excuses nothing fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mockserver.engine.clock import machine_time
from mockserver.engine.instants import datetime_of
from mockserver.har.exchange import RecordedExchange
from mockserver.sdk.provider import Quirk
from mockserver.worldfile import WorldFile, WorldFileError

from .accepted import AcceptedDifference, AcceptedDifferences, read_accepted
from .comparison import TOLERANCE, ResponseDifference
from .corpus import NoRecording, RecordingReplay, WorldChoice, find_recordings, replay_file
from .replay import PreparedRecording, ReplayedExchange, replay
from .zones import HALF_A_YEAR, group_zones

MOST_REPLAYS = 200
"""The replays of one recording at most, by which an explanation of its differences is looked for."""


class ExplainedBy(NamedTuple):
    """A variant in which an exchange has no difference."""

    quirk: str
    """The number of the quirk; empty for a switch of every world."""
    switch: str
    variant: str

    def __str__(self) -> str:
        return f"{self.quirk or 'the switch'} ({self.switch}={self.variant})"


@dataclass
class JudgedRecording:
    """A replayed recording, which of its differences count, and what explains them."""

    replayed: RecordingReplay
    unexcused: dict[int, tuple[ResponseDifference, ...]] = field(default_factory=dict)
    """The differences that nothing accepts, by the number of their exchange, from 1."""
    accepted: dict[int, list[tuple[ResponseDifference, AcceptedDifference]]] = field(default_factory=dict)
    """The accepted differences, by the number of their exchange."""
    explained: dict[int, list[ExplainedBy]] = field(default_factory=dict)
    """For exchanges with differences that count, the variants without them."""
    problems: list[str] = field(default_factory=list)
    """Why the recording fails beside its differences, in sentences."""
    is_readable: bool = True
    """Whether it is a HAR file whose world, if it has a file, is valid."""

    @property
    def has_failed(self) -> bool:
        """Whether a build must not go on."""
        return bool(self.unexcused or self.problems)


@dataclass
class JudgedCorpus:
    """The judged recordings of a path, and what is wrong with them as a whole."""

    recordings: list[JudgedRecording] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """A sentence for each accepted difference that has expired, or excuses nothing."""

    @property
    def has_failed(self) -> bool:
        """Whether a build must not go on."""
        return bool(self.problems) or any(one.has_failed for one in self.recordings)

    @property
    def conclusion(self) -> str:
        """What is wrong, in a few words; empty if nothing is."""
        failed = [one for one in self.recordings if one.has_failed]
        counts = (
            (sum(len(one.unexcused) for one in failed), "exchange", "with differences"),
            (sum(bool(one.problems) for one in failed), "recording", "not compared, or only in part"),
            (len(self.problems), "accepted difference", "to remove"),
        )
        parts = [f"{count} {unit}{'s' * (count != 1)} {what}" for count, unit, what in counts if count]
        explained = {found.quirk or found.switch for one in failed for each in one.explained.values() for found in each}
        if explained:
            parts.append(f"perhaps {' or '.join(sorted(explained))}")
        return ", ".join(parts)


def judge_corpus(
    path: Path,
    choice: WorldChoice,
    *,
    is_gate: bool = False,
    tolerance: float = TOLERANCE,
    on_judged: Callable[[JudgedRecording], None] | None = None,
) -> JudgedCorpus:
    """Replay and judge a recording, or each of a folder.

    Args:
        path: the file or folder.
        choice: where the worlds come from.
        is_gate: whether every recording has to compare something, not only one of them; whether the accepted differences of the
            folder are heeded, and the differences explained.
        tolerance: as for `replay.replay`.
        on_judged: called with each recording when it is judged.

    Raises:
        NoRecording: there is none, or the file is no HAR. In a folder, such a file is a problem, and the others are judged.
        AcceptedError: the file of accepted differences is invalid.
        WorldFileError: the world file is invalid; likewise.
        OSError: the file cannot be read; likewise.
    """
    paths = find_recordings(path)
    root = path if path.is_dir() else None
    accepted = open_accepted(root) if is_gate and root is not None else None
    corpus = JudgedCorpus()
    for each in paths:
        judged = _judge_file(each, choice, root, tolerance, accepted)
        if is_gate:
            explain(judged, choice)
            if judged.replayed.unreadable:
                judged.problems.append(f"{len(judged.replayed.unreadable)} of its entries cannot be read")
        corpus.recordings.append(judged)
        if on_judged is not None:
            on_judged(judged)
    if not is_gate and any(one.replayed.compared for one in corpus.recordings):
        for one in corpus.recordings:
            if one.is_readable:
                one.problems.clear()
    if accepted is not None:
        corpus.problems += accepted.find_problems()
    return corpus


def _judge_file(
    path: Path, choice: WorldChoice, root: Path | None, tolerance: float, accepted: AcceptedDifferences | None
) -> JudgedRecording:
    try:
        return judge(replay_file(path, choice, root=root, tolerance=tolerance), accepted)
    except (NoRecording, WorldFileError, OSError) as reason:
        if root is None or (choice.file is not None and isinstance(reason, WorldFileError)):
            raise
        name, world = path.relative_to(root).as_posix(), choice.path_for(path)
        nothing = RecordingReplay(path, name, world, PreparedRecording((), choice.providers), [], [], [])
        return JudgedRecording(nothing, problems=[str(reason)], is_readable=False)


def open_accepted(folder: Path) -> AcceptedDifferences:
    """Return the accepted differences of a corpus, as of this machine's day.

    Raises:
        AcceptedError: their file is invalid.
    """
    return AcceptedDifferences(read_accepted(folder), datetime_of(machine_time()).date())


def judge(replayed: RecordingReplay, accepted: AcceptedDifferences | None = None) -> JudgedRecording:
    """Tell the differences that count from the accepted ones, and note what else is wrong."""
    judged = JudgedRecording(replayed)
    for each in replayed.exchanges:
        if each.verdict != "different":
            continue
        number, counting = each.recorded.index + 1, []
        for difference in each.differences:
            entry = None if accepted is None else accepted.find(replayed.name, number, difference)
            if entry is None:
                counting.append(difference)
            else:
                judged.accepted.setdefault(number, []).append((difference, entry))
        if counting:
            judged.unexcused[number] = tuple(counting)
    if not replayed.compared:
        judged.problems.append(_why_nothing(replayed))
    return judged


def _why_nothing(replayed: RecordingReplay) -> str:
    counts = {verdict: count for verdict, count in replayed.counts.items() if count}
    if not counts:
        return "nothing was compared: the recording has no exchange that can be read"
    shown = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    return f"nothing was compared: of its exchanges there are {shown}"


def explain(judged: JudgedRecording, choice: WorldChoice) -> None:
    """Find the variants of one switch in which exchanges with differences have none, by replaying the recording in each."""
    replayed = judged.replayed
    if replayed.file is None or not judged.unexcused:
        return
    looked_at = _looked_at(replayed.exchanges, judged.unexcused)
    present = {**choice.providers.default_variants, **replayed.file.fixture.variants, **choice.variants}
    tried = 0
    for switch in sorted(choice.providers.switches, key=lambda each: each.name):
        if switch.name not in looked_at:
            continue
        for variant in _variants_of(switch, replayed):
            if variant == present[switch.name] or tried >= MOST_REPLAYS:
                continue
            tried += 1
            for number in _without_difference(judged, choice, replayed.file, {switch.name: variant}):
                judged.explained.setdefault(number, []).append(ExplainedBy(switch.number, switch.name, variant))


def _variants_of(switch: Quirk, replayed: RecordingReplay) -> Sequence[str]:
    """Return the variants of a switch to try; of time zones one for each set of offsets, in summer and in winter."""
    if not switch.any_zone:
        return switch.variants
    instants = [each.at + shift for each in replayed.recording for shift in (0, -HALF_A_YEAR)]
    return [
        *switch.variants,
        *(group[0] for group in group_zones(switch.variants, instants) if group[0] not in switch.variants),
    ]


def _looked_at(exchanges: Sequence[ReplayedExchange], differing: Mapping[int, object]) -> set[str]:
    """Return the switches that were looked at until the last exchange with a difference: what it shows may be older."""
    found: set[str] = set()
    seen: set[str] = set()
    for each in exchanges:
        seen |= each.switches
        if each.recorded.index + 1 in differing:
            found |= seen
    return found


def _without_difference(
    judged: JudgedRecording, choice: WorldChoice, file: WorldFile, more: Mapping[str, str]
) -> Iterator[int]:
    """Yield the numbers of the exchanges that have differences that count, but none if some switches are others."""
    replayed = judged.replayed
    if replayed.world is None:
        try:
            file = choice.make(_recorded(replayed), more)
        except WorldFileError:  # the recording cannot be read so
            return
    for each in replay(replayed.recording, choice.providers, file, {**choice.variants, **more}):
        number = each.recorded.index + 1
        accepted = {difference for difference, _ in judged.accepted.get(number, ())}
        if number in judged.unexcused and accepted.issuperset(each.differences):
            yield number


def _recorded(replayed: RecordingReplay) -> list[RecordedExchange]:
    return [each.recorded for each in replayed.recording]
