"""The checks that a commit must pass, run as tests too, so that no one forgets one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy"], ["lint-imports", "--no-cache"]],
    ids=lambda command: command[0] + ("-format" if "format" in command else ""),
)
def test_the_tools_have_nothing_to_say(command: list[str]) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)

    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "heavy", ["faker", "requests", "jsonschema", "fastjsonschema", "msgspec", "lxml", "flask", "httptools"]
)
def test_importing_the_package_imports_none_of_its_heavy_parts(heavy: str) -> None:
    program = f"import sys, mockserver; sys.exit({heavy!r} in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", program]).returncode


@pytest.mark.parametrize(
    "heavy", ["faker", "requests", "jsonschema", "fastjsonschema", "mockserver.worldfile.chunked_reader"]
)
def test_serving_imports_nothing_that_a_first_answer_does_not_need(heavy: str) -> None:
    program = f"import sys, mockserver.server, mockserver.app; mockserver.app.create_app(); sys.exit({heavy!r} in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", program]).returncode


def test_the_help_imports_neither_flask_nor_httptools() -> None:
    program = (
        "import sys; from mockserver.cli import cli; cli(['--help'], standalone_mode=False);"
        "sys.exit('flask' in sys.modules or 'httptools' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL).returncode
