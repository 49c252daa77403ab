"""What one expects of a command line: completion, colours that can be switched off, errors and logs as JSON, a line that says "ready"."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
import requests
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from werkzeug.test import Client

from mockserver import MockServer, Settings
from mockserver.cli import cli
from mockserver.cli.completion import PROGRAMS, VARIABLE
from mockserver.cli.json_log import JsonFormatter
from mockserver.cli.ready import ReadyNotice

COMMAND = [sys.executable, "-m", "mockserver"]
EXPORT = "/api/messages/program/141501"


def run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="mockserver", **options)


# -- completion


@pytest.mark.parametrize(
    ("words", "incomplete", "completions"),
    [
        ([], "jour", ["journal"]),
        ([], "co", ["coverage", "config", "completion"]),
        (["journal"], "", ["list", "clear"]),
        (["journal"], "--out", ["--outcome"]),
        (["journal", "list"], "--request", ["--request-id"]),
        (["journal", "--outcome"], "re", ["rejected", "replayed"]),
        (["serve", "--log-format"], "", ["text", "json"]),
        (["completion"], "", ["bash", "zsh", "fish"]),
        (["no-such-command"], "x", []),
    ],
)
def test_commands_options_and_values_are_completed(
    words: Sequence[str], incomplete: str, completions: list[str]
) -> None:
    found = ShellComplete(cli, {}, "mockserver", VARIABLE).get_completions(list(words), incomplete)

    assert completions == [item.value for item in found]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here, as on Windows")
def test_bash_completes_with_the_script_under_both_names_of_the_command(tmp_path: Path) -> None:
    script = tmp_path / "completion.sh"
    script.write_text(run("completion", "bash").stdout)
    for name in PROGRAMS:
        program = tmp_path / name
        program.write_text(f"#!{sys.executable}\nfrom mockserver.cli import main\nmain()\n")
        program.chmod(0o755)
    steps = "".join(
        f"COMPREPLY=(); COMP_WORDS=({name} journal --out); COMP_CWORD=2; _{name.replace('-', '_')}_completion {name}; "
        'echo "${COMPREPLY[@]}"; '
        for name in PROGRAMS
    )
    path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-c", f"source {script}; complete -p {' '.join(PROGRAMS)}; {steps}"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PATH": path},
    )

    assert (0, "") == (done.returncode, done.stderr)
    *registered, first, second = done.stdout.splitlines()
    assert ["mockserver", "sms-mockserver"] == [line.split()[-1] for line in registered]
    assert ("--outcome", "--outcome") == (first, second)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_of_other_shells_name_both_commands(shell: str) -> None:
    script = run("completion", shell).stdout

    assert all(name in script.split() or f"--command {name} " in script for name in PROGRAMS)
    assert f"{VARIABLE}={shell}_complete" in script


# -- colours


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(settings=Settings(port=0)) as server:
        requests.get(f"{server.url}{EXPORT}", timeout=30)
        yield server


@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal_can_be_switched_off(
    server: MockServer, variables: dict[str, str], is_coloured: bool
) -> None:
    env = {"NO_COLOR": None, "FORCE_COLOR": None, "TERM": "xterm", **variables}
    done = run("journal", "--server", server.url, env=env, color=True)
    failed = run("journal", "--server", server.url, "--world", "none", env=env, color=True)

    assert is_coloured == done.stdout.startswith("\x1b[33m")
    assert is_coloured == failed.stderr.startswith("\x1b[31mmockserver:\x1b[0m ")
    assert click.unstyle(done.stdout).endswith(f" 401 program.export MissingCredentials  GET {EXPORT}\n")


def test_without_a_terminal_there_is_no_colour_unless_it_is_wanted(server: MockServer) -> None:
    plain = {"NO_COLOR": None, "FORCE_COLOR": None}

    assert "\x1b" not in run("journal", "--server", server.url, env=plain).stdout
    assert "\x1b[33m" in run("journal", "--server", server.url, env={**plain, "FORCE_COLOR": "1"}).stdout


# -- errors as JSON


@pytest.mark.parametrize(
    ("arguments", "ends", "code"),
    [
        (["no-such-command", "--format", "json"], 2, "bad_input"),
        (["--format", "json"], 2, "bad_input"),
        (["journal", "--no-such-option", "--format=json"], 2, "bad_input"),
        (["clock", "advance", "--format", "json"], 2, "bad_input"),
        (["journal", "--limit", "x", "--format", "json"], 2, "bad_input"),
        (["journal", "--server", "http://127.0.0.1:9", "--format", "json"], 3, "no_server"),
        (["serve", "--world", "no-such-file.json", "--format", "json"], 2, "bad_input"),
        (["serve", "--ready-fd", "9999", "--format", "json"], 2, "bad_input"),
        (["serve", "--ready-file", "no-such-folder/ready.json", "--format", "json"], 2, "bad_input"),
        (["serve", "--config", "no-such-file.toml", "--format", "json"], 2, "bad_input"),
        (["exec", "--format", "json", "--", "no-such-program"], 127, "not_started"),
    ],
)
def test_every_error_is_json_where_that_is_asked_for(arguments: list[str], ends: int, code: str) -> None:
    done = run(*arguments)
    error = json.loads(done.stderr)["error"]

    assert (ends, "", code) == (done.exit_code, done.stdout, error["code"])
    assert {"code", "message", "difference"} == set(error)
    assert error["message"]


def test_ctrl_c_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mockserver.cli.config.schema_text", interrupt)

    assert (130, {"error": {"code": "interrupted", "message": "interrupted by Ctrl-C", "difference": None}}) == (
        (done := run("config", "schema", "--format", "json")).exit_code,
        json.loads(done.stderr),
    )


# -- the log as JSON


@pytest.fixture
def log() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Read what was logged as JSON so far."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("mockserver")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_the_log_as_json_has_the_facts_of_an_exchange(client: Client, log: Callable[[], list[dict[str, Any]]]) -> None:
    client.get(EXPORT, headers={"X-Request-Id": "5f3a"})
    (line,) = log()

    assert line.pop("time").endswith("Z")
    assert {
        "level": "info",
        "logger": "mockserver.exchange",
        "message": f"GET {EXPORT} -> 401 MissingCredentials: HTTP Basic authentication is required",
        "world": "default",
        "exchange": 1,
        "provider": "mgage",
        "operation": "program.export",
        "status": 401,
        "outcome": "rejected",
        "error": "MissingCredentials",
        "request_id": "5f3a",
        "trace_id": None,
    } == line


def test_a_secret_of_a_request_is_masked_in_the_log_as_json_too(
    client: Client, log: Callable[[], list[dict[str, Any]]]
) -> None:
    client.get(f"{EXPORT}?password=a-secret-of-mine", headers={"X-Request-Id": "a-secret-of-mine"})

    assert "a-secret-of-mine" not in json.dumps(log())


def test_the_log_as_json_is_one_line_for_each_record(log: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("mockserver").exception("it\nfailed")
    (line,) = log()

    assert ("error", "mockserver", "it\nfailed") == (line["level"], line["logger"], line["message"])
    assert line["exception"].endswith("ValueError: two\nlines")


# -- ready


def test_a_server_says_that_it_is_ready_in_a_file_and_on_a_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text("of a server that was killed")
    reading, writing = os.pipe()
    options = ["--port", "0", "--no-https", "--no-proxy", "--log-format", "json"]
    with subprocess.Popen(
        [*COMMAND, "serve", *options, "--ready-file", str(path), "--ready-fd", str(writing)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[writing],
        env={**os.environ, "MOCKSERVER_NOTHING": "1"},
    ) as server:
        os.close(writing)
        with os.fdopen(reading) as stream:
            line = stream.read()  # until the server closes it
        found = json.loads(line)
        assert line == path.read_text()
        assert 0o600 == path.stat().st_mode & 0o777
        assert (server.pid, None, None, None) == tuple(
            found[name] for name in ("pid", "https_url", "proxy_url", "token")
        )
        assert 200 == requests.get(f"{found['url']}/readyz", timeout=30).status_code
        server.terminate()
        assert server.stderr is not None
        noted = [json.loads(each) for each in server.stderr]

    assert 0 == server.returncode
    assert not path.exists()
    assert ["MOCKSERVER_NOTHING is not known"] == [each["message"].partition(";")[0] for each in noted]


def test_a_reader_that_is_gone_does_not_stop_the_server() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ReadyNotice(None, writing).send({"url": "http://127.0.0.1:7670"})

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(writing)
