"""``mockserver serve``."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mockserver.core.instants import parse_instant
from mockserver.settings import AN_INSTANT, Settings

from .watching import Watch

if TYPE_CHECKING:
    from mockserver.core.worlds import Worlds

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PAUSE = 0.5
"""Seconds between two looks at the world file."""
_LEVELS = {"quiet": logging.WARNING, "refusals": logging.INFO, "all": logging.DEBUG}
_DEFAULTS = {field.name: field.default for field in fields(Settings)}


def _option(name: str, about: str, **options: Any) -> Callable[[_Command], _Command]:
    """A flag for a setting. Its default is the environment's, and shown as the setting's own."""
    default = _DEFAULTS[name]
    shown = (
        f" [MOCKSERVER_{name.upper()}; default: {default}]" if default is not None else f" [MOCKSERVER_{name.upper()}]"
    )
    return click.option(f"--{name.replace('_', '-')}", name, default=None, help=about + shown, **options)


def _as_instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an instant; one is {AN_INSTANT}") from None
    return text


@click.command(
    epilog="""\b
Examples:
  mockserver serve
  mockserver serve --port 0 --world fixtures/worlds/small.json
  mockserver serve --world my-world.json --reload
  mockserver serve --freeze 2026-03-29T00:59:59Z --log all
"""
)
@_option("host", "Address to listen on.")
@_option("port", "Port to listen on; 0 picks a free one.", type=click.IntRange(0, 65535))
@_option("world", "World file that the default world begins with.", type=click.Path(path_type=Path))
@_option("seed", "Seed of the identifiers that are given out.")
@click.option(
    "--reload", is_flag=True, default=None, help="Begin again whenever the world file changes. [MOCKSERVER_RELOAD]"
)
@_option("freeze", "Instant at which the default world's clock stands.", metavar="INSTANT", type=_as_instant)
@_option(
    "unknown_credentials",
    "What becomes of credentials that nobody issued: the provider's refusal, or a world of their own.",
    type=click.Choice(["refuse", "adopt"]),
)
@_option("token", "What the control API asks for, off loopback; made at start when none is given.")
@click.option("--no-token", "no_token", is_flag=True, help="Ask for no token, off loopback too.")
@click.option("--no-exchange-header", is_flag=True, help="Send no X-Mockserver-Exchange with refusals.")
@_option("webhook_targets", "Where webhooks may go: private, any, or HOST:PORT,… beside the private ones.")
@_option("webhook_timeout", "Seconds that one attempt at a webhook may take.", type=click.IntRange(1, 3600))
@_option("webhook_redirects", "How many redirects an attempt follows.", type=click.IntRange(0, 20))
@_option("journal_bytes", "Bytes that all journals together may hold.", type=click.IntRange(1))
@_option("journal_length", "Exchanges that a world's journal may hold.", type=click.IntRange(1))
@_option("body_bytes", "Bytes of a request body that are read.", type=click.IntRange(1))
@_option("head_bytes", "Bytes of a request's line and headers that are read.", type=click.IntRange(1024))
@_option("idle_seconds", "How long an unused connection is kept open.", type=click.IntRange(1))
@_option("log", "What is logged on stderr.", type=click.Choice(list(_LEVELS)))
def serve(no_token: bool, no_exchange_header: bool, **flags: Any) -> None:
    """Answer as the providers do, until Ctrl-C."""
    settings, unknown = Settings.from_environment()
    if no_token:
        flags["needs_token"] = False
    if no_exchange_header:
        flags["shows_exchange"] = False
    for sentence in unknown:
        click.echo(f"mockserver: {sentence}", err=True)
    settings = replace(settings, **{name: value for name, value in flags.items() if value is not None}).with_token()
    if settings.reload and settings.world is None:
        raise click.UsageError("--reload watches a world file; name it with --world FILE")
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("mockserver").setLevel(_LEVELS.get(settings.log, logging.INFO))

    from mockserver.app import create_app, create_house
    from mockserver.server import MockServer

    watch = Watch(settings.world, lambda: _begin_again(house, settings)) if settings.world else None
    house = create_house(settings)
    server = MockServer(create_app(house, settings), settings)
    # What is here now stays: the collector need not look at it again, and may look at the rest less often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
    if watch is not None and settings.reload:
        pause = partial(Event().wait, _PAUSE)
        Thread(target=watch.keep_looking, args=(pause,), name="mockserver-reload", daemon=True).start()
    server.run(lambda url: click.echo(_banner(url, house, settings)))


def _begin_again(house: Worlds, settings: Settings) -> None:
    """The world file has changed."""
    from mockserver.app import begin_again

    try:
        begin_again(house, settings)
    except (OSError, ValueError) as reason:
        click.echo(f"mockserver: {reason}; the world stays as it was", err=True)
    else:
        click.echo(f"mockserver: the default world has begun again, as {settings.world} says", err=True)


def _banner(url: str, house: Worlds, settings: Settings) -> str:
    from mockserver import __version__
    from mockserver.app import PROVIDERS

    token = settings.token if settings.needs_token and not settings.is_private else None
    shown = f" --token {token}" if token else ""
    lines = [f"mockserver {__version__} listens on {url} (what is here: {url}/)", "", "Credentials:"]
    for account in house.default.state.accounts.values():
        for login in account.logins:
            secret = "" if login.secret is None else f" / {login.secret}"
            lines.append(f"  {account.provider:<11} {login.user}{secret}  ({account.name})")
    lines += [
        "",
        "Try:",
        *(f"  {room.example.format(url=url)}" for room in PROVIDERS),
        "",
        "Then:",
        f"  mockserver journal --server {url}{shown}",
        "",
        "Ctrl-C ends it.",
    ]
    if token:
        lines.insert(1, f"Token of the control API: {token} (--token, or MOCKSERVER_TOKEN)")
    return "\n".join(lines)
