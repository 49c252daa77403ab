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
FIELDS = re.compile(r"^- (Other variant|We|Known by): \S", re.MULTILINE)

QUIRKS = {
    provider.name: (ROOT / "mockserver/providers" / provider.name / "QUIRKS.md").read_text() for provider in PROVIDERS
}
HEADINGS = {name: re.findall(r"^## (\S+) \S", text, re.MULTILINE) for name, text in QUIRKS.items()}
NUMBERS = [number for numbers in HEADINGS.values() for number in numbers]


def sources(folder: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / folder).rglob("*.py")))


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_the_entries_of_a_provider_are_numbered_from_one(provider: Provider) -> None:
    prefix = HEADINGS[provider.name][0].partition("-")[0]

    assert [f"{prefix}-{number}" for number in range(1, len(HEADINGS[provider.name]) + 1)] == HEADINGS[provider.name]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_an_entry_quotes_the_document_tells_the_other_variant_and_says_what_we_do(provider: Provider) -> None:
    entries = QUIRKS[provider.name].split("\n## ")[1:]
    incomplete = {
        entry.split()[0]: sorted({"Other variant", "We", "Known by"} - set(FIELDS.findall(entry)))
        for entry in entries
        if {"Other variant", "We", "Known by"} - set(FIELDS.findall(entry))
        or not re.search(r"^- 00[0-4]", entry, re.MULTILINE)
    }

    assert {} == incomplete


def test_every_quirk_has_a_test_with_its_number_in_the_name() -> None:
    tested = {name.upper().replace("_", "-") for name in TEST.findall(sources("contract_tests"))}

    assert [] == [number for number in NUMBERS if number not in tested]


def test_every_number_that_the_code_names_exists() -> None:
    named = set(NUMBER.findall(sources("mockserver"))) | set(NUMBER.findall(sources("contract_tests")))

    assert set() == named - set(NUMBERS)


def test_every_quirk_is_named_by_the_code_of_its_provider() -> None:
    unnamed = {
        provider: [
            number for number in numbers if number not in NUMBER.findall(sources(f"mockserver/providers/{provider}"))
        ]
        for provider, numbers in HEADINGS.items()
    }

    assert {provider: [] for provider in HEADINGS} == unnamed


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_the_switches_described_are_the_switches_there_are(provider: Provider) -> None:
    described = {
        (entry.split()[0], name, tuple(re.findall(r"`([^`]+)`", variants)))
        for entry in QUIRKS[provider.name].split("\n## ")[1:]
        for name, variants in re.findall(r"^- Switch: `([^`]+)`: (.*)$", entry, re.MULTILINE)
    }

    assert {(quirk.number, quirk.name, tuple(quirk.variants)) for quirk in provider.quirks} == described


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_every_provider_error_has_a_source_that_exists(provider: Provider) -> None:
    for error in provider.errors:
        assert error.description
        assert error.source.quirk in (None, *NUMBERS), error
        assert error.source.document or error.source.quirk, error
