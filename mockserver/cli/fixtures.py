"""``mockserver fixtures``: generate the shipped world files, and check world files."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from .common import FORMAT, CliError, CommandGroup, ExitCode, Output, installed_catalog

if TYPE_CHECKING:
    from mockserver.sdk.provider import Provider

Item = TypeVar("Item")

SEED = 1
"""The seed of the shipped world files."""


class _World(NamedTuple):
    about: str
    messages: int
    """Number of messages of each demo account."""


WORLDS = {
    "demo": _World("The documents' own examples, and a demo account for each provider with months of messages.", 400),
    "small": _World("The documents' own examples, and a demo account for each provider with a few messages.", 12),
}
"""The world files that can be generated, by name."""


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver fixtures make --out fixtures/worlds
  mockserver fixtures make --messages 1000000 --out big.json demo
  mockserver fixtures check my-world.json
  mockserver fixtures schema > world.schema.json
""",
)
def fixtures() -> None:
    """Generate and check world files, and print their JSON Schema."""


@fixtures.command(
    epilog="""\b
Examples:
  mockserver fixtures make
  mockserver fixtures make --seed 7 --out my-worlds small
  mockserver fixtures make --messages 1000000
"""
)
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="Seed of the random content.")
@click.option("--messages", type=click.IntRange(1), help="Number of messages in each world file.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder, or a .json file for one world; missing folders are created. [default: fixtures/worlds; with"
    " --messages, NAME-MESSAGES.json]",
)
@click.argument("names", metavar="[NAME]...", type=click.Choice(list(WORLDS)), nargs=-1)
@FORMAT
def make(seed: int, messages: int | None, out: Path | None, names: tuple[str, ...], form: str) -> None:
    """Generate the shipped world files (demo, small). The same seed gives the same bytes.

    --messages without a NAME generates the demo world.
    """
    from mockserver.sdk.loading import installed_providers
    from mockserver.worldfile import save

    names = tuple(dict.fromkeys(names)) or (tuple(WORLDS) if messages is None else ("demo",))
    paths = _paths(out, names) if out or messages is None else _sized(names, messages)
    for name, path in paths:
        save(path, _described(WORLDS[name], installed_providers(), seed, messages))
    files = [str(path) for _, path in paths]
    Output(form).show({"files": files}, "\n".join(files))


@fixtures.command(epilog="Example: mockserver fixtures check my-world.json")
@click.argument("files", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True)
@FORMAT
def check(files: tuple[Path, ...], form: str) -> None:
    """Check world files. The first 100 errors of each are printed on stderr, or with the data in JSON; the exit code is then 1."""
    from mockserver.app import find_world_file_errors, read_fixture
    from mockserver.validation.json_schema import MOST_ERRORS
    from mockserver.validation.messages import format_place
    from mockserver.worldfile import WorldFileError

    rows: list[dict[str, Any]] = []
    for path in files:
        row: dict[str, Any] = {"file": str(path), "accounts": None, "messages": None, "errors": [], "has_more": False}
        errors: list[WorldFileError] = []
        try:
            fixture = read_fixture(path)
        except WorldFileError as error:
            errors = find_world_file_errors(path) or [error]
            row["has_more"], errors = len(errors) > MOST_ERRORS, errors[:MOST_ERRORS]
            row["errors"] = [{"place": format_place(each.place), "message": each.difference} for each in errors]
        else:
            row |= {"accounts": len(fixture.accounts), "messages": len(fixture.fixed) + len(fixture.relative)}
        rows.append(row)
        if form == "text":
            for each in errors:
                click.echo(each, err=True)
            if row["has_more"]:
                click.echo(f"{path}: and more errors", err=True)
            if not errors:
                click.echo(f"{path}: {row['accounts']} accounts, {row['messages']} messages")
    if form == "json":
        Output(form).show({"files": rows}, "")
    if any(row["errors"] for row in rows):
        sys.exit(ExitCode.NO)


@fixtures.command(epilog="Example: mockserver fixtures schema > world.schema.json")
@FORMAT
def schema(form: str) -> None:  # noqa: ARG001  # the format of errors: a schema is JSON
    """Print the JSON Schema of world files, for editors. It has the accounts and variants of the installed providers."""
    click.echo(schema_text())


def schema_text() -> str:
    """Return the JSON Schema of world files."""
    from mockserver.admin.world_file_schema import world_file_schema

    return json.dumps(world_file_schema(installed_catalog()), ensure_ascii=False)


def _sized(names: tuple[str, ...], messages: int) -> list[tuple[str, Path]]:
    """Return the paths of worlds of a size of their own, so that they do not overwrite the shipped ones."""
    paths = [(name, Path(f"{name}-{messages}.json")) for name in names]
    for _, path in paths:
        _reject_overwriting(path)
    return paths


def _paths(out: Path | None, names: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Return the path of each world."""
    out = out or Path("fixtures/worlds")
    is_folder = out.suffix != ".json" or out.is_dir()
    if not is_folder and len(names) > 1:
        raise click.UsageError(f"{out} is one file, but {len(names)} worlds are to be written: {', '.join(names)}")
    paths = [(name, out / f"{name}.json" if is_folder else out) for name in names]
    for _, path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        _reject_overwriting(path)
    return paths


_WORLD_FILE_START = re.compile(rb'\s*{\s*"(mockserver|format)"\s*:\s*[0-9]')


def _reject_overwriting(path: Path) -> None:
    """Raise a `CliError` when a path exists and does not begin as our world files do."""
    if not path.exists():
        return
    with path.open("rb") as file:
        if not _WORLD_FILE_START.match(file.read(1024)):
            raise CliError(f"{path} exists and is not a world file; it is not overwritten")


def _described(world: _World, providers: Iterable[Provider], seed: int, total: int | None) -> Mapping[str, Any]:
    from mockserver.worldfile import FORMAT

    accounts = list(_accounts(providers, seed, world.messages, total))
    return {"format": FORMAT, "about": world.about, "variants": {}, "accounts": accounts}


def _accounts(providers: Iterable[Provider], seed: int, each: int, total: int | None) -> Iterator[dict[str, Any]]:
    """Generate the accounts of every provider that has a generator.

    Args:
        providers: the providers.
        seed: the seed of the random content.
        each: the number of messages of each demo account.
        total: the number of messages in all, instead of ``each``; the demo accounts share what the documents' examples leave.
    """
    makers = {provider.name: import_module(provider.seed) for provider in providers if provider.seed}
    documents = {name: [*maker.documents()] for name, maker in makers.items()}
    printed = sum(len(account.get("messages", ())) for accounts in documents.values() for account in accounts)
    if total is not None and total < printed + len(makers):
        least = printed + len(makers)
        raise click.UsageError(
            f"--messages is at least {least}: the documents' own {printed}, and one for each demo account"
        )
    for place, (name, maker) in enumerate(makers.items()):
        size = each if total is None else (total - printed + place) // len(makers)
        yield from documents[name]
        account = maker.demo(seed, size)
        yield {**account, "messages": _with_progress(account["messages"], size, f"{name}/{account['name']}")}


def _with_progress(items: Iterable[Item], length: int, label: str) -> Iterator[Item]:
    """Yield the items, and show a progress bar on stderr."""
    with click.progressbar(items, length=length, label=label, file=sys.stderr, update_min_steps=1000) as bar:
        yield from bar
