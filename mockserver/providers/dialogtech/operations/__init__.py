"""The operations that DialogTech offers, and how a call is decided. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from mockserver.providers.dialogtech.errors import (
    InvalidAccount,
    InvalidCredentials,
    MissingParameter,
    NotOffered,
    UnknownAction,
)
from mockserver.providers.dialogtech.parameters import ACTION
from mockserver.sdk import Call, Operation, ProviderError, decide_by

from . import general, messages, numbers
from .not_offered import NOT_OFFERED

__all__ = ["LOGIN", "NOT_OFFERED", "OPERATIONS", "credential_name", "decide"]

OPERATIONS = (*messages.OPERATIONS, *numbers.OPERATIONS, *general.OPERATIONS)
LOGIN = "general.login"
"""The action whose credentials are a user name and a password (DT-52)."""


def _build_operation_error(call: Call) -> ProviderError:
    """Return the error for a request whose action is unknown or not offered, or cannot be read."""
    if call.defect is not None:
        return call.defect
    action = call.values.get("action")
    if not action:
        return ACTION.error(MissingParameter)
    ACTION.text(action)  # raises an error of its own for what is not UTF-8
    return NotOffered(value=action) if action in NOT_OFFERED else UnknownAction(value=action)


def _build_credential_error(call: Call, operation: Operation) -> ProviderError:
    """Return the error for credentials that are incomplete, or no account's (DT-35)."""
    key, secret = operation.common[1:3]
    if call.credential is None:
        return (secret if call.values.get(key.name) else key).error(MissingParameter)
    if operation.name == LOGIN:
        return InvalidAccount()
    return InvalidCredentials(name=credential_name(call)).with_source(key.source)


def credential_name(call: Call) -> str:
    """Return the name of the credential that was sent."""
    is_one = call.credential is not None and call.credential.secret is None
    return "api_key" if is_one else "access_key or secret_access_key"


# DT-38: the action is checked first, then the credentials, then the parameters
decide = decide_by(OPERATIONS, _build_credential_error, _build_operation_error)
