"""``mockserver demo``: run a demo, or start a server to run demos in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mockserver.settings import URL_VARIABLE

from .common import FORMAT, CliError, ExitCode, Output, kept_token, setting_option, variable_option
from .serve import option, settings_with

if TYPE_CHECKING:
    from mockserver.client import Mock

PAGE = "/_mock/ui/worlds/{world}/{section}"


@click.command(
    epilog="""\b
Examples:
  mockserver demo
  mockserver demo reply
  mockserver demo double-send --server http://127.0.0.1:7670
"""
)
@click.argument("demo", required=False)
@variable_option(
    "--server",
    "url",
    variable=URL_VARIABLE,
    metavar="URL",
    help="A running server on this machine; without it, a server is started.",
)
@setting_option(
    "--token",
    setting="token",
    metavar="TEXT",
    help="Token of that server's control API, if it needs one.",
)
@option("port")
@FORMAT
def demo(demo: str | None, url: str | None, token: str | None, port: int | None, form: str) -> None:
    """Run a demo: real clients in their own world. Without DEMO, start a server and print the URL of its demos."""
    from mockserver.demo import NAMES

    if demo is not None and demo not in NAMES:
        raise click.BadParameter(f"{demo!r} is not a demo; the demos are {', '.join(NAMES)}", param_hint="DEMO")
    output = Output(form)
    if url is not None:
        _with_running_server(demo, url, token, output)
    elif demo is None:
        _serve(port, output)
    else:
        _with_new_server(demo, output)


def _with_running_server(demo: str | None, url: str, token: str | None, output: Output) -> None:
    from mockserver.client import Mock

    with Mock.at(url, token or kept_token(url)) as mock:
        mock.health()
        if demo is None:
            _show_urls(mock.url, output)
        else:
            page = f"{mock.url}{PAGE.format(world=f'demo-{demo}', section='conversations')}"
            _run(demo, mock, output, page)


def _with_new_server(demo: str, output: Output) -> None:
    """Run a demo on a server that is started for it."""
    from mockserver.client import Mock
    from mockserver.server import MockServer

    with MockServer() as server, Mock.at(server.url) as mock:
        _run(demo, mock, output)


def _serve(port: int | None, output: Output) -> None:
    """Start a server that offers the demos in the browser, and run it until Ctrl-C."""
    from mockserver.server import MockServer

    MockServer(settings=settings_with({"port": port})).run(lambda url: _show_urls(url, output))


def _show_urls(url: str, output: Output) -> None:
    from mockserver.demo import all_demos

    page = f"{url}{PAGE.format(world='default', section='demos')}"
    lines = [f"The demos run in the browser at {page}", ""]
    lines += [
        f"  mockserver demo {demo.name:<12} --server {url}   {demo.scenario.title}" for demo in all_demos().values()
    ]
    output.line({"page": page, "demos": list(all_demos())}, "\n".join([*lines, "", "Press Ctrl-C to stop."]))


def _run(name: str, mock: Mock, output: Output, page: str | None = None) -> None:
    """Run a demo and show its steps, then the address of its page if there is one."""
    from mockserver.demo import find_demo
    from mockserver.scenario import ScenarioRun

    scenario = find_demo(name).scenario
    row = {"demo": name, "title": scenario.title, "about": scenario.about, "page": page}
    output.line(row, f"{scenario.title}\n{scenario.about}\n")
    with ScenarioRun(scenario, mock) as scenario_run:
        for step in scenario_run.run_rest():
            step_row = {"step": step.number, "at": step.at, "title": step.title, "text": step.text}
            output.line(step_row, f"{step.number}. {step.at[11:19]}  {step.title}\n   {step.text}")
            if step.unmet:
                raise CliError(f"step {step.number} went otherwise", ExitCode.NO, difference=list(step.unmet))
    if page is not None and output.form == "text":
        click.echo(f"\nSee it in the browser: {page}")
