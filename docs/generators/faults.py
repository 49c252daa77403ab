"""The page of fault rules."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.http.fault_effects import FAULTS, SCHEMAS
from mockserver.http.fault_rules import RULE

from .markdown import anchored, code, first_paragraph, members, schema_in_words, table


def faults() -> Iterator[str]:
    """The members of a fault rule, and every kind of fault with its options."""
    yield "# Faults"
    yield ""
    yield (
        "A fault rule says what goes wrong on purpose. Rules are tried in their order, and the first that hits is applied. "
        "The same JSON is the body of `POST /_mock/worlds/WORLD/faults`, the argument of `world.faults.add_rule`, and an item of `faults` in a world file; "
        "`mockserver fault add` has an option for each member."
    )
    yield ""
    yield "## Members of a rule"
    yield from members(RULE)
    for name in ("match", "when"):
        yield ""
        yield f"### Members of `{name}`"
        yield from members(RULE["properties"][name])
    for target, kinds in FAULTS.items():
        yield ""
        yield f"## Faults of a {target}"
        for kind, fault in kinds.items():
            yield ""
            yield anchored(3, code(kind), f"{target}-{kind}".replace("_", "-"))
            yield ""
            yield first_paragraph(fault)
            schema = SCHEMAS[target][kind]
            needed = schema.get("required", ())
            yield from table(
                ("option", "needed", "value"),
                (
                    (code(name), "yes" if name in needed else "", schema_in_words(part))
                    for name, part in schema["properties"].items()
                    if name != "kind"
                ),
            )
            yield ""
            yield f"Points: {', '.join(map(code, fault.points))}."
