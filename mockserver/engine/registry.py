"""The server's worlds. A request belongs to its listener's world, else its prefix's, else its credential's, else the default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock

from .accounts import Credential, Login
from .clock import Clock
from .events import CredentialsIssued
from .feed import EventFeed
from .journal import Budget, Journal
from .state import Fixture, IdReservation, InitialState, State
from .world import ProviderCallbacks, Sender, World

DEFAULT = "default"
"""The id of the default world, which always exists."""

MAX_AUTO_CREATED = 1_000
"""The number of worlds at which unknown credentials get no more worlds of their own."""


class AlreadyInUse(ValueError):
    """A world's id or a credential is used by another world already."""


class CredentialsInUse(AlreadyInUse):
    """Credentials are used by other worlds already; the message names all of them."""

    def __init__(self, taken: Sequence[tuple[str, str]]) -> None:
        """Create the error for credentials, each given as its provider and user."""
        (provider, user), *more = taken
        these = ", ".join(f"{provider} {user!r}" for provider, user in taken)
        super().__init__(
            f"these credentials belong to other worlds: {these}"
            if more
            else f"the {provider} credential {user!r} belongs to another world"
        )


class WorldRegistry:
    """All worlds of a server, and which requests belong to which."""

    def __init__(
        self,
        fixture: Fixture,
        variants: Mapping[str, str],
        *,
        clock: Clock | None = None,
        seed: str = DEFAULT,
        providers: Mapping[str, ProviderCallbacks] | None = None,
        sender: Sender | None = None,
        auto_create_world: bool = False,
        journal_bytes: int = 32 * 2**20,
        journal_length: int = 10_000,
    ) -> None:
        """Create a registry that holds the default world.

        Args:
            fixture: the contents of the default world, which owns the fixture's printed credentials.
            variants: every switch of every provider, with its default.
            clock: the default world's clock; the system's when none is given.
            seed: the seed of the default world and of issued credentials.
            providers: the callbacks of each provider, by its name.
            sender: makes the attempts at deliveries.
            auto_create_world: whether unknown credentials get a world of their own, made from the same fixture.
            journal_bytes: the bytes that all journals together may hold.
            journal_length: the exchanges that each journal may hold.
        """
        self.variants = dict(variants)
        """Every switch of every provider, with its default."""
        self.feed = EventFeed()
        """The ids of worlds that were created, restarted or dropped."""
        self._fixture = fixture
        self._providers = dict(providers or {})
        self._sender = sender
        self._auto_create_world = auto_create_world
        self._seed, self._sequences = seed, dict[str, int]()
        self._budget = Budget(journal_bytes)
        self._journal_length = journal_length
        self._worlds: dict[str, World] = {}
        self._listeners: dict[str, World] = {}
        self._on_unbind: Callable[[str], None] = _ignore
        self._owners: dict[tuple[str, str], World] = {}
        self._printed = {value for grants in fixture.grants.items() for value in (grants[0][1], grants[1].secret)}
        self._issued: Counter[str | None] = Counter()
        self._logins: dict[str, Mapping[tuple[str, str], str | None]] = {}
        self._lock = Lock()
        printed = {account.key: account.logins for account in fixture.accounts}
        self.default = self.create(fixture, world_id=DEFAULT, logins=printed, clock=clock, seed=seed)

    def __iter__(self) -> Iterator[World]:
        with self._lock:
            return iter(tuple(self._worlds.values()))

    def get(self, world_id: str) -> World | None:
        """Return the world of an id."""
        return self._worlds.get(world_id)

    def world_for_listener(self, listener: str | None) -> World | None:
        """Return the world that a listener is bound to."""
        return self._listeners.get(listener) if listener is not None else None

    def world_for_credential(self, credential: Credential | None) -> World:
        """Return the world that owns a credential, whatever its secret; for unknown credentials the default world or a new one."""
        if credential is None:
            return self.default
        owner = self._owners.get((credential.provider, credential.user))
        return owner or (self._create_for_credential(credential) if self._auto_create_world else self.default)

    def _create_for_credential(self, credential: Credential) -> World:
        """Create a world in which an unknown credential is that of its provider's first account."""
        accounts = (account for account in self._fixture.accounts if account.provider == credential.provider)
        account = next(accounts, None)
        if account is None or len(self._worlds) > MAX_AUTO_CREATED:
            return self.default
        try:
            return self.create(self._fixture, logins={account.key: (Login(credential.user, credential.secret),)})
        except AlreadyInUse:  # another thread's request has just created it
            return self._owners.get((credential.provider, credential.user), self.default)

    def is_known_credential(self, value: str) -> bool:
        """Return whether a user or secret is printed in the fixture or was issued by this server, and so needs no masking."""
        return value in self._printed or self._issued[value] > 0

    def create(
        self,
        fixture: Fixture,
        *,
        world_id: str | None = None,
        logins: Mapping[str, tuple[Login, ...]] | None = None,
        variants: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        seed: str | None = None,
    ) -> World:
        """Create a world.

        Args:
            fixture: its initial contents.
            world_id: its id in URLs; generated when none is given.
            logins: credentials by account key; other accounts get new ones.
            variants: switches that differ from the fixture's.
            clock: the system's when none is given.
            seed: the seed of its identifiers; its id when none is given.

        Raises:
            AlreadyInUse: the id, or one of the credentials, is in use.
        """
        with self._lock:
            reservation = IdReservation(self._seed, self._sequences)
            name = world_id or f"w{reservation.token('world', 10)}"
            given = {
                account.key: (logins or {}).get(account.key) or _new_logins(account.logins, reservation.token)
                for account in fixture.accounts
            }
            self._check_free(name, fixture, given)
            initial_state = InitialState(
                fixture,
                seed or name,
                {**self.variants, **fixture.variants, **(variants or {})},
                given,
                None if clock is None else clock.frozen_at,
            )
            world = World(name, initial_state, self._journal(), self._providers, clock, self._sender)
            self._register(world)
            self._sequences.update(reservation.used)
            return world

    def fork(self, parent: World, world_id: str | None = None) -> World:
        """Create a world that begins as another one is now, with new credentials.

        Raises:
            AlreadyInUse: the id is in use.
        """
        with self._lock:
            reservation = IdReservation(self._seed, self._sequences)
            name = world_id or f"w{reservation.token('world', 10)}"
            if name in self._worlds:
                raise AlreadyInUse(f"there is a world {name!r} already")

            def issue(state: State) -> None:
                accounts = state.accounts.items()
                state.apply(
                    CredentialsIssued(
                        {key: _new_logins(account.logins, reservation.token) for key, account in accounts}
                    )
                )

            world = parent.fork(name, self._journal(), issue)
            self._register(world)
            self._sequences.update(reservation.used)
            return world

    def restart(self, world: World, initial_state: InitialState, clock: Clock) -> None:
        """Restart a world with another initial state and its credentials.

        Raises:
            AlreadyInUse: another world uses one of the credentials.
        """
        with self._lock:
            self._check_credentials(initial_state.fixture, initial_state.logins or {}, world)
            world.restart(initial_state, clock)
            self._unregister(world)
            self._register(world)

    def close(self) -> None:
        """Stop sending webhooks."""
        if self._sender is not None:
            self._sender.close()

    def bind(self, listener: str, world: World) -> None:
        """Bind a listener to a world: every request through it belongs to that world."""
        self._listeners[listener] = world

    def unbind(self, listener: str) -> None:
        """Unbind a listener from its world, and close the connections that were made through it."""
        self._listeners.pop(listener, None)
        self._on_unbind(listener)

    def on_unbind(self, unbind: Callable[[str], None]) -> None:
        """Set what closes the connections of a listener when it is unbound."""
        self._on_unbind = unbind

    def drop(self, world: World) -> None:
        """Remove a world. Its credentials are unknown from then on.

        Raises:
            ValueError: it is the default world, which is always there.
        """
        if world is self.default:
            raise ValueError("the default world cannot be dropped; reset it instead")
        with self._lock:
            self._unregister(world)
            self._listeners = {listener: bound for listener, bound in self._listeners.items() if bound is not world}
        world.close()

    def _check_free(self, name: str, fixture: Fixture, given: Mapping[str, tuple[Login, ...]]) -> None:
        if name in self._worlds:
            raise AlreadyInUse(f"there is a world {name!r} already")
        self._check_credentials(fixture, given)

    def _check_credentials(
        self, fixture: Fixture, given: Mapping[str, tuple[Login, ...]], owner: World | None = None
    ) -> None:
        wanted = ((account.provider, login.user) for account in fixture.accounts for login in given[account.key])
        taken = [who for who in dict.fromkeys(wanted) if self._owners.get(who, owner) is not owner]
        if taken:
            raise CredentialsInUse(taken)

    def _unregister(self, world: World) -> None:
        self._worlds.pop(world.id, None)
        self.feed.publish(world.id)
        logins = self._logins.pop(world.id)
        for value in _values(logins):
            self._issued[value] -= 1
            if not self._issued[value]:
                del self._issued[value]
        for who in logins:
            del self._owners[who]

    def _register(self, world: World) -> None:
        self._worlds[world.id] = world
        self.feed.publish(world.id)
        logins = self._logins[world.id] = world.state.logins()
        self._owners.update(dict.fromkeys(logins, world))
        self._issued.update(_values(logins))

    def _journal(self) -> Journal:
        return Journal(self._budget, self._journal_length)


def _values(logins: Mapping[tuple[str, str], str | None]) -> frozenset[str | None]:
    """Return the users and secrets of a world's credentials."""
    return frozenset(value for (_, user), secret in logins.items() for value in (user, secret))


def _ignore(_listener: str) -> None:
    """Do nothing: there are no connections to close."""


def _new_logins(logins: tuple[Login, ...], token: Callable[[str, int], str]) -> tuple[Login, ...]:
    """Generate unused credentials of the same form as printed ones."""
    tokens = [token("user", 40) for _ in logins]  # a user and a secret in one
    return tuple(
        Login(both[:20], None if login.secret is None else both[20:])
        for login, both in zip(logins, tokens, strict=True)
    )
