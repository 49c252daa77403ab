"""The options of a test's world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.validation.messages import unknown_name

KEYS = ("fixture", "seed", "variants", "freeze", "snapshot", "real")
"""The options that a test may give: parameters of `AdminClient.create_world`, and whether it reaches the real providers."""


def checked(options: Mapping[str, Any], args: tuple[Any, ...] = ()) -> Mapping[str, Any]:
    """Return the options, after checking their names.

    Raises:
        ValueError: an option is unknown, with a similar one in the message; or it has no name, or is of a wrong type.
    """
    if args:
        raise ValueError(f"{args[0]!r} has no name; the options are {', '.join(KEYS)}")
    for name in options:
        if name not in KEYS:
            raise ValueError(f"{name}: {unknown_name('key', name, KEYS)}")
    if not isinstance(options.get("variants") or {}, Mapping):
        raise ValueError(f"variants: {options['variants']!r} is not a mapping, such as {{'limits': 'off'}}")  # noqa: TRY004 - one kind of error for all that a marker says wrong
    return options


def combined(nearest_first: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the options of a world; those of a nearer marker override the others, and variants are merged one by one."""
    merged: dict[str, Any] = {}
    for options in reversed(list(nearest_first)):
        variants = {**merged.get("variants", {}), **(options.get("variants") or {})}
        merged = {**merged, **options, **({"variants": variants} if variants else {})}
    merged.pop("real", None)
    return merged
