"""The refusals that a fault demands by name: each says what it would say to this very call, had the call deserved it.

What a refusal repeats is what the call has; where the call has nothing that could be refused so, it is the least that
could be, so that on the wire nobody can tell the forced one from the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from mockserver.core.instants import SECOND, Instant, datetime_of
from mockserver.core.refusals import Refused
from mockserver.web.asked import Asked
from mockserver.web.provider import Call

from . import errors
from .params import LARGEST_PAGE, NAMES, PAGE_SIZE


class _Case(NamedTuple):
    """What is refused."""

    call: Call
    asked: Asked
    now: Instant

    def text(self, name: str) -> str:
        """What was sent under a name."""
        return str(self.call.values.get(name, ""))

    def first(self, *names: str) -> str:
        """The first of some names that was sent; the first of all when none was."""
        return next((name for name in names if name in self.call.values), names[0])

    def second(self, name: str, before: int) -> str:
        """The date of a name; the world's, so many seconds before, when it was not sent."""
        return self.text(name) or datetime_of(self.now - before * SECOND).isoformat()[:19]


def force(refusal: type[Refused], call: Call, asked: Asked, now: Instant) -> Refused:
    """The refusal of a kind, for a call.

    Args:
        refusal: the kind.
        call: what it is said to.
        asked: the request that the call was read from.
        now: the world's instant.
    """
    facts = _FACTS.get(refusal)
    return refusal() if facts is None else refusal(**facts(_Case(call, asked, now)))


def _date(case: _Case) -> Mapping[str, object]:
    name = case.first("startDate", "endDate")
    return {"name": name, "value": case.text(name)}


_Facts: TypeAlias = Callable[[_Case], Mapping[str, object]]

_YEAR = 366 * 24 * 60 * 60
_FACTS: Mapping[type[Refused], _Facts] = {
    errors.WrongMethod: lambda case: {"method": case.asked.method},
    errors.UnreadableCredentials: lambda _: {"reason": "not base64"},
    errors.UnknownProgram: lambda case: {"value": case.text("programId")},
    errors.NotText: lambda case: {"name": case.first(*NAMES)},
    errors.NotAMessageType: lambda case: {"value": case.text("messageType")},
    errors.NotADate: _date,
    errors.EndsBeforeStart: lambda case: {"start": case.second("startDate", 0), "end": case.second("endDate", 1)},
    errors.RangeTooLong: lambda case: {"start": case.second("startDate", _YEAR + 1)},
    errors.NotAPageSize: lambda case: {"value": case.text("pageSize"), "largest": PAGE_SIZE.largest},
    errors.NotAPage: lambda case: {"value": case.text("page"), "largest": LARGEST_PAGE},
}
