"""Text that cannot be read says why in one sentence."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import msgspec
import pytest

from contract_tests.engine.test_fold_of_events import NOON, SMALL
from contract_tests.installed import INSTALLED, PROVIDERS, VARIANTS
from contract_tests.stores.exact import Blobs, new_codec, typed
from mockserver.admin.journal_file import create_codec
from mockserver.engine.entries import Collection
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import AccountChanged, EntryStored, IdsUsed, VariantChosen
from mockserver.engine.state import State
from mockserver.providers.serwersms.entries import ContactEntry
from mockserver.sdk.loading import ProviderSet
from mockserver.stores.codec import Codec, NewerFormat, UnknownProvider
from mockserver.stores.values import StoredDataError

WITHOUT_SERWERSMS = ProviderSet([each for each in PROVIDERS if each.name != "serwersms"])
NOT_INSTALLED = (
    "the stored data have accounts or entries of the provider 'serwersms', which is not installed: "
    "install its package again, or use other data"
)


def written(*happened: object, codec: Codec | None = None) -> tuple[bytes, Blobs]:
    blobs = Blobs()
    return (codec or new_codec()).encode_batches((EventBatch(0, happened),), blobs.put), blobs  # type: ignore[arg-type]  # any values


def test_a_state_with_accounts_of_a_provider_that_is_not_installed_names_the_provider() -> None:
    blobs, reader = Blobs(), create_codec(WITHOUT_SERWERSMS)
    text = new_codec().encode_state(State(SMALL, NOON, VARIANTS), blobs.put)
    with pytest.raises(UnknownProvider, match=f"^{re.escape(NOT_INSTALLED)}$") as found:
        reader.decode_state(text, blobs.get)
    assert "serwersms" == found.value.provider


@pytest.mark.parametrize(
    "event",
    [
        EntryStored("serwersms/demo", "contacts", ContactEntry(1, "+48500600700")),
        AccountChanged(next(each for each in SMALL.accounts if each.provider == "serwersms")),
    ],
    ids=["an entry", "an account"],
)
def test_an_event_of_a_provider_that_is_not_installed_names_the_provider(event: object) -> None:
    text, blobs = written(event)
    with pytest.raises(UnknownProvider, match=f"^{re.escape(NOT_INSTALLED)}$"):
        create_codec(WITHOUT_SERWERSMS).decode_batches(text, blobs.get)


def test_an_entry_of_a_collection_that_its_provider_no_longer_has_names_the_collection() -> None:
    text, blobs = written(EntryStored("serwersms/demo", "contacts", ContactEntry(1, "+48500600700")))
    with pytest.raises(StoredDataError, match=r"'serwersms/contacts', which this version does not know$"):
        Codec({"serwersms": ()}).decode_batches(text, blobs.get)


def test_text_of_a_newer_format_is_not_read() -> None:
    text, blobs = written(VariantChosen("limits", "off"))
    newer = text.replace(b"[1,", b"[2,", 1)
    with pytest.raises(NewerFormat) as found:
        new_codec().decode_batches(newer, blobs.get)
    assert str(found.value) == (
        "the stored data were written by a newer version of mockserver: they have format 2, "
        "and this version reads format 1"
    )


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b"{}",
            b"[1",
            b"[1]",
            b"[1,2,3]",
            b'["1",[]]',
            b"\xff",
            b"null",
            b"[1,[[0,[5],[]]]]",
            b"[1,[[0,[[]],[]]]]",
        ),
        *(b'[1,[[0,[["MessageStored",1]],[]]]]', b'[1,[[0,[["UseCounted","a"]],[]]]]', b'[1,[[0,[["Strange",1]],[]]]]'),
        *(b'[1,[[0,[{"$Strange":{}}],[]]]]', b'[1,[[0,[{"$AccountChanged":{"a":1}}],[]]]]'),
        b'[1,[[0,[{"$blob":"0123456789012345678901234567890123456789"}],[]]]]',
    ],
)
def test_text_that_is_damaged_is_not_read(text: bytes) -> None:
    with pytest.raises(StoredDataError, match=r"^the stored data "):
        new_codec().decode_batches(text, Blobs().get)


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_text_whose_end_is_missing_is_not_read(length: int) -> None:
    text, blobs = written(AccountChanged(SMALL.accounts[0]), IdsUsed({"a": 1}))
    assert length < len(text)
    with pytest.raises(StoredDataError):
        new_codec().decode_batches(text[:length], blobs.get)


class Odd:
    """A class that no provider has declared."""


def test_a_value_that_cannot_be_written_is_named_before_anything_is_stored() -> None:
    with pytest.raises(StoredDataError, match=r"^a value of the type 'Odd' cannot be stored$"):
        written(EntryStored("serwersms/demo", "contacts", Odd()))


class Part(msgspec.Struct, frozen=True):
    name: str


class Whole(msgspec.Struct, frozen=True):
    id: int
    parts: tuple[Part, ...] = ()


def test_the_entries_of_a_plug_in_are_kept_with_the_values_that_they_are_made_of() -> None:
    collections = {"acme": [Collection("things", Whole)]}
    event = EntryStored("acme/demo", "things", Whole(1, (Part("a"), Part("b"))))
    text, blobs = written(event, codec=Codec(collections))
    ((read,),) = (each.events for each in Codec(collections).decode_batches(text, blobs.get))
    assert typed(event) == typed(read)


def test_worlds_of_one_fixture_share_its_text_and_are_read_with_one_fixture() -> None:
    blobs, writer, reader = Blobs(), new_codec(), new_codec()
    states = [State(SMALL, NOON, VARIANTS, seed=str(number)) for number in range(3)]
    texts = [writer.encode_state(state, blobs.put) for state in states]
    assert 2 == len(blobs.held)  # its messages at fixed instants, and the others
    assert all(writer.references(text) == set(blobs.held) for text in texts)
    (message, *_) = SMALL.fixed.messages()
    assert [1, 0] == [sum(message.text.encode() in text for text in each) for each in (blobs.held.values(), texts)]

    read = [reader.decode_state(text, blobs.get) for text in texts]
    assert 1 == len({state.message_store.segments for state in read})
    assert [typed(state) for state in states] == [typed(state) for state in read]


def test_what_one_process_has_written_another_one_writes_in_the_same_words() -> None:
    one, two = Blobs(), Blobs()
    first = new_codec().encode_state(State(SMALL, NOON, VARIANTS), one.put)
    fixture = replace(SMALL, fixed=type(SMALL.fixed)(SMALL.fixed.messages()))
    second = new_codec().encode_state(State(fixture, NOON, VARIANTS), two.put)
    assert (first, one.held) == (second, two.held)


def test_the_text_is_json_that_other_programs_read() -> None:
    text, _ = written(IdsUsed({"mgage.inbound": 7}), VariantChosen("limits", "off"))
    assert [1, [[0, [["IdsUsed", {"mgage.inbound": 7}], ["VariantChosen", "limits", "off"]], []]]] == json.loads(text)


def test_the_installed_providers_are_those_that_the_codec_knows() -> None:
    assert set(INSTALLED.by_name) == new_codec().providers
