"""The operations that mGage offers, and how a call is decided. Pure: a state and an instant in, a decision out."""

from __future__ import annotations

from mockserver.providers.mgage.errors import InvalidCredentials, MissingCredentials
from mockserver.sdk import Call, Operation, ProviderError, decide_by

from . import mobile_originated, programs

OPERATIONS = (*programs.OPERATIONS, *mobile_originated.OPERATIONS)


def _build_credential_error(call: Call, operation: Operation) -> ProviderError:  # noqa: ARG001 - one shape for all providers
    """Return the error for a user and password that are missing, or no account's (MG-13)."""
    return MissingCredentials() if call.credential is None else InvalidCredentials()


# MG-26: the credentials are checked before the program and the filters
decide = decide_by(OPERATIONS, _build_credential_error)
