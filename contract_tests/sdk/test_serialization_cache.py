"""The serialization cache compared with serializing anew: the same bytes, whatever happens in whichever world."""

from __future__ import annotations

import gc
import json
import weakref
from base64 import b64encode
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from contract_tests.installed import CALLBACKS, PROVIDERS, SWITCHES, VARIANTS
from contract_tests.serwersms_entries import contact, kept
from mockserver.engine.accounts import Account, Login, Number, Program
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.events import EntryDeleted, EntryStored, Event, VariantChosen
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.message_store import MessageStore
from mockserver.engine.messages import Message, account_key
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.providers.serwersms.entries import BlacklistEntry
from mockserver.sdk.provider import Provider
from mockserver.sdk.request import ProviderRequest
from mockserver.sdk.serialization_cache import SerializationCache, spliced

NOON = parse_instant("2026-06-01T12:00:00Z")
DAY = 86_400 * SECOND
JAN, EWA = "+48500600700", "+48500600701"
LOGIN = (Login("user", "secret"),)
ACCOUNTS = (
    Account("dialogtech/a", "dialogtech", "a", LOGIN, numbers={"5554332111": Number("5554332111")}),
    Account("mgage/a", "mgage", "a", LOGIN, programs={"1": Program("1", "Program", "Campaign", "Voting")}),
    Account("serwersms/a", "serwersms", "a", LOGIN),
)
TEXTS = ("Yes", "żółć 🙂", "<a> & ]]>", "<inbound/><outbound/><items/>", "a\rb\x00c", '"\\\n')
ASKED: dict[str, tuple[str, ...]] = {
    "dialogtech": (
        "/ibp_api.php?action=sms.get_messages&access_key=user&secret_access_key=secret&start_date=20260101&end_date=20261231",
    ),
    "mgage": tuple(f"/api/messages/program/1?{query}" for query in ("", "pageSize=2&page=2", "messageType=MO")),
    "serwersms": tuple(
        f"/messages/recived{rest}&username=user&password=secret"
        for rest in ("?", ".xml?", "?order=desc&limit=2", "?show_contact=true", f"?phone={JAN}")
    ),
}


def message(provider: str, serial: int, at: int, text: str, kind: str = "nd") -> Message:
    """An inbound or outbound message, with fields as that provider may have."""
    direction: Any = "outbound" if serial % 3 == 2 and provider != "serwersms" else "inbound"
    more = {"serwersms": {"kind": kind}, "mgage": {"program": "1"}}.get(provider, {})
    parties = (JAN, EWA) if serial % 2 else (EWA, JAN)
    numeric = parties if provider == "serwersms" else tuple(number[1:] for number in parties)
    return Message(serial, f"{provider}/a", str(serial), direction, *numeric, at, text, status="Received", **more)


def request(target: str) -> ProviderRequest:
    """A request as the providers see it."""
    path, _, query = target.partition("?")
    headers = (("Authorization", "Basic " + b64encode(b"user:secret").decode()),)
    return ProviderRequest("GET", path, query.encode(), headers, is_bound=True)


CHOICES = [
    VariantChosen(switch.name, variant)
    for switch in SWITCHES
    for variant in (*switch.variants, *("Asia/Tokyo",) * switch.any_zone)
]
SEEN = tuple((provider, request(target)) for provider in PROVIDERS for target in ASKED[provider.name])


