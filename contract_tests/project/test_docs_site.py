"""The documentation site is built without a warning, and loads nothing from other servers."""

from __future__ import annotations

import logging
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from contract_tests.project.pages import ROOT

FETCHED = re.compile(r"<(?:script|img|iframe|link(?=[^>]*stylesheet))[^>]*(?:src|href)=\"?((?:https?:)?//[^\"\s>]+)")


def test_the_site_is_built_without_a_warning_and_its_pages_load_nothing_from_another_server(site: Path) -> None:
    loaded = {str(path.relative_to(site)): FETCHED.findall(path.read_text()) for path in site.rglob("*.html")}

    assert {"index.html", "architecture/index.html", "decisions/index.html"} <= loaded.keys()
    assert {} == {page: urls for page, urls in loaded.items() if urls}


def written(markdown: str, address: str | None = None) -> str:
    """A page docs/how-to/page.md as the site shows it."""
    page = SimpleNamespace(file=SimpleNamespace(src_uri="how-to/page.md"))
    config = SimpleNamespace(repo_url=address, extra={"repository_ref": "v1"})
    text: str = runpy.run_path(str(ROOT / "docs/site.py"))["on_page_markdown"](markdown, page=page, config=config)
    return text


@pytest.mark.parametrize(
    ("markdown", "without_address", "with_address"),
    [
        ("[a](../../compose.yaml)", "a", "[a](https://forge.example/m/blob/v1/compose.yaml)"),
        ("[`a`](../../README.md#start)", "`a`", "[`a`](https://forge.example/m/blob/v1/README.md#start)"),
        ("[a](../scale.md) [b](https://b.example)", *["[a](../scale.md) [b](https://b.example)"] * 2),
        ("```text\n[a](../../compose.yaml)\n```", *["```text\n[a](../../compose.yaml)\n```"] * 2),
    ],
)
def test_a_link_out_of_the_site_leads_to_the_repository_or_is_text(
    markdown: str, without_address: str, with_address: str
) -> None:
    assert without_address == written(markdown)
    assert with_address == written(markdown, "https://forge.example/m/")


def test_a_link_to_a_file_that_is_not_in_the_repository_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mkdocs.site"):
        written("[a](../../nothing.md)")

    assert ["how-to/page.md links to ../../nothing.md, which is not in the repository"] == caplog.messages


def test_a_flow_chart_is_shown_as_a_table() -> None:
    assert "| from | to |\n|---|---|\n| `a` | `b`, `c` |" == written(
        "```mermaid\nflowchart TD\n    a --> b\n    a --> c\n```"
    )
