"""Which of our functions one warm request runs through, from the bytes of the connection to those of the response.

python -m benchmarks.calls [--request send] [--list]

Counts are the same on every machine, so a test holds those of a send. Functions of Python's library and of other
packages do not count. Before 3.12 a comprehension counts as a function.
"""

from __future__ import annotations

import argparse
import gc
import sys
from contextlib import closing
from pathlib import Path
from types import FrameType

import mockserver
from benchmarks.in_process.requests import REQUESTS, Double
from mockserver.http.handler import exchange_log

_ROOT = f"{Path(mockserver.__file__).parent}/"
_WARM_UP = 50
"""Requests that are answered before one is counted."""


def calls_of(name: str) -> list[tuple[str, str]]:
    """The file and the function of each call that one such request makes, in order."""
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(_ROOT):
            calls.append((code.co_filename.removeprefix(_ROOT), code.co_qualname))

    with closing(Double()) as double:
        requests = double.requests(name)
        for _ in range(_WARM_UP):
            double.ask(next(requests))
        request = next(requests)
        before, is_collecting, is_silent = sys.getprofile(), gc.isenabled(), exchange_log.disabled
        exchange_log.disabled = True  # it depends on the process whether exchanges are logged
        gc.disable()  # a server in this process is called back at each collection
        sys.setprofile(note)
        try:
            double.ask(request)
        finally:
            sys.setprofile(before)
            exchange_log.disabled = is_silent
            if is_collecting:
                gc.enable()
    return calls


def main() -> None:
    """Print how many files and calls there are."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--request", choices=REQUESTS, default="send")
    options.add_argument("--list", action="store_true", help="print each call")
    given = options.parse_args()
    calls = calls_of(given.request)
    print(f"{len({file for file, _ in calls})} files, {len(calls)} calls")
    if given.list:
        for file, function in calls:
            print(f"  {file}  {function}")


if __name__ == "__main__":
    main()
