"""Whatever is changed in a response of any operation is a difference, unless the provider makes that place up."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
from msgspec import structs

from contract_tests.installed import INSTALLED
from contract_tests.recordings.serwersms_life import WORLD, live
from contract_tests.recordings.upstream import Upstream
from mockserver.har import RecordedExchange
from mockserver.recordings.comparison import compare_responses
from mockserver.recordings.correspondence import Correspondence
from mockserver.recordings.places import ITEM, find_root
from mockserver.recordings.reconstruction import provider_request
from mockserver.sdk.response import Response

PROVIDER = INSTALLED.by_name["serwersms"]
Path = tuple[str | int, ...]


def record() -> dict[str, RecordedExchange]:
    """Return the longest response of each operation."""
    upstream = Upstream("serwersms", None, WORLD)
    live(upstream)
    longest: dict[str, RecordedExchange] = {}
    for each in sorted(upstream.recording, key=lambda each: len(each.response_body)):
        if each.response_body[:1] == b"{":
            longest[PROVIDER.parse(provider_request(each)).operation] = each
    return longest


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*path, name))


def value_at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def changed(value: Any) -> Iterator[Any]:
    """Yield values that are not this one: of its type, and of another."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        yield str(value)
    elif isinstance(value, str):
        yield f"{value}x"
        yield 7
    elif isinstance(value, dict):
        yield {**value, "new": 1}
    elif isinstance(value, list):
        yield [*value, None]
    yield {"other": 1}


def is_made_up(path: Path, operation: str) -> bool:
    place = find_root(PROVIDER.generated_fields, operation, has_items=True)
    for step in path:
        place = place.step(ITEM if isinstance(step, int) else step)
    return place.field is not None


def test_a_change_of_any_value_is_a_difference() -> None:
    recorded = record()
    assert len(recorded) > 25
    for operation, exchange in recorded.items():
        ours = Response(exchange.status, exchange.response_headers, exchange.response_body)
        document = orjson.loads(exchange.response_body)
        for path in places(document):
            value = value_at(document, path)
            for other in changed(value):
                whole = deepcopy(document)
                value_at(whole, path[:-1])[path[-1]] = other
                one = structs.replace(exchange, response_body=orjson.dumps(whole))
                differences = compare_responses(one, ours, Correspondence(), PROVIDER.generated_fields, operation)
                is_free = type(other) is type(value) and is_made_up(path, operation)
                assert differences or is_free, (operation, path, other)
