"""Shows a calibration: as text for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mockserver.admin.quirk_parser import entries
from mockserver.sdk.loading import ProviderSet
from mockserver.sdk.provider import Quirk
from mockserver.sdk.reconstruction import DecidingRequest

from .calibration import Calibration, QuirkFinding, UnexplainedDifference
from .replay_report import shorten
from .variant_search import Tried

_MANY_NAMES = 6
"""The variants of a switch, or the exchanges, that are named to people."""


def to_json(calibration: Calibration, providers: ProviderSet) -> dict[str, Any]:
    """Return a calibration as JSON; exchanges have their numbers in the recording, from 1."""
    return {
        "compared": calibration.compared,
        "replays": calibration.replays,
        "complete": calibration.is_complete,
        "variants": calibration.variants,
        "quirks": [
            {
                "quirk": each.switch.number or None,
                "provider": each.provider or None,
                "switch": each.switch.name,
                "title": title_of(each, providers),
                "verdict": "open" if each.explained_by is None else "explained",
                "explained_by": each.explained_by,
                "open": list(each.open),
                "refuted": [
                    {"variant": variant, "exchanges": _numbers(tried.refuted_by), "path": tried.place}
                    for variant, tried in each.tried.items()
                    if tried.refuted_by
                ],
                "met": each.is_met,
                "decider": _decider(each.switch),
            }
            for each in calibration.findings
        ],
        "unexplained": [_unexplained(each) for each in calibration.unexplained],
        "uncaused": [
            {"exchange": each.index + 1, "path": each.path, "reason": each.reason} for each in calibration.uncaused
        ],
    }


def title_of(finding: QuirkFinding, providers: ProviderSet) -> str:
    """Return the title of a switch's quirk in the provider's QUIRKS.md; empty where it has none."""
    provider = providers.by_name.get(finding.provider)
    if provider is None or provider.quirks_file is None:
        return ""
    entry = entries(provider.quirks_file).get(finding.switch.number)
    return "" if entry is None else entry.title


def _decider(switch: Quirk) -> dict[str, Any] | None:
    if switch.decider is None:
        return None
    requests = [
        {
            "method": each.method,
            "target": each.target,
            "body": each.body,
            "content_type": each.content_type if each.body else None,
            "authorization": each.is_authorized,
            "after": each.after,
        }
        for each in switch.decider.requests
    ]
    return {"sentence": switch.decider.sentence, "requests": requests}


def _unexplained(difference: UnexplainedDifference) -> dict[str, Any]:
    return {
        "provider": difference.provider,
        "operation": difference.operation or None,
        "exchanges": _numbers(difference.indexes),
        "path": difference.path,
        "reason": difference.reason,
        "recorded": difference.recorded,
        "ours": difference.ours,
        "less_with": [
            {"switch": name, "variant": variant, "refuted_by": _numbers(indexes)}
            for name, variant, indexes in difference.explained_by
        ],
    }


def rows_of(calibration: Calibration) -> Iterator[Sequence[str]]:
    """Yield a row for each switch: quirk, switch, verdict, its variants that explain the recording, and the exchanges that decide."""
    for each in sorted(calibration.findings, key=lambda each: (each.explained_by is None, not each.is_met)):
        verdict = "open" if each.explained_by is None else "explained"
        variants = each.explained_by or names_of(each.open)
        decided_by = ", ".join(map(str, _numbers(each.decided_by)))
        yield (
            each.switch.number or "-",
            each.switch.name,
            verdict,
            variants,
            decided_by or "-",
        )


def describe(calibration: Calibration, providers: ProviderSet) -> Iterator[str]:
    """Yield the lines below the table: why variants are refuted, what would decide the open ones, and what nothing explains."""
    explained = [each for each in calibration.findings if each.refuted]
    if explained:
        yield "Decided"
        for each in explained:
            yield from _describe_decided(each, title_of(each, providers))
        yield ""
    still_open = [each for each in calibration.findings if each.explained_by is None]
    if still_open:
        yield "Open"
        for each in sorted(still_open, key=lambda each: not each.is_met):
            yield from _describe_open(each, title_of(each, providers))
        yield ""
    if calibration.unexplained:
        yield "No variant explains: new quirks to be numbered"
        for difference in calibration.unexplained:
            yield from _describe_unexplained(difference)
        yield ""


def _head(finding: QuirkFinding, title: str) -> str:
    return f"  {' '.join(filter(None, (finding.switch.number, title)))} ({finding.switch.name})"


def _describe_decided(finding: QuirkFinding, title: str) -> Iterator[str]:
    yield _head(finding, title)
    if finding.explained_by is not None:
        yield f"    {finding.explained_by} explains the recording"
    groups: dict[tuple[tuple[int, ...], str], list[str]] = {}
    for variant, tried in finding.tried.items():
        if tried.refuted_by:
            groups.setdefault((tried.refuted_by, tried.place), []).append(variant)
    for (indexes, place), variants in groups.items():
        verb = "is" if len(variants) == 1 else "are"
        at = f", at {place}" if place else ""
        yield f"    {names_of(variants)} {verb} refuted by {_exchanges(indexes)}{at}"


def _describe_open(finding: QuirkFinding, title: str) -> Iterator[str]:
    yield _head(finding, title)
    if not finding.is_met:
        yield "    no exchange depends on it"
    else:
        yield f"    {names_of(finding.open)} all explain the recording"
        yield from _describe_partners(finding.tried)
        if finding.switch.any_zone:
            yield "    at the recorded instants their clocks are the same: make the requests in another season"
        default, first = finding.switch.variants[0], finding.open[0]
        if default not in finding.open:
            choice = f"--variant {finding.switch.name}={first}"
            yield f"    the default, {default}, is refuted: until it is decided, choose one of them, as with {choice}"
    decider = finding.switch.decider
    if decider is None:
        return
    yield f"    To decide it: {decider.sentence}"
    yield from (f"      {line}" for request in decider.requests for line in _request_lines(request))


def _describe_partners(tried: Mapping[str, Tried]) -> Iterator[str]:
    for variant, each in tried.items():
        if each.together_with is not None:
            name, other = each.together_with
            yield f"    {variant} does so with {name}={other}"


def _request_lines(request: DecidingRequest) -> Iterator[str]:
    notes = []
    if request.is_authorized:
        notes.append("with HTTP Basic credentials")
    if request.after:
        notes.append(f"{request.after} s later")
    yield " ".join([request.method, request.target, *([f"({', '.join(notes)})"] if notes else [])])
    if request.body:
        yield f"  {request.content_type}: {request.body}"


def _describe_unexplained(difference: UnexplainedDifference) -> Iterator[str]:
    operation = " ".join(filter(None, (difference.provider, difference.operation)))
    yield f"  {operation}, {_exchanges(difference.indexes)}: {difference.path}: {difference.reason}"
    yield f"    recorded  {shorten(difference.recorded, '-')}"
    yield f"    ours      {shorten(difference.ours, '-')}"
    for name, variant, indexes in difference.explained_by:
        yield f"    {name}={variant} would change it, but is refuted by {_exchanges(indexes)}"


def names_of(names: Iterable[str]) -> str:
    """Return names with commas between them, of very many the first."""
    listed = list(names)
    more = len(listed) - _MANY_NAMES
    return ", ".join(listed) if more <= 1 else f"{', '.join(listed[:_MANY_NAMES])} and {more} more"


def _numbers(indexes: Iterable[int]) -> list[int]:
    return [index + 1 for index in indexes]


def _exchanges(indexes: Sequence[int]) -> str:
    return f"exchange{'s' * (len(indexes) != 1)} {names_of(map(str, _numbers(indexes)))}"
