"""The demos: scenarios that are shipped, which the page runs step by step and ``mockserver demo`` at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mockserver.scenario import Scenario
from mockserver.unpatched import read_bytes

NAMES = ("reply", "double-send")
"""The demos' names, on the command line and in URLs."""


class Demo(NamedTuple):
    """A demo: a scenario that is shipped."""

    name: str
    """The name, on the command line and in URLs."""
    scenario: Scenario

    @property
    def world_id(self) -> str:
        """The id of its world."""
        return self.scenario.name


@cache
def all_demos() -> Mapping[str, Demo]:
    """Return every demo, by name."""
    folder = Path(__file__).parent
    return {name: Demo(name, Scenario.load_shipped(folder / f"{name}.json", read_bytes)) for name in NAMES}


def find_demo(name: str) -> Demo:
    """Return the demo of a name.

    Raises:
        ValueError: no demo has the name.
    """
    if name not in NAMES:
        raise ValueError(f"there is no demo {name!r}; the demos are {', '.join(NAMES)}")
    return all_demos()[name]
