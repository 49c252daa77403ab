"""The accounts that a provider adds to the shipped worlds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mockserver.unpatched import read_bytes
from mockserver.validation.messages import WorldFileError
from mockserver.worldfile import Rules, decode_file, upgrade
from mockserver.worldfile.rules import check

if TYPE_CHECKING:
    from .provider import Provider


@cache
def read_accounts(provider: Provider) -> tuple[dict[str, Any], ...]:
    """Read the accounts of `Provider.accounts` in the form of world files; none where the provider has no such file.

    Raises:
        WorldFileError: the file is no world file, or has an account of another provider.
    """
    path = provider.accounts
    if path is None:
        return ()
    try:
        document: Any = upgrade(decode_file(path, read_bytes))
        check(document, Rules.of([provider], provider.quirks))
    except WorldFileError as error:
        raise WorldFileError(error.difference, error.place, path) from error
    return tuple(document["accounts"])
