"""The page of the command line, and that of its exit codes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from mockserver.cli import cli
from mockserver.cli.common import EXIT_CODES

from .markdown import code, line, table


def command_line() -> Iterator[str]:
    """Every command with its arguments, options and examples."""
    yield "# Command line"
    yield ""
    yield "Data goes to stdout, notes and errors to stderr. Every command ends with one of the [exit codes](exit-codes.md)."
    yield from command(cli, ("mockserver",))


def command(what: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    """One command, and those below it."""
    context = click.Context(what, info_name=path[-1])
    yield ""
    yield f"{'#' * min(len(path) + 1, 4)} `{' '.join(path)}`"
    yield ""
    yield line(inspect.cleandoc(what.help or "").split("\n\n")[0])
    if arguments := [
        piece
        for piece in what.collect_usage_pieces(context)
        if not piece.startswith(("[OPTIONS]", "COMMAND", "[ARGS]"))
    ]:
        yield ""
        yield f"Arguments: {code(' '.join(arguments))}"
    options = [record for param in what.get_params(context) if (record := param.get_help_record(context))]
    if options:
        yield ""
        yield from (
            f"- `{names}`{': ' if text else ''}{without_links(line(text))}"
            for names, text in options
            if names != "-h, --help"
        )
    epilog = (what.epilog or "").replace("\\\n", "").splitlines()  # a command that goes on in the next line is one
    if examples := [" ".join(each.split()) for each in epilog if each.strip().startswith("mockserver")]:
        yield from ("", "```console", *(f"$ {line}" for line in examples), "```")
    if isinstance(what, click.Group):
        for name in what.list_commands(context):
            below = what.get_command(context, name)
            assert below is not None
            yield from command(below, (*path, name))


def without_links(text: str) -> str:
    """Return a text whose brackets, such as those of ``[x>=1]``, are not read as links."""
    return text.replace("[", "\\[")


def exit_codes() -> Iterator[str]:
    """The exit codes of the command line."""
    yield "# Exit codes"
    yield ""
    yield "Every command of `mockserver` ends with one of these codes. `mockserver exec` ends with the code of the command that it ran: 126 and 127 when it cannot be run, 128 and the signal's number when a signal ended it, as in a shell. Ctrl-C ends any command with 130."
    yield from table(
        ("code", "name", "meaning"),
        ((str(int(code)), code.name.lower(), meaning) for code, meaning in EXIT_CODES.items()),
    )
    yield ""
    yield 'With `--format json` an error is printed on stderr as `{"error": {"code", "message", "difference"}}`, as the control API responds.'
