"""The composition root: the one file that knows every provider."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mockserver import __version__, worldfile
from mockserver.admin import guard
from mockserver.admin.endpoint import Api, shipped
from mockserver.admin.errors import ControlApiError, error
from mockserver.admin.routes import Control
from mockserver.engine.clock import Clock
from mockserver.engine.instants import check_zone_data, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture, InitialState
from mockserver.http.handler import Handler, is_control
from mockserver.http.masking import Masking
from mockserver.http.request import HttpRequest
from mockserver.http.url_display import readable
from mockserver.http.wsgi import WorldPrefix, add_any_method, answer_provider, read_request
from mockserver.intercept.proxy_errors import ERROR, reject_request
from mockserver.sdk.loading import ProviderSet, installed_providers
from mockserver.sdk.provider import Provider
from mockserver.sdk.response import Response as ProviderResponse
from mockserver.settings import AN_INSTANT, BadSetting, Settings
from mockserver.ui.page_context import ROOT as PAGE
from mockserver.ui.page_context import PageContext
from mockserver.ui.routes import PATTERNS as PAGE_PATTERNS
from mockserver.ui.routes import create_blueprint as create_page
from mockserver.validation.suggestions import nearest_paths
from mockserver.webhooks import WebhookConfig, WebhookSender
from mockserver.webhooks.dispatcher import WebhookDispatcher

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from mockserver.http.request_parser import InvalidRequest

INSTALLED = installed_providers()
PROVIDERS, HOSTS, SWITCHES = INSTALLED.providers, INSTALLED.hosts, INSTALLED.switches
VARIANTS, CALLBACKS = INSTALLED.default_variants, INSTALLED.callbacks
"""Of the installed providers."""

log = logging.getLogger("mockserver")

_TARGET = re.compile(r"[^:]+:[0-9]+|\[[0-9A-Fa-f:.]+\]:[0-9]+")
"""Where webhooks may go: ``receiver.example:8080``, ``[2001:db8::1]:80``."""


def read_world(
    path: Path | None = None, providers: ProviderSet = INSTALLED, *, keep_unknown: bool = False
) -> worldfile.WorldFile:
    """Read a world file or a snapshot, or the shipped default world, which is known to be right; as `worldfile.read`.

    Raises:
        worldfile.WorldFileError: the file is not one.
    """
    if path is None:
        return worldfile.WorldFile(shipped("demo", providers.providers))
    return worldfile.read(path, worldfile.Rules.of(providers.providers, providers.switches), keep_unknown=keep_unknown)


def read_fixture(path: Path | None = None) -> Fixture:
    """What a world file has a world begin with; as `read_world`."""
    return read_world(path).fixture


def create_registry(settings: Settings, providers: ProviderSet = INSTALLED) -> WorldRegistry:
    """The worlds of a process, with the default one as the settings have it.

    Raises:
        worldfile.WorldFileError: the world file is not one.
        BadSetting: the instant to freeze at cannot be read.
        LookupError: this machine has no time zone data.
    """
    check_zone_data()
    file = read_world(settings.world, providers, keep_unknown=settings.keep_unknown)
    return WorldRegistry(
        file.fixture,
        providers.default_variants,
        clock=_clock(file, settings),
        seed=file.seed or settings.seed,
        providers=providers.callbacks,
        sender=WebhookDispatcher(providers.by_name, WebhookSender(_webhook_config(settings))),
        auto_create_world=settings.unknown_credentials == "adopt",
        journal_bytes=settings.journal_bytes,
        journal_length=settings.journal_length,
    )


def restart(registry: WorldRegistry, settings: Settings) -> None:
    """Let the default world begin again as its world file says now, without journal and fault rules.

    Raises:
        worldfile.WorldFileError: the file is not one; the world is as it was.
        OSError: it cannot be read; likewise.
        AlreadyInUse: its credentials are of another world; the world is as it was.
    """
    file, world = read_world(settings.world, keep_unknown=settings.keep_unknown), registry.default
    clock = _clock(file, settings) or Clock.system()
    initial_state = InitialState(
        file.fixture,
        file.seed or settings.seed,
        {**VARIANTS, **file.fixture.variants},
        {account.key: account.logins for account in file.fixture.accounts},
        clock.frozen_at,
    )
    registry.restart(world, initial_state, clock)
    world.remove_fault_rules()
    world.journal.clear()


def _clock(file: worldfile.WorldFile, settings: Settings) -> Clock | None:
    """The default world's clock: as the settings have it, else as its file has it; ``None`` is the system's."""
    if settings.freeze is None:
        return file.clock.clock() if file.clock else None
    try:
        return Clock.frozen(parse_instant(settings.freeze))
    except ValueError as reason:
        raise BadSetting(f"freeze must be an instant such as {AN_INSTANT}, not {settings.freeze!r}") from reason


def _webhook_config(settings: Settings) -> WebhookConfig:
    """How webhooks are sent.

    Raises:
        BadSetting: a target that is named is no host and port.
    """
    targets: str | frozenset[str] = settings.webhook_targets
    if targets not in ("private", "any"):
        targets = frozenset(filter(None, map(str.strip, settings.webhook_targets.split(","))))
        wrong = [name for name in targets if not _TARGET.fullmatch(name)]
        if wrong:
            raise BadSetting(f"webhook targets are private, any, or HOST:PORT with commas between; not {min(wrong)!r}")
    return WebhookConfig(
        timeout=settings.webhook_timeout,
        max_redirects=settings.webhook_redirects,
        targets=targets,
        user_agent=f"mockserver/{__version__}",
    )


class Service:
    """The whole double without a server: worlds and who answers for them. `create_app` and `MockServer` are made of one."""

    def __init__(self, settings: Settings, providers: ProviderSet, registry: WorldRegistry) -> None:
        self.settings = settings
        self.providers = providers
        self.registry = registry
        self.masking = Masking(
            (name for provider in self.providers for name in provider.secrets), registry.is_known_credential
        )
        self.handler = Handler(registry, providers.providers, self.masking, shows_exchange=settings.shows_exchange)
        self.respond: Callable[[HttpRequest], ProviderResponse | None] | None = (
            None if settings.wsgi else self.handler.respond
        )
        """Answers a request for a provider on the connection itself; none where everything goes through Flask."""
        self.listen_addresses: Callable[[], Mapping[str, str | None]] = dict
        """Where the server listens, and what clients have to trust: known when it runs."""

    def guard(self, environ: Mapping[str, Any]) -> int:
        """The status with which the control API's guard keeps a request out; 0 where it lets it in."""
        try:
            guard.check(environ, self.settings, is_open=False)
        except ControlApiError as reason:
            return reason.status
        return 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer what the handler leaves to Flask, as a WSGI application."""
        return self.app(environ, start_response)

    def reject_invalid(self, invalid: InvalidRequest, listener: str | None) -> ProviderResponse | None:
        """Write down what was no HTTP, and answer it where a provider is named."""
        return self.handler.reject_invalid(invalid, listener)

    def reject_request(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Say why the proxy does not carry a request, and write that down."""
        head: list[Any] = []
        body = b"".join(reject_request(environ, lambda *given: head.extend(given[:2])))  # type: ignore[arg-type]  # nothing writes
        request = read_request(environ, self.settings.body_bytes)
        response = ProviderResponse(int(head[0][:3]), tuple(head[1]), body, error=environ[ERROR])
        response = self.handler.record(request, response)
        start_response(head[0], list(response.headers))
        return [body]

    @cached_property
    def app(self) -> Flask:
        """The Flask application: providers, control API and page."""
        return _create_flask(self)

    @cached_property
    def control(self) -> Control:
        """The control API."""
        api = Api(
            self.providers.providers,
            self.providers.switches,
            self.registry,
            self.masking,
            self.settings,
            __version__,
            lambda: self.handler.router.addresses,
            lambda: self.listen_addresses(),  # noqa: PLW0108 - the server sets it when it is made
        )
        return Control(api, self.index)

    def index(self) -> dict[str, Any]:
        """What this is and where things are."""
        here = [
            (pattern, *sorted(set(methods) - {"HEAD"})) for pattern, methods in self.handler.router.patterns.items()
        ]
        here += [(pattern, method) for pattern, method in self.control.addresses]
        here.append((f"{PAGE}/", "GET"))  # it leads on by itself
        return {
            "mockserver": __version__,
            "about": f"a double of {self.providers.titles} for tests; no message leaves this machine",
            "page": f"{PAGE}/",
            "here": [
                f"{' '.join(methods)} {readable(pattern)}"
                for pattern, *methods in sorted(here, key=lambda each: each[0])
            ],
        }


