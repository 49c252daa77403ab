"""Identifiers and seeded chance: counters and tokens, both derived from a seed.

An operation gets an `IdReservation`. What it takes from the reservation is used up only when the decision is committed,
by the event `IdsUsed`. So a request that is rejected, or skipped by a fault, leaves no gap; and the same decision made
again gets the same identifiers.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from secrets import token_hex

from msgspec import Struct


def random_token() -> str:
    """Return an unpredictable token, for secrets; it depends on no seed."""
    return token_hex(16)


class Ids:
    """The identifiers of one world."""

    __slots__ = ("seed", "sequences")

    def __init__(self, seed: str, sequences: Mapping[str, int] | None = None) -> None:
        self.seed = seed
        self.sequences: dict[str, int] = dict(sequences or {})
        """The next number of each sequence."""

    def reserve(self) -> IdReservation:
        """Return a reservation to take identifiers from."""
        return IdReservation(self.seed, self.sequences)

    def commit(self, used: Mapping[str, int]) -> None:
        """Let sequences continue after what a reservation used."""
        self.sequences.update(used)

    def copy(self) -> Ids:
        """Return independent identifiers that continue from the same numbers."""
        return Ids(self.seed, self.sequences)


class IdReservation(Struct):
    """Identifiers that are used up only when the decision that took them is committed."""

    seed: str
    sequences: Mapping[str, int]
    """The next number of each sequence, before this reservation."""
    used: dict[str, int] = {}
    """The next number of each sequence that was used."""

    def number(self, sequence: str, first: int = 1) -> int:
        """Return the next number of a named sequence; ``first`` when the sequence is new."""
        number = self.used.get(sequence) or self.sequences.get(sequence, first)
        self.used[sequence] = number + 1
        return number

    def token(self, kind: str, length: int = 20) -> str:
        """Return the next token of a kind: ``length`` (at most 64) lower-case hexadecimal digits."""
        text = f"{self.seed}\0{kind}\0{self.number(kind)}"
        return blake2b(text.encode(), digest_size=32).hexdigest()[:length]
