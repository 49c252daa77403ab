"""Two repeatable demos, each with real clients, a real receiver and its own world.

Each demo is a generator in a file of its own; it acts, and yields what it did in plain words. Whoever tells it asks for
one step after another: the page with a button, the command line at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from .double_send import DOUBLE_SEND
from .reply import REPLY
from .run import Demo, DemoContext, DemoRun, Step, find

DEMOS: Mapping[str, Demo] = {demo.name: demo for demo in (REPLY, DOUBLE_SEND)}
"""Every demo, by name."""

__all__ = ["DEMOS", "Demo", "DemoContext", "DemoRun", "Step", "find"]