class Remembering(RuleBasedStateMachine):
    """Worlds that share segments, and one serialization cache for all of them."""

    @initialize(
        most=st.sampled_from((400, 2_000, 2**20)),
        long=st.sampled_from((1, 2, 20)),
        texts=st.lists(st.sampled_from(TEXTS), min_size=6, max_size=6),
    )
    def begin(self, most: int, long: int, texts: list[str]) -> None:
        providers = ("dialogtech", "mgage", "serwersms") * 2
        fixed, relative = (
            Segment(
                message(provider, n, at(n), text)
                for n, (provider, text) in enumerate(zip(providers, texts, strict=True))
            )
            for at in (lambda n: NOON - n * DAY, lambda n: -n * SECOND)
        )
        self.fixture = Fixture(ACCOUNTS, fixed, relative, entries=kept("serwersms/a", [contact(JAN, "Jan")]))
        self.registry = WorldRegistry(self.fixture, VARIANTS, clock=Clock.frozen(NOON), providers=CALLBACKS)
        self.worlds = [self.registry.default]
        self.cache = SerializationCache(most, long)

    @rule(seconds=st.integers(0, 3))
    def a_world_is_born_later(self, seconds: int) -> None:
        if len(self.worlds) < 4:
            self.worlds.append(self.registry.create(self.fixture, clock=Clock.frozen(NOON + seconds * SECOND)))

    @rule(which=st.integers(0, 3))
    def a_world_is_forked(self, which: int) -> None:
        if len(self.worlds) < 4:
            self.worlds.append(self.registry.fork(self.worlds[which % len(self.worlds)]))

    @rule(which=st.integers(0, 3), seconds=st.integers(0, 2))
    def a_world_begins_again(self, which: int, seconds: int) -> None:
        self.worlds[which % len(self.worlds)].reset(NOON + seconds * SECOND)

    @rule(which=st.integers(0, 3), seconds=st.integers(0, 2))
    def time_passes(self, which: int, seconds: int) -> None:
        world = self.worlds[which % len(self.worlds)]
        world.advance(world.now() + seconds * SECOND)

    @rule(
        which=st.integers(0, 3), provider=st.sampled_from(PROVIDERS), ago=st.integers(0, 3), text=st.sampled_from(TEXTS)
    )
    def a_message_is_stored(self, which: int, provider: Provider, ago: int, text: str) -> None:
        world = self.worlds[which % len(self.worlds)]
        message_store = world.state.message_store
        message_store.add(
            message(provider.name, message_store.next_serial, world.clock.now() - ago * SECOND, text, "eco")
        )

    @rule(which=st.integers(0, 3), chosen=st.sampled_from(CHOICES))
    def another_variant_is_chosen(self, which: int, chosen: VariantChosen) -> None:
        self.worlds[which % len(self.worlds)].execute(lambda _state, now, _ids: Decision(now, None, (chosen,)))

    @rule(which=st.integers(0, 3), phones=st.sets(st.sampled_from((JAN, EWA))), name=st.sampled_from(("Jan", "Jaś")))
    def somebody_is_blocked_or_gets_another_name(self, which: int, phones: set[str], name: str) -> None:
        world = self.worlds[which % len(self.worlds)]
        named = structs.replace(contact(JAN, name), id=1)
        blocked = world.state.entries.all("serwersms/a", "blacklist")
        events: list[Event] = [EntryStored("serwersms/a", "contacts", named)]
        events += (EntryDeleted("serwersms/a", "blacklist", each.id) for each in blocked)
        events += (
            EntryStored("serwersms/a", "blacklist", BlacklistEntry(number, phone))
            for number, phone in enumerate(sorted(phones), 1)
        )
        world.execute(lambda _state, now, _ids: Decision(now, None, tuple(events)))

    @invariant()
    def what_is_remembered_is_what_would_be_written(self) -> None:
        for world in getattr(self, "worlds", ()):
            for provider, request in SEEN:
                call = provider.parse(request)
                decision, variants = world.execute(partial(provider.decide, call)), world.state.variants
                anew = provider.render(decision, call, variants, SerializationCache(0))
                assert anew == provider.render(decision, call, variants, self.cache)


def test_a_variant_that_is_chosen_later_is_heeded() -> None:
    machine = Remembering()
    machine.begin(most=2**20, long=2, texts=list(TEXTS))
    for chosen in CHOICES:
        machine.another_variant_is_chosen(0, chosen)
        machine.what_is_remembered_is_what_would_be_written()


