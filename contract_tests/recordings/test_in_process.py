"""A recorded request reaches a world as a server would have received it."""

from __future__ import annotations

from mockserver.engine.instants import EARLIEST
from mockserver.har.exchange import RecordedExchange
from mockserver.http.request import HttpRequest
from mockserver.http.request_parser import RequestParser
from mockserver.recordings.in_process import http_request


def test_headers_of_the_same_name_are_joined_as_a_server_joins_them() -> None:
    headers = (("Host", "api.test"), ("Accept", "text/xml"), ("Accept", "*/*"), ("Cookie", "a=1"), ("cookie", "b=2"))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    parser = RequestParser(max_head=1_000, max_body=0)
    parser.feed(f"GET /one?two=3 HTTP/1.1\r\n{head}\r\n".encode(), 0.0)
    [received] = parser.requests
    assert isinstance(received, HttpRequest)
    recorded = http_request(
        RecordedExchange(
            index=0, started=EARLIEST, method="GET", url="http://api.test/one?two=3", request_headers=headers
        )
    )
    assert recorded.fields == received.fields
    assert recorded.fields == {"host": "api.test", "accept": "text/xml,*/*", "cookie": "a=1; b=2"}
    assert (recorded.target, recorded.path, recorded.query) == (received.target, received.path, received.query)
