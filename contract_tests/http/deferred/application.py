"""An application with deferred responses, and helpers to watch its connections."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from mockserver.http.connection import Connection, Turn
from mockserver.http.pool import FairPool
from mockserver.sdk.response import PLACEHOLDER, Deferred, Response, Stream

PATIENCE = 30
FOR_EVER = 3600.0
DATE = ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")
HEAD = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\n"
SOMEBODY = Response(200, (DATE,), b"somebody")
NOT_GIVEN = Response(200, (DATE,), b"no one")


def ok(body, connection=None):
    end = b"" if connection is None else b"Connection: %s\r\n" % connection
    return HEAD + b"Content-Length: %d\r\n" % len(body) + end + b"\r\n" + body


def get(path, *headers, version=b"1.1", method=b"GET"):
    lines = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + path + b" HTTP/" + version + b"\r\nHost: a\r\n" + lines + b"\r\n"


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


STREAMED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


class StubApplication:
    """A WSGI application that responds with the request's path, or defers the response that the test has prepared."""

    def __init__(self):
        self.promises = {}
        self.request = queue.Queue()
        self.ended = queue.Queue()
        self.then = lambda: None

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        environ["mockserver.request"].on_finish = lambda sent, ending: self.ended.put((path, sent, ending))
        response = Response(200, (DATE,), path.encode())
        if path in self.promises:
            promise = self.promises[path]() if callable(self.promises[path]) else self.promises[path]
            assert promise.attach(environ)
            response = PLACEHOLDER
            self.request.put(promise)
            self.then()
        start_response(f"{response.status} OK", list(response.headers))
        return [response.body]

    def plan(self, request):
        """Have everything of the control API called on the pool."""
        return Turn() if request.path.startswith("/_mock/") else None

    def defers(self, path="/_mock/wait", timeout=FOR_EVER):
        self.promises[path] = lambda: Deferred(timeout=timeout, otherwise=NOT_GIVEN)

    def streams(self, path="/_mock/events", **options):
        made = Stream(headers=(DATE,), **options)
        self.promises[path] = made
        return made

    def promised(self):
        return self.request.get(timeout=PATIENCE)

    def finished(self):
        return self.ended.get(timeout=PATIENCE)


class Wire(asyncio.Transport):
    """A transport without a socket, so that a test sees what is written in which turn of the loop."""

    def __init__(self):
        super().__init__()
        self.out = b""
        self.is_aborted = False

    def write(self, data):
        self.out += data

    def get_write_buffer_size(self):
        return 0

    def is_closing(self):
        return self.is_aborted

    def abort(self):
        self.is_aborted = True

    def pause_reading(self):
        pass

    resume_reading = close = pause_reading


def on_a_wire(application, talk):
    """Run ``talk(connection, wire)`` on an event loop."""

    async def had(pool):
        loop = asyncio.get_running_loop()
        wire, made = Wire(), Connection(application, loop=loop, pool=pool, connections=set())
        made.connection_made(wire)
        await talk(made, wire)
        made.connection_lost(None)

    with closing(FairPool()) as pool:
        asyncio.run(had(pool))


def elsewhere(call, *arguments):
    """Call a function in another thread and wait for it."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(call, *arguments).result(PATIENCE)
