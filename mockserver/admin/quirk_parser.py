"""Parses the providers' QUIRKS.md files. Each is parsed once, when it is first needed.

An entry is a heading, ``## DT-23 What the rate limits count``, and a list. The items before
``Other variant``, ``We``, ``Switch`` and ``Known by`` are what the documents say. A test checks that every entry has
this form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.sdk.provider import Provider, Quirk
from mockserver.unpatched import read_text

_HEADING = re.compile(r"^## (\S+) (.+)$", re.MULTILINE)
_LINE = re.compile(r"^- (?:(Other variant|We|Switch|Known by): )?(.+)$", re.MULTILINE)


class QuirkEntry(NamedTuple):
    """An entry of QUIRKS.md: a point that the documents leave open."""

    number: str
    title: str
    documents: tuple[str, ...]
    """What the documents say, each sentence after its document's number."""
    other_variant: str
    we: str
    """Our choice."""
    known_by: str
    """The evidence for our choice."""

    @property
    def basis(self) -> str:
        """``documented``, ``shown by sample`` or ``assumed``, as the first words of ``known_by`` say."""
        return basis(self.known_by)


_BASES = {"documented": "documented", "sample": "shown by sample"}


def basis(known_by: str) -> str:
    """Return ``documented``, ``shown by sample`` or ``assumed`` for the text after ``Known by``."""
    return _BASES.get(re.split(r"\W", known_by, maxsplit=1)[0], "assumed")


@cache
def entries(quirks_file: Path) -> Mapping[str, QuirkEntry]:
    """Return the entries of a QUIRKS.md, by number."""
    _, *parts = _HEADING.split(read_text(quirks_file))
    return {number: _entry(number, title, body) for number, title, body in zip(*[iter(parts)] * 3, strict=True)}


def _entry(number: str, title: str, body: str) -> QuirkEntry:
    said: dict[str, list[str]] = {}
    for label, text in _LINE.findall(body):
        said.setdefault(label, []).append(text)
    other, we, known_by = (" ".join(said.get(label, ())) for label in ("Other variant", "We", "Known by"))
    return QuirkEntry(number, title, tuple(said.get("", ())), other, we, known_by)


def described(entry: QuirkEntry) -> dict[str, Any]:
    """Return an entry as JSON."""
    return {
        "number": entry.number,
        "title": entry.title,
        "documents": list(entry.documents),
        "other_variant": entry.other_variant,
        "we": entry.we,
        "basis": entry.basis,
        "known_by": entry.known_by,
    }


def switch_described(switch: Quirk, variants: Mapping[str, str]) -> dict[str, Any]:
    """Return a switch as JSON with its variant among a world's variants; ``None`` if they do not include it."""
    return {
        "name": switch.name,
        "variant": variants.get(switch.name),
        "default": switch.default,
        "variants": [*switch.variants, *["any IANA zone name"] * switch.any_zone],
    }


def catalogue(providers: Iterable[Provider], variants: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return every entry of every provider as JSON, with its switches and their variants in a world."""
    return [
        {
            "provider": provider.name,
            **described(entry),
            "switches": [switch_described(switch, variants) for switch in provider.quirks if switch.number == number],
        }
        for provider in providers
        if provider.quirks_file is not None
        for number, entry in entries(provider.quirks_file).items()
    ]
