"""Two demonstrations that can be told again and again: real clients, a real receiver, a world of their own.

Each story is a generator in a file of its own; it acts, and yields what it did in plain words. Whoever tells it asks for
one step after another: the page with a button, the command line at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from .double_send import DOUBLE_SEND
from .reply import REPLY
from .run import Stage, Step, Story, Telling, find

STORIES: Mapping[str, Story] = {story.name: story for story in (REPLY, DOUBLE_SEND)}
"""Every story, by name."""

__all__ = ["STORIES", "Stage", "Step", "Story", "Telling", "find"]
