"""Exchanges of the journal are read back from text exactly as they were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.engine.test_fold_of_events import Scenario
from contract_tests.installed import INSTALLED
from contract_tests.stores.exact import Blobs, new_codec, typed
from contract_tests.stores.strategies import ERRORS, build
from mockserver.admin.journal_file import create_codec
from mockserver.engine.decisions import DecisionTrace
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import ExchangeFinished, InboundScheduled
from mockserver.engine.frozen import freeze
from mockserver.engine.journal import Exchange
from mockserver.engine.limits import Limit, LimitStatus
from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk.loading import ProviderSet
from mockserver.stores.codec import Codec, RecordedUsage


def read_again(exchange: Exchange, reader: Codec | None = None) -> Exchange:
    blobs = Blobs()
    text = new_codec().encode_exchange(exchange, blobs.put)
    assert b"\n" not in text
    return (reader or new_codec()).decode_exchange(text, blobs.get)


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    scenario = Scenario()
    yield scenario
    scenario.registry.close()


def test_requests_of_every_outcome_are_read_as_they_were_recorded(scenario: Scenario) -> None:
    for index in range(5):
        scenario.send(index)  # the limit of one number is reached: some are rejected
        scenario.read(index)
    scenario.export(0)
    scenario.client.get("/ibp_api.php?action=sms.send_message&access_key=%ff&x=%ED%A0%80")
    scenario.client.post("/messages/send_sms.json", data=b'{"text": "\xc5\xbc", "a": [1, {"b": null}]}')
    scenario.client.post(
        "/messages/strange.json", json={"username": "demo", "password": "demo", "date_from": "2026-01-01"}
    )
    scenario.client.get("/api/messages/program/141501?startDate=2026-02-01&endDate=2026-01-01")
    scenario.client.get("/nothing/here")
    scenario.add_rule(fault={"kind": "malformed"}, expires_after=1)
    scenario.send(1)
    scenario.replay_a_response(0)
    scenario.send(1)
    recorded = scenario.world.journal.since(0)
    outcomes = {exchange.outcome for exchange in recorded}

    assert {"accepted", "rejected", "unmatched", "replayed", "corrupted"} <= outcomes
    assert [typed(exchange) for exchange in recorded] == [typed(read_again(exchange)) for exchange in recorded]


def test_a_request_that_was_rejected_for_a_limit_is_read_with_the_uses_of_its_limits(scenario: Scenario) -> None:
    for _ in range(5):
        scenario.send(0)
    last = scenario.world.journal.since(0)[-1]
    read = read_again(last)

    assert last.trace is not None
    assert read.trace is not None
    assert len(last.trace.windows) > 0
    assert last.trace.windows == read.trace.windows
    assert read.error is read.result
    assert (last.outcome, str(last.error)) == (read.outcome, str(read.error)) == ("rejected", str(last.error))


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(build(Exchange), st.booleans())
def test_any_exchange_is_read_as_it_was_recorded(exchange: Exchange, is_own: bool) -> None:
    if is_own:
        exchange.error = exchange.result
    read = read_again(exchange)
    assert typed(exchange) == typed(read)
    assert is_own == (read.error is read.result) or exchange.result is exchange.error is None


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_each_error_of_a_provider_is_read_as_it_was_raised(error: type[ProviderError]) -> None:
    exchange = Exchange("GET", "/", (), b"", None, result=error(value="ż\ud83d", name=freeze({"a": [1]})))
    assert typed(exchange) == typed(read_again(exchange))


def test_the_text_of_events_says_how_connections_ended() -> None:
    codec, blobs = new_codec(), Blobs()
    finished = ExchangeFinished(1, 12, "left", 1_500), ExchangeFinished(2, 0, "dropped")
    lookalike = InboundScheduled(0, "mgage", {"text": '["ExchangeFinished",3,4,"complete"]', "surrogate": "\ud83d"})
    for events in (finished, (*finished, lookalike)):
        text = codec.encode_batches((EventBatch(0, (), events),), blobs.put)
        assert finished == (*codec.finished_exchanges(text),)


def test_an_ending_that_was_written_before_durations_were_kept_is_read() -> None:
    codec, blobs, finished = new_codec(), Blobs(), ExchangeFinished(1, 12, "left")
    text = codec.encode_batches((EventBatch(0, (), (finished,)),), blobs.put)
    assert b'"left",null]' in text
    text = text.replace(b'"left",null]', b'"left"]')
    assert [finished] == [*codec.finished_exchanges(text)]
    assert (finished,) == codec.decode_batches(text, blobs.get)[0].internal


def test_an_error_that_its_provider_no_longer_has_keeps_its_name_and_facts() -> None:
    exchange = Exchange("GET", "/", (), b"", None, provider="mgage", result=ERRORS[0](value="x"))
    read = read_again(
        exchange, create_codec(ProviderSet([each for each in INSTALLED if each.errors[0] is not ERRORS[0]]))
    )
    assert read.result is not None
    assert (ERRORS[0].__name__, {"value": "x"}) == (type(read.result).__name__, read.result.facts)
    assert f"{ERRORS[0].__name__}, which the provider no longer has" == str(read.result)


class Odd:
    def __str__(self) -> str:
        return "an odd thing"


def test_a_parameter_of_a_type_that_cannot_be_stored_becomes_a_text() -> None:
    values: dict[str, Any] = {"plain": 1, "odd": [Odd()]}
    assert {"plain": 1, "odd": ["an odd thing"]} == read_again(
        Exchange("GET", "/", (), b"", None, values=values)
    ).values


def test_the_uses_of_limits_are_read_as_those_that_were_recorded() -> None:
    status = LimitStatus(Limit(1, 60, "one a minute", True), 1, 2)
    exchange = Exchange("GET", "/", (), b"", None, trace=DecisionTrace(RecordedUsage((status,)), "555", ("a",)))
    read = read_again(exchange)
    assert read.trace is not None
    assert ((status,), "555", ("a",)) == (read.trace.windows, read.trace.magic, read.trace.emptied_by)
