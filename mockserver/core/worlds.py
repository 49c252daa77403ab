"""The house's worlds, and whose request it is: the door's, else the prefix's, else the credential's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from .accounts import Credential, Login
from .clock import Clock
from .ids import Ids
from .instants import SECOND
from .journal import Budget, Journal
from .state import Fixture, State
from .world import World

DEFAULT = "default"
"""The id of the world that is always there."""


class Taken(ValueError):
    """A world's id or a credential is somebody else's already."""


class Worlds:
    """Every world of this process."""

    def __init__(
        self,
        fixture: Fixture,
        readings: Mapping[str, str],
        *,
        clock: Clock | None = None,
        seed: str = DEFAULT,
        journal_bytes: int = 32 * 2**20,
        journal_length: int = 10_000,
    ) -> None:
        """Open with the default world.

        Args:
            fixture: what the default world holds; its printed credentials lead there.
            readings: every switch of every room, with its default.
            clock: the default world's; the system's when none is given.
            seed: of the default world, and of the credentials that are issued.
            journal_bytes: that all journals together may hold.
            journal_length: exchanges that each journal may hold.
        """
        self._readings = dict(readings)
        self._ids = Ids(seed)
        self._budget = Budget(journal_bytes)
        self._journal_length = journal_length
        self._worlds: dict[str, World] = {}
        self._doors: dict[str, World] = {}
        self._owners: dict[tuple[str, str], World] = {}
        self._printed = {value for grants in fixture.grants.items() for value in (grants[0][1], grants[1].secret)}
        self._issued: dict[str, set[str | None]] = {}
        self._lock = Lock()
        printed = {account.key: account.logins for account in fixture.accounts}
        self.default = self.create(fixture, world_id=DEFAULT, logins=printed, clock=clock, seed=seed)

    def __iter__(self) -> Iterator[World]:
        with self._lock:
            return iter(tuple(self._worlds.values()))

    def get(self, world_id: str) -> World | None:
        """The world of an id."""
        return self._worlds.get(world_id)

    def at_door(self, door: str | None) -> World | None:
        """The world that a door is bound to."""
        return self._doors.get(door) if door is not None else None

    def owner(self, credential: Credential | None) -> World:
        """The world whose credential it is, wrong secret or not; the default world for a stranger's."""
        if credential is None:
            return self.default
        return self._owners.get((credential.provider, credential.user), self.default)

    def is_ours(self, value: str) -> bool:
        """Whether a text in a credential's place was printed in our fixtures or issued here, and so is no secret."""
        return value in self._printed or any(value in issued for issued in self._issued.values())

    def create(
        self,
        fixture: Fixture,
        *,
        world_id: str | None = None,
        logins: Mapping[str, tuple[Login, ...]] | None = None,
        readings: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        seed: str | None = None,
    ) -> World:
        """Make a world.

        Args:
            fixture: what it begins with.
            world_id: its name in addresses; one is made when none is given.
            logins: credentials by account key; accounts that are not named get fresh ones.
            readings: switches that differ from the fixture's.
            clock: the system's when none is given.
            seed: of its identifiers; its id when none is given.

        Raises:
            Taken: the id, or one of the credentials, is in use.
        """
        with self._lock:
            draft = self._ids.draft()
            name = world_id or f"w{draft.token('world', 10)}"
            given = {
                account.key: (logins or {}).get(account.key) or _fresh(account.logins, draft.token)
                for account in fixture.accounts
            }
            clock = clock or Clock.system()
            birth = clock.now() // SECOND * SECOND
            state = State(fixture, birth, {**self._readings, **fixture.readings, **(readings or {})}, given)
            self._check_free(name, state)
            world = World(name, state, clock, Ids(seed or name, dict(fixture.sequences)), self._journal())
            self._enter(world)
            self._ids.keep(draft)
            return world

    def fork(self, parent: World, world_id: str | None = None) -> World:
        """Make a world that begins as another one is now, with fresh credentials.

        Raises:
            Taken: the id is in use.
        """
        with self._lock:
            draft = self._ids.draft()
            name = world_id or f"w{draft.token('world', 10)}"
            if name in self._worlds:
                raise Taken(f"there is a world {name!r} already")
            world = parent.fork(name, self._journal())
            logins = {key: _fresh(account.logins, draft.token) for key, account in world.state.accounts.items()}
            world.state.issue(logins)
            self._enter(world)
            self._ids.keep(draft)
            return world

    def bind(self, door: str, world: World) -> None:
        """Every request through a door is this world's."""
        self._doors[door] = world

    def drop(self, world: World) -> None:
        """Forget a world. Its credentials are strangers' from now on.

        Raises:
            ValueError: it is the default world, which is always there.
        """
        if world is self.default:
            raise ValueError("the default world cannot be dropped; reset it instead")
        with self._lock:
            self._worlds.pop(world.id, None)
            self._issued.pop(world.id, None)
            self._doors = {door: bound for door, bound in self._doors.items() if bound is not world}
            self._owners = {who: owner for who, owner in self._owners.items() if owner is not world}
        world.journal.close()

    def _check_free(self, name: str, state: State) -> None:
        if name in self._worlds:
            raise Taken(f"there is a world {name!r} already")
        for provider, user in state.logins():
            if (provider, user) in self._owners:
                raise Taken(f"the {provider} credential {user!r} belongs to another world")

    def _enter(self, world: World) -> None:
        self._worlds[world.id] = world
        logins = world.state.logins()
        self._owners.update(dict.fromkeys(logins, world))
        self._issued[world.id] = {value for (_, user), secret in logins.items() for value in (user, secret)}

    def _journal(self) -> Journal:
        return Journal(self._budget, self._journal_length)


def _fresh(logins: tuple[Login, ...], token: Callable[[str], str]) -> tuple[Login, ...]:
    """Credentials of the same shape as printed ones, that nobody has."""
    return tuple(Login(token("user"), None if login.secret is None else token("secret")) for login in logins)
