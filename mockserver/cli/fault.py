"""``mockserver fault``: add, list and remove fault rules for responses and webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .common import (
    CommandGroup,
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

    from mockserver.client import Mock, WorldClient, WorldFaultRule

    from .common import Command


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver fault add --fault reset --point after --first 1 --operation sms.send_message --parameter to=5556667777
  mockserver fault add --target webhook --fault delay --option seconds=90 --expires-after 3 --provider serwersms
  mockserver fault list
  mockserver fault remove --all
""",
)
def fault() -> None:
    """Add, list and remove fault rules: which responses or webhooks fail, when, and how."""


def _option(text: str) -> tuple[str, Any]:
    """Parse ``NAME=VALUE``. A value that is JSON is read as JSON, so ``NAME="5"`` is a string; others are strings."""
    name, value = as_pair(text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _when(command: Command) -> Command:
    """Add the options that say when a rule acts."""
    times = click.IntRange(1)
    return decorated(
        command,
        [
            click.option("--first", metavar="N", type=times, help="Only the first N that match."),
            click.option("--every", metavar="N", type=times, help="Every Nth that matches."),
            click.option("--nth", metavar="N", type=times, help="Only the Nth that matches."),
            click.option("--skip", metavar="N", type=times, help="All but the first N that match."),
            click.option(
                "--from", "from_", metavar="INSTANT", help="Start of the rule: an instant, or PT30S for 30 s from now."
            ),
            click.option("--until", metavar="INSTANT", help="End of the rule: an instant, or PT30S for 30 s from now."),
            click.option(
                "--probability",
                type=click.FloatRange(0, 1),
                help="Probability of each hit; the world's seed makes it repeatable.",
            ),
        ],
    )


@fault.command(
    epilog="""\b
Examples:
  mockserver fault add --fault reset --point after --first 1 --operation sms.send_message --parameter to=5556667777
  mockserver fault add --fault delay --option seconds=2 --provider mgage --every 3
  mockserver fault add --fault provider_error --option name=TooManyPerNumber --provider dialogtech --until PT30S
  mockserver fault add '{"fault": [{"kind": "delay", "seconds": 1}, {"kind": "close"}], "when": {"nth": 2}}'
  mockserver fault add --target webhook --fault lost_acknowledgement --option attempts=2 --account demo --kind inbound
"""
)
@click.argument("rule", required=False, type=as_json)
@click.option(
    "--fault",
    "fault_kind",
    metavar="KIND",
    help="The fault: reset, delay and so on; mockserver fault kinds lists them.",
)
@click.option(
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    type=_option,
    help="An option of the fault; may be repeated.",
)
@click.option("--target", type=click.Choice(["response", "webhook"]), help="What fails; a response by default.")
@click.option(
    "--point",
    type=click.Choice(["before", "after"]),
    help="Whether the fault comes before or after the operation takes effect.",
)
@matching
@click.option("--account", help="Webhooks only: the account's name.")
@click.option(
    "--kind", help="Webhooks only: the kind of delivery, such as inbound; `mockserver delivery list` shows it."
)
@click.option("--url", "webhook_url", help="Webhooks only: the URL; * stands for any characters.")
@_when
@click.option(
    "--expires-after", metavar="N", type=click.IntRange(1), help="Number of hits after which the rule is exhausted."
)
@click.option("--id", help="The rule's id; generated when not given.")
@to_world
def add(
    world: WorldClient,
    output: Output,
    rule: Any,
    fault_kind: str | None,
    options: Sequence[tuple[str, Any]],
    from_: str | None,
    match: dict[str, Any],
    account: str | None,
    kind: str | None,
    webhook_url: str | None,
    target: Any,
    point: Any,
    expires_after: int | None,
    id: str | None,  # noqa: A002 - the option's name
    **when: Any,
) -> None:
    """Add a fault rule: a JSON RULE (text, @FILE, or - for stdin), or options."""
    when = only_given({**when, "from": from_})
    match |= only_given({"account": account, "kind": kind, "url": webhook_url})
    rest: dict[str, Any] = only_given(
        {
            "target": target,
            "match": match or None,
            "when": when or None,
            "point": point,
            "expires_after": expires_after,
            "id": id,
        }
    )
    if (rule is None) == (fault_kind is None) or (rule is not None and (rest or options)):
        raise click.UsageError("give a RULE as JSON, or --fault and its options")
    if rule is None:
        added = world.faults.add({"kind": fault_kind, **dict(options)}, **rest)
    else:
        added = world.faults.add_rule(rule)
    _show([added], added.row, output)


@fault.command("list", epilog="Example: mockserver fault list --world mine")
@click.option("--since", metavar="ID", help="Only rules after the one with this id.")
@click.option("--limit", type=click.IntRange(1), help="Maximal count; all by default.")
@to_world
def list_(world: WorldClient, output: Output, since: str | None, limit: int | None) -> None:
    """List the fault rules, with the number of their hits."""
    rules = world.faults.list(since=since, limit=limit)
    _show(rules, {"faults": [each.row for each in rules]}, output)
    if len(rules) == limit:
        hint(f"there may be more; repeat with --since {rules[-1].id}, or with a greater --limit")


@fault.command(
    epilog="""\b
Examples:
  mockserver fault remove f1 f2 --world mine
  mockserver fault remove --all
"""
)
@click.argument("rules", metavar="[RULE...]", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Every rule.")
@to_world
def remove(world: WorldClient, output: Output, rules: tuple[str, ...], is_all: bool) -> None:
    """Remove fault rules by their ids, or all."""
    if is_all == bool(rules):
        raise click.UsageError("give the ids of rules, or --all")
    for rule in rules:
        world.faults.remove(rule)
    removed = world.faults.clear() if is_all else len(rules)
    output.show({"removed": removed}, f"removed {removed}")


@fault.command(epilog="Example: mockserver fault kinds")
@to_server
def kinds(mock: Mock, output: Output) -> None:
    """List the kinds of faults and their options."""
    known = mock.fault_kinds()
    rows = ((each["kind"], each["target"], " ".join(_options(each)), each["about"]) for each in known)
    output.show({"kinds": known}, table(("FAULT", "TARGET", "OPTIONS", "WHAT HAPPENS"), rows))


def _options(kind: dict[str, Any]) -> list[str]:
    return [name for name in kind["schema"]["properties"] if name != "kind"]


def _show(rules: Sequence[WorldFaultRule], data: Any, output: Output) -> None:
    titles = ("ID", "TARGET", "FAULT", "MATCH", "WHEN", "POINT", "MATCHED", "HITS", "REMAINING", "EXHAUSTED")
    rows = (
        (row["id"], row["target"], *_described(row), *(row[key] for key in _COUNTED))
        for row in (each.row for each in rules)
    )
    output.show(data, table(titles, rows))
    if not rules:
        hint("there are no fault rules")


_COUNTED = ("point", "matched", "hits", "remaining", "exhausted")


def _described(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return a rule's fault, match and time, worded as the options of ``fault add``."""
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
