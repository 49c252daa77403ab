"""The errors that a fault rule demands by name, where the parameter table does not say them.

The vendor's sentences repeat nothing of a call (SW-30), so on the wire no one can tell an injected one from a real
one; the facts are for explanations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from mockserver.sdk import MOST_FIELDS, Case, ErrorBuilder, Parameter, ProviderError

from . import errors
from .operations import OPERATIONS
from .operations.reports import MOST_IDS, VIEW
from .outbound import MOST_RECIPIENTS
from .parameters import RECIVED


def _rows(case: Case) -> Sequence[Parameter]:
    """Return the parameters of the call's action; those of the first action if it has none of these."""
    return next(
        (
            each.parameters
            for each in OPERATIONS
            if each.name == case.call.operation and each.common and each.parameters
        ),
        RECIVED,
    )


def _not_single(case: Case) -> ProviderError:
    """About the first of the parameters that take one text and no list, or might."""
    every = _rows(case)
    rows = [row for row in every if row.kind.error in (errors.UnknownType, errors.NotAPhone)] or every
    row = next((row for row in rows if case.value(row.name)), rows[0])
    return row.error(errors.NotASingleText, value=case.value(row.name))


def _missing(case: Case) -> ProviderError:
    row = next((row for row in _rows(case) if not case.value(row.name)), _rows(case)[0])
    return row.error(errors.MissingParameter)


def _limit_used_up(error: type[ProviderError], _: Case) -> ProviderError:
    return error(needed=1, left=0)


_LIMITS = (errors.EcoLimitUsedUp, errors.FullLimitUsedUp, errors.MmsLimitUsedUp, errors.VoiceLimitUsedUp)
ERROR_BUILDERS: Mapping[type[ProviderError], ErrorBuilder] = {
    errors.BodyUnreadable: lambda _: errors.BodyUnreadable(reason="not an object"),
    errors.TooManyParameters: lambda _: errors.TooManyParameters(reason=f"more than {MOST_FIELDS} fields"),
    errors.NotASingleText: _not_single,
    errors.MissingParameter: _missing,
    **{error: partial(_limit_used_up, error) for error in _LIMITS},
    errors.TooManyIds: lambda _: errors.TooManyIds(most=MOST_IDS, count=MOST_IDS + 1),
    errors.UnknownMessage: lambda case: VIEW[0].error(errors.UnknownMessage, value=case.value("id")),
    errors.TooManyMessages: lambda _: errors.TooManyMessages(most=MOST_RECIPIENTS, count=MOST_RECIPIENTS + 1),
    errors.WrongUniqueIdCount: lambda _: errors.WrongUniqueIdCount(count=1),
    errors.InvalidMessage: lambda _: errors.InvalidMessage(reason="it has control characters"),
}
