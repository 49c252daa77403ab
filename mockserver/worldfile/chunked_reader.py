"""A large file, its messages decoded some thousands at a time: a million decoded at once are more than a gigabyte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from .decoding import decode

PIECE = 1_000
"""Messages that are decoded at once."""

_BEGINNING = 200
"""Bytes of a list by which it is found again."""


class _Account(msgspec.Struct):
    messages: Raw = Raw(b"[]")


class _World(msgspec.Struct):
    accounts: list[_Account]


def apart(raw: bytes) -> tuple[Any, list[Iterator[list[Any]]]]:
    """A world file without its messages, decoded; and those of each account, which can be walked through once.

    Raises:
        ValueError: it may be no world file, or has to be decoded as a whole to be sure.
        RecursionError: it is nested too deeply.
    """
    spelt = [account.messages for account in msgspec.json.decode(raw, type=_World).accounts]
    rows = [msgspec.json.decode(messages, type=list[Raw]) for messages in spelt]
    rest, end = bytearray(), 0
    for messages in (messages for messages, are_there in zip(spelt, rows, strict=True) if are_there):
        begin = raw.index(memoryview(messages)[:_BEGINNING], end)
        if not raw.startswith(messages, begin):
            raise ValueError("they stand elsewhere")
        rest += raw[end:begin] + b"[]"
        end = begin + len(memoryview(messages))
    document: Any = decode(bytes(rest + raw[end:]))
    # If what was cut out was only alike, its account still has its messages.
    if any(account.get("messages") for account in document["accounts"]):
        raise ValueError("they are there twice")
    return document, [_decoded(messages) for messages in rows]


def _decoded(rows: list[Raw]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), PIECE):
        piece: Any = decode(b"[" + b",".join(rows[start : start + PIECE]) + b"]")
        yield piece
