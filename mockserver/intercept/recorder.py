"""Writes the requests to the providers and their responses to a HAR file, one exchange after the other.

The rules of this file:

1. Only its owner can read the file, and it is complete after every exchange. A file that is to
   be replaced stays until there is a first exchange.
2. Secrets are replaced before anything is written. An exchange in which one would be left is not written.
3. Everything is written by one thread; the event loop never waits for a disk.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from mockserver.har.exchange import HarError, RecordedExchange
from mockserver.har.stand_ins import StandIns
from mockserver.har.writer import HarWriter
from mockserver.webhooks.errors import describe

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

logger = logging.getLogger(__name__)

DECODED_BYTES = 64 * 2**20
"""The longest body that is recorded, without its content coding."""

_MOST = 20
"""How many incomplete exchanges are listed at the end, at most."""


class Recorder:
    """A HAR file to which exchanges with the providers are written, until `close`."""

    def __init__(self, path: Path, stand_ins: StandIns, *, overwrites: bool = False) -> None:
        """Create the file.

        Args:
            path: the file.
            stand_ins: replaces what must not be in it.
            overwrites: whether a file of the name is replaced, when there is a first exchange.

        Raises:
            FileExistsError: there is a file, and it is not to be replaced.
            OSError: the file cannot be created, is a device or a pipe, or another recording writes it.
        """
        self.path = path
        self._stand_ins = stand_ins
        path.parent.mkdir(parents=True, exist_ok=True)
        self._is_new = not path.exists()
        if not self._is_new and not path.is_file():
            raise OSError(errno.EINVAL, "a recording needs a file of its own", str(path))
        flags = os.O_RDWR | os.O_CREAT | (0 if overwrites else os.O_EXCL)
        self._file = _WholeWrites(os.open(path, flags, 0o600), "r+b")
        _lock(self._file, path)
        self._writer = self._begin() if self._is_new else None
        self._thread = ThreadPoolExecutor(1, "mockserver-recorder")
        self.written = 0
        """How many exchanges are in the file."""
        self.incomplete: list[tuple[int, RecordedExchange]] = []
        """The exchanges that lack something, each with its number in the file."""
        self.rejected: Counter[str] = Counter()
        """Why exchanges are not in the file, and how many each."""

    def record(self, exchange: RecordedExchange) -> Future[None]:
        """Have another thread write an exchange. The future ends when it is written or rejected."""
        return self._thread.submit(self._write, exchange)

    def _begin(self) -> HarWriter:
        self._file.truncate(0)
        self.path.chmod(0o600)
        return HarWriter(self._file)

    def _write(self, exchange: RecordedExchange) -> None:
        try:
            kept = self._stand_ins.apply(decode(exchange))
            with self._file.unchanged_after_error():
                writer = self._writer or self._begin()
                writer.write(kept)
            self._writer = writer
        except (HarError, OSError) as reason:
            why = describe(reason) if isinstance(reason, OSError) else _describe_rejection(exchange, reason)
            self.rejected[why] += 1
            logger.error("An exchange is not recorded: %s", why)  # noqa: TRY400 - the traceback helps nobody
            return
        self.written += 1
        if kept.missing:
            self.incomplete.append((self.written, kept))

    def close(self) -> None:
        """Write what is still to be written, and close the file; a new one without an exchange is deleted."""
        if self._file.closed:
            return
        self._thread.shutdown()
        if self._writer is not None:
            self._writer.close()
        self._file.close()
        if not self.written and self._is_new:
            self.path.unlink(missing_ok=True)

    def summary(self) -> Iterator[str]:
        """Yield sentences that say what is in the file, and what it lacks."""
        if self.written:
            incomplete = f", {len(self.incomplete)} of them incomplete" if self.incomplete else ""
            yield f"{self.written} exchange{'' if self.written == 1 else 's'} recorded in {self.path}{incomplete}"
        else:
            file = f"there is no {self.path}" if self._is_new else f"{self.path} is as it was"
            why = "" if self.rejected else ": no request for a provider's host went through the proxy"
            yield f"nothing was recorded, and {file}{why}"
        for number, exchange in self.incomplete[:_MOST]:
            where = f"{exchange.method} {exchange.url.partition('?')[0]}"
            yield f"exchange {number} is incomplete: {where}: {'; '.join(exchange.missing)}"
        if len(self.incomplete) > _MOST:
            yield f"and {len(self.incomplete) - _MOST} more incomplete ones; the comments of their entries say why"
        for reason, count in self.rejected.items():
            yield f"{count} exchange{' is' if count == 1 else 's are'} not recorded: {reason}"


class _WholeWrites(io.FileIO):
    """A file without a buffer that can be restored when a write fails, such as on a full disk."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of the data. Raises OSError if that fails."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            left = left[super().write(left) :]
        return size

    @contextlib.contextmanager
    def unchanged_after_error(self) -> Iterator[None]:
        """Restore the file if writing it in the ``with`` block fails: its size, what was overwritten, and the position."""
        position, size = self.tell(), os.fstat(self.fileno()).st_size
        overwritten = self.read()
        self.seek(position)
        try:
            yield
        except OSError:
            self.seek(position)
            self.write(overwritten)
            self.truncate(size)
            self.seek(position)
            raise


