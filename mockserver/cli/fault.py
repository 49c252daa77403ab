"""``mockserver fault``: failure on purpose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .common import (
    Group,
    Output,
    as_json,
    as_pair,
    cell,
    decorated,
    hint,
    matching,
    only_given,
    pairs,
    table,
    to_server,
    to_world,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mockserver.client import Fault, Mock, World

    from .common import Command


@click.group(
    cls=Group,
    epilog="""\b
Examples:
  mockserver fault arm --fault reset --point after --first 1 --operation sms.send_message --parameter to=5556667777
  mockserver fault list
  mockserver fault clear
""",
)
def fault() -> None:
    """Let exchanges fail on purpose: which of them, when, at which point, and how."""


def _option(text: str) -> tuple[str, Any]:
    """``NAME=VALUE``; what reads as a number, true or false is one, and ``NAME="5"`` is a text."""
    name, value = as_pair(text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _when(command: Command) -> Command:
    """The options that say when a rule acts."""
    times = click.IntRange(1)
    return decorated(
        command,
        [
            click.option("--first", metavar="N", type=times, help="The first N of them."),
            click.option("--every", metavar="N", type=times, help="Every Nth."),
            click.option("--nth", metavar="N", type=times, help="The Nth."),
            click.option("--after", metavar="N", type=times, help="Those after the Nth."),
            click.option("--from", "from_", metavar="INSTANT", help="Not before; an instant, or PT30S from now."),
            click.option("--until", metavar="INSTANT", help="Only before; an instant, or PT30S from now."),
            click.option("--probability", type=click.FloatRange(0, 1), help="From the world's seed."),
        ],
    )


@fault.command(
    epilog="""\b
Examples:
  mockserver fault arm --fault reset --point after --first 1 --operation sms.send_message --parameter to=5556667777
  mockserver fault arm --fault delay --option seconds=2 --provider mgage --every 3
  mockserver fault arm --fault refusal --option name=TooManyPerNumber --provider dialogtech --until PT30S
  mockserver fault arm '{"fault": [{"kind": "delay", "seconds": 1}, {"kind": "close"}], "when": {"nth": 2}}'
"""
)
@click.argument("rule", required=False, type=as_json)
@click.option("--fault", "kind", help="What happens: reset, delay, refusal and so on; see fault kinds.")
@click.option("--option", "options", metavar="NAME=VALUE", multiple=True, type=_option, help="Of the fault.")
@click.option("--point", type=click.Choice(["before", "after"]), help="Before the operation takes effect, or after.")
@matching
@_when
@click.option("--expires-after", metavar="N", type=click.IntRange(1), help="Hits after which it is spent.")
@click.option("--id", help="A name for it; one is made when none is given.")
@to_world
def arm(
    world: World,
    output: Output,
    rule: Any,
    kind: str | None,
    options: Sequence[tuple[str, Any]],
    from_: str | None,
    match: dict[str, Any],
    point: str | None,
    expires_after: int | None,
    id: str | None,  # noqa: A002 - the option's name
    **when: Any,
) -> None:
    """Arm a rule: a JSON RULE (text, @FILE, or - for stdin), or the options that make one."""
    when = only_given({**when, "from": from_})
    rest = only_given(
        {"match": match or None, "when": when or None, "point": point, "expires_after": expires_after, "id": id}
    )
    if (rule is None) == (kind is None) or (rule is not None and (rest or options)):
        raise click.UsageError("give a RULE as JSON, or --fault and its options")
    armed = world.arm({"kind": kind, **dict(options)}, **rest) if rule is None else world.arm_rule(rule)
    _tell([armed], armed.row, output)


@fault.command("list", epilog="Example: mockserver fault list --world mine")
@to_world
def list_(world: World, output: Output) -> None:
    """List the rules that are armed, with their hits."""
    armed = world.faults()
    _tell(armed, {"faults": [each.row for each in armed]}, output)


@fault.command(
    epilog="""\b
Examples:
  mockserver fault clear
  mockserver fault clear f1 f2 --world mine
"""
)
@click.argument("rules", metavar="[RULE...]", nargs=-1)
@to_world
def clear(world: World, output: Output, rules: tuple[str, ...]) -> None:
    """Clear the rules of these ids, or all."""
    if rules:
        for rule in rules:
            world.fault(rule).clear()
        cleared = len(rules)
    else:
        cleared = world.clear_faults()
    output.show({"cleared": cleared}, f"cleared {cleared}")


@fault.command(epilog="Example: mockserver fault kinds")
@to_server
def kinds(mock: Mock, output: Output) -> None:
    """List what a fault can be, and the options of each."""
    known = mock.fault_kinds()
    rows = ((each["kind"], " ".join(_options(each)), each["about"]) for each in known)
    output.show({"kinds": known}, table(("FAULT", "OPTIONS", "WHAT HAPPENS"), rows))


def _options(kind: dict[str, Any]) -> list[str]:
    return [name for name in kind["schema"]["properties"] if name != "kind"]


def _tell(armed: Sequence[Fault], data: Any, output: Output) -> None:
    titles = ("ID", "FAULT", "MATCH", "WHEN", "POINT", "MATCHED", "HITS", "SPENT")
    rows = ((row["id"], *_worded(row), *(row[key] for key in _COUNTED)) for row in (each.row for each in armed))
    output.show(data, table(titles, rows))
    if not armed:
        hint("no faults are armed")


_COUNTED = ("point", "matched", "hits", "spent")


def _worded(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """What happens, to which exchanges, and when, in the words of the options."""
    faults = row["fault"] if isinstance(row["fault"], list) else [row["fault"]]
    match = dict(row["match"])
    criteria = [
        f"{place} {name}{_criterion(wanted)}"
        for place in ("parameter", "header")
        for name, wanted in match.pop(f"{place}s", {}).items()
    ]
    named = [f"{name} {wanted}" for name, wanted in match.items()]
    when = [f"{name} {cell(value)}" for name, value in row["when"].items()]
    return (
        ", then ".join(map(_fault, faults)),
        ", ".join([*named, *criteria]) or "everything",
        ", ".join(when) or "always",
    )


def _fault(fault: Mapping[str, Any]) -> str:
    return f"{fault['kind']} {pairs({name: value for name, value in fault.items() if name != 'kind'})}".rstrip()


def _criterion(wanted: str | Mapping[str, str]) -> str:
    return f"={wanted}" if isinstance(wanted, str) else f"~{wanted['pattern']}"
