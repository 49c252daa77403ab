"""The composition root: the one file that knows every provider."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, jsonify, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mockserver import worldfile
from mockserver.admin import guard, journal_file, probes
from mockserver.admin.endpoint import Api, shipped, world_file_rules
from mockserver.admin.errors import ControlApiError, error, reject
from mockserver.admin.journal_file import read_journal
from mockserver.admin.routes import Control
from mockserver.engine.clock import Clock
from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.instants import check_zone_data, parse_instant
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture, InitialState
from mockserver.http.connection import Turn
from mockserver.http.handler import OWN_PATHS, Handler, is_control, normal_path, split_prefix
from mockserver.http.masking import Masking
from mockserver.http.request import HttpRequest
from mockserver.http.secret_names import secret_names
from mockserver.http.url_display import readable
from mockserver.http.wsgi import WorldPrefix, add_any_method, answer_provider, read_request, to_flask
from mockserver.intercept.proxy_errors import ERROR, reject_request
from mockserver.sdk.loading import ProviderSet, installed_providers
from mockserver.sdk.provider import Provider
from mockserver.sdk.response import Offload
from mockserver.sdk.response import Response as ProviderResponse
from mockserver.settings import AN_INSTANT, BadSetting, Settings
from mockserver.ui.page_context import ROOT as PAGE
from mockserver.ui.page_context import PageContext
from mockserver.ui.routes import PATTERNS as PAGE_PATTERNS
from mockserver.ui.routes import create_blueprint as create_page
from mockserver.validation.suggestions import nearest_paths
from mockserver.version import __version__
from mockserver.webhooks import WebhookConfig, WebhookSender
from mockserver.webhooks.dispatcher import WebhookDispatcher

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from mockserver.admin.metrics import Metrics
    from mockserver.engine.event_log import Store
    from mockserver.http.request_parser import InvalidRequest

log = logging.getLogger("mockserver")

create_codec = journal_file.create_codec

_LONG_BODY = 64 * 1024
"""Bytes of a body of the control API that takes long to read."""

METRICS = "/metrics"
"""The path of the metrics, where they are on."""

_WORLD_OF_PATH = re.compile("/_mock/(?:ui/)?worlds/([^/]+)")
"""The paths of the control API and the page that name a world."""

_TARGET = re.compile(r"[^:]+:[0-9]+|\[[0-9A-Fa-f:.]+\]:[0-9]+")
"""Where webhooks may go: ``receiver.example:8080``, ``[2001:db8::1]:80``."""


def read_world(
    path: Path | None = None, providers: ProviderSet | None = None, *, keep_unknown: bool = False
) -> worldfile.WorldFile:
    """Read a world file or a snapshot, or the shipped default world without a path; see `worldfile.read`.

    Args:
        path: the file; ``None`` for the shipped default world, which is not checked again.
        providers: the providers whose accounts a file may have; the installed ones when ``None``.
        keep_unknown: whether accounts of other providers are kept, unread, for snapshots; otherwise they are an error.

    Raises:
        worldfile.WorldFileError: the file is not a world file.
    """
    if providers is None:
        providers = installed_providers()
    if path is None:
        return worldfile.WorldFile(shipped("demo", providers.providers))
    return worldfile.read(path, world_file_rules(providers.providers, providers.switches), keep_unknown=keep_unknown)


def read_fixture(path: Path | None = None) -> Fixture:
    """Return the initial content that a world file describes; see `read_world`."""
    return read_world(path).fixture


def find_world_file_errors(path: Path) -> list[worldfile.WorldFileError]:
    """Return every error of a world file, by the rules of the installed providers."""
    providers = installed_providers()
    return worldfile.find_file_errors(path, world_file_rules(providers.providers, providers.switches))


def create_registry(settings: Settings, providers: ProviderSet | None = None) -> WorldRegistry:
    """Create the worlds of a process, with the default world that the settings describe.

    Args:
        settings: the settings of the server.
        providers: the providers of the worlds; the installed ones when ``None``.

    Raises:
        worldfile.WorldFileError: the world file is invalid.
        BadSetting: the instant of ``freeze``, a webhook target or the state is invalid.
        OSError: this machine has no time zone data, or the state may not be read and written.
        StoreUnavailable: the state cannot be reached.
    """
    check_zone_data()
    if providers is None:
        providers = installed_providers()
    file = read_world(settings.world, providers, keep_unknown=settings.keep_unknown)
    exchanges = read_journal(file, providers)
    clock, webhooks = _clock(file, settings), _webhook_config(settings)
    store = _open_store(settings, providers)
    try:
        registry = WorldRegistry(
            file.fixture,
            providers.default_variants,
            clock=clock,
            seed=file.seed or settings.seed,
            providers=providers.callbacks,
            sender=WebhookDispatcher(providers.by_name, WebhookSender(webhooks)),
            auto_create_world=settings.unknown_credentials == "adopt",
            journal_bytes=settings.journal_bytes,
            journal_length=settings.journal_length,
            store=store,
        )
        if exchanges and not registry.default.journal.last:  # else the state has the world already
            registry.default.add_exchanges(exchanges)
    except BaseException:
        if store is not None:
            store.close()
        raise
    return registry


def _open_store(settings: Settings, providers: ProviderSet) -> Store | None:
    """Open the state of the settings; ``None`` for worlds that end with the process."""
    if settings.state is None:
        return None
    from mockserver.stores import open_store

    try:
        return open_store(
            settings.state,
            create_codec(providers),
            sync=settings.state_sync,
            history=settings.state_history,
            journal=settings.journal_length,
            journal_bytes=settings.journal_bytes,
            keeps_exchanges=settings.state_journal == "on",
        )
    except ValueError as reason:
        raise BadSetting(str(reason)) from reason


def _clock(file: worldfile.WorldFile, settings: Settings) -> Clock | None:
    """Return the default world's clock of the settings, else of its file; ``None`` for the system's."""
    if settings.freeze is None:
        return file.clock.clock() if file.clock else None
    try:
        return Clock.frozen(parse_instant(settings.freeze))
    except ValueError as reason:
        raise BadSetting(f"freeze must be an instant such as {AN_INSTANT}, not {settings.freeze!r}") from reason


def _webhook_config(settings: Settings) -> WebhookConfig:
    """Return how webhooks are sent.

    Raises:
        BadSetting: a webhook target is not a host and port.
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
    """The mock server without its sockets: worlds, providers, control API and page. `create_app` and `MockServer` use one."""

    def __init__(self, settings: Settings, providers: ProviderSet, registry: WorldRegistry) -> None:
        self.settings = settings
        self.providers = providers
        self.registry = registry
        self.masking = Masking(
            secret_names(self.providers),
            registry.is_known_credential,
            lambda world_id: None if (world := registry.known(world_id)) is None else world.journal,
        )
        self.metrics = _create_metrics(registry, providers) if settings.metrics else None
        """The metrics; ``None`` when they are off."""
        try:
            self.handler = Handler(
                registry,
                providers.providers,
                self.masking,
                shows_exchange=settings.shows_exchange,
                trusted_proxies=settings.trusted_proxies,
                own_paths=OWN_PATHS if self.metrics is None else (*OWN_PATHS, METRICS),
                on_end=None if self.metrics is None else self.metrics.count,
            )
        except ValueError as reason:
            raise BadSetting(f"trusted proxies are private, any, none, addresses and networks; {reason}") from reason
        self.respond: Callable[[HttpRequest], ProviderResponse | Offload | None] | None = (
            None if settings.wsgi else self.handler.respond
        )
        """Handles a request to a provider directly on the connection; ``None`` where every request goes through Flask."""
        self.listen_addresses: Callable[[], Mapping[str, str | None]] = dict
        """Returns the URLs of the running server and the certificate that clients must trust."""

    def restart(self) -> None:
        """Reset the default world to the present content of its world file, without journal and fault rules.

        After an error the world is unchanged.

        Raises:
            worldfile.WorldFileError: the world file is invalid.
            OSError: the world file cannot be read.
            AlreadyInUse: another world has its credentials.
        """
        settings, world = self.settings, self.registry.default
        world.refresh()
        file = read_world(settings.world, self.providers, keep_unknown=settings.keep_unknown)
        clock = _clock(file, settings) or Clock.system()
        initial_state = InitialState(
            file.fixture,
            file.seed or settings.seed,
            {**self.providers.default_variants, **file.fixture.variants},
            {account.key: account.logins for account in file.fixture.accounts},
            clock.frozen_at,
        )
        self.registry.restart(world, initial_state, clock)
        world.remove_fault_rules()
        world.clear_journal()

    def guard(self, environ: Mapping[str, Any]) -> tuple[int, str]:
        """Return the HTTP status and the sentence with which the control API rejects a request; 0 when it accepts it."""
        try:
            guard.check(environ, self.settings, is_open=False)
        except ControlApiError as reason:
            return reason.status, str(reason)
        return 0, ""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request with the Flask application; this makes the service a WSGI application."""
        return self.app(environ, start_response)

    def reject_invalid(self, invalid: InvalidRequest, listener: str | None) -> ProviderResponse | Offload | None:
        """Record bytes that are not valid HTTP in the journal; return a provider's response if they name one."""
        return self.handler.reject_invalid(invalid, listener)

    def reject_request(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond why the proxy does not forward a request, and record it in the journal."""
        head: list[Any] = []
        body = b"".join(reject_request(environ, lambda *given: head.extend(given[:2])))  # type: ignore[arg-type]  # no writer is returned
        request = read_request(environ, self.settings.body_bytes)
        response = ProviderResponse(int(head[0][:3]), tuple(head[1]), body, error=environ[ERROR])
        response = self.handler.record(request, response)
        start_response(head[0], list(response.headers))
        return [body]

    def plan(self, request: HttpRequest) -> ProviderResponse | Turn | None:
        """Return how a request is answered that `respond` leaves to Flask.

        What may block is decided by the route, not by how the path is spelled.

        Returns:
            The response to a probe; the turn in which Flask is called on the pool; or ``None`` for a provider's request,
            which never blocks.
        """
        path, names = split_prefix(request.path)
        if not is_control(path):
            if self.settings.wsgi:
                return None
            is_quick = path == probes.LIVE or self.registry.store is None
            return (self.answer_probe(path) if is_quick else None) or Turn()
        path = normal_path(path)
        if not names:
            response = self.control.answer_probe(request, path)
            if response is not None:
                return response
        found = _WORLD_OF_PATH.match(path)
        # The calls about one world share its turns; all others are told apart by what they ask for.
        key = names[0] if names else found[1] if found else f"{request.method} {path}"
        return Turn(key, len(request.body) > _LONG_BODY or self.control.is_heavy(request.method, path))

    def answer_own(self, received: Request, path: str) -> ProviderResponse | None:
        """Respond to a request for a path of the server's own; return ``None`` for the index."""
        if self.metrics is None or path != METRICS:
            return self.answer_probe(path)
        try:
            guard.check(received.environ, self.settings, is_open=False)
        except ControlApiError as reason:
            return reject(reason)
        return self.metrics.respond(received.headers.get("Accept", ""))

    def answer_probe(self, path: str) -> ProviderResponse | None:
        """Respond to a probe of an orchestrator; return ``None`` for any other path."""
        if path == probes.LIVE:
            return probes.is_live()
        return probes.is_ready(self.registry) if path == probes.READY else None

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
            lambda: self.listen_addresses(),  # noqa: PLW0108 - the server sets it later
        )
        return Control(api, self.index)

    def index(self) -> dict[str, Any]:
        """Return a description of the server with its routes."""
        here = [
            (pattern, *sorted(set(methods) - {"HEAD"})) for pattern, methods in self.handler.router.patterns.items()
        ]
        here += [(pattern, method) for pattern, method in self.control.addresses]
        here.append((f"{PAGE}/", "GET"))  # the page links to its other addresses
        return {
            "mockserver": __version__,
            "about": f"a double of {self.providers.titles} for tests; no message leaves this machine",
            "page": f"{PAGE}/",
            "here": [
                f"{' '.join(methods)} {readable(pattern)}"
                for pattern, *methods in sorted(here, key=lambda each: each[0])
            ],
            "not_offered": {each.name: sorted(each.not_offered) for each in self.providers if each.not_offered},
        }


