"""What mGage can be asked for, and how it is decided who asks. Pure: a state and an instant in, a decision out."""

from __future__ import annotations

from mockserver.providers.mgage.errors import InvalidCredentials, MissingCredentials
from mockserver.sdk import Account, Call, Operation, State, decide_by

from . import programs

OPERATIONS = programs.OPERATIONS
_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def _choose(call: Call, state: State) -> Operation:  # noqa: ARG001 - one shape for all providers
    return _BY_NAME[call.operation]


def _authenticate(call: Call, state: State) -> Account:
    """The account whose user and password these are (MG-13). MG-26: who asks is looked at before the program and the filters."""
    if call.defect is not None:
        raise call.defect
    if call.credential is None:
        raise MissingCredentials
    account = state.account_of(call.credential)
    if account is None:
        raise InvalidCredentials
    return account


decide = decide_by(_choose, _authenticate)
