"""Settings from flags, variables and the configuration file: `mockserver.toml`, or `[tool.mockserver]` of `pyproject.toml`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from mockserver import MockServer, Settings
from mockserver.cli import cli
from mockserver.cli.serve import serve, settings_with
from mockserver.config_file import (
    config_schema,
    find_config_errors,
    find_config_file,
    published_schema,
    read_config_file,
)
from mockserver.settings import Definition, bounds_of, definitions
from mockserver.validation.messages import FileError

DEFINITIONS = list(definitions().values())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, in an environment without variables of ours."""
    for each in DEFINITIONS:
        monkeypatch.delenv(each.variable, raising=False)
    monkeypatch.delenv("MOCKSERVER_URL", raising=False)
    monkeypatch.delenv("MOCKSERVER_WORLD_ID", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Callable[..., Result]:
    def run(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=environment, prog_name="mockserver")

    return run


def other_value(setting: Definition) -> tuple[Any, str, str]:
    """Return a value that is not the default: as `Settings` has it, in TOML, and in a variable."""
    if setting.is_switch:
        value = not setting.default
        return value, json.dumps(value), "on" if value else "off"
    if setting.is_list:
        return ("one.example", "two.example"), '["one.example", "two.example"]', "one.example, two.example"
    if setting.choices:
        value = next(choice for choice in setting.choices if choice != setting.default)
        return value, json.dumps(value), value
    if (bounds := bounds_of(setting.kind)) is not None:
        value = bounds.least + 1 if setting.default != bounds.least + 1 else bounds.least + 2
        return value, str(value), str(value)
    if setting.kind == Path | None:
        return Path("/some/place"), '"/some/place"', "/some/place"
    text = {"state": "postgresql://mock@db.example/mock", "freeze": "2026-06-01T12:00:00Z"}.get(setting.name, "text")
    return text, json.dumps(text), text


@pytest.mark.parametrize("setting", DEFINITIONS, ids=lambda setting: setting.key)
def test_a_setting_is_read_from_the_file_the_variable_and_the_flag(
    setting: Definition, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, toml, text = other_value(setting)
    (folder / "mockserver.toml").write_text(f"{setting.key} = {toml}\n")
    assert value == getattr(settings_with({}), setting.name)

    (folder / "mockserver.toml").unlink()
    assert setting.default == getattr(settings_with({}), setting.name)

    monkeypatch.setenv(setting.variable, text)
    assert value == getattr(settings_with({}), setting.name)

    arguments = [setting.flag] if setting.is_switch else [
        part for each in (value if setting.is_list else [text]) for part in (setting.flag, str(each))
    ]  # fmt: skip
    context = serve.make_context("serve", arguments)
    assert value == context.params[setting.name]


def test_a_flag_comes_before_a_variable_and_that_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mockserver.toml").write_text('seed = "file"\nlog = "all"\nport = 1\n')
    monkeypatch.setenv("MOCKSERVER_SEED", "variable")
    monkeypatch.setenv("MOCKSERVER_HTTP_PORT", "2")

    assert Settings(port=3, seed="variable", log="all") == settings_with({"port": 3, "seed": None, "allow_hosts": ()})


def test_the_nearest_file_is_found_from_a_folder_upwards(folder: Path) -> None:
    below = folder / "one" / "two"
    below.mkdir(parents=True)
    assert find_config_file(below) in (None, find_config_file(folder.parent))

    (folder / "pyproject.toml").write_text("[tool.mockserver]\nport = 1\n")
    assert folder / "pyproject.toml" == find_config_file(below)

    (folder / "mockserver.toml").write_text("port = 2\n")
    assert folder / "mockserver.toml" == find_config_file(below)

    (folder / "one" / "pyproject.toml").write_text("[tool.other]\nmockserver = 1\n")
    assert folder / "mockserver.toml" == find_config_file(below)

    (folder / "one" / "pyproject.toml").write_text("[tool.mockserver]\n")
    assert folder / "one" / "pyproject.toml" == find_config_file(below)


@pytest.mark.parametrize("broken", ["[tool.mockserver\nport = 1\n", "[tool.mockserver]\nport = 1\n[project\n"])
def test_a_project_file_that_names_the_table_and_is_not_toml_is_an_error_and_not_passed_over(
    folder: Path, broken: str
) -> None:
    (folder / "mockserver.toml").write_text("port = 2\n")
    below = folder / "one"
    below.mkdir()
    (below / "pyproject.toml").write_text("[project\nname = 'mockserver'\n")
    assert folder / "mockserver.toml" == find_config_file(below)

    (below / "pyproject.toml").write_text(broken)
    assert below / "pyproject.toml" == find_config_file(below)


def test_paths_are_relative_to_the_folder_of_the_file(folder: Path) -> None:
    file = folder / "mockserver.toml"
    file.write_text('world = "worlds/mine.json"\nca = "/ca"\nstate = "sms.state"\n')

    assert {
        "world": folder / "worlds/mine.json",
        "ca": Path("/ca"),
        "state": str(folder / "sms.state"),
    } == read_config_file(file).settings


def test_an_instant_may_be_written_as_toml_writes_it(folder: Path) -> None:
    file = folder / "mockserver.toml"
    file.write_text("freeze = 2026-06-01T12:00:00Z\n")

    assert {"freeze": "2026-06-01T12:00:00+00:00"} == read_config_file(file).settings


@pytest.mark.parametrize(
    ("name", "content", "errors"),
    [
        ("mockserver.toml", "prot = 1", ["prot: unknown key; did you mean 'port'?"]),
        ("mockserver.toml", "state_sync = 'full'", ["state_sync: unknown key; did you mean 'state-sync'?"]),
        ("mockserver.toml", "port = 65536", ["port: 65536 is not a whole number from 0 to 65535"]),
        ("mockserver.toml", "port = true", ["port: true is not a whole number from 0 to 65535"]),
        ("mockserver.toml", "https = 'yes'", ["https: 'yes' is not true or false"]),
        ("mockserver.toml", "names = 'sms.test'", ["names: 'sms.test' is not a list of texts"]),
        ("mockserver.toml", "freeze = 'noon'", ["freeze: 'noon' is not an instant; one is 2026-06-01T12:00:00Z"]),
        (
            "mockserver.toml",
            "log = 'loud'\n[client]\nur = 1\nworld = ''",
            [
                "client.ur: unknown key; did you mean 'url'?",
                "client.world: '' is not a text of at least one character",
                "log: 'loud' is not 'quiet', 'errors' or 'all'",
            ],
        ),
        ("mockserver.toml", "port = ", ["is not TOML: Invalid value (at end of document)"]),
        ("pyproject.toml", "[tool.mockserver]\nport = -1", ["tool.mockserver.port: -1 is not a whole number from 0 to 65535"]),
        ("pyproject.toml", "[tool]\nmockserver = 7", ["tool.mockserver: is not a table"]),
        ("pyproject.toml", "[tool.other]", ["has no table [tool.mockserver]"]),
    ],
)  # fmt: skip
def test_every_error_of_a_file_is_one_sentence_with_its_place(
    folder: Path, name: str, content: str, errors: list[str]
) -> None:
    file = folder / name
    file.write_text(content)

    assert [f"{file}: {error}" for error in errors] == list(map(str, find_config_errors(file)))
    with pytest.raises(FileError) as rejected:
        read_config_file(file)
    assert f"{file}: {errors[0]}" == str(rejected.value)


def test_the_origin_of_each_value_is_shown_and_secrets_are_not(run: Callable[..., Result], folder: Path) -> None:
    file = folder / "mockserver.toml"
    file.write_text(
        'port = 7899\ntoken = "secret"\nstate = "postgresql://mock:secret@db.example/mock"\n[client]\nworld = "mine"\n'
    )
    done = run("config", "show", MOCKSERVER_LOG="all", MOCKSERVER_LOGG="1")

    assert [
        ["setting", "value", "origin"],
        ["port", "7899", f"{file}: port"],
        ["state", "postgresql://mock:(masked)@db.example/mock", f"{file}: state"],
        ["token", "(masked)", f"{file}: token"],
        ["log", "all", "MOCKSERVER_LOG"],
    ] == [re.split("  +", line) for line in done.stdout.splitlines()]
    assert (
        f"mockserver: MOCKSERVER_LOGG is not known; did you mean MOCKSERVER_LOG?\nconfiguration file: {file}\n"
        == done.stderr
    )
    assert "secret" not in done.output

    data = json.loads(run("config", "show", "--format", "json").stdout)
    assert (str(file), {"url": "http://127.0.0.1:7899", "world": "mine"}) == (data["file"], data["client"])
    assert [each.key for each in DEFINITIONS] == [row["name"] for row in data["settings"]]
    assert {
        "name": "host", "value": "127.0.0.1", "origin": "default", "flag": "--host", "variable": "MOCKSERVER_LISTEN_HOST"
    } == data["settings"][0]  # fmt: skip


def test_a_file_is_checked_and_every_error_listed(run: Callable[..., Result], folder: Path) -> None:
    assert (2, "") == ((none := run("config", "check", MOCKSERVER_CONFIG="")).exit_code, none.stdout)

    (folder / "mockserver.toml").write_text("port = 1\n")
    done = run("config", "check")
    assert (0, f"{folder / 'mockserver.toml'} is valid\n") == (done.exit_code, done.stdout)

    (folder / "other.toml").write_text("prot = 1\nlog = 1\n")
    done = run("config", "check", "other.toml", "--format", "json")
    assert (1, "") == (done.exit_code, done.stdout)
    assert {
        "error": {
            "code": "invalid_config",
            "message": "other.toml has 2 errors",
            "difference": [
                "other.toml: prot: unknown key; did you mean 'port'?",
                "other.toml: log: 1 is not 'quiet', 'errors' or 'all'",
            ],
        }
    } == json.loads(done.stderr)


def test_a_command_that_meets_an_invalid_file_says_so_and_ends_with_2(run: Callable[..., Result], folder: Path) -> None:
    (folder / "mockserver.toml").write_text("prot = 1\n")

    for command in (("serve",), ("journal",), ("exec", "--", "true")):
        done = run(*command)
        assert (2, f"mockserver: {folder / 'mockserver.toml'}: prot: unknown key; did you mean 'port'?\n") == (
            done.exit_code, done.stderr
        )  # fmt: skip
    assert 0 == run("journal", "--help").exit_code


def test_client_commands_use_the_server_and_the_world_of_the_file(run: Callable[..., Result], folder: Path) -> None:
    with MockServer(settings=Settings(port=0)) as server, server.create_world("small", id="mine"):
        file = folder / "mockserver.toml"
        file.write_text(f'[client]\nurl = "{server.url}"\nworld = "mine"\n')
        assert "mine" == json.loads(run("world", "show", "--format", "json").stdout)["id"]
        assert "default" == json.loads(run("world", "show", "--world", "default", "--format", "json").stdout)["id"]
        named = run("world", "show", "--format", "json", MOCKSERVER_WORLD_ID="default")
        assert "default" == json.loads(named.stdout)["id"]

        file.write_text(f"port = {server.url.rpartition(':')[2]}\n")
        assert "default" == json.loads(run("world", "show", "--format", "json").stdout)["id"]

        elsewhere = folder / "elsewhere.toml"
        elsewhere.write_text(f'[client]\nurl = "{server.url}"\n')
        file.write_text("")
        assert 3 == run("world", "show", MOCKSERVER_URL="http://127.0.0.1:9").exit_code
        named = run("world", "show", "--format", "json", MOCKSERVER_CONFIG=str(elsewhere))
        assert "default" == json.loads(named.stdout)["id"]


@pytest.mark.parametrize(
    ("content", "url"),
    [
        ("", None),
        ("port = 0", None),
        ("port = 7899", "http://127.0.0.1:7899"),
        ('port = 7899\nhost = "0.0.0.0"', "http://127.0.0.1:7899"),
        ('host = "::1"', "http://[::1]:7670"),
        ('port = 7899\n[client]\nurl = "http://sms.test:80"', "http://sms.test:80"),
    ],
)
def test_the_server_that_the_file_describes_is_the_one_that_clients_use(
    folder: Path, content: str, url: str | None
) -> None:
    file = folder / "mockserver.toml"
    file.write_text(content)

    assert url == read_config_file(file).url


def test_the_published_schema_accepts_what_is_read_and_describes_each_key(run: Callable[..., Result]) -> None:
    published = json.loads(run("config", "schema").stdout)
    Draft7Validator.check_schema(published)
    valid = tomllib.loads("\n".join(f"{each.key} = {other_value(each)[1]}" for each in DEFINITIONS))

    assert published == published_schema()
    assert [] == list(Draft7Validator(published).iter_errors(valid))
    assert [] != list(Draft7Validator(published).iter_errors({"prot": 1}))
    assert {each.key: each.about for each in DEFINITIONS} == {
        key: part["description"] for key, part in published["properties"].items() if key != "client"
    }
    assert set(published["properties"]) == set(config_schema()["properties"])
