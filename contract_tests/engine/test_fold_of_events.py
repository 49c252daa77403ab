"""A world's state is the fold of the events that it published: nothing else changes it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from contract_tests.installed import CALLBACKS, PROVIDERS, SWITCHES, VARIANTS
from mockserver import worldfile
from mockserver.admin.endpoint import world_file_rules
from mockserver.app import build_service
from mockserver.engine.accounts import ForwardingRule, Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.deliveries import Attempt, Delivery, Outcome
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import (
    AccountChanged,
    AttemptStarted,
    DeliveryChanged,
    EntryDeleted,
    EntryStored,
    Event,
    InboundScheduled,
    MessageChanged,
    MessageDeleted,
    MessageScheduled,
    VariantChosen,
)
from mockserver.engine.frozen import freeze
from mockserver.engine.instants import SECOND, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import InitialState, State
from mockserver.engine.world import ProviderCallbacks, World
from mockserver.http.fault_rules import rule_from
from mockserver.providers.serwersms.entries import ContactEntry

# It gives its worlds a log of its own.
pytestmark = pytest.mark.in_memory

NOON = parse_instant("2026-06-01T12:00:00Z")
RULES = world_file_rules(PROVIDERS, SWITCHES)
SMALL = worldfile.load(Path(__file__).parents[2] / "fixtures/worlds/small.json", RULES, is_checked=True)
RULE = ForwardingRule("ndi", "http://127.0.0.1:8080/?numer=#NUMER#&tekst=#WIADOMOSC#", verification=True)
"""Where SerwerSMS's demo account forwards what comes in; the other providers' accounts forward in the file already."""
FORWARDING = replace(
    SMALL,
    accounts=tuple(
        replace(account, forwarding=(RULE,)) if account.key == "serwersms/demo" else account
        for account in SMALL.accounts
    ),
)
INBOUND: dict[str, dict[str, Any]] = {
    "dialogtech": {"account": "demo", "sender": "5556667777", "recipient": "3125550142", "text": "yes"},
    "mgage": {"account": "demo", "program": "141501", "sender": "5556667777", "recipient": "12345", "text": "JOIN"},
    "serwersms": {
        "account": "demo",
        "kind": "ndi",
        "sender": "+48500600700",
        "recipient": "+48664078101",
        "text": "tak",
    },
}
PROVIDER = {provider.name: provider for provider in PROVIDERS}


class Recorder:
    """An event log in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, batch: EventBatch) -> None:
        self.events += batch.events + batch.internal


