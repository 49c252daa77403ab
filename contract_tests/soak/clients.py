"""The processes that ask, so that what they do takes no time from what they measure."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from time import monotonic

from .traffic import Place, Report, Traffic


class Client:
    """A process that sends the traffic of one client, window by window."""

    def __init__(self, place: Place, seed: str) -> None:
        """Start it."""
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_send, args=(theirs, place, seed), daemon=True
        )
        self._process.start()

    def begin(self, end: float, requests: int, worlds: float = 0) -> None:
        """Begin a window, which is over at an instant or after a number of requests, whichever is first.

        At least ``worlds`` worlds are made and dropped for each request; requests for further ones do not count.
        """
        self._pipe.send((end, requests, worlds))

    def result(self) -> Report:
        """Return the report of the window, as soon as it is over."""
        report: Report = self._pipe.recv()
        return report

    def stop(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join(10)


def _send(pipe: Connection, place: Place, seed: str) -> None:
    traffic = Traffic(place, seed)
    while (window := pipe.recv()) is not None:
        end, requests, worlds = window
        pipe.send(traffic.run(lambda made, end=end, requests=requests: made >= requests or monotonic() >= end, worlds))
    traffic.close()
