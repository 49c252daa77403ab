"""The server's worlds, and whose request it is: the listener's, else the prefix's, else the credential's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock

from .accounts import Credential, Login
from .clock import Clock
from .events import CredentialsIssued
from .feed import EventFeed
from .ids import Ids
from .journal import Budget, Journal
from .state import Fixture, InitialState, State
from .world import ProviderCallbacks, Sender, World

DEFAULT = "default"
"""The id of the world that is always there."""

MAX_AUTO_CREATED = 1_000
"""Worlds beyond which no more strangers are adopted."""


class AlreadyInUse(ValueError):
    """A world's id or a credential is somebody else's already."""


class CredentialsInUse(AlreadyInUse):
    """Credentials are another world's already; all of them are named."""

    def __init__(self, taken: Sequence[tuple[str, str]]) -> None:
        """Of which provider, and which user."""
        (provider, user), *more = taken
        these = ", ".join(f"{provider} {user!r}" for provider, user in taken)
        super().__init__(
            f"these credentials belong to other worlds: {these}"
            if more
            else f"the {provider} credential {user!r} belongs to another world"
        )


class WorldRegistry:
    """Every world of this process."""

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
        """Open with the default world.

        Args:
            fixture: what the default world holds; its printed credentials lead there.
            variants: every switch of every provider, with its default.
            clock: the default world's; the system's when none is given.
            seed: of the default world, and of the credentials that are issued.
            providers: by provider, what it decides when no one has asked it.
            sender: makes the attempts at deliveries.
            auto_create_world: whether an unknown credential gets a world of its own, made from the same fixture.
            journal_bytes: that all journals together may hold.
            journal_length: exchanges that each journal may hold.
        """
        self.variants = dict(variants)
        """Every switch of every provider, with its default."""
        self.feed = EventFeed()
        """The ids of worlds that came or went."""
        self._fixture = fixture
        self._providers = dict(providers or {})
        self._sender = sender
        self._auto_create_world = auto_create_world
        self._ids = Ids(seed)
        self._budget = Budget(journal_bytes)
        self._journal_length = journal_length
        self._worlds: dict[str, World] = {}
        self._listeners: dict[str, World] = {}
        self._on_unbind: Callable[[str], None] = _ignore
        self._owners: dict[tuple[str, str], World] = {}
        self._printed = {value for grants in fixture.grants.items() for value in (grants[0][1], grants[1].secret)}
        self._issued: Counter[str | None] = Counter()
        self._issued_to: dict[str, frozenset[str | None]] = {}
        self._lock = Lock()
        printed = {account.key: account.logins for account in fixture.accounts}
        self.default = self.create(fixture, world_id=DEFAULT, logins=printed, clock=clock, seed=seed)

    def __iter__(self) -> Iterator[World]:
        with self._lock:
            return iter(tuple(self._worlds.values()))

    def get(self, world_id: str) -> World | None:
        """The world of an id."""
        return self._worlds.get(world_id)

    def world_for_listener(self, listener: str | None) -> World | None:
        """The world that a listener is bound to."""
        return self._listeners.get(listener) if listener is not None else None

    def world_for_credential(self, credential: Credential | None) -> World:
        """The world whose credential it is, wrong secret or not; the default world for a stranger's."""
        if credential is None:
            return self.default
        world_for_credential = self._owners.get((credential.provider, credential.user))
        return world_for_credential or (
            self._create_for_credential(credential) if self._auto_create_world else self.default
        )

    def _create_for_credential(self, credential: Credential) -> World:
        """A world in which a stranger's credential is that of the first account of its provider."""
        accounts = (account for account in self._fixture.accounts if account.provider == credential.provider)
        account = next(accounts, None)
        if account is None or len(self._worlds) > MAX_AUTO_CREATED:
            return self.default
        try:
            return self.create(self._fixture, logins={account.key: (Login(credential.user, credential.secret),)})
        except AlreadyInUse:  # by another thread's request, a moment ago
            return self._owners.get((credential.provider, credential.user), self.default)

    def is_ours(self, value: str) -> bool:
        """Whether a text in a credential's place was printed in our fixtures or issued here, and so is no secret."""
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
        """Make a world.

        Args:
            fixture: what it begins with.
            world_id: its name in addresses; one is made when none is given.
            logins: credentials by account key; accounts that are not named get fresh ones.
            variants: switches that differ from the fixture's.
            clock: the system's when none is given.
            seed: of its identifiers; its id when none is given.

        Raises:
            Taken: the id, or one of the credentials, is in use.
        """
        with self._lock:
            reservation = self._ids.reserve()
            name = world_id or f"w{reservation.token('world', 10)}"
            given = {
                account.key: (logins or {}).get(account.key) or _fresh(account.logins, reservation.token)
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
            self._enter(world)
            self._ids.commit(reservation.used)
            return world

    def fork(self, parent: World, world_id: str | None = None) -> World:
        """Make a world that begins as another one is now, with fresh credentials.

        Raises:
            Taken: the id is in use.
        """
        with self._lock:
            reservation = self._ids.reserve()
            name = world_id or f"w{reservation.token('world', 10)}"
            if name in self._worlds:
                raise AlreadyInUse(f"there is a world {name!r} already")

            def issue(state: State) -> None:
                accounts = state.accounts.items()
                state.apply(
                    CredentialsIssued({key: _fresh(account.logins, reservation.token) for key, account in accounts})
                )

            world = parent.fork(name, self._journal(), issue)
            self._enter(world)
            self._ids.commit(reservation.used)
            return world

    def restart(self, world: World, initial_state: InitialState, clock: Clock) -> None:
        """Let a world begin another way, with the credentials of that initial_state.

        Raises:
            Taken: one of them is another world's.
        """
        with self._lock:
            self._check_credentials(initial_state.fixture, initial_state.logins or {}, world)
            world.restart(initial_state, clock)
            self._leave(world)
            self._enter(world)

    def close(self) -> None:
        """Send nothing more."""
        if self._sender is not None:
            self._sender.close()

    def bind(self, listener: str, world: World) -> None:
        """Every request through a listener is this world's."""
        self._listeners[listener] = world

    def unbind(self, listener: str) -> None:
        """A listener leads nowhere in particular again, and whoever came in through it is let go."""
        self._listeners.pop(listener, None)
        self._on_unbind(listener)

    def on_unbind(self, unbind: Callable[[str], None]) -> None:
        """Who lets go of the connections that came in through a listener that is unbound; the server's own."""
        self._on_unbind = unbind

    def drop(self, world: World) -> None:
        """Forget a world. Its credentials are strangers' from now on.

        Raises:
            ValueError: it is the default world, which is always there.
        """
        if world is self.default:
            raise ValueError("the default world cannot be dropped; reset it instead")
        with self._lock:
            self._leave(world)
            self._listeners = {listener: bound for listener, bound in self._listeners.items() if bound is not world}
        world.close()

    def _check_free(self, name: str, fixture: Fixture, given: Mapping[str, tuple[Login, ...]]) -> None:
        if name in self._worlds:
            raise AlreadyInUse(f"there is a world {name!r} already")
        self._check_credentials(fixture, given)

    def _check_credentials(
        self, fixture: Fixture, given: Mapping[str, tuple[Login, ...]], world_for_credential: World | None = None
    ) -> None:
        wanted = ((account.provider, login.user) for account in fixture.accounts for login in given[account.key])
        taken = [
            who
            for who in dict.fromkeys(wanted)
            if self._owners.get(who, world_for_credential) is not world_for_credential
        ]
        if taken:
            raise CredentialsInUse(taken)

    def _leave(self, world: World) -> None:
        self._worlds.pop(world.id, None)
        self.feed.publish(world.id)
        self._issued.subtract(self._values(world.id))
        self._owners = {
            who: world_for_credential
            for who, world_for_credential in self._owners.items()
            if world_for_credential is not world
        }

    def _enter(self, world: World) -> None:
        self._worlds[world.id] = world
        self.feed.publish(world.id)
        logins = world.state.logins()
        self._owners.update(dict.fromkeys(logins, world))
        self._issued_to[world.id] = frozenset(value for (_, user), secret in logins.items() for value in (user, secret))
        self._issued.update(self._issued_to[world.id])

    def _values(self, world_id: str) -> frozenset[str | None]:
        return self._issued_to.pop(world_id, frozenset())

    def _journal(self) -> Journal:
        return Journal(self._budget, self._journal_length)


def _ignore(_listener: str) -> None:
    """Is connected while nothing listens."""


def _fresh(logins: tuple[Login, ...], token: Callable[[str], str]) -> tuple[Login, ...]:
    """Credentials of the same shape as printed ones, that no one has."""
    return tuple(Login(token("user"), None if login.secret is None else token("secret")) for login in logins)
