"""``mockserver serve``."""

from __future__ import annotations

import contextlib
import gc
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import click

from mockserver.engine.instants import parse_instant
from mockserver.settings import AN_INSTANT, Settings, bounds_of, kinds, variable_of

from .common import decorated
from .reload import Watch

if TYPE_CHECKING:
    from mockserver.engine.registry import WorldRegistry
    from mockserver.server import MockServer

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PAUSE = 0.5
"""Seconds between two looks at the world file."""
_LEVELS = {"quiet": logging.WARNING, "errors": logging.INFO, "all": logging.DEBUG}
_DEFAULTS = {field.name: field.default for field in fields(Settings)}
_KINDS = kinds()


def option(name: str, about: str, flag: str | None = None, **options: Any) -> Callable[[_Command], _Command]:
    """A flag for a setting, held to what the setting may be. Its default is the environment's, and shown as the setting's own."""
    default, kind = _DEFAULTS[name], _KINDS[name]
    if (bounds := bounds_of(kind)) is not None:
        options["type"] = click.IntRange(*bounds)
    elif get_origin(kind) is Literal:
        options["type"] = click.Choice(get_args(kind))
    shown = f" [{variable_of(name)}; default: {default}]" if default not in (None, ()) else f" [{variable_of(name)}]"
    return click.option(flag or f"--{name.replace('_', '-')}", name, default=None, help=about + shown, **options)


def _as_instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an instant; one is {AN_INSTANT}") from None
    return text


_SHARED = (
    option("world", "World file that the default world begins with.", type=click.Path(path_type=Path)),
    option("seed", "Seed of the identifiers that are given out."),
    option("freeze", "Instant at which the default world's clock stands.", metavar="INSTANT", type=_as_instant),
    option(
        "unknown_credentials",
        "What becomes of credentials that no one issued: the provider's error, or a world of their own.",
    ),
    option(
        "allow_hosts",
        "A host that the proxy lets through, or *.example.com for all below one; may be repeated.",
        flag="--allow-host",
        metavar="HOST",
        multiple=True,
    ),
    option("ca", "Folder of the certificate authority.", type=click.Path(path_type=Path, file_okay=False)),
    option("webhook_targets", "Where webhooks may go: private, any, or HOST:PORT,… beside the private ones."),
    option("log", "What is logged on stderr."),
)


