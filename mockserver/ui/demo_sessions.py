"""The demos that run on the page, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from mockserver.client import Mock
from mockserver.demo import Demo
from mockserver.scenario import ScenarioRun, StepResult


class DemoSessions:
    """The running demos of this process: at most one run of each."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._runs: dict[str, ScenarioRun] = {}

    def steps(self, demo: Demo) -> Sequence[StepResult]:
        """Return the completed steps of a demo."""
        demo_run = self._runs.get(demo.name)
        return tuple(demo_run.steps) if demo_run is not None else ()

    def is_running(self, demo: Demo) -> bool:
        """Return whether a demo was started and has steps left."""
        demo_run = self._runs.get(demo.name)
        return demo_run is not None and not demo_run.is_over

    def run_demo(self, demo: Demo, mock: Mock, action: str) -> None:
        """Perform the action of a button: ``start`` from the beginning, the ``next`` step, or ``all`` that is left.

        Raises:
            ControlError: the server rejects a step.
        """
        with self._lock:
            demo_run = self._runs.get(demo.name)
            if demo_run is None or demo_run.is_over or action == "start":
                if demo_run is not None:
                    demo_run.close()
                demo_run = self._runs[demo.name] = ScenarioRun(demo.scenario, mock)
            if action == "all":
                list(demo_run.run_rest())
            else:
                demo_run.run_next()
