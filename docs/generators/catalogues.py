"""The pages of what the providers' documents say and leave open: quirks, variants, errors, magic numbers, and the outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from mockserver.admin.outcomes import MEANINGS
from mockserver.admin.quirk_parser import catalogue
from mockserver.sdk.loading import installed_providers

from .markdown import anchored, cell, code, line, table


@cache
def quirk_entries() -> list[dict[str, Any]]:
    """Return every quirk of every provider, as the control API shows it."""
    return catalogue(installed_providers(), {})


def linked(text: str) -> str:
    """Return a text in which each number of a quirk is a link to its entry."""
    numbers = "|".join(sorted((re.escape(each["number"]) for each in quirk_entries()), key=len, reverse=True))
    return re.sub(rf"\b(?:{numbers})\b(?!-)", lambda found: f"[{found[0]}](quirks.md#{found[0].lower()})", text)


def source(document: str | None, sentence: str | None, quirk: str | None) -> str:
    """Return where something is documented, in a cell of a table."""
    said = [f"{document}: “{cell(sentence or '')}”"] if document else []
    return "; ".join([*said, *([linked(quirk)] if quirk else [])])


def quirks() -> Iterator[str]:
    """Every point that the providers' documents leave open."""
    yield "# Quirks"
    yield ""
    yield (
        "A quirk is a point where a provider's document is silent, or contradicts itself. Each has a number, what the document says, how else it could be read, "
        "what mockserver does, and how that is known: *documented* (a sentence says so), *sample* (a printed example shows it), *vendor* (another page or a client of the provider says so), *siblings* (other pages or actions of the same product do so), "
        "*clients* (other public clients rely on it) or *assumed* (ours). Where a quirk has a switch, its [variants](variants.md) are chosen for a world."
    )
    for provider in installed_providers():
        own = [each for each in quirk_entries() if each["provider"] == provider.name]
        if own:
            yield ""
            yield f"## {provider.title}"
        for entry in own:
            yield from quirk(entry)


def quirk(entry: dict[str, Any]) -> Iterator[str]:
    """One quirk."""
    yield ""
    yield anchored(3, f"{entry['number']} {entry['title']}", entry["number"].lower())
    yield ""
    yield from (f"- Document: {linked(line(said))}" for said in entry["documents"])
    for title, text in (
        ("Other variant", entry["other_variant"]),
        ("What mockserver does", entry["we"]),
        ("Known by", entry["known_by"]),
    ):
        if text:
            yield f"- {title}: {linked(line(text))}"
    for switch in entry["switches"]:
        yield f"- Switch: [{code(switch['name'])}](variants.md#{switch['name'].replace('_', '-').replace('.', '-')})"


def variants() -> Iterator[str]:
    """Every switch with its variants."""
    yield "# Variants"
    yield ""
    yield (
        "A variant is one way to read a [quirk](quirks.md). Each world has one variant of every switch; a world that chooses none has the default. "
        "`mockserver variant list` shows those of a world, `mockserver variant set NAME=VARIANT` changes one at once, and a world file has them in `variants`."
    )
    titles = {entry["number"]: entry["title"] for entry in quirk_entries()}
    for switch in installed_providers().switches:
        yield ""
        yield anchored(2, code(switch.name), switch.name.replace("_", "-").replace(".", "-"))
        yield ""
        if switch.number in titles:
            yield f"{linked(switch.number)}: {line(titles[switch.number])}"
        else:
            yield "No quirk: a switch for tests that are about something else."
        yield ""
        yield f"- Default: {code(switch.default)}"
        others = [code(each) for each in switch.variants[1:]]
        yield f"- Other variants: {', '.join([*others, *['the IANA name of any time zone'] * switch.any_zone])}"
        if switch.operations:
            yield f"- Operations: {', '.join(map(code, switch.operations))}"


def errors() -> Iterator[str]:
    """Every provider error."""
    yield "# Provider errors"
    yield ""
    yield (
        "The errors that the providers answer with, by the name that fault rules (`provider_error`), `verify` and the journal use. "
        "An error is *documented* when a document has its sentence, else *assumed* by a [quirk](quirks.md)."
    )
    for provider in installed_providers():
        yield ""
        yield f"## {provider.title}"
        yield from table(
            ("name", "HTTP status", "description", "when", "source"),
            (
                (
                    code(error.__name__),
                    str(error.status),
                    cell(str(error.description)),
                    cell((error.__doc__ or "").strip()),
                    source(*error.source),
                )
                for error in provider.errors
            ),
        )


def magic_numbers() -> Iterator[str]:
    """The magic values."""
    yield "# Magic numbers"
    yield ""
    yield (
        "Values of parameters that cause an outcome in every world, without a fault rule. mockserver defines them; the providers do not have them. "
        "`mockserver magic` prints the same list."
    )
    for provider in installed_providers():
        if provider.magic:
            yield ""
            yield f"## {provider.title}"
            yield from table(
                ("parameter", "values", "outcome"),
                ((code(each.parameter), code(each.range), cell(each.outcome)) for each in provider.magic),
            )


def outcomes() -> Iterator[str]:
    """The outcomes of exchanges."""
    yield "# Outcomes"
    yield ""
    yield (
        "The outcome of an exchange says what the client got. The decision of the provider is kept beside it, because a fault can make the two differ: "
        "a message can be `accepted` and stored while the client got `no_response`. `mockserver journal --outcome OUTCOME` and `world.journal(outcome=…)` select by it."
    )
    yield from table(("outcome", "meaning"), ((code(name), cell(meaning)) for name, meaning in MEANINGS.items()))
