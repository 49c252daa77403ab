"""The only place that knows chance: counters and tokens, both from a seed.

A decider gets a `IdReservation`. What it takes from the draft is used up only when the decision is kept, so a request
that was refused, or lost before it took effect, leaves no gap; and the same decision run again gets the same ids.
"""

from __future__ import annotations

from hashlib import blake2b
from secrets import token_hex


def unguessable() -> str:
    """A token that nobody can foresee, for what must be kept from others; it depends on no seed."""
    return token_hex(16)


class Ids:
    """The identifiers of one world."""

    __slots__ = ("_next", "seed")

    def __init__(self, seed: str, sequences: dict[str, int] | None = None) -> None:
        self.seed = seed
        self._next: dict[str, int] = dict(sequences or {})

    def reserve(self) -> IdReservation:
        """A sheet to take identifiers from."""
        return IdReservation(self.seed, self._next)

    def commit(self, reservation: IdReservation) -> None:
        """What the draft took is used up from here on."""
        if reservation.taken:
            self._next.update(reservation.taken)

    @property
    def sequences(self) -> dict[str, int]:
        """Where each sequence goes on."""
        return dict(self._next)


class IdReservation:
    """Identifiers on approval."""

    __slots__ = ("_next", "seed", "taken")

    def __init__(self, seed: str, following: dict[str, int]) -> None:
        self.seed = seed
        self._next = following
        self.taken: dict[str, int] = {}

    def number(self, sequence: str, first: int = 1) -> int:
        """The next number of a named sequence; ``first`` when it has given none yet."""
        number = self.taken.get(sequence) or self._next.get(sequence, first)
        self.taken[sequence] = number + 1
        return number

    def token(self, kind: str, length: int = 20) -> str:
        """The next token of a kind: ``length`` (at most 64) lower-case hexadecimal digits."""
        text = f"{self.seed}\0{kind}\0{self.number(kind)}"
        return blake2b(text.encode(), digest_size=32).hexdigest()[:length]
