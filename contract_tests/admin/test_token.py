"""The token of a server off loopback: kept between starts, found by the commands, and named by the 401."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from contract_tests.commands import run_command
from mockserver.client.token_file import is_this_machine, keep_token, read_token, token_path

ELSEWHERE = "0.0.0.0"


@contextmanager
def serving(*arguments: object, **variables: str) -> Iterator[tuple[dict[str, str], str]]:
    """Run `mockserver serve` on every address, and return the addresses that it prints and its URL on this machine."""
    command = [sys.executable, "-m", "mockserver", "serve", "--host", ELSEWHERE, "--port", "0", "--format", "json"]
    with subprocess.Popen(
        [*command, "--no-https", "--no-proxy", *map(str, arguments)],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        addresses = json.loads(server.stdout.readline())
        yield addresses, f"http://127.0.0.1:{addresses['url'].rpartition(':')[2]}"
        server.terminate()
        server.stdout.read()


def unauthorized(url: str) -> Mapping[str, str]:
    with pytest.raises(HTTPError) as rejected:
        urlopen(f"{url}/_mock/worlds")
    assert 401 == rejected.value.code
    with rejected.value:
        return json.load(rejected.value)["error"]


def test_the_token_is_kept_and_the_commands_of_this_machine_find_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving("--data", data) as (addresses, url):
        first = addresses["token"]
        found = run_command("world", "list", "--server", url, MOCKSERVER_DATA=str(data))
        error = unauthorized(url)
    with serving(MOCKSERVER_DATA=str(data)) as (addresses, _):
        second = addresses["token"]

    assert first == second == (data / "token").read_text().strip()
    assert (0, "") == (found.returncode, found.stderr), found.stderr
    assert error["message"].endswith(f"TOKEN; the token is in {data}/token on its machine")


def test_a_given_token_is_not_kept_and_the_401_says_that_it_was_given(tmp_path: Path) -> None:
    with serving(MOCKSERVER_DATA=str(tmp_path), MOCKSERVER_TOKEN="given") as (addresses, url):
        error = unauthorized(url)
        found = run_command("world", "list", "--server", url, MOCKSERVER_TOKEN="given")

    assert "given" == addresses["token"]
    assert [] == list(tmp_path.iterdir())
    assert error["message"].endswith("the token is what --token or MOCKSERVER_TOKEN gave it")
    assert 0 == found.returncode


def test_an_empty_variable_as_compose_passes_it_on_is_no_token(tmp_path: Path) -> None:
    with serving(MOCKSERVER_DATA=str(tmp_path), MOCKSERVER_TOKEN="") as (addresses, _):
        assert re.fullmatch("[0-9a-f]{32}", addresses["token"])


def test_a_folder_that_cannot_be_written_is_a_note_and_the_server_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serving("--data", tmp_path / "file" / "below") as (addresses, url):
        assert re.fullmatch("[0-9a-f]{32}", addresses["token"])
        assert "on its machine" not in unauthorized(url)["message"]


def test_only_its_user_can_read_the_file(tmp_path: Path) -> None:
    assert ("one", "one") == (keep_token("one", tmp_path), keep_token("two", tmp_path))
    assert "one" == read_token(tmp_path)
    assert [token_path(tmp_path)] == list(tmp_path.iterdir())
    assert stat.S_IRUSR | stat.S_IWUSR == stat.S_IMODE(token_path(tmp_path).stat().st_mode)


@pytest.mark.parametrize("host", ["localhost", "mock.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_addresses_of_this_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["", "example.com", "192.0.2.1", "2001:db8::1", "0.0.0.0", "localhost.evil.example"])
def test_other_hosts_do_not_get_the_kept_token(host: str) -> None:
    assert not is_this_machine(host)


# -- what serve prints -------------------------------------------------------------------------------------------------


OWN = {
    "format": 2,
    "accounts": [
        {
            "provider": "dialogtech",
            "name": "shop",
            "logins": [{"user": "only-a-key"}, {"user": "own-key", "secret": "own-secret"}],
            "numbers": [{"number": "5554332111"}],
        },
        {"provider": "mgage", "name": "no-program", "logins": [{"user": "m", "secret": "m"}]},
        {"provider": "serwersms", "name": "quote", "logins": [{"user": "o'neill", "secret": "it's"}]},
    ],
}


def banner(tmp_path: Path, world: object) -> str:
    """Start a server with a world and return what it prints."""
    (tmp_path / "own.json").write_text(json.dumps(world))
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--world", str(tmp_path / "own.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = ""
        while "Press Ctrl-C" not in said:
            said += server.stdout.readline()
        server.terminate()
        server.stdout.read()
    return said


def test_serve_prints_the_logins_of_its_own_world_and_examples_with_them(tmp_path: Path) -> None:
    said = banner(tmp_path, OWN)

    assert "  dialogtech  own-key / own-secret  (shop)\n" in said
    assert "&access_key=own-key&secret_access_key=own-secret&" in said
    assert 1 == said.count("  curl ")  # no account of the others can send its example
    assert "foo" not in said


def test_a_world_without_accounts_says_so(tmp_path: Path) -> None:
    said = banner(tmp_path, {"format": 2, "accounts": []})

    assert "Credentials:\n  none: the world has no accounts\n\nThen:\n" in said
