"""The entries of accounts: added, replaced, deleted, paged, found by any field, and shared by forks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from mockserver.engine.clock import Clock
from mockserver.engine.entries import Entries
from mockserver.engine.events import EntryDeleted, EntryStored
from mockserver.engine.state import Fixture, State


class Contact(Struct, frozen=True):
    id: int
    phone: str = ""
    groups: tuple[int, ...] = ()


OWNER, NAME = "p/a", "contacts"


def held(*contacts: Contact) -> Entries:
    return Entries({(OWNER, NAME): contacts})


def ids(found: list[Any]) -> list[int]:
    return [each.id for each in found]


def test_entries_come_in_the_order_of_adding_and_a_replaced_one_keeps_its_place() -> None:
    entries = held(Contact(7), Contact(3)).fork()
    entries.put(OWNER, NAME, Contact(5))
    entries.put(OWNER, NAME, Contact(7, "new"))

    assert [Contact(7, "new"), Contact(3), Contact(5)] == entries.all(OWNER, NAME)
    assert Contact(7, "new") == entries.get(OWNER, NAME, 7)


def test_an_entry_that_was_deleted_is_gone_and_one_of_its_id_is_added_at_the_end() -> None:
    entries = held(Contact(1), Contact(2)).fork()
    entries.delete(OWNER, NAME, 1)
    assert (None, [2], 1) == (entries.get(OWNER, NAME, 1), ids(entries.all(OWNER, NAME)), entries.count(OWNER, NAME))
    entries.put(OWNER, NAME, Contact(1, "again"))

    assert [2, 1] == ids(entries.all(OWNER, NAME))
    assert None is entries.rank(OWNER, NAME, 9)
    with pytest.raises(KeyError):
        entries.delete(OWNER, NAME, 9)


def test_another_account_and_another_collection_have_entries_of_their_own() -> None:
    entries = held(Contact(1)).fork()
    entries.put("p/b", NAME, Contact(1, "b"))
    entries.put(OWNER, "groups", Contact(1, "group"))

    assert ["", "b", "group"] == [
        entries.get(*where, 1).phone for where in ((OWNER, NAME), ("p/b", NAME), (OWNER, "groups"))
    ]
    assert (0, [], None) == (entries.count("p/c", NAME), entries.all("p/c", NAME), entries.get("p/c", NAME, 1))
    assert [NAME, "groups"] == entries.collections_of(OWNER)


def test_a_page_has_a_part_of_the_entries_whatever_was_deleted_before_it() -> None:
    entries = held(*map(Contact, range(10))).fork()
    for gone in (0, 4, 5, 9):
        entries.delete(OWNER, NAME, gone)

    assert [3, 6] == ids(entries.page(OWNER, NAME, 2, 2))
    assert [7, 6] == ids(entries.page(OWNER, NAME, 1, 2, newest_first=True))
    assert [] == entries.page(OWNER, NAME, 6, 2)


def test_entries_are_found_by_any_field_and_by_each_member_of_a_tuple() -> None:
    entries = held(Contact(1, "+1", (5, 6)), Contact(2, "+2", (6,))).fork()
    assert [1, 2] == ids(entries.find(OWNER, NAME, "groups", 6))
    entries.put(OWNER, NAME, Contact(3, "+1", (6, 6)))
    entries.put(OWNER, NAME, Contact(1, "+3"))

    assert [3] == ids(entries.find(OWNER, NAME, "phone", "+1"))
    assert [3, 2] == ids(entries.find(OWNER, NAME, "groups", 6, newest_first=True))
    assert [3] == ids(entries.find(OWNER, NAME, "groups", 6, 1, 1))
    assert (2, 0) == (entries.count_of(OWNER, NAME, "groups", 6), entries.count_of(OWNER, NAME, "groups", 5))
    assert {"+1", "+2", "+3"} == entries.values_of(OWNER, NAME, "phone")


def test_the_values_of_a_field_are_the_same_object_until_the_collection_changes() -> None:
    entries = held(Contact(1, "+1")).fork()
    once = entries.values_of(OWNER, NAME, "phone")
    assert once is entries.values_of(OWNER, NAME, "phone")
    entries.put(OWNER, NAME, Contact(2, "+2"))

    assert frozenset({"+1"}) == once
    assert {"+1", "+2"} == entries.values_of(OWNER, NAME, "phone")


def test_a_fork_shares_nothing_that_changes_later() -> None:
    parent = held(Contact(1, "+1")).fork()
    parent.put(OWNER, NAME, Contact(2, "+2"))
    fork = parent.fork()
    page = parent.all(OWNER, NAME)
    parent.put(OWNER, NAME, Contact(1, "parent"))
    fork.delete(OWNER, NAME, 2)

    assert [Contact(1, "parent"), Contact(2, "+2")] == parent.all(OWNER, NAME)
    assert [Contact(1, "+1")] == fork.all(OWNER, NAME)
    assert [Contact(1, "+1"), Contact(2, "+2")] == page
    assert [1] == ids(fork.find(OWNER, NAME, "phone", "+1"))


@pytest.mark.parametrize("count", [1, 1_001, 3_000])
def test_a_fork_after_many_changes_holds_them_all(count: int) -> None:
    parent = Entries()
    for number in range(count):
        parent.put(OWNER, NAME, Contact(number, f"+{number}"))
    fork = parent.fork()
    fork.put(OWNER, NAME, Contact(0, "changed"))

    assert (count, count) == (parent.count(OWNER, NAME), fork.count(OWNER, NAME))
    assert ("+0", "changed") == (parent.get(OWNER, NAME, 0).phone, fork.get(OWNER, NAME, 0).phone)
    assert (1, 0) == tuple(each.count_of(OWNER, NAME, "phone", "+0") for each in (parent, fork))


def test_an_entry_that_is_added_among_a_hundred_thousand_is_looked_up_without_the_others() -> None:
    looked_at = []

    class Counted(Struct, frozen=True):
        number: int

        @property
        def id(self) -> int:
            looked_at.append(self.number)
            return self.number

        @property
        def phone(self) -> str:
            return str(self.id)

    entries = Entries({(OWNER, NAME): map(Counted, range(100_000))}).fork()
    assert 1 == entries.count_of(OWNER, NAME, "phone", "99999")
    looked_at.clear()
    entries.put(OWNER, NAME, Counted(100_000))
    found = entries.find(OWNER, NAME, "phone", "100000")
    entries.get(OWNER, NAME, 50_000)
    entries.page(OWNER, NAME, 50_000, 10)
    entries.fork().put(OWNER, NAME, Counted(7))

    assert [Counted(100_000)] == found
    assert len(looked_at) < 20


STEP = st.tuples(st.sampled_from(["put", "delete", "fork"]), st.integers(0, 5), st.sampled_from("ab"))


@settings(max_examples=100)
@given(st.lists(STEP, max_size=30), st.integers(0, 4))
def test_the_indexes_find_what_a_look_at_each_entry_finds(steps: list[tuple[str, int, str]], start: int) -> None:
    entries = Entries({(OWNER, NAME): [Contact(number, "a", (1,)) for number in range(start)]}).fork()
    known = {number: Contact(number, "a", (1,)) for number in range(start)}
    kept: list[tuple[Entries, list[Contact]]] = []
    for what, number, phone in steps:
        if what == "put":
            known[number] = Contact(number, phone, (1, 2) if phone == "a" else (2,))
            entries.put(OWNER, NAME, known[number])
        elif what == "fork":
            kept.append((entries, list(known.values())))
            entries = entries.fork()
        elif number in known:
            del known[number]
            entries.delete(OWNER, NAME, number)
        check(entries, list(known.values()))
    for old, contacts in kept:
        check(old, contacts)


def check(entries: Entries, known: list[Contact]) -> None:
    assert known == entries.all(OWNER, NAME)
    wanted: tuple[tuple[str, Any, Callable[[Contact], bool]], ...] = (
        ("phone", "a", lambda contact: contact.phone == "a"),
        ("groups", 1, lambda contact: 1 in contact.groups),
    )
    for field, value, is_wanted in wanted:
        found = [contact for contact in known if is_wanted(contact)]
        assert found == entries.find(OWNER, NAME, field, value)
        assert found[::-1] == entries.find(OWNER, NAME, field, value, newest_first=True)
        assert len(found) == entries.count_of(OWNER, NAME, field, value)
    assert {contact.phone for contact in known} == entries.values_of(OWNER, NAME, "phone")
    assert list(range(len(known))) == [entries.rank(OWNER, NAME, contact.id) for contact in known]
    for offset in range(len(known) + 1):
        assert known[offset : offset + 2] == entries.page(OWNER, NAME, offset, 2)


def test_events_store_and_delete_entries_of_a_state_and_its_fixture_keeps_its_own() -> None:
    fixture = Fixture(entries=held(Contact(1)))
    state = State(fixture, 0, {}, clock=Clock.frozen(0))
    state.apply(EntryStored(OWNER, NAME, Contact(2)), EntryDeleted(OWNER, NAME, 1))
    fork = state.fork()
    fork.apply(EntryStored(OWNER, NAME, Contact(3)))

    assert ([2], [2, 3]) == (ids(state.entries.all(OWNER, NAME)), ids(fork.entries.all(OWNER, NAME)))
    assert [1] == ids(State(fixture, 0, {}).entries.all(OWNER, NAME))
    assert state.contents() != fork.contents()
