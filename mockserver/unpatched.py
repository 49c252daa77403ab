"""Functions of the standard library as they are before a test patches them: for time, files and sockets.

In a test run our code is in one process with libraries that replace such functions. They are held as attributes of a
class, because freezegun and pyfakefs replace what stands in a module. The pytest plugin imports this module when the run
starts, before any test; it imports nothing that pytest has not imported.
"""

from __future__ import annotations

import datetime
import importlib
import io
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar


class _Held:
    """What is held. A static method is a function that takes no ``self``."""

    _freezegun: ClassVar[Any] = sys.modules.get(
        "freezegun.api"
    )  # where the clock is frozen already, it knows the real one
    monotonic_ns: Callable[[], int] = staticmethod(getattr(_freezegun, "real_monotonic_ns", time.monotonic_ns))
    time_ns: Callable[[], int] = staticmethod(getattr(_freezegun, "real_time_ns", time.time_ns))
    open_file: Callable[..., Any] = staticmethod(io.open)
    datetime_class = getattr(_freezegun, "real_datetime", datetime.datetime)
    stat = staticmethod(os.stat)
    open_descriptor = staticmethod(os.open)
    makedirs = staticmethod(os.makedirs)
    link = staticmethod(getattr(os, "link", os.rename))
    rename = staticmethod(os.rename)
    replace = staticmethod(os.replace)
    unlink = staticmethod(os.unlink)
    rmdir = staticmethod(os.rmdir)
    mkdir = staticmethod(os.mkdir)
    listdir = staticmethod(os.listdir)
    chmod = staticmethod(os.chmod)
    fsync = staticmethod(os.fsync)
    access = staticmethod(os.access)
    realpath: Callable[..., str] = staticmethod(os.path.realpath)
    socket_class = socket.socket
    connect: Callable[..., None] = staticmethod(socket.socket.connect)
    getaddrinfo = staticmethod(socket.getaddrinfo)


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Socket(socket.socket):
    """A socket that is not guarded: pytest-socket replaces the class in the module ``socket``, and its ``connect``."""

    __slots__ = ()
    connect = _Held.connect


class MachineClock:
    """The machine's monotonic clock itself, for what each request does: calling `monotonic_ns` would be a call more."""

    monotonic_ns = staticmethod(_Held.monotonic_ns)


def monotonic_ns() -> int:
    """Return the nanoseconds of the machine's monotonic clock."""
    return _Held.monotonic_ns()


def time_ns() -> int:
    """Return the machine's time: nanoseconds since 1970."""
    # time-machine changes the functions themselves, so that holding one does not help.
    escape_hatch: Any = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    if escape_hatch is not None and escape_hatch.is_travelling():
        with suppress(ValueError):  # another thread has ended the travel
            return int(escape_hatch.time.time_ns())
    return _Held.time_ns()


def is_datetime_replaced() -> bool:
    """Return whether freezegun has frozen time: the class of datetimes is then another one."""
    return datetime.datetime is not _Held.datetime_class


def frozen_time_ns() -> int | None:
    """Return the time that freezegun or time-machine has set: nanoseconds since 1970. ``None`` where it is the machine's."""
    escape_hatch: Any = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    if escape_hatch is not None and escape_hatch.is_travelling():
        return time.time_ns()
    if is_datetime_replaced():
        # Not time.time_ns(), which freezegun leaves real for some callers, nor now(), to which it adds its tz_offset.
        now = datetime.datetime.utcnow().replace(tzinfo=datetime.UTC)  # noqa: DTZ003, TID251
        return (now - _EPOCH) // datetime.timedelta(microseconds=1) * 1000
    return None


def read_bytes(path: Path) -> bytes:
    """Return the content of a file. Raises OSError if it cannot be read."""
    with _Held.open_file(str(path), "rb") as file:
        content: bytes = file.read()
    return content


def read_head(path: Path, length: int) -> bytes:
    """Return the first bytes of a file. Raises OSError if it cannot be read."""
    with _Held.open_file(str(path), "rb") as file:
        content: bytes = file.read(length)
    return content


