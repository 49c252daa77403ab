"""The words of the project: retired names stay retired, and no two public classes share a name.

Prose is exempt, and so are a protocol's own terms: only names that somebody types or imports are looked at.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from werkzeug.test import Client

from mockserver.cli import cli

ROOT = Path(__file__).parents[2] / "mockserver"
RETIRED = frozenset(
    {
        "agenda",
        "astray",
        "authority",
        "claim",
        "courier",
        "door",
        "doors",
        "errand",
        "errands",
        "habit",
        "habits",
        "house",
        "houses",
        "lane",
        "lanes",
        "manners",
        "mischief",
        "nobody",
        "outbox",
        "reading",
        "readings",
        "refusal",
        "refusals",
        "refuse",
        "refused",
        "refuses",
        "refusing",
        "room",
        "rooms",
        "shelf",
        "shelves",
        "spoil",
        "spoilt",
        "stories",
        "story",
        "stray",
        "strays",
        "suffer",
        "told",
        "toll",
        "tunnel",
        "whereabouts",
    }
)
"""Words that no name contains any more: as a part between underscores, hyphens or capital letters."""
FOREIGN = frozenset({"CertificateAuthority", "ConnectionRefusedError", "is_reading", "pause_reading", "resume_reading"})
"""Names that other libraries give, and the field's own term for what signs certificates."""
SOURCES = [path for path in sorted(ROOT.rglob("*.py")) if "preloads" not in path.parts]


def parts(name: str) -> set[str]:
    """The words of a name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def retired(names: Iterator[str]) -> list[str]:
    return sorted({name for name in names if name not in FOREIGN and parts(name) & RETIRED})


def symbols(tree: ast.AST) -> Iterator[str]:
    """Every name that a module binds or uses."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name


def keys(thing: Any) -> Iterator[str]:
    """Every key of a JSON document, however deep."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield key
            yield from keys(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from keys(value)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """The full name of every command below a group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_the_words_of_a_name_are_found() -> None:
    assert {"world", "registry"} == parts("WorldRegistry") == parts("_world_registry")
    assert ["HTTPHouse", "_the_house", "no-tunnel"] == retired(
        iter(["HTTPHouse", "_the_house", "no-tunnel", "warehouse", "pause_reading"])
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_symbol_has_a_retired_word(path: Path) -> None:
    assert [] == retired(symbols(ast.parse(path.read_text())))


def test_no_module_is_named_by_a_retired_word() -> None:
    assert [] == retired(str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if "__pycache__" not in path.parts)


def test_no_route_or_key_of_the_control_api_has_a_retired_word(client: Client) -> None:
    document = client.get("/_mock/openapi.json").get_json()

    assert len(document["paths"]) > 20
    assert [] == retired(keys(document))


def test_no_key_of_a_world_file_or_schema_has_a_retired_word(client: Client) -> None:
    snapshot = client.get("/_mock/worlds/default/snapshot").get_json()

    assert "accounts" in snapshot
    assert [] == retired(keys({**snapshot, "accounts": [{**each, "messages": []} for each in snapshot["accounts"]]}))


def test_no_command_or_flag_has_a_retired_word() -> None:
    found = dict(commands(cli))  # type: ignore[arg-type]  # the decorated function is a group

    assert len(found) > 40
    names = (name for path in found for name in path.split())
    flags = (flag for command in found.values() for option in command.params for flag in option.opts)
    metavars = (option.metavar or "" for command in found.values() for option in command.params)
    assert [] == retired(iter([*names, *flags, *metavars]))


def test_no_heading_of_the_page_has_a_retired_word() -> None:
    pages = [path.read_text() for path in sorted((ROOT / "ui/templates/ui").glob("*.html"))]
    headings = [heading for page in pages for heading in re.findall(r"<(?:h[1-6]|button)[^>]*>([^<{]*)", page)]

    assert len(headings) > 10
    assert [] == retired(iter(headings))


def test_no_two_public_classes_share_a_name() -> None:
    """Across providers names may repeat, because each provider is a package of its own."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in SOURCES:
        where = path.relative_to(ROOT)
        package = "/".join(where.parts[:2]) if where.parts[0] == "providers" else ""
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[package, node.name].append(str(where))

    assert len(places) > 200
    assert {} == {name: found for (_, name), found in places.items() if len(found) > 1}
