"""The courier: the only sender of webhooks. It makes requests and reports what came of them; worlds and providers it does not know.

Its law:

1. One attempt is one request on the wire. Nothing is tried again here: when to try again is the provider's to say.
2. Jobs of one lane are made one after the other, in order, a job's ``done`` included. Lanes take turns.
3. The address that is checked is the address that is connected to, for every hop of a redirect.
4. Every failure is an ``Outcome`` with one sentence, which names the target without its credentials and its query.
5. Nothing of ours is locked while anything is called or waited for.

What a ``requests.Session`` adds to its adapter (cookies, redirects, proxies and passwords from the environment, headers of
its own) is what must not happen here, and a Session promises nothing to threads (psf/requests #2766). So there is no Session:
all senders share one ``HTTPAdapter``, whose only moving part is urllib3's pool of connections, which is made for threads.
Shared, because a receiver that serves one connection at a time would otherwise wait on the one that another sender keeps.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import logging
import os
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import quote, unquote_to_bytes, urljoin

from mockserver.core.clock import Clock
from mockserver.core.instants import SECOND, Instant
from mockserver.core.outbox import Outcome, Outgoing

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from requests import PreparedRequest
    from requests.adapters import HTTPAdapter
    from urllib3 import BaseHTTPResponse, HTTPHeaderDict
    from urllib3.connection import HTTPConnection as _Connection
else:  # requests is imported by the first job
    _Connection = object

logger = logging.getLogger(__name__)

HOSTS_KEPT = 32
"""Receivers whose connections are kept."""

FAREWELL = 1.0
"""Seconds in which senders whose connection was cut may end."""

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a name, for a port."""

Connect: TypeAlias = Callable[[str, int, float], socket.socket]
"""A connection to an address and a port, within seconds."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How webhooks are sent. Times are seconds of wall clock."""

    timeout: float = 10.0
    """For one attempt as a whole: redirects, and an answer that drips, included."""
    connect_timeout: float = 5.0
    """For each connection, its TLS included."""
    redirects: int = 0
    """How many are followed; the one after them is the answer."""
    body_bytes: int = 65536
    """What is kept of an answer's body; the rest is not read."""
    parallel: int = 8
    """Sender threads at most."""
    targets: str | Collection[str] = "private"
    """``private``: loopback and private ranges; ``any``; or, beside the private ones, these ``host:port``."""
    linger: float = 1.0
    """How long a sender that has nothing to do waits, and how long a connection is kept for the next request."""
    ca: str | None = None
    """A file of certificates that receivers are trusted by, in place of those of certifi."""
    agent: str = "mockserver"
    """The User-Agent of a request that has none of its own."""

    def __post_init__(self) -> None:
        if isinstance(self.targets, str) and self.targets not in ("private", "any"):
            raise ValueError(f"targets are 'private', 'any' or a set of host:port, not {self.targets!r}")
        if self.parallel < 1 or min(self.timeout, self.connect_timeout) <= 0:
            raise ValueError("a courier needs a sender and some time")


