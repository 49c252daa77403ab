"""The errors that a fault rule demands by name, where the parameter tables do not say them.

What an error repeats is what the call has; where the call has nothing that could be rejected so, it is the least that
could be, so that on the wire no one can tell the injected one from the real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from mockserver.sdk import (
    MOST_FIELDS,
    Case,
    ErrorBuilder,
    Malformed,
    Parameter,
    ProviderError,
    datetime_of,
    multipart_pairs,
)

from . import errors, limits
from .operations import OPERATIONS, credential_name
from .parameters import ACTION, MESSAGE

_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def _rows(case: Case) -> tuple[Parameter, ...]:
    """Return the parameters of the call's action, its own first; the action itself if it is unknown."""
    operation = _BY_NAME.get(case.call.operation)
    return (ACTION,) if operation is None else (*operation.parameters, *operation.common[1:3])


def _body(case: Case) -> ProviderError:
    try:
        multipart_pairs("multipart/form-data", case.request.body)  # no boundary, so there are no parts
    except Malformed as reason:
        return errors.BodyUnreadable(reason=str(reason))
    raise AssertionError("a multipart body without a boundary was read")


def _missing(case: Case) -> ProviderError:
    rows = _rows(case)
    row = next((row for row in rows if row.is_required and not case.text(row.name)), rows[0])
    return row.error(errors.MissingParameter)


def _not_text(case: Case) -> ProviderError:
    rows = _rows(case)
    row = next((row for row in rows if row.kind is MESSAGE), rows[0])
    return row.error(errors.NotText, value=case.text(row.name))


def _range(case: Case) -> ProviderError:
    today = datetime_of(case.now).date()
    start, end = case.text("start_date"), case.text("end_date")
    return errors.EndsBeforeStart(start=start or f"{today:%Y%m%d}", end=end or f"{today - timedelta(days=1):%Y%m%d}")


def _credentials(case: Case) -> ProviderError:
    key = _BY_NAME.get(case.call.operation, OPERATIONS[0]).common[1]
    return errors.InvalidCredentials(name=credential_name(case.call)).with_source(key.source)


def _limit(error: type[errors.DialogTechError]) -> ErrorBuilder:
    return lambda case: limits.just_filled(error, case.now)


ERROR_BUILDERS: Mapping[type[ProviderError], ErrorBuilder] = {
    errors.BodyUnreadable: _body,
    errors.TooManyParameters: lambda _: errors.TooManyParameters(reason=f"more than {MOST_FIELDS} fields"),
    errors.MissingParameter: _missing,
    errors.InvalidCredentials: _credentials,
    errors.NotText: _not_text,
    errors.EndsBeforeStart: _range,
    errors.MessageTooLong: lambda case: errors.MessageTooLong(
        name="message", length=max(len(case.text("message")), 257)
    ),
    **{error: _limit(error) for error in limits.ERRORS},
}
