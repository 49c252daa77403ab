"""Writes world files that diff well: every login, number, variant and message is on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import orjson

_PIECE = 64 * 1024
"""The bytes of a piece of a world file."""


def lines(world: Mapping[str, Any]) -> Iterator[bytes]:
    """Iterate over the bytes of a world file, in pieces of some kilobytes.

    Args:
        world: its content, in the order in which it is written. The accounts, and the lists in each of them, may be any
            iterables, so that a million messages need not be in memory.
    """
    held: list[bytes] = []
    size = 0
    for piece in _object(world, ("accounts",)):
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            # Joined early, because each result of orjson sits in a buffer of 4 kB.
            yield b"".join(held)
            held, size = [], 0
    yield b"".join((*held, b"\n"))


def save(path: Path, world: Mapping[str, Any]) -> None:
    """Write a world file completely, or not at all."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        draft = Path(file.name)
        try:
            file.writelines(lines(world))
            file.close()
            draft.chmod(0o644)  # temporary files are created readable by their owner only
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _object(members: Mapping[str, Any], of_objects: Iterable[str] = ()) -> Iterator[bytes]:
    yield b"{"
    yield from _separate(_member(name, value, name in of_objects) for name, value in members.items())
    yield b"}"


def _member(name: str, value: Any, holds_objects: bool) -> Iterator[bytes]:
    yield orjson.dumps(name) + b": "
    if isinstance(value, str | int) or not value:
        yield orjson.dumps(value)
        return
    if name == "collections":
        yield from _object(value)
        return
    if isinstance(value, Mapping):
        yield b"{"
        yield from _separate((orjson.dumps(key) + b":" + orjson.dumps(item),) for key, item in value.items())
        yield b"}"
        return
    yield b"["
    yield from _separate(_object(item) if holds_objects else (orjson.dumps(item),) for item in value)
    yield b"]"


def _separate(items: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    between, end = b"\n", b""
    for item in items:
        yield between
        yield from item
        between, end = b",\n", b"\n"
    yield end
