"""Run commands in this process, which saves the third of a second that a process takes to start."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from unittest.mock import patch

import pytest

from mockserver.cli import main


def run_command(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `mockserver` with these arguments and variables, and return what its process would end with."""
    line = ["mockserver", *map(str, arguments)]
    out, err = StringIO(), StringIO()
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", line),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return subprocess.CompletedProcess(line, ended.value.code, out.getvalue(), err.getvalue())
