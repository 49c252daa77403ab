"""The routes of the page, and the only module of it that uses Flask.

The sections of a world are at ``/_mock/ui/worlds/ID/SECTION``: GET shows one, POST performs the action of one of its forms
and redirects back. Static files are under ``/_mock/ui/static/``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from jinja2 import BytecodeCache, FunctionLoader, TemplateNotFound
from werkzeug.exceptions import MethodNotAllowed, NotFound

from mockserver.client import ControlError
from mockserver.engine.instants import iso
from mockserver.http.router import Router
from mockserver.http.wsgi import add_any_method, to_flask
from mockserver.sdk.response import Response as ProviderResponse
from mockserver.sdk.response import Stream
from mockserver.unpatched import is_file, read_bytes, read_text

from .page_context import ROOT, PageContext, PageRequest, WorldNotFound

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from jinja2.bccache import Bucket
    from werkzeug.wrappers import Response as AnyResponse

SECTIONS = {
    "start": "Start",
    "exchanges": "Exchanges",
    "conversations": "Conversations",
    "webhooks": "Webhooks",
    "faults": "Faults",
    "variants": "Variants",
    "clock": "Clock",
    "worlds": "Worlds",
    "demos": "Demos",
}
"""The sections, each with its title in the navigation."""

_LATEST = 40
"""The worlds in the menu of every page: those that were created last."""
_FILES = Path(__file__).parent / "static"
_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILE_NAME = re.compile(rf"[a-z_]+\.({'|'.join(_MEDIA_TYPES)})")

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, forms would send "Origin: null"
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_blueprint(context: PageContext) -> Blueprint:
    """Return the Flask blueprint with all routes of the page."""
    blueprint = Blueprint("ui", __name__)
    blueprint.jinja_loader = FunctionLoader(_load_template)
    pages = _Pages(context)

    def respond(path: str = "") -> Any:
        methods, found = _ROUTER.at(request.path if path else f"{ROOT}/")
        if not methods:
            raise NotFound
        if request.method not in methods:
            raise MethodNotAllowed(valid_methods=sorted(methods))
        return methods[request.method](pages)(**found)

    def add(state: BlueprintSetupState) -> None:
        state.app.jinja_options = {**state.app.jinja_options, "bytecode_cache": TEMPLATES}
        add_any_method(state.app, f"{ROOT}/", "ui.home", respond)
        add_any_method(state.app, f"{ROOT}/<path:path>", "ui.page", respond)

    blueprint.record(add)
    blueprint.before_request(pages.check_access)
    blueprint.after_request(_with_headers)
    blueprint.register_error_handler(WorldNotFound, pages.world_not_found)
    blueprint.register_error_handler(ControlError, pages.rejected)
    return blueprint


def _load_template(name: str) -> tuple[str, str, None]:
    """Load a template of the page. Its file is that of the package, also where a test has replaced the file system."""
    path = Path(__file__).parent / "templates" / name
    if not is_file(path):
        raise TemplateNotFound(name)
    return read_text(path), str(path), None


class _CompiledTemplates(BytecodeCache):
    """The compiled templates, shared by all applications of this process."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a compiled template, if there is one."""
        compiled = self._compiled.get(bucket.key)
        if compiled is not None:
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store a compiled template."""
        self._compiled[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = _CompiledTemplates()


def _with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _submit_conversations(page_request: PageRequest) -> str:
    """Send a message, and return the URL with the same handsets."""
    from . import conversations

    conversations.send_inbound(page_request)
    return page_request.url_for_section(
        "conversations", open=page_request.args.getlist("open"), q=page_request.args.get("q")
    )


def _submit_exchanges(page_request: PageRequest) -> str:
    from . import exchanges

    return exchanges.act(page_request)


def _submit_clock(page_request: PageRequest) -> str:
    from . import clock

    clock.move_clock(page_request)
    # Every page has some of these buttons on top.
    back = page_request.request.form.get("back", "")
    return back if back.startswith(f"{ROOT}/") else page_request.url_for_section("clock")


def _submit_faults(page_request: PageRequest) -> str:
    from . import faults

    {"add": faults.add_rule, "remove": faults.remove_rules}[page_request.request.form.get("do", "")](page_request)
    return page_request.url_for_section("faults")


def _submit_variants(page_request: PageRequest) -> str:
    from . import variants

    variants.choose_variant(page_request)
    return page_request.url_for_section("variants", **page_request.args.to_dict())


def _submit_webhooks(page_request: PageRequest) -> str:
    from . import webhooks

    return webhooks.change_delivery(page_request)


def _submit_worlds(page_request: PageRequest) -> str:
    from . import worlds

    return worlds.change_worlds(page_request)


def _submit_demos(page_request: PageRequest) -> str:
    from . import demos

    return demos.run_step(page_request)


_FORM_HANDLERS: Mapping[str, Callable[[PageRequest], str]] = {
    "conversations": _submit_conversations,
    "clock": _submit_clock,
    "faults": _submit_faults,
    "variants": _submit_variants,
    "exchanges": _submit_exchanges,
    "webhooks": _submit_webhooks,
    "worlds": _submit_worlds,
    "demos": _submit_demos,
}
"""The function that performs the actions of a section's forms; it returns the URL to redirect to."""


