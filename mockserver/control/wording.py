"""An explanation as text: a line for each thing that there is to say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def in_words(explanation: Mapping[str, Any]) -> str:
    """An explanation as text, a line for each thing that there is to say."""
    return "\n".join(line for part in _PARTS for line in part(explanation))


def _first(said: Mapping[str, Any]) -> Iterable[str]:
    what = f" by {said['rule']['name']}" if said["outcome"] == "refused" else ""
    yield f"Exchange {said['exchange']} at {said['at']}: {said['request'] or 'bytes'} -> {said['status']}"
    yield f"  {said['outcome']}{what}" + (f": {said['rule']['description']}" if said["rule"]["description"] else "")


def _rule_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    rule, quirk = said["rule"], said["quirk"]
    if rule["basis"]:
        yield f"Rule: {rule['name']}, {rule['basis']}"
    if rule["sentence"]:
        yield f'  {rule["document"]}: "{rule["sentence"]}"'
    if quirk:
        yield f"  {quirk['number']}: {quirk['title']}"
        yield f"    we: {quirk['we']}"
        yield f"    known by: {quirk['known_by']}"
    yield from (f"  {name}: {fact}" for name, fact in rule["facts"].items())


def _received_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    for name, value in said["received"].items():
        yield f"Received: {name} {'was not there' if value is None else f'= {value!r}'}"


def _windows_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    for window in said["windows"]:
        state = "free" if window["is_free"] else f"free again at {window['clock']}"
        yield f"Window: {window['limit']}: {window['used']} used, {state}"


def _readings_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    for switch in said["readings"]:
        others = " | ".join(reading for reading in switch["readings"] if reading != switch["reading"])
        yield f"Reading: {switch['name']}: {switch['reading'] or 'not known'} (there is {others})"


def _ignored_in_words(said: Mapping[str, Any]) -> Iterable[str]:
    if said["unread"]:
        yield "Nothing read: " + ", ".join(f"{each['name']} ({each['place']})" for each in said["unread"])
    for miss in said["near_misses"]:
        yield f"Near miss: the {miss['kind']} {miss['sent']}; did you mean {miss['known']}?"


def _last(said: Mapping[str, Any]) -> Iterable[str]:
    if said["fault"]:
        yield f"Fault: {json.dumps(said['fault'], sort_keys=True)}"
    if said["fix"]:
        yield f"Fix: {said['fix']}"


_PARTS = (
    _first,
    _rule_in_words,
    _received_in_words,
    _windows_in_words,
    _readings_in_words,
    _ignored_in_words,
    _last,
)