class Receivers:
    """A webhook sender without a network: every third attempt gets no response, the others are acknowledged."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)

    def send(self, world: World, delivery: Delivery) -> None:
        build = PROVIDER[delivery.provider].build_webhook
        assert build is not None
        has_failed = (delivery.number + len(delivery.attempts)) % 3 == 0
        outcome = Outcome(error="no one listens") if has_failed else Outcome(200, (), b"OK")
        attempt = Attempt(world.state.in_flight[delivery.number].at, build(delivery, world.state), outcome, "")
        self._pool.submit(world.end_attempt, delivery.number, world.state.epoch, attempt)

    def note_schedule_change(self, world: World) -> None:
        """Ignore when the next item is due; the next request performs it."""

    def forget(self, world: World) -> None:
        """Ignore a cancelled delivery: its attempt ends in a later epoch, which ignores it."""

    def close(self) -> None:
        self._pool.shutdown()


class Scenario:
    """A world of all three providers, and the changes that can be made to it."""

    def __init__(self, sender: Receivers | None = None, providers: Mapping[str, ProviderCallbacks] = CALLBACKS) -> None:
        sender = sender or Receivers()
        self.registry = WorldRegistry(
            FORWARDING, VARIANTS, clock=Clock.frozen(NOON), providers=providers, sender=sender
        )
        self.world = self.registry.default
        self.client = Client(build_service(registry=self.registry).app)
        self.record(self.world)

    def record(self, world: World) -> None:
        """Start to record a world's events, and keep a copy of its state at this point."""
        self.start = InitialState(FORWARDING, world.state.seed, template=world.state.fork())
        self.clock = world.clock
        world.log = self.log = Recorder()

    def folded(self) -> State:
        """The copy of the state with the recorded events applied."""
        state = self.start.create_state(self.clock, self.clock.now())
        for event in self.log.events:
            state.apply(event)
        return state

    def happen(self, *events: Event) -> None:
        self.world.execute(lambda _state, now, _ids: Decision(now, None, events))

    # -- what may happen

    def send(self, index: int) -> None:
        account = self.world.state.accounts["dialogtech/demo"]
        keys = {"access_key": account.logins[0].user, "secret_access_key": account.logins[0].secret}
        values = {"action": "sms.send_message", "from": [*account.numbers][index % 2], "to": "5556667777"}
        self.client.get("/ibp_api.php", query_string={**keys, **values, "message": f"message {index}"})

    def read(self, index: int) -> None:
        login = self.world.state.accounts["serwersms/demo"].logins[0]
        values = {"type": ("eco", "ndi", "nd", "pre", "mms")[index], "read": True, "limit": 2}
        self.client.post("/messages/recived", json={"username": login.user, "password": login.secret, **values})

    def change_message(self, index: int) -> None:
        message = next(iter(islice(self.world.state.message_store, index, None)))
        self.happen(MessageChanged(message.serial, f"status {index}", freeze({"step": index})))

    def schedule_message(self, index: int) -> None:
        message = next(iter(islice(self.world.state.message_store, index, None)))
        self.happen(MessageScheduled(message.serial, self.world.now() + index * SECOND))

    def delete_message(self, index: int) -> None:
        message = next(iter(islice(self.world.state.message_store, index, None)))
        if message.serial not in self.world.state.deliveries_by_message:
            self.happen(MessageDeleted(message))

    def export(self, _: int) -> None:
        login = self.world.state.accounts["mgage/demo"].logins[0]
        basic = b64encode(f"{login.user}:{login.secret}".encode()).decode()
        self.client.get("/api/messages/program/141501", headers={"Authorization": f"Basic {basic}"})

    def receive(self, index: int) -> None:
        self.world.receive_inbound(*[*INBOUND.items()][index % 3])

    def receive_later(self, index: int) -> None:
        provider, fields = [*INBOUND.items()][index % 3]
        at = self.world.now() + index * 20 * SECOND
        self.happen(
            InboundScheduled(at, provider, fields), InboundScheduled(at, provider, {**fields, "account": "gone"})
        )

    def advance(self, index: int) -> None:
        self.world.advance(self.world.now() + (1, 1, 20, 300, 3_600)[index] * SECOND)

    def freeze(self, index: int) -> None:
        self.world.freeze(self.world.now() + index * 60 * SECOND if index else None)

    def resume(self, _: int) -> None:
        self.world.resume()

    def choose_variant(self, index: int) -> None:
        choices = [("limits", "enforced"), ("limits", "off"), ("dialogtech.limits.count", "all")]
        choices += [("serwersms.forwarding.repeats", "gaps"), ("serwersms.forwarding.forwarded", "read")]
        name, variant = choices[index]
        self.happen(VariantChosen(name, variant))

    def change_account(self, index: int) -> None:
        account = self.world.state.accounts["serwersms/demo"]
        self.happen(AccountChanged(replace(account, fields=freeze({"demo": index % 2 == 0}))))

    def store_an_entry(self, index: int) -> None:
        found = self.world.state.entries.page("serwersms/demo", "contacts", index, 1)
        numbers = [index, *(each.id for each in found)]
        stored = (ContactEntry(each, f"+4850060070{index}") for each in numbers)
        self.happen(*(EntryStored("serwersms/demo", "contacts", each) for each in stored))

    def delete_an_entry(self, index: int) -> None:
        for each in self.world.state.entries.page("serwersms/demo", "contacts", index, 1):
            self.happen(EntryDeleted("serwersms/demo", "contacts", each.id))

    def hold_or_release(self, index: int) -> None:
        self.world.wait_until_idle()
        deliveries = self.world.state.deliveries
        if index in deliveries:
            is_due, now = deliveries[index].status == "due", self.world.now()
            self.happen(DeliveryChanged(index, "held" if is_due else "due", None if is_due else now))

    def add_rule(self, **rule: Any) -> None:
        self.world.add_fault_rule(rule_from(rule, self.world.now()))

    def draw_a_fault(self, index: int) -> None:
        self.world.remove_fault_rules()
        self.add_rule(fault={"kind": "delay", "seconds": 0}, when={"probability": 0.5})
        self.send(index)

    def replay_a_response(self, index: int) -> None:
        self.add_rule(fault={"kind": "replay"}, when={"every": 2})
        self.send(index)
        self.send(index)

    def add_a_webhook_fault(self, index: int) -> None:
        kinds = ("duplicate", "concurrent_duplicate", "delay", "reorder", "lost_acknowledgement", "give_up")
        self.add_rule(target="webhook", fault={"kind": kinds[index]}, when={"every": 2, "probability": 0.5})
        self.receive(0)
        self.receive(2)

    def remove_a_fault_rule(self, index: int) -> None:
        self.world.remove_fault_rules(f"f{index}")

    def checkpoint(self, index: int) -> None:
        self.world.checkpoint(f"c{index % 2}")

    def rewind(self, index: int) -> None:
        name = f"c{index % 2}"
        if name not in self.world.state.checkpoints:
            self.world.checkpoint(name)
        self.registry.rewind(self.world, name)

    def remove_a_checkpoint(self, index: int) -> None:
        if f"c{index % 2}" in self.world.state.checkpoints:
            self.world.remove_checkpoint(f"c{index % 2}")

    def reset(self, index: int) -> None:
        self.world.reset(NOON if index % 2 else None)

    def load(self, index: int) -> None:
        document = worldfile.dump(self.world, VARIANTS, has_credentials=True)
        document["accounts"] = [{**account, "messages": [*account["messages"]]} for account in document["accounts"]]
        file = worldfile.read(document, RULES, is_checked=True)
        assert file.clock is not None
        logins = {account.key: account.logins for account in file.fixture.accounts}
        variants = {**VARIANTS, **file.fixture.variants}
        clock = file.clock.clock()
        initial = InitialState(file.fixture, f"seed {index}", variants, logins, clock.frozen_at)
        self.registry.restart(self.world, initial, clock)

    def fork(self, _: int) -> None:
        self.world.wait_until_idle()
        if len(self.registry_worlds()) < 4:
            forked = self.registry.fork(self.world)
            assert {} == forked.state.in_flight
            assert forked.state.accounts["mgage/demo"].logins != self.world.state.accounts["mgage/demo"].logins

    def registry_worlds(self) -> list[World]:
        return list(self.registry)


