"""The pages of the Python package and of the provider SDK: the names here, their descriptions by mkdocstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module

from .markdown import code, first_paragraph, table


def python_package() -> Iterator[str]:
    """Every public name of the package."""
    yield "# Python package"
    yield ""
    yield (
        "`import mockserver` offers these names; nothing else is public. The pytest plugin's fixtures give you them: `mock_server` a `MockServer`, `mock_world` a `WorldClient`; "
        "with `mock_redirect` the clients of the test reach that world, whatever their hosts."
    )
    yield from names("mockserver")


def provider_sdk() -> Iterator[str]:
    """Every public name of the SDK for providers."""
    yield "# Provider SDK"
    yield ""
    yield (
        "A provider is a package of its own that imports these names of `mockserver.sdk` and nothing else of mockserver. "
        "[Writing a provider](../writing-a-provider.md) leads through an example."
    )
    yield from names("mockserver.sdk")


def names(module: str) -> Iterator[str]:
    """The public names of a module: a table of all, and a description of each."""
    home = import_module(module)
    public = sorted((name for name in home.__all__ if not name.startswith("__")), key=str.lower)
    yield from table(
        ("name", "what it is"), ((f"[{code(name)}](#{module}.{name})", meaning(getattr(home, name))) for name in public)
    )
    for name in public:
        yield ""
        yield f"::: {module}.{name}"


def meaning(value: object) -> str:
    """The first paragraph of the docstring of a class or function; for another value its kind."""
    if inspect.isclass(value) or inspect.isfunction(value):
        return first_paragraph(value)
    return code(repr(value)) if isinstance(value, (int, str)) else "a type alias or a constant"