class _Pages:
    """The views. The module of a section is imported when the section is first shown."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    # -- access --------------------------------------------------------------------------------------------------------

    def check_access(self) -> Response | None:
        """Return the response for a request that is not allowed, which may be the page that asks for the token, else ``None``.

        Static files need no token.
        """
        if request.path.startswith(f"{ROOT}/static/"):
            return None
        status, reason = self._context.guard(request.environ)
        # The token is checked last, so nothing else is wrong with the request.
        if status == 0 or (status == 401 and (request.path == _SESSION or self._has_session())):
            return None
        if status == 401 and request.method == "GET" and "Authorization" not in request.headers:
            back = request.full_path.rstrip("?")
            return Response(render_template("ui/token.html", action=_SESSION, back=back), 200, mimetype="text/html")
        return Response(reason, status, mimetype="text/plain")

    def _has_session(self) -> bool:
        from . import browser_session

        return browser_session.has_session(request, self._context.settings.token)

    def begin_session(self) -> AnyResponse:
        """Begin a session for the browser if the token that it sends is right, and redirect it to the page that it asked for."""
        from . import browser_session

        token, back = self._context.settings.token, request.form.get("back", "")
        if token is None or not browser_session.is_token(request.form.get("token", "").strip(), token):
            text = render_template("ui/token.html", action=_SESSION, back=back, is_wrong=True)
            return Response(text, 403, mimetype="text/html")
        response = redirect(back if back.startswith(f"{ROOT}/") else f"{ROOT}/", 303)
        browser_session.begin_session(request, response, token)
        return response

    # -- pages ---------------------------------------------------------------------------------------------------------

    def home(self) -> str:
        """Render the default world's start page."""
        return self._page(PageRequest(self._context, request), "start")

    def section(self, name: str) -> Callable[..., Any]:
        """Return the view that renders a section of a world."""

        def view(world_id: str) -> str:
            return self._page(PageRequest(self._context, request, world_id), name)

        return view

    def submit(self, name: str) -> Callable[..., Any]:
        """Return the view that performs the action of a section's form: it redirects, or renders the section with the error."""

        def view(world_id: str) -> AnyResponse | str:
            page_request = PageRequest(self._context, request, world_id)
            try:
                return redirect(_FORM_HANDLERS[name](page_request), 303)
            except (ControlError, ValueError, KeyError) as reason:
                if name == "conversations":
                    return self._page(page_request, name, draft=request.form, error=str(reason))
                return self._page(page_request, name, alert=str(reason))

        return view

    def exchange(self, world_id: str, number: int) -> str:
        """Render the list of exchanges with one of them beside it."""
        return self._page(PageRequest(self._context, request, world_id), "exchanges", number=number)

    def _page(self, page_request: PageRequest, name: str, alert: str = "", **more: Any) -> str:
        cursor = page_request.world.feed.cursor  # read first, so that the event stream misses no change
        values = import_module(f".{name}", __package__).view_model(page_request, **more)
        return self._render(page_request, name, name, {**values, "cursor": cursor, "alert": alert})

    def _render(self, page_request: PageRequest, template: str, section: str, values: Mapping[str, Any]) -> str:
        page = {**self._common(page_request), "section": section, "changes": "", **values}
        text = render_template(f"ui/{template}.html", page=page, **page)
        # What clients sent may contain bytes that are not Unicode.
        return text.encode("utf-8", "backslashreplace").decode()

    def _common(self, page_request: PageRequest) -> dict[str, Any]:
        from . import clock, sms_segments

        context = self._context
        return {
            "root": ROOT,
            "page_request": page_request,
            "world": page_request.world,
            "url_for_section": page_request.url_for_section,
            "path": request.full_path.rstrip("?"),
            "sections": SECTIONS,
            "latest_worlds": sorted(
                {context.registry.default.id, *(each.id for each in context.registry.latest(_LATEST))}
            ),
            "world_count": len(context.registry),
            "clock": clock.clock_view(page_request.clock),
            "clock_steps": clock.STEPS,
            "cursor": page_request.world.feed.cursor,
            "origin": page_request.origin,
            "titles": context.titles,
            "providers": context.providers,
            "version": context.version,
            "gsm": {"basic": sms_segments.BASIC, "extension": sms_segments.EXTENSION},
            "iso": iso,
            "alert": "",
        }

    def checkpoints(self, world_id: str) -> AnyResponse:
        """Redirect the address that checkpoints had to the section that shows them now."""
        page_request = PageRequest(self._context, request, world_id)
        return redirect(page_request.url_for_section("worlds", **page_request.args.to_dict()) + "#checkpoints-title")

    # -- parts of pages ------------------------------------------------------------------------------------------------

    def conversation_changes(self, world_id: str) -> Any:
        """Render the rows and bubbles that changed after a cursor."""
        from . import conversations

        page_request = PageRequest(self._context, request, world_id)
        return self._render_parts(page_request, "conversation_changes", conversations.changes(page_request))

    def earlier_messages(self, world_id: str) -> str:
        """Render older messages of a handset."""
        from . import conversations

        page_request = PageRequest(self._context, request, world_id)
        values = conversations.earlier_messages(page_request, page_request.args.get("handset", ""))
        return self._render(page_request, "earlier_messages", "conversations", values)

    def exchange_changes(self, world_id: str) -> Any:
        """Render the exchanges after a number."""
        from . import exchanges

        page_request = PageRequest(self._context, request, world_id)
        return self._render_parts(page_request, "exchange_changes", exchanges.changes(page_request))

    def export(self, world_id: str) -> Response:
        """Serve the exchanges that the filter shows as a HAR file to download."""
        from . import exchanges

        page_request = PageRequest(self._context, request, world_id)
        response = Response(exchanges.export(page_request), mimetype="application/json")
        response.headers.set("Content-Disposition", "attachment", filename=f"{world_id}.har")
        return response

    def _render_parts(self, page_request: PageRequest, template: str, values: Mapping[str, Any] | None) -> Any:
        """Render parts of a page; 204 without a body tells the browser to load the whole page."""
        if values is None:
            return Response(status=204)
        return self._render(page_request, template, "", values)

    def live(self, world_id: str) -> Response:
        """Respond with the stream of changed topics."""
        from .event_stream import open_event_stream

        stream: Stream = open_event_stream(PageRequest(self._context, request, world_id))
        if stream.attach(request.environ):
            return to_flask(ProviderResponse(stream.status, stream.headers, b""))
        return Response(stream.pieces(), stream.status, dict(stream.headers))

    # -- files ---------------------------------------------------------------------------------------------------------

    def file(self, name: str) -> Response:
        """Serve a static file."""
        found = _FILE_NAME.fullmatch(name)
        if found is None or not is_file(_FILES / name):
            raise NotFound
        response = Response(read_bytes(_FILES / name), mimetype=_MEDIA_TYPES[found[1]])
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        response.make_conditional(request)
        return response

    def attachment(self, world_id: str) -> Response:
        """Serve an attachment of a message: an image to be shown, anything else to be downloaded."""
        from . import attachments, conversations

        page_request = PageRequest(self._context, request, world_id)
        at, serial, number = (page_request.number(name) for name in ("at", "serial", "id"))
        message = conversations.find_message(page_request.world, page_request.args.get("handset", ""), at, serial)
        found = [each for each in (message.attachments if message else ()) if each.id == number]
        if not found:
            return Response("there is no such attachment", 404, mimetype="text/plain")
        media_type = attachments.safe_type(found[0])
        response = Response(found[0].content, mimetype=media_type)
        disposition = "attachment" if media_type == attachments.DOWNLOAD else "inline"
        response.headers.set("Content-Disposition", disposition, filename=found[0].name)
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def palette(self, world_id: str) -> Response:
        """Serve what a text may lead to, as JSON."""
        from . import palette

        found = palette.find_answers(PageRequest(self._context, request, world_id), SECTIONS)
        # Not orjson: what clients sent may contain bytes that are not Unicode.
        return Response(json.dumps(found), mimetype="application/json")

    def snapshot(self, world_id: str) -> Response:
        """Serve the world as a file to download."""
        document = PageRequest(self._context, request, world_id).call_api("GET", "snapshot", credentials="true")
        response = Response(orjson.dumps(document, option=orjson.OPT_INDENT_2), mimetype="application/json")
        response.headers.set("Content-Disposition", "attachment", filename=f"{world_id}.json")
        return response

    # -- errors --------------------------------------------------------------------------------------------------------

    def world_not_found(self, reason: WorldNotFound) -> tuple[str, int]:
        """Render the list of worlds with the error, for the user to choose another one."""
        from . import worlds

        page_request = PageRequest(self._context, request)
        values = {**worlds.view_model(page_request), "alert": str(reason)}
        return self._render(page_request, "worlds", "worlds", values), 404

    def rejected(self, reason: ControlError) -> tuple[str, int]:
        """Render the error with which the control API rejected what a page needs."""
        return self._render(PageRequest(self._context, request), "rejected", "", {"alert": str(reason)}), 404


