"""Demos, and how they run: step by step, in a new world each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from mockserver.client import ControlError, Mock, WorldClient
from mockserver.client.timefmt import written

MORNING = "2026-06-01T09:00:00Z"
"""The instant at which every demo's clock starts; a Monday."""


class Step(NamedTuple):
    """A completed step of a demo, in plain words."""

    title: str
    text: str
    at: str = ""
    """The world's instant afterwards, ISO 8601."""


class Demo(NamedTuple):
    """A demo: its title, its steps and its world."""

    name: str
    """The name, on the command line and in URLs."""
    title: str
    about: str
    handset: str
    """Whose phone shows it."""
    length: int
    """Steps."""
    world: Mapping[str, Any]
    """The world file of its world."""
    act: Callable[[DemoContext], Iterator[Step]]

    @property
    def world_id(self) -> str:
        """The id of its world."""
        return f"demo-{self.name}"


class DemoContext(NamedTuple):
    """The objects that the steps of a demo use."""

    url: str
    """The server's address, for clients."""
    world: WorldClient


class DemoRun:
    """One run of a demo. It is not safe for threads."""

    def __init__(self, demo: Demo, mock: Mock) -> None:
        """Create its world, which replaces that of the last run.

        Args:
            demo: which.
            mock: the server on which it is acted, which must be one of this machine: it calls the demo's receiver.

        Raises:
            ControlError: the server rejects.
            NoServer: there is none.
        """
        self.demo = demo
        self.steps: list[Step] = []
        """The completed steps."""
        self.is_over = False
        self.world = _made_anew(mock, demo)
        self._run = demo.act(DemoContext(mock.url, self.world))

    def next(self) -> Step | None:
        """Run the next step and return it; ``None`` when there is none left."""
        step = next(self._run, None)
        if step is None:
            self.is_over = True
            return None
        step = step._replace(at=written(self.world.clock.now))
        self.steps.append(step)
        self.is_over = len(self.steps) == self.demo.length
        if self.is_over:
            self.close()
        return step

    def rest(self) -> Iterator[Step]:
        """Run the remaining steps."""
        while not self.is_over and (step := self.next()) is not None:
            yield step

    def close(self) -> None:
        """Stop the receiver; the world is kept."""
        self.is_over = True
        # A generator that has been closed does not begin again, so its `finally` runs once.
        self._run.close()  # type: ignore[attr-defined]  # every act is a generator


def _made_anew(mock: Mock, demo: Demo) -> WorldClient:
    """The demo's world as it begins. One of the last time is not dropped for it, for somebody may be looking at it."""
    try:
        world = mock.get_world(demo.world_id)
        world.restore(demo.world)
        world.reset(freeze=MORNING)
    except ControlError:  # there was no last time
        return mock.create_world(id=demo.world_id, snapshot=demo.world, freeze=MORNING)
    return world


def find(demos: Mapping[str, Demo], name: str) -> Demo:
    """Return the demo of a name.

    Raises:
        ValueError: there is none.
    """
    if name not in demos:
        raise ValueError(f"there is no demo {name!r}; there are {', '.join(demos)}")
    return demos[name]
