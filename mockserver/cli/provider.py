"""``mockserver provider``: the providers that are installed."""

from __future__ import annotations

import sys

import click

from .common import FORMAT, Group, Output, hint, table


@click.group(
    cls=Group,
    epilog="""\b
Examples:
  mockserver provider list
  mockserver provider list --format json
""",
)
def provider() -> None:
    """List the installed providers."""


@provider.command("list", epilog="Example: mockserver provider list --format json")
@FORMAT
def list_(form: str) -> None:
    """List the installed providers, each with its package and its problems.

    A provider with a problem is not served. Ends with 1 when there is one.
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
