"""``mockserver check-receiver``: test a webhook receiver with a provider's webhooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import (
    FORMAT,
    VARIANTS_FILE,
    CliError,
    ExitCode,
    Output,
    as_pair,
    hint,
    installed_catalog,
    read_variants,
    write_report,
)
from .console import show_controls, wants_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mockserver.receivers import CountCommand, CountUrl, ReceiverCheck
    from mockserver.receivers.judging import CheckedCase
    from mockserver.sdk.provider import Provider
    from mockserver.sdk.webhook_kinds import WebhookKind

_COLORS = {"passed": "green", "warning": "yellow", "failed": "red"}


@click.command(
    epilog="""\b
Examples:
  mockserver check-receiver --provider serwersms --verified \\
      'http://127.0.0.1:8000/sms?from=#NUMER#&text=#WIADOMOSC#&id=#ID#'
  mockserver check-receiver --provider dialogtech http://127.0.0.1:8000/sms_listener.php \\
      --count-url http://127.0.0.1:8000/count --junit receiver.xml
"""
)
@click.argument("receiver_url", metavar="URL")
@click.option(
    "--provider", "provider_name", metavar="NAME", required=True, help="The provider that calls the receiver."
)
@click.option("--kind", "kind_name", metavar="KIND", help="The kind of webhooks, such as nd, mms or dlr. By default the provider's usual one, and in the case attachments the one that has them.")  # fmt: skip
@click.option(
    "--verified",
    is_flag=True,
    help="The account has the provider's verification switched on: only the response that the provider demands is an acknowledgement.",
)
@click.option("--variant", "variants", metavar="NAME=VALUE", type=as_pair, multiple=True, help="The variant of a quirk in place of its default. May be repeated.")  # fmt: skip
@VARIANTS_FILE
@click.option("--case", "names", metavar="NAME", multiple=True, help="Run this case alone. May be repeated.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="The time after which a request is given up, as if there were no response.")  # fmt: skip
@click.option(
    "--count-url",
    metavar="URL",
    help="A URL whose response body is the number of messages that the receiver has stored.",
)
@click.option("--count-command", metavar="COMMAND", help="A command line that prints this number.")
@click.option("--count-wait", metavar="SECONDS", type=click.FloatRange(0), default=2.0, show_default=True, help="How long to repeat the count while messages are missing, for a receiver that responds before it stores.")  # fmt: skip
@click.option("--junit", "junit", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write the result to a file as JUnit XML.")  # fmt: skip
@FORMAT
def check_receiver(
    receiver_url: str,
    provider_name: str,
    kind_name: str | None,
    verified: bool,
    variants: tuple[tuple[str, str], ...],
    variants_file: Path | None,
    names: tuple[str, ...],
    timeout: float,
    count_url: str | None,
    count_command: str | None,
    count_wait: float,
    junit: Path | None,
    form: str,
) -> None:
    """Send a provider's webhooks to your receiver, and judge its responses.

    The cases: ordinary messages, texts with special characters, duplicates, two calls at once, late and reordered messages, a lost acknowledgement,
    a slow connection, other methods. For each it shows whether the provider would call again, and whether messages are lost or stored
    twice. An hour of repeats takes no time, because each case has a world whose clock is moved. The receiver stores the messages like
    real ones, so use one that is only for tests. The exit code is 1 if a case has failed.
    """
    from mockserver.receivers import ReceiverCheck, write_junit

    if count_url and count_command:
        raise click.UsageError("--count-url and --count-command exclude each other")
    provider = _find_provider(provider_name)
    kind, attachments_kind = _find_kinds(provider, kind_name)
    if verified and kind.verification is None:
        raise CliError(f"{provider.title} verifies no acknowledgement of the kind {kind.name}; leave out --verified")
    check = ReceiverCheck(
        url=receiver_url,
        provider=provider,
        kind=kind,
        attachments_kind=attachments_kind,
        requires_ack=verified,
        variants=read_variants(variants_file, variants),
        timeout=timeout,
        count=_count(count_url, count_command),
        count_wait=count_wait,
    )
    checked = _run(check, names, form)
    _report(check, checked, form)
    if junit is not None:
        write_report(junit, write_junit(check.url, checked))
    if any(case.verdict == "failed" for case in checked):
        sys.exit(ExitCode.NO)


def _run(check: ReceiverCheck, names: tuple[str, ...], form: str) -> list[CheckedCase]:
    """Run the cases, and print a row when one has ended."""
    from mockserver.receivers import CountFailed, NoReceiver
    from mockserver.validation.messages import WorldFileError
    from mockserver.webhooks.errors import WebhookError

    checked: list[CheckedCase] = []
    try:
        known = [case.name for case in check.cases()]
        for name in names:
            if name not in known:
                raise CliError(f"there is no case {name!r} for the kind {check.kind.name}, but {', '.join(known)}")
        for case in check.run(names):
            if not checked:
                _warn_of_placeholders(check)  # not earlier: of a URL that cannot be called, only that is said
                if form == "text":
                    _print_row(_TITLES, None)
            if form == "text":
                _show_row(case)
            checked.append(case)
    except NoReceiver as reason:
        raise CliError(str(reason), ExitCode.NO_SERVER) from reason
    except (CountFailed, WebhookError) as reason:
        raise CliError(str(reason)) from reason
    except WorldFileError as reason:
        is_variant = reason.place[:1] == ("variants",)
        what = f"--variant {reason.place[-1]}" if is_variant else f"{check.url!r} cannot be called"
        raise CliError(f"{what}: {reason.difference}") from reason
    return checked


def _warn_of_placeholders(check: ReceiverCheck) -> None:
    names = check.replaced_placeholders
    if names and not any(f"#{name}#" in check.url for name in names):
        shown = ", ".join(f"#{name}#" for name in sorted(names))
        hint(f"The URL has no placeholder, so the calls do not contain the message; the provider replaces {shown}.")


def _report(check: ReceiverCheck, checked: Sequence[CheckedCase], form: str) -> None:
    """Print the result: the reasons and a summary, or everything as JSON."""
    from mockserver.receivers.report import find_verdict, hide_login, summarize, to_row

    if form == "json":
        whole = {
            "url": hide_login(check.url),
            "provider": check.provider.name,
            "kind": check.kind.name,
            "verified": check.requires_ack,
            "verdict": find_verdict(checked),
            "cases": [to_row(case) for case in checked],
        }
        Output(form).show(whole, "")
        return
    _explain(checked)
    click.echo(f"\n{summarize(checked)}")
    if check.count is None:
        hint(
            "The stored messages were not counted; with --count-url or --count-command the check shows which are lost or stored twice."
        )


def _find_provider(name: str) -> Provider:
    from mockserver.validation.messages import unknown_name

    providers = {provider.name: provider for provider in installed_catalog().providers}
    if name not in providers:
        raise CliError(f"{name!r} is an {unknown_name('provider', name, providers)}")
    provider = providers[name]
    if not provider.webhook_kinds:
        raise CliError(f"{provider.title} calls no receiver: its messages are fetched")
    return provider


def _find_kinds(provider: Provider, name: str | None) -> tuple[WebhookKind, WebhookKind | None]:
    """Return the kind of the webhooks, and that of the webhook with attachments; ``None`` leaves its case out."""
    from mockserver.validation.messages import unknown_name

    kinds = {kind.name: kind for kind in provider.webhook_kinds}
    if name is None:
        return provider.webhook_kinds[0], next((kind for kind in kinds.values() if kind.has_attachments), None)
    if name not in kinds:
        raise CliError(f"{name!r} is an {unknown_name('kind', name, kinds)}")
    return kinds[name], kinds[name] if kinds[name].has_attachments else None


def _count(url: str | None, command: str | None) -> CountUrl | CountCommand | None:
    from mockserver.receivers import CountCommand, CountUrl

    if url:
        return CountUrl(url)
    return CountCommand(command) if command else None


_TITLES = ("CASE", "VERDICT", "ANSWER", "TIME", "REPEATED AFTER", "COST")
_WIDTHS = (20, 7, 22, 8, 17, 0)


def _show_row(case: CheckedCase) -> None:
    from mockserver.receivers.report import describe_answers

    after = ", ".join(f"{seconds / 60:g}" for seconds in case.repeats)
    answer = describe_answers(case)
    cells = (
        case.case.name,
        case.verdict,
        answer if len(answer) <= _WIDTHS[2] else f"{answer[: _WIDTHS[2] - 1]}…",
        f"{case.seconds * 1000:.0f} ms",
        f"{after} min" if after else "-",
        case.cost,
    )
    _print_row(cells, _COLORS[case.verdict])


def _print_row(cells: Sequence[str], color: str | None) -> None:
    padded = [show_controls(each).ljust(width) for each, width in zip(cells, _WIDTHS, strict=True)]
    padded[1] = click.style(padded[1], fg=color) if color else padded[1]
    click.echo("  ".join(padded).rstrip(), color=wants_color())


def _explain(checked: Sequence[CheckedCase]) -> None:
    """Print the reasons for failures and warnings, each with its cases and the sentence of the document."""
    from mockserver.receivers.report import describe_source

    reasons: dict[tuple[str, str, str], list[str]] = {}
    for case in checked:
        if case.verdict != "passed":
            key = (case.verdict, case.sentence, describe_source(case.source))
            reasons.setdefault(key, []).append(case.case.name)
    for (verdict, sentence, source), names in reasons.items():
        styled = click.style(verdict, fg=_COLORS[verdict])
        click.echo(f"\n{styled} {', '.join(names)}", color=wants_color())
        click.echo(show_controls(f"  {sentence}\n  {source}"))
