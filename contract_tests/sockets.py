"""Socket fixtures for servers of this project, which run on either event loop."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct
from importlib.util import find_spec

import pytest

from mockserver.http import listener as listening

PATIENCE = 30


class Client:
    """A socket that is read until a condition holds."""

    def __init__(self, connected):
        connected.settimeout(PATIENCE)
        self.socket = connected

    def send(self, raw):
        self.socket.sendall(raw)

    def exactly(self, size):
        got = bytearray()
        while len(got) < size and (piece := self.socket.recv(size - len(got))):
            got += piece
        return bytes(got)

    def hears(self, expected):
        assert self.exactly(len(expected)) == expected

    def asks(self, raw, expected):
        self.send(raw)
        self.hears(expected)

    def rest(self):
        """Everything that is received until the server closes."""
        got = []
        while piece := self.socket.recv(65536):
            got.append(piece)
        return b"".join(got)

    def hurries(self):
        """Read with a receive window of the usual size from now on."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def is_silent(self):
        return not select.select([self.socket], [], [], 0)[0]

    def vanishes(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request, monkeypatch):
    """Run the test on both event loops."""
    if request.param == "asyncio":
        monkeypatch.setattr(listening, "new_event_loop", asyncio.new_event_loop)
    else:
        assert find_spec("uvloop"), "uvloop is missing, which is installed with mockserver"


@pytest.fixture
def opened():
    """Close what the test has opened."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def talking():
    """The data that is sent and received at a connected socket."""
    return Client


@pytest.fixture
def connect(opened, talking):
    """Connect to a server, with socket options given by name."""

    def connected(to, **options):
        made = opened.enter_context(socket.socket())
        for option, value in options.items():
            made.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
        made.connect(("127.0.0.1", int(to.url.rpartition(":")[2])))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return talking(made)

    return connected
