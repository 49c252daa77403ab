"""A world that several tests use, one after the other, and that is rewound before each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mockserver.client import ControlError, WorldClient

if TYPE_CHECKING:
    from mockserver.client import AdminClient, CheckpointRecord

CHECKPOINT = "mockserver.built"
"""The name of the checkpoint that the world is rewound to."""


def build_world(
    server: AdminClient, options: Mapping[str, Any], build: Callable[[WorldClient], object] | None
) -> WorldClient:
    """Create a world with some options, and let a function fill it."""
    world = server.create_world(**options)
    if build is not None:
        try:
            build(world)
        except BaseException:
            world.drop()
            raise
    return world


class SharedWorld:
    """A world that is built once, and rewound for each further test."""

    def __init__(self, create: Callable[[], WorldClient]) -> None:
        """Create nothing yet; ``create`` builds the world when the first test needs it."""
        self._create = create
        self._world: WorldClient | None = None
        self._built: list[CheckpointRecord] = []

    def begin(self) -> WorldClient:
        """Return a client of the world as it was built. It counts the exchanges of the next test alone.

        A world that the test before has deleted, or of whose checkpoints it has removed or replaced one, is built again.
        """
        since = self._rewind()
        if self._world is None:
            self._world = self._create()
            since = self._world.checkpoint(CHECKPOINT).exchange
            self._built = self._world.checkpoints()
        client = WorldClient(self._world.transport, self._world.id, self._world.facts)
        client.since_exchange = since
        return client

    def _rewind(self) -> int:
        """Rewind the world if there is one, and return the number of its latest exchange."""
        if self._world is not None:
            try:
                since = self._world.rewind(CHECKPOINT).exchange
                found = self._world.checkpoints()
                if all(each in found for each in self._built):
                    for each in found:
                        if each not in self._built:
                            self._world.remove_checkpoint(each.name)
                    return since
            except ControlError as rejected:
                if rejected.code != "not_found":
                    raise
            self.end()
        return 0

    def end(self) -> None:
        """Delete the world."""
        if self._world is not None:
            world, self._world = self._world, None
            with suppress(ControlError):  # a test has deleted it
                world.drop()
