"""Writes what the providers were asked and what they responded into a file, one exchange after the other.

The rules of this file:

1. The file is new, only its owner can read it, and it is complete after every exchange.
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

import msgspec

from mockserver.har.exchange import HarError, RecordedExchange
from mockserver.har.stand_ins import StandIns
from mockserver.har.writer import HarWriter
from mockserver.webhooks.errors import describe

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

logger = logging.getLogger(__name__)

_MOST = 20
"""The incomplete exchanges that are listed at the end."""


class Recorder:
    """A file of exchanges with the providers, between its opening and `close`."""

    def __init__(self, path: Path, stand_ins: StandIns, *, overwrites: bool = False) -> None:
        """Create the file.

        Args:
            path: the file.
            stand_ins: replaces what must not be in it.
            overwrites: whether a file of the name is replaced, when there is a first exchange.

        Raises:
            FileExistsError: there is a file, and it is not to be replaced.
            OSError: the file cannot be created, or is a device or a pipe.
        """
        self.path = path
        self._stand_ins = stand_ins
        path.parent.mkdir(parents=True, exist_ok=True)
        self._is_new = not path.exists()
        if not self._is_new and not path.is_file():
            raise OSError(errno.EINVAL, "a recording needs a file of its own", str(path))
        flags = os.O_RDWR | os.O_CREAT | (0 if overwrites else os.O_EXCL)
        self._file = _WholeWrites(os.open(path, flags, 0o600), "r+b")
        self._writer = HarWriter(self._file) if self._is_new else None
        self._thread = ThreadPoolExecutor(1, "mockserver-recorder")
        self.written = 0
        """How many exchanges are in the file."""
        self.incomplete: list[tuple[int, RecordedExchange]] = []
        """The exchanges that lack something, each with its number in the file."""
        self.rejected: Counter[str] = Counter()
        """Why exchanges are not in the file, and how many each."""

    def record(self, exchange: RecordedExchange) -> Future[None]:
        """Write an exchange, soon and on another thread; the future ends when it is in the file, or never will be."""
        return self._thread.submit(self._write, exchange)

    def _write(self, exchange: RecordedExchange) -> None:
        try:
            kept = self._stand_ins.apply(decode(exchange))
            with self._file.unchanged_after_error():
                if self._writer is None:
                    self._file.truncate()
                    self._writer = HarWriter(self._file)
                self._writer.write(kept)
        except (HarError, OSError) as reason:
            why = describe(reason) if isinstance(reason, OSError) else str(reason)
            self.rejected[why] += 1
            if not self.written and not self._is_new:
                self._writer = None  # the file is what it was before the recording
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
        if not self.written and not self.rejected:
            yield f"nothing was recorded, and {self.path} is as it was: no request for a provider's host went through the proxy"
            return
        incomplete = f", {len(self.incomplete)} of them incomplete" if self.incomplete else ""
        yield f"{self.written} exchange{'' if self.written == 1 else 's'} recorded in {self.path}{incomplete}"
        for number, exchange in self.incomplete[:_MOST]:
            where = f"{exchange.method} {exchange.url.partition('?')[0]}"
            yield f"exchange {number} is incomplete: {where}: {'; '.join(exchange.missing)}"
        if len(self.incomplete) > _MOST:
            yield f"and {len(self.incomplete) - _MOST} more incomplete ones; the comments of their entries say why"
        for reason, count in self.rejected.items():
            yield f"{count} exchange{' is' if count == 1 else 's are'} not recorded: {reason}"


class _WholeWrites(io.FileIO):
    """A file without a buffer, which is as it was when a write fails, such as on a full disk."""

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


def decode(exchange: RecordedExchange) -> RecordedExchange:
    """Return an exchange with the response's body without its content coding; what cannot be decoded is left out."""
    coding = ",".join(value for name, value in exchange.response_headers if name.lower() == "content-encoding")
    codings = [word.strip().lower() for word in coding.split(",") if word.strip().lower() not in ("", "identity")]
    if not codings or not exchange.response_body:
        return exchange
    body = exchange.response_body
    try:
        for name in reversed(codings):
            body = _DECODERS[name](body)
    except KeyError as unknown:
        missing = f"the response body is not recorded: its content coding {unknown.args[0]} is not known here"
    except Exception as reason:  # noqa: BLE001 - each library has its own errors
        missing = f"the response body is not recorded: it cannot be decoded as {coding}: {reason}"
    else:
        return msgspec.structs.replace(exchange, response_body=body)
    return msgspec.structs.replace(exchange, response_body=b"", missing=(*exchange.missing, missing))


def _inflate(body: bytes, widths: Iterable[int]) -> bytes:
    """Return what was compressed with zlib, of the first width of a window that fits; a part, if the end is missing."""
    *others, last = widths
    for width in others:
        try:
            return zlib.decompressobj(width).decompress(body)
        except zlib.error:
            continue
    return zlib.decompressobj(last).decompress(body)


def _decompress_by(module: str, body: bytes) -> bytes:
    """Return a body that was compressed as the module of a name does."""
    try:
        decompress: Callable[[bytes], bytes] = import_module(module).decompress
    except ImportError:
        raise ValueError(f"the Python package {module} is not installed") from None
    return decompress(body)


_GZIP = zlib.MAX_WBITS | 16
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": partial(_inflate, widths=(_GZIP,)),
    "x-gzip": partial(_inflate, widths=(_GZIP,)),
    "deflate": partial(_inflate, widths=(zlib.MAX_WBITS, -zlib.MAX_WBITS)),  # some servers leave zlib's frame out
    "br": partial(_decompress_by, "brotli"),
    "zstd": partial(_decompress_by, "compression.zstd"),
}
