"""Inbound messages: the checks that `Provider.receive_inbound` begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mockserver.unpatched import read_bytes
from mockserver.validation.json_schema import validate
from mockserver.validation.messages import Place, format_place, show_value, unknown_name

from .fields import fields_schema
from .request import is_utf8

if TYPE_CHECKING:
    from msgspec import Struct

    from mockserver.engine.accounts import Account
    from mockserver.engine.state import State
    from mockserver.validation.json_schema import Schema


@cache
def message_schema(
    path: Path, fields: tuple[str, ...], required: tuple[str, ...], message_fields: type[Struct] | None = None
) -> Schema:
    """Return the JSON Schema of the fields: those of a message of a world file, and the name of its account.

    Args:
        path: the JSON Schema of one of the provider's accounts in a world file. Its definition ``message`` describes a message,
            and ``inbound_message``, where there is one, what else holds for the properties of an inbound one.
        fields: of an inbound message.
        required: those of them that have to be there.
        message_fields: the provider's own, which come as ``fields``; ``None`` where it has none.
    """
    definitions = orjson.loads(read_bytes(path))["definitions"]
    known = definitions["message"]["properties"] | definitions.get("inbound_message", {}).get("properties", {})
    return {
        "definitions": definitions,
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {
            **{name: known[name] for name in fields},
            "account": definitions["name"],
            **({} if message_fields is None else {"fields": fields_schema(message_fields)}),
        },
    }


def check_fields(fields: Mapping[str, Any], schema: Schema) -> None:
    """Check the fields of an inbound message.

    Raises:
        ValueError: they do not fit the schema, or a text in them cannot be written in UTF-8; one sentence says where.
    """
    validate(dict(fields), schema)
    check_texts(fields)


def check_texts(thing: Any, place: Place = ()) -> None:
    """Check that every text in a thing can be written in UTF-8.

    Raises:
        ValueError: one cannot; one sentence says where.
    """
    if isinstance(thing, str) and not is_utf8(thing):
        raise ValueError(f"{format_place(place)}: {show_value(thing)} is not text that UTF-8 can carry")
    for step, part in _parts(thing):
        check_texts(part, (*place, step))


def _parts(thing: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(thing, dict):
        return thing.items()
    return enumerate(thing) if isinstance(thing, list) else ()


def accounts_named(fields: Mapping[str, Any], state: State, provider: str) -> list[Account]:
    """Return the provider's account that the fields name, or all of its accounts where they name none.

    Raises:
        ValueError: there is no such account; one sentence says so, and suggests a similar name.
    """
    accounts = [account for account in state.accounts.values() if account.provider == provider]
    if "account" not in fields:
        return accounts
    named = [account for account in accounts if account.name == fields["account"]]
    if not named:
        raise ValueError(
            f"account: {unknown_name('account', fields['account'], (account.name for account in accounts))}"
        )
    return named
