"""The refusals that a fault demands by name: each says what it would say to this very call, had the call deserved it.

What a refusal repeats is what the call has; where the call has nothing that could be refused so, it is the least that
could be, so that on the wire nobody can tell the forced one from the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from mockserver.engine.instants import datetime_of
from mockserver.engine.provider_errors import Refused
from mockserver.sdk.error_injection import Case, Forced, by
from mockserver.sdk.forms import Malformed, multipart_pairs

from . import errors, limits
from .operations import credential_name
from .parameters import ACTION, CREDENTIALS, TABLES, Parameter, day, message, number


def _rows(case: Case) -> tuple[Parameter, ...]:
    """What the call's action reads."""
    action = case.call.operation
    return (*TABLES[action], *CREDENTIALS[action]) if action in TABLES else (ACTION,)


def _body(case: Case) -> Refused:
    try:
        multipart_pairs("multipart/form-data", case.asked.body)  # no boundary, so there are no parts
    except Malformed as reason:
        return errors.BodyUnreadable(reason=str(reason))
    raise AssertionError("a multipart body without a boundary was read")


def _missing(case: Case) -> Refused:
    row = next((row for row in _rows(case) if row.is_required and not case.text(row.name)), _rows(case)[0])
    return errors.MissingParameter(name=row.name).quoting(row.source)


def _row(case: Case, accepts: Callable[[Parameter, str], object], otherwise: Parameter) -> Parameter:
    """The first row of a sort that the call fills, or might."""
    rows = [row for row in _rows(case) if row.accepts is accepts] or [otherwise]
    return next((row for row in rows if case.text(row.name)), rows[0])


def _number(case: Case) -> Refused:
    row = _row(case, number, TABLES["sms.send_message"][0])
    return errors.NotANumber(name=row.name, value=case.text(row.name)).quoting(row.source)


def _day(case: Case) -> Refused:
    row = _row(case, day, TABLES["sms.get_messages"][0])
    return errors.NotADay(name=row.name, value=case.text(row.name)).quoting(row.source)


def _range(case: Case) -> Refused:
    today = datetime_of(case.now).date()
    start, end = case.text("start_date"), case.text("end_date")
    return errors.EndsBeforeStart(start=start or f"{today:%Y%m%d}", end=end or f"{today - timedelta(days=1):%Y%m%d}")


def _credentials(case: Case) -> Refused:
    key, _ = CREDENTIALS.get(case.call.operation, CREDENTIALS["sms.send_message"])
    return errors.InvalidCredentials(name=credential_name(case.call)).quoting(key.source)


def _limit(refused: type[errors.Failed]) -> Forced:
    return lambda case: limits.just_filled(refused, case.now)


_FORCED: Mapping[type[Refused], Forced] = {
    errors.BodyUnreadable: _body,
    errors.WrongMethod: lambda case: errors.WrongMethod(method=case.asked.method),
    errors.MissingParameter: _missing,
    errors.UnknownAction: lambda case: errors.UnknownAction(value=case.call.operation),
    errors.InvalidCredentials: _credentials,
    errors.NotText: lambda case: errors.NotText(name=_row(case, message, _rows(case)[0]).name),
    errors.NotANumber: _number,
    errors.NotADay: _day,
    errors.EndsBeforeStart: _range,
    errors.MessageTooLong: lambda case: errors.MessageTooLong(length=max(len(case.text("message")), 257)),
    errors.NotATrackingNumber: lambda case: errors.NotATrackingNumber(value=case.text("from")),
    errors.InvalidRecipient: lambda case: errors.InvalidRecipient(value=case.text("to")),
    **{refused: _limit(refused) for refused in limits.REFUSED},
}

force = by(_FORCED)
