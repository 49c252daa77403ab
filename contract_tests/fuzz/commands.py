"""Commands of the command line, with options found in its own tables: they end with a documented exit code, and say so."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import click

from mockserver.cli import cli
from mockserver.cli.common import ExitCode

from . import values
from .values import is_true
from .wire import Wrong

if TYPE_CHECKING:
    from .server import FuzzedServer

_GROUPS = frozenset(
    [
        "account",
        "clock",
        "coverage",
        "delivery",
        "errors",
        "exchange",
        "explain",
        "fault",
        "inbound",
        "journal",
        "magic",
        "message",
        "quirks",
        "variant",
        "verify",
        "wait",
    ]
)
"""Commands that ask a server, and neither run programs nor write files."""
_NOT_DRAWN = frozenset({"server", "token", "world", "world_id", "url", "follow"})
_BOUNDED: Mapping[str, Sequence[str]] = {"timeout": ("0", "0s", "PT0S", "x", "")}
"""Options that would let a command wait."""
_JSON = '{"target": "response", "fault": {"kind": "reset"}, "match": {}, "count": 1}'


@cache
def _commands() -> Sequence[tuple[tuple[str, ...], click.Command]]:
    return list(_below(cli, ()))


def _below(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            if found is not None and (path or name in _GROUPS):
                yield from _below(found, (*path, name))
    else:
        yield path, command


def run(server: FuzzedServer, chance: Random, world: str) -> None:
    """Run a command about a world in this process.

    Raises:
        Wrong: it raised, or ended with an exit code that is not documented.
    """
    path, command = chance.choice(_commands())
    arguments = [*path, *(each for row in command.params for each in _drawn(chance, row))]
    arguments = [
        each.replace("\0", "").encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape") for each in arguments
    ]
    names = {row.name for row in command.params}
    arguments += ["--server", server.url] if "url" in names else []
    arguments += ["--world", world] if "world_id" in names else []
    written = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    try:
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            cli.main(arguments, "mockserver")
    except SystemExit as end:
        if end.code not in {int(each) for each in ExitCode}:
            raise Wrong(f"mockserver {arguments!r:.600} ended with {end.code}") from None
    except Exception as error:
        raise Wrong(f"mockserver {arguments!r:.600} raised {error!r}") from error


def _drawn(chance: Random, row: click.Parameter) -> Iterator[str]:
    """Yield what is written for a parameter; nothing for most options."""
    if row.name in _NOT_DRAWN or isinstance(row.type, click.Path):
        return
    is_option = isinstance(row, click.Option)
    for _ in range(chance.choice((1, 2, 3)) if row.multiple or row.nargs != 1 else 1):
        if row.name not in _BOUNDED and not is_true(chance, 0.3 if is_option else 0.95):
            continue
        text = _text(chance, row)
        if not is_option:
            yield text if text[:1] != "-" else f"x{text}"
        elif row.is_flag:
            yield row.opts[0]
        else:
            yield f"{row.opts[0]}={text}"


def _text(chance: Random, row: click.Parameter) -> str:
    if row.name in _BOUNDED:
        return chance.choice(_BOUNDED[row.name])
    if isinstance(row.type, click.Choice) and is_true(chance, 0.8):
        return str(chance.choice(list(row.type.choices)))
    if isinstance(row.type, click.IntRange) and is_true(chance, 0.7):
        return chance.choice(values.NUMBERS)
    kind = chance.random()
    if kind < 0.3:
        text = chance.choice(
            (
                "serwersms/demo",
                "serwersms",
                "demo",
                "sms.send_message",
                "phone=1",
                "a~b",
                "a~(",
                "a:=[1]",
                "a:=x",
                "[]",
                _JSON,
            )
        )
        return text if is_true(chance, 0.7) else values.mutated(chance, text)
    if kind < 0.5:
        return chance.choice(values.MOMENTS)
    return values.text(chance)[:20_000]