class Courier:
    """Sends, in daemon threads that are made when needed and end when idle."""

    def __init__(
        self,
        manners: Manners | None = None,
        *,
        stopwatch: Callable[[], Instant] | None = None,
        resolve: Resolve | None = None,
        connect: Connect | None = None,
    ) -> None:
        """Create a courier; that costs nothing.

        Args:
            manners: how it sends.
            stopwatch: microseconds that only grow.
            resolve: in place of the machine's names.
            connect: in place of the machine's network.
        """
        self.manners = manners or Manners()
        self._stopwatch = stopwatch or Clock.system().now
        self._wire_parts = (resolve or resolved, connect or connected)
        self._begin()

    def send(self, lane: str, outgoing: Outgoing, done: Callable[[Outcome], None]) -> None:
        """Make a request when its lane's turn comes; returns at once.

        ``done`` is called exactly once, in a sender's thread; it may send, and must not wait for the courier. After
        ``close`` nothing is sent, and ``done`` not called.
        """
        with self._locked():
            if not self._closed and self._lanes.put(lane, _Job(outgoing, done)):
                self._hire()

    def idle(self, lanes: str = "") -> bool:
        """Whether nothing is queued or in flight, in the lanes whose names begin so."""
        with self._locked():
            return self._lanes.are_empty(lanes)

    def wait_idle(self, timeout: float | None = None, lanes: str = "") -> bool:
        """Wait until nothing is queued or in flight, in the lanes whose names begin so; whether that came about in time."""
        with self._locked():
            return self._quiet.wait_for(lambda: self._lanes.are_empty(lanes), timeout)

    def forget(self, lanes: str) -> int:
        """Let go what is queued in the lanes whose names begin so; how much it was. What is in flight is made to its end."""
        with self._locked():
            forgotten = self._lanes.forget(lanes)
            self._quiet.notify_all()
            return forgotten

    def close(self, grace: float = 0.0) -> None:
        """End: what is queued is let go; what is in flight has ``grace`` seconds, and is then cut off with an Outcome."""
        me = threading.current_thread()
        with self._locked():
            self._closed = True
            self._lanes.forget("")
            self._work.notify_all()
            self._quiet.notify_all()
            self._quiet.wait_for(lambda: self._errands.keys() <= {me}, grace)
            senders = self._senders - {me}
            cut = [errand for sender, errand in self._errands.items() if sender is not me]
        for errand in cut:
            errand.cut()
        until = self._stopwatch() + round(FAREWELL * SECOND)
        for sender in senders:  # one that is resolving a name cannot be cut, and is let go
            sender.join(max(0.0, (until - self._stopwatch()) / SECOND))

    # -- lanes and senders -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._quiet = threading.Condition(self._lock)
        self._lanes = _Lanes()
        self._senders: set[threading.Thread] = set()
        self._resting = 0
        self._errands: dict[threading.Thread, _Errand] = {}
        self._closed = False
        self._wire = _Wire(self.manners, *self._wire_parts)
        self._pid = os.getpid()

    def _locked(self) -> threading.Lock:
        """The lock. In a forked process everything begins anew: what was queued is the parent's to send."""
        if self._pid != os.getpid():
            self._begin()
        return self._lock

    def _hire(self) -> None:
        if len(self._lanes.ready) <= self._resting or len(self._senders) >= self.manners.parallel:
            self._work.notify()
            return
        sender = threading.Thread(target=self._send_on, name="mockserver-courier", daemon=True)
        sender.start()
        self._senders.add(sender)

    def _send_on(self) -> None:
        me = threading.current_thread()
        try:
            while turn := self._turn(me):
                self._make(me, *turn)
        finally:
            self._go(me)

    def _turn(self, me: threading.Thread) -> tuple[str, _Job, _Errand] | None:
        with self._lock:
            self._resting += 1
            self._work.wait_for(lambda: self._lanes.ready or self._closed, self.manners.linger)
            self._resting -= 1
            taken = self._lanes.take()
            if taken is None:
                self._senders.discard(me)
                return None
            errand = self._errands[me] = _Errand(self.manners.timeout, self._stopwatch)
            return *taken, errand

    def _make(self, me: threading.Thread, lane: str, job: _Job, errand: _Errand) -> None:
        try:
            outcome = self._wire.fetch(job.outgoing, errand)
            try:
                job.done(outcome)
            except Exception:
                logger.exception("What was to be done with the answer of %s failed", errand.shown)
        finally:
            with self._lock:
                del self._errands[me]
                if self._lanes.leave(lane) or self._closed:
                    self._quiet.notify_all()

    def _go(self, me: threading.Thread) -> None:
        with self._lock:
            self._senders.discard(me)
            if self._lanes.ready:  # only when an exception ended this sender
                self._hire()
            is_last = not self._senders
            unused = self._wire.let_go() if is_last else None
        if unused is not None:
            unused.close()


class _Job(NamedTuple):
    outgoing: Outgoing
    done: Callable[[Outcome], None]


