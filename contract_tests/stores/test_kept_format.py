"""What an earlier version has written is read by this one."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from contract_tests.stores.exact import Blobs, new_codec, typed
from contract_tests.stores.kept_format import KEPT, LATER
from mockserver.engine.clock import Clock
from mockserver.engine.events import Event
from mockserver.http.correlation import Correlation, read_correlation

TEXTS: dict[str, Any] = json.loads(KEPT.read_text())


@pytest.fixture
def blobs() -> Blobs:
    blobs = Blobs()
    blobs.held = {digest: text.encode() for digest, text in TEXTS["blobs"].items()}
    return blobs


def test_the_kept_file_has_every_event(blobs: Blobs) -> None:
    codec = new_codec()
    found = [
        *codec.decode_batches(TEXTS["batches"].encode(), blobs.get),
        *codec.decode_batches(TEXTS["later"].encode(), blobs.get),
    ]
    assert set(get_args(Event)) == {type(event) for batch in found for event in batch.events}


def test_kept_events_give_the_kept_state(blobs: Blobs) -> None:
    codec = new_codec()
    initial = codec.decode_initial_state(TEXTS["initial"].encode(), blobs.get)
    (began,) = codec.decode_batches(TEXTS["clock"].encode(), blobs.get)
    state = initial.create_state(Clock.frozen(began.at), began.at)
    for batch in codec.decode_batches(TEXTS["batches"].encode(), blobs.get):
        state.apply(*batch.events)
    kept = codec.decode_state(TEXTS["state"].encode(), blobs.get)
    assert typed(kept) == typed(state)
    assert 50 < len(kept.message_store)
    assert kept.deliveries
    assert kept.checkpoints
    assert len(kept.fault_rules) > 0


def test_kept_events_are_what_they_were(blobs: Blobs) -> None:
    (batch,) = new_codec().decode_batches(TEXTS["later"].encode(), blobs.get)
    assert typed((LATER, LATER)) == typed((batch.events, batch.internal))


def test_kept_exchanges_are_what_they_were(blobs: Blobs) -> None:
    exchanges = [new_codec().decode_exchange(text.encode(), blobs.get) for text in TEXTS["exchanges"]]
    outcomes = {exchange.outcome for exchange in exchanges}
    assert [*range(1, len(exchanges) + 1)] == [exchange.number for exchange in exchanges]
    assert {"accepted", "rejected"} <= outcomes
    assert all(exchange.variants["limits"] in ("enforced", "off") for exchange in exchanges)


def test_a_kept_exchange_tells_the_identifiers_that_its_client_sent(blobs: Blobs) -> None:
    """They are read from the headers, which every version has stored."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = [["X-Request-Id", "5f3a"], ["traceparent", f"00-{trace}-00f067aa0ba902b7-01"]]
    version, content = json.loads(TEXTS["exchanges"][0])
    content["head"] += sent
    exchange = new_codec().decode_exchange(json.dumps([version, content]).encode(), blobs.get)

    assert Correlation("5f3a", f"00-{trace}-00f067aa0ba902b7-01", trace) == read_correlation(exchange.head)