def size_of(path: Path) -> int:
    """Return the bytes of a file. Raises OSError if there is none."""
    return _Held.stat(str(path)).st_size


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from every other one, also from a later one of the same name; ``None`` if there is none."""
    try:
        found = _Held.stat(str(path))
    except OSError:
        return None
    return found.st_dev, found.st_ino


def may_write(path: Path) -> bool:
    """Return whether this process may write a file or a folder."""
    return _Held.access(str(path), os.W_OK)


def real_path(path: Path) -> str:
    """Return the absolute path of a file, without symbolic links."""
    return _Held.realpath(str(path))


def read_text(path: Path) -> str:
    """Return the content of a file in UTF-8. Raises OSError if it cannot be read."""
    return read_bytes(path).decode("utf-8")


def read_zone_data(name: str) -> bytes:
    """Return the file of a time zone, of the system or of the package ``tzdata``. Raises OSError if there is none."""
    from zoneinfo import TZPATH  # no time zone is read in a run that does not use us

    folders = [Path(folder) for folder in TZPATH]
    with suppress(ImportError):
        tzdata = importlib.import_module("tzdata")

        folders.append(Path(str(tzdata.__file__)).parent / "zoneinfo")
    for folder in folders:
        if is_file(folder / name):
            return read_bytes(folder / name)
    raise FileNotFoundError(name)


def is_file(path: Path) -> bool:
    """Return whether there is a file at a path."""
    try:
        return stat.S_ISREG(_Held.stat(str(path)).st_mode)
    except OSError:
        return False


@contextmanager
def real_files() -> Iterator[None]:
    """Pause pyfakefs, if a test uses it, for the duration of a ``with`` block: for imports, and what looks for packages."""
    patcher = getattr(sys.modules.get("pyfakefs.fake_filesystem_unittest"), "Patcher", None)
    active: Any = getattr(patcher, "PATCHER", None)
    if active is None or not active.is_patching:
        yield
        return
    active.pause()
    try:
        yield
    finally:
        active.resume()


MAKING = "making-"
"""The beginning of the names of files and folders that are not complete yet."""


def exists(path: Path) -> bool:
    """Whether there is a file or a folder at a path."""
    try:
        _Held.stat(str(path))
    except OSError:
        return False
    return True


def make_unique_name(folder: Path) -> Path:
    """Create a folder that only its owner can read, with its parents, and return a path in it that no one else uses."""
    _Held.makedirs(str(folder), 0o700, exist_ok=True)
    return folder / f"{MAKING}{os.getpid()}-{threading.get_ident()}-{monotonic_ns()}"


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read. Raises OSError if it exists or cannot be written."""
    descriptor = _Held.open_descriptor(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with _Held.open_file(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        _Held.fsync(descriptor)  # a disk that is full says so here at the latest, and no crash leaves the file empty


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner can read. Raises OSError if it exists or cannot be created."""
    _Held.mkdir(str(path), 0o700)


def rename(path: Path, target: Path) -> None:
    """Rename a folder, unless there is one with files at the new name. Raises OSError then."""
    _Held.rename(str(path), str(target))


def rename_unless_exists(path: Path, target: Path) -> None:
    """Rename a file; where there is one with the new name, delete it instead. Raises OSError if it can be neither."""
    try:
        _Held.link(str(path), str(target))
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        _Held.replace(str(path), str(target))
        return
    _Held.unlink(str(path))


def delete_folder(path: Path) -> None:
    """Delete a folder and its files. Raises OSError if it cannot be deleted."""
    for name in _Held.listdir(str(path)):
        _Held.unlink(str(path / name))
    _Held.rmdir(str(path))


def delete(path: Path) -> None:
    """Delete a file, or a folder and its files. Raises OSError if it cannot be deleted."""
    if stat.S_ISDIR(_Held.stat(str(path)).st_mode):
        delete_folder(path)
    else:
        _Held.unlink(str(path))


def list_folder(folder: Path) -> list[Path]:
    """Return the paths of what is in a folder, in order. Raises OSError if it cannot be read."""
    return [folder / name for name in sorted(_Held.listdir(str(folder)))]


def mode_of(path: Path) -> int:
    """Return who may read, write and execute a file. Raises OSError if it cannot be found out."""
    return stat.S_IMODE(_Held.stat(str(path)).st_mode)


def set_mode(path: Path, mode: int) -> None:
    """Set who may read, write and execute a file. Raises OSError if that is not allowed."""
    _Held.chmod(str(path), mode)


def age_of(path: Path) -> float:
    """Return the seconds since a file was changed; 0 if it is gone."""
    try:
        return time_ns() / 1e9 - _Held.stat(str(path)).st_mtime
    except OSError:
        return 0


def resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    """Return the families and addresses of a host for TCP. Raises OSError if it has none."""
    found = _Held.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def connect(
    family: socket.AddressFamily,
    address: tuple[Any, ...],
    seconds: float,
    create_socket: Callable[..., socket.socket] = _Held.socket_class,
) -> socket.socket:
    """Connect to an address over TCP.

    Raises:
        OSError: it cannot be reached within so many seconds.
    """
    sock = create_socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        _Held.connect(sock, address)
        reject_connection_to_itself(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def reject_connection_to_itself(sock: socket.socket) -> None:
    """Raise ConnectionRefusedError for a socket that is connected to itself.

    The kernel may choose as our port the very one on which nothing listens.
    """
    if sock.getsockname() == sock.getpeername():
        raise ConnectionRefusedError
