"""Every quotation is in the document that it names, word for word (white space aside)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contract_tests.installed import PROVIDERS

ROOT = Path(__file__).parents[2]
QUOTE = re.compile(r"[\"“]([^\"“”]{3,})[\"”]")
CITATION = re.compile(r"(?:#|^-|;|//) ?(00[0-4])(?:, \w+)?: ([^;#]*)")


def words(text: str) -> str:
    return " ".join(text.split())


def page(path: Path) -> str:
    """A document's text; where its first line is JSON, also the text inside that."""
    raw = path.read_text()
    body = json.loads(raw.split("\n")[0])["body"] if raw.startswith("{") else ""
    return words(f"{raw}\n{body}\n{body.replace(chr(92) + 'n', ' ').replace(chr(92), '')}")


PAGES = {path.stem: page(path) for path in (ROOT / "contract_tests/documents/pages").glob("*.txt")}


def missing(document: str, quote: str) -> list[str]:
    """The parts of a quotation that the document does not have; an ellipsis leaves something out."""
    return [part for part in re.split(r"\s*(?:…|\.\.\.)\s*", quote) if words(part) not in PAGES[document]]


ROWS = [
    ("" if row.name == "action" else operation.name, row)  # one row stands for the action on every page
    for provider in PROVIDERS
    for operation in provider.operations
    for row in (*operation.common, *operation.parameters)
]

SERWERSMS = {each.name for provider in PROVIDERS if provider.name == "serwersms" for each in provider.operations}


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_the_row_of_a_parameter_is_the_one_of_its_operation_s_document(operation: str, row: Any) -> None:
    document, sentence, quirk = row.source
    documents = {
        "sms.get_messages": "000",
        "sms.send_message": "001",
        "sms.get_numbers": "002",
        "program.export": "003",
    }

    if document is None:
        assert quirk
    else:
        assert documents.get(operation, "004" if operation in SERWERSMS else "001") == document
        assert (
            row.place == "path"
            or re.match(rf"\b(\w+ oraz )?{row.name}", sentence)
            or sentence.startswith(f"date_from oraz {row.name}")
        )
        assert [] == missing(document, sentence)


@pytest.mark.parametrize(
    "path",
    [path for suffix in ("*.py", "*.md") for path in sorted((ROOT / "mockserver").rglob(suffix))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_quotes_in_comments_and_quirks_are_the_documents(path: Path) -> None:
    wrong = [
        (document, part)
        for line in path.read_text().splitlines()
        for document, citation in CITATION.findall(line)
        for quote in QUOTE.findall(citation)
        for part in missing(document, quote)
    ]

    assert [] == wrong
