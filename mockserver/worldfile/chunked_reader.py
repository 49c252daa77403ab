"""Reads a large world file in chunks of messages, because a million messages decoded at once take more than a gigabyte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from .decoding import decode

CHUNK = 1_000
"""The number of messages that are decoded at once."""

_BEGINNING = 200
"""The number of bytes at the beginning of a list that the file is searched for."""


class _Account(msgspec.Struct):
    messages: Raw = Raw(b"[]")


class _World(msgspec.Struct):
    accounts: list[_Account]


def read_chunks(raw: bytes) -> tuple[Any, list[Iterator[list[Any]]]]:
    """Return a decoded world file without its messages, and an iterator over the chunks of each account's messages.

    Raises:
        ValueError, msgspec.MsgspecError: it may be no world file, or can only be validated when it is decoded as a whole.
        RecursionError: it is nested too deeply.
    """
    lists = [account.messages for account in msgspec.json.decode(raw, type=_World).accounts]
    rows = [msgspec.json.decode(messages, type=list[Raw]) for messages in lists]
    rest, end = bytearray(), 0
    for messages in (messages for messages, has_any in zip(lists, rows, strict=True) if has_any):
        begin = raw.index(memoryview(messages)[:_BEGINNING], end)
        if not raw.startswith(messages, begin):
            raise ValueError("the messages are elsewhere in the file")
        rest += raw[end:begin] + b"[]"
        end = begin + len(memoryview(messages))
    document: Any = decode(bytes(rest + raw[end:]))
    # If an equal text elsewhere was cut out, the account still has its messages.
    if any(account.get("messages") for account in document["accounts"]):
        raise ValueError("another list than the messages of an account was cut out")
    return document, [_decode_chunks(messages) for messages in rows]


def _decode_chunks(rows: list[Raw]) -> Iterator[list[Any]]:
    rows.reverse()
    while rows:
        chunk: Any = decode(b"[" + b",".join(reversed(rows[-CHUNK:])) + b"]")
        del rows[-CHUNK:]  # so that the decoded messages take their place in memory
        yield chunk
