"""A fault for tests of the engine, which knows none by itself."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.engine.faults import Fault


@dataclass(frozen=True, slots=True)
class HarmlessFault(Fault):
    """A fault that changes nothing. It has no fields, and can be stored."""
