"""How a test wants its world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.validation.messages import unknown

KEYS = ("fixture", "seed", "variants", "freeze", "snapshot")
"""What a test may say, as `Controls.create_world` has it."""


def checked(said: Mapping[str, Any], args: tuple[Any, ...] = ()) -> Mapping[str, Any]:
    """What a test says of its world, if it can be said.

    Raises:
        ValueError: it cannot; the sentence says which word is near.
    """
    if args:
        raise ValueError(f"{args[0]!r} has no name; what can be said is {', '.join(KEYS)}")
    for name in said:
        if name not in KEYS:
            raise ValueError(f"{name}: {unknown('key', name, KEYS)}")
    return said


def combined(nearest_first: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One wish of several: what stands nearer to the test counts, variant by variant."""
    wishes: dict[str, Any] = {}
    for said in reversed(list(nearest_first)):
        variants = {**wishes.get("variants", {}), **(said.get("variants") or {})}
        wishes = {**wishes, **said, **({"variants": variants} if variants else {})}
    return wishes
