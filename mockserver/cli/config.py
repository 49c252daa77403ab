"""``mockserver config``: show the settings with their origins, check the configuration file, print its JSON Schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from mockserver.settings import Settings, definitions, read_environment

from .common import CONFIG, FORMAT, URL, CliError, CommandGroup, ExitCode, Output, cell, config_path, hint, table
from .console import to_json

_MASK = "(masked)"


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver config show
  mockserver config check
  mockserver config schema > mockserver.schema.json
""",
)
def config() -> None:
    """Show the settings and where each comes from, check mockserver.toml, and print its JSON Schema.

    Settings come from flags, MOCKSERVER_ variables, and the nearest mockserver.toml or pyproject.toml with a table
    [tool.mockserver] of the current folder or one above it, in this order. MOCKSERVER_CONFIG or --config names another file.
    """


@config.command(
    epilog="""\b
Examples:
  mockserver config show
  mockserver config show --all
  mockserver config show --format json
"""
)
@click.option("--all", "shows_all", is_flag=True, help="Show the defaults too.")
@CONFIG
@FORMAT
def show(shows_all: bool, form: str) -> None:
    """Show each setting that is not the default, its value, and where it comes from. Tokens and passwords are masked."""
    from mockserver.config_file import read_config_file

    path = config_path()
    file = None if path is None else read_config_file(path)
    in_file = {} if file is None else dict(file.settings)
    in_environment, unknown = read_environment()
    for sentence in unknown:
        hint(f"mockserver: {sentence}")
    settings = Settings(**{**in_file, **in_environment})
    rows = [
        {
            "name": each.key,
            "value": _shown(each.name, getattr(settings, each.name)),
            "origin": _origin(each, in_environment, in_file, path),
            "flag": each.flag,
            "variable": each.variable,
        }
        for each in definitions().values()
    ]
    client = {"url": (file and file.url) or URL, "world": (file and file.world) or "default"}
    data = {"file": None if path is None else str(path), "settings": rows, "client": client}
    shown = rows if shows_all else [row for row in rows if row["origin"] != "default"]
    text = table(["setting", "value", "origin"], ([row[name] for name in ("name", "value", "origin")] for row in shown))
    Output(form).show(data, text if shown else "every setting is the default")
    if form == "text":
        hint("no configuration file is found" if path is None else f"configuration file: {path}")


def _origin(each: Any, in_environment: Any, in_file: Any, path: Path | None) -> str:
    if each.name in in_environment:
        return str(each.variable)
    return f"{path}: {each.key}" if each.name in in_file else "default"


def _shown(name: str, value: Any) -> Any:
    """Return a setting's value for display, without a secret in it."""
    if name == "token" and value is not None:
        return _MASK
    if name == "state" and value is not None and "://" in value and (password := urlsplit(value).password):
        return value.replace(f":{password}@", f":{_MASK}@", 1)
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


@config.command(
    epilog="""\b
Examples:
  mockserver config check
  mockserver config check ci/mockserver.toml
"""
)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@CONFIG
@FORMAT
def check(file: Path | None, form: str) -> None:
    """Check a configuration file, the one that commands would find here by default. The exit code is 1 if it has errors."""
    from mockserver.config_file import find_config_errors

    path = file or config_path()
    if path is None:
        raise CliError(
            "there is no mockserver.toml, nor a pyproject.toml with [tool.mockserver], here or above", code="no_config"
        )
    errors = list(map(str, find_config_errors(path)))
    if errors:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise CliError(f"{path} has {count}", ExitCode.NO, code="invalid_config", difference=errors)
    Output(form).show({"file": str(path), "errors": []}, f"{cell(str(path))} is valid")


@config.command(epilog="Example: mockserver config schema > mockserver.schema.json")
@FORMAT
def schema(form: str) -> None:  # noqa: ARG001 - a schema is JSON in both formats
    """Print the JSON Schema of configuration files, for editors: `#:schema ./mockserver.schema.json` as the first line."""
    click.echo(schema_text())


def schema_text() -> str:
    """Return the JSON Schema of configuration files as text."""
    from mockserver.config_file import published_schema

    return to_json(published_schema(), sys.stdout)
