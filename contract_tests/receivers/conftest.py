"""Fixtures: the receivers of customers in PHP, Node and Python, each a program of its own, and one in this process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from threading import Thread
from typing import NamedTuple, Self

import pytest

FOLDER = Path(__file__).parent


class Started(NamedTuple):
    """A receiver that runs."""

    url: str
    """The receiver's URL for messages, without a query."""
    count: tuple[str, str]
    """The option by which its messages are counted."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Started]]:
    """Start one of the receivers of this folder by its file name."""
    with ExitStack() as stack:

        def run(*command: object, **environment: str) -> subprocess.Popen[str]:
            program, *arguments = map(str, command)
            assert which(program), f"{program} is missing; contract_tests/clients/install-programs installs it"
            process = stack.enter_context(
                subprocess.Popen(
                    [program, *arguments],
                    env=os.environ | environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.terminate)
            return process

        def start(name: str) -> Started:
            script = FOLDER / name
            if script.suffix == ".php":
                messages = tmp_path / "messages"
                messages.touch()
                process = run("php", "-S", "127.0.0.1:0", script, RECEIVER_MESSAGES=str(messages))
                assert process.stderr is not None
                started = re.search(r"\((http://\S+)\) started$", process.stderr.readline())
                assert started is not None
                return Started(f"{started[1]}/sms.php", ("--count-command", f"wc -l < '{messages}'"))
            command = (
                ["node", script] if script.suffix == ".mjs" else [sys.executable, script, tmp_path / "messages.db"]
            )
            process = run(*command)
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            return Started(f"{url}/sms", ("--count-url", f"{url}/count"))

        yield start


class Receiver(ThreadingHTTPServer):
    """A receiver in this process, whose function answers a method and a target with a status and a body."""

    daemon_threads = True

    def __init__(self, answer: Callable[[str, str], tuple[int, str]], **headers: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[str] = []
        """The method and the target of each request."""
        self.answer = answer
        self.headers = headers
        self._thread = Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(f"{self.command} {self.path}")
        status, body = self.server.answer(self.command, self.path)
        content = body.encode()
        self.send_response(status)
        for name, value in {**self.server.headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815 - the names that the standard library calls

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[..., Receiver]]:
    """Serve a receiver in this process."""
    with ExitStack() as stack:
        yield lambda answer, **headers: stack.enter_context(Receiver(answer, **headers))
