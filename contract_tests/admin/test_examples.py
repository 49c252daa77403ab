"""Every example in the help of a command works."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import ClassVar

import click
import pytest
import requests
from click.testing import CliRunner

from contract_tests.commands import run_command
from contract_tests.installed import INSTALLED
from contract_tests.recordings.files import write_har
from contract_tests.recordings.upstream import Upstream
from mockserver import MockServer, Settings, WorldClient
from mockserver.app import create_registry
from mockserver.cli import cli
from mockserver.recordings.deciding import account_values
from mockserver.recordings.reconstruction import reconstruct_world
from mockserver.version import __version__

LATER = datetime(2029, 6, 1, tzinfo=UTC)
"""Of the worlds here: later than today, so that an example with an instant that is past by now fails."""

ELSEWHERE = {"serve": "runs until it is asked to end; below"}
"""Commands whose examples are not run as the others are."""


def commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, *path, name)


COMMANDS = dict(commands(cli))


def examples(path: tuple[str, ...]) -> list[str]:
    """The examples of a help text, with continued lines joined."""
    said = CliRunner().invoke(cli, [*path, "--help"], prog_name="mockserver", terminal_width=200).stdout
    shown = re.split(r"^ *Examples?:", said, flags=re.MULTILINE)[-1].replace("\\\n", "")
    return [_for_bash(found) for found in re.findall(r"^.*mockserver .*", shown, re.MULTILINE)]


def _for_bash(example: str) -> str:
    """Make examples for other shells print instead of piping into a shell that is not there."""
    return re.sub(r" \| (source|Invoke-Expression)$", "", " ".join(example.split()))


EXAMPLES = list(dict.fromkeys(example for path in COMMANDS for example in examples(path)))


def named(example: str) -> tuple[str, ...]:
    """The command that an example runs."""
    found = re.search(r"mockserver ([^|)]*)", example)
    assert found is not None
    words = shlex.split(found[1])
    path = max((path for path in COMMANDS if list(path) == words[: len(path)]), key=len)
    assert path, f"{example!r} names no command"
    return path


HERE = [example for example in EXAMPLES if named(example)[0] not in ELSEWHERE]


# -- a scene in which each of them makes sense -------------------------------------------------------------------------


class Receiver(BaseHTTPRequestHandler):
    """A webhook receiver that accepts everything, and counts what it got, without what came twice."""

    targets: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_count = self.path == "/count"
        body = str(len(self.targets)).encode() if is_count else b"OK"
        self.targets.update(() if is_count else (self.path,))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the standard library calls

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="session")
def receiver() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def write_scenarios(folder: Path) -> None:
    """Write the scenario files that examples name."""
    for name in ("retries.yaml", "retries.json"):
        scenario = {"scenario": 1, "start": "2026-06-01T09:00:00Z", "world": {"fixture": "small"}, "timeline": [{}]}
        (folder / name).write_text(json.dumps(scenario))


def write_recordings(folder: Path) -> None:
    """Write the recording that examples name, alone and in a corpus, and its world."""
    upstream = Upstream("dialogtech")
    values = account_values(upstream.accounts[0])
    target = "/ibp_api.php?action=sms.get_numbers&access_key={user}&secret_access_key={secret}".format_map(values)
    upstream.ask("GET", target)
    (folder / "corpus").mkdir()
    for path in (folder / "traffic.har", folder / "corpus" / "traffic.har"):
        write_har(path, upstream.recording)
    made = reconstruct_world(upstream.recording, INSTALLED)
    (folder / "world.json").write_text(json.dumps(made.document))
    (folder / "variants.json").write_text(json.dumps({"variants": {}}))


INBOUND = {"sender": "5556667777", "recipient": "5554332111", "text": "Yes, please"}


def send(world: WorldClient) -> None:
    user, secret = world.login("dialogtech", "documents")
    call = {"access_key": user, "secret_access_key": secret, "to": "5556667777", "from": "5554332111", "message": "hi"}
    requests.get(f"{world.base_url}/ibp_api.php", {"action": "sms.send_message", **call}, timeout=30)


def dress(world: WorldClient, receiver: str) -> None:
    """Fill a world with twelve exchanges, three due deliveries and three fault rules."""
    user, secret = world.login("dialogtech", "documents")
    call = {"action": "sms.get_numbers", "access_key": user, "secret_access_key": secret}
    requests.get(f"{world.base_url}/ibp_api.php", call, timeout=30)
    for _ in range(3):
        send(world)
    for _ in range(8):
        requests.get(f"{world.base_url}/api/messages/program/121811", timeout=30)
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": receiver}])
    world.faults.add("delay", target="webhook", seconds=3600, expires_after=3)
    for _ in range(3):
        world.inbound("dialogtech", **INBOUND)
    for _ in range(2):
        world.faults.add("delay", seconds=0)


@pytest.fixture
def scene(
    tmp_path: Path, receiver: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MockServer]:
    monkeypatch.chdir(tmp_path)
    worlds = Path(__file__).parents[2] / "fixtures" / "worlds"
    (tmp_path / "fixtures").mkdir()
    (tmp_path / "fixtures" / "worlds").symlink_to(worlds)
    write_scenarios(tmp_path)
    (tmp_path / "my-world.json").write_text('{"mockserver": 1, "accounts": []}')
    (tmp_path / "send.php").write_text("<?php\n")
    (tmp_path / "package.json").write_text('{"scripts": {"test": "node --version"}}')
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    (tmp_path / "programs.json").write_text('[{"id": "7", "name": "n", "campaign": "c", "kind": "Standard"}]')
    (tmp_path / "contact.json").write_text('{"phone": "+48500600700"}')
    (tmp_path / "contacts.json").write_text('[{"id": 1, "phone": "+48500600700"}]')
    example = request.getfixturevalue("example")
    if "traffic.har" in example or "corpus/" in example:
        write_recordings(tmp_path)
    for path in FILES_OF.get(named(example)[0], ()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    leads_a_command = re.search("mockserver (exec|env) ?", example) is not None
    with MockServer(settings=Settings(port=0), freeze=LATER, proxy=leads_a_command) as server:
        dress(server.world, receiver)
        server.world.put_entry("serwersms", "demo", "contacts", 1, {"phone": "+48500600700"})
        (tmp_path / "mine.json").write_text(json.dumps(server.world.snapshot()))
        if re.search(r"(?<!--id )\bmine\b(?!\.json)", example):
            dress(server.create_world(id="mine"), receiver)
        yield server


FILES_OF = {
    "config": ("mockserver.toml", "ci/mockserver.toml"),
    "completion": tuple(
        f"{folder}/other"
        for folder in (".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions")
    ),
    "agents": ("../my-project/README.md",),
}
"""The files of the examples of a command, and files in the folders that they write into, by the command's first word."""


