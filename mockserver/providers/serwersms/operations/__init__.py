"""The operations that SerwerSMS offers, and how a call is decided. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.errors import InvalidAction, InvalidToken, InvalidUser, WrongMethod
from mockserver.sdk import Call, Decision, IdReservation, Instant, Operation, ProviderError, State, decide_by

from . import (
    account,
    blacklist,
    contacts,
    errors,
    files,
    groups,
    messages,
    payments,
    phones,
    premium,
    push,
    rcs,
    reports,
    senders,
    sending,
    stats,
    subaccounts,
    templates,
)

OPERATIONS = (
    *account.OPERATIONS,
    *blacklist.OPERATIONS,
    *contacts.OPERATIONS,
    *errors.OPERATIONS,
    *files.OPERATIONS,
    *groups.OPERATIONS,
    *messages.OPERATIONS,
    *payments.OPERATIONS,
    *phones.OPERATIONS,
    *premium.OPERATIONS,
    *push.OPERATIONS,
    *rcs.OPERATIONS,
    *reports.OPERATIONS,
    *senders.OPERATIONS,
    *sending.OPERATIONS,
    *stats.OPERATIONS,
    *subaccounts.OPERATIONS,
    *templates.OPERATIONS,
)

_NAMES = frozenset(operation.name for operation in OPERATIONS)
GROUPS = tuple(sorted({name.partition(".")[0] for name in _NAMES}))
"""The first segments of the vendor's paths."""


def _build_credential_error(call: Call, operation: Operation | None = None) -> ProviderError:  # noqa: ARG001 - one shape for all providers
    """Return the error for a credential that is missing, or no account's (SW-4)."""
    is_token = call.credential is not None and call.credential.secret is None
    return InvalidToken() if is_token else InvalidUser()


_decide_by_operation = decide_by(OPERATIONS, _build_credential_error)
_WITHOUT_ACCOUNT = frozenset(operation.name for operation in OPERATIONS if not operation.needs_account)


def decide(call: Call, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Decide a call: unknown action, method, body, credentials, parameters, in this order (SW-37)."""
    is_known = call.operation in _NAMES
    if not is_known and state.variants[quirks.UNKNOWN_ACTION.name] == "first":
        return Decision(now, InvalidAction())  # SW-33
    is_get = call.values["method"] != "POST"
    if is_get and call.operation not in _WITHOUT_ACCOUNT and state.variants[quirks.GET.name] == "rejected":  # SW-32
        return Decision(now, WrongMethod(allowed="POST"))
    if is_known:
        return _decide_by_operation(call, state, now, ids)
    if call.defect is not None:
        return Decision(now, call.defect)
    account = None if call.credential is None else state.account_of(call.credential)
    if account is None:
        return Decision(now, _build_credential_error(call))
    return Decision(now, InvalidAction(), account=account.key)
