"""Let time pass in a world without performing what is due on the way."""

from __future__ import annotations

from mockserver.engine.decisions import Decision
from mockserver.engine.events import ClockChanged
from mockserver.engine.world import World


def let_pass(world: World, microseconds: int) -> None:
    """Move a world's clock forward; what is due by then happens with the next request."""
    world.execute(lambda state, now, _: Decision(now, None, (ClockChanged(state.clock.advance(microseconds)),)))
