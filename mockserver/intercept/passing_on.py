"""Passes requests for the providers' hosts on to the real providers, and records them with their responses.

The rules of this file:

1. A request and its response are passed on as they are, to the byte: the order and the spelling of headers, and the bodies with
   their content coding. Only the headers that concern one connection differ (RFC 9110, 7.6.1), and no header of ours is sent.
2. When a client has received the end of a response, the exchange is in the file, unless the body is very long.
3. Where no response came, the client gets an error 502 and not a closed connection, after which some clients send again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from mockserver import unpatched
from mockserver.har.exchange import RecordedExchange
from mockserver.http.listener import Listener
from mockserver.http.relayed_response import RelayedResponse
from mockserver.http.request import REQUEST, HttpRequest
from mockserver.intercept.hosts import Hosts, normalize_host
from mockserver.intercept.proxy import ForwardProxy, connection_headers, origin_form
from mockserver.intercept.upstream import UpstreamConnection, UpstreamError
from mockserver.sdk.response import PENDING, Response

if TYPE_CHECKING:
    from concurrent.futures import Future
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mockserver.http.response_writer import RelayWriter
    from mockserver.intercept.ca import CertificateAuthority
    from mockserver.intercept.recorder import Recorder
    from mockserver.intercept.upstream import ResponseHead, Upstream, Upstreams

RECORDED_BYTES = 64 * 2**20
"""The longest body of a response that is recorded; a longer one is passed on and not recorded."""

AWAITED_BYTES = 2**20
"""The longest body of a response whose end waits until the exchange is in the file: to search a longer one for secrets takes long."""

_NAME = "record"
"""The name of the listeners."""
_OURS = "x-mockserver-"
_HOST_WITH_PORT = re.compile(r"(.*?)(?::[0-9]*)?")


class PassingOn:
    """A WSGI application for our own connections: it passes requests for the providers' hosts on to their upstreams."""

    def __init__(self, upstreams: Upstreams, recorder: Recorder) -> None:
        """Create it.

        Args:
            upstreams: where requests go.
            recorder: where exchanges are recorded.
        """
        self.upstreams = upstreams
        self.recorder = recorder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Start to pass a request on; called on the event loop."""
        request: HttpRequest = environ[REQUEST]
        named = _HOST_WITH_PORT.fullmatch(request.get("host") or "")
        host = normalize_host(named[1] if named else "")
        upstream = self.upstreams.find(request.scheme, host)
        if upstream is None or request.method == "CONNECT":
            text = f"mockserver: {host or 'no host'} is not passed on: only the providers' hosts are\n"
            start_response("421 Misdirected Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [text.encode()]
        environ[PENDING] = PassedOnExchange(request, host, upstream, self.upstreams, self.recorder)
        start_response("202 Accepted", [])  # never sent
        return []

    def announcement(self, replaced: str) -> Iterator[str]:
        """Yield sentences that say what is recorded, and where requests go; ``replaced`` is what has stand-ins."""
        upstreams = self.upstreams
        yield f"recording in {self.recorder.path}; {replaced} are replaced in it"
        own = [host for host in upstreams.hosts if host not in upstreams.others]
        if own:
            yield f"requests for {', '.join(own)} go to the real provider: what they send is really sent"
        for host, upstream in upstreams.others.items():
            yield f"requests for {host} go to {upstream}"
        if upstreams.proxy is not None:
            yield f"HTTPS goes by the proxy {upstreams.proxy}, except to the hosts of NO_PROXY"

    def listeners(
        self,
        host: str,
        port: int,
        ca: CertificateAuthority,
        allowed: Iterable[str] = (),
        hint: str = "port 0 picks a free one",
    ) -> tuple[Listener, Listener, ForwardProxy]:
        """Return what serves the application: two listeners, for HTTP and HTTPS, and the forward proxy that leads to them.

        Args:
            host: the address of the proxy; the others are reached by this machine alone.
            port: the port of the proxy; 0 for a free one.
            ca: signs the certificate for the providers' hosts.
            allowed: other hosts that the proxy forwards to.
            hint: advice for the error message when the port is in use.
        """
        hosts = self.upstreams.hosts
        proxy = ForwardProxy(self, host, port, name=_NAME, hosts=Hosts(hosts), allowed=tuple(allowed), hint=hint)
        return Listener(self, name=_NAME), Listener(self, name=_NAME, ssl_context=ca.context(hosts)), proxy


class PassedOnExchange(RelayedResponse):
    """One request that is passed on, and its response. Everything happens on the event loop."""

    _writer: RelayWriter

    def __init__(
        self, request: HttpRequest, host: str, upstream: Upstream, upstreams: Upstreams, recorder: Recorder
    ) -> None:
        super().__init__()
        self._request = request
        self._upstream = upstream
        self._ssl_context = upstreams.ssl_context
        self._recorder = recorder
        self._target = _path_and_query(request.target)
        self._url = f"{request.scheme}://{host}{self._target}"
        self._headers = tuple(_request_headers(request))
        self._started = unpatched.time_ns() // 1000
        self._begun = unpatched.monotonic_ns()
        self._connection = UpstreamConnection(is_head=request.method == "HEAD", on_change=self._receive)
        self._connecting: asyncio.Task[None] | None = None
        self._is_sent = False
        self._has_client = True
        self._is_head_written = False
        self._framing: _Framing | None = None
        self._body: list[bytes] = []
        self._size = 0  # of the body that was received

    def begin(self, writer: RelayWriter) -> None:
        """Connect to the upstream, and send the request."""
        self._writer = writer
        if self._request.is_too_large:
            reason = UpstreamError("the body of the request is longer than --body-bytes allows")
            self._respond_instead(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._send())

    def drained(self) -> None:
        """Read on from the upstream."""
        if self._is_sent and not self._connection.transport.is_closing():
            self._connection.transport.resume_reading()

    def cancel(self) -> bool:
        """End the exchange: the client has disconnected, or the server stops."""
        if not super().cancel():
            return False
        self._has_client = False
        if self._connecting is not None:
            self._connecting.cancel()
        if self._is_sent:
            self._connection.transport.abort()
        if self._connection.failure is None and not self._connection.is_complete:
            self._connection.failure = UpstreamError("the client's connection ended before the response was complete")
            self._record(self._connection.failure)
        return True

    async def _send(self) -> None:
        try:
            await self._connection.open(self._upstream, self._ssl_context)
        except UpstreamError as reason:
            self._connecting = None
            self._respond_instead(HTTPStatus.BAD_GATEWAY, reason)
            return
        self._connecting = None
        self._is_sent = True
        self._connection.transport.write(_message(self._request, self._upstream.prefix + self._target, self._headers))

    def _receive(self, piece: bytes) -> None:
        """Pass on what came in; the last piece only when the exchange is in the file."""
        if not self._has_client:
            return
        connection = self._connection
        head = connection.head
        if head is None:
            assert connection.failure is not None
            self._respond_instead(HTTPStatus.BAD_GATEWAY, connection.failure)
            return
        if self._framing is None:
            self._framing = _Framing(self._request, head)
        self._size += len(piece)
        if self._size <= RECORDED_BYTES:
            self._body.append(piece)
        else:
            self._body.clear()
        message = b"" if self._is_head_written else self._framing.head
        self._is_head_written = True
        message += self._framing.frame(piece)
        if connection.is_complete:
            message += self._framing.end(connection.trailers)
            recorded = self._record(None)
            if self._size > AWAITED_BYTES:
                self._finish(message)
            else:
                recorded.add_done_callback(self._when_recorded(message))
        elif connection.failure is not None:
            self._writer.write(message)
            self._record(connection.failure).add_done_callback(self._when_recorded(None))
        else:
            self._writer.write(message)
            if self._writer.is_paused:
                connection.transport.pause_reading()

    def _when_recorded(self, last: bytes | None) -> Callable[[Future[None]], None]:
        """Return a callback that ends the response on the event loop: with these bytes, or in its middle if there are none."""
        return self._on_loop(partial(self._finish, last))

    def _on_loop(self, call: Callable[[], None]) -> Callable[[Future[None]], None]:
        loop = asyncio.get_running_loop()

        def wake(_: Future[None]) -> None:
            with contextlib.suppress(RuntimeError):  # the server has stopped
                loop.call_soon_threadsafe(call)

        return wake

    def _finish(self, last: bytes | None) -> None:
        if not self._end():
            return
        if last is None:
            self._writer.cut()
        else:
            assert self._framing is not None
            self._writer.write(last)
            self._writer.end(closes=self._framing.closes)

    def _respond_instead(self, status: HTTPStatus, reason: UpstreamError) -> None:
        """Record that there is no response, then respond with an error."""
        self._connection.failure = reason
        text = f"mockserver: {reason}; {self._sent_or_not}\n"
        response = Response(status.value, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())
        self._record(reason).add_done_callback(self._on_loop(partial(self._respond, response)))

    def _respond(self, response: Response) -> None:
        if self._end():
            self._writer.respond(response)

    @property
    def _sent_or_not(self) -> str:
        if not self._is_sent:
            return "the request was not sent"
        return "the request may have reached the server, and is not sent again"

    def _record(self, failure: UpstreamError | None) -> Future[None]:
        """Record what is known by now."""
        request, head, body = self._request, self._connection.head, b"".join(self._body)
        missing = []
        if request.is_too_large:
            missing.append(
                f"the end of the request body was not recorded: only its first {len(request.body)} bytes are here"
            )
        if head is None:
            missing.append(f"there is no response: {failure}; {self._sent_or_not}")
        elif failure is not None:
            missing.append(f"the end of the response was not recorded: {failure}")
        if self._size > RECORDED_BYTES:
            missing.append(f"the response body was not recorded: it has {self._size} bytes, more than {RECORDED_BYTES}")
        return self._recorder.record(
            RecordedExchange(
                index=0,
                started=self._started,
                duration=(unpatched.monotonic_ns() - self._begun) // 1000,
                method=request.method,
                url=self._url,
                http_version=request.version,
                request_headers=self._headers,
                request_body=request.body,
                status=0 if head is None else head.status,
                reason="" if head is None else head.reason.decode("latin-1"),
                response_headers=() if head is None else tuple(_response_headers(head)),
                response_body=body,
                missing=tuple(missing),
            )
        )


class _Framing:
    """How a response is framed for a client: as it came in, except for a client of HTTP/1.0, which knows no chunks."""

    def __init__(self, request: HttpRequest, head: ResponseHead) -> None:
        has_body = request.method != "HEAD" and head.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        names = {name.lower() for name, _ in head.headers}
        is_old = request.version == "HTTP/1.0"
        self._is_chunked = has_body and not is_old and b"transfer-encoding" in names
        self.closes = request.closes or (has_body and not self._is_chunked and b"content-length" not in names)
        """Whether the connection is closed after the response."""
        lines = [b"HTTP/1.1 %d %s" % (head.status, head.reason)]
        lines += [
            _line(name, value).encode("latin-1")
            for name, value in _response_headers(head)
            if not (is_old and name.lower() == "transfer-encoding")
        ]
        if self.closes or is_old:
            lines.append(b"Connection: close" if self.closes else b"Connection: keep-alive")
        self.head = b"\r\n".join([*lines, b"", b""])
        """The status line and the headers, as they are sent."""

    def frame(self, piece: bytes) -> bytes:
        """Return a piece of the body as it is sent."""
        return b"%x\r\n%s\r\n" % (len(piece), piece) if self._is_chunked and piece else piece

    def end(self, trailers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return what follows the last piece of the body."""
        if not self._is_chunked:
            return b""
        return b"\r\n".join([b"0", *(b"%s: %s" % pair for pair in trailers), b"", b""])


