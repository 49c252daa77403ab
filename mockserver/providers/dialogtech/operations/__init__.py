"""The operations that DialogTech offers, and how a call is decided. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from mockserver.providers.dialogtech.errors import InvalidCredentials, MissingParameter, NotOffered, UnknownAction
from mockserver.providers.dialogtech.parameters import ACTION
from mockserver.sdk import Call, Operation, ProviderError, decide_by

from . import messages, numbers

OPERATIONS = (*messages.OPERATIONS, *numbers.OPERATIONS)

# DT-45: what else the vendor's pages document and its clients call at this address
NOT_OFFERED = frozenset(
    (
        "sms.get_message",
        "sms.delete_message",
        "sms.register_number",
        "sms.unregister_number",
        "general.buildingblockids",
        "general.login",
        "routing.numbers",
        "verifymenow.verify",
    )
)


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
    _, key, secret, _ = operation.common
    if call.credential is None:
        return (secret if call.values.get("access_key") else key).error(MissingParameter)
    return InvalidCredentials(name=credential_name(call)).with_source(key.source)


def credential_name(call: Call) -> str:
    """Return the name of the credential that was sent."""
    is_one = call.credential is not None and call.credential.secret is None
    return "api_key" if is_one else "access_key or secret_access_key"


# DT-38: the action is checked first, then the credentials, then the parameters
decide = decide_by(OPERATIONS, _build_credential_error, _build_operation_error)
