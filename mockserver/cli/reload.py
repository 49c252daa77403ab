"""Watch a file for changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class FileWatcher:
    """A watcher that calls a function when a file has changed."""

    def __init__(self, path: Path, changed: Callable[[], object]) -> None:
        """Remember the present state of a file.

        Args:
            path: the file.
            changed: called when the file differs from the last check.
        """
        self._path = path
        self._changed = changed
        self._known = _state(path)

    def check(self) -> None:
        """Check the file once. A missing file is no change, because editors replace files."""
        state = _state(self._path)
        if state is not None and state != self._known:
            self._known = state
            self._changed()

    def run(self, pause: Callable[[], bool]) -> None:
        """Check the file again and again.

        Args:
            pause: waits between two checks; returns whether to stop.
        """
        while not pause():
            self.check()


def _state(path: Path) -> tuple[int, int, int] | None:
    """Return modification time, size and inode of a file; ``None`` when it is missing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
