"""Scenario files that are wrong: each mistake is named at its place, and in YAML with its line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from contract_tests.scenarios.test_run import DEMOS, EVERYTHING, EXAMPLE, ROOT
from mockserver.admin.endpoint import Catalog
from mockserver.cli import cli
from mockserver.scenario import Scenario, find_mistakes, scenario_schema
from mockserver.scenario.documents import MISSING_YAML, decode_yaml
from mockserver.scenario.errors import ScenarioError
from mockserver.sdk.loading import installed_providers

PROVIDERS = installed_providers()
SCHEMA = scenario_schema(Catalog(PROVIDERS.providers, PROVIDERS.switches))
ACCOUNT = {"provider": "dialogtech", "name": "shop", "logins": ["pair"], "numbers": [], "messages": []}
SCENARIO: dict[str, Any] = {
    "scenario": 1,
    "start": "2026-06-01T09:00:00Z",
    "world": {"accounts": [ACCOUNT]},
    "receivers": {"script": {"status": 500}},
    "timeline": [],
}


def check_command(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["scenario", "check", *map(str, arguments)])


def mistakes(folder: Path, **changes: Any) -> list[str]:
    path = folder / "one.json"
    path.write_text(json.dumps({**SCENARIO, **changes}))
    return [str(each).removeprefix(f"{path}: ") for each in find_mistakes(path)]


def doing(**action: Any) -> dict[str, Any]:
    return {"timeline": [{"do": [action]}]}


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"scenario": 2}, ["scenario: 2 is not 1, the present format"]),
    ({"tmeline": []}, ["tmeline: unknown key; did you mean 'timeline'?"]),
    ({"start": "yesterday"}, ["start: 'yesterday' is not an instant such as '2026-06-01T12:00:00Z'"]),
    ({"variants": {"limits": "maybe"}}, ["variants.limits: 'maybe' is not 'enforced' or 'off'"]),
    ({"world": {"fixture": "large"}}, ["world.fixture: 'large' is not 'demo', 'small' or 'empty'"]),
    ({"world": {"file": "none.json"}}, ["world.file: none.json: the file cannot be read (No such file or directory)"]),
    ({"world": {}}, ["world.accounts: is missing"]),
    (
        {"world": {"accounts": [{**ACCOUNT, "provider": "dialogteck"}]}},
        ["world.accounts[0].provider: no provider 'dialogteck' is installed; did you mean 'dialogtech'?; install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"],
    ),
    ({"timeline": [{"at": "PT1M"}, {"at": "PT30S"}]}, ["timeline[1].at: 'PT30S' is before 2026-06-01T09:01:00Z, when the step before it happens"]),
    ({"timeline": [{"at": "P9999999D"}]}, ["timeline[0].at: 'P9999999D' is not an instant such as '2026-06-01T12:00:00Z', or a duration such as 'PT90S' after the start"]),
    ({"timeline": [{"at": "soon"}]}, ["timeline[0].at: 'soon' is not an instant such as '2026-06-01T12:00:00Z', or a duration such as 'PT90S' after the start"]),
    (
        {"timeline": [{"do": [{"clock": {"advance": "PT5M"}}]}, {"at": "PT1M"}]},
        ["timeline[1].at: 'PT1M' is before 2026-06-01T09:05:00Z, when the step before it happens"],
    ),
    (doing(inbund={}), ["timeline[0].do[0].inbund: unknown key; did you mean 'inbound'?"]),
    (doing(clock="next", clear_faults=True), ["timeline[0].do[0]: an object with 'clock', 'clear_faults' is not an object with exactly one action"]),
    (doing(inbound={"provider": "acme", "sender": "1"}), ["timeline[0].do[0].inbound.provider: 'acme': unknown provider; there is dialogtech, mgage, serwersms"]),
    (doing(inbound={"provider": "dialogtech", "account": "shp", "sender": "1"}), ["timeline[0].do[0].inbound.account: 'shp': unknown account of dialogtech; did you mean 'shop'?"]),
    (doing(inbound={"provider": "dialogtech"}), ["timeline[0].do[0].inbound.sender: is missing"]),
    (doing(add_fault={"fault": {"kind": "rest"}}), ["timeline[0].do[0].add_fault.fault.kind: unknown kind of response fault; did you mean 'reset'?"]),
    (
        doing(add_fault={"fault": {"kind": "reset"}, "match": {"operation": "sms.send"}}),
        ["timeline[0].do[0].add_fault.match.operation: 'sms.send': unknown operation; did you mean 'sms.send_message'?"],
    ),
    (doing(rewind="before"), ["timeline[0].do[0].rewind: 'before': unknown checkpoint; there is none"]),
    (doing(clock={"advance": "5 minutes"}), ["timeline[0].do[0].clock.advance: '5 minutes' is not a duration such as 'PT90S'"]),
    (doing(receiver={"name": "scrpt", "status": 200}), ["timeline[0].do[0].receiver.name: 'scrpt': unknown receiver; did you mean 'script'?"]),
    (doing(request={"path": "ibp_api.php"}), ["timeline[0].do[0].request.path: 'ibp_api.php' is not a path that begins with /"]),
    (doing(request={"path": "/", "form": {}, "body": "x"}), ["timeline[0].do[0].request.body: cannot be combined with 'form'"]),
    (doing(request={"path": "/", "basic": True}), ["timeline[0].do[0].request.basic: needs an 'account', whose login is sent"]),
    (doing(request={"path": "/", "account": "mgage/shop"}), ["timeline[0].do[0].request.account: 'shop': unknown account of mgage; there is none"]),
    (doing(change_account={"provider": "dialogtech", "account": "shop", "nmbers": []}), ["timeline[0].do[0].change_account.nmbers: unknown key; did you mean 'numbers'?"]),
    (
        doing(add_entry={"provider": "serwersms", "account": "x", "collection": "contact", "entry": {}}) | {"world": {"file": "world.json"}},
        ["timeline[0].do[0].add_entry.collection: 'contact': unknown collection; did you mean 'contacts'?"],
    ),
    (doing(change_message={"message": {"provider": "dialogtech"}, "fields": {"no": 1}}), ["timeline[0].do[0].change_message.fields: unknown key; there is none"]),
    (doing(store_message={"provider": "dialogtech", "account": "shop", "direction": "up"}), ["timeline[0].do[0].store_message.sender: is missing"]),
    (doing(expect={}), ["timeline[0].do[0].expect: an empty object is not an object of expectations"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), WRONG, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_a_mistake_is_named_at_its_place(tmp_path, changes, expected):
    serwersms = {"provider": "serwersms", "name": "x", "logins": ["pair"], "messages": []}
    (tmp_path / "world.json").write_text(json.dumps({"format": 2, "accounts": [serwersms]}))

    assert expected == mistakes(tmp_path, **changes)[: len(expected)]


def test_every_mistake_of_a_file_is_found(tmp_path):
    steps = [
        {"at": "soon"},
        {"do": [{"receiver": {"name": "b", "status": 200}}, {"request": {"path": "/", "basic": True}}]},
    ]

    assert [
        "start: 'now' is not an instant such as '2026-06-01T12:00:00Z'",
        "timeline[0].at: 'soon' is not an instant such as '2026-06-01T12:00:00Z', or a duration such as 'PT90S' after the start",
        "timeline[1].do[0].receiver.name: 'b': unknown receiver; there is script",
        "timeline[1].do[1].request.basic: needs an 'account', whose login is sent",
    ] == mistakes(tmp_path, start="now", timeline=steps)


def test_a_mistake_in_a_world_file_of_a_scenario_names_both_files(tmp_path):
    (tmp_path / "world.json").write_text('{"format": 2, "accounts": [{"provider": "mgage"}]}')

    assert ["world.file: world.json: accounts[0].name: is missing"] == mistakes(tmp_path, world={"file": "world.json"})


def test_the_command_checks_files_and_ends_with_1_if_one_has_a_mistake(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("scenario: 1\nstart: 2026-06-01T09:00:00Z\nworld:\n  fixture: small\ntimeline:\n  - at: never\n")
    good, bad = check_command(EXAMPLE), check_command(EXAMPLE, path)

    assert (0, f"{EXAMPLE}: 4 steps\n", "") == (good.exit_code, good.stdout, good.stderr)
    assert 1 == bad.exit_code
    assert (
        f"{path}:6: timeline[0].at: 'never' is not an instant such as '2026-06-01T12:00:00Z', or a duration such as 'PT90S' after the start\n"
        == bad.stderr
    )


def test_the_command_prints_json(tmp_path):
    path = tmp_path / "wrong.json"
    path.write_text("{")
    done = check_command(path, "--format", "json")

    assert {
        "files": [
            {
                "file": str(path),
                "steps": None,
                "errors": [
                    {
                        "place": "",
                        "line": None,
                        "message": "the file is not JSON: unexpected end of data (line 1, column 2)",
                    }
                ],
                "has_more": False,
            }
        ]
    } == json.loads(done.stdout)


@pytest.mark.parametrize("path", [EXAMPLE, *DEMOS], ids=lambda path: path.stem)
def test_a_shipped_scenario_has_no_mistake_and_fits_the_published_schema(path):
    document = decode_yaml(path.read_bytes()).value

    assert [] == find_mistakes(path)
    assert [] == [error.message for error in Draft7Validator(SCHEMA).iter_errors(document)]


def test_the_published_schema_is_a_schema_and_has_every_action():
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator(SCHEMA).validate(EVERYTHING)
    actions = SCHEMA["properties"]["timeline"]["items"]["properties"]["do"]["items"]["properties"]
    used = {name for step in EVERYTHING["timeline"] for action in step["do"] for name in action}

    assert {*actions} == {*used, "receiver"}


def test_the_published_schema_in_the_documentation_is_the_one_that_the_command_prints():
    printed = CliRunner().invoke(cli, ["scenario", "schema"])

    assert (ROOT / "docs" / "reference" / "scenario.schema.json").read_text() == printed.stdout
    assert SCHEMA == json.loads(printed.stdout)


# ---------------------------------------------------------------------------------------------------------------- YAML


def test_yaml_s_unquoted_words_are_texts_but_for_those_of_json():
    text = b"[no, yes, on, y, 2026-06-01, 12:30:00, 0048, +48500600700, 0x1f, 1_000, .5, .inf, True, 7, -1.5e3, true, null, ~, '7']"

    assert [
        "no", "yes", "on", "y", "2026-06-01", "12:30:00", "0048", "+48500600700", "0x1f", "1_000", ".5", ".inf", "True",
        7, -1500.0, True, None, None, "7",
    ] == decode_yaml(text).value  # fmt: skip


def test_a_number_where_a_text_belongs_is_told_to_be_quoted(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(
        "scenario: 1\nstart: 2026-06-01T09:00:00Z\nworld: {fixture: small}\ntimeline:\n"
        "  - do:\n      - inbound:\n          provider: dialogtech\n          sender: 5556667777\n"
    )

    assert [f"{path}:8: timeline[0].do[0].inbound.sender: 5556667777 is not a text; in YAML, put it in quotes"] == list(
        map(str, find_mistakes(path))
    )


BROKEN = {
    "a repeated key": (b"a: 1\nb: 2\na: 3", 3, "a: the key is written more than once"),
    "a key that is no text": (b"a:\n  7: x", 2, "a: the key 7 is not a text; write it in quotes"),
    "a tag": (b"a: !!python/object:os.system x", 1, "a: the tag 'tag:yaml.org,2002:python/object:os.system' cannot be used"),
    "an alias of itself": (b"a: &a [*a]", 1, "a[0][0][0][0][0][0][0][0][0]: the file is nested more than 100 levels deep"),
    "lists in lists": (b"[" * 5000, None, "the file is nested more than 100 levels deep"),
    "a bad indent": (b"a: 1\n b: 2", 2, "the file is not YAML: mapping values are not allowed here"),
    "nothing": (b"# only a comment\n", None, "the file is empty"),
    "no UTF-8": (b"a: \xff", None, "the file is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_yaml_is_rejected_with_its_line(name):
    raw, line, sentence = BROKEN[name]
    with pytest.raises(ScenarioError) as caught:
        decode_yaml(raw)

    assert (line, sentence) == (caught.value.line, str(caught.value))


def test_aliases_that_stand_for_more_and_more_are_rejected():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(ScenarioError, match=r"the file has more than 100000 values$"):
        decode_yaml("\n".join(lines).encode())


def test_without_pyyaml_a_yaml_file_names_the_package_and_json_works(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "yaml", None)
    done = check_command(EXAMPLE, *DEMOS)

    assert 1 == done.exit_code
    assert f"{EXAMPLE}: {MISSING_YAML}\n" == done.stderr
    assert "reply.json: 6 steps\n" in done.stdout
    with pytest.raises(ScenarioError, match="pip install 'sms-mockserver\\[yaml\\]'"):
        Scenario.load(EXAMPLE)
