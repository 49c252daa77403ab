"""What a story is, and how it is told: step by step, in a world that is made anew each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from mockserver.client import ControlError, Mock, World
from mockserver.client.timefmt import written

MORNING = "2026-06-01T09:00:00Z"
"""Where the clock of every story stands at first; a Monday."""


class Step(NamedTuple):
    """Something that was done, in plain words."""

    title: str
    text: str
    at: str = ""
    """The world's instant afterwards, ISO 8601."""


class Story(NamedTuple):
    """A demonstration."""

    name: str
    """On the command line and in addresses."""
    title: str
    about: str
    handset: str
    """Whose phone shows it."""
    length: int
    """Steps."""
    world: Mapping[str, Any]
    """The world file that it begins with."""
    act: Callable[[Stage], Iterator[Step]]

    @property
    def world_id(self) -> str:
        """The name of its world."""
        return f"story-{self.name}"


class Stage(NamedTuple):
    """Where a story is acted."""

    url: str
    """The server's address, for clients."""
    world: World


class Telling:
    """A story being told. Not for several threads at once."""

    def __init__(self, story: Story, mock: Mock) -> None:
        """Make its world, in place of the one of the last time.

        Args:
            story: which.
            mock: the server on which it is acted, which must be one of this machine: it calls the story's receiver.

        Raises:
            ControlError: the server refuses.
            NoServer: there is none.
        """
        self.story = story
        self.steps: list[Step] = []
        """What has been told."""
        self.is_over = False
        self.world = _made_anew(mock, story)
        self._act = story.act(Stage(mock.url, self.world))

    def next(self) -> Step | None:
        """Tell the next step; ``None`` when there is none any more."""
        step = next(self._act, None)
        if step is None:
            self.is_over = True
            return None
        step = step._replace(at=written(self.world.clock.now))
        self.steps.append(step)
        self.is_over = len(self.steps) == self.story.length
        if self.is_over:
            self.close()
        return step

    def rest(self) -> Iterator[Step]:
        """Tell what is left."""
        while not self.is_over and (step := self.next()) is not None:
            yield step

    def close(self) -> None:
        """Let go of the receiver; the world stays to be looked at."""
        self.is_over = True
        # A generator that has been closed does not begin again, so its `finally` runs once.
        self._act.close()  # type: ignore[attr-defined]  # every act is a generator


def _made_anew(mock: Mock, story: Story) -> World:
    """The story's world as it begins. One of the last time is not dropped for it, for somebody may be looking at it."""
    try:
        world = mock.get_world(story.world_id)
        world.restore(story.world)
        world.reset(freeze=MORNING)
    except ControlError:  # there was no last time
        return mock.create_world(id=story.world_id, snapshot=story.world, freeze=MORNING)
    return world


def find(stories: Mapping[str, Story], name: str) -> Story:
    """The story of a name.

    Raises:
        ValueError: there is none.
    """
    if name not in stories:
        raise ValueError(f"there is no story {name!r}; there are {', '.join(stories)}")
    return stories[name]
