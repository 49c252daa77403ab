"""The command line: output and exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from contract_tests.commands import run_command
from mockserver import Login, Mock, Settings, __version__
from mockserver.app import build_service
from mockserver.cli.reload import FileWatcher
from mockserver.settings import HTTPS_PORT, PROXY_PORT, BadSetting

COMMAND = [sys.executable, "-m", "mockserver"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, env=environment or None)


@pytest.mark.parametrize(
    "arguments",
    [["-h"], ["fixtures", "make", "--help"]],  # of the others: test_commands.py, without a process
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
        (["serve", "--reload"], "--reload watches a world file; name it with --world FILE"),
        (["serve", "--log", "loud"], "'loud' is not one of 'quiet', 'errors', 'all'"),
    ],
)
def test_misuse_is_explained_and_ends_with_2(arguments: list[str], complaint: str) -> None:
    done = run_command(*arguments)

    assert (2, "") == (done.returncode, done.stdout)
    assert complaint in done.stderr


def test_a_world_file_that_is_none_is_one_sentence_and_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"mockserver": 1, "accounts": [{"provider": "dialogtek"}]}')
    done = run_command("serve", "--world", tmp_path / "world.json")

    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"mockserver: {tmp_path}/world.json: accounts[0]")
    assert 1 == done.stderr.count("\n")


def test_an_instant_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    flag = run_command("serve", "--freeze", "yesterday")
    variable = run_command("serve", MOCKSERVER_FREEZE="yesterday")

    assert (2, "") == (flag.returncode, flag.stdout)
    assert "Invalid value for '--freeze': 'yesterday' is not an instant; one is 2026-06-01T12:00:00Z\n" in flag.stderr
    assert (2, "") == (variable.returncode, variable.stdout)
    assert "mockserver: freeze must be an instant such as 2026-06-01T12:00:00Z, not 'yesterday'\n" == variable.stderr


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))

    assert 2 == done.returncode
    assert (
        f"mockserver: port {port} on 127.0.0.1 is in use by another program; port 0 picks a free one\n" == done.stderr
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_takes_its_settings_from_flags_and_environment_and_ends_at_a_signal(
    number: signal.Signals,
) -> None:
    environment = os.environ | {
        "MOCKSERVER_HTTP_PORT": "0",
        "MOCKSERVER_FREEZE": "2017-01-01T00:00:00Z",
        "MOCKSERVER_FREZE": "1",
    }
    with subprocess.Popen(
        [*COMMAND, "serve", "--log", "all"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = re.search(r"http://\S+", server.stdout.readline())
        assert url is not None
        with urlopen(f"{url[0]}/ibp_api.php") as response:
            assert "Sun, 01 Jan 2017 00:00:00 GMT" == response.headers["Date"]
        with urlopen(f"{url[0]}/_mock/health") as response:
            assert "ok" == json.load(response)["status"]
        server.send_signal(number)
        _, log = server.communicate(timeout=60)

    assert 0 == server.returncode
    assert "mockserver: MOCKSERVER_FREZE is not known; did you mean MOCKSERVER_FREEZE?" in log
    assert "GET /ibp_api.php -> 200 MissingParameter: Missing required parameter: action" in log
    assert "health" not in log


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("MOCKSERVER_LOG", "loud", "quiet, errors, all"),
        ("MOCKSERVER_LOG", "", "quiet, errors, all"),
        ("MOCKSERVER_UNKNOWN_CREDENTIALS", "adapt", "reject, adopt"),
        ("MOCKSERVER_RELOAD", "maybe", "1, true, yes, on, 0, false, no, off"),
    ],
)
def test_a_variable_that_has_a_few_values_is_rejected_with_any_other(variable: str, text: str, words: str) -> None:
    environment = os.environ | {variable: text}
    done = subprocess.run([*COMMAND, "serve"], env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert 2 == done.returncode
    assert f"mockserver: {variable} must be one of {words}, not {text!r}\n" == done.stderr


@pytest.mark.parametrize(
    ("variable", "text", "meant"),
    [
        ("MOCKSERVER_HTTP_PORT", "65536", "from 0 to 65535"),
        ("MOCKSERVER_HTTPS_PORT", "-1", "from 0 to 65535"),
        ("MOCKSERVER_HEAD_BYTES", "1023", "of at least 1024"),
        ("MOCKSERVER_JOURNAL_LENGTH", "0", "of at least 1"),
        ("MOCKSERVER_WEBHOOK_TIMEOUT", "soon", "from 1 to 3600"),
    ],
)
def test_a_whole_number_is_held_to_its_bounds_in_a_variable_and_in_a_flag(variable: str, text: str, meant: str) -> None:
    with pytest.raises(BadSetting) as rejected:
        Settings.from_environment({variable: text})
    flag = f"--{variable.removeprefix('MOCKSERVER_').removeprefix('HTTP_').lower().replace('_', '-')}"
    done = run_command("serve", flag, text)

    assert f"{variable} must be a whole number {meant}, not {text!r}" == str(rejected.value)
    assert 2 == done.returncode
    assert f"Invalid value for '{flag}': " in done.stderr


def test_bounds_are_among_what_a_whole_number_may_be() -> None:
    settings, _ = Settings.from_environment({"MOCKSERVER_HTTP_PORT": "65535", "MOCKSERVER_PROXY_PORT": "0"})

    assert (65535, 0) == (settings.port, settings.proxy_port)


def test_the_variables_of_another_product_s_client_are_not_read_and_named() -> None:
    settings, unknown = Settings.from_environment({"MOCKSERVER_HOST": "mock.example", "MOCKSERVER_PORT": "1080"})

    assert (Settings().host, Settings().port) == (settings.host, settings.port)
    assert [
        "MOCKSERVER_HOST is not read, because another product's client uses it; set MOCKSERVER_LISTEN_HOST instead",
        "MOCKSERVER_PORT is not read, because another product's client uses it; set MOCKSERVER_HTTP_PORT instead",
    ] == unknown


@pytest.mark.parametrize(
    ("settings", "https", "proxy"),
    [
        (Settings(), 7671, 7672),
        (Settings(port=9000), 0, 0),
        (Settings(port=0), 0, 0),
        (Settings(port=9000, https_port=9001, proxy_port=7672), 9001, 7672),
    ],
)
def test_the_other_ports_are_free_ones_beside_a_port_that_is_not_the_default(
    settings: Settings, https: int, proxy: int
) -> None:
    assert https == settings.choose_port(settings.https_port, HTTPS_PORT)
    assert proxy == settings.choose_port(settings.proxy_port, PROXY_PORT)


def test_two_servers_run_on_one_machine_by_their_ports_alone() -> None:
    alone = "127.7.6.70"  # an address of this test's own, so that no other test has its ports
    with (
        serving("--host", alone, "--port", "9000") as (_, first),
        serving("--host", alone, "--port", "9001") as (_, second),
    ):
        for port, banner in (9000, first), (9001, second):
            assert banner[0].startswith(f"mockserver {__version__} listens on http://{alone}:{port} ")
            with urlopen(f"http://{alone}:{port}/_mock/health") as response:
                assert "ok" == json.load(response)["status"]
        ports = re.findall(r"https://\S+:([0-9]+)|proxy\D+ on http://\S+:([0-9]+)", "".join([*first, *second]))

    assert 4 == len({https or proxy for https, proxy in ports}), ports


def test_a_target_of_webhooks_that_is_none_is_rejected_at_start() -> None:
    done = run_command("serve", MOCKSERVER_WEBHOOK_TARGETS="[::1]:80, hooks.example")

    assert 2 == done.returncode
    wanted = "webhook targets are private, any, or HOST:PORT with commas between"
    assert f"mockserver: {wanted}; not 'hooks.example'\n" == done.stderr


def test_variables_that_have_a_few_values_take_each_of_them() -> None:
    settings, unknown = Settings.from_environment(
        {"MOCKSERVER_LOG": "quiet", "MOCKSERVER_UNKNOWN_CREDENTIALS": "Adopt"}
    )

    assert ("quiet", "adopt", []) == (settings.log, settings.unknown_credentials, unknown)


@contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A server in a process of its own, and the lines that it prints at its start."""
    program = [*COMMAND, "serve", "--port", "0", *arguments]
    with subprocess.Popen(
        program, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield server, list(iter(server.stdout.readline, "Press Ctrl-C to stop.\n"))
        finally:
            server.terminate()


def test_a_banner_off_loopback_shows_how_to_come_in() -> None:
    with serving("--host", "0.0.0.0", "--token", "the-token") as (_, banner):
        (hint,) = [line.strip() for line in banner if "mockserver journal" in line]

    assert "Token of the control API: the-token (--token, or MOCKSERVER_TOKEN)\n" == banner[1]
    assert re.fullmatch(r"mockserver journal --server http://127\.0\.0\.1:[0-9]+ --token the-token", hint)


def test_the_banner_of_a_server_on_loopback_shows_no_token() -> None:
    with serving(MOCKSERVER_TOKEN="the-token") as (_, banner):
        pass

    assert "the-token" not in "".join(banner)


# -- reload ------------------------------------------------------------------------------------------------------------


def world_file(key: str) -> str:
    login = {"user": key, "secret": "s3cret"}
    account = {"provider": "dialogtech", "name": "mine", "logins": [login], "numbers": [{"number": "5554332111"}]}
    return json.dumps({"mockserver": 1, "accounts": [{**account, "messages": []}]})


def replace(path: Path, text: str) -> None:
    """Replace a file at once, as editors do, so that no reader sees half of it."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").rename(path)


def test_a_file_is_looked_at_and_a_change_is_seen_once(tmp_path: Path) -> None:
    path, seen = tmp_path / "world.json", []
    path.write_text("1")
    watch = FileWatcher(path, lambda: seen.append(path.read_text()))

    watch.check()
    assert [] == seen
    path.write_text("22")
    watch.check()
    watch.check()
    path.unlink()
    watch.check()
    assert ["22"] == seen
    replace(path, "33")
    watch.check()
    assert ["22", "33"] == seen


def test_a_file_is_looked_at_after_every_pause(tmp_path: Path) -> None:
    path, seen = tmp_path / "world.json", []
    path.write_text("1")
    pauses = iter([False, False, True])

    def pause() -> bool:
        path.write_text(path.read_text() + "1")
        return next(pauses)

    FileWatcher(path, lambda: seen.append(path.read_text())).run(pause)
    assert ["11", "111"] == seen


def test_the_default_world_begins_again_as_its_file_says(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(world_file("before"))
    settings = Settings(world=path, freeze="2026-06-01T12:00:00Z", seed="7")
    service = build_service(settings)
    with Mock.of(service.app) as mock:
        world = mock.world
        world.faults.add("hang", match={"provider": "mgage"})
        world.faults.add("duplicate", target="webhook")
        world.clock.advance(minutes=5)
        path.write_text(world_file("after"))
        service.restart()
        facts = world.show()

        assert Login("after", "s3cret") == facts.credentials["dialogtech"]["mine"][0]
        assert ("2026-06-01T12:00:00Z", "7", 0) == (facts.row["now"], facts.seed, facts.exchanges)
        assert () == world.faults.list()
        mine = mock.create_world("empty")
        mine.restore(json.loads(world_file("taken")))
        path.write_text(world_file("taken"))
        with pytest.raises(ValueError, match="'taken' belongs to another world"):
            service.restart()
        assert facts.credentials == world.show().credentials


def test_a_server_begins_again_when_its_world_file_changes_and_stays_when_it_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(world_file("before"))
    with serving("--world", str(path), "--reload") as (server, banner):
        assert "  dialogtech  before / s3cret  (mine)\n" in banner
        assert server.stderr is not None
        replace(path, world_file("after"))
        assert f"mockserver: reset the default world from {path}\n" == server.stderr.readline()
        replace(path, '{"mockserver": 1, "acounts": []}')
        assert server.stderr.readline() == (
            f"mockserver: {path}: acounts: unknown key; did you mean 'accounts'?; the default world is unchanged\n"
        )
        with Mock.at(banner[0].split()[4]) as mock:
            assert Login("after", "s3cret") == mock.world.login("dialogtech")
