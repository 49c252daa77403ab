"""What the rooms' `arrive` have in common: what the fields of a message are held to, and who is meant by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mockserver.validation.messages import Place, shown, unknown, written

from .forms import is_utf8

if TYPE_CHECKING:
    from mockserver.engine.accounts import Account
    from mockserver.engine.state import State
    from mockserver.validation.json_schema import Schema


@cache
def message_schema(path: Path, fields: tuple[str, ...], required: tuple[str, ...]) -> Schema:
    """What the fields are held to: a message of a world file, and perhaps whose it is.

    Args:
        path: the JSON Schema of one of the room's accounts in a world file.
        fields: of a message that comes in.
        required: those of them that have to be there.
    """
    definitions = orjson.loads(path.read_bytes())["definitions"]
    known = definitions["message"]["properties"]
    return {
        "definitions": definitions,
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {name: known[name] for name in fields} | {"account": definitions["name"]},
    }


def check_texts(thing: Any, place: Place = ()) -> None:
    """Refuse what no answer could say.

    Raises:
        ValueError: a text in it has no UTF-8; one sentence says where.
    """
    if isinstance(thing, str) and not is_utf8(thing):
        raise ValueError(f"{written(place)}: {shown(thing)} is not text that UTF-8 can carry")
    for step, part in _parts(thing):
        check_texts(part, (*place, step))


def _parts(thing: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(thing, dict):
        return thing.items()
    return enumerate(thing) if isinstance(thing, list) else ()


def candidates(fields: Mapping[str, Any], state: State, provider: str) -> list[Account]:
    """The provider's account that the fields name, or all it has where they name none.

    Raises:
        ValueError: there is none of that name; one sentence says so, and which is near.
    """
    accounts = [account for account in state.accounts.values() if account.provider == provider]
    if "account" not in fields:
        return accounts
    named = [account for account in accounts if account.name == fields["account"]]
    if not named:
        raise ValueError(f"account: {unknown('account', fields['account'], (account.name for account in accounts))}")
    return named
