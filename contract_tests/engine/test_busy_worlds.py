"""A world whose lock is held for long delays only the calls that concern it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Lock, Semaphore, Thread

import pytest

from mockserver.engine.accounts import Account, Credential, Login
from mockserver.engine.clock import Clock
from mockserver.engine.event_log import WorldDropped
from mockserver.engine.registry import AlreadyInUse, CredentialsInUse, WorldRegistry
from mockserver.engine.state import Fixture, InitialState
from mockserver.engine.world import World

KEY = "p/a"
FIXTURE = Fixture((Account(KEY, "p", "a", (Login("printed", "secret"),)),))
PATIENCE = 30
"""Seconds after which a call counts as one that waits for the busy world."""


@pytest.fixture
def registry() -> WorldRegistry:
    return WorldRegistry(FIXTURE, {}, clock=Clock.frozen(0))


class CountedLock:
    """A world's lock that counts the calls which are about to wait for it."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self.waiting = Semaphore(0)

    def __enter__(self) -> None:
        self.waiting.release()
        self._lock.__enter__()

    def __exit__(self, *_error: object) -> None:
        self._lock.__exit__(None, None, None)


def ended_by_drop(call: Callable[[], object]) -> None:
    """Make a call, which may end because its world was dropped meanwhile."""
    with suppress(WorldDropped):
        call()


@contextmanager
def waiting_for(world: World, *calls: Callable[[], object]) -> Iterator[None]:
    """Hold a world's lock for the length of a block, with calls that wait for it; afterwards they have ended."""
    lock, world.lock = world.lock, CountedLock(world.lock)  # type: ignore[assignment]  # it is used as a context manager
    threads = [Thread(target=ended_by_drop, args=(call,), daemon=True) for call in calls]
    with lock:
        for thread in threads:
            thread.start()
            assert world.lock.waiting.acquire(timeout=PATIENCE)  # type: ignore[attr-defined]  # it is a `CountedLock`
        yield
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    world.lock = lock


def ends(call: Callable[[], object]) -> bool:
    thread = Thread(target=call, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return not thread.is_alive()


def with_login(user: str) -> InitialState:
    return InitialState(FIXTURE, user, {}, {KEY: (Login(user, f"secret of {user}"),)}, 0)


def owner(registry: WorldRegistry, user: str) -> str:
    return registry.world_for_credential(Credential("p", user, "")).id


CALLS: dict[str, Callable[[WorldRegistry, World], object]] = {
    "fork": lambda registry, world: registry.fork(world),
    "restart": lambda registry, world: registry.restart(world, world.initial_state, world.clock),
    "drop": lambda registry, world: registry.drop(world),
}
OTHERS: dict[str, Callable[[WorldRegistry, World], object]] = {
    "create": lambda registry, _: registry.create(FIXTURE),
    "list": lambda registry, _: list(registry),
    "find": lambda registry, other: (registry.get(other.id), owner(registry, "printed")),
    **CALLS,
}


# To drop a stored world its lock is taken in another way.
@pytest.mark.parametrize("call", ["fork", "restart", pytest.param("drop", marks=pytest.mark.in_memory)])
@pytest.mark.parametrize("other_call", OTHERS)
def test_a_call_that_waits_for_a_busy_world_delays_no_call_for_another(
    registry: WorldRegistry, call: str, other_call: str
) -> None:
    busy, other = registry.create(FIXTURE), registry.create(FIXTURE)
    with waiting_for(busy, lambda: CALLS[call](registry, busy)):
        assert ends(lambda: OTHERS[other_call](registry, other))


@pytest.mark.parametrize("other_call", OTHERS)
def test_a_subscriber_that_takes_long_delays_no_call_for_another_world(
    registry: WorldRegistry, other_call: str
) -> None:
    other = registry.create(FIXTURE)
    called: list[bool] = []

    def call(*_: object) -> None:
        stop()
        called.append(ends(lambda: OTHERS[other_call](registry, other)))

    stop = registry.feed.listen(call)
    registry.create(FIXTURE)

    assert called == [True]


def test_a_world_that_restarts_owns_its_old_credentials_and_the_new_ones_until_it_has(registry: WorldRegistry) -> None:
    world = registry.create(FIXTURE, logins={KEY: (Login("old", "secret of old"),)})
    with waiting_for(world, lambda: registry.restart(world, with_login("new"), world.clock)):
        assert (owner(registry, "old"), owner(registry, "new")) == (world.id, world.id)
        with pytest.raises(CredentialsInUse):
            registry.create(FIXTURE, logins={KEY: (Login("new"),)})

    assert (owner(registry, "old"), owner(registry, "new")) == ("default", world.id)
    assert (registry.is_known_credential("secret of old"), registry.is_known_credential("secret of new")) == (
        False,
        True,
    )


def test_of_two_restarts_at_once_the_world_owns_the_credentials_of_the_later_one(registry: WorldRegistry) -> None:
    world = registry.create(FIXTURE)
    restarts = [
        lambda each=each: registry.restart(world, with_login(each), world.clock)  # type: ignore[misc]
        for each in ("one", "two")
    ]
    with waiting_for(world, *restarts):
        pass

    ((_, later),) = world.state.secrets()
    (earlier,) = {"one", "two"} - {later}
    assert (owner(registry, later), owner(registry, earlier)) == (world.id, "default")
    assert not registry.is_known_credential(f"secret of {earlier}")


@pytest.mark.in_memory  # to drop a stored world its lock is taken in another way
@pytest.mark.parametrize("call", ["restart", "fork"])
def test_a_world_that_is_dropped_while_a_call_waits_for_it_keeps_no_credential(
    registry: WorldRegistry, call: str
) -> None:
    world = registry.create(FIXTURE, logins={KEY: (Login("old"),)})
    calls = {
        "restart": lambda: registry.restart(world, with_login("new"), world.clock),
        "fork": lambda: registry.fork(world, "copy"),
    }
    with waiting_for(world, calls[call], lambda: registry.drop(world)):
        assert registry.get(world.id) is None
    registry.drop(world)
    registry.restart(world, with_login("new"), world.clock)

    assert [each.id for each in registry] == ["default", *(["copy"] if call == "fork" else [])]
    registry.create(FIXTURE, logins={KEY: (Login("old"), Login("new"))})


def test_a_restart_that_fails_leaves_the_world_its_old_credentials(registry: WorldRegistry) -> None:
    class Full:
        def append(self, *_: object) -> None:
            raise OSError

    world = registry.create(FIXTURE, logins={KEY: (Login("old"),)})
    world.log = Full()
    with pytest.raises(OSError):
        registry.restart(world, with_login("new"), world.clock)

    assert (owner(registry, "old"), owner(registry, "new")) == (world.id, "default")


def test_a_fork_whose_id_was_taken_while_it_waited_is_rejected_and_keeps_nothing(registry: WorldRegistry) -> None:
    rejected: list[AlreadyInUse] = []

    def fork() -> None:
        try:
            registry.fork(world, "copy")
        except AlreadyInUse as reason:
            rejected.append(reason)

    world = registry.create(FIXTURE)
    with waiting_for(world, fork):
        copy = registry.create(FIXTURE, world_id="copy")
    again = registry.create(replace(FIXTURE))

    assert [str(reason) for reason in rejected] == ["there is a world 'copy' already"]
    assert [each.id for each in registry] == ["default", world.id, "copy", again.id]
    assert registry.get("copy") is copy
