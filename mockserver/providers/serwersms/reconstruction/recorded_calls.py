"""Recorded responses as values: what a call asked, and the items of its answer, in JSON and XML alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree
from msgspec import Struct

from mockserver.providers.serwersms import quirks
from mockserver.providers.serwersms.operations import OPERATIONS
from mockserver.providers.serwersms.paging import begins
from mockserver.providers.serwersms.parameters import BLANK, parse_recived
from mockserver.sdk import (
    Credential,
    Instant,
    ObservedExchange,
    ProviderError,
    UnexplainedRead,
    parse_parameters,
    zone_of,
)

_BY_NAME = {operation.name: operation for operation in OPERATIONS}
_LISTS = frozenset(("items", "attachments", "networks"))
"""The elements of XML whose children are items of a list (SW-3)."""
_XML = etree.XMLParser(recover=False, resolve_entities=False, no_network=True, huge_tree=False)


class Findings:
    """What responses show that no world can cause; each place once."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], UnexplainedRead] = {}

    def add(self, index: int, path: str, reason: str) -> None:
        """Note a place of an exchange's response; the first reason counts."""
        self._found.setdefault((index, path), UnexplainedRead(index, path, reason))

    def all(self) -> tuple[UnexplainedRead, ...]:
        """Return what was found, in the order of the exchanges."""
        return tuple(sorted(self._found.values(), key=lambda each: each.index))


class RecordedItem(Struct, frozen=True):
    """An object in a recorded response, and its place."""

    index: int
    """The exchange's place in the recording."""
    path: str
    """Its place in the response; empty for the whole."""
    values: Mapping[str, Any]
    findings: Findings
    zone: ZoneInfo | None
    is_xml: bool

    def place(self, name: str) -> str:
        """Return the place of a member."""
        return f"{self.path}.{name}" if self.path else name

    def reject(self, name: str, reason: str) -> None:
        """Note that a member cannot be caused."""
        self.findings.add(self.index, self.place(name) if name else self.path, reason)

    def check_names(self, known: frozenset[str]) -> None:
        """Note the members that no response of ours has."""
        for name in self.values:
            if name not in known:
                self.reject(name, "no response of this server has this member")

    def text(self, name: str) -> str:
        """Return a member as text; what is missing, null or no text is an empty one."""
        value = self.values.get(name)
        if isinstance(value, str):
            return value
        if value is None or isinstance(value, dict | list | bool):
            if value is not None:
                self.reject(name, "it is no text")
            return ""
        return str(value)

    def number(self, name: str) -> int | None:
        """Return a member as a whole number; ``None`` where it is none."""
        text = self.text(name)
        if re.fullmatch("-?[0-9]{1,18}", text, re.ASCII):
            return int(text)
        if text:
            self.reject(name, "it is no whole number")
        return None

    def amount(self, name: str) -> float | None:
        """Return a member as a number; ``None`` where it is none."""
        try:
            return float(text) if (text := self.text(name)) else None
        except ValueError:
            self.reject(name, "it is no number")
            return None

    def flag(self, name: str) -> bool:
        """Return whether a member is true."""
        value = self.values.get(name)
        return value is True or (not isinstance(value, bool) and str(value).lower() in ("true", "1"))

    def instant(self, name: str) -> Instant | None:
        """Return the instant of a date and time in the zone of the world's variants; ``None`` where it is none."""
        text = self.text(name)
        if not text:
            return None
        try:
            return begins(datetime.fromisoformat(text), self.zone)
        except (ValueError, OverflowError):
            self.reject(name, "it is no date and time")
            return None

    def child(self, name: str) -> RecordedItem | None:
        """Return a member that is an object."""
        value = self.values.get(name)
        return self._part(self.place(name), value) if isinstance(value, Mapping) else None

    def has_list(self, name: str) -> bool:
        """Return whether a member is a list."""
        return isinstance(self.values.get(name), list)

    def items(self, name: str = "items") -> list[RecordedItem]:
        """Return the objects in a list."""
        return list(self._items(name))

    def _items(self, name: str) -> Iterator[RecordedItem]:
        value = self.values.get(name)
        element = f".{'attachment' if name == 'attachments' else 'item'}" if self.is_xml else ""
        for place, each in enumerate(value if isinstance(value, list) else ()):
            path = f"{self.place(name)}{element}[{place}]"
            if isinstance(each, Mapping):
                yield self._part(path, each)
            else:
                self.findings.add(self.index, path, "it is no object")

    def numbers(self, name: str) -> list[int]:
        """Return the whole numbers in a list."""
        value = self.values.get(name)
        texts = [str(each) for each in value] if isinstance(value, list) else []
        return [int(each) for each in texts if re.fullmatch("[0-9]{1,18}", each, re.ASCII)]

    def _part(self, path: str, values: Mapping[str, Any]) -> RecordedItem:
        return RecordedItem(self.index, path, values, self.findings, self.zone, self.is_xml)


