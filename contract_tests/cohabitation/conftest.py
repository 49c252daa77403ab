"""What the tests of this folder share; a user's own would have the like."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mockserver import Mock


@pytest.fixture
def over_http(mock_server):
    """A client that asks the server over HTTP, as `mockserver_server = shared` has it."""
    with Mock.at(mock_server.url) as mock:
        yield mock


class Receiver(ThreadingHTTPServer):
    """A program that SerwerSMS forwards inbound messages to."""

    daemon_threads = True

    def __init__(self):
        self.paths, self.says = [], b"OK"
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.says)))
        self.end_headers()
        self.wfile.write(self.server.says)

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver(mock_world):
    """A receiver to which the world's account forwards."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{receiver.server_port}/sms"
        rule = {"service": "ndi", "url": url, "verification": True}
        mock_world.change_account("serwersms", "documents", forwarding=[rule])
        yield receiver
        receiver.shutdown()
        thread.join()
