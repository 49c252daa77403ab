"""The parts of Markdown that every generated page uses."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MADE = "<!-- Made by `make reference`. -->"


def page(lines: Iterable[str]) -> str:
    """Return a page of these lines, the title first, with a note that it is made."""
    title, *rest = lines
    return "\n".join((title, "", MADE, *rest, ""))


def line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.replace("\b", "").split()).replace("``", "`")


def cell(text: str) -> str:
    """Return a text on one line, safe in a table."""
    return line(text).replace("|", "\\|")


def code(text: object) -> str:
    """Return a text as code, safe in a table."""
    shown = " ".join(str(text).split()).replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, with an empty line before it; nothing when it has no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if lines:
        yield from ("", f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}", *lines)


def first_paragraph(value: object) -> str:
    """Return the first paragraph of a docstring on one line."""
    return cell((inspect.getdoc(value) or "").split("\n\n")[0])


def anchored(depth: int, title: str, anchor: str) -> str:
    """Return a heading with an anchor that does not change when its text does."""
    return f"{'#' * depth} {title} {{#{anchor}}}"


def schema_in_words(schema: Mapping[str, Any]) -> str:
    """Return what a JSON Schema allows, in words: its description, or else its type."""
    if described := schema.get("description"):
        return cell(described)
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return ", ".join(map(code, schema["enum"]))
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(map(schema_in_words, choices))
    if "$ref" in schema:
        return code(schema["$ref"].rpartition("/")[2])
    kind = schema.get("type", "any JSON")
    return ", ".join(kind) if isinstance(kind, list) else kind


def members(schema: Mapping[str, Any], titles: Sequence[str] = ("member", "needed", "value")) -> Iterator[str]:
    """Yield the table of the members of an object's JSON Schema."""
    needed = schema.get("required", ())
    yield from table(
        titles,
        (
            (code(name), "yes" if name in needed else "", schema_in_words(part))
            for name, part in schema.get("properties", {}).items()
        ),
    )
