"""How a world file is rejected: where in it, what was found, and what would be right."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""The way from the top of a document to something in it."""

_LENGTH = 60
"""Characters of a found text that are shown."""


class WorldFileError(ValueError):
    """A world file is rejected."""

    def __init__(self, difference: str, place: Place = (), file: Path | None = None) -> None:
        self.difference = difference
        """What was found, and what would be right."""
        self.place = place
        """Where; empty for the file as a whole."""
        said = (str(file) if file else "", written(place), difference)
        super().__init__(": ".join(filter(None, said)))


def written(place: Place) -> str:
    """A place as people write it: ``accounts[0].messages[12].at``, ``variants.acme.date``."""
    return "".join(map(_step, place)).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, str) and re.fullmatch(r"\w[\w.-]*", step, re.ASCII):
        return f".{step}"
    return f"[{shown(step)}]"


def shown(thing: object) -> str:
    """What was found, short."""
    if isinstance(thing, str):
        return repr(thing) if len(thing) <= _LENGTH else f"{thing[:_LENGTH]!r}... ({len(thing)} characters)"
    if isinstance(thing, dict):
        return "an object" if thing else "an empty object"
    if isinstance(thing, list):
        return "a list" if thing else "an empty list"
    return json.dumps(thing)


def either(values: Sequence[str]) -> str:
    """What would be right: ``'sample' or 'dtd'``."""
    *most, last = map(repr, values)
    return f"{', '.join(most)} or {last}" if most else last


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Something is not known, and the nearest that is."""
    names = list(known)
    near = difflib.get_close_matches(name[:_LENGTH], names, n=1)
    if near:
        return f"unknown {kind}; did you mean {near[0]!r}?"
    return f"unknown {kind}; there is {', '.join(names) or 'none'}"
