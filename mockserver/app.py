"""The composition root: the one file that knows every room."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mockserver import __version__
from mockserver import worldfile as snapshots
from mockserver.admin import guard
from mockserver.admin.endpoint import Api, shipped
from mockserver.admin.errors import ControlRefusal, error
from mockserver.admin.routes import index
from mockserver.admin.routes import routes as control_routes
from mockserver.engine.clock import Clock
from mockserver.engine.instants import parse_instant
from mockserver.engine.registry import Worlds
from mockserver.engine.state import Fixture, InitialState
from mockserver.http.application import AnswerResponse, Application
from mockserver.http.contexts import current
from mockserver.http.handler import serve, serve_astray
from mockserver.http.masking import Masking
from mockserver.http.pipeline import CONTROL, PREFIX, Pipeline
from mockserver.http.url_display import readable
from mockserver.intercept.proxy_errors import turn_away
from mockserver.sdk.loading import installed_providers
from mockserver.sdk.provider import Provider, View
from mockserver.sdk.serialization_cache import Fragments
from mockserver.settings import AN_INSTANT, BadSetting, Settings
from mockserver.ui.page_context import Desk
from mockserver.ui.routes import routes as page_routes
from mockserver.validation.suggestions import nearest_paths
from mockserver.webhooks import Courier, Manners
from mockserver.webhooks.dispatcher import PostOffice

INSTALLED = installed_providers()
PROVIDERS, HOSTS, SWITCHES = INSTALLED.providers, INSTALLED.hosts, INSTALLED.switches
READINGS, ROOMS = INSTALLED.default_variants, INSTALLED.callbacks
"""Of the installed providers."""

log = logging.getLogger("mockserver")

_TARGET = re.compile(r"[^:]+:[0-9]+|\[[0-9A-Fa-f:.]+\]:[0-9]+")
"""Where webhooks may go: ``receiver.example:8080``, ``[2001:db8::1]:80``."""


def read_world(path: Path | None = None) -> snapshots.WorldFile:
    """Read a world file or a snapshot, or the shipped default world, which is known to be right.

    Raises:
        snapshots.WorldFileError: the file is not one.
    """
    if path is None:
        return snapshots.WorldFile(shipped("demo"))
    return snapshots.read(path, snapshots.Rules.of(PROVIDERS, SWITCHES))


def read_fixture(path: Path | None = None) -> Fixture:
    """What a world file has a world begin with; as `read_world`."""
    return read_world(path).fixture


def create_house(settings: Settings) -> Worlds:
    """The worlds of a process, with the default one as the settings have it.

    Raises:
        snapshots.WorldFileError: the world file is not one.
        BadSetting: the instant to freeze at cannot be read.
    """
    file = read_world(settings.world)
    return Worlds(
        file.fixture,
        READINGS,
        clock=_clock(file, settings),
        seed=file.seed or settings.seed,
        rooms=ROOMS,
        sender=PostOffice({room.name: room for room in PROVIDERS}, Courier(_manners(settings))),
        adopts=settings.unknown_credentials == "adopt",
        journal_bytes=settings.journal_bytes,
        journal_length=settings.journal_length,
    )


def restart(house: Worlds, settings: Settings) -> None:
    """Let the default world begin again as its world file says now, without journal, faults and mischief.

    Raises:
        snapshots.WorldFileError: the file is not one; the world is as it was.
        OSError: it cannot be read; likewise.
        Taken: its credentials are another world's; likewise.
    """
    file, world = read_world(settings.world), house.default
    clock = _clock(file, settings) or Clock.system()
    initial_state = InitialState(
        file.fixture,
        file.seed or settings.seed,
        {**READINGS, **file.fixture.readings},
        {account.key: account.logins for account in file.fixture.accounts},
        clock.frozen_at,
    )
    house.restart(world, initial_state, clock)
    world.disarm()
    world.make_peace()
    world.journal.clear()


def _clock(file: snapshots.WorldFile, settings: Settings) -> Clock | None:
    """The default world's clock: as the settings have it, else as its file has it; ``None`` is the system's."""
    if settings.freeze is None:
        return file.clock.clock() if file.clock else None
    try:
        return Clock.frozen(parse_instant(settings.freeze))
    except ValueError as reason:
        raise BadSetting(f"freeze must be an instant such as {AN_INSTANT}, not {settings.freeze!r}") from reason


def _manners(settings: Settings) -> Manners:
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
    return Manners(
        timeout=settings.webhook_timeout,
        redirects=settings.webhook_redirects,
        targets=targets,
        agent=f"mockserver/{__version__}",
    )


def create_app(house: Worlds | None = None, settings: Settings | None = None) -> Application:
    """The whole server as a Flask application, for any WSGI server.

    Args:
        house: the worlds it answers for; made from the settings when none is given.
        settings: the defaults when none are given; the environment is not read here.
    """
    settings = settings or Settings()
    house = house or create_house(settings)
    application = Application("mockserver")
    application.house = house
    application.config["PROVIDE_AUTOMATIC_OPTIONS"] = (
        False  # no provider is known to answer OPTIONS, and its page is HTML
    )
    application.url_map.merge_slashes = False  # a redirect would be a page of HTML, which no provider sends
    masking = Masking((name for room in PROVIDERS for name in room.secrets), house.is_ours)
    fragments = Fragments()
    for room in PROVIDERS:
        application.register_blueprint(room.routes(_view(house, room, fragments)))
    addresses, whereabouts = partial(_addresses, application), partial(_whereabouts, application)
    api = Api(house, masking, settings, PROVIDERS, SWITCHES, __version__, addresses, whereabouts)
    application.register_blueprint(control_routes(api))
    desk = Desk(house, PROVIDERS, settings, masking, partial(_status, settings), __version__, application)
    application.register_blueprint(page_routes(desk))
    application.add_url_rule("/", "index", partial(_index, application, house), methods=["GET"])
    application.add_url_rule("/_mock/", "control_index", partial(_control_index, application), methods=["GET"])
    application.register_error_handler(HTTPException, partial(_nobody_answered, application, house))
    application.register_error_handler(Exception, partial(_we_failed, house))
    pipeline = Pipeline(
        application.wsgi_app,
        house,
        masking,
        settings.body_bytes,
        settings.shows_exchange,
        partial(_addresses, application),
    )
    application.wsgi_app = pipeline  # type: ignore[method-assign]  # Flask's own way to wrap an application
    application.reject_invalid = pipeline.reject_invalid
    application.away = Pipeline(turn_away, house, masking, settings.body_bytes, settings.shows_exchange)
    return application


def _status(settings: Settings, environ: Mapping[str, Any]) -> int:
    """The status with which the control API's guard keeps a request out; 0 where it lets it in."""
    try:
        guard.check(environ, settings, is_open=False)
    except ControlRefusal as reason:
        return reason.status
    return 0


