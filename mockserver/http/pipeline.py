"""WSGI around the Flask application: opens the exchange, finds the door's world, and writes everything down.

Whatever happens inside, one exchange stands in one world's journal afterwards: a 404 too, and a failure of ours.
Only the tester's own calls are left out, for reading a journal must not fill it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from mockserver.engine.journal import Exchange

from . import log_line
from .request import REQUEST

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from mockserver.engine.registry import Worlds
    from mockserver.engine.world import World

    from .masking import Masking

log = logging.getLogger("mockserver.exchange")

CONTROL = "/_mock/"
"""What the tester calls; providers have no such path."""
PREFIX = "/_w/"
"""``/_w/ID/...`` is ``/...`` in the world of that id."""


class Pipeline:
    """The outermost WSGI application."""

    def __init__(
        self,
        application: WSGIApplication,
        house: Worlds,
        masking: Masking,
        largest_body: int,
        shows_number: bool = True,
        addresses: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Wrap an application.

        Args:
            application: Flask's own ``wsgi_app``.
            house: the worlds whose journals are written.
            masking: what is kept out of them.
            shows_number: whether a refusal says which exchange it is, in ``X-Mockserver-Exchange``.
            largest_body: bytes of a body that are read under a plain WSGI server; our shell has its own bound.
            addresses: the rules of every address that is served, for the log to name the one that was meant.
        """
        self._application = application
        self._house = house
        self._masking = masking
        self._largest_body = largest_body
        self._shows_number = shows_number
        self._addresses = addresses

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, and write it down."""
        path: str = environ["PATH_INFO"]
        if path.startswith(CONTROL):
            return self._application(environ, start_response)
        if "mockserver.body" not in environ:
            self._read_body(environ)
        exchange = _open(environ)
        environ["mockserver.exchange"] = exchange
        bound = self._bind(environ, path) if path.startswith(PREFIX) else None
        environ["mockserver.bound"] = bound or self._house.at_door(exchange.door)
        kept: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            kept[:] = status, headers, exc_info
            return _written  # the answer begins when the journal has it, and it has a number

        chunks = self._application(environ, start)
        body = chunks[0] if isinstance(chunks, list) and len(chunks) == 1 else _join(chunks)
        exchange.answered(int(kept[0][:3]), tuple(kept[1]), body)
        if not exchange.is_private:
            self._write_down(exchange, environ["mockserver.bound"])
            self._log(exchange, environ["PATH_INFO"])
            if self._shows_number and (exchange.refusal or exchange.fault or exchange.status >= 400):
                exchange.answer_head = (*exchange.answer_head, ("X-Mockserver-Exchange", str(exchange.number)))
        start_response(kept[0], list(exchange.answer_head), kept[2])
        received = environ.get(REQUEST)
        if received is not None:
            received.on_finish = exchange.finish
        else:  # a plain server tells nobody what became of it
            exchange.finish(len(body), "complete")
        return [body]

    def reject_invalid(self, raw: bytes, reason: str, door: str | None) -> None:
        """Write down what was no HTTP at all."""
        exchange = Exchange("", "", (), raw, door)
        exchange.answered(400, (), reason.encode())
        exchange.finish(0, "broken")
        self._write_down(exchange, self._house.at_door(door))
        log.info("bytes that are no HTTP -> 400 %s", reason)

    def _bind(self, environ: WSGIEnvironment, path: str) -> World | None:
        name, slash, rest = path[len(PREFIX) :].partition("/")
        world = self._house.get(name)
        if world is not None:
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{PREFIX}{name}"
            environ["PATH_INFO"] = slash + rest or "/"
        return world

    def _read_body(self, environ: WSGIEnvironment) -> None:
        """Under a server that is not our shell the body is still in the stream."""
        length = environ.get("CONTENT_LENGTH") or ""
        promised = int(length[:18]) if length.isascii() and length.isdigit() else 0
        wanted = self._largest_body if environ.get("wsgi.input_terminated") else min(promised, self._largest_body)
        environ["mockserver.body"] = environ["wsgi.input"].read(wanted) if wanted > 0 else b""
        environ["mockserver.overflow"] = promised > self._largest_body

    def _write_down(self, exchange: Exchange, bound: World | None) -> None:
        world = (exchange.world and self._house.get(exchange.world)) or bound or self._house.default
        if exchange.world is None:
            exchange.world, exchange.at = world.id, world.clock.now()
        if exchange.account is None:
            self._masking.apply(exchange)
        world.write_down(exchange)

    def _log(self, exchange: Exchange, path: str) -> None:
        is_plain = exchange.outcome in ("accepted", "answered")
        level = logging.DEBUG if is_plain and exchange.fault is None else logging.INFO
        if log.isEnabledFor(level):
            target = self._masking.target(exchange.target)
            why = log_line.reason(exchange, path, self._addresses)
            log.log(level, "%s %s -> %d%s", exchange.method, target, exchange.status, why and f" {why}")


def _written(_data: bytes) -> NoReturn:
    raise AssertionError("PEP 3333's write() is for old applications; ours is Flask")


def _open(environ: WSGIEnvironment) -> Exchange:
    target = environ.get("mockserver.target")
    head = environ.get("mockserver.head")
    if target is None or head is None:
        query = environ.get("QUERY_STRING")
        target = environ["PATH_INFO"] + (f"?{query}" if query else "")
        head = tuple(_headers(environ))
    return Exchange(
        environ["REQUEST_METHOD"], target, head, environ["mockserver.body"], environ.get("mockserver.listener")
    )


def _headers(environ: WSGIEnvironment) -> Iterable[tuple[str, str]]:
    """A plain server has kept names without their case."""
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-").title(), value
    if environ.get("CONTENT_TYPE"):
        yield "Content-Type", environ["CONTENT_TYPE"]


def _join(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
