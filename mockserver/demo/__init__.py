"""Two repeatable demos, each with real clients, a real receiver and its own world.

Each demo is a generator in a module of its own, which performs one step after another and yields what it did in plain words.
The page runs a step at each press of a button, the command line runs all of them at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from .double_send import DOUBLE_SEND
from .reply import REPLY
from .run import Demo, DemoContext, DemoRun, Step, find_demo

DEMOS: Mapping[str, Demo] = {demo.name: demo for demo in (REPLY, DOUBLE_SEND)}
"""Every demo, by name."""

__all__ = ["DEMOS", "Demo", "DemoContext", "DemoRun", "Step", "find_demo"]
