"""``mockserver provider``: list the installed providers and their operations."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mockserver.validation.messages import unknown_name
from mockserver.version import __version__

from .common import FORMAT, CliError, CommandGroup, ExitCode, Output, hint, table
from .console import to_json


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver provider list
  mockserver provider list --format json
  mockserver provider show mgage
  mockserver provider show mgage --openapi
  mockserver provider new acme
""",
)
def provider() -> None:
    """List the installed providers, show the operations of each, and begin a new one."""


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
    if problems:
        sys.exit(ExitCode.NO)


@provider.command(epilog="Example: mockserver provider show dialogtech")
@click.argument("name")
@click.option("--openapi", is_flag=True, help="Show them as an OpenAPI document.")
@FORMAT
def show(name: str, form: str, openapi: bool) -> None:
    """Show the operations of a provider, with their parameters, errors and sources."""
    from mockserver.sdk.loading import installed_providers

    known = installed_providers().by_name
    if name not in known:
        raise click.BadParameter(unknown_name("provider", name, known), param_hint="NAME")
    if openapi:
        from mockserver.sdk.openapi import describe_provider

        click.echo(to_json(describe_provider(known[name], __version__), sys.stdout))
        return
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


_TEMPLATE = Path(__file__).parent / "provider_template"
"""What `new` writes: each file with the suffix ``.tmpl``, and words between two ``@`` to fill in."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@provider.command(
    epilog="""\b
Examples:
  mockserver provider new acme
  mockserver provider new acme-sms --directory ~/src
"""
)
@click.argument("name")
@click.option(
    "--directory",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder in which the package's folder is created. [default: the current one]",
)
@FORMAT
def new(name: str, directory: Path, form: str) -> None:
    """Write a package for a provider: one operation, its tests with the conformance suite, and its QUIRKS.md.

    NAME is small letters and digits, with hyphens between. The folder is called provider-NAME.
    """
    if not _NAME.fullmatch(name):
        raise click.BadParameter(
            f"{name!r} is not small letters and digits with hyphens between, such as acme-sms", param_hint="NAME"
        )
    from mockserver.sdk.loading import load_providers

    if any(name == each.entry for each in load_providers()):
        raise click.BadParameter(f"a provider {name!r} is installed already", param_hint="NAME")
    folder = directory / f"provider-{name}"
    if folder.exists():
        raise CliError(f"{folder} exists already")
    words, files = _words_of(name), []
    for template in sorted(path for path in _TEMPLATE.rglob("*.tmpl") if path.is_file()):
        place = template.relative_to(_TEMPLATE).with_suffix("").as_posix().replace("package/", f"{words['package']}/")
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(re.sub("@([a-z_]+)@", lambda found: words[found[1]], template.read_text("utf-8")), "utf-8")
        files.append(str(target))
    Output(form).show({"files": files}, "\n".join(files))
    hint(f"mockserver: next: cd {folder}, pip install -e '.[test]', mockserver provider list, pytest")


def _words_of(name: str) -> dict[str, str]:
    """Return the values of the template's words."""
    parts = name.split("-")
    prefix = re.sub("[^a-z]", "", name)[:2]
    return {
        "name": name,
        "package": f"mockserver_{name.replace('-', '_')}",
        "constant": name.replace("-", "_").upper(),
        "class": "".join(part.capitalize() for part in parts),
        "title": " ".join(part.capitalize() for part in parts),
        "prefix": prefix.upper(),
        "prefix_small": prefix,
    }


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