class _Lanes:
    """What is queued, by lane, and whose turn it is. The courier's lock is held by whoever calls."""

    def __init__(self) -> None:
        self._queued: dict[str, deque[_Job]] = {}
        """A lane is in here while a job of it is queued or in flight."""
        self.ready: deque[str] = deque()
        """The lanes whose next job may be made, in the order of their turns."""

    def put(self, lane: str, job: _Job) -> bool:
        """Queue a job; whether that makes its lane ready."""
        if lane in self._queued:
            self._queued[lane].append(job)
            return False
        self._queued[lane] = deque((job,))
        self.ready.append(lane)
        return True

    def take(self) -> tuple[str, _Job] | None:
        """The job whose turn it is; nobody else gets one of its lane before ``leave``."""
        if not self.ready:
            return None
        lane = self.ready.popleft()
        return lane, self._queued[lane].popleft()

    def leave(self, lane: str) -> bool:
        """The job that was taken is made. Whether it was the lane's last; else the lane queues up again."""
        if self._queued[lane]:
            self.ready.append(lane)
            return False
        del self._queued[lane]
        return True

    def forget(self, prefix: str) -> int:
        """Drop what is queued."""
        forgotten = 0
        for lane in [lane for lane in self._queued if lane.startswith(prefix)]:
            forgotten += len(self._queued[lane])
            self._queued[lane].clear()
        for lane in [lane for lane in self.ready if lane.startswith(prefix)]:
            del self._queued[lane]
            self.ready.remove(lane)
        return forgotten

    def are_empty(self, prefix: str) -> bool:
        """Whether nothing is queued or in flight."""
        return not any(lane.startswith(prefix) for lane in self._queued)


# -- one attempt -----------------------------------------------------------------------------------------------------


class _Failed(Exception):
    """Why no answer came, in one sentence. No OSError, so urllib3 lets it through as it is."""


class _Errand:
    """One attempt under way: how long it may last, where it is, and the connection that can be cut."""

    __slots__ = ("_ends", "_is_cut", "_sock", "_stopwatch", "_timeout", "headers", "place")

    place: _Place
    headers: HTTPHeaderDict

    def __init__(self, timeout: float, stopwatch: Callable[[], Instant]) -> None:
        self._timeout = timeout
        self._stopwatch = stopwatch
        self._ends = stopwatch() + round(timeout * SECOND)
        self._is_cut = False
        self._sock: socket.socket | None = None

    @property
    def shown(self) -> str:
        """The target as it may be told."""
        return self.place.shown if hasattr(self, "place") else "a URL that cannot be read"

    def left(self) -> float:
        """The seconds that are left. Raises when there are none."""
        left = (self._ends - self._stopwatch()) / SECOND
        if self._is_cut or left <= 0:
            raise self.late()
        return left

    def late(self) -> _Failed:
        """The reason when it has lasted too long."""
        if self._is_cut:
            return _Failed(f"{self.shown} was cut off because the server stops")
        return _Failed(f"no complete answer from {self.shown} within {self._timeout:g} s")

    def now(self) -> Instant:
        """The stopwatch."""
        return self._stopwatch()

    def hold(self, sock: socket.socket) -> None:
        """From now on this is the connection, and it waits no longer than may be."""
        self._sock = sock
        sock.settimeout(self.left())

    def release(self) -> None:
        """The connection is no longer ours to cut."""
        self._sock = None

    def cut(self) -> None:
        """End it, from another thread."""
        self._is_cut = True
        if (sock := self._sock) is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which is the sender's

    def why(self, error: Exception) -> str:
        """The sentence for an error of requests, urllib3, http.client or the system."""
        if self._is_cut:
            return str(self.late())
        causes = list(_causes(error))
        for kind, sentence in _reasons():
            for cause in causes:
                if isinstance(cause, kind):
                    return sentence.format(place=self.shown, late=self.late(), detail=_detail(cause))
        logger.error("An attempt at %s failed in an unknown way", self.shown, exc_info=error)
        return f"the attempt at {self.shown} failed: {type(error).__name__}"


