"""What `mkdocs build` does beside its plugins.

It resolves links from a page to files of the repository outside `docs/`.

A page links to such a file as a reader of the repository needs it, such as `[compose.yaml](../compose.yaml)`. The site has no copy of
the file: the link leads to the repository where `DOCS_REPOSITORY_URL` names its address, and is text without a link otherwise.

It shows a Mermaid flow chart as a table: drawing it needs a script of another server.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^(?P<fence>\s*(?:```+|~~~+)).*?^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\((?P<target>[^)\s]+)\)")
LOG = logging.getLogger("mkdocs.site")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Resolve the links of one page; those inside code blocks are left as they are."""
    folder = posixpath.dirname(posixpath.join("docs", page.file.src_uri))
    address = config.repo_url

    def resolve(found: re.Match[str]) -> str:
        path, _, anchor = found["target"].partition("#")
        outside = posixpath.normpath(posixpath.join(folder, path))
        if not path or ":" in path or path.startswith("/") or outside.startswith("docs/"):
            return found[0]
        if outside.startswith("../") or not (ROOT / outside).exists():
            LOG.warning("%s links to %s, which is not in the repository", page.file.src_uri, path)
            return found[0]
        if not address:
            return found["text"]
        target = f"{address.rstrip('/')}/blob/{config.extra['repository_ref']}/{outside}"
        return f"[{found['text']}]({target}{'#' if anchor else ''}{anchor})"

    parts, end = [], 0
    for block in FENCE.finditer(markdown):
        is_chart = block[0].startswith("```mermaid\nflowchart")
        parts += [LINK.sub(resolve, markdown[end : block.start()]), table_of(block[0]) if is_chart else block[0]]
        end = block.end()
    return "".join((*parts, LINK.sub(resolve, markdown[end:])))


def table_of(chart: str) -> str:
    """Return the arrows of a flow chart as a table: from what, to what."""
    arrows: dict[str, list[str]] = {}
    for start, end in re.findall(r"(\w+) --> (\w+)", chart):
        arrows.setdefault(start, []).append(f"`{end}`")
    return "\n".join(
        ("| from | to |", "|---|---|", *(f"| `{start}` | {', '.join(ends)} |" for start, ends in arrows.items()))
    )
