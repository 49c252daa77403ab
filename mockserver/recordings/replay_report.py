"""Writes what replays have found: as text, as JSON and as JUnit XML.

A request is named by its method and path: a query may have secrets in it that are no stand-ins.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from mockserver.engine.instants import iso
from mockserver.junit import format_junit

from .comparison import ResponseDifference
from .gate import ExplainedBy, JudgedCorpus, JudgedRecording
from .replay import VERDICTS, ReplayedExchange

MOST_SHOWN = 20
"""The differences of one exchange that a text shows; JSON has all."""
_LONGEST = 300
"""The characters of a value that a text shows."""


def request_line(each: ReplayedExchange) -> str:
    """Return the method and path of a request."""
    return f"{each.recorded.method} {urlsplit(each.recorded.url).path or '/'}"


def operation_of(each: ReplayedExchange) -> str:
    """Return the provider and operation of an exchange, or its host if it is no provider's."""
    exchange = each.exchange
    if exchange is None or exchange.provider is None:
        return urlsplit(each.recorded.url).hostname or "-"
    return f"{exchange.provider} {exchange.operation or '-'}"


# -- text --------------------------------------------------------------------------------------------------------------


def rows_of(judged: JudgedRecording) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table of a recording: an operation, and the number of its exchanges of each verdict."""
    counts: dict[str, Counter[str]] = {}
    for each in judged.replayed.exchanges:
        counts.setdefault(operation_of(each), Counter())[each.verdict] += 1
    for name in sorted(counts):
        yield (name, *(str(counts[name][verdict] or "-") for verdict in VERDICTS))


def describe(judged: JudgedRecording) -> Iterator[str]:
    """Yield the lines below the table: each exchange that is not as it was recorded, and what else is to be known."""
    for each in judged.replayed.exchanges:
        yield from _describe_exchange(each, judged)
    yield from (f"unreadable: {error}" for error in judged.replayed.unreadable)
    yield from (f"note: {note}" for note in judged.replayed.notes)
    yield from (f"explained: {line}" for line in summarise(judged))
    yield from (f"problem: {problem}" for problem in judged.problems)


def _describe_exchange(each: ReplayedExchange, judged: JudgedRecording) -> Iterator[str]:
    number = each.recorded.index + 1
    head = f"{number}. {iso(each.recorded.started)} {request_line(each)}"
    if each.verdict == "different":
        counting, accepted = judged.unexcused.get(number, ()), judged.accepted.get(number, [])
        yield f"{head}: {'different' if counting else 'accepted'}"
        for difference in counting[:MOST_SHOWN]:
            yield f"   {_describe(difference)}"
        if len(counting) > MOST_SHOWN:
            yield f"   and {len(counting) - MOST_SHOWN} more differences"
        for difference, entry in accepted:
            yield f"   accepted, {entry.reason}: {_describe(difference)}"
        explained = judged.explained.get(number, ())
        if explained:
            yield f"   explained by {' or by '.join(map(str, explained))}"
    elif each.verdict == "unserved":
        yield f"{head}: unserved, there is no such operation here; the recorded status was {each.recorded.status}"
    elif each.verdict == "incomplete":
        missing = "; ".join(each.recorded.missing) or "there was no response"
        yield f"{head}: incomplete, {missing}"


def _describe(difference: ResponseDifference) -> str:
    recorded, ours = (shorten(value, "nothing") for value in (difference.recorded, difference.ours))
    return f"{difference.path or 'the body'}: recorded {recorded}, ours {ours}: {difference.reason}"


def shorten(value: str | None, absent: str) -> str:
    """Return a value as a text shows it, of a long one the beginning and the length.

    Args:
        value: the value; ``None`` if there is none.
        absent: what is shown if there is none.
    """
    if value is None:
        return absent
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value)} characters)"


def summarise(judged: JudgedRecording) -> Iterator[str]:
    """Yield a sentence for each variant that explains exchanges with differences, the one that explains most first."""
    explained: Counter[ExplainedBy] = Counter(each for found in judged.explained.values() for each in found)
    total = len(judged.unexcused)
    for each, count in sorted(explained.items(), key=lambda item: (-item[1], item[0])):
        exchanges = "the exchange that differs" if total == 1 else f"{count} of {total} exchanges that differ"
        yield f"{each.quirk or 'the switch'}: with {each.switch}={each.variant} there is no difference in {exchanges}"


# -- JSON --------------------------------------------------------------------------------------------------------------


def to_json(corpus: JudgedCorpus) -> Mapping[str, Any]:
    """Return judged recordings as JSON."""
    return {
        "failed": corpus.has_failed,
        "recordings": [_recording_to_json(each) for each in corpus.recordings],
        "problems": corpus.problems,
    }


def _recording_to_json(judged: JudgedRecording) -> Mapping[str, Any]:
    replayed = judged.replayed
    return {
        "file": replayed.name,
        "world": None if replayed.world is None else replayed.world.name,
        "failed": judged.has_failed,
        "clock_offset": replayed.recording.clock_offset / 1_000_000,
        "counts": replayed.counts,
        "exchanges": [_exchange_to_json(each, judged) for each in replayed.exchanges],
        "unreadable": [str(error) for error in replayed.unreadable],
        "notes": replayed.notes,
        "explained": [*summarise(judged)],
        "problems": judged.problems,
    }


def _exchange_to_json(each: ReplayedExchange, judged: JudgedRecording) -> Mapping[str, Any]:
    number = each.recorded.index + 1
    accepted = dict(judged.accepted.get(number, ()))
    exchange = each.exchange
    return {
        "number": number,
        "started": iso(each.recorded.started),
        "request": request_line(each),
        "provider": None if exchange is None else exchange.provider,
        "operation": None if exchange is None else exchange.operation,
        "verdict": each.verdict,
        "status": {"recorded": each.recorded.status, "ours": each.status or None},
        "differences": [
            {**difference._asdict(), "accepted": accepted[difference].reason if difference in accepted else None}
            for difference in each.differences
        ],
        "explained_by": [found._asdict() for found in judged.explained.get(number, ())],
        "switches": sorted(each.switches),
        "missing": list(each.recorded.missing),
    }


# -- JUnit -------------------------------------------------------------------------------------------------------------


def junit(corpus: JudgedCorpus) -> str:
    """Return JUnit XML: a suite for each recording, and a case for each exchange."""
    root = ET.Element("testsuites", name="mockserver replay")
    for judged in corpus.recordings:
        suite = ET.SubElement(root, "testsuite", name=judged.replayed.name)
        for each in judged.replayed.exchanges:
            _add_case(suite, each, judged)
        for problem in (*judged.problems, *map(str, judged.replayed.unreadable)):
            case = ET.SubElement(suite, "testcase", classname=judged.replayed.name, name="the recording")
            ET.SubElement(case, "error", message=problem)
    if corpus.problems:
        suite = ET.SubElement(root, "testsuite", name="corpus")
        for problem in corpus.problems:
            case = ET.SubElement(suite, "testcase", classname="corpus", name="the corpus")
            ET.SubElement(case, "error", message=problem)
    return format_junit(root)


def _add_case(suite: ET.Element, each: ReplayedExchange, judged: JudgedRecording) -> None:
    number = each.recorded.index + 1
    name = f"{number}. {request_line(each)}"
    case = ET.SubElement(suite, "testcase", classname=operation_of(each), name=name)
    if number in judged.unexcused:
        lines = [line.strip() for line in _describe_exchange(each, judged)][1:]
        explained = judged.explained.get(number, ())
        quirks = ", ".join(dict.fromkeys(found.quirk or found.switch for found in explained))
        count = len(judged.unexcused[number])
        message = f"{count} difference{'s' * (count != 1)}{f', explained by {quirks}' if quirks else ''}"
        ET.SubElement(case, "failure", type="different", message=message).text = "\n".join(lines)
    elif not each.is_compared:
        ET.SubElement(case, "skipped", message=next(_describe_exchange(each, judged), each.verdict))
