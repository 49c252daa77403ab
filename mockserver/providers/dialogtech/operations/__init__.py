"""What DialogTech can be asked for, and how it is decided who asks for what. Pure: a state, an instant and identifiers in, a decision out."""

from __future__ import annotations

from mockserver.providers.dialogtech.errors import InvalidCredentials, MissingParameter, UnknownAction
from mockserver.providers.dialogtech.parameters import ACTION
from mockserver.sdk import Account, Call, Operation, State, decide_by

from . import messages, numbers

OPERATIONS = (*messages.OPERATIONS, *numbers.OPERATIONS)
_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def _choose(call: Call, state: State) -> Operation:  # noqa: ARG001 - one shape for all providers
    """DT-38: the action is looked at first, then who asks, then the parameters."""
    if call.defect is not None:
        raise call.defect
    action = call.values.get("action")
    if not action:
        raise ACTION.error(MissingParameter)
    operation = _BY_NAME.get(ACTION.text(action))
    if operation is None:
        raise UnknownAction(value=call.operation)
    return operation


def _authenticate(call: Call, state: State) -> Account:
    """The account whose credentials these are (DT-35)."""
    _, key, secret, _ = _BY_NAME[call.operation].common
    if call.credential is None:
        raise (secret if call.values.get("access_key") else key).error(MissingParameter)
    account = state.account_of(call.credential)
    if account is None:
        raise InvalidCredentials(name=credential_name(call)).with_source(key.source)
    return account


def credential_name(call: Call) -> str:
    """The name of the credential that was sent."""
    is_one = call.credential is not None and call.credential.secret is None
    return "api_key" if is_one else "access_key or secret_access_key"


decide = decide_by(_choose, _authenticate)
