"""Lists of worlds, accounts and fault rules, page by page: by the control API, the client, the command line and the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from contract_tests.commands import run_command
from mockserver import Mock, MockServer, Settings
from mockserver.admin import accounts, worlds
from mockserver.engine.registry import WorldRegistry
from mockserver.ui import worlds as worlds_section

ACCOUNTS = [
    *(f"dialogtech/{name}" for name in ("documents", "numbers-sample", "demo")),
    *(f"{provider}/{name}" for provider in ("mgage", "serwersms") for name in ("documents", "demo")),
]
RULES = ["f1", "late", "f2"]
LISTS = {
    "/_mock/worlds": "worlds",
    "/_mock/worlds/default/accounts": "accounts",
    "/_mock/worlds/default/faults": "faults",
}


def names(key: str, rows: list[dict[str, Any]]) -> list[str]:
    return [f"{row['provider']}/{row['name']}" if key == "accounts" else row["id"] for row in rows]


@pytest.fixture
def all_rows(registry: WorldRegistry, client: Client) -> dict[str, list[str]]:
    """The ids in each list: five worlds, of which the third was dropped, seven accounts, and three rules."""
    for name in "abcd":
        registry.create(registry.default.initial_state.fixture, world_id=name)
    registry.drop(registry.get("b") or registry.default)
    for body in ({}, {"id": "late"}, {}):
        client.post("/_mock/worlds/default/faults", json={"fault": {"kind": "reset"}, **body})
    return {"worlds": ["default", "a", "c", "d"], "accounts": ACCOUNTS, "faults": RULES}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_list_is_fetched_page_by_page_with_every_row_once_and_in_order(
    client: Client, all_rows: dict[str, list[str]], path: str, limit: int
) -> None:
    key, found, query = LISTS[path], list[str](), {"limit": limit}
    while rows := (page := client.get(path, query_string=query).get_json())[key]:
        assert len(rows) <= limit
        found += names(key, rows)
        query["since"] = page["next"]

    assert all_rows[key] == found
    assert query["since"] == page["next"]  # so a client may ask again for what has been added since


@pytest.mark.parametrize("path", LISTS)
def test_a_list_without_limit_is_whole(client: Client, all_rows: dict[str, list[str]], path: str) -> None:
    key, page = LISTS[path], client.get(path).get_json()

    assert all_rows[key] == names(key, page[key])
    assert [] == client.get(path, query_string={"since": page["next"]}).get_json()[key]
    assert [] == client.get(path, query_string={"limit": 0}).get_json()[key]


def test_an_empty_list_has_no_next_row(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "bare", "fixture": "empty"})

    assert {"accounts": [], "next": None} == client.get("/_mock/worlds/bare/accounts?limit=5").get_json()
    assert {"faults": [], "next": None} == client.get("/_mock/worlds/bare/faults?limit=5").get_json()


def test_worlds_are_listed_on_after_one_that_was_dropped_meanwhile(registry: WorldRegistry, client: Client) -> None:
    for name in "abc":
        registry.create(registry.default.initial_state.fixture, world_id=name)
    page = client.get("/_mock/worlds?limit=2").get_json()
    registry.drop(registry.get("a") or registry.default)
    registry.create(registry.default.initial_state.fixture, world_id="a")
    following = client.get("/_mock/worlds", query_string={"since": page["next"]}).get_json()

    assert ["default", "a"] == names("worlds", page["worlds"])
    assert [("b", 3), ("c", 4), ("a", 5)] == [(each["id"], each["number"]) for each in following["worlds"]]


@pytest.mark.parametrize(
    ("path", "since", "message"),
    [
        ("accounts", "mgage/nobody", "since: there is no account 'mgage/nobody'; list them anew without since"),
        ("faults", "f9", "since: there is no fault rule 'f9'; list them anew without since"),
    ],
)
def test_a_row_that_is_not_there_is_no_place_to_go_on_from(client: Client, path: str, since: str, message: str) -> None:
    response = client.get(f"/_mock/worlds/default/{path}", query_string={"since": since})

    assert (404, message) == (response.status_code, response.get_json()["error"]["message"])


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch, registry: WorldRegistry) -> list[str]:
    """The worlds and accounts that the control API has described, as they are: each without the default world's lock."""
    found = list[str]()

    def counted(function: Callable[..., Any], place: int) -> Callable[..., Any]:
        def count(*arguments: Any) -> Any:
            assert not registry.default.lock.locked()
            found.append(arguments[place].id if place else arguments[place].key)
            return function(*arguments)

        return count

    monkeypatch.setattr(worlds, "described", counted(worlds.described, 1))
    monkeypatch.setattr(accounts, "described", counted(accounts.described, 0))
    return found


