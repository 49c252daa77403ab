"""What SerwerSMS can be asked for, and how it is decided who asks for what. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.errors import InvalidAction, InvalidToken, InvalidUser, NotOffered, WrongMethod
from mockserver.sdk import Account, Call, Operation, State, decide_by

from . import errors, messages

OPERATIONS = (*errors.OPERATIONS, *messages.OPERATIONS)
_BY_NAME = {operation.name: operation for operation in OPERATIONS}

# SW-33: what else the vendor's clients call, by group. Their paths are his, so they are answered, with 1000.
NOT_OFFERED: Mapping[str, tuple[str, ...]] = {
    "account": ("add", "help", "limits", "messages"),
    "blacklist": ("add", "check", "delete", "index"),
    "contacts": ("add", "delete", "edit", "import", "index", "view"),
    "files": ("add", "delete", "index", "view"),
    "groups": ("add", "check", "delete", "edit", "index", "view"),
    "messages": (
        "delete",
        "reports",
        "send_mms",
        "send_personalized",
        "send_rcs",
        "send_sms",
        "send_voice",
        "tester_rcs",
        "view",
    ),
    "payments": ("index", "invoice", "view"),
    "phones": ("check", "test"),
    "premium": ("index", "send"),
    "quiz": ("view",),
    "senders": ("add", "index"),
    "stats": ("index",),
    "subaccounts": ("add", "delete", "index", "limit", "view"),
    "templates": ("add", "delete", "edit", "index"),
}


def _choose(call: Call, state: State) -> Operation:
    """SW-37: the action, the method, the body, who asks, then the parameters."""
    operation = _BY_NAME.get(call.operation)
    if operation is None:
        group, _, action = call.operation.partition(".")
        raise NotOffered(action=call.operation) if action in NOT_OFFERED.get(group, ()) else InvalidAction
    is_get = call.values["method"] != "POST"
    if is_get and operation.needs_account and state.variants[quirks.GET.name] == "rejected":  # SW-32
        raise WrongMethod(allowed="POST")
    if call.defect is not None:
        raise call.defect
    return operation


def _authenticate(call: Call, state: State) -> Account:
    """The account whose credential this is (SW-4)."""
    credential = call.credential
    account = None if credential is None else state.account_of(credential)
    if account is None:
        raise InvalidToken if credential and credential.secret is None else InvalidUser
    return account


decide = decide_by(_choose, _authenticate)
