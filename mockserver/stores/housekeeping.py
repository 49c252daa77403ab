"""The thread that writes snapshots and deletes what is no longer kept, so that no request waits for that."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

from mockserver.engine.event_log import StoreUnavailable

logger = logging.getLogger(__name__)

_Job: TypeAlias = Callable[[], object]


class Housekeeper:
    """Runs jobs one after the other in a thread of its own, which starts with the first."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: Thread | None = None

    def add(self, job: _Job) -> None:
        """Run a job later. One that fails changes nothing that matters: it will be time for another."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="mockserver-state", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def close(self) -> None:
        """Run the jobs that were added, and end the thread."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except StoreUnavailable as reason:
                logger.warning("%s", reason)
            except Exception:
                logger.exception("the state's housekeeping failed")
