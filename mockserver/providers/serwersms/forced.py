"""The refusals that a fault demands by name: each with the facts that this very call would have met it with.

The vendor's sentences repeat nothing of a call (SW-30), so on the wire nobody can tell a forced one from a real one;
the facts are for explanations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from mockserver.core.instants import Instant
from mockserver.core.refusals import Refused
from mockserver.web.asked import Asked
from mockserver.web.provider import Call

from . import errors
from .params import RECIVED, TABLES, Parameter, boolean, limit, moment, order, page, phone, phones, type_


class _Case(NamedTuple):
    """What is refused."""

    call: Call

    @property
    def rows(self) -> tuple[Parameter, ...]:
        """What the call's action reads; of one without parameters, what the first action reads."""
        return TABLES.get(self.call.operation, RECIVED)

    def value(self, name: str) -> Any:
        """What was sent under a name."""
        return self.call.values.get(name, "")


_Forced: TypeAlias = Callable[[_Case], Refused]


def force(refusal: type[Refused], call: Call, asked: Asked, now: Instant) -> Refused:  # noqa: ARG001 - one shape for all rooms
    """The refusal of a kind, for a call.

    Args:
        refusal: the kind.
        call: what it is said to.
        asked: the request that the call was read from.
        now: the world's instant.
    """
    forced = _FORCED.get(refusal)
    return refusal() if forced is None else forced(_Case(call))


def _about(refusal: type[Refused], *sorts: Callable[[Parameter, Any], object]) -> _Forced:
    """About the first row of some sorts that the call fills, or might."""

    def forced(case: _Case) -> Refused:
        rows = [row for row in case.rows if row.accepts in sorts] or [row for row in RECIVED if row.accepts in sorts]
        row = next((row for row in rows if case.value(row.name)), rows[0])
        said = refusal(name=row.name, value=case.value(row.name))
        return said.quoting(row.source) if refusal in (errors.NotAPhone, errors.NotASingleText) else said

    return forced


def _missing(case: _Case) -> Refused:
    row = next((row for row in case.rows if not case.value(row.name)), case.rows[0])
    return errors.MissingParameter(name=row.name)


_FORCED: Mapping[type[Refused], _Forced] = {
    errors.NotOffered: lambda case: errors.NotOffered(action=case.call.operation),
    errors.BodyUnreadable: lambda _: errors.BodyUnreadable(reason="not an object"),
    errors.NotASingleText: _about(errors.NotASingleText, type_, phone, phones),
    errors.NotADateTime: _about(errors.NotADateTime, moment),
    errors.UnknownType: _about(errors.UnknownType, type_),
    errors.NotABoolean: _about(errors.NotABoolean, boolean),
    errors.NotAPage: _about(errors.NotAPage, page, limit),
    errors.UnknownOrder: _about(errors.UnknownOrder, order),
    errors.NotAPhone: _about(errors.NotAPhone, phones, phone),
    errors.UnknownCode: lambda case: errors.UnknownCode(value=case.value("code")),
    errors.MissingParameter: _missing,
}
