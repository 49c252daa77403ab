"""Error messages about documents: the place of an error, what was found, and what would be right."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead from the top of a document to a value in it."""

_LENGTH = 60
"""The number of characters of a text that are shown."""


class FileError(ValueError):
    """A file that a user wrote is invalid."""

    def __init__(self, difference: str, place: Place = (), file: Path | None = None) -> None:
        self.difference = difference
        """What was found, and what would be right."""
        self.place = place
        """Where it was found; empty for the file as a whole."""
        parts = (str(file) if file else "", format_place(place), difference)
        super().__init__(": ".join(filter(None, parts)))


class WorldFileError(FileError):
    """A world file is invalid."""


def format_place(place: Place) -> str:
    """Format a place like ``accounts[0].messages[12].at`` or ``variants.acme.date``."""
    return "".join(map(_step, place)).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, str) and re.fullmatch(r"\w[\w.-]*", step, re.ASCII):
        return f".{step}"
    return f"[{show_value(step)}]"


def show_value(thing: object) -> str:
    """Show a value that was found, shortened."""
    if isinstance(thing, str):
        return repr(thing) if len(thing) <= _LENGTH else f"{thing[:_LENGTH]!r}... ({len(thing)} characters)"
    if isinstance(thing, dict):
        return "an object" if thing else "an empty object"
    if isinstance(thing, list):
        return "a list" if thing else "an empty list"
    return json.dumps(thing)


def format_choices(values: Sequence[str]) -> str:
    """List the values that would be right: ``'sample' or 'dtd'``."""
    *most, last = map(repr, values)
    return f"{', '.join(most)} or {last}" if most else last


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and which known one may have been meant."""
    names = list(known)
    near = difflib.get_close_matches(name[:_LENGTH], names, n=1)
    if near:
        return f"unknown {kind}; did you mean {near[0]!r}?"
    return f"unknown {kind}; there is {', '.join(names) or 'none'}"
