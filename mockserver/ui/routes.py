"""The page's addresses; the only file of it that speaks Flask.

Sections of a world are at ``/_mock/ui/worlds/ID/SECTION``: GET shows one, POST does what a form of it says and leads
back. Everything else under ``/_mock/ui/`` is files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request, send_from_directory
from jinja2 import BytecodeCache
from werkzeug.exceptions import MethodNotAllowed, NotFound

from mockserver.client import ControlError
from mockserver.engine.instants import iso
from mockserver.http.router import Router
from mockserver.http.wsgi import add_any_method, to_flask
from mockserver.sdk.response import Response as ProviderResponse
from mockserver.sdk.response import Stream

from .page_context import ROOT, NoWorld, PageContext, PageRequest

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from jinja2.bccache import Bucket
    from werkzeug.wrappers import Response as AnyResponse

SECTIONS = {
    "conversations": "Conversations",
    "exchanges": "Exchanges",
    "clock": "Clock",
    "faults": "Faults",
    "variants": "VariantsMixin",
    "worlds": "Worlds",
    "demos": "Demos",
}
"""The sections in the navigation."""

_FILES = Path(__file__).parent / "static"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without one, a form says that it comes from nowhere
    "Cross-Origin-Resource-Policy": "same-origin",
}


def routes(desk: PageContext) -> Blueprint:
    """The page of a server."""
    blueprint = Blueprint("ui", __name__, template_folder="templates")
    pages = _Pages(desk)

    def response(path: str = "") -> Any:  # noqa: ARG001 - the router reads the address itself
        methods, found = _ROUTER.at(request.path)
        if not methods:
            raise NotFound
        if request.method not in methods:
            raise MethodNotAllowed(valid_methods=sorted(methods))
        return methods[request.method](pages)(**found)

    def add(state: BlueprintSetupState) -> None:
        state.app.jinja_options = {**state.app.jinja_options, "bytecode_cache": TEMPLATES}
        add_any_method(state.app, f"{ROOT}/", "ui.front", response)
        add_any_method(state.app, f"{ROOT}/<path:path>", "ui.answer", response)

    blueprint.record(add)
    blueprint.before_request(pages.let_in)
    blueprint.after_request(_with_headers)
    blueprint.register_error_handler(NoWorld, pages.no_world)
    blueprint.register_error_handler(ControlError, pages.rejected)
    return blueprint


class _CompiledTemplates(BytecodeCache):
    """The compiled templates of this process, for every application that shows the page."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, if its template has been compiled."""
        compiled = self._compiled.get(bucket.key)
        if compiled is not None:
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template that was compiled."""
        self._compiled[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = _CompiledTemplates()


def _with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _do_conversations(page_request: PageRequest) -> str:
    """An answer; and then the same handsets again."""
    from . import conversations

    conversations.response(page_request)
    return page_request.url_for_section(
        "conversations", open=page_request.args.getlist("open"), q=page_request.args.get("q")
    )


def _do_clock(page_request: PageRequest) -> str:
    from . import clock

    clock.move(page_request)
    # The strip on top of every page has these buttons too.
    back = page_request.request.form.get("back", "")
    return back if back.startswith(f"{ROOT}/") else page_request.url_for_section("clock")


def _do_faults(page_request: PageRequest) -> str:
    from . import faults

    {"add": faults.add, "remove": faults.remove}[page_request.request.form.get("do", "")](page_request)
    return page_request.url_for_section("faults")


def _do_variants(page_request: PageRequest) -> str:
    from . import variants

    variants.choose(page_request)
    return page_request.url_for_section("variants")


def _do_worlds(page_request: PageRequest) -> str:
    from . import worlds

    return worlds.change_worlds(page_request)


def _do_demos(page_request: PageRequest) -> str:
    from . import demos

    return demos.run_step(page_request)


_VERBS: Mapping[str, Callable[[PageRequest], str]] = {
    "conversations": _do_conversations,
    "clock": _do_clock,
    "faults": _do_faults,
    "variants": _do_variants,
    "worlds": _do_worlds,
    "demos": _do_demos,
}
"""The function for the forms of each section; it returns the URL to go to."""


class _Pages:
    """The views. Modules of sections are imported when somebody looks."""

    def __init__(self, desk: PageContext) -> None:
        self._desk = desk

    # -- who may look --------------------------------------------------------------------------------------------------

    def let_in(self) -> Response | None:
        """Anybody may have the files. Who shows no token where one is asked for gets the page that asks for it."""
        if request.path.startswith(f"{ROOT}/static/"):
            return None
        status = self._desk.guard(request.environ)
        if status == 0:
            return None
        if status == 401 and request.method == "GET" and "Authorization" not in request.headers:
            return Response(render_template("ui/token.html"), 200, mimetype="text/html")
        return Response("rejected", status, mimetype="text/plain")

    # -- pages ---------------------------------------------------------------------------------------------------------

    def front(self) -> str:
        """The default world's conversations."""
        return self._page(PageRequest(self._desk, request), "conversations")

    def section(self, name: str) -> Callable[..., Any]:
        """Render a section of a world."""

        def view(world_id: str) -> str:
            return self._page(PageRequest(self._desk, request, world_id), name)

        return view

    def done(self, name: str) -> Callable[..., Any]:
        """What a form says; then back, or the page again with the reason why not."""

        def view(world_id: str) -> AnyResponse | str:
            page_request = PageRequest(self._desk, request, world_id)
            try:
                return redirect(_VERBS[name](page_request), 303)
            except (ControlError, ValueError, KeyError) as reason:
                if name == "conversations":
                    return self._page(page_request, name, draft=request.form, error=str(reason))
                return self._page(page_request, name, alert=str(reason))

        return view

    def exchange(self, world_id: str, number: int) -> str:
        """Render one exchange."""
        from . import exchanges

        page_request = PageRequest(self._desk, request, world_id)
        return self._rendered(page_request, "exchange", "exchanges", exchanges.whole(page_request, number))

    def _page(self, page_request: PageRequest, name: str, alert: str = "", **more: Any) -> str:
        cursor = page_request.world.feed.cursor  # before anything is read, so that nothing is missed
        shown = import_module(f".{name}", __package__).shown(page_request, **more)
        return self._rendered(page_request, name, name, {**shown, "cursor": cursor, "alert": alert})

    def _rendered(self, page_request: PageRequest, template: str, section: str, context: Mapping[str, Any]) -> str:
        text = render_template(
            f"ui/{template}.html", **{**self._common(page_request), "section": section, "changes": "", **context}
        )
        # What clients sent need not be Unicode.
        return text.encode("utf-8", "backslashreplace").decode()

    def _common(self, page_request: PageRequest) -> dict[str, Any]:
        from . import clock, segments

        desk = self._desk
        return {
            "root": ROOT,
            "page_request": page_request,
            "world": page_request.world,
            "url_for_section": page_request.url_for_section,
            "path": request.full_path.rstrip("?"),
            "sections": SECTIONS,
            "all_worlds": sorted(each.id for each in desk.registry),
            "clock": clock.standing(page_request.world),
            "clock_steps": clock.STEPS,
            "cursor": page_request.world.feed.cursor,
            "origin": page_request.origin,
            "titles": desk.titles,
            "providers": desk.providers,
            "needs_token": desk.guard({**request.environ, "HTTP_AUTHORIZATION": ""}) == 401,
            "version": desk.version,
            "gsm": {"basic": segments.BASIC, "extension": segments.EXTENSION},
            "iso": iso,
            "alert": "",
        }

    # -- parts of pages ------------------------------------------------------------------------------------------------

    def conversation_changes(self, world_id: str) -> Any:
        """What happened to handsets after a cursor."""
        from . import conversations

        page_request = PageRequest(self._desk, request, world_id)
        return self._parts(page_request, "conversation_changes", conversations.changed(page_request))

    def earlier(self, world_id: str) -> str:
        """Older messages of a handset."""
        from . import conversations

        page_request = PageRequest(self._desk, request, world_id)
        found = conversations.earlier(page_request, page_request.args.get("handset", ""))
        return self._rendered(page_request, "earlier", "conversations", found)

    def exchange_changes(self, world_id: str) -> Any:
        """Exchanges after a number."""
        from . import exchanges

        page_request = PageRequest(self._desk, request, world_id)
        return self._parts(page_request, "exchange_changes", exchanges.changed(page_request))

    def _parts(self, page_request: PageRequest, template: str, found: Mapping[str, Any] | None) -> Any:
        """Parts of a page; nothing where it is better fetched whole."""
        if found is None:
            return Response(status=204)
        return self._rendered(page_request, template, "", found)

    def live(self, world_id: str) -> Response:
        """What has changed, as it happens."""
        from .live import live

        stream: Stream = live(PageRequest(self._desk, request, world_id))
        if stream.attach(request.environ):
            return to_flask(ProviderResponse(stream.status, stream.headers, b""))
        return Response(stream.pieces(), stream.status, dict(stream.headers))

    # -- files ---------------------------------------------------------------------------------------------------------

    def file(self, name: str) -> Response:
        """Serve a static file."""
        response = send_from_directory(_FILES, name)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def attachment(self, world_id: str) -> Response:
        """What came with a message: a picture as a picture, all else to be saved."""
        from . import conversations, pictures

        page_request = PageRequest(self._desk, request, world_id)
        at, serial, number = (page_request.number(name) for name in ("at", "serial", "id"))
        message = conversations.find(page_request.world, page_request.args.get("handset", ""), at, serial)
        found = [each for each in (message.attachments if message else ()) if each.id == number]
        if not found:
            return Response("there is no such attachment", 404, mimetype="text/plain")
        kind = pictures.safe_type(found[0])
        response = Response(found[0].content, mimetype=kind)
        how = "attachment" if kind == pictures.DOWNLOAD else "inline"
        response.headers.set("Content-Disposition", how, filename=found[0].name)
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    # -- what went wrong -----------------------------------------------------------------------------------------------

    def no_world(self, reason: NoWorld) -> tuple[str, int]:
        """There is no such world any more: choose another."""
        page_request = PageRequest(self._desk, request)
        from . import worlds

        return self._rendered(
            page_request, "worlds", "worlds", {**worlds.shown(page_request), "alert": str(reason)}
        ), 404

    def rejected(self, reason: ControlError) -> tuple[str, int]:
        """The control API said no to what a page needs."""
        return self._rendered(PageRequest(self._desk, request), "rejected", "", {"alert": str(reason)}), 404


