"""Print what CHANGELOG.md says of a version: the text of its release. The exit code is 1 when it says nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def read_section(text: str, version: str) -> str | None:
    """Return the text below the heading of a version, such as ``## 1.2.3 - 2026-12-01``; ``None`` if there is none."""
    heading = rf"^## \[?{re.escape(version)}\]? - \d{{4}}-\d\d-\d\d$"
    found = re.search(rf"{heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() or None if found else None


if __name__ == "__main__":
    version = sys.argv[1].removeprefix("v")
    section = read_section(CHANGELOG.read_text("utf-8"), version)
    if section is None:
        sys.exit(f"CHANGELOG.md has no section `## {version} - YYYY-MM-DD` with a text: write it before the tag")
    sys.stdout.write(f"{section}\n")
