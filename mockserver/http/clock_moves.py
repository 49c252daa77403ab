"""Responses that come after a world's clock was moved, without a thread that waits meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mockserver.engine.world import ClockMove, StepwiseMove
from mockserver.sdk.response import Answer, Deferred, Offload, Response

_LONGEST = 3600.0
"""Seconds after which a move without a limit looks again whether the attempts have ended that it waits for."""


class MoveResponse(NamedTuple):
    """The response that comes after a move of a clock.

    If the client disconnects meanwhile, the clock stays where it is when the next attempt ends.
    """

    move: StepwiseMove
    """The move, which has not begun."""
    key: str
    """The key of the pool's threads for the further steps; see `Offload.key`."""
    respond: Callable[[ClockMove], Answer]
    """Makes the response when the move is done."""
    reject: Callable[[Exception], Response]
    """Makes a response of an error that the move or `respond` has raised; raises an error that it does not know."""

    def begin(self) -> Answer:
        """Move the clock as far as possible without waiting; return the response, or what it will come from."""
        answer = self._step()
        # Where time is simulated, what an offloaded response waits for takes real time.
        return Offload(self.key, lambda: answer, is_heavy=False) if isinstance(answer, Deferred) else answer

    def _step(self) -> Answer:
        again = Offload(self.key, self._step)
        deferred = Deferred(timeout=_LONGEST, otherwise=again)
        try:
            done = self.move.step(lambda: deferred.response(again) or not deferred.is_cancelled)
            if done is not None:
                return self.respond(done)
        except Exception as error:  # noqa: BLE001 - what it does not know it raises again
            return self.reject(error)
        if self.move.patience is not None:
            deferred.timeout = self.move.patience
        return deferred