class RecordedCall(Struct, frozen=True):
    """A recorded request with its response."""

    index: int
    at: Instant
    operation: str
    credential: Credential | None
    values: Mapping[str, Any] | None
    """The values of the parameters; ``None`` where this server would reject them."""
    body: RecordedItem
    """The response; empty for an error, and for what is neither JSON nor XML."""
    error: int | None
    """The code of the error; ``None`` where the call was accepted."""

    @property
    def is_accepted(self) -> bool:
        """Whether the response is no error."""
        return self.error is None

    def is_before(self, other: RecordedCall) -> bool:
        """Return whether the call was made before another one; a recording may have them in another order, by their ends."""
        return (self.at, self.index) < (other.at, other.index)

    def value(self, name: str, default: Any = None) -> Any:
        """Return the value of a parameter."""
        return default if self.values is None else self.values.get(name, default)

    @property
    def is_success(self) -> bool:
        """Whether the response says that something was done."""
        return self.body.flag("success")

    @property
    def is_whole_list(self) -> bool:
        """Whether the response has the whole list, and not one page of several."""
        if self.values is None:
            return False
        paging = self.body.child("paging")
        is_paged = "page" in self.values or "limit" in self.values
        return not is_paged or (paging is not None and (paging.number("count") or 0) <= 1 >= self.values.get("page", 1))


def read_call(exchange: ObservedExchange, variants: Mapping[str, str], findings: Findings) -> RecordedCall:
    """Read a recorded exchange."""
    call = exchange.call
    read = _read_body(exchange.body)
    error: int | None = 0 if exchange.status >= 400 else None
    values, is_xml = ({}, False) if read is None else read
    found = values.get("error")
    if isinstance(found, Mapping) and call.operation != "error.view":
        code = str(found.get("code", ""))
        error = int(code) if code.isdecimal() else 0
    zone = zone_of(variants[quirks.ZONE.name])
    shown = values if error is None else {}
    body = RecordedItem(exchange.index, "response" if is_xml else "", shown, findings, zone, is_xml)
    return RecordedCall(
        exchange.index, exchange.at, call.operation, call.credential, _values(exchange, variants), body, error
    )


def _values(exchange: ObservedExchange, variants: Mapping[str, str]) -> Mapping[str, Any] | None:
    call = exchange.call
    operation = _BY_NAME.get(call.operation)
    if operation is None or call.defect is not None:
        return None
    try:
        if operation.name == "messages.recived":
            return parse_recived(call.values, variants[quirks.TWO_WAY.name])
        return parse_parameters(operation.parameters, call.values, blank=BLANK)
    except ProviderError:
        return None


def _read_body(body: bytes) -> tuple[Mapping[str, Any], bool] | None:
    """Return the object in a response, and whether it is XML; ``None`` for another response."""
    text = body.lstrip()
    if text.startswith(b"<"):
        try:
            root = etree.fromstring(text, _XML)
        except etree.XMLSyntaxError:
            return None
        values = _element(root)
        values = values if isinstance(values, dict) else {}
        return ({"error": values} if root.tag == "error" else values), True
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return (found, False) if isinstance(found, dict) else None


def _element(element: etree._Element) -> Any:
    children: Sequence[etree._Element] = list(element.iterchildren(tag=etree.Element))
    if element.tag in _LISTS:
        return [_element(each) for each in children]
    if children:
        return {str(each.tag): _element(each) for each in children}
    return element.text or ""
