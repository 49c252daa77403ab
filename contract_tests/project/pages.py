"""The pages that users read: README.md and those of the documentation site, with their blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOR_AGENTS = tuple(sorted((ROOT / "mockserver" / "agents" / "files").glob("*.md")))
PAGES = (
    ROOT / "README.md",
    *FOR_AGENTS,
    *sorted(path for path in DOCS.rglob("*.md") if "node_modules" not in path.parts),
)
PRINTED = "http://127.0.0.1:7670"
"""The address that the pages print; a test puts its own server's in place of it."""

FENCE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ ]*(?P<language>[\w+-]*)(?P<options>[^\n]*)\n"
    r"(?P<code>.*?)^(?P=indent)(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
FILE = re.compile(r"(?:#|//|--) ([\w.-]+\.\w+)\n")
"""A first line that says by which name a block is kept as a file."""
SNIPPET = re.compile(r"\s*-{2,}8<-{2,} +\"([^\"]+)\"\s*")
OUTPUT = ("text", "json", "xml")


class Block(NamedTuple):
    """A fenced block of code."""

    page: Path
    line: int
    language: str
    code: str
    shown: str | None
    """What the page shows as its output: the block of text, JSON or XML that follows directly."""
    is_output: bool
    """Whether it is the output of the block before it."""

    @property
    def file(self) -> str:
        """The name of the file that it is; empty for one that is none."""
        found = FILE.match(self.code)
        return found[1] if found else ""

    @property
    def snippet(self) -> str:
        """The file of the repository that is shown here; empty for one whose code stands in the page."""
        found = SNIPPET.fullmatch(self.code)
        return found[1].partition(":")[0] if found else ""

    @property
    def title(self) -> str:
        """Where it stands, and its first line, for a test's name."""
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.code.partition(chr(10))[0][:60]}"


def code_of(found: re.Match[str]) -> str:
    """The code of a block, without the spaces that its fence begins with."""
    return "".join(line.removeprefix(found["indent"]) for line in found["code"].splitlines(keepends=True))


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, each with its output."""
    text = page.read_text("utf-8")
    found = list(FENCE.finditer(text))
    outputs = set[int]()
    for place, each in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else None
        is_directly_before = after is not None and text[each.end() : after.start()].strip("\n") == ""
        has_output = (
            is_directly_before
            and each["language"] in ("sh", "python")
            and after is not None
            and after["language"] in OUTPUT
        )
        if has_output:
            outputs.add(place + 1)
        yield Block(
            page,
            text.count("\n", 0, each.start()) + 1,
            each["language"],
            code_of(each),
            code_of(after) if has_output and after is not None else None,
            place in outputs,
        )


def prose_of(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text("utf-8"))


BLOCKS = tuple(block for page in PAGES for block in blocks_of(page))
