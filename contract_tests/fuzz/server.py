"""The server that is fuzzed: a process of its own, whose log and health are watched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 30
"""Seconds after which the harness itself gives up on the server."""


class ServerDied(Exception):
    """The server has ended, or no longer answers `/_mock/health`."""


class FuzzedServer:
    """`mockserver serve` with HTTP, HTTPS and proxy on free ports, a log that holds warnings alone, and a frozen clock."""

    def __init__(self, folder: Path, *, wsgi: bool = False) -> None:
        self._log = folder / "server.log"
        self._read = 0
        environ = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
        command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--format", "json", "--log", "quiet"]
        command += ["--ca", str(folder / "ca"), "--freeze", "2026-06-01T12:00:00Z", "--webhook-timeout", "1"]
        command += ["--journal-length", "2000", *(["--wsgi"] if wsgi else [])]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environ, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ServerDied(f"the server did not start: {self._log.read_text(errors='replace')}")
        addresses: Mapping[str, str] = json.loads(line)
        self.url = addresses["url"]
        self.ports = {
            "http": _port(addresses["url"]),
            "https": _port(addresses["https_url"]),
            "proxy": _port(addresses["proxy_url"]),
        }

    def close(self) -> None:
        """Stop the server with SIGTERM; it must end by itself."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise ServerDied("the server did not end within 30 s of SIGTERM") from None
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()

    def kill(self) -> None:
        """End a server that no longer answers."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def new_log(self) -> str:
        """Return what the server has logged since the last call."""
        if self._log.stat().st_size == self._read:
            return ""
        with self._log.open("rb") as log:
            log.seek(self._read)
            found = log.read()
        self._read += len(found)
        return found.decode(errors="replace")

    def check_health(self) -> float:
        """Return the seconds in which `/_mock/health` answered on a connection of its own.

        Raises:
            ServerDied: it did not answer 200, or the process has ended.
        """
        if self._process.poll() is not None:
            raise ServerDied(f"the server ended with {self._process.returncode}")
        began = time.perf_counter()
        try:
            status, _ = self.call("GET", "/_mock/health")
        except OSError as error:
            raise ServerDied(f"/_mock/health: {error!r}") from error
        if status != 200:
            raise ServerDied(f"/_mock/health answered {status}")
        return time.perf_counter() - began

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the control API; return the status and the decoded body."""
        with self.connection() as connection:
            headers = {"Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            raw = response.read()
        is_json = "json" in (response.headers["Content-Type"] or "")
        return response.status, json.loads(raw) if is_json and raw else raw

    @contextlib.contextmanager
    def connection(self) -> Iterator[HTTPConnection]:
        """A connection of its own to the HTTP listener."""
        connection = HTTPConnection("127.0.0.1", self.ports["http"], timeout=PATIENCE)
        try:
            yield connection
        finally:
            connection.close()


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
