"""The command line: what it says, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

COMMAND = [sys.executable, "-m", "mockserver"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, env=environment or None)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["serve", "--help"], ["fixtures", "--help"], ["fixtures", "make", "--help"]]
)
def test_every_verb_has_help_with_an_example(arguments: list[str]) -> None:
    done = run(*arguments)

    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(r"Examples?:", done.stdout)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["dance"], "No such command 'dance'"),
        (["serve", "--port", "x"], "'x' is not a valid integer range"),
        (["serve", "--port", "70000"], "70000 is not in the range 0<=x<=65535"),
        (["serve", "--log", "loud"], "'loud' is not one of 'quiet', 'refusals', 'all'"),
    ],
)
def test_misuse_is_explained_and_ends_with_2(arguments: list[str], complaint: str) -> None:
    done = run(*arguments)

    assert (2, "") == (done.returncode, done.stdout)
    assert complaint in done.stderr


def test_a_world_file_that_is_none_is_one_sentence_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"mockserver": 1, "accounts": [{"provider": "dialogtek"}]}')
    done = run("serve", "--world", str(tmp_path / "world.json"))

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"mockserver: {tmp_path}/world.json: accounts[0]")
    assert 1 == done.stderr.count("\n")


def test_an_instant_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    done = run("serve", "--freeze", "yesterday")

    assert (1, "") == (done.returncode, done.stdout)
    assert "mockserver: Invalid isoformat string: 'yesterday'\n" == done.stderr


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))

    assert 1 == done.returncode
    assert f"port {port} on 127.0.0.1 is in use by another program; port 0 picks a free one" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_takes_its_settings_from_flags_and_environment_and_ends_when_it_is_told(
    number: signal.Signals,
) -> None:
    import os

    environment = os.environ | {
        "MOCKSERVER_PORT": "0",
        "MOCKSERVER_FREEZE": "2017-01-01T00:00:00Z",
        "MOCKSERVER_PROT": "1",
    }
    with subprocess.Popen(
        [*COMMAND, "serve", "--log", "all"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = re.search(r"http://\S+", server.stdout.readline())
        assert url is not None
        with urlopen(f"{url[0]}/ibp_api.php") as answer:
            assert "Sun, 01 Jan 2017 00:00:00 GMT" == answer.headers["Date"]
        with urlopen(f"{url[0]}/_mock/health") as answer:
            assert "ok" == json.load(answer)["status"]
        server.send_signal(number)
        _, log = server.communicate(timeout=10)

    assert 0 == server.returncode
    assert "mockserver: MOCKSERVER_PROT is not known; did you mean MOCKSERVER_PORT?" in log
    assert "GET /ibp_api.php -> 200 Missing required parameter: action" in log
    assert "health" not in log
