"""What the verbs have in common that talk to a server: whom they ask, how they show what they got, how they fail."""

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
"""Where a server listens unless it says otherwise."""

Command: TypeAlias = Callable[..., None]


class CommandGroup(click.Group):
    """Verbs of one noun; its help says of each its first sentence, whole."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, _first_sentence(command.help or "")) for name, command in commands if command is not None]
        with formatter.section("Verbs"):
            formatter.write_dl(rows)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


class CliError(click.ClickException):
    """A verb could not do what it was asked; one sentence says why, and what differs stands below it."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Say so on stderr."""
        click.echo(f"mockserver: {self.message}", file=file or sys.stderr)


class Output(NamedTuple):
    """Where data goes."""

    form: str
    """``text`` or ``json``."""

    def show(self, data: Any, text: str) -> None:
        """Print what was got, for a program or for people."""
        click.echo(json.dumps(data, ensure_ascii=False, indent=2) if self.form == "json" else text)

    def line(self, data: Any, text: str) -> None:
        """The same in one line, for what comes one after the other."""
        click.echo(json.dumps(data, ensure_ascii=False) if self.form == "json" else text)


def hint(text: str) -> None:
    """Tell people what is no data."""
    click.echo(text, err=True)


# -- whom to ask -------------------------------------------------------------------------------------------------------

_SERVER = (
    click.option("--server", "url", metavar="URL", envvar="MOCKSERVER_URL", default=URL, show_default=True, show_envvar=True, help="The server to ask."),
    click.option("--token", metavar="TEXT", envvar="MOCKSERVER_TOKEN", show_envvar=True, help="What a server that others can reach asks for."),
)  # fmt: skip
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How data is shown.",
)
_WORLD = click.option(
    "--world",
    "world_id",
    metavar="WORLD",
    envvar="MOCKSERVER_WORLD_ID",
    default="default",
    show_default=True,
    show_envvar=True,
    help="Its world.",
)


def to_server(command: Command) -> Command:
    """Hand a command the server, as a `Mock`, and where its output goes."""

    @wraps(command)
    def run(url: str, token: str | None, form: str, **rest: Any) -> None:
        from mockserver.client import Mock

        with failing(), Mock.at(url, token) as mock:
            command(mock, Output(form), **rest)

    return decorated(run, [*_SERVER, FORMAT])


def to_world(command: Command) -> Command:
    """Hand a command the world that ``--world`` names, and where its output goes."""
    return to_server(decorated(_in_world(command), [_WORLD]))


def to_named_world(command: Command) -> Command:
    """The same, for a command whose argument is the world."""
    return to_server(naming_a_world(_in_world(command)))


def _in_world(command: Command) -> Command:
    @wraps(command)
    def run(mock: Mock, output: Output, world_id: str, **rest: Any) -> None:
        command(mock.get_world(world_id), output, **rest)

    return run


def naming_a_world(command: Command) -> Command:
    """Hand a command the id that its argument names; where it names none, ``--world`` and the environment count."""

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
    """Turn a "no", or no one who says it, into the end of the command."""
    from mockserver.client import ControlError

    try:
        yield
    except ControlError as reason:
        way_in = "; give --token, or MOCKSERVER_TOKEN" if reason.code == "unauthorized" else ""
        raise CliError(f"{reason}{way_in}") from reason
    except (OSError, ValueError) as reason:
        raise CliError(sentence(reason)) from reason


def sentence(error: Exception) -> str:
    """What went wrong, without the number that a system has for it."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


# -- what is given -----------------------------------------------------------------------------------------------------


def as_json(text: str) -> Any:
    """Read JSON: as text, ``@FILE`` or ``-`` for what comes on stdin."""
    try:
        return json.loads(_content(text))
    except (OSError, ValueError) as reason:
        raise click.BadParameter(f"{text[:60]!r} is no JSON, no @FILE of it, and not - for stdin: {reason}") from reason


def _content(text: str) -> str | bytes:
    if text == "-":
        return sys.stdin.read()
    return Path(text[1:]).read_bytes() if text.startswith("@") else text


def as_pair(text: str) -> tuple[str, str]:
    """Part ``NAME=VALUE``."""
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
    """Part ``PROVIDER/ACCOUNT``."""
    provider, slash, name = text.partition("/")
    if not slash:
        raise click.BadParameter(f"{text!r} is not PROVIDER/ACCOUNT")
    return provider, name


def as_criterion(text: str) -> tuple[str, str | dict[str, str]]:
    """Part ``NAME=TEXT``, or ``NAME~PATTERN`` with a regular expression, into the name and what a rule takes."""
    found = re.fullmatch(r"([^=~]+)([=~])(.*)", text, re.DOTALL)
    if found is None:
        raise click.BadParameter(f"{text!r} is neither NAME=TEXT nor NAME~PATTERN")
    name, sign, wanted = found.groups()
    return name, wanted if sign == "=" else {"pattern": wanted}


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def as_seconds(text: str) -> float:
    """Read a duration: ``90``, ``90s``, ``1.5m``, ``2h``, ``1d`` or ISO 8601's ``PT1M30S``."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", text)
    if found is not None:
        return float(found[1]) * _UNITS[found[2]]
    try:
        return parse_duration(text) / SECOND
    except ValueError:
        raise click.BadParameter(f"{text!r} is no duration; 90, 90s, 1.5m, 2h, 1d and PT1M30S are") from None


def matching(command: Command) -> Command:
    """The options that say which exchanges, taken as one ``match``."""

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
    click.option("--provider", help="A provider by its name; mockserver provider list shows them."),
    click.option("--operation", help="What is asked for, such as sms.send_message."),
    click.option("--method", help="GET or POST."),
    click.option("--path", help="The path without the prefix of a world."),
    click.option("--parameter", "parameters", multiple=True, metavar="NAME=TEXT", type=as_criterion, help="A parameter; NAME~PATTERN for a regular expression."),
    click.option("--header", "headers", multiple=True, metavar="NAME=TEXT", type=as_criterion, help="A header, likewise."),
)  # fmt: skip


def only_given(things: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not ``None``."""
    return {name: thing for name, thing in things.items() if thing is not None}


# -- text for people ---------------------------------------------------------------------------------------------------


def table(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns as wide as they must be, under their titles."""
    cells = [list(titles), *([cell(each) for each in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(titles))]
    lines = ("  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def cell(value: Any) -> str:
    """A value in one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return pairs(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())


def pairs(facts: Mapping[str, Any]) -> str:
    """Names and values in one line."""
    return " ".join(f"{name}={cell(value)}" for name, value in facts.items())


def described(facts: Mapping[str, Any]) -> str:
    """Names and values, a line for each."""
    width = max(map(len, facts), default=0)
    return "\n".join(f"{name.ljust(width)}  {cell(value)}" for name, value in facts.items())