class _Wire:
    """Turns an Outgoing into an Outcome."""

    def __init__(self, manners: Manners, resolve: Resolve, connect: Connect) -> None:
        self._manners = manners
        self._resolve = resolve
        self._connect = connect
        self._targets = _Targets(manners.targets)
        self._adapter: HTTPAdapter | None = None
        self._making = threading.Lock()
        self._mine = threading.local()

    @property
    def errand(self) -> _Errand:
        """The one that this thread is on."""
        errand: _Errand = self._mine.errand
        return errand

    @property
    def linger(self) -> float:
        """How long a connection is kept for the next request."""
        return self._manners.linger

    def fetch(self, outgoing: Outgoing, errand: _Errand) -> Outcome:
        """What comes of a request. Never raises."""
        self._mine.errand = errand
        try:
            return self._followed(outgoing, errand)
        except _Failed as failure:
            return Outcome(error=str(failure))
        except Exception as error:  # noqa: BLE001  # a sender survives whatever a receiver does
            return Outcome(error=errand.why(error))
        finally:
            errand.release()

    def _followed(self, outgoing: Outgoing, errand: _Errand) -> Outcome:
        for _ in range(self._manners.redirects):
            outcome = self._answer(outgoing, errand)
            onward = _onward(outgoing, outcome)
            if onward is None:
                return outcome
            outgoing = onward
        return self._answer(outgoing, errand)

    def _answer(self, outgoing: Outgoing, errand: _Errand) -> Outcome:
        place = errand.place = _place_of(outgoing.url)
        errand.headers = _headers(outgoing, place, self._manners.agent)
        response = self._ready().send(_prepared(outgoing, place), stream=True, verify=self._manners.ca or True)
        try:
            raw: BaseHTTPResponse = response.raw
            body = _beginning(raw, self._manners.body_bytes)
            return Outcome(raw.status, tuple(raw.headers.items()), body)
        finally:
            response.close()

    def _ready(self) -> HTTPAdapter:
        with self._making:
            if self._adapter is None:
                self._adapter = _adapter(self, self._manners.parallel)
            return self._adapter

    def let_go(self) -> HTTPAdapter | None:
        """The adapter, which is no longer used, to be closed."""
        with self._making:
            unused, self._adapter = self._adapter, None
            return unused

    def connected(self) -> socket.socket:
        """A connection for this thread's errand: its name resolved once, every address checked, one of them connected to."""
        errand = self.errand
        addresses = self._targets.allowed(errand.place, self._addresses(errand.place))
        patience = min(self._manners.connect_timeout, errand.left())
        until = errand.now() + round(patience * SECOND)
        failure: OSError | None = None
        for address in addresses:
            try:
                sock = self._connect(address, errand.place.port, patience / len(addresses))
            except OSError as error:
                failure = error
            else:
                sock.settimeout(max((until - errand.now()) / SECOND, 0.001))  # for the beginning of TLS
                return sock
        raise _Failed(self._unreached(errand, failure))

    def slow(self) -> _Failed:
        """The reason when connecting has lasted too long."""
        patience = min(self._manners.connect_timeout, self._manners.timeout)
        return _Failed(f"no connection to {self.errand.shown} within {patience:g} s")

    def _addresses(self, place: _Place) -> Sequence[str]:
        with contextlib.suppress(OSError, UnicodeError):
            if addresses := self._resolve(place.host, place.port):
                return addresses
        raise _Failed(f"the name {place.host} of {place.shown} cannot be resolved")

    def _unreached(self, errand: _Errand, failure: OSError | None) -> str:
        if isinstance(failure, TimeoutError):
            return str(self.slow())
        if isinstance(failure, ConnectionRefusedError):
            return f"the connection to {errand.shown} was refused"
        return f"no connection to {errand.shown}: {_detail(failure)}"


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine has them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connected(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address."""
    sock = socket.create_connection((address, port), seconds)
    if (
        sock.getsockname() == sock.getpeername()
    ):  # nobody listens there, and the kernel has chosen that very port for us
        sock.close()
        raise ConnectionRefusedError
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _beginning(raw: BaseHTTPResponse, most: int) -> bytes:
    body = b""
    while len(body) < most and (piece := raw.read(most - len(body), decode_content=False)):
        body += piece
    return body


# -- what goes on the wire -------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    """A name in ASCII, or an address without brackets."""
    port: int
    target: str
    """Path and query, as they go on the wire."""
    login: str | None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def shown(self) -> str:
        """The URL as it may be told: without credentials and query."""
        usual = f":{_PORTS[self.scheme]}"
        return self.origin.removesuffix(usual) + self.target.partition("?")[0]


_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>https?)://(?:(?P<login>[^/?#]*)@)?"
    r"""(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^][\s:@/\\?#<>"^`{|}%\x00-\x1f\x7f]+))(?::(?P<port>[0-9]{0,5}))?"""
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_CREDENTIALS = re.compile(r"[^/]*@")
_UNWRITABLE = re.compile(r"[^!-~]+")


def _place_of(url: str) -> _Place:
    """Where a URL leads. Percent-encoding stays as it is; only what cannot stand in a request line is encoded."""
    found = _URL.fullmatch(url)
    if found is None:
        shown = _CREDENTIALS.sub("", re.split("[?#]", url)[0])[:200]
        raise _Failed(f"{shown!r} is not the URL of an http or https server")
    scheme = found["scheme"].lower()
    port = int(found["port"] or _PORTS[scheme])
    host = _ascii(found["address"] or found["name"]).lower()
    if not 0 < port < 65536:
        raise _Failed(f"{host}:{port} is no port of a server")
    target = (found["path"] or "/") + (found["query"] or "")
    return _Place(
        scheme, host, port, _UNWRITABLE.sub(lambda run: quote(run[0], errors="replace"), target), found["login"]
    )


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        raise _Failed(f"{name!r} is not the name of a server") from None


def _headers(outgoing: Outgoing, place: _Place, agent: str) -> HTTPHeaderDict:
    from urllib3 import HTTPHeaderDict

    headers = HTTPHeaderDict(outgoing.headers)
    headers.setdefault("User-Agent", agent)
    if place.login is not None:
        headers.setdefault("Authorization", f"Basic {b64encode(unquote_to_bytes(place.login)).decode()}")
    return headers


def _prepared(outgoing: Outgoing, place: _Place) -> PreparedRequest:
    """What the adapter needs to choose a connection; headers and target are put on the wire by the connection."""
    from requests import PreparedRequest
    from requests.structures import CaseInsensitiveDict

    prepared = PreparedRequest()
    prepared.method = outgoing.method
    prepared.url = f"{place.origin}/"
    prepared.headers = CaseInsensitiveDict({"Content-Length": str(len(outgoing.body))})  # else it would be chunked
    prepared.body = outgoing.body or None
    return prepared


_REDIRECTIONS = {301, 302, 303, 307, 308}
_OF_THE_BODY = {"content-length", "content-type", "content-encoding", "transfer-encoding"}
_OF_THE_HOST = {"authorization", "cookie", "host"}


def _onward(outgoing: Outgoing, outcome: Outcome) -> Outgoing | None:
    """The request that a redirect asks for, as browsers make it."""
    location = next((value for name, value in outcome.headers if name.lower() == "location"), None)
    if outcome.status not in _REDIRECTIONS or location is None:
        return None
    with contextlib.suppress(UnicodeError):  # http.client reads headers as latin-1
        location = location.encode("latin-1").decode()
    try:
        url = urljoin(outgoing.url, location)
    except ValueError:
        url = location
    dropped = set() if _place_of(url).origin == _place_of(outgoing.url).origin else _OF_THE_HOST
    method, body = outgoing.method, outgoing.body
    if outcome.status == 303 or (outcome.status in (301, 302) and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), b""
        dropped = dropped | _OF_THE_BODY
    headers = tuple((name, value) for name, value in outgoing.headers if name.lower() not in dropped)
    return Outgoing(method, url, headers, body)


class _OnOurTerms(_Connection):
    """A connection of urllib3 that is made, written and read as the thread's errand says."""

    wire: _Wire
    _left_at: Instant = 0

    def _new_conn(self) -> socket.socket:
        """A place that urllib3 keeps for those who connect in another way."""
        return self.wire.connected()

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError:
            raise self.wire.slow() from None
        self.wire.errand.hold(self.sock)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **how: Any) -> None:  # noqa: ARG002
        super().request(method, url, body, self.wire.errand.headers, **how)

    def putrequest(self, method: str, url: str, *args: Any, **how: Any) -> None:  # noqa: ARG002  # it is "/", so in urllib3's logs too
        super().putrequest(method, self.wire.errand.place.target, *args, **how)

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.wire.errand.hold(self.sock)
        super().send(data)

    def response_class(self, sock: socket.socket, *args: Any, **how: Any) -> HTTPResponse:  # type: ignore[override]  # http.client only calls it
        from http.client import HTTPResponse

        self._left_at = self.wire.errand.now()
        return HTTPResponse(_Timed(sock, self.wire.errand), *args, **how)  # type: ignore[arg-type]  # all that it uses

    @property
    def is_connected(self) -> bool:
        """Whether it can be used again. Servers close idle connections after some seconds, and one that is being closed loses a request."""
        return super().is_connected and self.wire.errand.now() - self._left_at < self.wire.linger * SECOND


class _Timed:
    """What ``http.client`` reads an answer from: a connection whose every read ends with the errand."""

    def __init__(self, sock: socket.socket, errand: _Errand) -> None:
        self._sock = sock
        self._errand = errand

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002  # http.client asks for "rb"
        return io.BufferedReader(_TimedReading(self._sock, self._errand))


class _TimedReading(io.RawIOBase):
    def __init__(self, sock: socket.socket, errand: _Errand) -> None:
        self._sock = sock
        self._errand = errand
        self._below = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._errand.left())
        try:
            return self._below.readinto(buffer)
        except TimeoutError:
            raise self._errand.late() from None

    def close(self) -> None:
        self._below.close()
        super().close()


