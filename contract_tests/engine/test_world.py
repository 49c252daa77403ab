"""Worlds: how they change, to which of them a request belongs, and that they share no state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from mockserver.engine.accounts import Account, Credential, Login
from mockserver.engine.clock import Clock
from mockserver.engine.decisions import Decision
from mockserver.engine.events import MessagesRead, MessageStored, UseCounted
from mockserver.engine.messages import Message, account_key
from mockserver.engine.registry import AlreadyInUse, WorldRegistry
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture, IdReservation, State

ACCOUNT = Account("p/a", "p", "a", (Login("foo", "bar"), Login("key")))
FIXTURE = Fixture((ACCOUNT,), sequences={"p.outbound": 70})
FOO = Credential("p", "foo", "bar")


def registry() -> WorldRegistry:
    return WorldRegistry(FIXTURE, {"limits": "enforced"}, clock=Clock.frozen(0))


def store(state: State, now: int, ids: IdReservation) -> Decision:
    message = Message(
        state.message_store.next_serial, "p/a", str(ids.number("p.outbound")), "outbound", "1", "2", now, "hi"
    )
    return Decision(now, "stored", (MessageStored(message), UseCounted("p/a", now, 2)), account="p/a")


def stored(state: State) -> list[str]:
    return [message.id for message in state.message_store.page(account_key("p/a"), 0, 10**18)]


def test_a_decision_that_is_kept_has_happened() -> None:
    world = registry().default
    world.execute(store)
    world.execute(store)
    world.execute(store)

    assert ["70", "71", "72"] == stored(world.state)
    assert (0, 0) == world.state.uses["p/a"]
    assert 6 == world.feed.cursor


def test_a_decision_that_is_not_kept_leaves_nothing_and_uses_up_no_identifier() -> None:
    world = registry().default
    lost = world.execute(store, commit=False)
    kept = world.execute(store)

    assert lost == kept
    assert ["70"] == stored(world.state)


def test_the_same_seed_gives_the_same_identifiers() -> None:
    tokens = [IdReservation(seed).token("user") for seed in ("a", "a", "b")]

    assert tokens[0] == tokens[1] != tokens[2]


def test_a_draft_counts_on_for_itself() -> None:
    reservation = IdReservation("a", {"n": 5})

    assert [5, 6, 1] == [reservation.number("n"), reservation.number("n"), reservation.number("other")]


def test_only_the_latest_uses_are_kept_that_the_limits_look_at() -> None:
    state = State(Fixture(), 0, {})
    for at in (1, 2, 3):
        state.apply(UseCounted("one", at, 1))
        state.apply(UseCounted("two", at, 2))

    assert {"one": (3,), "two": (2, 3)} == state.uses


def test_a_fork_begins_as_its_parent_is_and_goes_on_alone() -> None:
    worlds = registry()
    parent = worlds.default
    parent.execute(store)
    fork = worlds.fork(parent)
    fork.execute(store)
    parent.state.apply(MessagesRead((0,)))

    assert (["70"], ["70", "71"]) == (stored(parent.state), stored(fork.state))
    assert ({0}, set()) == (parent.state.read, fork.state.read)
    assert 0 == fork.journal.last


def test_a_known_user_is_the_owners_even_with_a_wrong_secret() -> None:
    worlds = registry()
    other = worlds.create(FIXTURE, logins={"p/a": (Login("hers", "s"),)})

    assert other is worlds.world_for_credential(Credential("p", "hers", "wrong"))
    assert worlds.default is worlds.world_for_credential(FOO)
    assert worlds.default is worlds.world_for_credential(Credential("p", "unknown", "x"))
    assert worlds.default is worlds.world_for_credential(Credential("q", "hers", "s"))
    assert worlds.default is worlds.world_for_credential(None)


@pytest.mark.parametrize(
    ("credential", "is_admitted"),
    [
        (FOO, True),
        (Credential("p", "foo", "wrong"), False),
        (Credential("p", "foo", None), False),
        (Credential("p", "key", None), True),
        (Credential("p", "key", "bar"), False),
        (Credential("q", "foo", "bar"), False),
    ],
)
def test_an_account_opens_to_its_own_credentials_alone(credential: Credential, is_admitted: bool) -> None:
    assert is_admitted == (registry().default.state.account_of(credential) is not None)


def test_the_printed_credentials_are_valid_in_a_new_world_only_through_its_own_listener() -> None:
    world = registry().create(FIXTURE)

    assert world.state.account_of(FOO) is None
    assert "p/a" == world.state.account_of(structs.replace(FOO, is_bound=True)).key  # type: ignore[union-attr]  # the account is there


def test_fresh_credentials_have_the_shape_of_the_printed_ones_and_are_no_one_elses() -> None:
    worlds = registry()
    first, second = (worlds.create(FIXTURE).state.accounts["p/a"].logins for _ in range(2))

    assert [True, False] == [login.secret is not None for login in first]
    assert not set(first) & set(second)


def test_a_credential_belongs_to_one_world() -> None:
    worlds = registry()

    with pytest.raises(AlreadyInUse, match="the p credential 'foo' belongs to another world"):
        worlds.create(FIXTURE, logins={"p/a": (Login("foo", "other"),)})


def test_an_id_belongs_to_one_world() -> None:
    worlds = registry()
    worlds.create(FIXTURE, world_id="mine")

    with pytest.raises(AlreadyInUse, match="there is a world 'mine' already"):
        worlds.create(FIXTURE, world_id="mine")


def test_the_credential_of_a_dropped_world_is_unknown() -> None:
    worlds = registry()
    world = worlds.create(FIXTURE, world_id="mine")
    user = world.state.accounts["p/a"].logins[0].user
    worlds.bind("side", world)
    worlds.drop(world)

    assert worlds.default is worlds.world_for_credential(Credential("p", user, None))
    assert (None, None) == (worlds.get("mine"), worlds.world_for_listener("side"))
    assert not worlds.is_known_credential(user)
    assert [worlds.default] == list(worlds)


def test_the_default_world_is_always_there() -> None:
    worlds = registry()

    with pytest.raises(ValueError, match="the default world cannot be dropped"):
        worlds.drop(worlds.default)


def test_relative_messages_are_counted_back_from_the_birth_of_each_world() -> None:
    relative = Fixture((ACCOUNT,), relative=Segment([Message(0, "p/a", "1", "inbound", "2", "1", -1_000_000, "")]))
    worlds = WorldRegistry(relative, {}, clock=Clock.frozen(5_500_000))

    (message,) = worlds.default.state.message_store.page(account_key("p/a"), 0, 10**18)
    assert 4_000_000 == message.at  # a world is born on a whole second


def test_issued_and_printed_credentials_are_no_secrets() -> None:
    worlds = registry()
    login = worlds.create(FIXTURE).state.accounts["p/a"].logins[0]

    assert [True, True, True, True, False] == [
        worlds.is_known_credential(text) for text in ("foo", "bar", login.user, str(login.secret), "live-key")
    ]


def test_an_account_with_other_credentials_is_the_same_in_all_else(shipped) -> None:
    given = [replace(account, fields={"a": 1}) for account in shipped.accounts]

    assert [replace(account, logins=(Login("u"),)) for account in given] == [
        account.with_logins((Login("u"),)) for account in given
    ]
