"""Magic programs: ids of programs that cause an outcome in every world (MG-28), and that are nobody's.

The shipped worlds have no program from 500500 to 500539. A world that has one of its own exports that one's messages,
with the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sdk import Magic, Program


def _ten(first: int, outcome: str, parameter: str = "programId") -> Magic:
    return Magic.of(parameter, str(first), str(first + 9), outcome)


FAILING = _ten(500_500, "answers 500, General server exception")  # MG-25
NO_RESPONSE = _ten(500_510, "exported; the connection is closed without an answer")
LATE = _ten(500_520, "answered 2 seconds late")
SILENT = _ten(500_530, "never answered; the connection stays open until the client gives up")

PROGRAMS = (FAILING, NO_RESPONSE, LATE, SILENT)
MEANINGS: Mapping[str, Magic] = {program: magic for magic in PROGRAMS for program in magic.values()}
"""Program -> its outcome."""

HANDSETS: Mapping[Magic, str] = {
    _ten(9_995_550_100, "what the program answers ends as Error", "originator"): "Error",
    _ten(9_995_550_110, "what the program answers ends as Undelivered", "originator"): "Undelivered",
    _ten(9_995_550_120, "what the program answers stays Sent", "originator"): "Sent",
}
"""Handsets -> the last status of what is sent to them (MG-32)."""
LAST_STATUSES: Mapping[str, str] = {number: status for magic, status in HANDSETS.items() for number in magic.values()}
"""Handset -> the last status of what is sent to it."""

MAGIC = (*PROGRAMS, *HANDSETS)

LATE_SECONDS = 2.0
"""The delay in seconds of the wall clock, as clients' time-outs are."""


def program(program_id: str) -> Program:
    """Return the program of that id for accounts that have none: without messages."""
    return Program(program_id, f"Magic {program_id}", "Magic numbers of the mock server", "Text to Join")