_HERE = f"{ROOT}/worlds/<world_id>"
_VIEWS: tuple[tuple[str, str, Callable[[_Pages], Callable[..., Any]]], ...] = (
    ("GET", f"{ROOT}/", lambda pages: pages.front),
    ("GET", f"{ROOT}/static/<path:name>", lambda pages: pages.file),
    ("GET", f"{_HERE}/live", lambda pages: pages.live),
    ("GET", f"{_HERE}/attachment", lambda pages: pages.attachment),
    ("GET", f"{_HERE}/conversations/changes", lambda pages: pages.conversation_changes),
    ("GET", f"{_HERE}/conversations/earlier", lambda pages: pages.earlier),
    ("GET", f"{_HERE}/exchanges/changes", lambda pages: pages.exchange_changes),
    ("GET", f"{_HERE}/exchanges/<int:number>", lambda pages: pages.exchange),
    *(("GET", f"{_HERE}/{name}", methodcaller("section", name)) for name in SECTIONS),
    *(("POST", f"{_HERE}/{name}", methodcaller("done", name)) for name in _VERBS),
)
"""Method, address and view of everything here."""
_ROUTER = Router(_VIEWS)
ADDRESSES = tuple(pattern for pattern in _ROUTER.patterns if "<path:" not in pattern)
"""Every address here that says what a path must look like."""
