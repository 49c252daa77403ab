"""What the rooms' `force` have in common: a refusal that a fault demands by name, said to the call that meets the fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from mockserver.engine.instants import Instant
    from mockserver.engine.provider_errors import Refused

    from .provider import Call
    from .request import Asked


class Case(NamedTuple):
    """What is refused."""

    call: Call
    asked: Asked
    """The request that the call was read from."""
    now: Instant
    """The world's instant."""

    def text(self, name: str) -> str:
        """What was sent under a name."""
        return str(self.call.values.get(name, ""))


Forced: TypeAlias = "Callable[[Case], Refused]"
"""The refusal of a kind, for a case."""


def by(forced: Mapping[type[Refused], Forced]) -> Callable[[type[Refused], Call, Asked, Instant], Refused]:
    """A room's `force`: kinds that are not in the table say nothing of the call."""

    def force(refusal: type[Refused], call: Call, asked: Asked, now: Instant) -> Refused:
        make = forced.get(refusal)
        return refusal() if make is None else make(Case(call, asked, now))

    return force
