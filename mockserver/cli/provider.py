"""``mockserver provider``: list the installed providers and their operations."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from mockserver.validation.messages import unknown

from .common import FORMAT, CommandGroup, Output, hint, table


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver provider list
  mockserver provider list --format json
  mockserver provider show mgage
""",
)
def provider() -> None:
    """List the installed providers, and show the operations of each."""


@provider.command("list", epilog="Example: mockserver provider list --format json")
@FORMAT
def list_(form: str) -> None:
    """List the installed providers, each with its package and its problems.

    A provider with a problem is not served; the exit code is then 1.
    """
    from mockserver.sdk.loading import load_providers

    loaded = load_providers()
    rows = [
        {
            "name": each.provider.name if each.provider else each.entry,
            "title": each.provider.title if each.provider else None,
            "package": each.package,
            "version": each.version,
            "hosts": list(each.provider.hosts) if each.provider else [],
            "operations": len(each.provider.operations) if each.provider else 0,
            "problems": list(each.problems),
        }
        for each in loaded
    ]
    shown = (
        {**row, "hosts": " ".join(each.provider.hosts) if each.provider else None, "problems": len(each.problems)}
        for row, each in zip(rows, loaded, strict=True)
    )
    titles = [name.upper() for name in ("name", "title", "package", "version", "hosts", "operations", "problems")]
    Output(form).show({"providers": rows}, table(titles, (list(row.values()) for row in shown)))
    problems = [problem for each in loaded for problem in each.problems]
    if form == "text":
        for problem in problems:
            hint(f"mockserver: {problem}")
    sys.exit(bool(problems))


@provider.command(epilog="Example: mockserver provider show dialogtech")
@click.argument("name")
@FORMAT
def show(name: str, form: str) -> None:
    """Show the operations of a provider, with their parameters, errors and sources."""
    from mockserver.sdk.loading import installed_providers

    known = installed_providers().by_name
    if name not in known:
        raise click.BadParameter(unknown("provider", name, known), param_hint="NAME")
    operations = [operation.described() for operation in known[name].operations]
    lines = []
    for each in operations:
        lines += [each["name"], f"  {_source(each)}", f"  errors: {', '.join(each['errors'])}"]
        for row in each["parameters"]:
            lines += [
                f"  {row['name']}{' (required)' * row['required']}: {_values(row['schema'])}",
                f"    {_source(row)}",
            ]
        lines += [""]
    Output(form).show({"operations": operations}, "\n".join(lines[:-1]))


def _source(described: Mapping[str, Any]) -> str:
    if described["document"] is None:
        return f"assumed: {described['quirk']}"
    return f"{described['document']}: {described['sentence']}"


def _values(schema: Mapping[str, Any]) -> str:
    """Describe the values that a JSON Schema allows, in one line."""
    if "enum" in schema:
        return " | ".join(schema["enum"])
    if "items" in schema:
        return f"a list, each: {_values(schema['items'])}"
    return ", ".join(f"{name} {value}" for name, value in schema.items() if name != "type") or "any text"
