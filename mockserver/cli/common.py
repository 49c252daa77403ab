"""The shared parts of the commands: options for the server and the world, output, errors and value parsers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

import click
from click.core import ParameterSource

from mockserver.engine.instants import SECOND, parse_duration

if TYPE_CHECKING:
    from mockserver.client import Mock

URL = "http://127.0.0.1:7670"
"""The default URL of a server."""

Command: TypeAlias = Callable[..., None]


class CommandGroup(click.Group):
    """A group of subcommands; its help shows the whole first sentence of each."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, _first_sentence(command.help or "")) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


class CliError(click.ClickException):
    """A command failed. The message is one sentence; lines below it may show a difference."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on stderr."""
        click.echo(f"mockserver: {self.message}", file=file or sys.stderr)


class Output(NamedTuple):
    """The output format of a command."""

    form: str
    """``text`` or ``json``."""

    def show(self, data: Any, text: str) -> None:
        """Print the data as indented JSON, or the text, on stdout."""
        click.echo(json.dumps(data, ensure_ascii=False, indent=2) if self.form == "json" else text)

    def line(self, data: Any, text: str) -> None:
        """Print the data as one line of JSON, or the text: for output that continues."""
        click.echo(json.dumps(data, ensure_ascii=False) if self.form == "json" else text)


def hint(text: str) -> None:
    """Print a note for people on stderr, apart from the data on stdout."""
    click.echo(text, err=True)


# -- the server and the world ------------------------------------------------------------------------------------------

_SERVER = (
    click.option("--server", "url", metavar="URL", envvar="MOCKSERVER_URL", default=URL, show_default=True, show_envvar=True, help="The server."),
    click.option("--token", metavar="TEXT", envvar="MOCKSERVER_TOKEN", show_envvar=True, help="Token of the control API; needed when the server listens beyond loopback."),
)  # fmt: skip
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
_WORLD = click.option(
    "--world",
    "world_id",
    metavar="WORLD",
    envvar="MOCKSERVER_WORLD_ID",
    default="default",
    show_default=True,
    show_envvar=True,
    help="The world.",
)


def to_server(command: Command) -> Command:
    """Pass a `Mock` of the server and an `Output` to a command, and add their options."""

    @wraps(command)
    def run(url: str, token: str | None, form: str, **rest: Any) -> None:
        from mockserver.client import Mock

        with failing(), Mock.at(url, token) as mock:
            command(mock, Output(form), **rest)

    return decorated(run, [*_SERVER, FORMAT])


def to_world(command: Command) -> Command:
    """Pass the world of ``--world`` and an `Output` to a command, and add their options."""
    return to_server(decorated(_in_world(command), [_WORLD]))


def to_named_world(command: Command) -> Command:
    """Pass the world and an `Output` to a command whose argument is the world's id."""
    return to_server(naming_a_world(_in_world(command)))


def _in_world(command: Command) -> Command:
    @wraps(command)
    def run(mock: Mock, output: Output, world_id: str, **rest: Any) -> None:
        command(mock.get_world(world_id), output, **rest)

    return run


def naming_a_world(command: Command) -> Command:
    """Pass the world id of the argument to a command, or that of ``--world`` or the environment without one."""

    @wraps(command)
    def run(*given: Any, named: str | None, world_id: str, **rest: Any) -> None:
        source = click.get_current_context().get_parameter_source("world_id")
        if named not in (None, world_id) and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"two worlds are named: {named} and --world {world_id}")
        command(*given, world_id=named or world_id, **rest)

    return decorated(run, [click.argument("named", metavar="[WORLD]", required=False), _WORLD])


def decorated(command: Command, decorators: Iterable[Callable[[Command], Command]]) -> Command:
    """Apply decorators so that help shows them in this order."""
    for decorate in reversed(list(decorators)):
        command = decorate(command)
    return command


@contextmanager
def failing() -> Iterator[None]:
    """Turn an error of the server, or no server at all, into a `CliError`."""
    from mockserver.client import ControlError

    try:
        yield
    except ControlError as reason:
        advice = "; give --token, or MOCKSERVER_TOKEN" if reason.code == "unauthorized" else ""
        raise CliError(f"{reason}{advice}") from reason
    except (OSError, ValueError) as reason:
        raise CliError(sentence(reason)) from reason