Remembering.TestCase.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
test_an_answer_with_remembered_messages_is_the_answer_that_would_be_written_anew = Remembering.TestCase


def stored(texts: int) -> MessageStore:
    return MessageStore(((Segment(message("mgage", place, place, f"text {place}") for place in range(texts)), 0),))


def test_a_message_is_written_once_for_each_form() -> None:
    message_store, written = stored(3), []

    def write(found: Message) -> bytes:
        written.append(found.id)
        return found.text.encode()

    cache = SerializationCache()
    for form in ("a", "b", "a"):
        stretches = message_store.select(account_key("mgage/a"), 0, 9).slices
        assert [b"text 0", b"text 1", b"text 2"] == cache.of(stretches, form, write)
    assert ["0", "1", "2", "0", "1", "2"] == written


@pytest.mark.parametrize("most", [0, 500])
def test_what_is_remembered_is_bounded_and_everything_is_answered(most: int) -> None:
    message_store, cache = stored(1_000), SerializationCache(most)
    for start in (0, 500, 0):
        picked = message_store.select(account_key("mgage/a"), 0, 9_999, start, 500)
        found = cache.of(picked.slices, "a", lambda message: message.text.encode())
        assert [f"text {place}".encode() for place in range(start, start + 500)] == found
    assert cache.held <= (most - most // 4 + 200 if most else 0)


@pytest.mark.parametrize("most", [0, 20_000, 2**20])
def test_a_page_in_one_piece_is_its_messages_and_what_is_between_them(most: int) -> None:
    message_store, cache = stored(1_000), SerializationCache(most)
    for start, size, between in ((0, 500, b","), (500, 500, b","), (0, 500, b""), (0, 50, b","), (0, 500, b",")):
        picked = message_store.select(account_key("mgage/a"), 0, 9_999, start, size)
        found = cache.joined(picked.slices, "a", lambda message: message.text.encode(), between)
        assert between.join(b"text %d" % place for place in range(start, start + size)) == found
        assert cache.held <= most + most // 16 + 400


def test_pages_push_no_message_out() -> None:
    message_store, cache, written = stored(1_000), SerializationCache(400_000), []

    def write(found: Message) -> bytes:
        written.append(found.id)
        return found.text.encode()

    for start in range(500):
        cache.joined(message_store.select(account_key("mgage/a"), 0, 9_999, start, 501).slices, "a", write, b",")
    assert 1_000 == len(written)
    assert cache.held < 160 * 1_000 + 100_000 + 7_000  # the messages, a quarter for the pages, and the last of them


def test_a_page_that_is_asked_for_again_is_not_put_together_again() -> None:
    message_store, cache = stored(50), SerializationCache()
    picked = message_store.select(account_key("mgage/a"), 0, 9_999)
    first, again = (cache.joined(picked.slices, "a", lambda _message: b"x", b",") for _ in range(2))
    assert first is again


def test_what_was_written_of_a_layer_is_forgotten_with_it() -> None:
    class Form:
        """A serialization cached with the messages that it was made of, one at a time or as a whole page."""

    def write(cache: SerializationCache, message_store: MessageStore) -> weakref.ref[Form]:
        form = Form()
        cache.joined(message_store.select(account_key("mgage/a"), 0, 9).slices, form, lambda message: b"x", b",")
        return weakref.ref(form)

    for long in (2, 20):
        cache, message_store = SerializationCache(long=long), stored(3)
        remembered = write(cache, message_store)
        gc.collect()
        assert remembered() is not None

        del message_store
        gc.collect()
        assert remembered() is None


# -- spliced -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [[], [1], [1, 2, 3]], ids=len)
def test_fragments_stand_in_the_documents_empty_list(numbers):
    document = {"before": ["x"], "data": {"name": "]}}", "items": []}}
    written = spliced(document, b"]}}", b",".join(b"%d" % number for number in numbers))
    assert json.loads(written) == {"before": ["x"], "data": {"name": "]}}", "items": numbers}}
    assert b" " not in written
