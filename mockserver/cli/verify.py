"""``mockserver verify``: check that the expected exchanges happened, or what has changed since a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import CliError, ExitCode, Output, as_json, hint, matching, only_given, to_world
from .journal import OUTCOME

if TYPE_CHECKING:
    from mockserver.client import WorldClient


@click.command(
    "verify",
    epilog="""\b
Examples:
  mockserver verify --operation sms.send_message --parameter to=5556667777 --count 3
  mockserver verify --provider mgage --status 401 --at-least 1
  mockserver verify '{"exchanges": [{"operation": "sms.get_numbers"}, {"operation": "sms.send_message"}], "order": true}'
  mockserver verify '{"since": "before", "changes": [{"change": "inserted", "kind": "message"}], "nothing_else": true}'
""",
)
@click.argument("verification", required=False, type=as_json)
@matching
@click.option("--account", help="The account, as PROVIDER/ACCOUNT.")
@OUTCOME
@click.option("--status", type=int, help="The HTTP status.")
@click.option("--error", help="The name of the provider error.")
@click.option("--accepted", is_flag=True, help="Only accepted requests; the same as --outcome accepted.")
@click.option("--count", metavar="N", type=click.IntRange(0), help="The exact number; one or more by default.")
@click.option("--at-least", metavar="N", type=click.IntRange(0), help="The least number.")
@click.option("--at-most", metavar="N", type=click.IntRange(0), help="The greatest number.")
@click.option("--since", metavar="N", type=click.IntRange(0), help="Only exchanges with a greater number count.")
@to_world
def verify(
    world: WorldClient,
    output: Output,
    verification: Any,
    match: dict[str, Any],
    accepted: bool,
    count: int | None,
    at_least: int | None,
    at_most: int | None,
    since: int | None,
    **fields: Any,
) -> None:
    """Verify that exchanges happened: options for one, or JSON for several, or for changes since a checkpoint.

    If not so: 1, and the difference on stderr.
    """
    from mockserver.client.checkpoints import CHANGES_DIFFER
    from mockserver.client.exchanges import VERIFICATION_FAILED, unmet_sentences

    wanted = {**match, **only_given(fields), **({"outcome": "accepted"} if accepted else {})}
    bounds = only_given({"at_least": at_least, "at_most": at_most})
    rest = only_given({"count": count if count is not None else bounds or None, "since": since})
    if accepted and fields["error"] is not None:
        raise click.UsageError("--accepted and --error exclude each other")
    if accepted and fields["outcome"] not in (None, "accepted"):
        raise click.UsageError(f"--accepted and --outcome {fields['outcome']} exclude each other")
    if (verification is None) == (not wanted) or (verification is not None and rest) or (count is not None and bounds):
        raise click.UsageError("give a VERIFICATION as JSON, or options that select exchanges and their number")
    response = world.run_verification({"exchanges": [wanted], **rest} if verification is None else verification)
    is_of_changes = isinstance(verification, dict) and "changes" in verification
    if output.form == "json" or response["holds"]:
        found = response["found"]
        output.show(response, "\n".join(["verified", *found]) if is_of_changes else f"verified: {_numbers(found)}")
    if not response["holds"]:
        difference = unmet_sentences(response)
        failed = CHANGES_DIFFER if is_of_changes else VERIFICATION_FAILED
        raise CliError(failed, ExitCode.NO, code="verification_failed", difference=difference)
    if response.get("dropped"):
        hint(
            f"{response['dropped']} exchanges that might have counted are no longer in the journal: {response['why_dropped']}"
        )


def _numbers(found: list[int]) -> str:
    return f"exchange{'s' * (len(found) != 1)} {', '.join(map(str, found))}" if found else "no exchange"
