"""What a server that is measured has to say for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import Request, Response
from benchmarks.installing import Cache
from benchmarks.loads import LOADS, PAGE, RECIVED, Load


@dataclass(frozen=True)
class Place:
    """Where a server is to run."""

    folder: Path
    """Its working directory and home."""
    port: int
    other_port: int
    """For a server that insists on a second one."""


class Peer:
    """A server that is measured. A class for each: where it comes from, how it is configured, started and asked."""

    name: str
    """As the tables have it."""
    note: str
    """What it does for an answer, and what it does not."""
    seconds = 1
    """Of one repetition."""
    warm_up = 1
    """Seconds, of each load, before anything is measured."""
    loads: tuple[Load, ...] = LOADS
    """What it is asked for."""
    first: Load = RECIVED
    """What it is asked first, after a cold start; nothing has to be prepared for it in the running server."""
    patience = 30.0
    """Seconds in which it must give a first answer."""
    is_peer = True
    """Whether it is one; the null application is not."""

    def install(self, cache: Cache) -> str:
        """Have it, and say which version it is.

        Raises:
            installing.Missing: it cannot be had; why.
        """
        raise NotImplementedError

    def configure(self, place: Place, responses: Mapping[str, Response]) -> None:
        """Write its configuration: it shall give these answers, by the load's name, to our requests."""

    def command(self, place: Place) -> list[str]:
        """How it is started."""
        raise NotImplementedError

    def cold_command(self, place: Place) -> list[str]:
        """How it is started when the start is what is measured."""
        return self.command(place)

    def prepare(self, port: int) -> None:
        """Ask the running server for what no configuration can say."""

    def requests(self, load: Load) -> list[Request]:
        """What it is asked, in turn."""
        return load.requests()

    def at_rest(self) -> list[Request]:
        """What it is asked while its memory is watched, from a cold start on: a page of 50."""
        return self.requests(PAGE)

    def is_right(self, load: Load, response: Response, recorded: Response) -> bool:  # noqa: ARG002 - one shape for all peers
        """Whether an answer to the first of the requests is what it should be: ours, to the byte."""
        return response.status == recorded.status and response.body == recorded.body

    def before(self, port: int, load: Load) -> None:
        """Put it in order before a repetition."""
