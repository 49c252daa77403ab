"""Every link from a Markdown file of the repository to another file leads to it, and to a heading that it has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from contract_tests.project.pages import FENCE, ROOT

LINK = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)|<(?:img|a)[^>]*(?:src|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +\{#([\w-]+)\})?$", re.MULTILINE)
DESCRIBED = re.compile(r"^::: +([\w.]+)$", re.MULTILINE)
"""What mkdocstrings describes, under the name of the object as its anchor."""
FILES = tuple(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout.splitlines()
    if (ROOT / name).exists()
)


def anchors(file: Path) -> set[str]:
    """The anchors of a file's headings, as forges make them: lower case, without punctuation, hyphens for spaces."""
    found = set[str]()
    for heading, given in HEADING.findall(FENCE.sub("", file.read_text("utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found |= {given or slug, *(f"{slug}-{number}" for number in range(1, 9) if slug in found)}
    return found | {*DESCRIBED.findall(file.read_text("utf-8"))}


def broken(file: Path, link: str) -> str:
    """Why a link leads nowhere; empty for one that is right, or leads to another server."""
    path, _, anchor = link.partition("#")
    if ":" in path:
        return ""
    target = (file.parent / path).resolve() if path else file
    if not target.exists():
        return f"{link}: there is no such file"
    if not target.is_relative_to(ROOT):
        return f"{link}: it is not in the repository"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return f"{link}: there is no such heading"
    return ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_links_of_a_file_lead_somewhere(file: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", file.read_text("utf-8")))
    links = [one or other for one, other in LINK.findall(text)]

    assert [] == [reason for link in links if (reason := broken(file, link))]


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = ROOT / "docs" / "architecture.md"

    assert "" == broken(page, "#words")
    assert "" == broken(page, "decisions/README.md")
    assert "#nothing: there is no such heading" == broken(page, "#nothing")
    assert "nothing.md: there is no such file" == broken(page, "nothing.md")