def build_service(
    settings: Settings | None = None,
    providers: Iterable[Provider] | None = None,
    registry: WorldRegistry | None = None,
) -> Service:
    """Create a service. It starts no thread and opens no socket.

    Args:
        settings: the settings; the defaults when ``None``. The environment is not read here.
        providers: the providers to serve; the installed ones when ``None``.
        registry: the worlds; created from the settings when ``None``.
    """
    settings, served = settings or Settings(), installed_providers() if providers is None else ProviderSet(providers)
    return Service(settings, served, registry or create_registry(settings, served))


def create_app(providers: Iterable[Provider] | None = None, settings: Settings | None = None) -> Flask:
    """Create the mock server as a Flask application, for any WSGI server; it runs it in one process, unless the state is in PostgreSQL.

    Args:
        providers: the providers to serve; the installed ones when ``None``.
        settings: the settings; the defaults when ``None``. The environment is not read here.
    """
    return build_service(settings, providers).app


def _create_metrics(registry: WorldRegistry, providers: ProviderSet) -> Metrics:
    try:
        from mockserver.admin.metrics import Metrics
    except ModuleNotFoundError as reason:
        raise BadSetting(
            "--metrics needs the package prometheus-client: pip install 'sms-mockserver[metrics]'"
        ) from reason
    return Metrics(registry, providers.providers, __version__)


