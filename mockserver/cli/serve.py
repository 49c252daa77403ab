"""``mockserver serve``: start the mock server."""

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

from mockserver.client.token_file import keep_token, read_token, token_path
from mockserver.engine.instants import parse_instant
from mockserver.settings import AN_INSTANT, Settings, bounds_of, types_of_settings, variable_of

from .common import FORMAT, Output, decorated, hint
from .reload import FileWatcher

if TYPE_CHECKING:
    from mockserver.app import Service
    from mockserver.server import MockServer

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PAUSE = 0.5
"""Seconds between two checks of the world file."""
_SWITCH_INTERVAL = 0.0002
"""Seconds after which a thread that computes lets the event loop go on, if that has something to do; Python's own is 0.005."""
_LEVELS = {"quiet": logging.WARNING, "errors": logging.INFO, "all": logging.DEBUG}
_DEFAULTS = {field.name: field.default for field in fields(Settings)}
_TYPES = types_of_settings()


def option(name: str, about: str, flag: str | None = None, **options: Any) -> Callable[[_Command], _Command]:
    """Return the click option of a setting, with its bounds, its environment variable and its default."""
    default, kind = _DEFAULTS[name], _TYPES[name]
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
    option("world", "World file of the default world.", type=click.Path(path_type=Path)),
    option("seed", "Seed of the generated identifiers."),
    option("freeze", "Instant at which the default world's clock is frozen.", metavar="INSTANT", type=_as_instant),
    option(
        "unknown_credentials",
        "Treatment of unknown credentials: the provider's error, or a new world for each.",
    ),
    option(
        "allow_hosts",
        "A host to which the proxy forwards, *.example.com for its subdomains, or '*' for all; may be repeated.",
        flag="--allow-host",
        metavar="HOST",
        multiple=True,
    ),
    option("other_hosts", "block: of other hosts the proxy forwards only to loopback and private ones; pass: to all."),
    option(
        "ca", "Folder of the certificate authority.", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False)
    ),
    option(
        "webhook_targets", "Allowed addresses of webhooks: private, any, or HOST:PORT,… in addition to private ones."
    ),
    option("log", "Amount of logging on stderr."),
)


