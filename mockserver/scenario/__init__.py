"""Scenarios: a world and a timeline of what happens at which time of the world, written as YAML or JSON.

`file` reads and checks a scenario file by the JSON Schema of `schema`; `run` replays it on a server, through the control API
alone.
"""

from __future__ import annotations

from .errors import ScenarioError
from .file import Scenario, Step, find_mistakes, first_mistakes
from .run import ScenarioRun, StepResult
from .schema import scenario_schema

__all__ = [
    "Scenario",
    "ScenarioError",
    "ScenarioRun",
    "Step",
    "StepResult",
    "find_mistakes",
    "first_mistakes",
    "scenario_schema",
]