BEFORE: dict[str, Callable[[WorldClient], object]] = {
    'mockserver verify \'{"since": "before", "changes": [{"change": "inserted", "kind": "message"}], '
    '"nothing_else": true}\'': lambda world: (
        world.faults.clear(),
        world.clock.advance(minutes=5),
        world.checkpoint("before"),
        send(world),
    ),
    "mockserver checkpoint remove before after": lambda world: (world.checkpoint("before"), world.checkpoint("after")),
    **dict.fromkeys(
        (
            "mockserver checkpoint changes before",
            "mockserver checkpoint changes before --limit 20 --format json",
            "mockserver checkpoint changes before --exit-code",
            "mockserver checkpoint rewind before",
        ),
        lambda world: world.checkpoint("before"),
    ),
    "mockserver delivery release 3": lambda world: world.delivery(3).hold(),
}
"""What must have been done before."""


DATABASE = "postgresql://mock@db.example/mock"
"""The examples' database in PostgreSQL."""


def write_state(example: str, where: str, folder: Path) -> None:
    """Make the state that a command of `mockserver state` names, and the export of one that it imports."""
    state = str(folder / "other.state") if " import " in example else where
    create_registry(Settings(state=state)).close()
    if " import " in example:
        run_command("state", "export", state, folder / "sms.jsonl")


@contextmanager
def busy(world: WorldClient) -> Iterator[None]:
    """Send, receive and deliver messages in the background for as long as the block lasts."""
    ended = Event()

    def work() -> None:
        while not ended.is_set():
            send(world)
            world.store("dialogtech", "documents", direction="outbound", **{**INBOUND, "recipient": "5556667777"})
            world.inbound("serwersms", "demo", kind="nd", sender="+48500600700", text="Hej")
            world.change_message(11, status="Delivered")
            world.delivery(3).resend()
            world.wait_until_idle()

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(60)


def environment(server: MockServer) -> dict[str, str]:
    return {"MOCKSERVER_URL": server.url, "MOCKSERVER_HTTP_PORT": "0"}


def in_a_shell(line: str, server: MockServer, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "bin").mkdir()
    for program in ("mockserver", "pytest"):
        (folder / "bin" / program).write_text(f'#!/bin/sh\nexec {sys.executable} -m {program} "$@"\n')
        (folder / "bin" / program).chmod(0o755)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        env={**os.environ, **environment(server), "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def begun(line: str, server: MockServer, last: str) -> tuple[int, list[str]]:
    """Start a command that runs until it is interrupted, interrupt it after its last line, and return how it ended."""
    program = [sys.executable, "-m", *shlex.split(line)]
    variables = {**os.environ, **environment(server), "PYTHONUNBUFFERED": "1"}
    heeds_interrupts = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        program,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_interrupts,  # noqa: PLW1509 - a shell's background ignores SIGINT, and no thread of ours holds a lock here
    ) as running:
        assert running.stdout is not None
        said = []
        for each in running.stdout:
            said.append(each)
            if re.search(last, each):
                running.send_signal(signal.SIGINT)
                break
        return running.wait(60), said


# -- the examples ------------------------------------------------------------------------------------------------------