def starting(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every command that starts a server."""
    return decorated(command, _SHARED)


@click.command(
    epilog="""\b
Examples:
  mockserver serve
  mockserver serve --port 0 --world fixtures/worlds/small.json
  mockserver serve --world my-world.json --reload
  mockserver serve --freeze 2026-03-29T00:59:59Z --log all
  mockserver serve --state sms.state
  mockserver serve --state sms.state --state-sync full --state-journal off
  mockserver serve --state postgresql://mock@db.example/mock
"""
)
@option("host", "Address to listen on.")
@option(
    "names",
    "A name by which clients reach the server, for its HTTPS certificate and its control API; may be repeated.",
    flag="--name",
    metavar="NAME",
    multiple=True,
)
@option("port", "Port to listen on; 0 picks a free one.")
@option("https_port", "Port for HTTPS; 7671, or a free one with another --port.")
@option("proxy_port", "Port for the forward proxy; 7672, or a free one with another --port.")
@click.option("--no-https", is_flag=True, help="Do not listen for HTTPS. [MOCKSERVER_HTTPS=off]")
@click.option("--no-proxy", is_flag=True, help="Do not start the proxy. [MOCKSERVER_PROXY=off]")
@click.option(
    "--reload",
    is_flag=True,
    default=None,
    help="Reset the default world when the world file changes. [MOCKSERVER_RELOAD]",
)
@click.option(
    "--keep-unknown",
    is_flag=True,
    default=None,
    help="Keep the accounts of providers that are not installed. [MOCKSERVER_KEEP_UNKNOWN]",
)
@click.option(
    "--wsgi", is_flag=True, default=None, help="Send every request through the Flask application. [MOCKSERVER_WSGI]"
)
@option("token", "Token of the control API, needed beyond loopback; generated and kept when not given.")
@option("data", "Folder that keeps the token.", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--no-token", "no_token", is_flag=True, help="Need no token, even beyond loopback.")
@click.option("--no-exchange-header", is_flag=True, help="Send no X-Mockserver-Exchange header with provider errors.")
@option(
    "trusted_proxies",
    "Peers whose Forwarded and X-Forwarded-* headers count: private, any, none, or addresses and networks with commas between.",
)
@option("webhook_timeout", "Time limit of a webhook attempt, in seconds.")
@option("webhook_redirects", "Maximal number of redirects that a webhook attempt follows.")
@option(
    "state",
    "File or postgresql:// URL in which all worlds are kept; without it they end with the process.",
    metavar="FILE|URL",
)
@option("state_sync", "What an acknowledged request survives in a file: kill -9, or loss of power too.")
@option("state_journal", "Whether the journal is kept in the state.")
@option("state_history", "Commits of each world that the state keeps behind its latest snapshot.")
@option("journal_bytes", "Maximal size of all journals together, in bytes.")
@option("journal_length", "Maximal number of exchanges in a world's journal.")
@option("body_bytes", "Maximal size of a request body, in bytes.")
@option("head_bytes", "Maximal size of a request's line and headers, in bytes.")
@option("idle_seconds", "Time for which an unused connection is kept open, in seconds.")
@option(
    "slow_seconds",
    "Time that a client may take for a body or a response beyond what 500 bytes a second take, in seconds.",
)
@starting
@FORMAT
def serve(no_token: bool, no_exchange_header: bool, no_https: bool, no_proxy: bool, form: str, **flags: Any) -> None:
    """Start the mock server: it responds as the providers do, until Ctrl-C. With --format json, a line shows its URLs."""
    switched_off = {"needs_token": no_token, "shows_exchange": no_exchange_header, "https": no_https, "proxy": no_proxy}
    settings = settings_with(flags | {name: False for name, is_off in switched_off.items() if is_off})
    settings = _with_kept_token(settings)
    if settings.reload and settings.world is None:
        raise click.UsageError("--reload watches a world file; name it with --world FILE")
    start_log(settings)

    from mockserver.app import build_service
    from mockserver.http.gc_tuning import collect_in_parts, return_large_memory
    from mockserver.sdk.loading import load_providers
    from mockserver.server import MockServer

    for problem in (problem for each in load_providers() for problem in each.problems):
        click.echo(f"mockserver: {problem}; it is not served", err=True)

    watcher = FileWatcher(settings.world, lambda: _restart(service)) if settings.world else None
    gc.disable()  # a world file is read faster without garbage collection
    service = build_service(settings)
    server = MockServer(service, settings, https=settings.https, proxy=settings.proxy)
    collect_in_parts()
    return_large_memory()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    _raise_open_files_limit()
    if watcher is not None and settings.reload:
        pause = partial(Event().wait, _PAUSE)
        Thread(target=watcher.run, args=(pause,), name="mockserver-reload", daemon=True).start()
    try:
        server.run(lambda _: Output(form).line(_addresses(server, settings), _banner(server, settings)))
    finally:
        service.registry.close()


def start_log(settings: Settings) -> None:
    """Configure logging on stderr as the settings say."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("mockserver").setLevel(_LEVELS.get(settings.log, logging.INFO))


def settings_with(flags: Mapping[str, Any]) -> Settings:
    """Return the settings of the environment, overridden by flags. Unknown variables are reported on stderr."""
    settings, unknown = Settings.from_environment()
    for sentence in unknown:
        click.echo(f"mockserver: {sentence}", err=True)
    return replace(settings, **{name: value for name, value in flags.items() if value not in (None, ())})


def _with_kept_token(settings: Settings) -> Settings:
    """Return the settings with the token that is kept on this machine, if the control API requires one and none was given."""
    generated = settings.with_token()
    if generated.token == settings.token or generated.token is None:
        return settings
    try:
        return replace(settings, token=keep_token(generated.token, settings.data))
    except OSError as reason:
        hint(f"mockserver: the token cannot be kept: {reason}; --data FOLDER (MOCKSERVER_DATA) sets another folder")
        return generated


def _restart(service: Service) -> None:
    """Reset the default world from its changed file, and report it on stderr."""
    try:
        service.restart()
    except (OSError, ValueError) as reason:
        click.echo(f"mockserver: {reason}; the default world is unchanged", err=True)
    else:
        click.echo(f"mockserver: reset the default world from {service.settings.world}", err=True)


def _raise_open_files_limit() -> None:
    """Raise the soft limit of open files to the hard limit; a client of the proxy needs three descriptors."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses its own hard limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _needed_token(settings: Settings) -> str | None:
    return settings.token if settings.needs_token and not settings.is_private else None


def _addresses(server: MockServer, settings: Settings) -> dict[str, str | None]:
    """Return what a program needs to use the server; ``None`` for what it does not offer or need."""
    return {
        "url": server.url,
        "https_url": server.https_url if settings.https else None,
        "proxy_url": server.proxy_url if settings.proxy else None,
        "certificate": str(server.ca.certificate) if settings.https else None,
        "token": _needed_token(settings),
    }


def _banner(server: MockServer, settings: Settings) -> str:
    from mockserver.sdk.examples import format_example
    from mockserver.version import __version__

    url = server.url
    token = _needed_token(settings)
    shown = f" --token {token}" if token else ""
    lines = [f"mockserver {__version__} listens on {url} (overview: {url}/)"]
    lines.append(f"  web page: {url}/_mock/ui/")
    if settings.https:
        lines.append(f"  HTTPS on {server.https_url}, signed by {server.ca.certificate}")
    if settings.proxy:
        lines.append(
            f"  proxy for the providers' own hosts on {server.proxy_url} (mockserver env prints how to use it)"
        )
    lines += ["", "Credentials:"]
    accounts = server.service.registry.default.state.accounts.values()
    for account in accounts:
        for login in account.logins:
            secret = "" if login.secret is None else f" / {login.secret}"
            lines.append(f"  {account.provider:<11} {login.user}{secret}  ({account.name})")
    if not accounts:
        lines.append("  none: the world has no accounts")
    examples = [format_example(provider, accounts, url) for provider in server.service.providers]
    if any(examples):
        lines += ["", "Try:", *(f"  {example}" for example in examples if example)]
    lines += [
        "",
        "Then:",
        f"  mockserver journal --server {url}{shown}",
        "",
        "Press Ctrl-C to stop.",
    ]
    if token:
        kept = f"; kept in {token_path(settings.data)}" if token == read_token(settings.data) else ""
        lines.insert(1, f"Token of the control API: {token} (--token, or MOCKSERVER_TOKEN{kept})")
    return "\n".join(lines)
