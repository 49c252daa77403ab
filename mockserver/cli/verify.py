"""``mockserver assert``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import Failed, Output, as_json, hint, matching, only_given, to_world
from .journal import OUTCOME

if TYPE_CHECKING:
    from mockserver.client import World


@click.command(
    "assert",
    epilog="""\b
Examples:
  mockserver assert --operation sms.send_message --parameter to=5556667777 --count 3
  mockserver assert --provider mgage --status 401 --at-least 1
  mockserver assert '{"exchanges": [{"operation": "sms.get_numbers"}, {"operation": "sms.send_message"}], "order": true}'
""",
)
@click.argument("claim", required=False, type=as_json)
@matching
@click.option("--account", help="Whose, as PROVIDER/ACCOUNT.")
@OUTCOME
@click.option("--status", type=int, help="Of HTTP.")
@click.option("--refusal", help="The name of the provider's refusal.")
@click.option("--accepted", is_flag=True, help="That got the provider's yes, whole; as --outcome accepted.")
@click.option("--count", metavar="N", type=click.IntRange(0), help="Exactly so many; one or more when none is given.")
@click.option("--at-least", metavar="N", type=click.IntRange(0), help="So many or more.")
@click.option("--at-most", metavar="N", type=click.IntRange(0), help="So many or fewer.")
@click.option("--since", metavar="N", type=click.IntRange(0), help="Exchanges up to this number do not count.")
@to_world
def assert_(
    world: World,
    output: Output,
    claim: Any,
    match: dict[str, Any],
    accepted: bool,
    count: int | None,
    at_least: int | None,
    at_most: int | None,
    since: int | None,
    **fields: Any,
) -> None:
    """Claim that exchanges happened: options for one, or JSON for several. If not so: 1, and the difference on stderr."""
    from mockserver.client.exchanges import unmet

    wanted = {**match, **only_given(fields), **({"outcome": "accepted"} if accepted else {})}
    bounds = only_given({"at_least": at_least, "at_most": at_most})
    rest = only_given({"count": count if count is not None else bounds or None, "since": since})
    if accepted and fields["refusal"] is not None:
        raise click.UsageError("--accepted and --refusal exclude each other: what was refused was not accepted")
    if accepted and fields["outcome"] not in (None, "accepted"):
        raise click.UsageError(f"--accepted and --outcome {fields['outcome']} exclude each other")
    if (claim is None) == (not wanted) or (claim is not None and rest) or (count is not None and bounds):
        raise click.UsageError("give a CLAIM as JSON, or options that say which exchange and how many")
    answer = world.claim({"exchanges": [wanted], **rest} if claim is None else claim)
    if output.form == "json" or answer["holds"]:
        output.show(answer, f"so it is: {_numbers(answer['found'])}")
    if not answer["holds"]:
        raise Failed(unmet(answer))
    if answer.get("dropped"):
        hint(f"{answer['dropped']} exchanges that might have counted are gone: {answer['why_dropped']}")


def _numbers(found: list[int]) -> str:
    return f"exchange{'s' * (len(found) != 1)} {', '.join(map(str, found))}" if found else "there is none"