STEPS = [
    name
    for name in vars(Scenario)
    if name not in ("record", "folded", "happen", "registry_worlds", "add_rule") and name[0] != "_"
]
ACTIONS = st.tuples(st.sampled_from(STEPS), st.integers(0, 4))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, min_size=10, max_size=40))
def test_the_events_applied_to_the_initial_state_give_the_state_of_the_world(actions: list[tuple[str, int]]) -> None:
    scenario = Scenario()
    for name, index in actions:
        getattr(scenario, name)(index)
    scenario.world.wait_until_idle()

    assert scenario.folded().contents() == scenario.world.state.contents()
    scenario.registry.close()


@pytest.mark.parametrize("name", STEPS)
def test_each_step_of_the_scenario_publishes_events_that_give_its_state(name: str) -> None:
    scenario = Scenario()
    scenario.receive(0)
    scenario.receive(2)
    scenario.world.wait_until_idle()
    before = scenario.world.state.contents()
    getattr(scenario, name)(1)
    scenario.world.wait_until_idle()

    assert scenario.folded().contents() == scenario.world.state.contents()
    assert (before == scenario.world.state.contents()) == (
        name in ("export", "fork", "remove_a_checkpoint", "remove_a_fault_rule")
    )
    scenario.registry.close()


def test_a_fork_is_folded_from_its_own_initial_state() -> None:
    scenario = Scenario()
    scenario.receive(2)
    scenario.world.wait_until_idle()
    fork = scenario.registry.fork(scenario.world)
    start = fork.initial_state.create_state(fork.clock, fork.now())
    fork.log = log = Recorder()
    fork.receive_inbound("serwersms", INBOUND["serwersms"])
    fork.wait_until_idle()
    fork.reset()
    fork.receive_inbound("mgage", INBOUND["mgage"])
    for event in log.events:
        start.apply(event)

    assert start.contents() == fork.state.contents()
    scenario.registry.close()


def test_states_that_differ_in_one_event_are_not_equal() -> None:
    one, two = (InitialState(FORWARDING, "seed", VARIANTS).create_state(Clock.frozen(NOON), NOON) for _ in range(2))
    assert one.contents() == two.contents()
    two.apply(AccountChanged(replace(two.accounts["mgage/demo"], logins=(Login("another"),))))

    assert one.contents() != two.contents()


def test_what_the_log_does_not_take_has_not_happened() -> None:
    class Full:
        def append(self, _: EventBatch) -> None:
            raise OSError("no space left")

    scenario = Scenario()
    scenario.world.log = Full()
    before, cursor = scenario.world.state.contents(), scenario.world.feed.cursor

    with pytest.raises(OSError, match="no space left"):
        scenario.receive(0)
    assert (before, cursor) == (scenario.world.state.contents(), scenario.world.feed.cursor)
    scenario.registry.close()


def test_an_attempt_has_started_in_the_log_before_its_request_is_sent() -> None:
    class Sender(Receivers):
        def send(self, world: World, delivery: Delivery) -> None:
            known.append([event for event in scenario.log.events if isinstance(event, AttemptStarted)])
            super().send(world, delivery)

    known: list[list[AttemptStarted]] = []
    scenario = Scenario(Sender())
    scenario.receive(2)
    scenario.world.wait_until_idle()
    scenario.registry.close()

    assert [[AttemptStarted(1, NOON)]] == known


def test_an_attempt_that_the_providers_code_cannot_evaluate_is_given_up_and_holds_up_nothing() -> None:
    def fail(*_: Any) -> Decision:
        raise ZeroDivisionError

    scenario = Scenario(providers={**CALLBACKS, "serwersms": CALLBACKS["serwersms"]._replace(evaluate_attempt=fail)})
    scenario.receive(2)

    assert scenario.world.wait_until_idle()
    delivery = scenario.world.state.deliveries[1]
    assert ("given up", None) == (delivery.status, delivery.due)
    assert ["the provider's code failed: ZeroDivisionError"] == [attempt.result for attempt in delivery.attempts]
    assert scenario.folded().contents() == scenario.world.state.contents()
    scenario.registry.close()
