"""Compare values with their types, and hold blobs in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from msgspec import Struct

from contract_tests.installed import INSTALLED
from mockserver.admin.journal_file import create_codec
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.entries import Entries
from mockserver.engine.faults import FaultRules
from mockserver.engine.message_store import MessageStore
from mockserver.engine.provider_errors import ProviderError
from mockserver.engine.scheduler import Scheduler
from mockserver.engine.segments import Segment
from mockserver.engine.state import State
from mockserver.stores.codec import Codec

_PARTS: tuple[tuple[Any, Callable[[Any], Iterable[Any]]], ...] = (
    (Mapping, lambda value: [(key, each) for key, each in value.items()]),
    ((set, frozenset), lambda value: sorted(value, key=repr)),
    ((list, tuple), lambda value: value),
    (DecisionTrace, lambda value: [value.windows, value.magic, value.emptied_by]),
    (Struct, lambda value: [getattr(value, field) for field in value.__struct_fields__]),
    (State, lambda value: value.contents().items()),
    (MessageStore, lambda value: [value.next_serial, sorted(value, key=lambda each: each.serial)]),
    (Segment, lambda value: sorted(value.messages(), key=lambda each: each.serial)),
    (Entries, lambda value: value.contents().items()),
    (Scheduler, lambda value: [value.last, *value]),
    (FaultRules, lambda value: [value.last, value.slow, *value]),
    (ProviderError, lambda value: [value.facts, value.source, str(value), value.advice]),
)
"""What is compared of values of some types."""


def typed(value: Any) -> Any:
    """Return a value as tuples with the name of each type, so that two are equal when the values and their types are."""
    for kind, parts in _PARTS:
        if isinstance(value, kind):
            return type(value).__name__, [*map(typed, parts(value))]
    if is_dataclass(value):
        return type(value).__name__, [typed(getattr(value, each.name)) for each in fields(value)]
    return type(value).__name__, repr(value)


class Blobs:
    """Blobs in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, digest: str, make: Callable[[], bytes]) -> None:
        if digest not in self.held:
            self.held[digest] = make()

    def get(self, digest: str) -> bytes:
        return self.held[digest]

    def reachable(self, *texts: bytes) -> set[str]:
        """Return the digests that texts refer to, and those that these blobs refer to."""
        references = new_codec().references
        found: set[str] = set()
        wanted = set().union(*map(references, texts))
        while wanted - found:
            digest = (wanted - found).pop()
            found.add(digest)
            wanted |= references(self.held[digest])
        return found


def new_codec() -> Codec:
    """Return a codec of the installed providers, which has read nothing yet."""
    return create_codec(INSTALLED)
