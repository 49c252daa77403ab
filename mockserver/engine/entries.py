"""The entries of a world: what accounts keep beside their messages, such as contacts, by account and collection.

A table of entries is a base, which worlds share and nothing changes, and the changes since. A copy of all tables shares
both; the first change of a table in a copy copies the changes alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

EntryId: TypeAlias = int | str
Entry: TypeAlias = Any
"""An immutable value of a provider with an ``id``."""
TableKey: TypeAlias = tuple[str, str]
"""An account's key and the name of a collection."""


def _name_of(entry: Entry) -> str:
    return str(getattr(entry, "name", entry.id))


class Collection(NamedTuple):
    """A kind of entries that each account of a provider has, such as its contacts.

    The ids of new entries are numbers of the sequence ``<provider>.<collection>``, which a world file continues after the
    highest one in it.
    """

    name: str
    """The name in world files and in the control API."""
    entry: type[Struct]
    """The type of its entries: frozen, with a field ``id`` that is a whole number or a text. They are checked by its JSON Schema."""
    first_id: int = 1
    """The first number of the sequence in a world whose file has no entry."""
    number_field: str = ""
    """The field with the telephone number of the person that an entry describes; empty for no persons."""
    name_of: Callable[[Any], str] = _name_of
    """Return the name that the page shows of an entry."""
    references: Mapping[str, str] = {}
    """The fields that hold ids of entries of another collection, whose names the page shows: field to collection."""


class TableBase:
    """Entries by place, counted from 0. They never change; an index of a field is made when it is first searched."""

    __slots__ = ("__weakref__", "_indexes", "entries", "places")

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self.places: dict[EntryId, int] = {entry.id: place for place, entry in enumerate(self.entries)}
        self._indexes: dict[str, dict[Hashable, list[int]]] = {}

    def index(self, field: str) -> Mapping[Hashable, Sequence[int]]:
        """Return the places of each value of a field, in order."""
        found = self._indexes.get(field)
        if found is None:
            found = {}
            for place, value in enumerate(map(attrgetter(field), self.entries)):
                for each in dict.fromkeys(value) if isinstance(value, tuple) else (value,):
                    found.setdefault(each, []).append(place)
            self._indexes[field] = found  # complete: another thread may read it
        return found


_EMPTY = TableBase()


class _Changes(NamedTuple):
    """The places of one value of a field that changed since the base."""

    gone: set[int]
    """Places of the base whose entry was replaced or deleted."""
    new: dict[int, None]
    """Places of the entries that have the value now."""


class TableParts(NamedTuple):
    """The entries of one account and collection: what worlds may share, and what one has changed since."""

    base: TableBase
    changed: tuple[tuple[int, Entry | None], ...]
    """The entries at the places that changed since the base; ``None`` where one was deleted."""
    end: int
    """The place of the next entry."""