def _lock(file: io.FileIO, path: Path) -> None:
    """Keep other recordings from writing a file until it is closed, where the system can.

    Raises:
        OSError: another one writes it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise BlockingIOError(errno.EAGAIN, "another recording is writing this file", str(path)) from None


def _describe_rejection(exchange: RecordedExchange, reason: HarError) -> str:
    """Return why an exchange is not written. Its URL may have the secret, so the host alone is named."""
    message = str(reason).removeprefix(f"{reason.path}: ")
    return f"{exchange.method} to {urlsplit(exchange.url).hostname}: {reason.path.rpartition('].')[2]}: {message}"


def decode(exchange: RecordedExchange) -> RecordedExchange:
    """Return an exchange whose bodies have no content coding; a body that cannot be decoded is left out."""
    request_body, request_missing = _decode_body("request", exchange.request_body, exchange.request_headers)
    response_body, response_missing = _decode_body("response", exchange.response_body, exchange.response_headers)
    return msgspec.structs.replace(
        exchange,
        request_body=request_body,
        response_body=response_body,
        missing=(*exchange.missing, *request_missing, *response_missing),
    )


def _decode_body(message: str, body: bytes, headers: Iterable[tuple[str, str]]) -> tuple[bytes, tuple[str, ...]]:
    """Return a body without its content coding, or no bytes and a sentence why."""
    coding = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    codings = [word.strip().lower() for word in coding.split(",") if word.strip().lower() not in ("", "identity")]
    if not codings or not body:
        return body, ()
    why = f"the {message} body is not recorded"
    try:
        for name in reversed(codings):
            body = _DECODERS[name](body)
    except KeyError as unknown:
        return b"", (f"{why}: its content coding {unknown.args[0]} is not known here",)
    except Exception as reason:  # noqa: BLE001 - each library has its own errors
        return b"", (f"{why}: it cannot be decoded as {coding}: {reason}",)
    return body, ()


def _decode_deflate(body: bytes) -> bytes:
    try:
        return _decompress(body, zlib.MAX_WBITS)
    except zlib.error:
        return _decompress(body, -zlib.MAX_WBITS)  # some servers leave out the header and the checksum of zlib


def _decompress(body: bytes, window_bits: int) -> bytes:
    """Return the data that a body has compressed; the beginning, if the end of the body is missing.

    A gzip body may consist of several compressed parts, one after the other: the data of all of them are returned.

    Args:
        body: the body.
        window_bits: the format, as zlib expects it in the argument ``wbits``.

    Raises:
        zlib.error: it is not in this format.
        ValueError: the data are longer than `DECODED_BYTES`.
    """
    found, left = b"", body
    while left:
        decompressor = zlib.decompressobj(window_bits)
        try:
            found += decompressor.decompress(left, DECODED_BYTES + 1 - len(found))
        except zlib.error:
            if not found:
                raise
            break  # bytes after the last part, which clients ignore
        if len(found) > DECODED_BYTES:
            raise ValueError(f"it would have more than {DECODED_BYTES} bytes")
        left = decompressor.unused_data
    return found


def _decompress_by(module: str, body: bytes) -> bytes:
    """Return the data that a body has compressed, by the function ``decompress`` of a module."""
    try:
        decompress: Callable[[bytes], bytes] = import_module(module).decompress
    except ImportError:
        raise ValueError(f"the Python package {module} is not installed") from None
    return decompress(body)


_decode_gzip = partial(_decompress, window_bits=zlib.MAX_WBITS | 16)
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _decode_gzip,
    "x-gzip": _decode_gzip,
    "deflate": _decode_deflate,
    "br": partial(_decompress_by, "brotli"),
    "zstd": partial(_decompress_by, "compression.zstd"),
}