def _adapter(wire: _Wire, parallel: int) -> HTTPAdapter:
    """An adapter whose connections are on our terms."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    plain = type("_Plain", (_OnOurTerms, HTTPConnection), {"wire": wire})
    secure = type("_Secure", (_OnOurTerms, HTTPSConnection), {"wire": wire})
    adapter = HTTPAdapter(pool_connections=HOSTS_KEPT, pool_maxsize=parallel)
    adapter.poolmanager.pool_classes_by_scheme = {
        "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return adapter


# -- why no answer came ----------------------------------------------------------------------------------------------


def _reasons() -> tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]:
    """What errors mean, the more special first."""
    from http.client import HTTPException, IncompleteRead, RemoteDisconnected

    from urllib3.exceptions import SSLError

    return (
        (RemoteDisconnected, "{place} closed the connection without an answer"),
        (ssl.SSLError, "TLS with {place} failed: {detail}"),
        (SSLError, "TLS with {place} failed: {detail}"),
        (IncompleteRead, "{place} broke off its answer"),
        (HTTPException, "{place} did not answer in HTTP: {detail}"),
        ((ConnectionResetError, BrokenPipeError), "{place} reset the connection before its answer was complete"),
        (TimeoutError, "{late}"),
        (ValueError, "the request to {place} cannot be written: its method or a header is not HTTP"),
        (OSError, "the connection to {place} failed: {detail}"),
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything that it wraps."""
    found: list[BaseException] = [error]
    for one in found:
        inner = (one.__cause__, one.__context__, *one.args)
        found += [each for each in inner if isinstance(each, BaseException) and each not in found]
        yield one


