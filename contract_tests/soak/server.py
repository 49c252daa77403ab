"""``mockserver serve`` that writes down each collection of garbage: ``python -m contract_tests.soak.server FILE ARGUMENTS``.

A line of the file is a collection: when it ended, its generation, the milliseconds of processor time and of wall time for
which it stopped the server, and the objects that it freed. SIGUSR2 makes it look once at everything. Short ones of the younger generations are added up in one line.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from time import monotonic, thread_time
from typing import Any

LONG = 1.0
"""Milliseconds from which on a collection of a young generation has a line of its own."""
EACH = 5.0
"""Seconds between two lines that add up the short ones."""


def watch(path: Path) -> None:
    """Write down each collection of this process."""
    file = path.open("w", buffering=1)
    begun = (0.0, 0.0)
    short: dict[str, Any] = {"collections": 0, "ms": 0.0, "collected": 0}
    written = monotonic()

    def note(phase: str, info: dict[str, int]) -> None:
        nonlocal begun, written
        if phase == "start":
            begun = thread_time(), monotonic()
            return
        now = monotonic()
        spent, wall = (thread_time() - begun[0]) * 1000, (now - begun[1]) * 1000
        if info["generation"] == 2 or spent >= LONG:
            line = {"at": now, "generation": info["generation"], "ms": spent, "wall": wall}
            file.write(json.dumps({**line, "collected": info["collected"], "frozen": gc.get_freeze_count()}) + "\n")
            return
        short["collections"] += 1
        short["ms"] += spent
        short["collected"] += info["collected"]
        if now - written > EACH:
            file.write(json.dumps({"at": now, "short": short}) + "\n")
            short.update(collections=0, ms=0.0, collected=0)
            written = now

    def look_at_all(*_: object) -> None:
        """Write down how many objects no collection freed, because they were in use when it looked at them for the last time."""
        gc.callbacks.remove(note)
        gc.collect()
        gc.unfreeze()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()  # what it leaves is frozen again
        gc.set_debug(0)
        kinds = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.garbage)
        file.write(json.dumps({"missed": kinds.total(), "kinds": dict(kinds.most_common(20))}) + "\n")
        gc.garbage.clear()
        gc.callbacks.insert(0, note)

    gc.callbacks.insert(0, note)
    signal.signal(signal.SIGUSR2, look_at_all)


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    sys.argv = ["mockserver", "serve", *sys.argv[2:]]
    from mockserver.cli import main

    main()
