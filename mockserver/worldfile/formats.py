"""The formats of world files: the present one, and the one before it, which is read as the present one."""

from __future__ import annotations

from typing import Any

from mockserver.validation.messages import Place, WorldFileError, show_value

FORMAT = 2
"""The value of ``format``, the first member of a world file."""

_RENAMED = {"readings": "variants", "agenda": "scheduled"}
"""The members that format 1 called otherwise: their old names, and their names now."""


def upgrade(document: Any) -> Any:
    """Return a decoded world file of format 1 as one of format 2; anything else unchanged.

    Raises:
        WorldFileError: it has ``mockserver``, as format 1 does, with another value than 1.
    """
    if not is_format_1(document):
        return document
    version = document["mockserver"]
    if version != 1 or version is True:
        raise WorldFileError(
            f"{show_value(version)} is not 1; newer files begin with 'format': {FORMAT}", ("mockserver",)
        )
    members = {_RENAMED.get(name, name): value for name, value in document.items() if name != "mockserver"}
    if isinstance(members.get("accounts"), list):
        members["accounts"] = [_with_verification(account) for account in members["accounts"]]
    return {"format": FORMAT, **members}


def _with_verification(account: Any) -> Any:
    """Return an account whose forwarding rules verify, as those of format 1 did by default."""
    if not isinstance(account, dict) or not isinstance(account.get("forwarding"), list):
        return account
    rules = [{"verification": True, **rule} if isinstance(rule, dict) else rule for rule in account["forwarding"]]
    return {**account, "forwarding": rules}


def is_format_1(document: Any) -> bool:
    """Return whether a decoded world file has ``mockserver`` in place of ``format``."""
    return isinstance(document, dict) and "mockserver" in document and "format" not in document


def place_in_format_1(place: Place) -> Place:
    """Return the place in a file of format 1 that became a place in the upgraded file."""
    names = {new: old for old, new in _RENAMED.items()}
    return (names.get(str(place[0]), place[0]), *place[1:]) if place else place
