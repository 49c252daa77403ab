"""A provider's own fields: declared by a Struct, checked wherever they are received, kept wherever messages and accounts are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from click.testing import CliRunner
from msgspec import Meta, Struct
from werkzeug.test import Client

from mockserver.admin.serializers import event_json
from mockserver.app import Service, build_service, create_registry
from mockserver.cli import cli
from mockserver.client import Mock
from mockserver.sdk import MessageStore, State, field_key, freeze
from mockserver.sdk.fields import fields_schema
from mockserver.sdk.inbound import check_fields, message_schema
from mockserver.sdk.loading import ProviderSet, find_defects, installed_providers
from mockserver.sdk.provider import Provider, Route
from mockserver.server import MockServer
from mockserver.settings import Settings
from mockserver.validation.json_schema import validate

MGAGE = installed_providers().by_name["mgage"]
NOON = "2026-06-01T12:00:00Z"
FOREVER = (-(10**18), 10**18)


class MessageFields(Struct):
    tag: Annotated[str, Meta(max_length=8, description="a tag of at most 8 characters")]
    priority: Annotated[int, Meta(ge=1, le=9)] = 5
    route: Literal["direct", "grey"] | None = None


class AccountFields(Struct):
    plan: Literal["free", "paid"] = "free"
    hosts: tuple[str, ...] = ()


MESSAGE = {
    "provider": "acme",
    "account": "demo",
    "direction": "outbound",
    "sender": "37911",
    "recipient": "15556667777",
    "text": "Welcome",
    "program": "1",
    "status": "Queued",
}
ACCOUNTS = {
    "mockserver": 1,
    "accounts": [
        {
            "provider": "acme",
            "name": "demo",
            "logins": [{"user": "fielded", "secret": "secret"}],
            "programs": [{"id": "1", "name": "Club", "campaign": "Loyalty", "kind": "Text to Join"}],
            "messages": [
                {
                    **{name: part for name, part in MESSAGE.items() if name not in ("provider", "account")},
                    "id": "1",
                    "at": "P1D",
                    "fields": {"tag": "old"},
                }
            ],
            "fields": {"plan": "paid", "hosts": ["a.example"]},
        }
    ],
}


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    """A provider like mGage with fields of its own and an account of its own."""
    path, schema = tmp_path / "accounts.json", tmp_path / "schema.json"
    schema.write_text(MGAGE.schema.read_text().replace('"mgage"', '"acme"').replace("'mgage'", "'acme'"))
    path.write_text(json.dumps(ACCOUNTS).replace('"demo"', '"fielded"'))
    return replace(
        MGAGE,
        name="acme",
        title="Acme",
        hosts=("api.acme.example",),
        prefixes=(),
        routes=(Route("GET", "/acme/<programId>", ("program.export",)),),
        operations=MGAGE.operations[:1],
        quirks=(),
        schema=schema,
        message_fields=MessageFields,
        account_fields=AccountFields,
        accounts=path,
    )


@pytest.fixture
def service(provider: Provider) -> Service:
    """A server of that provider and mGage, at noon."""
    return build_service(Settings(freeze=NOON), [MGAGE, provider])


@pytest.fixture
def client(service: Service) -> Client:
    return service.app.test_client()


def add(client: Client, **changes: Any) -> Any:
    row = {**MESSAGE, "account": "fielded", **changes}
    return client.post("/_mock/worlds/default/messages", json=row).get_json()


def error(answer: Mapping[str, Any]) -> str:
    return str(answer["error"]["message"])


def test_the_schema_of_a_struct_describes_each_part_and_takes_no_other() -> None:
    assert {
        "type": "object",
        "description": "an object of tag, priority, route",
        "properties": {
            "tag": {"type": "string", "maxLength": 8, "description": "a tag of at most 8 characters"},
            "priority": {"type": "integer", "minimum": 1, "maximum": 9, "description": "a whole number from 1 to 9"},
            "route": {
                "anyOf": [
                    {"enum": ["direct", "grey"], "description": "'direct' or 'grey'"},
                    {"type": "null", "description": "null"},
                ],
                "description": "'direct' or 'grey' or null",
            },
        },
        "required": ["tag"],
        "additionalProperties": False,
    } == fields_schema(MessageFields)


class Place(Struct):
    """A place, as a Struct inside a field."""

    latitude: float
    name: str = ""


class Wide(Struct):
    place: Place
    pair: tuple[int, str] = (0, "")
    prices: dict[str, int] = {}
    codes: Annotated[list[str], Meta(max_length=2)] = []
    anything: Any = None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"place": {"latitude": 1}}, ""),
        ({"place": {"latitude": "1"}}, "fields.place.latitude: '1' is not a number"),
        ({"place": {"latitude": 1, "nam": ""}}, "fields.place.nam: unknown key; did you mean 'name'?"),
        ({"place": {}}, "fields.place.latitude: is missing"),
        ({"place": {"latitude": 1}, "pair": ["1", "a"]}, "fields.pair[0]: '1' is not a whole number"),
        ({"place": {"latitude": 1}, "pair": [1]}, "fields.pair: a list is not a list of 2 members"),
        ({"place": {"latitude": 1}, "prices": {"pl": "x"}}, "fields.prices.pl: 'x' is not a whole number"),
        ({"place": {"latitude": 1}, "codes": ["", "", ""]}, "fields.codes: a list is not a list of at most 2 members"),
    ],
)
def test_a_violation_of_the_schema_is_reported_with_its_path(fields: dict[str, Any], sentence: str) -> None:
    schema = fields_schema(Wide)
    if not sentence:
        validate(fields, schema, ("fields",))
        return
    with pytest.raises(ValueError) as rejected:
        validate(fields, schema, ("fields",))

    assert sentence == str(rejected.value)


class Chain(Struct):
    following: Chain | None = None


def test_a_plug_in_has_its_openapi_document_by_its_name(service: Service) -> None:
    document = service.app.test_client().get("/_mock/openapi/acme.json").get_json()

    assert ("Acme", ["/acme/{programId}"]) == (document["info"]["title"], list(document["paths"]))


def test_fields_that_have_no_schema_are_a_defect_of_the_provider(provider: Provider) -> None:
    chained = replace(MGAGE, message_fields=msgspec.defstruct("Loop", [("chain", Chain)]))

    assert ["message_fields: Chain holds one of its own kind"] == list(find_defects(chained))
    assert [] == list(find_defects(provider))


def test_a_message_has_fields_of_its_provider_s_own_and_they_change_one_by_one(client: Client) -> None:
    added = add(client, fields={"tag": "new", "priority": 2})
    changed = client.patch(
        f"/_mock/worlds/default/messages/{added['serial']}", json={"status": "Sent", "fields": {"priority": 9}}
    ).get_json()

    assert {"tag": "new", "priority": 2} == added["fields"]
    assert ("Sent", {"tag": "new", "priority": 9}) == (changed["status"], changed["fields"])
    assert [{"tag": "old"}, {"tag": "new", "priority": 9}] == [
        each["fields"] for each in client.get("/_mock/worlds/default/messages?account=fielded").get_json()["messages"]
    ]


def test_fields_are_held_to_the_struct_wherever_they_come_in(client: Client, provider: Provider) -> None:
    serial = add(client, fields={"tag": "new"})["serial"]
    message, account = f"/_mock/worlds/default/messages/{serial}", "/_mock/worlds/default/accounts/acme/fielded"
    file = json.loads(json.dumps(ACCOUNTS))
    file["accounts"][0]["messages"][0]["fields"]["priority"] = 10
    schema = message_schema(provider.schema, ("sender", "text"), ("sender",), MessageFields)

    assert error(add(client)) == "fields: is missing"
    assert error(add(client, fields={})) == "fields.tag: is missing"
    assert error(add(client, fields={"tag": "far too long"})) == (
        "fields.tag: 'far too long' is not a tag of at most 8 characters"
    )
    assert error(client.patch(message, json={"fields": {"tagg": "x"}}).get_json()) == (
        "fields.tagg: unknown key; did you mean 'tag'?"
    )
    assert error(client.patch(account, json={"fields": {"plan": "dear"}}).get_json()) == (
        "fields.plan: 'dear' is not 'free' or 'paid'"
    )
    assert error(client.put("/_mock/worlds/default/snapshot", json=file).get_json()) == (
        "accounts[0].messages[0].fields.priority: 10 is not a whole number from 1 to 9"
    )
    with pytest.raises(ValueError, match=r"^fields\.tag: 5 is not a tag of at most 8 characters$"):
        check_fields({"sender": "15556667777", "fields": {"tag": 5}}, schema)


def test_a_provider_without_own_fields_takes_none() -> None:
    client = build_service(Settings(freeze=NOON), [MGAGE]).app.test_client()
    row = {**MESSAGE, "provider": "mgage", "account": "documents", "program": "121811", "fields": {"tag": "x"}}

    assert error(client.post("/_mock/worlds/default/messages", json=row).get_json()).startswith("fields: unknown key;")


def test_an_account_has_fields_of_its_provider_s_own_and_they_change_one_by_one(client: Client) -> None:
    account = "/_mock/worlds/default/accounts/acme/fielded"
    before = client.get(account).get_json()["fields"]
    after = client.patch(account, json={"fields": {"plan": "free"}}).get_json()["fields"]

    assert {"plan": "paid", "hosts": ["a.example"]} == before
    assert {"plan": "free", "hosts": ["a.example"]} == after == client.get(account).get_json()["fields"]


def test_a_snapshot_keeps_fields_and_a_world_made_of_it_has_them(client: Client) -> None:
    add(client, fields={"tag": "new", "priority": 2})
    first = client.get("/_mock/worlds/default/snapshot").get_json()
    created = client.post("/_mock/worlds", json={"id": "again", "snapshot": first})
    assert 201 == created.status_code, created.text
    again = client.get("/_mock/worlds/again/snapshot").get_json()
    account = next(each for each in again["accounts"] if each["name"] == "fielded")

    assert first == again
    assert {"plan": "paid", "hosts": ["a.example"]} == account["fields"]
    assert [{"tag": "old"}, {"tag": "new", "priority": 2}] == [each["fields"] for each in account["messages"]]


def test_the_feed_says_which_fields_changed(client: Client, service: Service) -> None:
    account = "/_mock/worlds/default/accounts/acme/fielded"
    client.patch(account, json={"fields": {"plan": "free"}})
    serial = add(client, fields={"tag": "new"})["serial"]
    client.patch(f"/_mock/worlds/default/messages/{serial}", json={"fields": {"priority": 1}})
    world = service.registry.default
    api: Any = None  # is asked for exchanges alone
    items = [event_json(api, world, item) for item in world.feed.since(0).items]

    assert [
        ("account_changed", None),
        ("message_stored", {"tag": "new"}),
        ("message_changed", {"priority": 1}),
    ] == [(each["event"], each.get("fields", each.get("message", {}).get("fields"))) for each in items if each]


def test_an_event_shows_the_message_with_the_change_although_a_later_one_followed(
    client: Client, service: Service
) -> None:
    serial = add(client, fields={"tag": "new"})["serial"]
    path = f"/_mock/worlds/default/messages/{serial}"
    client.patch(path, json={"fields": {"tag": "first"}})
    client.patch(path, json={"fields": {"tag": "second"}})
    world = service.registry.default
    api: Any = None  # is asked for exchanges alone
    items = [event_json(api, world, item) for item in world.feed.since(0).items]

    changes = [each for each in items if each and each["event"] == "message_changed"]
    assert ["first", "second"] == [each["message"]["fields"]["tag"] for each in changes]


def test_every_shipped_world_holds_the_accounts_that_a_provider_brings_along(client: Client) -> None:
    for fixture, is_there in (("demo", True), ("small", True), ("empty", False)):
        assert 201 == client.post("/_mock/worlds", json={"id": fixture, "fixture": fixture}).status_code
        names = [each["name"] for each in client.get(f"/_mock/worlds/{fixture}/accounts").get_json()["accounts"]]
        assert is_there == ("fielded" in names)
        assert is_there == ("documents" in names)


def test_a_wrong_file_of_accounts_is_a_defect_of_the_provider(provider: Provider, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(ACCOUNTS).replace('"paid"', '"dear"'))
    missing = tmp_path / "missing.json"

    assert [f"accounts: {wrong}: accounts[0].fields.plan: 'dear' is not 'free' or 'paid'"] == list(
        find_defects(replace(provider, accounts=wrong))
    )
    assert [f"accounts: there is no file {missing}"] == list(find_defects(replace(provider, accounts=missing)))


def test_messages_are_selected_by_a_field_of_the_provider_s_own(provider: Provider) -> None:
    world = create_registry(Settings(freeze=NOON), ProviderSet([provider])).default
    state = world.state

    def found(store: MessageStore, name: str, value: object) -> list[int]:
        key = field_key("acme/fielded", name, value)
        return [message.serial for message in store.select(key, *FOREVER).messages()]

    old = found(state.message_store, "tag", "old")
    for tag, priority in (("a", 1), ("b", 1), ("a", 2)):
        _add(state, tag=tag, priority=priority)
    first, second, third = range(state.message_store.next_serial - 3, state.message_store.next_serial)
    assert [first, third] == found(state.message_store, "tag", "a")
    assert [first, second] == found(state.message_store, "priority", 1)
    assert [] == found(state.message_store, "priority", "1")

    fork = state.fork()
    message = fork.message_store.get(first)
    assert message is not None
    fork.message_store.change(msgspec.structs.replace(message, fields=freeze({"tag": "b"})))
    fork.message_store.delete(third)
    assert 1 == len(old)
    shared = fork.message_store.get(old[0])
    assert shared is not None
    fork.message_store.change(msgspec.structs.replace(shared, fields=freeze({"tag": "a"})))
    assert ([old[0]], [first, second]) == (found(fork.message_store, "tag", "a"), found(fork.message_store, "tag", "b"))
    assert ([], [first, third]) == (found(fork.message_store, "tag", "old"), found(state.message_store, "tag", "a"))


def _add(state: State, **fields: object) -> None:
    message = next(iter(state.message_store))
    given = {"serial": state.message_store.next_serial, "account": "acme/fielded", "fields": freeze(fields)}
    state.message_store.add(msgspec.structs.replace(message, **given))


def test_the_python_client_and_the_command_line_write_and_show_fields(service: Service) -> None:
    with MockServer(service) as server:

        def run(*words: str) -> Any:
            result = CliRunner().invoke(
                cli, [*words, "--format", "json"], env={"MOCKSERVER_URL": server.url}, prog_name="mockserver"
            )
            assert 0 == result.exit_code, result.output
            return json.loads(result.stdout)

        row = ["--direction", "outbound", "--sender", "37911", "--recipient", "15556667777", "--text", "Hi"]
        more = ["program=1", "status=Queued", "tag=cli", "priority:=3"]
        added = run("message", "add", "acme", "fielded", *row, *(word for each in more for word in ("--field", each)))
        changed = run("message", "change", str(added["serial"]), "--field", "tag=two")
        account = run("account", "set", "acme/fielded", "--field", "plan=free")
        world = Mock.at(server.url).world
        message, fields = world.messages("acme", "fielded")[-1], world.account("acme", "fielded").fields

    assert ("Queued", {"tag": "cli", "priority": 3}) == (added["status"], added["fields"])
    assert {"tag": "two", "priority": 3} == changed["fields"] == message.fields
    assert {"plan": "free", "hosts": ["a.example"]} == account["fields"] == fields


def test_the_page_shows_fields_and_writes_nothing_of_them_as_html(client: Client) -> None:
    add(client, fields={"tag": "<b>", "priority": 2})
    page = client.get("/_mock/ui/worlds/default/conversations?open=5556667777").text

    assert "<div><dt>tag</dt><dd>&lt;b&gt;</dd></div>" in page
    assert "<div><dt>priority</dt><dd>2</dd></div>" in page


ACCOUNT_FIELDS_PAGE = "/_mock/ui/worlds/default/worlds"


def account_field_inputs(client: Client) -> dict[str, str]:
    page = client.get(ACCOUNT_FIELDS_PAGE).text
    return dict(re.findall(r'<input id="field-1-(\w+)" name="value" value="([^"]*)"', page))


def set_account_field(client: Client, name: str, value: str) -> Any:
    form = {"do": "change-field", "provider": "acme", "account": "fielded", "name": name, "value": value}
    return client.post(ACCOUNT_FIELDS_PAGE, data=form)


def test_the_page_shows_the_fields_of_an_account_and_changes_them(client: Client) -> None:
    assert "<caption>Acme’s own fields of fielded</caption>" in client.get(ACCOUNT_FIELDS_PAGE).text
    assert {"plan": "paid", "hosts": "[&#34;a.example&#34;]"} == account_field_inputs(client)

    assert 303 == set_account_field(client, "plan", "free").status_code
    assert 303 == set_account_field(client, "hosts", '["<b>", "c.example"]').status_code
    account = client.get("/_mock/worlds/default/accounts/acme/fielded").get_json()
    assert {"plan": "free", "hosts": ["<b>", "c.example"]} == account["fields"]
    assert {"plan": "free", "hosts": "[&#34;&lt;b&gt;&#34;, &#34;c.example&#34;]"} == account_field_inputs(client)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("plan", "none", "is not &#39;free&#39; or &#39;paid&#39;"),
        ("hosts", "a.example", "is not a list"),
        ("colour", "red", "colour"),
    ],
)
def test_the_page_shows_why_a_field_of_an_account_cannot_be_set(
    client: Client, name: str, value: str, reason: str
) -> None:
    page = set_account_field(client, name, value).text

    assert reason in page.split('role="alert">')[1].split("</p>")[0]
    assert {"plan": "paid", "hosts": "[&#34;a.example&#34;]"} == account_field_inputs(client)


def test_the_page_has_no_section_for_fields_of_accounts_if_no_provider_declares_any() -> None:
    page = build_service(Settings(freeze=NOON), [MGAGE]).app.test_client().get(ACCOUNT_FIELDS_PAGE).text

    assert "account-fields" not in page
