"""The page of the settings of a server."""

from __future__ import annotations

from collections.abc import Iterator

import click

from mockserver.cli.serve import serve
from mockserver.settings import Settings, variable_of

from .markdown import cell, code, table


def settings() -> Iterator[str]:
    """Every setting: its option, its variable, its default and its meaning."""
    yield "# Settings"
    yield ""
    yield "A server reads its settings once, at its start. An option of `mockserver serve` wins over the environment variable, and the variable over the default."
    names = Settings.__dataclass_fields__
    yield from table(
        ("setting", "option", "variable", "default", "meaning"),
        (
            (
                code(option.name),
                ", ".join(map(code, option.opts)),
                code(variable_of(option.name)),
                default(option.name),
                cell(option.help or "").rpartition(" [")[0],
            )
            for option in serve.params
            if isinstance(option, click.Option) and option.name in names
        ),
    )


def default(name: str) -> str:
    """The default of a setting in a cell of a table."""
    value = Settings.__dataclass_fields__[name].default
    if value is None or value == ():
        return ""
    return code(value) if not isinstance(value, bool) else code("on" if value else "off")
