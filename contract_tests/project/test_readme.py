"""README.md is a front page: short, and everything else is on the documentation site."""

from __future__ import annotations

from pathlib import Path

from contract_tests.installed import PROVIDERS
from contract_tests.project.pages import blocks_of

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
LARGEST = 8000
"""Bytes."""


def test_the_readme_is_a_front_page() -> None:
    text = README.read_text("utf-8")
    code = "".join(block.code for block in blocks_of(README))

    assert len(text.encode()) < LARGEST
    assert 1 == text.count("![")
    assert ["make run", "make test", "docker run", "MOCKSERVER_TOKEN=", "curl ", "def test_", "mockserver exec"] == [
        each
        for each in (
            "make run",
            "make test",
            "docker run",
            "MOCKSERVER_TOKEN=",
            "curl ",
            "def test_",
            "mockserver exec",
        )
        if each in code
    ]


def test_every_switch_is_in_the_table_of_variants() -> None:
    table = (ROOT / "docs" / "reference" / "variants.md").read_text("utf-8")
    missing = [quirk.name for provider in PROVIDERS for quirk in provider.quirks if f"`{quirk.name}`" not in table]

    assert [] == missing
