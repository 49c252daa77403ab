"""The page of the tools of `mockserver mcp`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio

from mockserver.agents.tools import READ_TOOLS, build_server
from mockserver.client import Mock

from .markdown import anchored, cell, code, line, table


def mcp_tools() -> Iterator[str]:
    """Every tool with its parameters, as an agent sees them."""
    yield "# MCP tools"
    yield ""
    yield (
        "What `mockserver mcp` offers agents over the Model Context Protocol, described as they see it. "
        "[Agents](../how-to/agents.md) says how an agent gets them."
    )
    tools = anyio.run(build_server(Mock.at("http://127.0.0.1:7670"), "default", may_write=True).list_tools)
    names = {method.__name__ for method in READ_TOOLS}
    for title, about, are_reading in (
        ("Reading", "These are always there and change nothing.", True),
        ("Changing a world", "These are there with `mockserver mcp --write`.", False),
    ):
        yield ""
        yield f"## {title}"
        yield ""
        yield about
        for tool in tools:
            if (tool.name in names) == are_reading:
                yield from described(tool)


def described(tool: Any) -> Iterator[str]:
    """One tool."""
    yield ""
    yield anchored(3, code(tool.name), tool.name.replace("_", "-"))
    yield ""
    yield line(tool.description)
    needed = tool.input_schema.get("required", ())
    yield from table(
        ("parameter", "needed", "value"),
        (
            (code(name), "yes" if name in needed else "", cell(f"{schema['description']}{allowed(schema)}"))
            for name, schema in tool.input_schema.get("properties", {}).items()
        ),
    )


def allowed(schema: Any) -> str:
    """The values of a parameter that has few, after its description."""
    values = schema.get("enum") or next((each["enum"] for each in schema.get("anyOf", ()) if "enum" in each), ())
    return f" One of {', '.join(map(code, values))}." if values else ""
