"""The demos and their runs: step by step, each run in a world as new."""

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
    """The number of the phone that shows it."""
    step_count: int
    world: Mapping[str, Any]
    """The content of its world file."""
    run_steps: Callable[[DemoContext], Iterator[Step]]

    @property
    def world_id(self) -> str:
        """The id of its world."""
        return f"demo-{self.name}"


class DemoContext(NamedTuple):
    """The objects that the steps of a demo use."""

    url: str
    """The server's base URL, for clients."""
    world: WorldClient


class DemoRun:
    """One run of a demo. It must not be used by several threads at once."""

    def __init__(self, demo: Demo, mock: Mock) -> None:
        """Create the demo's world, or restore it if an earlier run left it.

        Args:
            demo: the demo to run.
            mock: the server to run it on. It must be on this machine, for it calls the demo's receiver.

        Raises:
            ControlError: the server rejects the world.
            NoServer: no server responds.
        """
        self.demo = demo
        self.steps: list[Step] = []
        """The completed steps."""
        self.is_over = False
        self.world = _create_world(mock, demo)
        self._run = demo.run_steps(DemoContext(mock.url, self.world))

    def run_next(self) -> Step | None:
        """Run the next step and return it; ``None`` if no step is left."""
        step = next(self._run, None)
        if step is None:
            self.is_over = True
            return None
        step = step._replace(at=written(self.world.clock.now))
        self.steps.append(step)
        self.is_over = len(self.steps) == self.demo.step_count
        if self.is_over:
            self.close()
        return step

    def run_rest(self) -> Iterator[Step]:
        """Run the remaining steps and yield each when it is done."""
        while not self.is_over and (step := self.run_next()) is not None:
            yield step

    def close(self) -> None:
        """End the run and stop its receiver; the world is kept."""
        self.is_over = True
        self._run.close()  # type: ignore[attr-defined]  # every `run_steps` is a generator function


def _create_world(mock: Mock, demo: Demo) -> WorldClient:
    """Return the demo's world as it begins. An existing one is restored and not dropped, for a browser may show it."""
    try:
        world = mock.get_world(demo.world_id)
        world.restore(demo.world)
        world.reset(freeze=MORNING)
    except ControlError:  # the first run
        return mock.create_world(id=demo.world_id, snapshot=demo.world, freeze=MORNING)
    return world


def find_demo(demos: Mapping[str, Demo], name: str) -> Demo:
    """Return the demo of a name.

    Raises:
        ValueError: no demo has the name.
    """
    if name not in demos:
        raise ValueError(f"there is no demo {name!r}; the demos are {', '.join(demos)}")
    return demos[name]
