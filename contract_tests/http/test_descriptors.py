"""A server that runs out of file descriptors: it answers the connections that it has, and says why it closes others."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIMIT = 64
CLIENTS = 100
SEVERAL = 3
WORKS = b"HTTP/1.1 200 OK\r\n"
NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"
LINE = (
    "Out of file descriptors: new connections are closed until others end; this process may open 64 files, "
    "and `ulimit -n N` in the shell that starts it allows more\n"
)
PROGRAM = """
import logging, resource, sys
if sys.argv[1] == "asyncio":
    sys.modules["uvloop"] = None
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from mockserver import MockServer
logging.basicConfig(format="%(message)s")
MockServer().run(lambda url: print(url, flush=True))
"""


class Server:
    """A server in a process of its own that may open 64 files."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline().rpartition(":")[2])

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, request.param], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield Server(process)
        process.terminate()


def ask(client: socket.socket, target: str, headers: str = "") -> bytes:
    """The whole response, or what there was of it when the server closed."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        got = b""
        while not (head := re.match(rb".*?\r\n\r\n", got, re.DOTALL)):
            if not (piece := client.recv(65536)):
                return got
            got += piece
        length = int(re.search(rb"Content-Length: (\d+)", head[0])[1])
        while len(got) < head.end() + length:
            got += client.recv(65536)
        return got
    return b""


def test_the_connections_that_it_has_are_answered_and_one_line_says_why_others_are_closed(server: Server):
    with contextlib.ExitStack() as opened:
        clients = [opened.enter_context(server.connect()) for _ in range(SEVERAL)]
        others = [ask(opened.enter_context(server.connect()), NUMBERS) for _ in range(CLIENTS)]
        answers = {ask(client, NUMBERS).partition(b"\r\nContent-Type")[0] for client in clients for _ in range(2)}
        served = [other for other in others if other]

        assert {b"HTTP/1.1 200 OK"} == answers
        assert {True} == {other.startswith(WORKS) for other in served}
        assert LIMIT // 4 < len(served) < LIMIT
        assert server.open_files() <= LIMIT * 3 // 4
    while not (again := server.connect()) or not ask(again, NUMBERS).startswith(WORKS):
        again.close()
    again.close()
    server.process.terminate()
    assert LINE == server.process.communicate()[1]


def test_what_is_first_needed_now_can_still_be_read(server: Server):
    """Modules, the page's templates and files, a time zone, the quirks' file."""
    with contextlib.ExitStack() as opened:
        client = opened.enter_context(server.connect())
        waiting = [opened.enter_context(server.connect()) for _ in range(CLIENTS)]  # all at once
        for each in waiting:
            ask(each, "/_mock/health")
        targets = (
            NUMBERS.replace("numbers", "messages") + "&start_date=2017-01-01&end_date=2017-01-02&zone=Europe/Warsaw",
            "/messages/recived.xml?username=demo&password=demo",
            "/_mock/ui/",
            "/_mock/openapi.json",
            "/_mock/quirks",
            "/_mock/worlds/default/snapshot",
        )
        statuses = [ask(client, target).split(b" ", 2)[1:2] for target in targets]

        assert [[b"200"]] * len(targets) == statuses
