"""A world file, written so that it diffs well: every login, number, variant and message on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import orjson


def lines(world: Mapping[str, Any]) -> Iterator[bytes]:
    """A world file, piece by piece.

    Args:
        world: what it holds, in the order in which it is written. The accounts, and the lists in each of them, may be
            any iterables: a million messages need not be in memory.
    """
    yield from _object(world, ("accounts",))
    yield b"\n"


def save(path: Path, world: Mapping[str, Any]) -> None:
    """Write a world file: all of it, or nothing."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        draft = Path(file.name)
        try:
            file.writelines(lines(world))
            file.close()
            draft.chmod(0o644)  # a temporary file is no one else's to read
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _object(members: Mapping[str, Any], of_objects: Iterable[str] = ()) -> Iterator[bytes]:
    yield b"{"
    yield from _apart(_member(name, value, name in of_objects) for name, value in members.items())
    yield b"}"


def _member(name: str, value: Any, holds_objects: bool) -> Iterator[bytes]:
    yield orjson.dumps(name) + b": "
    if isinstance(value, str | int) or not value:
        yield orjson.dumps(value)
        return
    if isinstance(value, Mapping):
        yield b"{"
        yield from _apart((orjson.dumps(key) + b":" + orjson.dumps(item),) for key, item in value.items())
        yield b"}"
        return
    yield b"["
    yield from _apart(_object(item) if holds_objects else (orjson.dumps(item),) for item in value)
    yield b"]"


def _apart(items: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    between, end = b"\n", b""
    for item in items:
        yield between
        yield from item
        between, end = b",\n", b"\n"
    yield end
