"""The page of the world file, made from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.admin.schemas import account_schema
from mockserver.admin.world_file_schema import world_file_schema
from mockserver.cli.common import installed_catalog
from mockserver.sdk.loading import installed_providers

from .markdown import anchored, code, members


def world_file() -> Iterator[str]:
    """The members of a world file, and those of the accounts of each provider."""
    whole = world_file_schema(installed_catalog())
    yield "# World file"
    yield ""
    yield (
        "A world as JSON: what a new world contains, and what `mockserver world save` writes. Editors complete and check such a file by [its JSON Schema](world.schema.json), "
        "which `mockserver fixtures schema` prints with the accounts of the providers that you have installed. `mockserver fixtures check FILE` checks a file, and says more than a schema can."
    )
    yield ""
    yield 'The smallest file is `{"format": 2, "accounts": []}`. [Faults](faults.md) and [variants](variants.md) have pages of their own.'
    yield ""
    yield "## Members of the file"
    yield from members(whole)
    yield from inner(whole, "", 3, {"accounts", "faults", "variants"})
    for provider in installed_providers():
        account = account_schema(provider)
        yield ""
        yield anchored(2, f"An account of {provider.title}", provider.name)
        yield from members(account)
        yield from inner(account, provider.name, 3, set())


def inner(whole: Mapping[str, Any], anchor: str, depth: int, omitted: set[str]) -> Iterator[str]:
    """The members of the objects inside an object, at any depth, each once."""
    for name, part in whole.get("properties", {}).items():
        if name in omitted:
            continue
        is_list = "items" in part
        for choice in choices(part["items"] if is_list else part):
            if not choice.get("properties"):
                continue
            yield ""
            title = f"{'Each item of ' if is_list else ''}{code(name)}"
            yield anchored(depth, title, "-".join(filter(None, (anchor, name))).replace("_", "-"))
            yield from members(choice)
            yield from inner(choice, "-".join(filter(None, (anchor, name))), min(depth + 1, 5), omitted)


def choices(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas that a value may have."""
    return [*part.get("anyOf", ()), *part.get("oneOf", ())] or [part]
