"""The drawing of the packages and their imports in `docs/architecture.md`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import grimp

MARKS = "<!-- drawing: begin -->", "<!-- drawing: end -->"


def with_drawing(architecture: str) -> str:
    """Return the page with the present drawing between its marks."""
    before, _, rest = architecture.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    return f"{before}{MARKS[0]}\n{drawing()}\n{MARKS[1]}{after}"


def drawing() -> str:
    """The packages of mockserver and the imports between them, as a Mermaid diagram. Imports implied by others are left out."""
    graph = grimp.build_graph("mockserver")
    edges: dict[str, set[str]] = defaultdict(set)
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            start, end = package(importer), package(imported)
            if start and end and start != end:
                edges[start].add(end)
    lines = [f"    {start} --> {end}" for start in sorted(edges) for end in sorted(direct(edges, start))]
    return "\n".join(("```mermaid", "flowchart TD", *lines, "```"))


def package(module: str) -> str:
    """The top-level part of mockserver that a module belongs to; empty for the package itself."""
    name = module.partition(".")[2].partition(".")[0]
    return "" if name.startswith("__") else name


def direct(edges: Mapping[str, set[str]], start: str) -> set[str]:
    """What a package imports, without what it would reach through another import."""
    through: set[str] = set()
    for middle in edges[start]:
        through |= reachable(edges, middle) - {middle}
    return edges[start] - through


def reachable(edges: Mapping[str, set[str]], start: str) -> set[str]:
    """A package and everything below it."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += edges.get(each, ())
    return found
