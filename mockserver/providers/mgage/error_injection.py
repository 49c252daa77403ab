"""The refusals that a fault demands by name: each says what it would say to this very call, had the call deserved it.

What a refusal repeats is what the call has; where the call has nothing that could be refused so, it is the least that
could be, so that on the wire nobody can tell the forced one from the real one.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.engine.instants import SECOND, datetime_of
from mockserver.engine.provider_errors import Refused
from mockserver.sdk.error_injection import Case, Forced, by

from . import errors
from .parameters import LARGEST_PAGE, NAMES, PAGE_SIZE

_YEAR = 366 * 24 * 60 * 60
"""Seconds."""


def _first(case: Case, *names: str) -> str:
    """The first of some names that was sent; the first of all when none was."""
    return next((name for name in names if name in case.call.values), names[0])


def _second(case: Case, name: str, before: int) -> str:
    """The date of a name; the world's, so many seconds before, when it was not sent."""
    return case.text(name) or datetime_of(case.now - before * SECOND).isoformat()[:19]


def _date(case: Case) -> Refused:
    name = _first(case, "startDate", "endDate")
    return errors.NotADate(name=name, value=case.text(name))


def _range(case: Case) -> Refused:
    return errors.EndsBeforeStart(start=_second(case, "startDate", 0), end=_second(case, "endDate", 1))


_FORCED: Mapping[type[Refused], Forced] = {
    errors.WrongMethod: lambda case: errors.WrongMethod(method=case.asked.method),
    errors.UnreadableCredentials: lambda _: errors.UnreadableCredentials(reason="not base64"),
    errors.UnknownProgram: lambda case: errors.UnknownProgram(value=case.text("programId")),
    errors.NotText: lambda case: errors.NotText(name=_first(case, *NAMES)),
    errors.NotAMessageType: lambda case: errors.NotAMessageType(value=case.text("messageType")),
    errors.NotADate: _date,
    errors.EndsBeforeStart: _range,
    errors.RangeTooLong: lambda case: errors.RangeTooLong(start=_second(case, "startDate", _YEAR + 1)),
    errors.NotAPageSize: lambda case: errors.NotAPageSize(value=case.text("pageSize"), largest=PAGE_SIZE.largest),
    errors.NotAPage: lambda case: errors.NotAPage(value=case.text("page"), largest=LARGEST_PAGE),
}

force = by(_FORCED)
