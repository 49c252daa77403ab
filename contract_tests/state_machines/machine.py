"""A state machine of several worlds, compared with a plain model after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mockserver.engine.instants import SECOND, Instant

from .drivers import INBOUND, NOON, NUMBERS, PHONES, Driver, Row

MINUTE = 60 * SECOND
LIMITS = ((1, SECOND, True), (40, MINUTE, True), (4, SECOND, False))
"""001: messages in so many microseconds, of a number or of the account."""
CHECKPOINTS = ("before", "after")
MOST_WORLDS = 4
MOST_MESSAGES = 150


@dataclass
class Rule:
    """A fault rule of the model."""

    point: str
    left: int | None


@dataclass
class Model:
    """What a world must hold."""

    messages: list[Row]
    now: Instant = NOON
    sends: list[tuple[Instant, str]] = field(default_factory=list)
    """The accepted sends: instants and numbers."""
    rules: dict[str, Rule] = field(default_factory=dict)
    contacts: dict[int, str] = field(default_factory=dict)
    """The phones of the contacts, by id, in the order of adding."""

    checkpoints: dict[str, Model] = field(default_factory=dict)
    """Exact copies by name, in the order of making, without checkpoints of their own."""

    beginning: Model | None = None
    """As it was when the world was created or forked; that is where a reset leads."""

    def begin(self) -> None:
        """Let a reset lead here."""
        self.beginning = None
        self.beginning = replace(deepcopy(self), checkpoints={})

    def copy(self, checkpoints: Mapping[str, Model]) -> Model:
        """Return an exact copy with other checkpoints."""
        return replace(deepcopy(replace(self, checkpoints={})), checkpoints=dict(checkpoints))

    def is_within_limits(self, number: str) -> bool:
        """Return whether one more send is accepted now."""
        return all(
            most > sum(at > self.now - window and (not per_number or by == number) for at, by in self.sends)
            for most, window, per_number in LIMITS
        )

    def choose_fault(self) -> Rule | None:
        """Return the first rule that is not exhausted, and count its hit."""
        for each in self.rules.values():
            if each.left is None or each.left > 0:
                each.left = None if each.left is None else each.left - 1
                return each
        return None


def changed_messages(before: Model, after: Model) -> dict[int, str]:
    """Return what has happened to each message that is not as it was, by serial."""
    earlier, later = ({row.serial: row for row in model.messages} for model in (before, after))
    found = {serial: "changed" for serial in earlier.keys() & later.keys() if earlier[serial] != later[serial]}
    found |= dict.fromkeys(later.keys() - earlier.keys(), "inserted")
    return found | dict.fromkeys(earlier.keys() - later.keys(), "deleted")


class Worlds(RuleBasedStateMachine):
    """The rules of the machine; a subclass says what it drives."""

    create_driver: Callable[[], Driver]
    ended = 0
    """Runs that have ended."""

    def __init__(self) -> None:
        super().__init__()
        self.driver = type(self).create_driver()
        self.models: dict[str, Model] = {}
        self.count = 0
        self.touched: set[str] = set()

    def teardown(self) -> None:
        type(self).ended += 1
        self.driver.close()

    def _pick(self, data: Any) -> tuple[str, Model]:
        world = data.draw(st.sampled_from(sorted(self.models)))
        self.touched = {world}
        return world, self.models[world]

    def _new_text(self) -> str:
        self.count += 1
        return f"in {self.count}"

    def _stored(self, world: str, text: str) -> None:
        """Take over what the server gave a new message: its serial and id, which no other message has."""
        known = {row.serial for row in self.models[world].messages}
        (row,) = [row for row in self.driver.messages(world) if row.serial not in known]
        assert (text, False) == (row.text, row.read)
        self.models[world].messages.append(row)

    # -- worlds

    @initialize()
    def begin(self) -> None:
        self.create()

    @precondition(lambda self: len(self.models) < MOST_WORLDS)
    @rule()
    def create(self) -> None:
        world = self.driver.create()
        assert world not in self.models
        self.models[world] = Model(self.driver.messages(world), contacts=dict(self.driver.contacts(world)))
        self.models[world].begin()
        self.touched = {world}

    @precondition(lambda self: 0 < len(self.models) < MOST_WORLDS)
    @rule(data=st.data())
    def fork(self, data: Any) -> None:
        world, model = self._pick(data)
        copied = self.driver.fork(world)
        assert copied not in self.models
        self.models[copied] = model.copy({})
        self.models[copied].begin()
        self.touched = {world, copied}

    @rule(data=st.data())
    def reset(self, data: Any) -> None:
        world, model = self._pick(data)
        assert model.beginning is not None
        self.driver.reset(world)
        self.models[world] = model.beginning.copy(model.checkpoints)
        self.models[world].begin()
        self.models[world].rules = {}

    @precondition(lambda self: len(self.models) > 1)
    @rule(data=st.data())
    def drop(self, data: Any) -> None:
        world, _ = self._pick(data)
        self.driver.drop(world)
        del self.models[world]
        self.touched = set(self.models)

    @rule(data=st.data(), name=st.sampled_from(CHECKPOINTS))
    def checkpoint(self, data: Any, name: str) -> None:
        world, model = self._pick(data)
        self.driver.checkpoint(world, name)
        others = {each: kept for each, kept in model.checkpoints.items() if each != name}
        model.checkpoints = others | {name: model.copy({})}

    @rule(data=st.data(), name=st.sampled_from(CHECKPOINTS))
    def rewind(self, data: Any, name: str) -> None:
        world, model = self._pick(data)
        if name in model.checkpoints:
            self.driver.rewind(world, name)
            self.models[world] = model.checkpoints[name].copy(model.checkpoints)

    @rule(data=st.data(), name=st.sampled_from(CHECKPOINTS))
    def remove_a_checkpoint(self, data: Any, name: str) -> None:
        world, model = self._pick(data)
        if model.checkpoints.pop(name, None) is not None:
            self.driver.remove_checkpoint(world, name)

    @precondition(lambda self: self.driver.can_restart)
    @rule()
    def restart(self) -> None:
        self.driver.restart()
        self.touched = set(self.models)

    # -- messages

    @rule(data=st.data(), number=st.sampled_from(NUMBERS))
    def send(self, data: Any, number: str) -> None:
        world, model = self._pick(data)
        text = f"out {self.count}"
        self.count += 1
        answer = self.driver.send(world, number, text)
        fault = model.choose_fault()
        is_executed = fault is None or fault.point == "after"
        is_accepted = is_executed and model.is_within_limits(number)
        if fault is not None:
            assert 503 == answer.status
        else:
            assert (200, is_accepted) == (answer.status, b"<result>success</result>" in answer.body)
        if is_accepted:
            model.sends.append((model.now, number))
            self._stored(world, text)

    @rule(data=st.data(), provider=st.sampled_from(sorted(INBOUND)))
    def receive(self, data: Any, provider: str) -> None:
        world, model = self._pick(data)
        if len(model.messages) < MOST_MESSAGES:
            text = self._new_text()
            self.driver.receive(world, provider, text)
            self._stored(world, text)

    @rule(data=st.data(), limit=st.integers(1, 3))
    def read(self, data: Any, limit: int) -> None:
        world, model = self._pick(data)
        found, _ = self.driver.read(world, read="true", limit=str(limit))
        unread = {row.id for row in self._nd(model)}
        assert min(limit, len(unread)) == len(found) == len(set(found))
        assert set(found) <= unread
        model.messages = [
            row._replace(read=True) if self._is_nd(row) and row.id in found else row for row in model.messages
        ]

    @rule(data=st.data(), at=st.integers(0, 10**6), status=st.sampled_from(["Sent", "Delivered", "Undeliverable"]))
    def change_status(self, data: Any, at: int, status: str) -> None:
        world, model = self._pick(data)
        places = [place for place, row in enumerate(model.messages) if row.provider == "mgage"]
        place = places[at % len(places)]
        self.driver.change_status(world, model.messages[place].serial, status)
        model.messages[place] = model.messages[place]._replace(status=status)

    @rule(data=st.data(), at=st.integers(0, 10**6))
    def delete(self, data: Any, at: int) -> None:
        world, model = self._pick(data)
        if model.messages:
            row = model.messages.pop(at % len(model.messages))
            self.driver.delete(world, row.serial)

    # -- entries

    @rule(data=st.data(), phone=st.sampled_from(PHONES))
    def add_a_contact(self, data: Any, phone: str) -> None:
        world, model = self._pick(data)
        number = self.driver.add_contact(world, phone)
        assert number not in model.contacts
        model.contacts[number] = phone

    @rule(data=st.data(), at=st.integers(0, 10**6), phone=st.sampled_from(PHONES))
    def put_a_contact(self, data: Any, at: int, phone: str) -> None:
        world, model = self._pick(data)
        number = [*model.contacts, 7][at % (len(model.contacts) + 1)]
        self.driver.put_contact(world, number, phone)
        model.contacts[number] = phone

    @rule(data=st.data(), at=st.integers(0, 10**6))
    def delete_a_contact(self, data: Any, at: int) -> None:
        world, model = self._pick(data)
        if model.contacts:
            number = [*model.contacts][at % len(model.contacts)]
            self.driver.delete_contact(world, number)
            del model.contacts[number]

    # -- time

    @rule(data=st.data(), length=st.sampled_from([1, SECOND - 1, SECOND, 3 * SECOND, MINUTE, 3_600 * SECOND]))
    def advance(self, data: Any, length: int) -> None:
        world, model = self._pick(data)
        self.driver.advance(world, length)
        model.now += length

    @rule(data=st.data(), length=st.sampled_from([0, SECOND // 2, SECOND, 61 * SECOND]))
    def freeze(self, data: Any, length: int) -> None:
        world, model = self._pick(data)
        self.driver.freeze(world, model.now + length)
        model.now += length

    # -- faults

    @rule(data=st.data(), point=st.sampled_from(["before", "after"]), hits=st.sampled_from([1, 2, None]))
    def add_a_fault(self, data: Any, point: str, hits: int | None) -> None:
        world, model = self._pick(data)
        described = {
            "fault": {"kind": "static_response", "status": 503},
            "point": point,
            "match": {"operation": "sms.send_message"},
        }
        model.rules[self.driver.add_fault(world, described | ({} if hits is None else {"expires_after": hits}))] = Rule(
            point, hits
        )

    @precondition(lambda self: any(model.rules for model in self.models.values()))
    @rule(data=st.data())
    def remove_a_fault(self, data: Any) -> None:
        worlds = sorted(world for world, model in self.models.items() if model.rules)
        world = data.draw(st.sampled_from(worlds))
        self.touched = {world}
        removed = data.draw(st.sampled_from(sorted(self.models[world].rules)))
        self.driver.remove_fault(world, removed)
        del self.models[world].rules[removed]

    # -- pages

    @rule(data=st.data(), size=st.integers(1, 4))
    def page(self, data: Any, size: int) -> None:
        """Walking the pages of either provider meets each message exactly once."""
        world, model = self._pick(data)
        whole, more = self.driver.export(world, 1, 500)
        walked, page, follows = [], 1, True
        while follows:
            rows, follows = self.driver.export(world, page, size)
            walked += rows
            page += 1
        assert (whole, False) == (walked, more)
        came = [
            (row.text, row.status) for row in model.messages if row.provider == "mgage" and row.text.startswith("in ")
        ]
        assert sorted(came) == sorted(row for row in whole if row[0].startswith("in "))

        ids, _ = self.driver.read(world)
        pages = -(-len(ids) // size)
        found = [self.driver.read(world, page=str(number), limit=str(size)) for number in range(1, pages + 2)]
        assert [*ids] == [each for some, _ in found for each in some]
        assert {row.id for row in self._nd(model)} == set(ids)
        assert {pages} == {count for _, count in found}

    @staticmethod
    def _is_nd(row: Row) -> bool:
        return (row.provider, row.account, row.kind) == ("serwersms", "demo", "nd")

    def _nd(self, model: Model) -> list[Row]:
        return [row for row in model.messages if self._is_nd(row) and not row.read]

    # -- after each step

    @invariant()
    def every_world_is_as_in_the_model(self) -> None:
        """What a step was about has changed as in the model, and nothing else has."""
        assert self.driver.worlds() == set(self.models)
        for world, model in self.models.items():
            assert model.messages == self.driver.messages(world)
            if world in self.touched:
                assert model.now == self.driver.now(world)
                assert [*model.contacts.items()] == self.driver.contacts(world)
                for phone in PHONES:
                    found = [number for number, kept in model.contacts.items() if kept == phone]
                    assert sorted(found) == sorted(self.driver.find_contacts(world, phone))
                assert {name: each.left for name, each in model.rules.items()} == self.driver.faults(world)
                assert [*model.checkpoints] == self.driver.checkpoints(world)
                for name, kept in model.checkpoints.items():
                    assert changed_messages(kept, model) == self.driver.changed_messages(world, name)
                self.driver.check(world)

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        for model in self.models.values():
            for most, window, per_number in LIMITS:
                for at, number in model.sends:
                    counted = [
                        each
                        for each, by in model.sends
                        if at - window < each <= at and (not per_number or by == number)
                    ]
                    assert len(counted) <= most