def test_no_row_beyond_a_page_is_described_and_none_under_the_worlds_lock(
    registry: WorldRegistry, service: Any, described: list[str]
) -> None:
    for number in range(1, 60):
        registry.create(registry.default.initial_state.fixture, world_id=f"w{number}")
    client = service.app.test_client()
    client.get("/_mock/worlds?limit=2&since=50")
    client.get("/_mock/worlds/default/accounts?limit=2&since=mgage/demo")

    assert ["w50", "w51", "serwersms/documents", "serwersms/demo"] == described


def test_the_page_describes_no_more_worlds_and_accounts_than_it_shows(
    registry: WorldRegistry, service: Any, described: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worlds_section, "PAGE", 3)
    for number in range(1, 60):
        registry.create(registry.default.initial_state.fixture, world_id=f"w{number}")
    client = service.app.test_client()
    first = client.get("/_mock/ui/worlds/default/worlds").text
    on_first, described[:] = list(described), []
    links = [href.replace("&amp;", "&") for href in re.findall(r'class="pager".*\n?.*href="([^"]+)"', first)]
    following = [client.get(link).text for link in links]
    menu = re.findall(r'<li><a href="/_mock/ui/worlds/(\w+)/worlds"', first.partition("all 60 worlds")[0])

    assert [*("default", "default", "w1", "w2"), *ACCOUNTS[:3]] == on_first
    assert [*("default", "w3", "w4", "w5"), *ACCOUNTS[:3]] == described[:7]
    assert [*("default", "default", "w1", "w2"), *ACCOUNTS[3:6]] == described[7:]
    assert "following worlds of 60" in first
    assert "the first of 60 worlds" in following[0]
    assert "the accounts after dialogtech/demo" in first
    assert "the first accounts" in following[1]
    assert sorted(["default", *(f"w{number}" for number in range(20, 60))]) == menu[:-1]  # the last leads to the list
    assert "all 60 worlds" in first


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer(settings=Settings(port=0)) as server:
        yield server


def test_client_and_command_line_list_as_many_as_they_are_asked_for(running: MockServer) -> None:
    mock = Mock.at(running.url)
    made = [mock.create_world("small") for _ in "abc"]
    world, first = made[0], made[0].facts.number
    rules = [world.faults.add("reset", id=name) for name in ("one", "two", "three")]
    server, here = ("--server", running.url), ("--server", running.url, "--world", world.id)

    assert [each.id for each in made[1:]] == [each.id for each in mock.worlds(since=first)]
    assert [made[1].id] == [each.id for each in mock.worlds(since=first, limit=1)]
    every = world.accounts()
    assert every[1:3] == world.accounts(since=f"{every[0]['provider']}/{every[0]['name']}", limit=2)
    assert rules[1].id == world.faults.list(since="one", limit=1)[0].id

    cases: list[tuple[tuple[str, ...], str, list[str], str]]
    cases = [
        (("world", "list", "--since", str(first), *server), "worlds", [made[1].id], str(first + 1)),
        (("account", "show", "--since", ACCOUNTS[0], *here), "accounts", ACCOUNTS[1:2], ACCOUNTS[1]),
        (("fault", "list", "--since", "one", *here), "faults", ["two"], "two"),
    ]  # fmt: skip
    for command, key, wanted, following in cases:
        done = run_command(*command, "--limit", "1", "--format", "json")
        assert wanted == names(key, json.loads(done.stdout)[key])
        assert f"there may be more; repeat with --since {following}, or with a greater --limit" in done.stderr
        rest = run_command(*command, "--limit", "100")
        assert "there may be more" not in rest.stderr


def test_the_client_fetches_more_than_a_page_of_the_server_by_itself(
    registry: WorldRegistry, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.client.resource._PAGE", 2)
    for name in "abcd":
        registry.create(registry.default.initial_state.fixture, world_id=name)
    mock = Mock.of(service.app)

    assert ["default", *"abcd"] == [each.id for each in mock.worlds()]
    assert ["default", *"ab"] == [each.id for each in mock.worlds(limit=3)]
    assert ACCOUNTS == names("accounts", [dict(each) for each in mock.world.accounts()])
    assert ACCOUNTS[:3] == names("accounts", [dict(each) for each in mock.world.accounts(limit=3)])
