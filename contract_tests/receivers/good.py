"""A customer's receiver that does all of it right: each message is stored once, and only then acknowledged."""

from __future__ import annotations

import sqlite3
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DATABASE = sqlite3.connect(sys.argv[1], check_same_thread=False)
DATABASE.execute(
    "CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, sender TEXT, text TEXT, attachments INTEGER)"
)
LOCK = threading.Lock()


def store(fields: dict[str, list[str]]) -> None:
    """Store a message, unless it is stored already."""
    row = [fields["id"][0], fields["sender"][0], fields["text"][0], sum(name.endswith("[data]") for name in fields)]
    with LOCK, DATABASE:
        DATABASE.execute("INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?)", row)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/count":
            with LOCK:
                ((count,),) = DATABASE.execute("SELECT count(*) FROM messages")
            self.answer(HTTPStatus.OK, str(count))
        else:
            store(parse_qs(url.query, keep_blank_values=True))
            self.answer(HTTPStatus.OK, "OK")

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        store(fields | parse_qs(form, keep_blank_values=True))
        self.answer(HTTPStatus.OK, "OK")

    def do_HEAD(self) -> None:
        self.answer(HTTPStatus.METHOD_NOT_ALLOWED, "")

    do_PUT = do_HEAD  # noqa: N815 - the name that the standard library calls

    def answer(self, status: HTTPStatus, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
