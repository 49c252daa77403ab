"""The command palette: what a person who types a few letters may mean, the best first.

The server ranks, so that a world of many messages is not sent to the browser, and every browser shows the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import nsmallest
from typing import Any, NamedTuple

from . import faults
from .clock import STEPS
from .handset_list import HandsetFilter, HandsetNames, current_row, list_handsets
from .page_context import PageRequest, url_in_world

MOST = 20
"""The answers that are returned at most."""
_OF_A_KIND = 6
"""The answers of one kind that are returned at most."""
_EXCHANGES = 500
"""The latest exchanges that are looked through."""
_WORLDS = 500
"""The latest worlds that are looked through."""
_TEXT = 80
"""The characters that are shown of a message or of an address."""


class Answer(NamedTuple):
    """Something that the palette leads to."""

    kind: str
    label: str
    detail: str
    url: str
    """Where it leads, or where the form of an action is sent."""
    form: Mapping[str, str] = {}
    """The fields of the form; empty where it is a link."""
    is_found: bool = False
    """Whether it is known to match, by something that its label does not show."""


def find_answers(page_request: PageRequest, sections: Mapping[str, str]) -> dict[str, Any]:
    """Return the answers to the text ``q``, the best first; without a text, what is wanted most.

    Args:
        page_request: ``q`` is the text, ``back`` the path that an action returns to.
        sections: the sections of the page, each with its title.
    """
    wanted = page_request.args.get("q", "").strip()
    words = wanted.casefold().split()
    kinds = (
        _list_sections(page_request, sections),
        _list_actions(page_request),
        _list_exchanges(page_request, words),
        _list_handsets(page_request, wanted),
        _list_faults(page_request) if words else iter(()),
        _list_variants(page_request) if words else iter(()),
        _list_worlds(page_request) if words else iter(()),
    )
    ranked = []
    for order, answers in enumerate(kinds):
        scored = ((_score(answer, words), order, place, answer) for place, answer in enumerate(answers))
        most = len(sections) if not words and order == 0 else _OF_A_KIND
        ranked += nsmallest(most, (each for each in scored if each[0] is not None))
    return {
        "query": wanted,
        "answers": [
            {
                "kind": answer.kind,
                "label": answer.label,
                "detail": answer.detail,
                "url": answer.url,
                "form": dict(answer.form),
            }
            for *_, answer in nsmallest(MOST, ranked)
        ],
    }


def _score(answer: Answer, words: list[str]) -> int | None:
    """Return how well an answer matches, 0 the best; ``None`` if it does not match."""
    label, text = answer.label.casefold(), " ".join(words)
    if not words or label == text:
        return 0
    if label.startswith(text):
        return 1
    if all(any(part.startswith(word) for part in label.replace(".", " ").split()) for word in words):
        return 2
    if all(word in label for word in words):
        return 3
    everything = f"{answer.kind} {label} {answer.detail}".casefold()
    return 4 if answer.is_found or all(word in everything for word in words) else None


def _list_sections(page_request: PageRequest, sections: Mapping[str, str]) -> Iterator[Answer]:
    for name, title in sections.items():
        yield Answer("Section", title, "", page_request.url_for_section(name))


def _list_actions(page_request: PageRequest) -> Iterator[Answer]:
    url, back = page_request.url_for_section("clock"), page_request.args.get("back", "")
    if page_request.clock.next is not None:
        yield Answer("Action", "Advance to what is due next", "Clock", url, {"do": "next", "back": back})
    for seconds, words in STEPS.items():
        yield Answer("Action", f"Advance {words}", "Clock", url, {"do": seconds, "back": back})
    if page_request.clock.is_frozen:
        yield Answer("Action", "Resume the clock", "Clock", url, {"do": "resume", "back": back})
    else:
        yield Answer("Action", "Freeze the clock", "Clock", url, {"do": "freeze", "back": back})


def _list_exchanges(page_request: PageRequest, words: list[str]) -> Iterator[Answer]:
    """Yield the latest exchanges, or the one whose number is wanted first."""
    journal, titles = page_request.world.journal, page_request.context.titles
    latest = journal.since(max(0, journal.last - (_EXCHANGES if words else 3)))[::-1]
    if len(words) == 1 and words[0].isdecimal() and len(words[0]) < 19:
        named = journal.get(int(words[0]))
        latest = [*([] if named is None else [named]), *latest]
    for number, exchange in {each.number: each for each in latest}.items():
        page_request.context.masking.apply(exchange)
        what = exchange.operation or f"{exchange.method} {exchange.target}"[:_TEXT].strip() or "no HTTP request"
        error = "" if exchange.error is None else f" {type(exchange.error).__name__}"
        yield Answer(
            "Exchange",
            f"{number} {what}",
            f"{titles.get(exchange.provider or '', '')} {exchange.outcome.replace('_', ' ')}{error}".strip(),
            page_request.url_for_section(f"exchanges/{number}"),
        )


def _list_handsets(page_request: PageRequest, wanted: str) -> Iterator[Answer]:
    """Yield the handsets whose number, name or messages have the text; without one, those that were used last."""
    world = page_request.world
    found = list_handsets(page_request, HandsetFilter(wanted), 0)
    with world.lock:
        names = HandsetNames(page_request, world.state)
        rows = [
            current_row(world.state, each.number, names, found.matching)
            for each in found.handsets[: None if wanted else 3]
        ]
    for row in rows:
        if row is not None:
            text = row.latest.text or row.latest.title
            label = f"{row.name} {row.number}".strip()
            url = page_request.url_for_section("conversations", open=row.number)
            yield Answer("Handset", label, text[:_TEXT], url, is_found=True)


def _list_faults(page_request: PageRequest) -> Iterator[Answer]:
    for each in faults.list_kinds(page_request):
        url = f"{page_request.url_for_section('faults')}#kind-{each.id}"
        yield Answer("Fault", each.title, f"{each.about} ({each.name})", url)


def _list_variants(page_request: PageRequest) -> Iterator[Answer]:
    for name, switch in page_request.call_api("GET", "variants").items():
        detail = f"{switch['quirk'] or ''} now {switch['variant']}".strip()
        yield Answer("Variant", name, detail, f"{page_request.url_for_section('variants')}#switch-{name}")


def _list_worlds(page_request: PageRequest) -> Iterator[Answer]:
    registry = page_request.context.registry
    ids = dict.fromkeys((registry.default.id, *(each.id for each in registry.latest(_WORLDS))))
    for world_id in ids:
        yield Answer("World", world_id, "", url_in_world(world_id, "exchanges"))
