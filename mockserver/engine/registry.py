"""The server's worlds. A request belongs to its listener's world, else its prefix's, else its credential's, else the default.

The registry's lock is never held while a world's lock is waited for, a world is built or a subscriber is called: a world that
is busy delays no call that concerns another one. With a store, the lock is held while the store writes which worlds there are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from operator import attrgetter
from threading import Lock

from .accounts import Credential, Login
from .checkpoints import NoSuchCheckpoint, Rewind
from .clock import Clock
from .disposal import Disposal
from .event_log import (
    RegistryChange,
    RegistryTransaction,
    Secrets,
    SecretsChanged,
    Store,
    StoredWorld,
    StoreUnavailable,
    WorldCreated,
    WorldDropped,
    WorldRemoved,
)
from .events import CredentialsIssued
from .feed import EventFeed
from .journal import Budget, Journal
from .state import Fixture, IdReservation, InitialState
from .world import ProviderCallbacks, Sender, World

DEFAULT = "default"
"""The id of the default world, which always exists."""

MAX_AUTO_CREATED = 1_000
"""The number of worlds at which unknown credentials get no more worlds of their own."""


_NUMBER = attrgetter("number")


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
        store: Store | None = None,
    ) -> None:
        """Create a registry that holds the default world, and those of its store.

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
            store: keeps the worlds; without one they end with the process. If it has a default world, the fixture, clock
                and seed are not used for it.

        Raises:
            StoreUnavailable: the store cannot be read or written.
        """
        self.store = store
        """Keeps the worlds; ``None`` for worlds that end with the process."""
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
        self._by_number: list[World] = []
        """The worlds in the order of their numbers."""
        self._last_number = 0
        self._listeners: dict[str, World] = {}
        self._on_unbind: Callable[[str], None] = _ignore
        self._owners: dict[tuple[str, str], World] = {}
        self._printed = {value for grants in fixture.grants.items() for value in (grants[0][1], grants[1].secret)}
        self._issued: Counter[str | None] = Counter()
        self._logins: dict[str, Secrets] = {}
        self._restarts: dict[str, _Restarts] = {}
        self._followed: list[str] = []
        """The worlds that other processes have created, changed or dropped, which are not in the feed yet."""
        self._lock = Lock()
        self._disposal = Disposal()
        stored = () if store is None else store.worlds()
        for each in stored:
            self._insert_stored(each)
        printed = {account.key: account.logins for account in fixture.accounts}
        default = self.get(DEFAULT)
        if default is None:
            try:
                default = self.create(fixture, world_id=DEFAULT, logins=printed, clock=clock, seed=seed)
            except AlreadyInUse:  # another process has just created it
                default = self.get(DEFAULT)
        assert default is not None
        self.default = default
        for each in stored:
            if each.has_scheduled:
                self.resume(each.id)
        if store is not None:
            store.start(self)

    def __iter__(self) -> Iterator[World]:
        return iter(self.page())

    def __len__(self) -> int:
        """Return the number of worlds."""
        return len(self._worlds)

    def page(self, since: int = 0, limit: int | None = None) -> list[World]:
        """Return the first worlds whose number is greater than one, in the order of creation, without looking at the others.

        Args:
            since: the number; that of a world that was dropped will do.
            limit: how many are returned at most; all when ``None``.
        """
        self.sync()
        with self._lock:
            start = bisect_right(self._by_number, since, key=_NUMBER)
            found = self._by_number[start : None if limit is None else start + limit]
        return self._present(found)

    def latest(self, limit: int) -> list[World]:
        """Return the worlds that were created last, the latest first."""
        self.sync()
        with self._lock:
            found = self._by_number[: -limit - 1 : -1]
        return self._present(found)

    def get(self, world_id: str) -> World | None:
        """Return the world of an id, with what other processes have done to it.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if self.store is None:
            return self._worlds.get(world_id)
        self.sync()
        world = self._worlds.get(world_id)
        return None if world is None else next(iter(self._present((world,))), None)

    def known(self, world_id: str) -> World | None:
        """Return the world of an id as this process knows it, without asking the store."""
        return self._worlds.get(world_id)

    def known_worlds(self) -> list[World]:
        """Return every world as this process knows it, without asking the store."""
        return list(self._worlds.values())

    def _present(self, worlds: Sequence[World]) -> list[World]:
        """Return the worlds that are not dropped, with what other processes have done to them."""
        if self.store is None:
            return list(worlds)
        found = []
        for world in worlds:
            try:
                if self.store.is_shared or not world.is_loaded:
                    world.refresh()
            except WorldDropped:
                continue
            found.append(world)
        return found

    def sync(self) -> None:
        """Follow the changes that other processes have made to the registry.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if self.store is not None and self.store.is_shared:
            gone: list[World] = []
            with self._lock:
                for change in self.store.changes():
                    gone += self._follow(change)
            self._close(gone)

    def resume(self, world_id: str) -> None:
        """Go on with what is scheduled in a world, in place of a process that has ended; nothing if it was dropped."""
        self.sync()
        world = self._worlds.get(world_id)
        if world is not None:
            try:
                world.recover()
            except WorldDropped:
                return

    def awaited(self) -> dict[str, int]:
        """Return the worlds whose changes somebody waits for, with the sequence of the last commit that this process knows."""
        return {world.id: world.sequence for world in [*self._worlds.values()] if world.is_awaited}

    def is_awaited(self, world_id: str) -> bool:
        """Return whether somebody waits for the changes of a world."""
        world = self._worlds.get(world_id)
        return world is not None and world.is_awaited

    def refresh(self, world_id: str) -> None:
        """Apply what other processes have committed to a world; nothing if it was dropped."""
        world = self._worlds.get(world_id)
        if world is not None:
            with suppress(WorldDropped):
                world.refresh()

    @property
    def is_current(self) -> bool:
        """Whether a world that was looked up just now is the right one, as far as its transaction has seen."""
        return self.store is None or self.store.is_current

    def _follow(self, change: RegistryChange) -> list[World]:
        """Follow a change that another process has made; return the world that is to be closed, if there is one."""
        world = self._worlds.get(change.id)
        self._followed.append(change.id)
        if isinstance(change, WorldCreated):
            if world is None:
                self._insert_stored(StoredWorld(change.id, change.number, change.secrets))
        elif world is not None and isinstance(change, SecretsChanged):
            self._set_secrets(world, change.secrets)
        elif world is not None:
            self._remove(world)
            return [world]
        return []

    def _insert_stored(self, stored: StoredWorld) -> None:
        """Add a world that the store holds. It is loaded when it is first used."""
        assert self.store is not None
        world = World(stored.id, InitialState(Fixture(), ""), self._journal(), self._providers, None, self._sender)
        world.keep_in(self.store.log(stored.id), is_new=False)
        self._insert(world, stored.number, stored.secrets)

    def _insert(self, world: World, number: int, secrets: Secrets) -> None:
        world.disposal = self._disposal
        self._worlds[world.id] = world
        self._last_number = max(self._last_number, number)
        world.number = number
        self._by_number.insert(bisect_left(self._by_number, number, key=_NUMBER), world)
        self._set_secrets(world, secrets)

    def _changing(self) -> AbstractContextManager[RegistryTransaction | None]:
        """Begin a transaction of the store, if there is one; called with the lock held, and the block follows its changes."""
        return nullcontext() if self.store is None else self.store.transaction()

    def _catch_up(self, transaction: RegistryTransaction | None) -> list[World]:
        """Follow what a transaction shows of other processes' changes; return the worlds that are to be closed."""
        if transaction is None:
            return []
        self._sequences.update(transaction.sequences)
        return [world for change in transaction.changes for world in self._follow(change)]

    def world_for_listener(self, listener: str | None) -> World | None:
        """Return the world that a listener is bound to."""
        return self._listeners.get(listener) if listener is not None else None

    def world_for_credential(self, credential: Credential | None) -> World:
        """Return the world that owns a credential, whatever its secret; for unknown credentials the default world or a new one."""
        if credential is None:
            return self.default
        owner = self._owners.get((credential.provider, credential.user))
        if owner is not None or not self._auto_create_world:
            return owner or self.default
        self.sync()
        return self._owners.get((credential.provider, credential.user)) or self._create_for_credential(credential)

    def known_owner(self, credential: Credential | None) -> World:
        """Return the world that owns a credential, else the default one, as this process knows them."""
        owner = None if credential is None else self._owners.get((credential.provider, credential.user))
        return owner or self.default

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
        with self._lock, self._changing() as transaction:
            gone = self._catch_up(transaction)
            reservation = IdReservation(self._seed, self._sequences)
            name = world_id or f"w{reservation.token('world', 10)}"
            given = {
                account.key: (logins or {}).get(account.key) or _new_logins(account.logins, reservation.token)
                for account in fixture.accounts
            }
            initial_state = InitialState(
                fixture,
                seed or name,
                {**self.variants, **fixture.variants, **(variants or {})},
                given,
                None if clock is None else clock.frozen_at,
            )
            self._check_free(name, initial_state.secrets())
            self._use(reservation, transaction)
        self._close(gone)
        return self._add(name, initial_state, clock)

    def fork(self, parent: World, world_id: str | None = None) -> World:
        """Create a world that begins as another one is now, with new credentials.

        Raises:
            AlreadyInUse: the id is in use.
        """
        initial_state, clock = parent.copy_state()
        template = initial_state.template
        assert template is not None
        with self._lock, self._changing() as transaction:
            gone = self._catch_up(transaction)
            reservation = IdReservation(self._seed, self._sequences)
            name = world_id or f"w{reservation.token('world', 10)}"
            self._check_free(name, {})
            accounts = template.accounts.items()
            issued = {key: _new_logins(account.logins, reservation.token) for key, account in accounts}
            self._use(reservation, transaction)
        self._close(gone)
        template.apply(CredentialsIssued(issued))
        return self._add(name, initial_state, clock)

    def _add(self, name: str, initial_state: InitialState, clock: Clock | None) -> World:
        """Build a world whose id and credentials were free a moment ago."""
        world = World(name, initial_state, self._journal(), self._providers, clock, self._sender)
        secrets = world.state.secrets()
        is_added = False
        try:
            with self._lock:
                with self._changing() as transaction:
                    gone = self._catch_up(transaction)
                    self._check_free(name, secrets)
                    number = self._last_number + 1
                    if transaction is not None:
                        log = transaction.create(WorldCreated(name, number, secrets), initial_state, world.state)
                        world.keep_in(log, is_new=True)
                self._insert(world, number, secrets)
                is_added = True
        finally:
            if not is_added:
                world.journal.close()
        self._close(gone)
        self.feed.publish(name)
        return world

    def _use(self, reservation: IdReservation, transaction: RegistryTransaction | None) -> None:
        self._sequences.update(reservation.used)
        if transaction is not None:
            transaction.use(self._sequences)

    def _close(self, gone: Iterable[World]) -> None:
        """Close worlds that were dropped, here or by another process, and publish what other processes have changed."""
        followed, self._followed = self._followed, []
        for world in gone:
            if world.id not in followed:
                self.feed.publish(world.id)
            world.close()
        for world_id in followed:
            self.feed.publish(world_id)

    def restart(self, world: World, initial_state: InitialState, clock: Clock) -> None:
        """Restart a world with another initial state and its credentials.

        Until it has restarted it owns both the old credentials and the new ones.

        Raises:
            AlreadyInUse: another world uses one of the credentials.
        """
        self._change_secrets(world, initial_state.secrets(), lambda: world.restart(initial_state, clock))

    def rewind(self, world: World, name: str) -> Rewind:
        """Return a world to a checkpoint, and to the credentials that it had then.

        Raises:
            NoSuchCheckpoint: there is none of this name.
            AlreadyInUse: another world uses one of the credentials.
        """
        target, epoch = world.find_checkpoint(name).state, world.state.epoch
        secrets, done = target.secrets, list[Rewind]()
        if target.has_same_secrets(world.state):
            done.append(world.rewind(name))
            if done[0].epoch != epoch + 1:  # another thread has restarted it with other credentials meanwhile
                self._change_secrets(world, secrets(), lambda: done[0].epoch)
            return done[0]

        def rewind() -> int:
            done.append(world.rewind(name))
            return done[0].epoch

        self._change_secrets(world, secrets(), rewind)
        if not done:  # another thread has just dropped it
            raise NoSuchCheckpoint(name, ())
        return done[0]

    def _change_secrets(self, world: World, secrets: Secrets, restart: Callable[[], int]) -> None:
        """Restart a world that has these credentials then; ``restart`` returns its epoch."""
        with self._lock:
            with self._changing() as transaction:
                gone = self._catch_up(transaction)
                if self._worlds.get(world.id) is not world:  # another thread has just dropped it
                    return
                self._check_credentials(secrets, world)
                both = {**self._logins[world.id], **secrets}
                if transaction is not None:
                    transaction.change(SecretsChanged(world.id, both))
            restarts = self._restarts.setdefault(world.id, _Restarts(self._logins[world.id]))
            restarts.running += 1
            self._set_secrets(world, both)
        self._close(gone)
        epoch = -1
        try:
            epoch = restart()
        finally:
            with self._lock:
                with self._changing() as transaction:
                    gone = self._catch_up(transaction)
                    restarts.end(epoch, secrets)
                    is_there = self._worlds.get(world.id) is world
                    is_last = is_there and not restarts.running
                    if is_last and transaction is not None:
                        transaction.change(SecretsChanged(world.id, restarts.secrets))
                if is_last:
                    del self._restarts[world.id]
                    self._set_secrets(world, restarts.secrets)
            self._close(gone)
        if is_there:
            self.feed.publish(world.id)
        else:
            world.close()

    def close(self) -> None:
        """Stop sending webhooks, and close the store."""
        if self._sender is not None:
            self._sender.close()
        self._disposal.close()
        if self.store is not None:
            with self._lock:
                worlds = tuple(self._by_number)
            for world in worlds:
                with suppress(StoreUnavailable, WorldDropped):
                    world.flush()
            self.store.close()

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
            with self._changing() as transaction:
                gone = self._catch_up(transaction)
                is_there = self._worlds.get(world.id) is world  # else another thread has just dropped it
                if is_there and transaction is not None:
                    transaction.change(WorldRemoved(world.id))
            if is_there:
                self._remove(world)
                gone.append(world)
        self._close(gone)

    def _remove(self, world: World) -> None:
        del self._worlds[world.id]
        del self._by_number[bisect_left(self._by_number, world.number, key=_NUMBER)]
        self._restarts.pop(world.id, None)
        self._set_secrets(world, {})
        del self._logins[world.id]
        self._listeners = {listener: bound for listener, bound in self._listeners.items() if bound is not world}

    def _check_free(self, name: str, secrets: Secrets) -> None:
        if name in self._worlds:
            raise AlreadyInUse(f"there is a world {name!r} already")
        self._check_credentials(secrets)

    def _check_credentials(self, secrets: Secrets, owner: World | None = None) -> None:
        taken = [who for who in secrets if self._owners.get(who, owner) is not owner]
        if taken:
            raise CredentialsInUse(taken)

    def _set_secrets(self, world: World, secrets: Secrets) -> None:
        """Let a world own these credentials, and no others."""
        old, self._logins[world.id] = self._logins.get(world.id, {}), secrets
        self._owners.update(dict.fromkeys(secrets, world))
        self._issued.update(_values(secrets))
        for value in _values(old):
            self._issued[value] -= 1
            if not self._issued[value]:
                del self._issued[value]
        for who in old.keys() - secrets.keys():
            del self._owners[who]

    def _journal(self) -> Journal:
        return Journal(self._budget, self._journal_length)


class _Restarts:
    """The restarts of one world that are going on, and the credentials of the latest that has ended."""

    __slots__ = ("_epoch", "running", "secrets")

    def __init__(self, secrets: Secrets) -> None:
        self._epoch = -1
        self.running = 0
        self.secrets = secrets

    def end(self, epoch: int, secrets: Secrets) -> None:
        """End one, in whose epoch the world has these credentials; epochs that are not negative are of restarts that succeeded."""
        self.running -= 1
        if epoch > self._epoch:
            self._epoch, self.secrets = epoch, secrets


def _values(secrets: Secrets) -> frozenset[str | None]:
    """Return the users and secrets of a world's credentials."""
    return frozenset(value for (_, user), secret in secrets.items() for value in (user, secret))


def _ignore(_listener: str) -> None:
    """Do nothing: there are no connections to close."""


def _new_logins(logins: tuple[Login, ...], token: Callable[[str, int], str]) -> tuple[Login, ...]:
    """Generate unused credentials of the same form as printed ones."""
    tokens = [token("user", 40) for _ in logins]  # a user and a secret in one
    return tuple(
        Login(both[:20], None if login.secret is None else both[20:])
        for login, both in zip(logins, tokens, strict=True)
    )
