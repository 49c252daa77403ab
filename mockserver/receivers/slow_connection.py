"""Connections that send a request a few bytes at a time, as a slow network does."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from mockserver.webhooks import open_connection

PIECE = 16
"""The bytes that are sent at a time."""
PAUSE = 0.05
"""The seconds between two pieces."""
_BLOCK = 65536


class SlowConnections:
    """Opens connections to receivers that send a few bytes at a time."""

    def __init__(self, pause: float, longest: float) -> None:
        """Create it.

        Args:
            pause: the seconds between two pieces.
            longest: the seconds that the pauses of a request take at most, together.
        """
        self._pause = pause
        self._longest = longest
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, address: str, port: int, seconds: float) -> socket.socket:
        """Connect to an address and a port, as `open_connection` does; what is written to the socket is passed on slowly."""
        there = await open_connection(address, port, seconds)
        there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each piece is a packet of its own
        here, inner = socket.socketpair()
        for each in (here, inner):
            each.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._relay(inner, there))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return here

    async def _relay(self, inner: socket.socket, there: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with inner, there:
            back = loop.create_task(self._pass_back(there, inner))
            try:
                with suppress(OSError):
                    while data := await loop.sock_recv(inner, _BLOCK):
                        begins = range(0, len(data), PIECE)
                        for begin in begins:
                            await loop.sock_sendall(there, data[begin : begin + PIECE])
                            await asyncio.sleep(min(self._pause, self._longest / len(begins)))
            finally:
                back.cancel()
                with suppress(asyncio.CancelledError):
                    await back

    @staticmethod
    async def _pass_back(there: socket.socket, inner: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await loop.sock_recv(there, _BLOCK):
                await loop.sock_sendall(inner, data)
            inner.shutdown(socket.SHUT_WR)
