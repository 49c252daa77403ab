"""The list of handsets: those that a world's clients and handsets wrote to since it began, and those that it began with.

The world's lock is held for a few hundred handsets at a time, however many there are.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from heapq import nlargest
from itertools import chain, islice
from typing import NamedTuple, TypeVar

from mockserver.engine.instants import EARLIEST, LATEST
from mockserver.engine.message_store import HANDSET_PIECE, Handset, MessageSelection, add_up_handsets
from mockserver.engine.messages import Message, account_key, handset_key, handset_of
from mockserver.engine.state import State
from mockserver.engine.world import World

from .page_context import PageRequest

_Item = TypeVar("_Item")

HANDSETS = 50
"""Handsets that are listed at a time."""
_MAX_FOUND = 1_000
"""The messages with a text that are looked at in each account."""


class HandsetRow(NamedTuple):
    """A handset in the list."""

    number: str
    name: str
    """The name of its owner if an account has them as a contact, else empty."""
    messages: int
    latest: Message
    """Its latest message; where a text was searched for, the latest one with it."""


class HandsetList(NamedTuple):
    """A page of the list."""

    handsets: tuple[Handset, ...]
    total: int
    """The handsets on all pages."""
    seeded: int
    """The handsets that are listed only if they are asked for."""
    everything: int
    """All handsets of the world."""
    matching: Mapping[str, Message]
    """The latest message of each handset that has the text that is searched for."""


class HandsetFilter(NamedTuple):
    """What the list is restricted to."""

    wanted: str = ""
    """A part of a number, of a name or of a message; empty for no search."""
    is_seeded: bool = False
    """Whether handsets are listed that have only messages with which the world began. A search finds them too."""

    @classmethod
    def of(cls, page_request: PageRequest) -> HandsetFilter:
        """Return the filter that a URL names: ``q`` and ``seeded``."""
        return cls(page_request.args.get("q", "").strip(), bool(page_request.args.get("seeded")))

    @property
    def lists_everything(self) -> bool:
        """Whether seeded handsets are listed."""
        return self.is_seeded or bool(self.wanted)

    def matches(self, handset: str, found: Container[str]) -> bool:
        """Return whether a handset is searched for.

        Args:
            handset: its number.
            found: the handsets whose name, or one of whose messages, has the text.
        """
        return not self.wanted or handset_of(self.wanted) in handset or handset in found


def list_handsets(page_request: PageRequest, wanted: HandsetFilter, skip: int) -> HandsetList:
    """Return a page of the list, the handset of the latest message first."""
    world = page_request.world
    handsets = all_handsets(world)
    touched = [each for each in handsets if each.is_touched]
    listed = handsets if wanted.lists_everything else touched
    named, matching = find_named(page_request, wanted.wanted), find_texts(world, wanted.wanted)
    others = named | matching.keys()
    found = [each for each in listed if wanted.matches(each.number, others)]
    page = nlargest(skip + HANDSETS, found, key=lambda each: (each.latest, each.number))[skip:]
    return HandsetList(tuple(page), len(found), len(handsets) - len(touched), len(handsets), matching)


def all_handsets(world: World) -> list[Handset]:
    """Return every handset of a world, in no particular order; its lock is held for a few hundred of them at a time."""
    world.build_handset_indexes()
    initial = world.initial_state
    pieces = world.state.message_store.handset_pieces(initial.first_serial, initial.segments)
    return add_up_handsets(_in_turns(world, pieces))


def is_touched(world: World, handset: str) -> bool:
    """Return whether a handset has a message with which the world did not begin. The caller holds the world's lock."""
    since = world.initial_state.first_serial - 1
    return bool(world.state.message_store.serials((handset_key(handset),), since, 1))


def _in_turns(world: World, pieces: Iterator[list[_Item]]) -> Iterator[list[_Item]]:
    """Yield pieces of which each is made with a world's lock held, which others may take between them."""
    while True:
        with world.lock:
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def current_row(
    state: State, number: str, names: HandsetNames, matching: Mapping[str, Message] | None = None
) -> HandsetRow | None:
    """Return the row of a handset; ``None`` if a reset removed its messages. The caller holds the world's lock."""
    count = state.message_store.count(handset_key(number), EARLIEST, LATEST)
    if not count:
        return None
    latest = (matching or {}).get(number)
    if latest is None:
        (latest,) = state.message_store.page(handset_key(number), EARLIEST, LATEST, count - 1, 1)
    return HandsetRow(number, names.get(number), count, latest)


# -- search ------------------------------------------------------------------------------------------------------------


class HandsetNames:
    """Looks up the owners of handsets in the accounts' collections, such as their contacts."""

    def __init__(self, page_request: PageRequest, state: State) -> None:
        providers = page_request.context.providers_by_name
        self._entries = state.entries
        self._people = [
            (account.key, collection)
            for account in state.accounts.values()
            for collection in providers[account.provider].collections
            if collection.number_field
        ]

    def get(self, handset: str) -> str:
        """Return the name of a handset's owner; empty if it is not known."""
        for account, collection in self._people:
            for number in (f"+{handset}", handset, f"+1{handset}"):
                found = self._entries.find(account, collection.name, collection.number_field, number, limit=1)
                if found:
                    return collection.name_of(found[0])
        return ""

    def named(self, text: str) -> Iterator[list[str]]:
        """Yield the handsets of everybody whose name contains a text in lower case, for some people at a time."""
        for account, collection in self._people:
            for start in range(0, self._entries.count(account, collection.name), HANDSET_PIECE):
                yield [
                    handset_of(getattr(entry, collection.number_field))
                    for entry in self._entries.page(account, collection.name, start, HANDSET_PIECE)
                    if text in collection.name_of(entry).casefold()
                ]


def find_named(page_request: PageRequest, wanted: str) -> frozenset[str]:
    """Return the handsets of everybody whose name contains a text; none without a text."""
    if not wanted:
        return frozenset()
    world = page_request.world
    with world.lock:
        names = HandsetNames(page_request, world.state)
    return frozenset(chain.from_iterable(_in_turns(world, names.named(wanted.casefold()))))


def find_texts(world: World, wanted: str) -> dict[str, Message]:
    """Return the latest message that contains a text, of each handset that has one; none without a text.

    The messages are selected with the world's lock held, and looked through without it. Of each account the latest
    `_MAX_FOUND` that contain the text count.
    """
    if not wanted:
        return {}
    text = wanted.casefold()
    with world.lock:
        store = world.state.message_store
        selected = [store.select_all(account_key(key), EARLIEST, LATEST) for key in world.state.accounts]
    latest = chain.from_iterable(islice(_with_text(selection, text), _MAX_FOUND) for selection in selected)
    found: dict[str, Message] = {}
    for message in sorted(latest, key=lambda each: (each.at, each.serial)):
        found[message.handset] = message
    return found


def _with_text(selection: MessageSelection, text: str) -> Iterator[Message]:
    """Yield the messages that contain a text in lower case, the latest first."""
    for part in reversed(selection.slices()):
        found = part.where("text", lambda each: text in each.casefold())
        yield from map(found.message, reversed(found.places))
