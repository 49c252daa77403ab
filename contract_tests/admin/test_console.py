"""Output on consoles whose encoding lacks some characters."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from contract_tests.commands import every_command
from mockserver import MockServer, Settings
from mockserver.cli import cli, main

ENCODINGS = ("latin-1", "cp1252", "ascii", "utf-8")
TEXT = "Café \u20ac5 Łódź \U0001f600"


class Done(NamedTuple):
    """What a process would end with: its exit code, and the bytes that it wrote."""

    code: object
    out: bytes
    err: bytes


def run(encoding: str, *arguments: str, stdin: bytes = b"") -> Done:
    """Run `mockserver` on a console of this encoding."""
    out, err = BytesIO(), BytesIO()
    with (
        patch.object(sys, "stdin", TextIOWrapper(BytesIO(stdin), encoding)),
        patch.object(sys, "stdout", TextIOWrapper(out, encoding)),
        patch.object(sys, "stderr", TextIOWrapper(err, encoding)),
        patch.object(sys, "argv", ["mockserver", *arguments]),
    ):
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        sys.stderr.flush()
        return Done(ended.value.code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(settings=Settings(port=0)) as running:
        running.world.inbound("dialogtech", sender="5556667777", recipient="5554332111", text=TEXT)
        yield running


@pytest.fixture(params=ENCODINGS)
def console(request: pytest.FixtureRequest, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs a command on a console of each encoding in turn."""
    monkeypatch.setenv("MOCKSERVER_URL", server.url)

    def running(*arguments: str, stdin: bytes = b"") -> Done:
        done = run(request.param, *arguments, stdin=stdin)
        done.out.decode(request.param), done.err.decode(request.param)
        return done

    return running


def test_the_help_of_every_command_is_printed_on_every_console(console: Callable[..., Done]) -> None:
    failed = [path for path in every_command(cli) if console(*path, "--help").code != 0]

    assert [] == failed


@pytest.mark.parametrize(
    "command", ["quirks", "errors", "magic", "message list", "world show", "provider list", "journal"]
)
def test_lists_are_printed_on_every_console_as_text_and_as_json(console: Callable[..., Done], command: str) -> None:
    text = console(*command.split())
    data = console(*command.split(), "--format", "json")

    assert (0, 0) == (text.code, data.code)
    assert text.out or b"no such exchange" in text.err
    assert json.loads(data.out)


def test_json_says_the_same_on_every_console(console: Callable[..., Done]) -> None:
    rows: list[dict[str, Any]] = json.loads(
        console("message", "list", "--number", "5556667777", "--format", "json").out
    )["messages"]

    assert TEXT in {row["text"] for row in rows}


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_text_has_escapes_only_for_what_the_console_lacks(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", server.url)
    shown = {
        "latin-1": r"Café \u20ac5 \u0141ód\u017a \ud83d\ude00",
        "cp1252": r"Café €5 \u0141ód\u017a \ud83d\ude00",
        "ascii": r"Caf\u00e9 \u20ac5 \u0141\u00f3d\u017a \ud83d\ude00",
    }

    assert shown[encoding] in run(encoding, "message", "list", "--number", "5556667777").out.decode(encoding)


def test_errors_are_printed_on_every_console(console: Callable[..., Done]) -> None:
    said = console("world", "show", TEXT, "--format", "json")
    usage = console("clock", "advance", TEXT)

    assert (2, 2) == (said.code, usage.code)
    assert TEXT in json.loads(said.err)["error"]["message"]


def test_json_on_stdin_is_utf_8_on_every_console(console: Callable[..., Done], server: MockServer) -> None:
    with server.create_world("small") as world:
        file = json.dumps({"format": 2, "about": TEXT, "accounts": []}, ensure_ascii=False).encode()

        assert 0 == console("world", "load", "-", world.id, stdin=file).code


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_a_process_of_its_own_prints_what_its_console_lacks(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "serve", "--help"],
        env={"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )

    assert (0, b"") == (done.returncode, done.stderr)
    assert done.stdout.decode(encoding).startswith("Usage: mockserver serve")
