"""Formats the result of a check, in words, as JSON and as JUnit XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mockserver.junit import format_junit

from .judging import VERDICTS, CheckedCase, Verdict

if TYPE_CHECKING:
    from mockserver.engine.provider_errors import Source

    from .calls import ReceiverCall

_SHOWN = 60
"""Characters of a response body that are shown."""


def find_verdict(checked: Sequence[CheckedCase]) -> Verdict:
    """Return the verdict of a whole check: that of the worst case."""
    return max((case.verdict for case in checked), key=VERDICTS.index, default="passed")


def describe_answer(call: ReceiverCall) -> str:
    """Describe a response in a few words, such as ``200 'OK'``."""
    outcome = call.outcome
    if outcome.status is None:
        return "none"
    body = outcome.body.decode(errors="replace")
    shown = body if len(body) <= _SHOWN else f"{body[:_SHOWN]}…"
    return f"{outcome.status} {shown!r}" if body else f"{outcome.status}"


def describe_answers(case: CheckedCase) -> str:
    """Describe the different responses of a case, in order."""
    return ", then ".join(dict.fromkeys(map(describe_answer, case.calls)))


def describe_source(source: Source) -> str:
    """Return the sentence of a document, or the number of the quirk that is assumed."""
    quirk = f" ({source.quirk})" if source.quirk else ""
    return f"{source.document}: “{source.sentence}”{quirk}" if source.document else f"assumed ({source.quirk})"


def summarize(checked: Sequence[CheckedCase]) -> str:
    """Return how many cases there were of each verdict."""
    numbers = Counter(case.verdict for case in checked)
    words = (f"{numbers[verdict]} {verdict}" for verdict in VERDICTS if numbers[verdict])
    return f"{len(checked)} case{'s' * (len(checked) != 1)}: {', '.join(words)}"


def hide_login(url: str) -> str:
    """Return a URL without the user and password before its host, so that reports do not show them."""
    return _LOGIN.sub("//", url, count=1)


_LOGIN = re.compile("//[^/?#]*@")


def to_row(case: CheckedCase) -> dict[str, Any]:
    """Return a case as JSON."""
    source = case.source
    return {
        "case": case.case.name,
        "about": case.case.about,
        "kind": case.kind,
        "verdict": case.verdict,
        "sentence": case.sentence,
        "source": {"document": source.document, "sentence": source.sentence, "quirk": source.quirk},
        "answer": describe_answers(case),
        "seconds": round(case.seconds, 3),
        "calls": len(case.calls),
        "is_repeated": case.is_repeated,
        "repeated_after": list(case.repeats),
        "cost": case.cost,
        "expected": case.expected,
        "stored": case.stored,
        "depends_on": [
            {"quirk": each.number, "switch": each.switch, "variant": each.variant} for each in case.depends_on
        ],
        "requests": [_to_call(call) for call in case.calls],
    }


def _to_call(call: ReceiverCall) -> dict[str, Any]:
    return {
        "method": call.request.method,
        "url": hide_login(call.request.url),
        "status": call.outcome.status,
        "body": call.outcome.body.decode(errors="replace"),
        "error": call.outcome.error,
        "seconds": round(call.seconds, 3),
        "is_assumed": call.is_assumed,
    }


def write_junit(url: str, checked: Sequence[CheckedCase]) -> str:
    """Return JUnit XML with a test for each case. A test with a warning has passed, and has the reason as its output."""
    suite = ET.Element("testsuite", name=f"check-receiver {hide_login(url)}")
    for case in checked:
        test = ET.SubElement(suite, "testcase", classname=f"receiver.{case.kind}", name=case.case.name)
        test.set("time", f"{case.seconds:.3f}")
        text = f"{case.sentence}\nanswer: {describe_answers(case)}\ncost: {case.cost}\n{describe_source(case.source)}"
        if case.verdict == "failed":
            ET.SubElement(test, "failure", message=case.sentence).text = text
        elif case.verdict == "warning":
            ET.SubElement(test, "system-out").text = text
    return format_junit(suite)
