"""``mockserver scenario``: run and check scenario files, and print their JSON Schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver.settings import URL_VARIABLE

from .common import (
    FORMAT,
    CliError,
    CommandGroup,
    ExitCode,
    Output,
    hint,
    installed_catalog,
    kept_token,
    setting_option,
    variable_option,
)

if TYPE_CHECKING:
    from mockserver.client import Mock
    from mockserver.scenario import ScenarioError, StepResult

_FILE = click.Path(path_type=Path)


@click.group(
    cls=CommandGroup,
    epilog="""\b
Examples:
  mockserver scenario check retries.yaml
  mockserver scenario run retries.yaml
  mockserver scenario schema > scenario.schema.json
""",
)
def scenario() -> None:
    """Run and check scenario files: a world and a timeline of what happens in it, as YAML or JSON."""


@scenario.command(
    epilog="""\b
Examples:
  mockserver scenario run retries.yaml
  mockserver scenario run retries.yaml --server http://127.0.0.1:7670 --id mine
  mockserver scenario run retries.json --format json > transcript.jsonl
"""
)
@click.argument("file", metavar="FILE", type=_FILE)
@variable_option(
    "--server",
    "url",
    variable=URL_VARIABLE,
    metavar="URL",
    help="A running server on this machine; without it, one is started for the run.",
)
@setting_option(
    "--token",
    setting="token",
    metavar="TEXT",
    help="Token of that server's control API, if it needs one.",
)
@click.option("--id", "name", help="The id of its world in URLs; the scenario's name by default.")
@click.option("--seed", help="Seed of identifiers and probabilities in place of the file's.")
@click.option("--own-credentials", is_flag=True, help="Generate credentials instead of taking those of the file.")
@FORMAT
def run(
    file: Path,
    url: str | None,
    token: str | None,
    name: str | None,
    seed: str | None,
    own_credentials: bool,
    form: str,
) -> None:
    """Run a scenario and print its transcript. With the same seed it is the same, byte for byte.

    The world is created, or set back to the beginning if it exists, and kept afterwards. If an expectation is not met, the
    run ends there with exit code 1.
    """
    from mockserver.scenario import Scenario, ScenarioError, ScenarioRun

    output = Output(form)
    try:
        loaded = Scenario.load(file)
        with _server(url, token) as mock:
            options = {} if seed is None else {"seed": seed}
            with ScenarioRun(loaded, mock, name, own_credentials=own_credentials, **options) as scenario_run:
                head = {"scenario": loaded.name, "title": loaded.title, "about": loaded.about}
                output.line(head, "\n".join(filter(None, (loaded.title, loaded.about))) + "\n")
                for step in scenario_run.run_rest():
                    _show(step, output)
                    if step.unmet:
                        message = f"step {step.number} did not go as expected"
                        raise CliError(message, ExitCode.NO, code="verification_failed", difference=list(step.unmet))
            if url is not None:
                hint(f"the world is {scenario_run.world.id}: {scenario_run.world.base_url}")
    except ScenarioError as reason:
        raise CliError(str(reason)) from reason


@contextmanager
def _server(url: str | None, token: str | None) -> Iterator[Mock]:
    """Connect to a running server, or start one for the time of a run."""
    from mockserver.client import Mock

    if url is not None:
        with Mock.at(url, token or kept_token(url)) as mock:
            mock.health()
            yield mock
        return
    from mockserver.server import MockServer

    with MockServer() as server, Mock.at(server.url) as mock:
        yield mock


def _show(step: StepResult, output: Output) -> None:
    title = step.title or ", ".join(next(iter(action)) for action in step.actions) or "time passes"
    lines = [f"{step.number}. {step.at[11:19]}  {title}", *([step.text] if step.text else [])]
    sent = (action for action in step.actions if "response" in action)
    lines += [f"{_request(action['request'])}: {_response(action['response'])}" for action in sent]
    lines += [f"{event['at'][11:19]}  {_event(event)}" for event in step.events]
    output.line(step.row(), "\n   ".join(lines))


def _request(request: Mapping[str, Any]) -> str:
    return f"{request.get('method', 'POST' if {'form', 'json', 'body'} & request.keys() else 'GET')} {request['path']}"


def _response(response: Mapping[str, Any]) -> str:
    return str(response.get("error") or response["status"])


def _event(event: Mapping[str, Any]) -> str:
    details = {name: event[name] for name in ("number", "provider", "account", "operation", "outcome", "status", "due", "id", "name", "variant") if event.get(name) is not None}  # fmt: skip
    message = event.get("message") or {}
    if "text" in message:
        details |= {name: message[name] for name in ("sender", "recipient", "text")}
    return " ".join((event["event"], *(f"{name}={value}" for name, value in details.items())))


@scenario.command(epilog="Example: mockserver scenario check retries.yaml")
@click.argument("files", metavar="FILE...", type=_FILE, nargs=-1, required=True)
@FORMAT
def check(files: tuple[Path, ...], form: str) -> None:
    """Check scenario files. The first 100 errors of each are printed on stderr, or with the data in JSON; the exit code is then 1."""
    from mockserver.scenario import Scenario, first_mistakes
    from mockserver.validation.messages import format_place

    rows: list[dict[str, Any]] = []
    for path in files:
        errors, has_more = first_mistakes(path)
        steps = None if errors else len(Scenario.load(path).timeline)
        described = [
            {"place": format_place(each.place), "line": each.line, "message": each.difference} for each in errors
        ]
        rows.append({"file": str(path), "steps": steps, "errors": described, "has_more": has_more})
        if form == "text":
            _show_checked(path, steps, errors, has_more)
    if form == "json":
        Output(form).show({"files": rows}, "")
    if any(row["errors"] for row in rows):
        sys.exit(ExitCode.NO)


def _show_checked(path: Path, steps: int | None, errors: list[ScenarioError], has_more: bool) -> None:
    for each in errors:
        click.echo(each, err=True)
    if has_more:
        click.echo(f"{path}: and more errors", err=True)
    if not errors:
        click.echo(f"{path}: {steps} steps")


@scenario.command(epilog="Example: mockserver scenario schema > scenario.schema.json")
@FORMAT
def schema(form: str) -> None:  # noqa: ARG001  # the format of errors: a schema is JSON
    """Print the JSON Schema of scenario files, for editors. It has the accounts and variants of the installed providers."""
    click.echo(schema_text())


def schema_text() -> str:
    """Return the JSON Schema of scenario files."""
    from mockserver.scenario import scenario_schema

    return json.dumps(scenario_schema(installed_catalog()), ensure_ascii=False)
