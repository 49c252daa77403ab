"""A WSGI application that does nothing, on our shell, with the process set up as ``mockserver serve`` does: the limit.

python benchmarks/null.py PORT
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockserver.http.gc_tuning import collect_in_parts
from mockserver.http.listener import Server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def null(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The same two bytes for everybody."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"OK"]


if __name__ == "__main__":
    server = Server(null, port=int(sys.argv[1]))
    collect_in_parts()
    server.run()
