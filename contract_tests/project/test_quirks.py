"""Quirks are tied to code and tests: every number leads somewhere, and every switch is described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.app import PROVIDERS
from mockserver.sdk.provider import Provider

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"\b(?:DT|MG|SW)-[0-9]+\b")
TEST = re.compile(r"def test_((?:dt|mg|sw)_[0-9]+)_")
FIELDS = re.compile(r"^- (Other reading|We|Known by): \S", re.MULTILINE)

QUIRKS = {room.name: (ROOT / "mockserver/providers" / room.name / "QUIRKS.md").read_text() for room in PROVIDERS}
HEADINGS = {name: re.findall(r"^## (\S+) \S", text, re.MULTILINE) for name, text in QUIRKS.items()}
NUMBERS = [number for numbers in HEADINGS.values() for number in numbers]


def sources(folder: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / folder).rglob("*.py")))


@pytest.mark.parametrize("room", PROVIDERS, ids=lambda room: room.name)
def test_the_entries_of_a_room_are_numbered_from_one(room: Provider) -> None:
    prefix = HEADINGS[room.name][0].partition("-")[0]

    assert [f"{prefix}-{number}" for number in range(1, len(HEADINGS[room.name]) + 1)] == HEADINGS[room.name]


@pytest.mark.parametrize("room", PROVIDERS, ids=lambda room: room.name)
def test_an_entry_quotes_the_document_tells_the_other_reading_and_says_what_we_do(room: Provider) -> None:
    entries = QUIRKS[room.name].split("\n## ")[1:]
    incomplete = {
        entry.split()[0]: sorted({"Other reading", "We", "Known by"} - set(FIELDS.findall(entry)))
        for entry in entries
        if {"Other reading", "We", "Known by"} - set(FIELDS.findall(entry))
        or not re.search(r"^- 00[0-4]", entry, re.MULTILINE)
    }

    assert {} == incomplete


def test_every_quirk_has_a_test_with_its_number_in_the_name() -> None:
    tested = {name.upper().replace("_", "-") for name in TEST.findall(sources("contract_tests"))}

    assert [] == [number for number in NUMBERS if number not in tested]


def test_every_number_that_the_code_names_exists() -> None:
    named = set(NUMBER.findall(sources("mockserver"))) | set(NUMBER.findall(sources("contract_tests")))

    assert set() == named - set(NUMBERS)


def test_every_quirk_is_named_by_the_code_of_its_room() -> None:
    unnamed = {
        room: [number for number in numbers if number not in NUMBER.findall(sources(f"mockserver/providers/{room}"))]
        for room, numbers in HEADINGS.items()
    }

    assert {room: [] for room in HEADINGS} == unnamed


@pytest.mark.parametrize("room", PROVIDERS, ids=lambda room: room.name)
def test_the_switches_described_are_the_switches_there_are(room: Provider) -> None:
    described = {
        (entry.split()[0], name, tuple(re.findall(r"`([^`]+)`", readings)))
        for entry in QUIRKS[room.name].split("\n## ")[1:]
        for name, readings in re.findall(r"^- Switch: `([^`]+)`: (.*)$", entry, re.MULTILINE)
    }

    assert {(quirk.number, quirk.name, tuple(quirk.readings)) for quirk in room.quirks} == described


@pytest.mark.parametrize("room", PROVIDERS, ids=lambda room: room.name)
def test_every_refusal_has_a_source_that_exists(room: Provider) -> None:
    for refusal in room.errors:
        assert refusal.description
        assert refusal.source.quirk in (None, *NUMBERS), refusal
        assert refusal.source.document or refusal.source.quirk, refusal
