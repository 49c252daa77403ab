"""The shared parts of the commands: options for the server and the world, output, errors and value parsers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from functools import wraps
from itertools import pairwise, takewhile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from mockserver.engine.instants import SECOND, parse_duration
from mockserver.settings import CONFIG_VARIABLE, URL_VARIABLE, WORLD_VARIABLE, read_variable, variable_of

from .console import show_controls, to_json, wants_color
from .suggestions import SuggestingGroup

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from mockserver.admin.endpoint import Catalog
    from mockserver.client import Mock
    from mockserver.config_file import ConfigFile

URL = "http://127.0.0.1:7670"
"""The default URL of a server."""

Command: TypeAlias = Callable[..., None]


class CommandGroup(SuggestingGroup):
    """A group of subcommands; its help shows the whole first sentence of each."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, _first_sentence(command.help or "")) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class DefaultGroup(CommandGroup):
    """A group that runs its first subcommand when none is named: ``mockserver journal --limit 5`` lists the journal."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, with the name of the first subcommand before them if they begin with none."""
        return super().parse_args(ctx, self.with_name(ctx, args))

    def with_name(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments with the name of a subcommand in front."""
        if ctx.resilient_parsing and not args:  # a shell asks for completions
            return args
        names = self.list_commands(ctx)
        is_named = bool(args) and (args[0] in names or args[0] in ctx.help_option_names or not args[0].startswith("-"))
        return args if is_named else [names[0], *args]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the subcommands that begin so, or the options of the first."""
        if not incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        name, first = next(iter(self.commands.items()))
        with click.Context(first, info_name=name, parent=ctx, resilient_parsing=True) as below:
            return first.shell_complete(below, incomplete)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the subcommands, in the order of their definition."""
        return list(self.commands)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


# -- exit codes and errors ---------------------------------------------------------------------------------------------


class ExitCode(IntEnum):
    """The exit codes of every command; ``exec`` ends with its command's own, once that was started."""

    DONE = 0
    NO = 1
    BAD_INPUT = 2
    NO_SERVER = 3
    TIMED_OUT = 4
    NOT_ALLOWED = 5


EXIT_CODES = {
    ExitCode.DONE: "Done.",
    ExitCode.NO: "The answer is no: a verification failed, a threshold was missed, or a check found a problem.",
    ExitCode.BAD_INPUT: "Bad input: an option, argument, variable or file is invalid, or names what does not exist.",
    ExitCode.NO_SERVER: "No server: nothing answers at the URL, it is not a mockserver, or the server failed.",
    ExitCode.TIMED_OUT: "Timed out: what was waited for did not happen within the time limit.",
    ExitCode.NOT_ALLOWED: "Not allowed: the server requires its token, or the system denies permission.",
}
"""The meaning of each exit code."""

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as in a shell."""

_CONTROL_CODES = {
    "unauthorized": ExitCode.NOT_ALLOWED,
    "forbidden": ExitCode.NOT_ALLOWED,
    "internal_error": ExitCode.NO_SERVER,
    "needs_one_process": ExitCode.NO_SERVER,
}
"""Exit codes for error codes of the control API; every other one is bad input."""


class CliError(click.ClickException):
    """A command failed. The message is one sentence."""

    def __init__(
        self,
        message: str,
        exit_code: ExitCode = ExitCode.BAD_INPUT,
        *,
        code: str | None = None,
        difference: Any = None,
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click declares a class variable, and reads the instance's
        self.code = code or exit_code.name.lower()
        """A short name that programs can rely on."""
        self.difference = difference
        """The difference between the expected and the actual, as JSON; ``None`` when there is nothing to compare."""

    def format_message(self) -> str:
        """Return the message, with the difference below it."""
        from mockserver.client.transport import format_difference

        return self.message if self.difference is None else f"{self.message}\n{format_difference(self.difference)}"

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on stderr."""
        name = click.style("mockserver:", fg="red")
        click.echo(f"{name} {self.format_message()}", file=file or sys.stderr, color=wants_color())


def report_error(error: Exception, arguments: Sequence[str]) -> int:
    """Print an error on stderr, as JSON with ``--format json`` among the arguments, and return the exit code.

    Raises:
        Exception: the error itself, when it is a defect of this program.
    """
    if isinstance(error, click.Abort):
        if _wants_json(arguments):
            _show_json("interrupted", "interrupted by Ctrl-C", None)
        else:
            click.echo("Aborted!", err=True)
        return INTERRUPTED
    known = error if isinstance(error, click.ClickException) else _to_cli_error(error)
    if not _wants_json(arguments):
        known.show()
    elif isinstance(known, CliError):
        _show_json(known.code, known.message, known.difference)
    else:
        _show_json(ExitCode(known.exit_code).name.lower(), known.format_message(), None)
    return int(known.exit_code)


def _to_cli_error(error: Exception) -> CliError:
    from mockserver.client import ControlError, NoServer
    from mockserver.engine.event_log import StoreUnavailable

    if isinstance(error, ControlError):
        advice = "; give --token, or MOCKSERVER_TOKEN" if error.code == "unauthorized" else ""
        exit_code = _CONTROL_CODES.get(error.code, ExitCode.BAD_INPUT)
        return CliError(f"{error.message}{advice}", exit_code, code=error.code, difference=error.difference)
    if isinstance(error, StoreUnavailable):
        return CliError(str(error))
    if not isinstance(error, (OSError, ValueError)):
        raise error
    for kind, exit_code in (
        (NoServer, ExitCode.NO_SERVER),
        (TimeoutError, ExitCode.TIMED_OUT),
        (PermissionError, ExitCode.NOT_ALLOWED),
    ):
        if isinstance(error, kind):
            return CliError(_sentence(error), exit_code)
    return CliError(_sentence(error))


def _sentence(error: Exception) -> str:
    """Return an error's message, without the error number of the operating system."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def _wants_json(arguments: Sequence[str]) -> bool:
    """Return whether ``--format json`` is among the arguments, which may be invalid; those behind ``--`` are data."""
    own = list(takewhile(lambda argument: argument != "--", arguments))
    return "--format=json" in own or ("--format", "json") in pairwise(own)


def installed_catalog() -> Catalog:
    """Return the providers that are installed, with their switches."""
    from mockserver.admin.endpoint import Catalog
    from mockserver.sdk.loading import installed_providers

    providers = installed_providers()
    return Catalog(providers.providers, providers.switches)


def show_error(form: str, code: str, message: str) -> None:
    """Print an error on stderr that does not decide the exit code."""
    if form == "json":
        _show_json(code, message, None)
    else:
        click.echo(f"mockserver: {message}", err=True)


def _show_json(code: str, message: str, difference: Any) -> None:
    error = {"code": code, "message": message, "difference": difference}
    click.echo(to_json({"error": error}, sys.stderr), err=True)


# -- output ------------------------------------------------------------------------------------------------------------


class Output(NamedTuple):
    """The output format of a command."""

    form: str
    """``text`` or ``json``."""

    def show(self, data: Any, text: str) -> None:
        """Print the data as indented JSON, or the text, on stdout."""
        click.echo(to_json(data, sys.stdout) if self.form == "json" else show_controls(text))

    def line(self, data: Any, text: str) -> None:
        """Print the data as one line of JSON, or the text: for output that continues."""
        click.echo(to_json(data, sys.stdout, indent=None) if self.form == "json" else show_controls(text))


def hint(text: str) -> None:
    """Print a note for people on stderr, apart from the data on stdout."""
    click.echo(text, err=True)


def write_report(path: Path, text: str) -> None:
    """Write a report to a file, whose folder is created if there is none.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# -- the configuration file ---------------------------------------------------------------------------------------------

_CONFIG = "mockserver.config"
"""The key of a context's `meta` under which the file of ``--config`` is kept."""


def _keep_config(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.meta[_CONFIG] = path  # all contexts of one command line share it


CONFIG = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    is_eager=True,
    expose_value=False,
    callback=_keep_config,
    help=f"Configuration file, in place of the nearest mockserver.toml. [{CONFIG_VARIABLE}]",
)


def config_path() -> Path | None:
    """Return the path of the configuration file, which ``--config`` or the variable names, or else the nearest one; ``None`` if there is none."""
    ctx = click.get_current_context(silent=True)
    given = None if ctx is None else ctx.meta.get(_CONFIG)
    named = given or read_variable(CONFIG_VARIABLE)
    if named is not None:
        return Path(named)
    from mockserver.config_file import find_config_file

    try:
        return find_config_file(Path.cwd())
    except OSError:  # the current folder was deleted
        return None


def config_file() -> ConfigFile | None:
    """Return the configuration file; ``None`` when there is none.

    Raises:
        FileError: it is invalid.
        OSError: it cannot be read.
    """
    path = config_path()
    if path is None:
        return None
    from mockserver.config_file import read_config_file

    return read_config_file(path)


def read_setting(name: str) -> str | None:
    """Return the text of a setting: that of its variable, else that of the configuration file."""
    text = read_variable(variable_of(name))
    if text is not None:
        return text
    file = config_file()
    value = None if file is None else file.settings.get(name)
    return None if value is None else str(value)


# -- the server and the world ------------------------------------------------------------------------------------------


class _VariableOption(click.Option):
    """An option with an environment variable, which `mockserver.settings` reads, and perhaps a value in the configuration file."""

    def __init__(self, *given: Any, in_file: Callable[[ConfigFile], Any] | None = None, **options: Any) -> None:
        super().__init__(*given, **options)
        self._in_file = in_file

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the text of the variable if it is set, else that of the configuration file."""
        assert isinstance(self.envvar, str)
        text = read_variable(self.envvar)
        if text is not None or self._in_file is None or ctx.resilient_parsing:
            return text
        file = config_file()
        value = None if file is None else self._in_file(file)
        return None if value is None else str(value)


def variable_option(*names: str, variable: str, **options: Any) -> Callable[[Command], Command]:
    """Return an option whose value may stand in an environment variable, which help names, or be what ``in_file`` finds."""
    return click.option(*names, cls=_VariableOption, envvar=variable, show_envvar=True, **options)


def setting_option(*names: str, setting: str, **options: Any) -> Callable[[Command], Command]:
    """Return an option for a setting of the server, whose value may stand in its variable or in the configuration file."""
    return variable_option(
        *names, variable=variable_of(setting), in_file=lambda file: file.settings.get(setting), **options
    )


_SERVER = (
    variable_option("--server", "url", variable=URL_VARIABLE, in_file=lambda file: file.url, metavar="URL", default=URL, show_default=True, help="The server."),
    setting_option("--token", setting="token", metavar="TEXT", help="Token of the control API, for a server that listens beyond loopback; one of this machine is found."),
)  # fmt: skip
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of data on stdout and of errors on stderr.",
)
_WORLD = variable_option(
    "--world",
    "world_id",
    variable=WORLD_VARIABLE,
    in_file=lambda file: file.world,
    metavar="WORLD",
    default="default",
    show_default=True,
    help="The world.",
)


def to_server(command: Command) -> Command:
    """Pass a `Mock` of the server and an `Output` to a command, and add their options."""

    @wraps(command)
    def run(url: str, token: str | None, form: str, **rest: Any) -> None:
        from mockserver.client import Mock

        with Mock.at(url, token or kept_token(url)) as mock:
            command(mock, Output(form), **rest)

    return decorated(run, [*_SERVER, FORMAT])


def kept_token(url: str) -> str | None:
    """Return the token that servers of this machine keep, if the URL is one of this machine."""
    from mockserver.client.token_file import is_this_machine, read_token

    data = read_setting("data")
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    return read_token(Path(data) if data else None) if is_this_machine(host) else None


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


# -- parsers of option values ------------------------------------------------------------------------------------------


def as_json(text: str) -> Any:
    """Parse JSON: the text itself, the file of ``@FILE``, or stdin for ``-``."""
    try:
        return json.loads(_content(text))
    except OSError as reason:
        raise click.BadParameter(f"{text[1:]} cannot be read: {reason.strerror}") from reason
    except ValueError as reason:
        raise click.BadParameter(f"{text[:60]!r} is not JSON, @FILE or - for stdin: {reason}") from reason


def _content(text: str) -> str | bytes:
    if text == "-":
        return sys.stdin.buffer.read()  # JSON has an encoding of its own, not the console's
    return Path(text[1:]).read_bytes() if text.startswith("@") else text


def as_pair(text: str) -> tuple[str, str]:
    """Parse ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value


VARIANTS_FILE = click.option(
    "--variants",
    "variants_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with variants of quirks, as mockserver calibrate -o writes it; --variant replaces single ones.",
)


def read_variants(file: Path | None, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the variants in a file, with the given ones in place of those of the same switches.

    The file may be a world file, whose ``variants`` are read.

    Raises:
        CliError: the file has none.
        OSError: it cannot be read.
    """
    if file is None:
        return dict(given)
    try:
        document = json.loads(file.read_bytes())
    except ValueError as reason:
        raise CliError(f"{file} is not JSON: {reason}") from reason
    variants = document.get("variants") if isinstance(document, dict) else None
    if not isinstance(variants, dict) or not all(isinstance(value, str) for value in variants.values()):
        raise CliError(
            f'{file} has no variants, which mockserver calibrate writes as {{"variants": {{NAME: VARIANT}}}}'
        )
    return {**variants, **dict(given)}


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
