"""The operations that SerwerSMS offers, and how a call is decided. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.errors import InvalidAction, InvalidToken, InvalidUser, NotOffered, WrongMethod
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

# SW-33: what the vendor's clients call, by group. Their paths are his, so those that are not offered are answered, with 1000.
_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "account": ("add", "help", "limits", "messages"),
    "blacklist": ("add", "check", "delete", "index"),
    "contacts": ("add", "delete", "edit", "import", "index", "view"),
    "files": ("add", "delete", "index", "view"),
    "groups": ("add", "check", "delete", "edit", "index", "view"),
    "messages": (
        "delete",
        "recived",
        "reports",
        "send_mms",
        "send_nd",
        "send_ndi",
        "send_personalized",
        "send_rcs",
        "send_sms",
        "send_voice",
        "tester_rcs",
        "view",
    ),
    "payments": ("index", "invoice", "view"),
    "phones": ("check", "lookup", "test"),
    "premium": ("index", "send"),
    "push": ("contact",),
    "quiz": ("view",),
    "senders": ("add", "index"),
    "stats": ("index",),
    "subaccounts": ("add", "delete", "index", "limit", "view"),
    "templates": ("add", "delete", "edit", "index", "rcs", "view"),
}
GROUPS = ("error", *_ACTIONS)
"""The first segments of the vendor's paths."""
_OFFERED = frozenset(operation.name for operation in OPERATIONS)
NOT_OFFERED = frozenset(f"{group}.{action}" for group, actions in _ACTIONS.items() for action in actions) - _OFFERED
"""The vendor's actions that this package does not have."""


def _build_operation_error(call: Call) -> ProviderError:
    """Return the error for an action that is unknown, or is not offered (SW-33)."""
    return NotOffered(action=call.operation) if call.operation in NOT_OFFERED else InvalidAction()


def _build_credential_error(call: Call, operation: Operation | None = None) -> ProviderError:  # noqa: ARG001 - one shape for all providers
    """Return the error for a credential that is missing, or no account's (SW-4)."""
    is_token = call.credential is not None and call.credential.secret is None
    return InvalidToken() if is_token else InvalidUser()


_decide_by_operation = decide_by(OPERATIONS, _build_credential_error, _build_operation_error)
_WITHOUT_ACCOUNT = frozenset(operation.name for operation in OPERATIONS if not operation.needs_account)


def decide(call: Call, state: State, now: Instant, ids: IdReservation) -> Decision:
    """Decide a call: unknown action, method, body, credentials, action not offered, parameters, in this order (SW-37)."""
    error = None if call.operation in _OFFERED else _build_operation_error(call)
    if type(error) is InvalidAction and state.variants[quirks.UNKNOWN_ACTION.name] == "first":
        return Decision(now, error)
    is_get = call.values["method"] != "POST"
    if is_get and call.operation not in _WITHOUT_ACCOUNT and state.variants[quirks.GET.name] == "rejected":  # SW-32
        return Decision(now, WrongMethod(allowed="POST"))
    if error is None:
        return _decide_by_operation(call, state, now, ids)
    if call.defect is not None:
        return Decision(now, call.defect)
    account = None if call.credential is None else state.account_of(call.credential)
    if account is None:
        return Decision(now, _build_credential_error(call))
    return Decision(now, error, account=account.key)
