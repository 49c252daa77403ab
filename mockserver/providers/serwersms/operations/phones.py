"""Look at telephone numbers: whether one can be right (SW-90)."""

from __future__ import annotations

from msgspec import Struct

from mockserver.providers.serwersms.networks import is_mobile
from mockserver.providers.serwersms.parameters import BLANK, CREDENTIALS, TEXT, required
from mockserver.providers.serwersms.results import Shown
from mockserver.sdk import Account, Call, Decision, IdReservation, Instant, Operation, State, assumed, parse_parameters


class Tested(Struct, frozen=True):
    """Whether a number can be a mobile one."""

    correct: bool


_TEST = (required("phone", TEXT, assumed("SW-90")),)


def test(call: Call, account: Account, state: State, now: Instant, ids: IdReservation) -> Decision:  # noqa: ARG001 - one shape for all operations
    """Say whether a number can be a mobile one (SW-90)."""
    values = parse_parameters(_TEST, call.values, blank=BLANK)
    return Decision(now, Shown(Tested(is_mobile(values["phone"]))), account=account.key)


OPERATIONS = (
    Operation(name="phones.test", source=assumed("SW-90"), decide=test, parameters=_TEST, common=CREDENTIALS),
)
