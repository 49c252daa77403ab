"""The journal in a world file: its exchanges exactly, in the text that a store has of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

import orjson

from mockserver.engine.journal import Exchange
from mockserver.sdk.provider import Provider
from mockserver.validation.messages import Place, WorldFileError
from mockserver.worldfile import WorldFile

if TYPE_CHECKING:
    from mockserver.stores.codec import Codec


def create_codec(providers: Iterable[Provider]) -> Codec:
    """Create what writes worlds of these providers as text, and reads them again."""
    from mockserver.http.fault_effects import FAULT_TYPES
    from mockserver.stores.codec import Codec

    providers = tuple(providers)
    return Codec(
        {each.name: each.collections for each in providers},
        {each.name: (*each.errors, *each.routing_errors.values()) for each in providers},
        FAULT_TYPES,
    )


def describe_journal(exchanges: Iterable[Exchange], providers: Iterable[Provider]) -> dict[str, Any]:
    """Return the part of a world file that is the journal. `orjson` has to write it, because it holds finished JSON."""
    codec, parts = create_codec(providers), dict[str, Any]()

    def put(digest: str, make: Callable[[], bytes]) -> None:
        if digest not in parts:
            parts[digest] = orjson.Fragment(make())

    rows = [orjson.Fragment(codec.encode_exchange(exchange, put)) for exchange in exchanges]
    return {"journal": rows, "journal_parts": parts}


def read_journal(file: WorldFile, providers: Iterable[Provider], *place: str | int) -> list[Exchange]:
    """Return the exchanges of a world file's journal, in order.

    Args:
        file: the world file.
        providers: the providers whose errors the exchanges may have.
        place: where the file is in the document that holds it.

    Raises:
        WorldFileError: an exchange cannot be read.
    """
    if not file.journal:
        return []
    from mockserver.stores.values import StoredDataError

    codec = create_codec(
        providers
    )  # one of its own, because it keeps what it reads by digests that a user may have changed

    def part(digest: str) -> bytes:
        return orjson.dumps(file.journal_parts[digest])

    found = []
    for number, row in enumerate(file.journal):
        where: Place = (*place, "journal", number)
        try:
            exchange = codec.decode_exchange(orjson.dumps(row), part)
        except StoredDataError as reason:
            raise WorldFileError(f"the exchange cannot be read: {reason}", where) from reason
        for name, kinds in _KINDS.items():
            if type(getattr(exchange, name)) not in kinds:
                raise WorldFileError(f"the exchange cannot be read: its {name} is of another type", where)
        found.append(exchange)
    return found


_TEXT, _NUMBER = (str,), (int,)
_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("method", "target", "effect", "origin"), _TEXT),
    **dict.fromkeys(
        ("listener", "world", "provider", "account", "operation", "ending", "invalid_reason"), (str, NoneType)
    ),
    **dict.fromkeys(("number", "at", "status", "size", "masked_secrets"), _NUMBER),
    "sent": (int, NoneType),
    "duration": (int, NoneType),
    "is_masked": (bool,),
    "fault": (dict, NoneType),
}
"""The types of an exchange's fields, which the text does not fix."""
