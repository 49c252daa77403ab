"""The site for programs that read: llms.txt lists every page, and each page has a twin in Markdown."""

from __future__ import annotations

import re
from pathlib import Path

from contract_tests.project.pages import DOCS, ROOT

LINK = re.compile(r"^- \[(?P<title>.+?)\]\(/(?P<path>[^)]*)\)(?:: (?P<about>.+))?$", re.MULTILINE)
SOURCES = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
NAME, *_ = re.findall(r"^site_name: (.+)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)


def twin_of(source: str) -> str:
    """The path on the site of a page's twin in Markdown."""
    folder, name = Path(source).parent, Path(source).stem
    return str(folder / "index.md" if name in ("index", "README") else folder / name / "index.md")


def listed(site: Path) -> list[re.Match[str]]:
    return [*LINK.finditer((site / "llms.txt").read_text())]


def test_llms_txt_begins_as_its_convention_says(site: Path) -> None:
    title, _, summary, _, about = (site / "llms.txt").read_text().splitlines()[:5]

    assert (f"# {NAME}", "> ") == (title, summary[:2])
    assert "Append index.md" in about


def test_llms_txt_lists_every_page_once_and_every_link_leads_to_a_file(site: Path) -> None:
    paths = [each["path"] for each in listed(site)]

    assert sorted({twin_of(source) for source in SOURCES}) == sorted(paths)
    assert [] == [path for path in paths if not (site / path).is_file()]


def test_the_twin_of_a_page_has_its_headings_and_no_markup_of_the_site(site: Path) -> None:
    for source in SOURCES:
        twin = (site / twin_of(source)).read_text()
        assert twin.startswith("# "), source
        assert "<div" not in re.sub(r"```.*?```|`[^`\n]+`", "", twin, flags=re.DOTALL), source


def test_llms_full_txt_has_the_text_of_every_twin(site: Path) -> None:
    whole = (site / "llms-full.txt").read_text()
    missing = [path for each in listed(site) if (site / (path := each["path"])).read_text().strip() not in whole]

    assert [] == missing


def test_the_twin_of_a_page_of_code_has_what_the_code_says(site: Path) -> None:
    python = (site / "reference/python/index.md").read_text()

    assert "A client of one world: accounts, messages, clock, variants, faults, deliveries and journal." in python
    assert "wait_for_message" in python
    assert "show_value" in (site / "reference/provider-sdk/index.md").read_text()