def sentence(error: Exception) -> str:
    """Return an error's message, without the error number of the operating system."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


# -- parsers of option values ------------------------------------------------------------------------------------------


def as_json(text: str) -> Any:
    """Parse JSON: the text itself, the file of ``@FILE``, or stdin for ``-``."""
    try:
        return json.loads(_content(text))
    except (OSError, ValueError) as reason:
        raise click.BadParameter(f"{text[:60]!r} is not JSON, @FILE or - for stdin: {reason}") from reason


def _content(text: str) -> str | bytes:
    if text == "-":
        return sys.stdin.read()
    return Path(text[1:]).read_bytes() if text.startswith("@") else text


def as_pair(text: str) -> tuple[str, str]:
    """Parse ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value


def as_field(text: str) -> tuple[str, Any]:
    """Part ``NAME=TEXT``, or ``NAME:=JSON`` for what is no text."""
    name, value = as_pair(text)
    if not name.endswith(":"):
        return name, value
    try:
        return name.removesuffix(":"), json.loads(value)
    except ValueError as reason:
        raise click.BadParameter(f"{value!r} is not JSON: {reason}") from reason


def as_account(text: str) -> tuple[str, str]:
    """Parse ``PROVIDER/ACCOUNT``."""
    provider, slash, name = text.partition("/")
    if not slash:
        raise click.BadParameter(f"{text!r} is not PROVIDER/ACCOUNT")
    return provider, name


def as_criterion(text: str) -> tuple[str, str | dict[str, str]]:
    """Parse ``NAME=TEXT`` or ``NAME~PATTERN`` into the name and the criterion of a fault rule or a verification."""
    found = re.fullmatch(r"([^=~]+)([=~])(.*)", text, re.DOTALL)
    if found is None:
        raise click.BadParameter(f"{text!r} is neither NAME=TEXT nor NAME~PATTERN")
    name, sign, wanted = found.groups()
    return name, wanted if sign == "=" else {"pattern": wanted}


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def as_seconds(text: str) -> float:
    """Parse a duration into seconds: ``90``, ``90s``, ``1.5m``, ``2h``, ``1d`` or ISO 8601's ``PT1M30S``."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", text)
    if found is not None:
        return float(found[1]) * _UNITS[found[2]]
    try:
        return parse_duration(text) / SECOND
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a duration such as 90, 90s, 1.5m, 2h, 1d or PT1M30S") from None


def matching(command: Command) -> Command:
    """Add the options that select exchanges, and pass them to a command as one ``match``."""

    @wraps(command)
    def run(
        *given: Any,
        parameters: Sequence[tuple[str, Any]],
        headers: Sequence[tuple[str, Any]],
        provider: str | None,
        operation: str | None,
        method: str | None,
        path: str | None,
        **rest: Any,
    ) -> None:
        match: dict[str, Any] = {"provider": provider, "operation": operation, "method": method, "path": path}
        match |= {"parameters": dict(parameters) or None, "headers": dict(headers) or None}
        command(*given, match=only_given(match), **rest)

    return decorated(run, _MATCHING)


_MATCHING = (
    click.option("--provider", help="Name of a provider; mockserver provider list shows them."),
    click.option("--operation", help="Name of an operation, such as sms.send_message."),
    click.option("--method", help="GET or POST."),
    click.option("--path", help="The path, without the prefix of a world."),
    click.option("--parameter", "parameters", multiple=True, metavar="NAME=TEXT", type=as_criterion, help="A parameter's value; NAME~PATTERN for a regular expression."),
    click.option("--header", "headers", multiple=True, metavar="NAME=TEXT", type=as_criterion, help="A header's value; NAME~PATTERN for a regular expression."),
)  # fmt: skip


def only_given(things: Mapping[str, Any]) -> dict[str, Any]:
    """Return the items whose value is not ``None``."""
    return {name: thing for name, thing in things.items() if thing is not None}


# -- text for people ---------------------------------------------------------------------------------------------------


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Format rows as aligned columns under their titles."""
    cells = [list(titles), *([cell(each) for each in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(titles))]
    lines = ("  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def cell(value: Any) -> str:
    """Format a value in one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return pairs(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())


def pairs(facts: Mapping[str, Any]) -> str:
    """Format names and values in one line, ``NAME=VALUE``."""
    return " ".join(f"{name}={cell(value)}" for name, value in facts.items())


def described(facts: Mapping[str, Any]) -> str:
    """Format names and values, one line for each."""
    width = max(map(len, facts), default=0)
    return "\n".join(f"{name.ljust(width)}  {cell(value)}" for name, value in facts.items())