def build_service(
    settings: Settings | None = None,
    providers: Iterable[Provider] | None = None,
    registry: WorldRegistry | None = None,
) -> Service:
    """Put the double together. It starts no thread and opens no socket.

    Args:
        settings: the defaults when none are given; the environment is not read here.
        providers: who answers; all that are installed when none are given.
        registry: the worlds; made from the settings when none is given.
    """
    settings, served = settings or Settings(), INSTALLED if providers is None else ProviderSet(providers)
    return Service(settings, served, registry or create_registry(settings, served))


def create_app(providers: Iterable[Provider] | None = None, settings: Settings | None = None) -> Flask:
    """The whole double as a Flask application, for any WSGI server that runs it in one process.

    Args:
        providers: who answers; all that are installed when none are given.
        settings: the defaults when none are given; the environment is not read here.
    """
    return build_service(settings, providers).app


def _create_flask(service: Service) -> Flask:
    app = Flask("mockserver", static_folder=None)
    app.extensions["mockserver"] = service
    app.url_map.merge_slashes = False  # a redirect would be a page of HTML, which no provider sends
    handler, settings = service.handler, service.settings

    def response(path: str = "") -> FlaskResponse:  # noqa: ARG001 - the handler reads the address itself
        return answer_provider(handler, settings.body_bytes) or jsonify(service.index())

    def turn_down(reason: HTTPException) -> FlaskResponse:
        """Flask could not route it; where it is none of ours, the handler says so in the provider's way."""
        # The request has the reason, and a frame on its way has the request: a circle that only the garbage collector undoes.
        reason.__traceback__ = reason.__context__ = None
        if not is_control(request.path):
            return response()
        return _turn_down_control(service, reason)

    def reject_several_processes() -> FlaskResponse | None:
        if not request.environ.get("wsgi.multiprocess"):
            return None
        message = "worlds live in the memory of one process, and this WSGI server has several: run one with threads"
        return error(503, "needs_one_process", f"{message}, such as gunicorn -w 1 --threads 8")

    app.before_request(reject_several_processes)
    add_any_method(app, "/", "index", response)
    add_any_method(app, "/<path:path>", "providers", response)
    app.register_blueprint(service.control.blueprint())
    desk = PageContext(
        service.registry, service.providers.providers, settings, service.masking, service.guard, __version__, app
    )
    app.register_blueprint(create_page(desk))
    app.register_error_handler(HTTPException, turn_down)
    app.register_error_handler(Exception, _answer_failure)
    app.wsgi_app = WorldPrefix(app.wsgi_app, service.registry)  # type: ignore[method-assign]  # Flask's own way to wrap an application
    return app


def _turn_down_control(service: Service, reason: HTTPException) -> FlaskResponse:
    status, path = reason.code or 500, request.path
    allow = ", ".join(sorted(reason.valid_methods or ())) if isinstance(reason, MethodNotAllowed) else ""
    message, difference = str(reason.description), None
    if status == 404:
        rules = [*(pattern for pattern, _ in service.control.addresses), *PAGE_PATTERNS]
        difference = [readable(rule) for rule in nearest_paths(path, rules, 5)]
        meant = f"did you mean {difference[0]}?" if difference else "GET / lists what there is"
        message = f"there is no {path} here; {meant}"
    if status == 405:
        message = f"{path} takes {allow}"
    return error(status, reason.name.lower().replace(" ", "_"), message, difference, allow=allow)


def _answer_failure(failure: Exception) -> FlaskResponse:
    """An error of ours: the log has it whole, the client gets no traceback."""
    log.error("%s %s failed", request.method, request.path, exc_info=failure)
    return error(500, "internal_error", "the mock server failed; its log says why")
