"""The page of the settings of a server."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.settings import Definition, definitions

from .markdown import cell, code, table


def settings() -> Iterator[str]:
    """Every setting: its key, its option, its variable, its default and its meaning."""
    yield "# Settings"
    yield ""
    yield "A server reads its settings once, at its start. An option of `mockserver serve` wins over the environment variable, the variable over the key in `mockserver.toml`, and that over the default. In Python, `Settings` has them with underscores in place of dashes."
    yield from table(
        ("key", "option", "variable", "default", "meaning"),
        (
            (code(each.key), code(each.flag), code(each.variable), default(each), cell(each.about))
            for each in definitions().values()
        ),
    )


def default(each: Definition) -> str:
    """The default of a setting in a cell of a table."""
    if each.default is None or each.default == ():
        return ""
    return code(each.default) if not each.is_switch else code("on" if each.default else "off")
