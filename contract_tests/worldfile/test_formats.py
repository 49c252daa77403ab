"""World files of format 1 are read as those of format 2, and what they say of providers that are not installed can be kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace as changed
from werkzeug.test import Client

from contract_tests.installed import SWITCHES
from mockserver.app import build_service, create_registry, read_world
from mockserver.cli import cli
from mockserver.client import Mock
from mockserver.engine.accounts import Account
from mockserver.engine.messages import Message
from mockserver.sdk.loading import installed_providers
from mockserver.server import MockServer
from mockserver.settings import Settings, fixtures_folder
from mockserver.worldfile import Rules, WorldFileError, decode_file, dump, lines, parse, read, upgrade

FORMAT_1 = Path(__file__).parent / "format_1"
"""Files that were shipped or saved when there was no other format."""
RULES = Rules.of(installed_providers(), SWITCHES)
NOON = "2026-06-01T12:00:00Z"

ACME = {"provider": "acme", "name": "a", "plan": "free", "messages": [{"id": "1", "at": "P1D", "to": ["+1"]}]}
LATER = {"at": "2026-06-02T00:00:00Z", "provider": "acme", "fields": {"from": "+1"}}
MGAGE = {"provider": "mgage", "name": "shop", "logins": [{"user": "u", "secret": "s"}], "messages": []}
MIXED: dict[str, Any] = {
    "format": 2,
    "variants": {"acme.zone": "UTC", "mgage.date": "iso"},
    "sequences": {"acme.out": 7},
    "uses": {"acme/a": ["2026-06-01T11:00:00Z"]},
    "scheduled": [LATER],
    "accounts": [ACME, MGAGE],
}
HELP = "install the package that offers it, or keep it unread with --keep-unknown (keep_unknown)"
MISSING = f"no provider 'acme' is installed; there is dialogtech, mgage, serwersms; {HELP}"


def saved(client: Client, world: str) -> Any:
    return client.get(f"/_mock/worlds/{world}/snapshot?credentials=true").get_json()


@pytest.fixture
def client() -> Client:
    return build_service(Settings(freeze=NOON)).app.test_client()


def _without_replies(account: Account) -> Account:
    """An account without what its programs answer, which they have got since."""
    programs = {program.id: replace(program, reply="") for program in account.programs.values()}
    return replace(account, programs=programs)


def _messages(rows: Iterable[Message], *, of_serwersms: bool) -> list[Message]:
    """The messages of SerwerSMS's accounts, which have more since then, or of the others, without their serials."""
    return [changed(row, serial=0) for row in rows if row.account.startswith("serwersms/") == of_serwersms]


def test_the_shipped_world_of_format_1_is_that_of_format_2() -> None:
    old, new = (read(path / "small.json", RULES).fixture for path in (FORMAT_1, fixtures_folder() / "worlds"))

    assert [each for each in old.accounts if each.provider != "serwersms"] == [
        _without_replies(each) for each in new.accounts if each.provider != "serwersms"
    ]
    for before, after in ((old.fixed.rows, new.fixed.rows), (old.relative.rows, new.relative.rows)):
        assert _messages(before, of_serwersms=False) == _messages(after, of_serwersms=False)
        kept = _messages(after, of_serwersms=True)
        assert [row for row in _messages(before, of_serwersms=True) if row not in kept] == []
    ours = {name for name in old.sequences if not name.startswith("serwersms.")}
    assert {name: old.sequences[name] for name in ours} == {name: new.sequences[name] for name in ours}
    assert (len(old.read), old.variants) == (len(new.read), new.variants)


def test_a_forwarding_rule_of_format_1_verifies_unless_it_says_otherwise() -> None:
    rules = [{"service": "nd", "url": "http://a"}, {"service": "nd", "url": "http://a", "verification": False}]
    account = {"provider": "serwersms", "name": "a", "logins": [{"user": "u"}], "forwarding": rules}

    assert [True, False] == [
        rule.verification for rule in parse({"mockserver": 1, "accounts": [account]}, RULES).accounts[0].forwarding
    ]
    assert [False, False] == [
        rule.verification for rule in parse({"format": 2, "accounts": [account]}, RULES).accounts[0].forwarding
    ]


def test_a_snapshot_of_format_1_is_written_again_in_the_words_of_format_2() -> None:
    path = FORMAT_1 / "snapshot.json"
    world = create_registry(Settings(world=path)).default
    old: Any = decode_file(path)
    again = json.loads(b"".join(lines(dump(world, create_registry(Settings()).variants, has_credentials=True))))

    assert {"dialogtech.zone": "Europe/Warsaw", "mgage.date": "iso"} == old["readings"]
    assert 1 == len(old["agenda"])
    renamed = {"mockserver": "format", "readings": "variants", "agenda": "scheduled"}
    numbers = {"serwersms.contacts": 228173582, "serwersms.blacklist": 12356}
    for account in old["accounts"]:
        if "contacts" in account:
            contacts, blacklist = account.pop("contacts"), account.pop("blacklist")
            account["collections"] = {
                "blacklist": [{"id": number, "phone": phone} for number, phone in enumerate(blacklist, 12354)],
                "contacts": [{"id": number, **row} for number, row in enumerate(contacts, 228173579)],
            }
    expected = {renamed.get(name, name): part for name, part in old.items()}
    assert {**expected, "format": 2, "sequences": {**old["sequences"], **numbers}} == again
    assert 2 <= sum(len(rows) for account in again["accounts"] for rows in account.get("collections", {}).values())


