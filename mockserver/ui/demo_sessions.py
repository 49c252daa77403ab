"""The demos that run in the page: one run of each, advanced step by step."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from mockserver.client import Mock
from mockserver.demo import Demo, DemoRun, Step


class DemoSessions:
    """The demos that are being run in this process, one run of each."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._runs: dict[str, DemoRun] = {}

    def steps(self, demo: Demo) -> Sequence[Step]:
        """The steps that have been run."""
        demo_run = self._runs.get(demo.name)
        return tuple(demo_run.steps) if demo_run is not None else ()

    def is_on(self, demo: Demo) -> bool:
        """Whether it runs and has steps left."""
        demo_run = self._runs.get(demo.name)
        return demo_run is not None and not demo_run.is_over

    def run_demo(self, demo: Demo, mock: Mock, do: str) -> None:
        """Perform the action of a button: ``start`` from the beginning, the ``next`` step, or ``all`` that is left.

        Raises:
            ControlError: the server rejects something.
        """
        with self._lock:
            demo_run = self._runs.get(demo.name)
            if demo_run is None or demo_run.is_over or do == "start":
                if demo_run is not None:
                    demo_run.close()
                demo_run = self._runs[demo.name] = DemoRun(demo, mock)
            if do == "all":
                list(demo_run.rest())
            else:
                demo_run.next()
