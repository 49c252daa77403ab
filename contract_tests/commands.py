"""The commands of the command line, and how to run one in this process: a process takes a third of a second to start."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from unittest.mock import patch

import click
import pytest

from mockserver.cli import main


def every_command(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of a command and of each command below it."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from every_command(found, *path, name)


@contextmanager
def collector_kept() -> Iterator[None]:
    """Leave the garbage collector as it was: `mockserver serve` tunes it for the whole process, even if no port is free."""
    enabled, thresholds, callbacks, interval = (
        gc.isenabled(),
        gc.get_threshold(),
        [*gc.callbacks],
        sys.getswitchinterval(),
    )
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        gc.callbacks[:] = callbacks
        sys.setswitchinterval(interval)
        (gc.enable if enabled else gc.disable)()


def run_command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `mockserver` with these arguments and variables, and return what its process would end with."""
    line = ["mockserver", *map(str, arguments)]
    out, err = StringIO(), StringIO()
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", line),
        redirect_stdout(out),
        redirect_stderr(err),
        collector_kept(),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return subprocess.CompletedProcess(line, ended.value.code, out.getvalue(), err.getvalue())