def test_the_contacts_and_the_blacklist_that_older_files_have_beside_the_numbers_become_entries() -> None:
    account = {"provider": "serwersms", "name": "a", "logins": [{"user": "u"}]}
    kept = {"contacts": [{"id": 7, "phone": "+48500600700"}]}
    document = {
        "format": 2,
        "sequences": {},
        "accounts": [
            {
                **account,
                "contacts": [{"phone": "+48500600701", "first_name": "Ola"}],
                "blacklist": ["+48500600702"],
                "collections": kept,
            }
        ],
    }
    fixture = parse(document, RULES)

    assert [(7, ""), (8, "Ola")] == [
        (each.id, each.first_name) for each in fixture.entries.all("serwersms/a", "contacts")
    ]
    assert [(12354, "+48500600702")] == [
        (each.id, each.phone) for each in fixture.entries.all("serwersms/a", "blacklist")
    ]
    assert {"serwersms.contacts": 9, "serwersms.blacklist": 12355} == fixture.sequences
    with pytest.raises(WorldFileError, match=r"accounts\[0\]\.blacklist\[0\]: '500' is not a telephone number"):
        parse({"format": 2, "accounts": [{**account, "blacklist": ["500"]}]}, RULES)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"readings": {"mgage.date": "roman"}}, "readings.mgage.date: 'roman' is not 'sample' or 'iso'"),
        ({"agenda": [{"at": "x", "provider": "mgage", "fields": {}}]}, "agenda[0].at: 'x' is not an instant"),
        ({"accounts": 5}, "accounts: 5 is not a list of accounts"),
        ({"mockserver": 2}, "mockserver: 2 is not 1; newer files begin with 'format': 2"),
    ],
)
def test_what_is_wrong_in_format_1_is_named_by_its_own_words(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WorldFileError) as rejected:
        read({"mockserver": 1, "accounts": [], **changes}, RULES)

    assert str(rejected.value).startswith(sentence)


def test_what_is_no_file_of_format_1_is_not_changed() -> None:
    assert all(upgrade(thing) is thing for thing in (MIXED, [], 5, {"accounts": []}))


@pytest.mark.parametrize("part", ["accounts", "scheduled"])
def test_a_file_with_a_provider_that_is_not_installed_is_rejected_and_says_which(part: str) -> None:
    things = {name: value for name, value in MIXED.items() if name not in ("accounts", "scheduled", "variants")}

    with pytest.raises(WorldFileError) as rejected:
        read({**things, "accounts": [], part: MIXED[part]}, RULES)

    assert f"{part}[0].provider: {MISSING}" == str(rejected.value)


def test_what_is_kept_unread_is_written_back_unchanged(client: Client) -> None:
    assert 400 == client.post("/_mock/worlds", json={"id": "kept", "snapshot": MIXED}).status_code
    created = client.post("/_mock/worlds", json={"id": "kept", "snapshot": MIXED, "keep_unknown": True})
    assert 201 == created.status_code, created.text
    first = saved(client, "kept")
    assert ([MGAGE, ACME], [LATER]) == (first["accounts"], first["scheduled"])
    assert {part: MIXED[part] for part in ("variants", "sequences", "uses")} == {
        part: first[part] for part in ("variants", "sequences", "uses")
    }

    client.post("/_mock/worlds/kept/clock/advance", json={"seconds": 10**6})
    client.post("/_mock/worlds/kept/reset")
    fork = client.post("/_mock/worlds/kept/fork", json={"id": "fork"})
    assert 201 == fork.status_code, fork.text
    for world in ("kept", "fork"):
        again = saved(client, world)
        assert (ACME, [LATER]) == (again["accounts"][-1], again["scheduled"])
    put = client.put("/_mock/worlds/default/snapshot?keep_unknown=true&own_credentials=true", json=first)
    assert 200 == put.status_code, put.text
    assert ACME == saved(client, "default")["accounts"][-1]


def test_a_file_that_is_wrong_beside_that_is_rejected_all_the_same() -> None:
    for changes, sentence in (
        ({"variants": {"akme.zone": "UTC"}}, "variants.akme.zone: unknown variant"),
        ({"accounts": [ACME, {**MGAGE, "nme": ""}]}, "accounts[0].nme: unknown key; did you mean 'name'?"),
        ({"accounts": [{"provider": 5, "name": "a"}]}, "accounts[0].provider: 5 is not a provider's name"),
        ({"accounts": 5}, "accounts: 5 is not a list of accounts"),
    ):
        with pytest.raises(WorldFileError) as rejected:
            read({**MIXED, **changes}, RULES, keep_unknown=True)
        assert str(rejected.value).startswith(sentence)


def test_serve_python_and_the_command_line_can_keep_unknown_providers(tmp_path: Path) -> None:
    path = tmp_path / "mixed.json"
    path.write_text(json.dumps(MIXED))
    with pytest.raises(WorldFileError, match="no provider 'acme' is installed"):
        read_world(path)

    with MockServer(world=path, keep_unknown=True) as server:
        mock = Mock.at(server.url)
        made = mock.create_world(snapshot=path, keep_unknown=True, own_credentials=True).snapshot()
        arguments = ["world", "load", str(path), "loaded", "--own-credentials"]
        environment = {"MOCKSERVER_URL": server.url}
        rejected = CliRunner().invoke(cli, arguments, env=environment, prog_name="mockserver")
        done = CliRunner().invoke(cli, [*arguments, "--keep-unknown"], env=environment, prog_name="mockserver")
        loaded = mock.get_world("loaded").snapshot()
        default = mock.world.snapshot()

    assert (2, 0) == (rejected.exit_code, done.exit_code), done.output
    assert "no provider 'acme' is installed" in rejected.output
    assert [ACME] * 3 == [each["accounts"][-1] for each in (made, loaded, default)]
