"""Serve the handlers of a JSON file with pytest-httpserver: httpserver_program.py PORT FILE. Run in the peers' environment."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from pytest_httpserver import HTTPServer


def main(port: int, handlers: Path) -> None:
    """Serve until SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with HTTPServer(port=port) as server:
        for handler in json.loads(handlers.read_text(encoding="utf-8")):
            expected = server.expect_request(handler["path"], method=handler["method"])
            expected.respond_with_data(handler["body"], headers=handler["headers"])
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