def _create_flask(service: Service) -> Flask:
    app = Flask("mockserver", static_folder=None)
    app.extensions["mockserver"] = service
    app.url_map.merge_slashes = False  # a redirect would be a page of HTML, which no provider sends
    handler, settings = service.handler, service.settings

    def response(path: str = "") -> FlaskResponse:  # noqa: ARG001 - the handler reads the address itself
        found = answer_provider(handler, settings.body_bytes)
        if found is not None:
            return found
        own = service.answer_own(request, normal_path(split_prefix(request.path)[0]))
        if own is not None:
            return to_flask(own)
        if request.path == "/" and request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            # A browser alone asks for HTML.
            return FlaskResponse(status=302, headers={"Location": f"{PAGE}/", "Vary": "Accept"})
        return jsonify(service.index())

    def turn_down(reason: HTTPException) -> FlaskResponse:
        """Respond to a request that Flask cannot route: as the provider does, or with an error of the control API."""
        # The request refers to the reason, whose traceback refers to the request: break the reference cycle.
        reason.__traceback__ = reason.__context__ = None
        if not is_control(request.path):
            return response()
        return _turn_down_control(service, reason)

    def reject_several_processes() -> FlaskResponse | None:
        store = service.registry.store
        if not request.environ.get("wsgi.multiprocess") or (store is not None and store.is_shared):
            return None
        message = "worlds live in the memory of one process, and this WSGI server has several: run one with threads"
        return error(503, "needs_one_process", f"{message}, such as gunicorn -w 1 --threads 8")

    app.before_request(reject_several_processes)
    add_any_method(app, "/", "index", response)
    add_any_method(app, "/<path:path>", "providers", response)
    app.register_blueprint(service.control.blueprint())
    context = PageContext(
        service.registry, service.providers.providers, settings, service.masking, service.guard, __version__, app
    )
    app.register_blueprint(create_page(context))
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
        meant = f"did you mean {difference[0]}?" if difference else "GET / lists the routes"
        message = f"there is no {path} here; {meant}"
    if status == 405:
        message = f"{path} takes {allow}"
    return error(status, reason.name.lower().replace(" ", "_"), message, difference, allow=allow)


def _answer_failure(failure: Exception) -> FlaskResponse:
    """Log an internal error with its traceback, and respond 500 without it; a store that is gone has an error of its own."""
    if isinstance(failure, StoreUnavailable | WorldDropped):
        return to_flask(reject(failure))
    log.error("%s %s failed", request.method, request.path, exc_info=failure)
    return error(500, "internal_error", "the mock server failed; its log says why")