_SESSION = f"{ROOT}/session"
_WORLD = f"{ROOT}/worlds/<world_id>"
_VIEWS: tuple[tuple[str, str, Callable[[_Pages], Callable[..., Any]]], ...] = (
    ("GET", f"{ROOT}/", lambda pages: pages.home),
    ("GET", f"{ROOT}/static/<path:name>", lambda pages: pages.file),
    ("POST", _SESSION, lambda pages: pages.begin_session),
    ("GET", f"{_WORLD}/live", lambda pages: pages.live),
    ("GET", f"{_WORLD}/snapshot", lambda pages: pages.snapshot),
    ("GET", f"{_WORLD}/palette", lambda pages: pages.palette),
    ("GET", f"{_WORLD}/attachment", lambda pages: pages.attachment),
    ("GET", f"{_WORLD}/conversations/changes", lambda pages: pages.conversation_changes),
    ("GET", f"{_WORLD}/conversations/earlier", lambda pages: pages.earlier_messages),
    ("GET", f"{_WORLD}/exchanges/changes", lambda pages: pages.exchange_changes),
    ("GET", f"{_WORLD}/exchanges/export", lambda pages: pages.export),
    ("GET", f"{_WORLD}/exchanges/<int:number>", lambda pages: pages.exchange),
    ("GET", f"{_WORLD}/checkpoints", lambda pages: pages.checkpoints),
    *(("GET", f"{_WORLD}/{name}", methodcaller("section", name)) for name in SECTIONS),
    *(("POST", f"{_WORLD}/{name}", methodcaller("submit", name)) for name in _FORM_HANDLERS),
)
"""The method, path and view of each route."""
_ROUTER = Router(_VIEWS)
PATTERNS = tuple(pattern for pattern in _ROUTER.patterns if "<path:" not in pattern)
"""The paths of the routes, without those that match any path."""
