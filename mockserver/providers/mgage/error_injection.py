"""The errors that a fault rule demands by name, where the parameter table does not say them.

What an error repeats is what the call has; where the call has nothing that could be rejected so, it is the least that
could be, so that on the wire no one can tell the injected one from the real one.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sdk import MOST_FIELDS, SECOND, Case, ErrorBuilder, ProviderError, datetime_of

from . import errors

_YEAR = 366 * 24 * 60 * 60
"""Seconds."""


def _not_text(case: Case) -> ProviderError:
    row = next((row for row in case.parameters if row.name in case.call.values), case.parameters[0])
    return row.error(errors.NotText, value=case.text(row.name))


def _second(case: Case, name: str, before: int) -> str:
    """Return the date that was sent under a name; else the world's time, this many seconds earlier."""
    return case.text(name) or datetime_of(case.now - before * SECOND).isoformat()[:19]


def _range(case: Case) -> ProviderError:
    return errors.EndsBeforeStart(start=_second(case, "startDate", 0), end=_second(case, "endDate", 1))


ERROR_BUILDERS: Mapping[type[ProviderError], ErrorBuilder] = {
    errors.UnreadableCredentials: lambda _: errors.UnreadableCredentials(reason="not base64"),
    errors.TooManyParameters: lambda _: errors.TooManyParameters(reason=f"more than {MOST_FIELDS} fields"),
    errors.NotText: _not_text,
    errors.EndsBeforeStart: _range,
    errors.RangeTooLong: lambda case: errors.RangeTooLong(start=_second(case, "startDate", _YEAR + 1)),
}