def starting(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what any server is like that a verb starts."""
    return decorated(command, _SHARED)


@click.command(
    epilog="""\b
Examples:
  mockserver serve
  mockserver serve --port 0 --world fixtures/worlds/small.json
  mockserver serve --world my-world.json --reload
  mockserver serve --freeze 2026-03-29T00:59:59Z --log all
"""
)
@option("host", "Address to listen on.")
@option("port", "Port to listen on; 0 picks a free one.")
@option("https_port", "Port for HTTPS; 7671, or a free one with another --port.")
@option("proxy_port", "Port for the proxy, a forward proxy; 7672, or a free one with another --port.")
@click.option("--no-https", is_flag=True, help="Listen for HTTP alone. [MOCKSERVER_HTTPS=off]")
@click.option("--no-proxy", is_flag=True, help="Offer no proxy. [MOCKSERVER_PROXY=off]")
@click.option(
    "--reload", is_flag=True, default=None, help="Begin again whenever the world file changes. [MOCKSERVER_RELOAD]"
)
@click.option(
    "--wsgi", is_flag=True, default=None, help="Send every request through the Flask application. [MOCKSERVER_WSGI]"
)
@option("token", "What the control API asks for, off loopback; made at start when none is given.")
@click.option("--no-token", "no_token", is_flag=True, help="Ask for no token, off loopback too.")
@click.option("--no-exchange-header", is_flag=True, help="Send no X-Mockserver-Exchange with provider errors.")
@option("webhook_timeout", "Seconds that one attempt at a webhook may take.")
@option("webhook_redirects", "How many redirects an attempt follows.")
@option("journal_bytes", "Bytes that all journals together may hold.")
@option("journal_length", "Exchanges that a world's journal may hold.")
@option("body_bytes", "Bytes of a request body that are read.")
@option("head_bytes", "Bytes of a request's line and headers that are read.")
@option("idle_seconds", "How long an unused connection is kept open.")
@starting
def serve(no_token: bool, no_exchange_header: bool, no_https: bool, no_proxy: bool, **flags: Any) -> None:
    """Answer as the providers do, until Ctrl-C."""
    rejected = {"needs_token": no_token, "shows_exchange": no_exchange_header, "https": no_https, "proxy": no_proxy}
    settings = settings_with(
        flags | {name: False for name, is_rejected in rejected.items() if is_rejected}
    ).with_token()
    if settings.reload and settings.world is None:
        raise click.UsageError("--reload watches a world file; name it with --world FILE")
    start_log(settings)

    from mockserver.app import build_service, create_registry
    from mockserver.http.gc_tuning import collect_seldom
    from mockserver.sdk.loading import load_providers
    from mockserver.server import MockServer

    for problem in (problem for each in load_providers() for problem in each.problems):
        click.echo(f"mockserver: {problem}; it is not served", err=True)

    watch = Watch(settings.world, lambda: _restart(registry, settings)) if settings.world else None
    gc.disable()  # a world is read faster when no one looks for rubbish in it meanwhile
    registry = create_registry(settings)
    server = MockServer(
        build_service(settings, registry=registry), settings, https=settings.https, proxy=settings.proxy
    )
    collect_seldom()
    _lift_the_limit_on_files()
    if watch is not None and settings.reload:
        pause = partial(Event().wait, _PAUSE)
        Thread(target=watch.keep_looking, args=(pause,), name="mockserver-reload", daemon=True).start()
    server.run(lambda _: click.echo(_banner(server, registry, settings)))


def start_log(settings: Settings) -> None:
    """Log on stderr what the settings want to be logged."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("mockserver").setLevel(_LEVELS.get(settings.log, logging.INFO))


def settings_with(flags: Mapping[str, Any]) -> Settings:
    """The environment's settings, and those of the flags that were given. Variables that are not known are named on stderr."""
    settings, unknown = Settings.from_environment()
    for sentence in unknown:
        click.echo(f"mockserver: {sentence}", err=True)
    return replace(settings, **{name: value for name, value in flags.items() if value not in (None, ())})


def _restart(registry: WorldRegistry, settings: Settings) -> None:
    """The world file has changed."""
    from mockserver.app import restart

    try:
        restart(registry, settings)
    except (OSError, ValueError) as reason:
        click.echo(f"mockserver: {reason}; the world stays as it was", err=True)
    else:
        click.echo(f"mockserver: the default world has begun again, as {settings.world} says", err=True)


def _lift_the_limit_on_files() -> None:
    """Take what the system grants without asking: a client behind the proxy takes three descriptors of ours."""
    try:
        import resource
    except ImportError:  # Windows counts otherwise
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS grants less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _banner(server: MockServer, registry: WorldRegistry, settings: Settings) -> str:
    from mockserver import __version__
    from mockserver.app import PROVIDERS

    url = server.url
    token = settings.token if settings.needs_token and not settings.is_private else None
    shown = f" --token {token}" if token else ""
    lines = [f"mockserver {__version__} listens on {url} (what is here: {url}/)"]
    lines.append(f"  the page: {url}/_mock/ui/")
    if settings.https:
        lines.append(f"  HTTPS on {server.https_url}, trusting {server.ca.certificate}")
    if settings.proxy:
        lines.append(
            f"  proxy for the providers' own hosts on {server.proxy_url} (mockserver env prints how to use it)"
        )
    lines += ["", "Credentials:"]
    for account in registry.default.state.accounts.values():
        for login in account.logins:
            secret = "" if login.secret is None else f" / {login.secret}"
            lines.append(f"  {account.provider:<11} {login.user}{secret}  ({account.name})")
    lines += [
        "",
        "Try:",
        *(f"  {provider.example.format(url=url)}" for provider in PROVIDERS if provider.example),
        "",
        "Then:",
        f"  mockserver journal --server {url}{shown}",
        "",
        "Ctrl-C ends it.",
    ]
    if token:
        lines.insert(1, f"Token of the control API: {token} (--token, or MOCKSERVER_TOKEN)")
    return "\n".join(lines)
