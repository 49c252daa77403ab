"""The page about writing a provider shows the example as it is, and names every field of the SDK's two tables."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from mockserver.sdk import Operation, Provider

PAGE = Path(__file__).parents[2] / "docs/writing-a-provider.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"(?:^\[[^\n]*\]\(([^)\n]*)\):\n\n)?^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_every_block_of_code_names_its_file() -> None:
    assert len(BLOCKS) > 10
    assert {"console"} == {language for file, language, _ in BLOCKS if not file}


@pytest.mark.parametrize(
    ("file", "code"),
    [
        pytest.param(file, code, id=f"{number}-{file.rpartition('/')[2]}")
        for number, (file, _, code) in enumerate(BLOCKS)
        if file
    ],
)
def test_a_block_of_code_is_a_part_of_its_file(file: str, code: str) -> None:
    assert code in (PAGE.parent / file).read_text("utf-8")


@pytest.mark.parametrize("table", [Provider, Operation], ids=lambda table: table.__name__)
def test_every_field_is_named_in_a_table(table: type) -> None:
    rows = [line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert set() == {field.name for field in fields(table)} - named  # type: ignore[arg-type]  # both are dataclasses


def test_every_field_in_a_table_exists() -> None:
    rows = [line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert set() == named - {field.name for table in (Provider, Operation) for field in fields(table)}


def test_its_links_point_to_existing_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)

    assert [] == [link for link in links if not (PAGE.parent / link).exists()]
