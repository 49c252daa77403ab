"""The vendor's table of error codes, behind ``error/<code>``."""

from __future__ import annotations

from msgspec import Struct

from mockserver.providers.serwersms.errors import CODES, NotASingleText, UnknownCode
from mockserver.sdk import (
    Call,
    Decision,
    IdReservation,
    Instant,
    Operation,
    Parameter,
    State,
    assumed,
    choice,
    parse_parameters,
)


class KnownError(Struct, frozen=True):
    """A code of the vendor's table."""

    code: int


CODE = Parameter(
    "code",
    choice({str(code): code for code in CODES}, UnknownCode),
    assumed("SW-34"),
    not_text=NotASingleText,
    place="path",
)


def view_error(call: Call, account: None, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Show an error of the vendor's table (SW-34)."""
    return Decision(now, KnownError(parse_parameters((CODE,), call.values, blank=())["code"]))


OPERATIONS = (
    Operation(
        name="error.view",
        source=assumed("SW-34"),
        decide=view_error,
        parameters=(CODE,),
        needs_account=False,  # SW-34: the table needs no credentials
    ),
)
