"""The commands that talk to a server: output as text and as JSON, and exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
import requests
from click.testing import CliRunner, Result

from contract_tests.commands import every_command
from mockserver import MockServer, Settings, WorldClient
from mockserver.cli import cli

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NO_LISTENER = "http://127.0.0.1:9/"
SEND = {"action": "sms.send_message", "to": "5556667777", "from": "5554332111", "message": "hi"}


@pytest.fixture(scope="session")
def running() -> Iterator[MockServer]:
    with MockServer(settings=Settings(port=0), freeze=NOON) as server:
        yield server


@pytest.fixture
def world(running: MockServer) -> Iterator[WorldClient]:
    with running.create_world("small", freeze=NOON, seed="7") as world:
        yield world


class CommandLine:
    """Runs commands in an environment that names the server and the world."""

    def __init__(self, url: str, world: str) -> None:
        self.environment = {"MOCKSERVER_URL": url, "MOCKSERVER_WORLD_ID": world}

    def __call__(self, *arguments: str, stdin: str | None = None, ends: int = 0) -> Result:
        done = CliRunner().invoke(cli, arguments, input=stdin, env=self.environment, prog_name="mockserver")
        assert (ends, None) == (done.exit_code, done.exception if ends == 0 else None), done.output
        return done

    def text(self, *arguments: str, stdin: str | None = None) -> list[str]:
        return self(*arguments, stdin=stdin).stdout.splitlines()

    def json(self, *arguments: str, stdin: str | None = None) -> Any:
        return json.loads(self(*arguments, "--format", "json", stdin=stdin).stdout)

    def failing(self, *arguments: str, ends: int = 2) -> str:
        done = self(*arguments, ends=ends)
        assert "" == done.stdout
        return done.stderr


@pytest.fixture
def run(running: MockServer, world: WorldClient) -> CommandLine:
    return CommandLine(running.url, world.id)


@pytest.fixture
def send(world: WorldClient) -> Callable[..., str]:
    user, secret = world.login("dialogtech", "documents")

    def send(**changes: str) -> str:
        call = {"access_key": user, "secret_access_key": secret, **SEND, **changes}
        return requests.get(f"{world.base_url}/ibp_api.php", call, timeout=30).text

    return send


# -- every verb --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", list(every_command(cli)), ids=" ".join)
def test_the_help_of_every_command_has_an_example_of_it(path: tuple[str, ...]) -> None:
    said = CliRunner().invoke(cli, [*path, "--help"], prog_name="mockserver").stdout

    assert re.search(rf"Examples?:\s+mockserver {' '.join(path)}".rstrip(), said)


def test_the_help_lists_every_command() -> None:
    said = CliRunner().invoke(cli, ["--help"]).stdout

    assert set(cli.list_commands(click.Context(cli))) <= set(re.findall(r"^  ([\w-]+) ", said, re.MULTILINE))


@pytest.mark.parametrize("endpoint", ["clock", "world", "journal", "verify", "quirks"])
def test_the_help_of_a_command_imports_no_client_and_no_server(endpoint: str) -> None:
    program = (
        f"import sys; from mockserver.cli import cli; cli([{endpoint!r}, '--help'], standalone_mode=False);"
        "sys.exit(bool({'flask', 'httptools', 'requests', 'mockserver.client'} & {*sys.modules}))"
    )

    assert 0 == subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL).returncode


def test_a_server_that_cannot_be_reached_is_one_sentence(unknown: str) -> None:  # of the other verbs: test_examples.py
    said = CommandLine(unknown, "default").failing("wait", "--timeout", "0", ends=4)

    assert f"mockserver: no server answers at {unknown}; start one with: mockserver serve\n" == said


def test_flags_go_before_the_environment(running: MockServer, world: WorldClient) -> None:
    elsewhere = CommandLine("http://127.0.0.1:1", "nobodys")

    assert world.id == elsewhere.json("world", "show", world.id, "--server", running.url)["id"]
    assert "now" in elsewhere.json("clock", "show", "--server", running.url, "--world", world.id)


def test_a_token_is_taken_from_the_flag_or_the_environment() -> None:
    with MockServer(settings=Settings(host="0.0.0.0", port=0, token="the-token")) as server:
        run = CommandLine(server.url, "default")
        assert "; give --token, or MOCKSERVER_TOKEN\n" in run.failing("clock", "show", ends=5)
        assert "now" in run.json("clock", "show", "--token", "the-token")
        run.environment["MOCKSERVER_TOKEN"] = "the-token"
        assert "now" in run.json("clock", "show")


# -- wait --------------------------------------------------------------------------------------------------------------


def test_wait_prints_the_version_of_the_server(run: CommandLine, running: MockServer) -> None:
    version = running.health()["version"]

    assert [f"mockserver {version} is ready at {running.url}"] == run.text("wait")
    assert {"status": "ok", "version": version} == run.json("wait", "--timeout", "1m")


def test_wait_prints_what_comes_and_where_to_go_on(run: CommandLine, send: Callable[..., str]) -> None:
    send()
    send()
    done = run("wait", "exchange", "--error", "TooManyPerNumber", "--timeout", "0", "--since", "0")

    assert re.match(r" +2 2026-06-01T12:00:00Z 200 sms\.send_message TooManyPerNumber  GET ", done.stdout)
    cursor = re.fullmatch(r"to wait for the next: --since ([0-9]+)\n", done.stderr)
    assert cursor is not None
    assert "no exchange came within 0 s" in run.failing(
        "wait", "exchange", "--timeout", "0", "--since", cursor[1], ends=4
    )
    send()
    assert 3 == run.json("wait", "exchange", "--timeout", "0", "--since", cursor[1])["found"]["number"]


@pytest.mark.parametrize("kind", ["exchange", "message", "delivery"])
def test_wait_ends_with_4_when_nothing_comes_from_now_on(run: CommandLine, send: Callable[..., str], kind: str) -> None:
    send()

    assert run.failing("wait", kind, "--timeout", "0", ends=4).startswith(f"mockserver: no {kind} came within 0 s")


def test_wait_is_woken_by_a_message(run: CommandLine, world: WorldClient) -> None:
    program = [sys.executable, "-m", "mockserver", "wait", "message", "--number", "5556667777", "--timeout", "60"]
    arguments = ["--since", str(world.cursor), "--format", "json"]
    with subprocess.Popen([*program, *arguments], env=run.environment, stdout=subprocess.PIPE) as waiting:
        run(*INBOUND)
        said, _ = waiting.communicate(timeout=60)

    assert (0, "Yes, please") == (waiting.returncode, json.loads(said)["found"]["text"])


def test_wait_shows_the_delivery_that_was_attempted(run: CommandLine, world: WorldClient) -> None:
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": NO_LISTENER}])
    before = str(world.cursor)
    run(*INBOUND)
    found = run.json("wait", "delivery", "--status", "given up", "--timeout", "60", "--since", before)

    assert (1, 1, "given up") == (found["found"]["number"], len(found["found"]["attempts"]), found["found"]["status"])
    assert " given up " in run.text("wait", "delivery", "--number", "1", "--since", before)[1]


# -- world -------------------------------------------------------------------------------------------------------------


def test_a_world_is_made_listed_and_dropped(run: CommandLine, running: MockServer) -> None:
    made = run.json(
        *("world", "create", "--fixture", "small", "--seed", "7", "--freeze", "2026-06-01T12:00:00Z"),
        *("--variant", "limits=off", "--credential", "dialogtech/documents=k:s", "--credential", "serwersms/demo=t"),
    )
    name = made["id"]

    assert ("2026-06-01T12:00:00Z", True, {"limits": "off"}) == (made["now"], made["frozen"], made["variants"])
    assert [{"user": "k", "secret": "s"}] == made["credentials"]["dialogtech"]["documents"]
    assert [{"user": "t"}] == made["credentials"]["serwersms"]["demo"]
    assert name in {each["id"] for each in run.json("world", "list")["worlds"]}
    assert any(line.startswith(name) for line in run.text("world", "list"))
    assert [f"dropped {name}"] == run.text("world", "drop", name)
    assert f"mockserver: there is no world {name!r}\n" == run.failing("world", "show", name)


def test_a_world_is_shown_to_people(run: CommandLine, world: WorldClient) -> None:
    user, secret = world.login("mgage", "documents")
    shown = run.text("world", "show")

    assert [
        f"world     {world.id}",
        f"base url  {world.base_url}",
        "clock     2026-06-01T12:00:00Z frozen",
        "seed      7",
        "variants  the default ones",
    ] == shown[:5]
    assert ["mgage", "documents", user, secret] in [line.split() for line in shown]


def test_a_world_is_forked_and_reset(run: CommandLine, world: WorldClient) -> None:
    twin = run.json("world", "fork", "--id", f"{world.id}-twin")
    again = run.json("world", "reset", twin["id"], "--freeze", "2017-01-01T00:00:00Z")
    run("world", "drop", twin["id"])

    assert (f"{world.id}-twin", "2026-06-01T12:00:00Z") == (twin["id"], twin["now"])
    assert "2017-01-01T00:00:00Z" == again["now"]


def test_a_world_is_saved_and_loaded(
    run: CommandLine, world: WorldClient, tmp_path: Path, send: Callable[..., str]
) -> None:
    file = tmp_path / "mine.json"
    said = run.text("world", "save", "--out", str(file), "--credentials")
    before = file.read_text()
    send()
    run("world", "load", str(file))

    assert [f"{file}: {world.show().messages} messages"] == said
    assert before == run("world", "save", "--credentials").stdout
    run("world", "load", "-", stdin='{"mockserver": 1, "accounts": []}')
    assert 0 == world.show().messages


def test_a_world_begins_with_a_world_file(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"mockserver": 1, "accounts": []}')
    made = run.json("world", "create", "--snapshot", str(tmp_path / "mine.json"))
    run("world", "drop", made["id"])

    assert (0, {}) == (made["messages"], made["credentials"])


def test_a_world_is_loaded_whether_it_is_there_or_not(run: CommandLine, world: WorldClient, tmp_path: Path) -> None:
    file, twin = str(tmp_path / "mine.json"), f"{world.id}-twin"
    run("world", "save", "--out", file)
    made = run("world", "load", file, twin)
    replaced = run("world", "load", file, "--world", twin)

    assert f"created {twin}\n" == made.stderr
    assert f"replaced the content of {twin}\n" == replaced.stderr
    assert world.show().messages == run.json("world", "show", twin)["messages"]
    run("world", "drop", twin)


def test_the_credentials_of_a_file_are_taken_or_left(run: CommandLine, world: WorldClient, tmp_path: Path) -> None:
    file, login = str(tmp_path / "mine.json"), world.login("mgage")
    run("world", "save", "--out", file, "--credentials")

    for endpoint in (["create", "--snapshot", file, "--id", "twin"], ["load", file, "twin"]):
        assert f"mgage {login.user!r}" in run.failing("world", *endpoint)
        own = run.json("world", *endpoint, "--own-credentials")["credentials"]["mgage"]["documents"]
        assert login.user not in {each["user"] for each in own}
        run("world", "drop", "twin")


def test_two_names_of_a_world_are_one_too_many(run: CommandLine, world: WorldClient) -> None:
    assert "two worlds are named: mine and --world other" in run.failing(
        *("world", "show", "mine", "--world", "other"), ends=2
    )
    assert world.id == run.json("world", "show", world.id, "--world", world.id)["id"]
    assert "default" == run.json("world", "show", "--world", "default")["id"]


def test_what_is_no_world_file_is_rejected(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"mockserver": 1, "acounts": []}')

    assert "'accounts'" in run.failing("world", "load", str(tmp_path / "mine.json"))
    assert "none.json cannot be read: No such" in run.failing("world", "load", str(tmp_path / "none.json"), ends=2)
    assert (
        "mockserver: - is not a world file: it is not a JSON object\n"
        == run("world", "load", "-", stdin="7", ends=2).stderr
    )


def test_a_file_that_cannot_be_written_is_one_sentence(run: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "mine.json"

    assert f"mockserver: {out} cannot be written: No such file or directory\n" == run.failing(
        "world", "save", "--out", str(out)
    )


def test_the_default_world_stays(run: CommandLine) -> None:
    assert run.failing("world", "drop", "default").startswith("mockserver: the default world cannot be dropped")


# -- account and message -----------------------------------------------------------------------------------------------


def test_accounts_are_listed_shown_and_changed(run: CommandLine, world: WorldClient) -> None:
    numbers = [{"number": "+48664000700"}, {"number": "+48664000701"}]
    changed = run.json("account", "set", "serwersms/demo", "--numbers", json.dumps(numbers))

    assert numbers == changed["numbers"]
    assert changed == run.json("account", "show", "serwersms/demo")
    assert "  number=+48664000701" in run.text("account", "show", "serwersms/demo")
    assert changed in run.json("account", "show")["accounts"]
    assert ["serwersms/demo", "2", "-", "-"] in [line.split()[:4] for line in run.text("account", "show")]


@pytest.mark.parametrize(
    ("account", "part", "rows"),
    [
        ("dialogtech/documents", "numbers", [{"number": "5550001111", "url": NO_LISTENER, "dlr_url": NO_LISTENER}]),
        ("mgage/documents", "programs", [{"id": "7", "name": "n", "campaign": "c", "kind": "Standard"}]),
        (
            "serwersms/demo",
            "forwarding",
            [{"service": "ndi", "url": NO_LISTENER, "prefix": "A", "verification": True}],
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_every_list_of_an_account_can_be_set(run: CommandLine, account: str, part: str, rows: list[object]) -> None:
    assert rows == run.json("account", "set", account, f"--{part}", json.dumps(rows))[part]


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_list_is_taken_from_a_file_or_from_stdin(run: CommandLine, tmp_path: Path, way: str) -> None:
    numbers = '[{"number": "5550001111"}]'
    (tmp_path / "numbers.json").write_text(numbers)
    given = f"@{tmp_path}/numbers.json" if way == "file" else "-"
    changed = run.json("account", "set", "dialogtech/documents", "--numbers", given, stdin=numbers)

    assert ["5550001111"] == [each["number"] for each in changed["numbers"]]


def test_a_misspelt_key_is_rejected_with_the_nearest(run: CommandLine) -> None:
    said = run.failing("account", "set", "dialogtech/documents", "--numbers", '[{"nubmer": "5550001111"}]')

    assert "nubmer" in said
    assert "'number'" in said


def test_any_message_is_added_and_listed(run: CommandLine, world: WorldClient) -> None:
    row = ("--sender", "37911", "--recipient", "1234567890", "--text", "Hello", "--at", "P1D")
    more = ("--field", "program=121811", "--field", "status=Failed")
    added = run.json("message", "add", "mgage", "documents", "--direction", "outbound", *row, *more)

    assert ("2026-05-31T12:00:00Z", "Failed", "121811") == (added["at"], added["status"], added["program"])
    listed = run.json("message", "list", "--provider", "mgage", "--direction", "outbound", "--number", "1234567890")
    assert added in listed["messages"]
    (line,) = run.text("message", "list", "--since", str(added["serial"] - 1))[1:]
    assert [str(added["serial"]), "2026-05-31T12:00:00Z", "mgage/documents", "outbound", "37911"] == line.split()[:5]


def test_a_message_is_changed_and_deleted(run: CommandLine, world: WorldClient) -> None:
    row = ("--sender", "37911", "--recipient", "1234567890", "--text", "Hello", "--field", "program=121811")
    added = run.json(
        "message", "add", "mgage", "documents", "--direction", "outbound", *row, "--field", "status=Failed"
    )
    serial = str(added["serial"])

    assert {**added, "status": "Delivered"} == run.json("message", "change", serial, "--status", "Delivered")
    assert {**added, "status": "Delivered"} == run.json("message", "delete", serial)
    assert serial not in [str(each.serial) for each in world.messages("mgage")]
    assert f"the world has no message {serial}" in run.failing("message", "delete", serial)


def test_a_list_that_is_cut_off_has_a_hint(run: CommandLine) -> None:
    done = run("message", "list", "--limit", "2")

    assert 3 == done.stdout.count("\n")
    assert re.search(r"there may be more; repeat with --since [0-9]+", done.stderr)


# -- inbound and clock -------------------------------------------------------------------------------------------------

INBOUND = ("inbound", "dialogtech", "--sender", "5556667777", "--recipient", "5554332111", "--text", "Yes, please")


def test_a_message_comes_in_now_or_later(run: CommandLine, world: WorldClient) -> None:
    now = run.json(*INBOUND)
    later = run.text(*INBOUND, "--in", "5m")

    assert ("Yes, please", "2026-06-01T12:00:00Z", "inbound") == (now["text"], now["at"], now["direction"])
    assert ["due 2026-06-01T12:05:00Z"] == later
    assert {"due": "2026-06-01T12:00:30Z"} == run.json(*INBOUND, "--in", "30")
    assert "2026-06-01T12:00:30Z" == run.json("clock", "show")["next"]


def test_clock_advance_prints_what_happened(run: CommandLine, world: WorldClient) -> None:
    run(*INBOUND, "--in", "5m")
    received = run.text("clock", "advance", "1h")

    assert "2026-06-01T13:00:00Z frozen, nothing is due" == received[-1]
    assert received[0].startswith("2026-06-01T12:05:00Z message_stored ")
    assert "sender=5556667777 recipient=5554332111" in received[0]


def test_clock_next_prints_attempts_in_words(run: CommandLine, world: WorldClient) -> None:
    world.change_account("serwersms", "demo", forwarding=[{"service": "nd", "url": NO_LISTENER, "verification": True}])
    run("inbound", "serwersms", "--account", "demo", "--sender", "+48500600700", "--text", "Hej", "--field", "kind=nd")
    assert world.wait_until_idle()  # else the clock also prints the first attempt, if it is still in flight
    received = run.text("clock", "next")[0]

    assert (
        "2026-06-01T12:05:00Z attempt_ended number=1 status=due due=2026-06-01T12:10:00Z result=the connection"
        in received
    )
    assert 2 == received.count("2026-06-01T12:")
    assert 1 == run("delivery", "show", "1").stdout.count("2026-06-01T12:05:00Z")


@pytest.mark.parametrize(
    ("arguments", "now"),
    [
        (["advance", "90"], "2026-06-01T12:01:30Z"),
        (["advance", "90s"], "2026-06-01T12:01:30Z"),
        (["advance", "1.5m"], "2026-06-01T12:01:30Z"),
        (["advance", "1d"], "2026-06-02T12:00:00Z"),
        (["advance", "PT1H30S"], "2026-06-01T13:00:30Z"),
        (["advance", "--to", "2026-07-01T00:00:00Z"], "2026-07-01T00:00:00Z"),
        (["freeze", "--at", "2026-07-01T00:00:00Z"], "2026-07-01T00:00:00Z"),
        (["freeze"], "2026-06-01T12:00:00Z"),
        (["next"], "2026-06-01T12:00:00Z"),
    ],
    ids=" ".join,
)
def test_the_clock_is_moved(run: CommandLine, arguments: list[str], now: str) -> None:
    assert (now, True, []) == tuple(run.json("clock", *arguments)[name] for name in ("now", "frozen", "events"))


def test_the_clock_is_let_go(run: CommandLine) -> None:
    assert "running" in run.text("clock", "resume")[0]


def test_the_next_thing_happens_or_there_is_none(run: CommandLine) -> None:
    run(*INBOUND, "--in", "5m")

    assert "2026-06-01T12:05:00Z frozen, nothing is due" == run.text("clock", "next")[-1]
    assert "nothing is due\n" == run("clock", "next").stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["clock", "advance"], "give a duration, or --to an instant"),
        (["clock", "advance", "5", "--to", "2027-01-01T00:00:00Z"], "give a duration, or --to an instant"),
        (["clock", "advance", "soon"], "'soon' is not a duration such as 90, 90s, 1.5m, 2h, 1d or PT1M30S"),
        (["variant", "set", "limits"], "'limits' is not NAME=VALUE"),
        (["account", "show", "demo"], "'demo' is not PROVIDER/ACCOUNT"),
        (["account", "set", "mgage/demo", "--programs", "{"], "'{' is not JSON, @FILE or - for stdin"),
        (["world", "create", "--credential", "demo=a:b"], "'demo' is not PROVIDER/ACCOUNT"),
        (["fault", "add"], "give a RULE as JSON, or --fault and its options"),
        (["fault", "add", "{}", "--first", "1"], "give a RULE as JSON, or --fault and its options"),
        (["fault", "add", "--fault", "reset", "--parameter", "to"], "'to' is neither NAME=TEXT nor NAME~PATTERN"),
        (["verify"], "give a VERIFICATION as JSON, or options"),
        (["verify", "--accepted", "--error", "X"], "--accepted and --error exclude each other"),
        (
            ["verify", "--accepted", "--outcome", "no_response"],
            "--accepted and --outcome no_response exclude each other",
        ),
        (["journal", "--outcome", "gone"], "'gone' is not one of 'accepted', 'rejected', 'overridden'"),
        (["account", "set", "mgage/demo"], "give at least one of --numbers, --programs, --forwarding"),
        (["fault", "remove"], "give the ids of rules, or --all"),
        (["fault", "remove", "f1", "--all"], "give the ids of rules, or --all"),
        (["exchange", "1", "--raw", "response", "--format", "json"], "--raw and --format json exclude each other"),
        (["wait", "--timeout", "1", "exchange"], "put options behind 'exchange'"),
        (["quirks", "--provider", "nope"], "'nope' is not one of dialogtech, mgage, serwersms"),
        (["errors", "--provider", "nope"], "'nope' is not one of dialogtech, mgage, serwersms"),
        (["magic", "--provider", "nope"], "'nope' is not one of dialogtech, mgage, serwersms"),
        (["explain", "first"], "'first' is not a valid integer range"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_misuse_is_explained_and_ends_with_2(run: CommandLine, arguments: list[str], complaint: str) -> None:
    assert complaint in run.failing(*arguments, ends=2)


@pytest.mark.parametrize(
    "arguments",
    [["clock", "advance", "--to", "2026-05-01T00:00:00Z"], ["clock", "freeze", "--at", "yesterday"]],
    ids=" ".join,
)
def test_an_instant_that_will_not_do_is_one_sentence(run: CommandLine, arguments: list[str]) -> None:
    assert re.fullmatch(r"mockserver: .+\n", run.failing(*arguments))


# -- variant and fault -------------------------------------------------------------------------------------------------


def test_variants_are_listed_and_set(run: CommandLine, world: WorldClient) -> None:
    received = run.text("variant", "set", "limits=off", "dialogtech.zone=America/Chicago")

    assert {"limits": "off", "dialogtech.zone": "America/Chicago"} == world.show().variants
    assert received == run.text("variant", "list")
    assert ["limits", "off", "enforced", "-"] in [line.split() for line in received]
    (zone,) = [line for line in run.text("variant", "list") if line.startswith("dialogtech.zone ")]
    assert ["America/Chicago", "UTC, any IANA zone, such as America/Chicago", "DT-12"] == re.split("  +", zone)[1:]
    assert "enforced" == run.json("variant", "list")["limits"]["default"]
    assert "enforced" in run.failing("variant", "set", "limits=of")


def test_a_fault_rule_is_added_by_flags(run: CommandLine, world: WorldClient, send: Callable[..., str]) -> None:
    added = run.json(
        *("fault", "add", "--fault", "reset", "--point", "after", "--first", "1", "--id", "no_response"),
        *("--operation", "sms.send_message", "--parameter", "to=5556667777", "--parameter", "from~^555"),
    )
    with pytest.raises(requests.ConnectionError):
        send()

    assert {
        "id": "no_response",
        "target": "response",
        "match": {
            "operation": "sms.send_message",
            "parameters": {"to": "5556667777", "from": {"pattern": "^555"}},
        },
        "when": {"first": 1},
        "point": "after",
        "fault": {"kind": "reset"},
        "matched": 0,
        "hits": 0,
        "remaining": 1,
        "exhausted": False,
    } == added
    (line,) = run.text("fault", "list")[1:]
    assert ["after", "1", "1", "0", "yes"] == line.split()[-5:]
    assert ["removed 1"] == run.text("fault", "remove", "no_response")


def test_a_fault_rule_is_added_by_json(run: CommandLine, world: WorldClient) -> None:
    rule = {"fault": [{"kind": "delay", "seconds": 1}, {"kind": "close"}], "when": {"nth": 2}, "expires_after": 3}
    added = run.json("fault", "add", json.dumps(rule))

    assert rule.items() <= added.items()
    assert added in run.json("fault", "list")["faults"]


def test_faults_are_listed_in_words(run: CommandLine) -> None:
    rule = {
        "fault": [{"kind": "delay", "seconds": 1}, {"kind": "close"}],
        "match": {"provider": "mgage", "parameters": {"page": {"pattern": "^2"}}, "headers": {"Accept": "*/*"}},
        "when": {"nth": 2, "until": "2026-06-01T13:00:00Z"},
    }
    run("fault", "add", json.dumps(rule))
    run("fault", "add", "--fault", "hang")
    first, second = [re.split("  +", line)[2:5] for line in run.text("fault", "list")[1:]]

    assert [
        "delay seconds=1, then close",
        "provider mgage, parameter page~^2, header accept=*/*",
        "nth 2, until 2026-06-01T13:00:00Z",
    ] == first
    assert ["hang", "everything", "always"] == second


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["delay", "seconds=2"], {"kind": "delay", "seconds": 2}),
        (["static_response", "status=503", 'body="503"'], {"kind": "static_response", "status": 503, "body": "503"}),
        (
            ["static_response", "status=503", "body=Bad gateway"],
            {"kind": "static_response", "status": 503, "body": "Bad gateway"},
        ),
    ],
    ids=str,
)
def test_the_options_of_a_fault_are_numbers_or_texts(
    run: CommandLine, options: list[str], fault: dict[str, object]
) -> None:
    kind, *given = options
    flags = [flag for each in given for flag in ("--option", each)]

    assert fault == run.json("fault", "add", "--fault", kind, *flags)["fault"]


def test_fault_rules_are_removed_all_at_once(run: CommandLine, world: WorldClient) -> None:
    for _ in range(2):
        run("fault", "add", "--fault", "hang", "--from", "PT30S", "--probability", "0.5")

    assert {"removed": 2} == run.json("fault", "remove", "--all")
    assert "there are no fault rules\n" == run("fault", "list").stderr
    assert "mockserver: " in run.failing("fault", "remove", "no_response")


def test_a_misspelt_fault_is_rejected_with_the_nearest(run: CommandLine) -> None:
    assert "'reset'" in run.failing("fault", "add", "--fault", "rest")


def test_the_kinds_of_faults_are_listed(run: CommandLine) -> None:
    assert ["delay", "response", "seconds"] in [line.split()[:3] for line in run.text("fault", "kinds")]
    assert "replay" in {each["kind"] for each in run.json("fault", "kinds")["kinds"]}


# -- journal, assert, explain ------------------------------------------------------------------------------------------


def test_the_journal_is_listed(run: CommandLine, send: Callable[..., str]) -> None:
    assert "no such exchange\n" == run("journal").stderr
    send()
    send()
    first, second = run.text("journal")

    assert re.match(r" +1 2026-06-01T12:00:00Z 200 sms\.send_message  GET /_w/\w+/ibp_api\.php\?", first)
    assert " 200 sms.send_message TooManyPerNumber  GET " in second
    assert [second] == run.text("journal", "--error", "TooManyPerNumber")
    assert [second] == run.text("journal", "--since", "1", "--limit", "1")
    received = run.json("journal", "--operation", "sms.send_message", "--status", "200")
    assert ([1, 2], 2, 0) == ([each["number"] for each in received["exchanges"]], received["last"], received["dropped"])


def test_the_journal_says_what_became_of_an_answer_and_what_was_decided(
    run: CommandLine, world: WorldClient, send: Callable[..., str]
) -> None:
    world.faults.add("provider_error", name="UnknownPath", match={"provider": "dialogtech"}, when={"nth": 1})
    world.faults.add("replay", match={"provider": "dialogtech"}, when={"nth": 2})
    for _ in range(3):
        send()

    assert [
        "UnknownPath by fault f1 (decided: accepted, but without effect)",
        "by fault f2",
        "replayed by fault f2 (decided: rejected by TooManyPerNumber)",
    ] == [re.search(r"send_message (.*?)  [A-Z]+ /", line)[1] for line in run.text("journal")]
    assert run.text("journal")[2:] == run.text("journal", "--outcome", "replayed")
    assert run.text("wait", "exchange", "--since", "0", "--outcome", "replayed") == run.text("journal")[2:]
    assert ["verified: exchange 3"] == run.text("verify", "--outcome", "replayed", "--count", "1")
    assert "verified: exchange 2" == run.text("verify", "--operation", "sms.send_message", "--accepted")[0]


def test_the_journal_says_how_many_are_gone_and_by_which_bound(
    run: CommandLine, world: WorldClient, send: Callable[..., str]
) -> None:
    send()
    world.reset()
    send()

    assert "the oldest 1 exchanges were dropped when the journal was cleared" in run("journal").stderr


def test_the_journal_is_followed_without_a_gap(run: CommandLine, world: WorldClient, send: Callable[..., str]) -> None:
    send()
    send()
    program = [sys.executable, "-m", "mockserver", "journal", "--follow", "--limit", "4", "--format", "json"]
    with subprocess.Popen(
        program, env={**run.environment, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        there = [following.stdout.readline() for _ in range(2)]
        send()
        send()
        come = list(following.stdout)

    assert 0 == following.returncode
    assert [1, 2, 3, 4] == [json.loads(line)["number"] for line in there + come]


def test_a_verification_holds(run: CommandLine, send: Callable[..., str]) -> None:
    send()
    send()
    verification = {"exchanges": [{"operation": "sms.send_message"}, {"error": "TooManyPerNumber"}], "order": True}

    assert ["verified: exchanges 1, 2"] == run.text("verify", "--operation", "sms.send_message", "--count", "2")
    assert ["verified: exchange 1"] == run.text("verify", "--provider", "dialogtech", "--accepted", "--at-most", "1")
    assert ["verified: no exchange"] == run.text("verify", "--provider", "mgage", "--count", "0")
    assert [1, 2] == run.json("verify", json.dumps(verification))["found"]
    assert [2] == run.json("verify", "--parameter", "to~^555", "--since", "1")["found"]


def test_a_verify_that_does_not_hold_ends_with_1_and_the_difference(run: CommandLine, send: Callable[..., str]) -> None:
    send()
    verification = ("verify", "--operation", "sms.send_message", "--parameter", "to=5556667778")

    assert (
        "mockserver: the journal does not match\n"
        '  exchange 1 of those wanted: the nearest is 1: parameters.to: wanted "5556667778", got "5556667777"\n'
    ) == run.failing(*verification, ends=1)
    done = run(*verification, "--format", "json", ends=1)
    assert (False, "parameters.to") == (
        json.loads(done.stdout)["holds"],
        json.loads(done.stdout)["difference"][0]["fields"][0]["field"],
    )


def test_an_exchange_is_explained(run: CommandLine, send: Callable[..., str]) -> None:
    send()
    send(mesage="hi")
    received = run.text("explain", "2")

    assert received[0].startswith("Exchange 2 at 2026-06-01T12:00:00Z: GET ")
    assert '  001: "1 sms per number per second"' in received
    assert "Window: 1 sms per number per second: 1 of 1 used, free again at 12:00:01.000" in received
    assert "TooManyPerNumber" == run.json("explain", "2")["rule"]["name"]
    assert "mockserver: there is no exchange 9; the journal holds 1 to 2\n" == run.failing("explain", "9")


def test_an_exchange_is_shown_whole(run: CommandLine, world: WorldClient, send: Callable[..., str]) -> None:
    send()
    response = send()
    shown = run("exchange", "2").stdout

    assert re.match(r"2 2026-06-01T12:00:00Z 200 sms\.send_message TooManyPerNumber  GET /_w/", shown)
    assert re.search(r"^> GET /_w/\w+/ibp_api\.php\?.*\n> Host: 127\.0\.0\.1", shown, re.MULTILINE)
    assert "< 200 OK\n< Content-Type: text/xml; charset=UTF-8\n< Date: Mon, 01 Jun 2026 12:00:00 GMT\n" in shown
    assert f"\n<\n{response}\n\ncomplete, " in shown
    assert response == run("exchange", "2", "--raw", "response").stdout
    assert "" == run("exchange", "2", "--raw", "request").stdout
    assert response == run.json("exchange", "2")["response"]["body"]["text"]
    assert "mockserver: there is no exchange 9; the journal holds 1 to 2\n" == run.failing("exchange", "9")


def test_the_body_of_a_request_is_shown_byte_for_byte(run: CommandLine, world: WorldClient) -> None:
    body = b"username=Login&type=\xff\x00\r\n"
    requests.post(f"{world.base_url}/messages/recived", data=body, timeout=30)

    assert body == run("exchange", "1", "--raw", "request").stdout_bytes
    assert "username=Login&type=\\xff" in run("exchange", "1").stdout


# -- deliveries ------------------------------------------------------------------------------------------------------------


def test_a_webhook_fault_rule_is_added_by_flags(run: CommandLine, world: WorldClient) -> None:
    late = run.json(
        *("fault", "add", "--target", "webhook", "--fault", "delay", "--option", "seconds=300", "--expires-after", "3"),
        *("--provider", "serwersms", "--account", "demo", "--kind", "inbound", "--url", "http://127.0.0.1:*"),
    )
    run("fault", "add", "--target", "webhook", "--fault", "give_up", "--option", "attempts=2", "--id", "mine")

    assert {
        "id": "f1",
        "target": "webhook",
        "match": {"provider": "serwersms", "account": "demo", "kind": "inbound", "url": "http://127.0.0.1:*"},
        "when": {},
        "point": "before",
        "fault": {"kind": "delay", "seconds": 300},
        "expires_after": 3,
        "matched": 0,
        "hits": 0,
        "remaining": 3,
        "exhausted": False,
    } == late
    assert [["f1", "webhook", "delay seconds=300"], ["mine", "webhook", "give_up attempts=2"]] == [
        re.split("  +", line)[:3] for line in run.text("fault", "list")[1:]
    ]


def test_a_webhook_that_a_fault_rule_applies_to_is_sent_twice(run: CommandLine, world: WorldClient) -> None:
    world.change_account("dialogtech", "documents", numbers=[{"number": "5554332111", "url": NO_LISTENER}])
    run("fault", "add", "--target", "webhook", "--fault", "duplicate")
    run(*INBOUND)
    run("wait", "idle")

    assert [1, 2] == [each["number"] for each in run.json("delivery", "list")["deliveries"]]


# -- lists -------------------------------------------------------------------------------------------------------------


def test_what_there_is_to_know_of_the_providers_is_listed(run: CommandLine) -> None:
    quirks = run.json("quirks", "--provider", "dialogtech")["quirks"]

    assert {"dialogtech"} == {each["provider"] for each in quirks}
    assert any(line.startswith("DT-23 ") for line in run.text("quirks"))
    assert any(re.match(r"  switch: dialogtech\.limits\.count = accepted \| all", line) for line in run.text("quirks"))
    assert any(line.startswith("dialogtech  TooManyPerNumber ") for line in run.text("errors"))
    assert {"mgage"} == {each["provider"] for each in run.json("errors", "--provider", "mgage")["errors"]}


def test_the_magic_numbers_are_listed(run: CommandLine) -> None:
    numbers = run.json("magic")["magic"]

    assert "dialogtech" in {each["provider"] for each in numbers}
    assert len(numbers) + 1 == len(run.text("magic"))


def test_an_option_that_takes_a_folder_says_so_by_one_word() -> None:
    words = dict[str, str | None]()
    for path in every_command(cli):
        command: click.Command = cli
        for name in path:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), name)
            assert found is not None
            command = found
        for option in command.params:
            if isinstance(option.type, click.Path) and not option.type.file_okay:
                words[f"{' '.join(path)} {option.opts[-1]}"] = option.metavar

    assert {"serve --data", "serve --ca", "provider new --directory", "doctor --ca"} <= words.keys()
    assert {"FOLDER"} == set(words.values()), words
