"""A file that somebody works on, and what is done whenever it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class Watch:
    """Looks at a file, as often as it is asked to."""

    def __init__(self, path: Path, changed: Callable[[], object]) -> None:
        """The file is known as it is now.

        Args:
            path: where it lies.
            changed: is called when it is another one than at the last look.
        """
        self._path = path
        self._changed = changed
        self._known = _state(path)

    def look(self) -> None:
        """Look once. A file that is not there is no change: editors put a new one in its place."""
        state = _state(self._path)
        if state is not None and state != self._known:
            self._known = state
            self._changed()

    def keep_looking(self, pause: Callable[[], bool]) -> None:
        """Look again and again.

        Args:
            pause: lets time pass; true when that was the last time.
        """
        while not pause():
            self.look()


def _state(path: Path) -> tuple[int, int, int] | None:
    """What differs between a file and a changed one; ``None`` when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
