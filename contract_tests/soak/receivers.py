"""Receivers of webhooks: they answer, answer late, refuse, stay silent, or reset the connection."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable


class Receivers:
    """The receivers, on an event loop in a thread of their own."""

    def __init__(self) -> None:
        """Listen, and return when all of them do."""
        self.received = 0
        """The webhooks that the good receivers have answered."""
        self._loop = asyncio.new_event_loop()
        self._silent: set[asyncio.StreamWriter] = set()
        threading.Thread(target=self._loop.run_forever, name="receivers", daemon=True).start()
        serve = asyncio.run_coroutine_threadsafe(self._serve(), self._loop)
        ports = serve.result(10)
        with socket.socket() as refusing:  # bound for a moment: nobody listens there
            refusing.bind(("127.0.0.1", 0))
            ports["refusing"] = refusing.getsockname()[1]
        self.echo_port = ports.pop("echo")
        """Where each request is answered at once, and counted nowhere."""
        self.urls = {kind: f"http://127.0.0.1:{port}/" for kind, port in ports.items()}
        """The URL of each kind."""

    async def _serve(self) -> dict[str, int]:
        ports = {}
        for kind in ("echo", "good", "slow", "hanging", "resetting"):
            server = await asyncio.start_server(getattr(self, f"_be_{kind}"), "127.0.0.1", 0)
            ports[kind] = server.sockets[0].getsockname()[1]
        return ports

    async def _be_echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, lambda: asyncio.sleep(0))

    async def _be_good(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, self._count)

    async def _be_slow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, lambda: self._count(0.2))

    async def _count(self, pause: float = 0) -> None:
        await asyncio.sleep(pause)
        self.received += 1

    async def _be_hanging(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65_536):
                pass
        except OSError:
            pass
        finally:
            writer.close()

    async def _be_resetting(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, before: Callable[[], Awaitable[None]]
) -> None:
    """Answer each request of a connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.partition(b":")[2]))
            await before()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