def _path_and_query(target: str) -> str:
    """Return the target of a request without the scheme and the host of a URL."""
    before, is_url, rest = target.partition("://")
    return origin_form(rest) if is_url and "/" not in before else target


def _response_headers(head: ResponseHead) -> Iterable[tuple[str, str]]:
    """Yield the headers of a response that are passed on."""
    named = b",".join(value for name, value in head.headers if name.lower() == b"connection").decode("latin-1")
    dropped = connection_headers(named)
    for name, value in head.headers:
        if name.decode("latin-1").lower() not in dropped:
            yield name.decode("latin-1"), value.decode("latin-1")


def _request_headers(request: HttpRequest) -> Iterable[tuple[str, str]]:
    """Yield the headers of a request that are passed on, as they were sent."""
    dropped = connection_headers(request.get("connection") or "")
    if not any(name.lower() == "host" for name, _ in request.headers):
        yield "Host", request.get("host") or ""
    for name, value in request.headers:
        if name.lower() not in dropped and not name.lower().startswith(_OURS):
            yield name, value


def _line(name: str, value: str) -> str:
    return f"{name}: {value}" if value else f"{name}:"


def _message(request: HttpRequest, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return a request as bytes: its headers, with the body in one piece, on a connection that is closed after the response."""
    is_chunked = request.get("transfer-encoding") is not None
    lines = [f"{request.method} {target} {request.version}"]
    written = set()
    for name, value in headers:
        known = name.lower()
        if known in _FRAMING:
            if known in written or (is_chunked and known == "content-length"):
                continue
            written.add(known)
            lines.append(f"{name}: {_FRAMING[known](request)}")
        else:
            lines.append(_line(name, value))
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    if not is_chunked:
        return head + request.body
    chunk = b"%x\r\n%s\r\n" % (len(request.body), request.body) if request.body else b""
    return head + chunk + b"0\r\n\r\n"


_FRAMING: dict[str, Callable[[HttpRequest], str]] = {
    "content-length": lambda request: str(len(request.body)),
    "host": lambda request: request.fields["host"],  # that of the URL, where the request line has one
    "transfer-encoding": lambda _: "chunked",
}
"""Headers that are written anew, each once."""
