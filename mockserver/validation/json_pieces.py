"""Decodes large JSON documents in pieces, and frees them so.

orjson lets no other thread run before it has decoded all, and to free a million objects takes as long. No piece has more bytes
than `PIECE`, unless a single text has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

from .messages import Place

PIECE = 64 * 1024
"""The bytes that are decoded at a time."""

Watch: TypeAlias = Callable[[Place, Any, list[Any]], None]
"""Is called with the place of a long list, the object that holds it as far as that was decoded, and each piece of its items. It
may raise an error, so that the rest is not decoded."""

_LEVELS = 1_000
"""More levels of lists and objects are left to orjson, which rejects them."""
_SHORT_TEXT = rb'"[^"\\]{0,4096}+(?:\\.[^"\\]{0,1024}+){0,64}+"'
_PLAIN = rb'[^",\[\]{}]*+(?:' + _SHORT_TEXT + rb'[^",\[\]{}]*+)*+'
_MEMBERS = re.compile(rb"((?:" + _PLAIN + rb",){0,100}+)" + _PLAIN + rb"([\[\]{}])?", re.DOTALL)
"""Some members of one list or object, the bracket behind them if there is one, and no long text."""
_TEXT = re.compile(rb'[^"\\]{0,65536}+(?:\\.[^"\\]{0,1024}+){0,1024}+', re.DOTALL)
"""A piece of a text."""
_BLANK = b" \t\r\n"


class _Irregular(Exception):
    """The document is no JSON, or too deep."""


class _Container:
    """A list or object that is decoded in pieces, while it is open."""

    __slots__ = ("begin", "is_first", "is_list", "name", "value")

    def __init__(self, begin: int, *, is_list: bool) -> None:
        self.value: Any = [] if is_list else {}
        """What was decoded of it."""
        self.is_list = is_list
        self.begin = begin
        """Where the text begins that is not decoded yet: the first member, or the comma behind the last one."""
        self.is_first = True
        """Whether no member was decoded yet."""
        self.name: str | int = ""
        """Its key or index in the container around it."""


class PieceDecoder:
    """Decodes one JSON document in pieces."""

    def __init__(self, raw: bytes, watch: Watch | None = None) -> None:
        """Keep the document, which `decode` then decodes.

        Args:
            raw: the document.
            watch: sees the items of long lists as they are decoded.
        """
        self._raw = raw
        self._watch = watch
        self._opened: list[int] = []
        """The place of the bracket of each container that is open."""
        self._commas: list[int] = []
        """The place of the last comma of each, or of its bracket."""
        self._open: list[_Container] = []
        """Those that are decoded in pieces, which are the outer ones."""
        self._made: list[Any] = []
        """The lists and objects that were decoded in pieces, those around others first."""

    def decode(self) -> Any:
        """Return the document, as `orjson.loads` would.

        Raises:
            orjson.JSONDecodeError: it is no JSON.
        """
        if len(self._raw) > PIECE:
            try:
                return self._decode()
            except (_Irregular, orjson.JSONDecodeError):
                self.release()
            except BaseException:
                self.release()
                raise
        return orjson.loads(self._raw)  # which says what is wrong, and where

    def release(self) -> None:
        """Empty the lists and objects that were decoded in pieces, so that they are not freed all at once."""
        for value in reversed(self._made):
            if isinstance(value, list):
                while value:
                    value.pop()
            else:
                while value:
                    value.popitem()
        self._made.clear()

    def _decode(self) -> Any:  # noqa: C901 - one loop; a call for each bracket would take longer than its work
        raw, opened, commas, place, begin = self._raw, self._opened, self._commas, 0, 0
        match = _MEMBERS.match
        while found := match(raw, place):
            comma = found.end(1)
            if comma > place:
                if not opened:
                    raise _Irregular
                commas[-1] = comma - 1
                if comma - begin > PIECE:
                    begin = self._flush()
            stop, mark = found.end(), found[2]
            if mark is None:
                place = self._text_end(stop) if raw[stop : stop + 1] == b'"' else stop
                if place == found.start():
                    break
                continue
            place = stop
            if mark in b"[{":
                opened.append(stop - 1)
                commas.append(stop - 1)
                if len(opened) > _LEVELS:
                    break
            elif not opened:
                break
            else:
                opened.pop()
                commas.pop()
                if len(opened) < len(self._open):
                    begin = self._close(stop)
                if not opened:
                    return self._finish(stop)
        raise _Irregular

    def _text_end(self, quote: int) -> int:
        """Return the place behind a long text, of which no single call reads more than some thousand bytes."""
        raw, stop = self._raw, quote + 1
        while raw[stop : stop + 1] != b'"':
            found = _TEXT.match(raw, stop)
            if found is None or found.end() == stop:
                raise _Irregular  # it has no end
            stop = found.end()
        return stop + 1

    def _finish(self, stop: int) -> Any:
        if self._raw[stop:].strip(_BLANK):
            raise _Irregular
        return self._made[0] if self._made else orjson.loads(self._raw)

    def _flush(self) -> int:
        """Decode what was read up to the last comma. Return where the text begins that is not decoded."""
        for level in range(len(self._open), len(self._opened)):
            place = self._opened[level]
            child = _Container(place + 1, is_list=self._raw[place : place + 1] == b"[")
            if self._open:
                self._take_child(self._open[-1], child, self._commas[level - 1], place)
            elif self._raw[:place].strip(_BLANK):
                raise _Irregular
            self._open.append(child)
            self._made.append(child.value)
        last, comma = self._open[-1], self._commas[-1]
        if last.is_first or self._raw[last.begin : comma].strip(_BLANK):
            self._take(last, comma)
        return last.begin

    def _close(self, stop: int) -> int:
        """Decode the last members of the innermost container. Return where the text begins that is not decoded."""
        last = self._open[-1]
        if last.is_list is not (self._raw[stop - 1 : stop] == b"]"):
            raise _Irregular
        if self._raw[last.begin : stop - 1].strip(_BLANK):
            self._take(last, stop - 1)
        self._open.pop()
        if self._open:
            self._open[-1].begin = stop
        return stop

    def _take(self, container: _Container, stop: int) -> None:
        """Decode the members of a container up to a comma or bracket."""
        members = self._members(container, self._raw[container.begin : stop])
        if not members:
            raise _Irregular  # a comma without a value before it
        container.begin = stop
        self._add(container, members)

    def _take_child(self, container: _Container, child: _Container, comma: int, bracket: int) -> None:
        """Decode the members of a container before a child that is decoded in pieces, and put the child in its place."""
        members = self._members(container, self._raw[container.begin : bracket] + b"null")
        if isinstance(members, list):
            members.pop()
            self._add(container, members)
            child.name = len(container.value)
            container.value.append(child.value)
        else:
            self._add(container, members)
            # Of two equal keys the last counts, which need not be the last one in the object.
            (child.name,) = orjson.loads(b"{%bnull}" % self._raw[comma + 1 : bracket])
            container.value[child.name] = child.value

    @staticmethod
    def _members(container: _Container, text: bytes) -> Any:
        """Decode some members of a container, which begin with a comma if others come before them."""
        if not container.is_first:
            text = text.lstrip(_BLANK)
            if not text.startswith(b",") or not text[1:].strip(_BLANK):
                raise _Irregular
            text = text[1:]
        container.is_first = False
        return orjson.loads(b"[%b]" % text if container.is_list else b"{%b}" % text)

    def _add(self, container: _Container, members: Any) -> None:
        if not container.is_list:
            container.value.update(members)
            return
        container.value.extend(members)
        if self._watch is not None:
            place = tuple(each.name for each in self._open[1:])
            self._watch(place, self._open[-2].value if len(self._open) > 1 else None, members)
