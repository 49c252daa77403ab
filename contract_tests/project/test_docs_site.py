"""The documentation site is built without a warning, and loads nothing from other servers."""

from __future__ import annotations

import re
from pathlib import Path

FETCHED = re.compile(r"<(?:script|img|iframe|link(?=[^>]*stylesheet))[^>]*(?:src|href)=\"?((?:https?:)?//[^\"\s>]+)")


def test_the_site_is_built_without_a_warning_and_its_pages_load_nothing_from_another_server(site: Path) -> None:
    loaded = {str(path.relative_to(site)): FETCHED.findall(path.read_text()) for path in site.rglob("*.html")}

    assert {"index.html", "architecture/index.html", "decisions/index.html"} <= loaded.keys()
    assert {} == {page: urls for page, urls in loaded.items() if urls}