def _detail(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__} {str(error)[:200]!r}"


# -- who may be called -----------------------------------------------------------------------------------------------

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_NEAR = _networks("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
_NEVER = {
    "the metadata service of a cloud": _networks(
        "169.254.169.254/32",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
    ),
    "a link-local address": _networks("169.254.0.0/16", "fe80::/10"),
    "an unspecified address": _networks("0.0.0.0/8", "::/128"),
    "a multicast address": _networks("224.0.0.0/4", "ff00::/8"),
    "a broadcast or reserved address": _networks("240.0.0.0/4"),
}
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class _Targets:
    """Which addresses may be connected to."""

    def __init__(self, targets: str | Collection[str]) -> None:
        self._is_any = targets == "any"
        self._named = frozenset() if isinstance(targets, str) else frozenset(map(str.lower, targets))

    def allowed(self, place: _Place, addresses: Sequence[str]) -> list[str]:
        """Those of a place's addresses that may be connected to. Raises when there are none."""
        refusals = {address: self._refusal(place, address) for address in addresses}
        allowed = [address for address, refusal in refusals.items() if refusal is None]
        if not allowed:
            raise _Failed(f"{place.shown} is not called: {next(iter(refusals.values()))}")
        return allowed

    def _refusal(self, place: _Place, text: str) -> str | None:
        address = ipaddress.ip_address(text.partition("%")[0])
        for meant in _meant(address):
            for what, networks in _NEVER.items():
                if any(meant in network for network in networks):
                    return f"{text} is {what}, and these are never called"
        near = getattr(address, "ipv4_mapped", None) or address
        if self._is_any or any(near in network for network in _NEAR):
            return None
        names = [f"{f'[{name}]' if ':' in name else name}:{place.port}" for name in (place.host, text)]
        if not self._named.isdisjoint(names):
            return None
        return f"{text} is neither loopback nor private; to allow it, name {names[0]} among the targets, or set them to any"


def _meant(address: Address) -> Iterator[Address]:
    """An address, and those of version 4 that may be behind it."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None
        yield from filter(None, (address.ipv4_mapped, address.sixtofour, translated))
