"""How commands fail: their exit codes, and their errors as text and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mockserver import MockServer, Settings
from mockserver.cli import cli
from mockserver.cli.common import EXIT_CODES, ExitCode


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=environment, prog_name="mockserver")


def error_of(result: Result) -> dict[str, Any]:
    """The error that a command with ``--format json`` printed, alone on stderr."""
    (name,) = document = json.loads(result.stderr)
    assert "error" == name
    error: dict[str, Any] = document[name]
    return error


def error(code: str, message: str, difference: Any = None) -> dict[str, Any]:
    return {"code": code, "message": message, "difference": difference}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture(scope="module")
def guarded() -> Iterator[MockServer]:
    """A server that requires a token."""
    with MockServer(settings=Settings(host="0.0.0.0", port=0, token="right")) as server:
        yield server


def test_a_command_that_succeeds_ends_with_0_and_no_error(server: MockServer) -> None:
    done = run("world", "list", "--format", "json", MOCKSERVER_URL=server.url)

    assert (0, "") == (done.exit_code, done.stderr)


def test_a_failed_verification_ends_with_1_and_its_difference(server: MockServer) -> None:
    text = run("verify", "--operation", "sms.send_message", MOCKSERVER_URL=server.url)
    as_json = run("verify", "--operation", "sms.send_message", "--format", "json", MOCKSERVER_URL=server.url)

    assert (1, "") == (text.exit_code, text.stdout)
    assert "mockserver: the journal does not match" == text.stderr.splitlines()[0]
    difference = [line.removeprefix("  ") for line in text.stderr.splitlines()[1:]]
    assert 1 == len(difference)
    assert error("verification_failed", "the journal does not match", difference) == error_of(as_json)
    assert (1, False) == (as_json.exit_code, json.loads(as_json.stdout)["holds"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["journal", "--limit", "x", "--format", "json"], "Invalid value for '--limit': 'x' is not a valid integer range."),
        (["journal", "--format=json", "--limt", "1"], "No such option"),
        (["clock", "advance", "--format", "json"], "give a duration, or --to an instant"),
        (["dance", "--format", "json"], "No such command 'dance'."),
        (["fixtures", "check", "--format", "json"], "Missing argument 'FILE...'."),
        (["exec", "--format", "json"], "Missing argument '-- COMMAND...'."),
        (["serve", "--reload", "--format", "json"], "--reload watches a world file; name it with --world FILE"),
        (["demo", "dance", "--format", "json"], "Invalid value for DEMO: 'dance' is not a demo; the demos are "),
        (["provider", "show", "mgaeg", "--format", "json"], "Invalid value for NAME: unknown provider; did you mean 'mgage'?"),
        (["world", "list", "--server", "nowhere", "--format", "json"], "'nowhere' is not the URL of a server, such as http://127.0.0.1:7670"),
        (["serve", "--world", "/nowhere.json", "--format", "json"], "/nowhere.json: the file cannot be read (No such file or directory)"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_2_and_is_json_where_that_is_asked_for(arguments: list[str], message: str) -> None:
    done = run(*arguments)

    assert (2, "") == (done.exit_code, done.stdout)
    found = error_of(done)
    assert (found["code"], found["difference"]) == ("bad_input", None)
    assert found["message"].startswith(message)


def test_what_does_not_exist_or_is_invalid_for_the_server_ends_with_2_and_the_server_s_code(server: MockServer) -> None:
    unknown = run("world", "show", "nobodys", "--format", "json", MOCKSERVER_URL=server.url)
    taken = run("world", "create", "--id", "default", "--format", "json", MOCKSERVER_URL=server.url)
    wrong = run("fault", "add", "--fault", "rest", "--format", "json", MOCKSERVER_URL=server.url)

    assert (2, error("not_found", "there is no world 'nobodys'")) == (unknown.exit_code, error_of(unknown))
    assert (2, "taken") == (taken.exit_code, error_of(taken)["code"])
    assert (2, "bad_request") == (wrong.exit_code, error_of(wrong)["code"])


def test_no_server_ends_with_3(unknown: str) -> None:
    text = run("journal", MOCKSERVER_URL=unknown)
    as_json = run("journal", "--format", "json", MOCKSERVER_URL=unknown)

    message = f"no server answers at {unknown}; start one with: mockserver serve"
    assert (3, "", f"mockserver: {message}\n") == (text.exit_code, text.stdout, text.stderr)
    assert (3, "", error("no_server", message)) == (as_json.exit_code, as_json.stdout, error_of(as_json))


def test_what_does_not_happen_in_time_ends_with_4(server: MockServer, unknown: str) -> None:
    message = run("wait", "message", "--timeout", "0", "--format", "json", MOCKSERVER_URL=server.url)
    unready = run("wait", "--timeout", "0", "--format", "json", "--server", unknown)

    sentence = "no message came within 0 s; since=0 includes earlier ones"
    assert (4, "", error("timed_out", sentence)) == (message.exit_code, message.stdout, error_of(message))
    sentence = f"no server answers at {unknown}; start one with: mockserver serve"
    assert (4, "", error("timed_out", sentence)) == (unready.exit_code, unready.stdout, error_of(unready))


def test_a_missing_token_ends_with_5(guarded: MockServer) -> None:
    url = guarded.url.replace("0.0.0.0", "127.0.0.1")
    text = run("world", "list", "--token", "wrong", MOCKSERVER_URL=url)
    as_json = run("world", "list", "--format", "json", MOCKSERVER_URL=url)
    right = run("world", "list", MOCKSERVER_URL=url, MOCKSERVER_TOKEN="right")

    assert (5, "") == (text.exit_code, text.stdout)
    assert text.stderr.endswith("; give --token, or MOCKSERVER_TOKEN\n")
    found = error_of(as_json)
    assert (5, "unauthorized", None) == (as_json.exit_code, found["code"], found["difference"])
    assert found["message"].endswith("; give --token, or MOCKSERVER_TOKEN")
    assert 0 == right.exit_code


def test_a_permission_that_the_system_denies_ends_with_5(monkeypatch: pytest.MonkeyPatch, server: MockServer) -> None:
    def deny(path: Path, document: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("mockserver.worldfile.save", deny)
    done = run("world", "save", "--out", "mine.json", "--format", "json", MOCKSERVER_URL=server.url)

    assert (5, error("not_allowed", "mine.json cannot be written: Permission denied")) == (
        done.exit_code,
        error_of(done),
    )


def test_interrupted_by_ctrl_c_ends_as_in_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mockserver.client.Mock.at", interrupt)
    done = run("world", "list")

    assert (130, "Aborted!\n") == (done.exit_code, done.stderr.lstrip("\n"))


def test_an_error_of_this_program_itself_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mockserver.client.Mock.at", fail)

    assert isinstance(run("world", "list").exception, ZeroDivisionError)


def test_files_that_are_checked_and_made_are_listed_as_json(tmp_path: Path) -> None:
    made = run("fixtures", "make", "--messages", "100", "--out", str(tmp_path / "a.json"), "--format", "json")
    (tmp_path / "b.json").write_text('{"format": 2, "acounts": []}')
    paths = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    checked = run("fixtures", "check", *paths, "--format", "json")

    assert {"files": paths[:1]} == json.loads(made.stdout)
    right, wrong = json.loads(checked.stdout)["files"]
    assert (1, "") == (checked.exit_code, checked.stderr)
    assert (paths[0], 100, []) == (right["file"], right["messages"], right["errors"])
    assert wrong["messages"] is None
    assert [
        {"place": "acounts", "message": "unknown key; did you mean 'accounts'?"},
        {"place": "accounts", "message": "is missing"},
    ] == wrong["errors"]


BROKEN = {
    "format": 2,
    "abuot": "twice",
    "variants": {"dialogtech.dtd": "printed", "mgage.date": "isso"},
    "clock": {"at": "yesterday", "frozen": "no"},
    "scheduled": [{"at": "noon", "provider": "acme", "fields": {}}],
    "uses": {"window": ["2017-01-01T00:00:00Z", "later"]},
    "accounts": [
        {
            "provider": "dialogtech",
            "name": "shop",
            "logins": ["pari", {"user": "u", "secret": "s"}],
            "numbers": [5554332111, {"number": "x"}],
            "messages": [
                {
                    "id": "1",
                    "direction": "sideways",
                    "sender": "5554332111",
                    "recipient": "5556667777",
                    "at": "soon",
                    "text": "x",
                },
                {"id": "2", "direction": "inbound", "sender": "5554332111", "at": "2017-01-01", "text": 7},
            ],
        },
        {"provider": "dialogtek", "name": "shop"},
        {"provider": "mgage", "name": "twice", "logins": [{"user": "u2", "secret": "s"}]},
        {"provider": "mgage", "name": "twice", "logins": [{"user": "u2", "secret": "s"}]},
        "shop",
    ],
}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("is_large", [False, True])
def test_every_mistake_of_a_checked_world_file_is_reported_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, is_large: bool
) -> None:
    if is_large:
        monkeypatch.setattr("mockserver.worldfile.rules.COMPILED_ABOVE", 0)
        monkeypatch.setattr(import_module("mockserver.worldfile.load"), "LARGE", 0)
    file = tmp_path / "world.json"
    file.write_text(json.dumps(BROKEN))
    checked = run("fixtures", "check", str(file), "--format", form)

    assert 1 == checked.exit_code
    if form == "text":
        assert "" == checked.stdout
        found = [line.removeprefix(f"{file}: ").split(": ", 1) for line in checked.stderr.splitlines()]
    else:
        found = [[each["place"], each["message"]] for each in json.loads(checked.stdout)["files"][0]["errors"]]
    when = "is not an instant (2017-01-01T09:30:00Z)"
    back = f"{when} or a duration back from the world's start (P3DT4H)"
    wanted = {
        "abuot": "unknown key; did you mean 'about'?",
        "accounts[4]": "'shop' is not an account (an object with 'provider' and 'name')",
        "clock.frozen": "'no' is not true or false",
        "clock.at": f"'yesterday' {when}",
        "scheduled[0].at": f"'noon' {when}",
        "uses.window[1]": f"'later' {when}",
        "variants.mgage.date": "'isso' is not 'sample' or 'iso'",
        "accounts[0].logins[0]": "'pari' is not a login, nor 'pair' or 'key' for one that is to be issued",
        "accounts[0].numbers[0]": "5554332111 is not a number (an object with 'number')",
        "accounts[0].numbers[1].number": "'x' is not 10 digits",
        "accounts[0].messages[0].direction": "'sideways' is not 'inbound' or 'outbound'",
        "accounts[0].messages[0].at": f"'soon' {back}",
        "accounts[0].messages[1].recipient": "is missing",
        "accounts[0].messages[1].text": "7 is not a text",
        "accounts[0].messages[1].at": f"'2017-01-01' {back}",
        "accounts[3].logins[0].user": "'u2' is already accounts[2].logins[0].user",
        "accounts[3].name": "'twice' is already accounts[2].name",
    }
    told = dict(found)
    assert len(told) == len(found)
    assert wanted == {place: message for place, message in told.items() if place in wanted}
    assert {"variants.dialogtech.dtd", "scheduled[0].provider", "accounts[1].provider"} == {*told} - {*wanted}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "the file is not JSON: "),
        ("[]", "an empty list is not an object with 'format' and 'accounts'"),
        ('{"format": 2, "accounts": 7}', "accounts: 7 is not a list of accounts"),
        ('{"mockserver": 1, "accounts": [], "agenda": [{}]}', "agenda[0].at: is missing"),
    ],
)
def test_a_file_of_which_little_can_be_read_is_checked_as_far_as_it_can(
    tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "world.json"
    file.write_text(content)
    checked = run("fixtures", "check", str(file))

    assert (1, "") == (checked.exit_code, checked.stdout)
    assert checked.stderr.startswith(f"{file}: {sentence}")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serv"], "No such command 'serv'. Did you mean 'serve'?"),
        (["wrld", "show"], "No such command 'wrld'. Did you mean 'world'?"),
        (["fault", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["clock", "zzz"], "No such command 'zzz'."),
    ],
)
def test_a_misspelt_command_suggests_the_nearest(arguments: list[str], sentence: str) -> None:
    text = run(*arguments)
    data = run(*arguments, "--format", "json")

    assert (2, "") == (text.exit_code, text.stdout)
    assert text.stderr.endswith(f"Error: {sentence}\n")
    assert (2, sentence) == (data.exit_code, json.loads(data.stderr)["error"]["message"])


@pytest.mark.parametrize(
    ("arguments", "meant"), [(["account", "show", "--serevr", "x"], "--server"), (["serve", "--frezee"], "--freeze")]
)
def test_a_misspelt_option_suggests_the_nearest(arguments: list[str], meant: str) -> None:
    done = run(*arguments, "--format", "json")

    assert 2 == done.exit_code
    assert meant in json.loads(done.stderr)["error"]["message"]  # click words it, by version


def test_a_file_that_cannot_be_read_is_said_to_be_that(tmp_path: Path) -> None:
    absent = run("fault", "add", "@nope.json")
    folder = run("world", "load", str(tmp_path))

    assert (2, 2) == (absent.exit_code, folder.exit_code)
    assert "Invalid value for '[RULE]': nope.json cannot be read: No such file or directory\n" in absent.stderr
    assert f"Invalid value: {tmp_path} cannot be read: Is a directory\n" in folder.stderr


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield (*path, name), command


def test_every_command_takes_a_format() -> None:
    lacking = [path for path, command in commands(cli) if not any("--format" in each.opts for each in command.params)]

    assert [] == lacking


def test_help_lists_every_exit_code_with_its_meaning() -> None:
    shown = " ".join(run("--help").stdout.split("Exit codes:")[1].split())

    assert list(ExitCode) == list(EXIT_CODES) == list(range(6))
    assert shown == " ".join(f"{int(code)} {meaning}" for code, meaning in EXIT_CODES.items())


def test_the_documentation_lists_every_exit_code_with_its_meaning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| ([0-9]+) \| \w+ \| (.*) \|$", page, re.MULTILINE))

    assert {str(int(code)): meaning for code, meaning in EXIT_CODES.items()} == rows
