"""Debian's PostgreSQL, run by an ordinary user in a temporary folder, for as long as a test or a program needs it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

USER = "mockserver"
"""The superuser of the databases."""

ORDINARY = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
"""Settings for tests that measure nothing: a commit survives the end of the server, but no loss of power."""

_STARTS_WITHIN = 30.0


class PostgreSQL:
    """A server with a data folder of its own. It listens at a Unix socket in that folder, so that no port is taken."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = ORDINARY) -> None:
        """Create the data folder.

        Args:
            folder: an empty folder; it is given to the user that runs the server where this process is root's.
            settings: those of postgresql.conf that differ from PostgreSQL's own.
        """
        self.folder = folder
        self._settings = settings
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._spent = 0.0
        self._as_user = _ordinary_user()
        if self._as_user:
            os.chown(folder, self._as_user["user"], self._as_user["group"])
        initdb = [program("initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run([*initdb, "--no-sync"], check=True, capture_output=True, cwd=folder, **self._as_user)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder), **self._settings}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # an interrupt of the terminal is for the tests alone
                **self._as_user,
            )
        until = time.monotonic() + _STARTS_WITHIN
        while True:
            try:
                psycopg.connect(self._url("postgres")).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"PostgreSQL does not start:\n{(self.folder / 'log').read_text()}") from None
                with suppress(subprocess.TimeoutExpired):  # unless it ends, it has not begun to listen
                    self._process.wait(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server if it runs.

        Args:
            how: SIGINT ends sessions and writes everything; SIGQUIT ends it as a crash does.
        """
        if self._process is not None:
            self._spent = self.processor_time()
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop every process of the server without ending it: connections stay, and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, what: signal.Signals) -> None:
        for each in self._processes():
            os.kill(each, what)

    def processor_time(self) -> float:
        """Return the seconds of processor time of all its processes, also of those that have ended."""
        return self._spent + sum(map(processor_time, self._processes()))

    def _processes(self) -> list[int]:
        assert self._process is not None
        server = self._process.pid
        return [server, *map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())]

    def create_database(self, template: str = "template0") -> str:
        """Create a database, and return its URL."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[arg-type]  # our own names
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={self.folder}"


def processor_time(process: int) -> float:
    """Return the seconds of processor time of a process, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, which Debian keeps out of PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)
    found = next((str(each / name) for each in folders if (each / name).exists()), None) or shutil.which(name)
    if found is None:
        raise RuntimeError(f"PostgreSQL's {name} is missing: run contract_tests/clients/install-programs")
    return found


def _ordinary_user() -> dict[str, int]:
    """Return who runs the server, as arguments of `subprocess`: it refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    names = {each.pw_name: each for each in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid}


@contextmanager
def run_postgresql(settings: Mapping[str, str] = ORDINARY) -> Iterator[PostgreSQL]:
    """Run a server for the length of a block."""
    # Not in pytest's folders: none but their owner may enter them.
    with tempfile.TemporaryDirectory(prefix="mockserver-postgresql-") as folder:
        server = PostgreSQL(Path(folder), settings)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
