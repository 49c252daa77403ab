"""The collections of accounts in world files."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import orjson
import pytest
from msgspec import Meta, Struct

from contract_tests.installed import PROVIDERS, VARIANTS
from mockserver.engine.clock import Clock
from mockserver.engine.entries import Collection
from mockserver.engine.registry import WorldRegistry
from mockserver.sdk.loading import find_defects
from mockserver.worldfile import Rules, WorldFileError, difference, dump, lines, read
from mockserver.worldfile.rules import find_errors


class Pet(Struct, frozen=True, omit_defaults=True):
    id: int
    name: Annotated[str, Meta(max_length=5)]
    friends: tuple[int, ...] = ()


class Day(Struct, frozen=True):
    id: str

    def __post_init__(self) -> None:
        if self.id == "never":
            raise ValueError("no such day")


(MGAGE,) = (provider for provider in PROVIDERS if provider.name == "mgage")
PROVIDER = replace(MGAGE, collections=(Collection("pets", Pet), Collection("days", Day)))
RULES = Rules.of([PROVIDER])


def document(**collections: Any) -> dict[str, Any]:
    account = {"provider": "mgage", "name": "a", "logins": [{"user": "u", "secret": "s"}]}
    return {"format": 2, "accounts": [{**account, "collections": collections, "messages": []}]}


PETS = [{"id": 7, "name": "Rex", "friends": [3]}, {"id": 3, "name": "Mia"}]


def written(text: Any) -> dict[str, Any]:
    """Read a world file and write it again."""
    registry = WorldRegistry(read(text, RULES).fixture, VARIANTS, clock=Clock.frozen(0))
    found: dict[str, Any] = orjson.loads(b"".join(lines(dump(registry.default, VARIANTS, has_credentials=True))))
    return found


def test_entries_are_read_in_their_order_and_their_numbering_goes_on() -> None:
    fixture = read(document(pets=PETS, days=[{"id": "monday"}]), RULES).fixture

    assert [Pet(7, "Rex", (3,)), Pet(3, "Mia")] == fixture.entries.all("mgage/a", "pets")
    assert Day("monday") == fixture.entries.get("mgage/a", "days", "monday")
    assert {"mgage.pets": 8} == fixture.sequences


def test_a_snapshot_has_the_entries_that_the_file_had() -> None:
    once = written(document(pets=PETS, days=[{"id": "monday"}]))

    assert {"days": [{"id": "monday"}], "pets": PETS} == once["accounts"][0]["collections"]
    assert once == written(once)


def test_an_account_without_entries_has_no_collections_in_a_snapshot() -> None:
    assert "collections" not in written(document(pets=[]))["accounts"][0]


def test_each_entry_of_a_snapshot_has_a_line_of_its_own() -> None:
    registry = WorldRegistry(read(document(pets=PETS), RULES).fixture, VARIANTS, clock=Clock.frozen(0))
    text = b"".join(lines(dump(registry.default, VARIANTS)))

    assert b'"collections": {\n"pets": [\n{"id":7,"name":"Rex","friends":[3]},\n{"id":3,"name":"Mia"}\n]\n},\n' in text


@pytest.mark.parametrize(
    ("collections", "place", "difference"),
    [
        ({"pets": [{"id": 1}]}, "pets[0].name", "is missing"),
        ({"pets": [{"id": "1", "name": "Rex"}]}, "pets[0].id", "'1' is not a whole number"),
        ({"pets": [{"id": 1, "name": "Rex", "age": 3}]}, "pets[0].age", "unknown key; there is id, name, friends"),
        ({"pets": [*PETS, {"id": 7, "name": "Bo"}]}, "pets[2].id", "7 is already accounts[0].collections.pets[0].id"),
        ({"pet": []}, "pet", "unknown key; did you mean 'pets'?"),
        ({"days": [{"id": "never"}]}, "days[0]", "the entry is not accepted: no such day"),
    ],
)
def test_an_error_in_a_collection_names_its_place(collections: Any, place: str, difference: str) -> None:
    with pytest.raises(WorldFileError) as raised:
        read(document(**collections), RULES)

    assert f"accounts[0].collections.{place}: {difference}" == str(raised.value)
    assert str(raised.value) == str(next(find_errors(document(**collections), RULES)))


def test_a_difference_of_two_files_names_the_entry_by_its_id() -> None:
    changed = [{"id": 3, "name": "Tom"}, {"id": 7, "name": "Rex", "friends": [3]}]

    assert ['accounts[\'mgage/a\'].collections.pets.3.name: "Mia" -> "Tom"'] == difference(
        document(pets=PETS), document(pets=changed)
    )


def test_a_collection_whose_entries_have_no_id_is_a_defect_of_its_provider() -> None:
    class Nameless(Struct, frozen=True):
        text: str

    class Open(Struct):
        id: int

    def defects(entry: type[Struct]) -> list[str]:
        return list(find_defects(replace(PROVIDER, collections=(Collection("things", entry),))))

    assert ["its collection things: an entry needs an id, a whole number or a text"] == defects(Nameless)
    assert ["its collection things: its entries are not frozen"] == defects(Open)
    assert [] == list(find_defects(PROVIDER))
