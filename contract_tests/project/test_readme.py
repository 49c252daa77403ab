"""The README names every switch."""

from __future__ import annotations

from pathlib import Path

from contract_tests.installed import PROVIDERS

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_switches_are_all_in_the_readme() -> None:
    missing = [quirk.name for provider in PROVIDERS for quirk in provider.quirks if f"`{quirk.name}`" not in README]

    assert [] == missing
