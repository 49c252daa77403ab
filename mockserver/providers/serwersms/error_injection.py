"""The refusals that a fault demands by name: each with the facts that this very call would have met it with.

The vendor's sentences repeat nothing of a call (SW-30), so on the wire nobody can tell a forced one from a real one;
the facts are for explanations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.engine.provider_errors import Refused
from mockserver.sdk.error_injection import Case, Forced, by

from . import errors
from .parameters import RECIVED, TABLES, Parameter, boolean, limit, moment, order, page, phone, phones, type_


def _rows(case: Case) -> tuple[Parameter, ...]:
    """What the call's action reads; of one without parameters, what the first action reads."""
    return TABLES.get(case.call.operation, RECIVED)


def _value(case: Case, name: str) -> Any:
    """What was sent under a name: JSON knows more than texts."""
    return case.call.values.get(name, "")


def _about(refusal: type[Refused], *sorts: Callable[[Parameter, Any], object]) -> Forced:
    """About the first row of some sorts that the call fills, or might."""

    def forced(case: Case) -> Refused:
        rows = [row for row in _rows(case) if row.accepts in sorts] or [row for row in RECIVED if row.accepts in sorts]
        row = next((row for row in rows if _value(case, row.name)), rows[0])
        said = refusal(name=row.name, value=_value(case, row.name))
        return said.quoting(row.source) if refusal in (errors.NotAPhone, errors.NotASingleText) else said

    return forced


def _missing(case: Case) -> Refused:
    row = next((row for row in _rows(case) if not _value(case, row.name)), _rows(case)[0])
    return errors.MissingParameter(name=row.name)


_FORCED: Mapping[type[Refused], Forced] = {
    errors.NotOffered: lambda case: errors.NotOffered(action=case.call.operation),
    errors.BodyUnreadable: lambda _: errors.BodyUnreadable(reason="not an object"),
    errors.NotASingleText: _about(errors.NotASingleText, type_, phone, phones),
    errors.NotADateTime: _about(errors.NotADateTime, moment),
    errors.UnknownType: _about(errors.UnknownType, type_),
    errors.NotABoolean: _about(errors.NotABoolean, boolean),
    errors.NotAPage: _about(errors.NotAPage, page, limit),
    errors.UnknownOrder: _about(errors.UnknownOrder, order),
    errors.NotAPhone: _about(errors.NotAPhone, phones, phone),
    errors.UnknownCode: lambda case: errors.UnknownCode(value=_value(case, "code")),
    errors.MissingParameter: _missing,
}

force = by(_FORCED)