def _addresses(application: Application) -> list[str]:
    """Every address that is answered, but for those that take any path: what may have been meant by one that is not."""
    return [rule.rule for rule in application.url_map.iter_rules() if "<path:" not in rule.rule]


def _whereabouts(application: Application) -> Mapping[str, str | None]:
    """Where the server listens that it is the application of: known when it runs."""
    return application.whereabouts()


def _view(house: Worlds, room: Provider, fragments: Fragments) -> View:
    """A room's view. What the address carries is read by the room itself."""

    def view(**_arguments: object) -> Response:
        return AnswerResponse(serve(house, room, fragments, current().request.environ))

    return view


def _index(application: Application, house: Worlds) -> Response:
    """What is here, unless it is a provider's host that is asked."""
    answer = _astray(house, 404)
    if answer is not None:
        return answer
    request.environ["mockserver.exchange"].is_private = True
    return jsonify(index(application, INSTALLED.titles, __version__))


def _control_index(application: Application) -> Response:
    """The same where people look for the control API."""
    return jsonify(index(application, INSTALLED.titles, __version__))


def _nobody_answered(application: Application, house: Worlds, reason: HTTPException) -> Response:
    """A provider's host or prefix gets that provider's refusal; anything else a list of what is here."""
    # The request has the reason, and a frame on its way has the request: a circle that only the garbage collector undoes.
    reason.__traceback__ = reason.__context__ = None
    status = reason.code or 500
    allow = ", ".join(sorted(reason.valid_methods or ())) if isinstance(reason, MethodNotAllowed) else ""
    answer = _astray(house, status)
    if answer is not None:
        return answer
    path = request.environ["PATH_INFO"]
    if path.startswith(PREFIX):
        name = path[len(PREFIX) :].partition("/")[0]
        return error(404, "no_such_world", f"there is no world {name!r}")
    message, difference = str(reason.description), None
    if status == 404:
        is_ours = request.path.startswith(CONTROL)
        rules = [rule for rule in _addresses(application) if rule.startswith(CONTROL) == is_ours]
        difference = [readable(rule) for rule in nearest_paths(request.path, rules, 5)]
        meant = f"did you mean {difference[0]}?" if difference else "GET / lists what there is"
        message = f"there is no {request.path} here; {meant}"
    if status == 405:
        message = f"{request.path} takes {allow}"
    response = error(status, reason.name.lower().replace(" ", "_"), message, difference)
    if allow:
        response.headers["Allow"] = allow
    return response


def _we_failed(house: Worlds, failure: Exception) -> Response:
    """An error of ours: the log has it whole, the client gets no traceback."""
    log.error("%s %s failed", request.method, request.path, exc_info=failure)
    return _astray(house, 500) or error(500, "internal_error", "the mock server failed; its log says why")


def _astray(house: Worlds, status: int) -> Response | None:
    """The refusal of the provider whose host or prefix was asked."""
    host, path = request.host.partition(":")[0].lower(), request.path
    if path.startswith(CONTROL):
        return None
    for room in sorted(PROVIDERS, key=lambda room: host not in room.hosts):  # a host of its own says it before a path
        is_its_path = f"{path}/".startswith(tuple(room.prefixes))  # "/messages" too, which names no action at all
        if is_its_path or host in room.hosts:
            if status == 405 and not is_its_path:  # our own page's address, at a host that has no such page
                status = 404
            return AnswerResponse(serve_astray(house, room, request.environ, status))
    return None