class _Table:
    """The entries of one account and collection."""

    __slots__ = ("_added", "_base", "_changed", "_deleted", "_end", "_indexes", "_values")

    def __init__(self, base: TableBase = _EMPTY) -> None:
        self._base = base
        self._changed: dict[int, Entry | None] = {}
        """The entries at the places that changed since the base; ``None`` where one was deleted."""
        self._added: dict[EntryId, int] = {}
        """The places of the ids that were added since the base."""
        self._deleted: list[int] = []
        """The places without an entry, in order."""
        self._end = len(base.entries)
        """The place of the next entry."""
        self._indexes: dict[str, dict[Hashable, _Changes]] = {}
        """The changes of each field that was searched."""
        self._values: dict[str, frozenset[Any]] = {}

    def __len__(self) -> int:
        return self._end - len(self._deleted)

    @classmethod
    def of_parts(cls, parts: TableParts) -> _Table:
        table = cls(parts.base)
        table._end, first_added = parts.end, len(parts.base.entries)
        for place, entry in parts.changed:
            table._changed[place] = entry
            if entry is None:
                insort(table._deleted, place)
            elif place >= first_added:
                table._added[entry.id] = place
        return table

    def parts(self) -> TableParts:
        return TableParts(self._base, tuple(self._changed.items()), self._end)

    def copy(self) -> _Table:
        """Return a copy that can be changed. The indexes of what changed are made again."""
        twin = _Table(self._base)
        twin._changed, twin._added = dict(self._changed), dict(self._added)
        twin._deleted, twin._end = list(self._deleted), self._end
        return twin

    def compacted(self) -> _Table:
        """Return a table with the same entries and few changes; itself where it has few."""
        return _Table(TableBase(self.page())) if len(self._changed) > max(_FEW, len(self) // 4) else self

    def changed(self) -> list[Entry]:
        """Return the entries that were put since the base."""
        return [entry for entry in self._changed.values() if entry is not None]

    def ids_beside(self, other: _Table) -> Iterable[EntryId]:
        """Return the ids of all entries that may differ from another table's, each once."""
        if self._base is other._base:
            return dict.fromkeys((*self._changed_ids(), *other._changed_ids()))
        return dict.fromkeys(entry.id for entry in (*self.page(), *other.page()))

    def _changed_ids(self) -> Iterator[EntryId]:
        for place, entry in self._changed.items():
            if place < len(self._base.entries):
                yield self._base.entries[place].id
            elif entry is not None:
                yield entry.id

    def _entry(self, place: int) -> Entry | None:
        return self._base.entries[place] if place not in self._changed else self._changed[place]

    def _place(self, entry_id: EntryId) -> int | None:
        """Return where an entry is or was."""
        place = self._added.get(entry_id)
        return self._base.places.get(entry_id) if place is None else place

    def get(self, entry_id: EntryId) -> Entry | None:
        """Return an entry; ``None`` when there is none with this id."""
        place = self._place(entry_id)
        return None if place is None else self._entry(place)

    def rank(self, entry_id: EntryId) -> int | None:
        """Return how many entries come before one; ``None`` when there is none with this id."""
        place = self._place(entry_id)
        if place is None or self._entry(place) is None:
            return None
        return place - bisect_left(self._deleted, place)

    def put(self, entry: Entry) -> None:
        """Add an entry, or replace the one with its id, whose place it takes."""
        place = self._place(entry.id)
        before = None if place is None else self._entry(place)
        if place is None or before is None:
            place = self._added[entry.id] = self._end
            self._end += 1
        self._change(place, before, entry)

    def delete(self, entry_id: EntryId) -> None:
        """Delete an entry.

        Raises:
            KeyError: there is none with this id.
        """
        place = self._place(entry_id)
        before = None if place is None else self._entry(place)
        if place is None or before is None:
            raise KeyError(entry_id)
        self._added.pop(entry_id, None)
        insort(self._deleted, place)
        self._change(place, before, None)

    def _change(self, place: int, before: Entry | None, entry: Entry | None) -> None:
        is_of_base = place < len(self._base.entries) and place not in self._changed
        self._changed[place] = entry
        self._values = {}
        for field, index in self._indexes.items():
            for value in _values(before, field):
                if is_of_base:
                    _changes(index, value).gone.add(place)
                else:
                    index[value].new.pop(place, None)
            for value in _values(entry, field):
                _changes(index, value).new[place] = None

    def _index(self, field: str) -> Mapping[Hashable, _Changes]:
        """Return the changes of a field since the base; made when it is first searched."""
        index = self._indexes.get(field)
        if index is None:
            index = {}
            for place, entry in self._changed.items():
                if place < len(self._base.entries):
                    for value in _values(self._base.entries[place], field):
                        _changes(index, value).gone.add(place)
                for value in _values(entry, field):
                    _changes(index, value).new[place] = None
            self._indexes[field] = index
        return index

    def page(self, offset: int = 0, limit: int | None = None, newest_first: bool = False) -> list[Entry]:
        """Return entries in the order of adding, or the other way round."""
        total = len(self)
        stop = total if limit is None else min(total, offset + limit)
        ranks = range(offset, stop)
        if newest_first:
            ranks = range(total - 1 - offset, total - 1 - stop, -1)
        return [self._entry(place) for place in map(self._place_of_rank, ranks)]

    def _place_of_rank(self, rank: int) -> int:
        """Return the place of the entry before which there are so many others."""
        deleted = self._deleted
        if not deleted:
            return rank
        return rank + bisect_right(range(len(deleted)), rank, key=lambda index: deleted[index] - index)

    def find(
        self, field: str, value: Hashable, offset: int = 0, limit: int | None = None, newest_first: bool = False
    ) -> list[Entry]:
        """Return the entries with a value of a field, in the order of adding or the other way round."""
        old, changes = self._base.index(field).get(value, ()), self._index(field).get(value)
        places: Iterator[int] = reversed(old) if newest_first else iter(old)
        if changes is not None:
            gone, new = changes.gone, sorted(changes.new, reverse=newest_first)
            places = merge((place for place in places if place not in gone), new, reverse=newest_first)
        stop = None if limit is None else offset + limit
        return [self._entry(place) for place in islice(places, offset, stop)]

    def count_of(self, field: str, value: Hashable) -> int:
        """Return the number of entries with a value of a field."""
        old, changes = len(self._base.index(field).get(value, ())), self._index(field).get(value)
        return old if changes is None else old - len(changes.gone) + len(changes.new)

    def values_of(self, field: str) -> frozenset[Any]:
        """Return every value of a field."""
        found = self._values.get(field)
        if found is None:
            found = frozenset(value for entry in self.page() for value in _values(entry, field))
            self._values[field] = found
        return found


_FEW = 1_000
"""The changes of a table that are copied rather than put into a new base."""


def _values(entry: Entry | None, field: str) -> tuple[Hashable, ...]:
    """Return the values by which a field of an entry is found: the members of a tuple, or the value itself."""
    if entry is None:
        return ()
    value = getattr(entry, field)
    # Each once, so that an entry is found once.
    return tuple(dict.fromkeys(value)) if isinstance(value, tuple) else (value,)


def _changes(index: dict[Hashable, _Changes], value: Hashable) -> _Changes:
    found = index.get(value)
    if found is None:
        found = index[value] = _Changes(set(), {})
    return found


_NONE = _Table()


class Entries:
    """The entries of all accounts of a world. Lists that it returns do not change later."""

    __slots__ = ("_own", "_tables")

    def __init__(self, entries: Mapping[TableKey, Iterable[Entry]] | None = None) -> None:
        """Create the tables of these entries, by account and collection; the entries of each have different ids."""
        tables = {} if entries is None else entries
        self._tables = {key: _Table(TableBase(each)) for key, each in tables.items()}
        self._own: set[TableKey] = set()
        """The tables that no copy shares."""

    def get(self, account: str, collection: str, entry_id: EntryId) -> Entry | None:
        """Return an entry of an account by its id; ``None`` when there is none."""
        return self._tables.get((account, collection), _NONE).get(entry_id)

    def all(self, account: str, collection: str) -> list[Entry]:
        """Return the entries of an account's collection in the order of adding. A replaced entry keeps its place."""
        return self._tables.get((account, collection), _NONE).page()

    def page(
        self, account: str, collection: str, offset: int = 0, limit: int | None = None, newest_first: bool = False
    ) -> list[Entry]:
        """Return some of the account's entries, by their places in the order of adding; the others cost nothing."""
        return self._tables.get((account, collection), _NONE).page(offset, limit, newest_first)

    def find(
        self,
        account: str,
        collection: str,
        field: str,
        value: Hashable,
        offset: int = 0,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Entry]:
        """Return the entries whose field has a value, or is a tuple with it, in the order of adding.

        Any field may be searched; its index is made at the first search and kept.
        """
        return self._tables.get((account, collection), _NONE).find(field, value, offset, limit, newest_first)

    def rank(self, account: str, collection: str, entry_id: EntryId) -> int | None:
        """Return how many entries of a collection were added before one; ``None`` when there is none with this id."""
        return self._tables.get((account, collection), _NONE).rank(entry_id)

    def count(self, account: str, collection: str) -> int:
        """Return the number of entries of an account's collection."""
        return len(self._tables.get((account, collection), _NONE))

    def count_of(self, account: str, collection: str, field: str, value: Hashable) -> int:
        """Return the number of entries that `find` finds, without looking at each."""
        return self._tables.get((account, collection), _NONE).count_of(field, value)

    def values_of(self, account: str, collection: str, field: str) -> frozenset[Any]:
        """Return every value of a field, or of its members; kept until the collection changes."""
        return self._tables.get((account, collection), _NONE).values_of(field)

    def collections_of(self, account: str) -> list[str]:
        """Return the names of the account's collections that have entries, in alphabetical order."""
        return sorted(name for key, name in self._tables if key == account and self._tables[key, name])

    def put(self, account: str, collection: str, entry: Entry) -> None:
        """Add an entry, or replace the one with its id."""
        self._changeable((account, collection)).put(entry)

    def delete(self, account: str, collection: str, entry_id: EntryId) -> None:
        """Delete an entry.

        Raises:
            KeyError: there is none with this id.
        """
        self._changeable((account, collection)).delete(entry_id)

    def _changeable(self, key: TableKey) -> _Table:
        if key not in self._own:
            found = self._tables.get(key)
            self._tables[key] = _Table() if found is None else found.copy()
            self._own.add(key)
        return self._tables[key]

    def changed(self) -> list[Entry]:
        """Return the entries that were put since the bases of their tables."""
        return [entry for key in self._own for entry in self._tables[key].changed()]

    def differences(self, other: Entries) -> Iterator[tuple[tuple[str, str, EntryId], Entry | None, Entry | None]]:
        """Yield account, collection and id of each entry that only one of two has, or both in different forms, with these forms."""
        for key in sorted(self._tables.keys() | other._tables.keys()):
            mine, theirs = self._tables.get(key, _NONE), other._tables.get(key, _NONE)
            if mine is not theirs:
                for entry_id in mine.ids_beside(theirs):
                    here, there = mine.get(entry_id), theirs.get(entry_id)
                    if here != there:
                        yield (*key, entry_id), here, there

    @classmethod
    def of_parts(cls, parts: Mapping[TableKey, TableParts]) -> Entries:
        """Create entries from the parts of others, by account and collection."""
        entries = cls()
        entries._tables = {key: _Table.of_parts(each) for key, each in parts.items()}
        entries._own = set(parts)
        return entries

    def parts(self) -> dict[TableKey, TableParts]:
        """Return everything that is held, by account and collection."""
        return {key: table.parts() for key, table in self._tables.items()}

    def fork(self) -> Entries:
        """Return a copy. What both hold now is shared; later changes are not."""
        for key in self._own:
            self._tables[key] = self._tables[key].compacted()
        self._own = set()
        twin = Entries()
        twin._tables = dict(self._tables)
        return twin

    def contents(self) -> dict[TableKey, list[Entry]]:
        """Return every entry, by account and collection: two are equal when these are."""
        return {key: table.page() for key, table in self._tables.items() if table}
