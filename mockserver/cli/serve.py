"""``mockserver serve``: start the mock server."""

from __future__ import annotations

import contextlib
import gc
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mockserver.client.token_file import keep_token, read_token, token_path
from mockserver.engine.instants import parse_instant
from mockserver.settings import AN_INSTANT, Settings, bounds_of, definitions, read_environment

from .common import CONFIG, FORMAT, Output, config_file, decorated, hint
from .ready import ReadyNotice
from .reload import FileWatcher

if TYPE_CHECKING:
    from mockserver.app import Service
    from mockserver.intercept.passing_on import PassingOn
    from mockserver.server import MockServer

_Command = TypeVar("_Command", bound=Callable[..., Any])

_PAUSE = 0.5
"""Seconds between two checks of the world file."""
_SWITCH_INTERVAL = 0.0002
"""Seconds after which a thread that computes lets the event loop go on, if that has something to do; Python's own is 0.005."""
_LEVELS = {"quiet": logging.WARNING, "errors": logging.INFO, "all": logging.DEBUG}


def option(name: str) -> Callable[[_Command], _Command]:
    """Return the click option of a setting."""
    setting = definitions()[name]
    default = "" if setting.is_switch or setting.default in (None, ()) else f"; default: {setting.default}"
    about = f"{setting.flag_about.removesuffix('.')}; may be repeated." if setting.is_list else setting.flag_about
    variable = f"{setting.variable}=off" if setting.is_switch and setting.default else setting.variable
    options: dict[str, Any] = {"metavar": setting.metavar, "multiple": setting.is_list}
    if setting.is_switch:
        options = {"is_flag": True, "callback": _switch_off if setting.default else None}
    elif setting.choices:
        options["type"] = click.Choice(setting.choices)
    elif (bounds := bounds_of(setting.kind)) is not None:
        options["type"] = click.IntRange(*bounds)
    elif setting.kind == Path | None:
        options["type"] = click.Path(path_type=Path, file_okay=setting.metavar != "FOLDER")
    elif name == "freeze":
        options["type"] = _as_instant
    return click.option(setting.flag, name, default=None, help=f"{about} [{variable}{default}]", **options)


def _switch_off(_ctx: click.Context, _parameter: click.Parameter, is_given: bool | None) -> bool | None:
    """Return the value of a setting whose flag switches it off."""
    return False if is_given else None


def _as_instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an instant; one is {AN_INSTANT}") from None
    return text


_SHARED = (
    *(
        "world",
        "seed",
        "freeze",
        "unknown_credentials",
        "allow_hosts",
        "other_hosts",
        "ca",
        "webhook_targets",
        "log",
        "log_format",
    ),
)
"""The settings that every command takes that starts a server."""


def starting(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every command that starts a server."""
    return decorated(command, [*map(option, _SHARED), CONFIG])


def _with_all_settings(command: Callable[..., None]) -> Callable[..., None]:
    return decorated(command, map(option, definitions()))


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
@_with_all_settings
@CONFIG
@FORMAT
def serve(form: str, **flags: Any) -> None:
    """Start the mock server, which responds as the providers do until Ctrl-C. With --format json, it prints its URLs as one line of JSON.

    Each setting may stand in mockserver.toml too; mockserver config show says where its value comes from.
    """
    settings = settings_with(flags)
    settings = _with_kept_token(settings)
    if settings.reload and settings.world is None:
        raise click.UsageError("--reload watches a world file; name it with --world FILE")
    if settings.record is not None and not settings.proxy:
        raise click.UsageError("--record records what comes by the proxy, which --no-proxy disables")
    start_log(settings)
    notice = ReadyNotice(settings.ready_file, settings.ready_fd)

    from mockserver.app import build_service
    from mockserver.http.gc_tuning import collect_in_parts, return_large_memory
    from mockserver.sdk.loading import load_providers
    from mockserver.server import MockServer

    for problem in (problem for each in load_providers() for problem in each.problems):
        _note(settings, f"{problem}; it is not served")

    watcher = FileWatcher(settings.world, lambda: _restart(service)) if settings.world else None
    gc.disable()  # a world file is read faster without garbage collection
    service = build_service(settings)

    def show(_: str) -> None:
        addresses = _addresses(server, settings)
        Output(form).line(addresses, _banner(server, settings))
        notice.send(addresses)

    try:
        with _recording(settings, service) as passing_on:
            collect_in_parts()
            return_large_memory()
            sys.setswitchinterval(_SWITCH_INTERVAL)
            _raise_open_files_limit()
            if watcher is not None and settings.reload:
                pause = partial(Event().wait, _PAUSE)
                Thread(target=watcher.run, args=(pause,), name="mockserver-reload", daemon=True).start()
            server = MockServer(service, settings, https=settings.https, proxy=settings.proxy, passing_on=passing_on)
            with notice.running():
                server.run(show)
    finally:
        service.registry.close()


def _recording(settings: Settings, service: Service) -> contextlib.AbstractContextManager[PassingOn | None]:
    """Return what records, for the ``with`` block, and says so on stderr; nothing is recorded without --record."""
    if settings.record is None:
        return contextlib.nullcontext()
    from .recording import recording

    return recording(settings, service.providers, settings.record, partial(_note, settings))


def start_log(settings: Settings) -> None:
    """Configure logging on stderr as the settings say."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    if settings.log_format == "json":
        from .json_log import JsonFormatter

        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonFormatter())
    logging.getLogger("mockserver").setLevel(_LEVELS.get(settings.log, logging.INFO))


def settings_with(flags: Mapping[str, Any]) -> Settings:
    """Return the settings of flags, else of the environment, else of the configuration file. Unknown variables are reported on stderr."""
    in_environment, unknown = read_environment()
    file = config_file()
    in_file = {} if file is None else file.settings
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    settings = Settings(**{**in_file, **in_environment, **given})
    for sentence in unknown:
        _note(settings, sentence)
    return settings


def _note(settings: Settings, text: str) -> None:
    """Print a note on stderr, or log it where the log is JSON, so that all of stderr is."""
    if settings.log_format == "json":
        start_log(settings)
        logging.getLogger("mockserver").warning("%s", text)
    else:
        hint(f"mockserver: {text}")


def _with_kept_token(settings: Settings) -> Settings:
    """Return the settings with the token that is kept on this machine, if the control API requires one and none was given."""
    generated = settings.with_token()
    if generated.token == settings.token or generated.token is None:
        return settings
    try:
        return replace(settings, token=keep_token(generated.token, settings.data))
    except OSError as reason:
        _note(settings, f"the token cannot be kept: {reason}; --data FOLDER (MOCKSERVER_DATA) sets another folder")
        return generated


def _restart(service: Service) -> None:
    """Reset the default world from its changed file, and report it on stderr."""
    try:
        service.restart()
    except (OSError, ValueError) as reason:
        _note(service.settings, f"{reason}; the default world is unchanged")
    else:
        _note(service.settings, f"reset the default world from {service.settings.world}")


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
        use = (
            "for the providers' own hosts"
            if settings.record is None
            else "that leads to the real providers, and records,"
        )
        lines.append(f"  proxy {use} on {server.proxy_url} (mockserver env prints how to use it)")
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