OWN_WORLDS = ("replay", "calibrate")
"""The commands whose own worlds are never kept in a store."""


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(each, marks=pytest.mark.in_memory if named(each)[0] in OWN_WORLDS else ())
        for each in HERE
        if "--follow" not in each
    ],
)
def test_an_example_works(example: str, scene: MockServer, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    line = example.replace("1000000", "50")  # a million messages take a minute
    line = line.replace("--threshold 60", "--threshold 5")  # few behaviours are met in this scene
    line = line.replace("http://127.0.0.1:7670", scene.url)
    line = line.replace("http://127.0.0.1:8000/", request.getfixturevalue("receiver"))
    if DATABASE in line:
        line = line.replace(DATABASE, request.getfixturevalue("database"))
    if named(example)[0] == "state":
        write_state(example, shlex.split(line)[3], tmp_path)
    if "fixtures make" in line:
        (tmp_path / "fixtures" / "worlds").unlink()  # ours stay as they are
    BEFORE.get(example, lambda _: None)(scene.world)
    if re.search("[|>$] ?| exec ", line):
        done = in_a_shell(line, scene, tmp_path)
        assert (0, "") == (done.returncode, "" if done.returncode == 0 else done.stderr)
        return
    with busy(scene.world) if named(example)[0] == "wait" else nullcontext():
        said = CliRunner().invoke(cli, shlex.split(line)[1:], env=environment(scene), prog_name="mockserver")

    assert 0 == said.exit_code, said.output


@pytest.mark.parametrize("example", ["mockserver journal --follow"])
def test_the_journal_is_followed_until_an_interrupt(example: str, scene: MockServer) -> None:
    assert example in EXAMPLES
    code, said = begun(example, scene, "^ *12 ")

    assert (0, 12) == (code, len(said))


@pytest.mark.parametrize("example", [each for each in EXAMPLES if named(each)[0] == "serve"])
def test_an_example_serves(example: str, scene: MockServer, request: pytest.FixtureRequest) -> None:
    line = example.replace(DATABASE, request.getfixturevalue("database")) if DATABASE in example else example

    code, said = begun(line, scene, "^Press Ctrl-C to stop")

    assert 0 == code
    assert re.match(rf"mockserver {re.escape(__version__)} listens on http://127\.0\.0\.1:[0-9]+ ", said[0])


# -- no one there, and no such world -----------------------------------------------------------------------------------

TALKING = [
    path
    for path, command in COMMANDS.items()
    if any(parameter.name == "url" for parameter in command.params) and path not in (("wait",), ("mcp",))
]
"""The commands that need a server when they begin: `wait` waits for it, and each tool of `mcp` says that there is none."""
ABOUT_A_WORLD = [
    path
    for path in TALKING
    if any(parameter.name == "world_id" for parameter in COMMANDS[path].params) and path != ("world", "load")
]


def first_words(path: tuple[str, ...]) -> list[str]:
    """The words of an example without the world that it names."""
    example = next(each for each in examples(path) if named(each) == path and not re.search("[|>] ", each))
    return shlex.split(re.sub(r" --world mine|(?<!--id) mine\b(?!\.json)", "", example))[1:]


@pytest.mark.parametrize("path", TALKING, ids=" ".join)
def test_a_server_that_is_not_running_is_one_sentence(
    path: tuple[str, ...], unknown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine.json", "programs.json"):
        (tmp_path / name).write_text("{}")
    write_scenarios(tmp_path)
    said = CliRunner().invoke(cli, first_words(path), env={"MOCKSERVER_URL": unknown}, prog_name="mockserver")

    assert (4 if path == ("wait",) else 3, "") == (said.exit_code, said.stdout)
    assert f"mockserver: no server answers at {unknown}; start one with: mockserver serve\n" == said.stderr


@pytest.fixture(scope="session")
def lonely() -> Iterator[MockServer]:
    with MockServer(settings=Settings(port=0)) as server:
        yield server


@pytest.mark.parametrize("path", ABOUT_A_WORLD, ids=" ".join)
def test_an_unknown_world_is_one_sentence(
    path: tuple[str, ...], lonely: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "programs.json").write_text("[]")
    variables = {"MOCKSERVER_URL": lonely.url, "MOCKSERVER_WORLD_ID": "nobodys"}
    said = CliRunner().invoke(cli, first_words(path), env=variables, prog_name="mockserver")

    assert (2, "") == (said.exit_code, said.stdout)
    assert "mockserver: there is no world 'nobodys'\n" == said.stderr


def test_every_verb_that_talks_takes_a_server_a_token_and_a_form() -> None:
    wanted = {"--server": "MOCKSERVER_URL", "--token": "MOCKSERVER_TOKEN", "--format": None}
    for path in [*TALKING, ("wait",)]:
        options = {name: parameter.envvar for parameter in COMMANDS[path].params for name in parameter.opts}
        assert wanted.items() <= options.items(), path
    for path in [*ABOUT_A_WORLD, ("world", "load")]:
        options = {name: parameter.envvar for parameter in COMMANDS[path].params for name in parameter.opts}
        assert "MOCKSERVER_WORLD_ID" == options["--world"], path
