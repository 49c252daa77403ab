"""Replays recordings: one file, or a folder of them, each in a world of its own.

Beside ``NAME.har`` there may be its world, ``NAME.world.json``; without one, the world is made from the recording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs

from mockserver.app import read_world
from mockserver.har import HarError, RecordedExchange
from mockserver.har.reader import read_har_file
from mockserver.sdk.loading import ProviderSet
from mockserver.worldfile import FORMAT, WorldFile

from .comparison import TOLERANCE
from .in_process import read_world as read_document
from .reconstruction import provider_request, reconstruct_world, route
from .replay import VERDICTS, PreparedRecording, ReplayedExchange, Verdict, explain_credentials, replay

WORLD_SUFFIX = ".world.json"
"""How the name of a recording's world ends, in place of ``.har``."""


class NoRecording(ValueError):
    """There is no recording at a path, or the file there is none."""


def find_recordings(path: Path) -> list[Path]:
    """Return a file, or the recordings in a folder and the folders in it, in the order of their names.

    Raises:
        NoRecording: the folder has none, or there is neither.
    """
    if not path.is_dir():
        if not path.exists():
            raise NoRecording(f"{path}: there is no such file or folder")
        return [path]
    found = sorted(each for each in path.rglob("*.har") if each.is_file())
    if not found:
        raise NoRecording(f"{path}: the folder has no recording, no file whose name ends with .har")
    return found


@dataclass(frozen=True)
class WorldChoice:
    """Where the worlds of recordings come from."""

    providers: ProviderSet
    file: Path | None = None
    """The world file for all recordings; ``None`` for one of each."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """The switches that differ from those of the world files."""

    def check_variants(self) -> None:
        """Check the variants alone.

        Raises:
            WorldFileError: one of them is unknown.
        """
        read_document({"format": FORMAT, "variants": dict(self.variants), "accounts": []}, self.providers)

    def path_for(self, recording: Path) -> Path | None:
        """Return the world file of a recording; ``None`` where the world is made from it."""
        if self.file is not None:
            return self.file
        beside = recording.with_name(recording.name.removesuffix(".har") + WORLD_SUFFIX)
        return beside if beside.exists() else None

    def open(self, path: Path | None, recording: Sequence[RecordedExchange]) -> WorldFile:
        """Return the world in which a recording is replayed.

        Args:
            path: its world file; ``None`` to make it from the recording.
            recording: the exchanges.

        Raises:
            WorldFileError: it is invalid.
        """
        if path is not None:
            return read_world(path, self.providers)
        return self.make(recording, {})

    def make(self, recording: Sequence[RecordedExchange], more: Mapping[str, str]) -> WorldFile:
        """Return a world that is made from a recording.

        Args:
            recording: the exchanges.
            more: variants that are used too, instead of those of `variants` for the same switches.

        Raises:
            WorldFileError: a variant is unknown.
        """
        return reconstruct_world(recording, self.providers, {**self.variants, **more}).file


@dataclass
class RecordingReplay:
    """A recording and how its replay went."""

    path: Path
    name: str
    """Its path in the corpus, with slashes."""
    world: Path | None
    """The world file; ``None`` if the world was made from the recording."""
    recording: PreparedRecording
    exchanges: list[ReplayedExchange]
    unreadable: list[HarError]
    """The entries that could not be read."""
    notes: list[str]
    """What a user has to know to judge the result, in sentences."""
    file: WorldFile | None = None
    """The content of the world; ``None`` if the recording or its world file cannot be read."""

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """The number of exchanges of each verdict."""
        found = Counter(each.verdict for each in self.exchanges)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def compared(self) -> int:
        """The number of exchanges whose responses were compared."""
        return sum(each.is_compared for each in self.exchanges)


def replay_file(
    path: Path, choice: WorldChoice, *, root: Path | None = None, tolerance: float = TOLERANCE
) -> RecordingReplay:
    """Replay the recording in a file.

    Args:
        path: the file.
        choice: where its world comes from.
        root: the folder of the corpus; ``None`` for that of the file.
        tolerance: as for `replay`.

    Raises:
        NoRecording: the file is no HAR.
        WorldFileError: its world file is invalid.
        OSError: a file cannot be read.
    """
    unreadable: list[HarError] = []
    exchanges = [_light(each, choice.providers) for each in read_har_file(path, unreadable.append)]
    if not exchanges and unreadable and all(each.index is None for each in unreadable):
        raise NoRecording(f"{path}: {unreadable[0]}") from unreadable[0]
    world_path = choice.path_for(path)
    world = choice.open(world_path, exchanges)
    prepared = PreparedRecording(exchanges, choice.providers)
    replayed = list(replay(prepared, choice.providers, world, choice.variants, tolerance=tolerance))
    notes = []
    if prepared.clock_offset:
        seconds = prepared.clock_offset / 1_000_000
        notes.append(
            f"by the Date headers, the clock of the recording machine was {abs(seconds):.0f} s "
            f"{'behind' if seconds > 0 else 'ahead of'} the provider's; the requests are asked at the provider's instants"
        )
    unknown = explain_credentials(replayed, choice.providers)
    if unknown is not None:
        notes.append(unknown)
    name = path.relative_to(root).as_posix() if root is not None else path.name
    return RecordingReplay(path, name, world_path, prepared, replayed, unreadable, notes, world)


def _light(exchange: RecordedExchange, providers: ProviderSet) -> RecordedExchange:
    """Return an exchange, without its bodies if it did not go to a provider: a browser's recording may have many such."""
    if route(provider_request(exchange), providers).provider is not None:
        return exchange
    return structs.replace(exchange, request_body=b"", response_body=b"")
