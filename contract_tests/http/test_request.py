"""A received request: its headers by name, and its WSGI environ."""

from __future__ import annotations

import sys

import pytest

from mockserver.http.request import HttpRequest


def test_a_header_is_found_whatever_the_case_of_its_name():
    request = HttpRequest("GET", "/", "/", "", fields={"x-one": "1"})
    assert (request.get("X-One"), request.get("x-two")) == ("1", None)


def test_the_environ_of_a_request_holds_what_pep_3333_asks_for():
    request = HttpRequest(
        *("POST", "/a%20b?x", "/a b", "x", "HTTP/1.0", (("Host", "h"), ("Content-Type", "text/plain"), ("X-Y", "1"))),
        fields={"host": "h", "content-type": "text/plain", "x-y": "1"},
        scheme="https",
        listener="front",
        client=("127.0.0.9", 9),
        server=("127.0.0.1", 1),
        body=b"abc",
        is_too_large=True,
    )
    environ = request.environ()
    assert environ.pop("wsgi.input").read() == b"abc"
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "x",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "1",
        "REMOTE_ADDR": "127.0.0.9",
        "REMOTE_PORT": "9",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_HOST": "h",
        "HTTP_X_Y": "1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "mockserver.request": request,
        "mockserver.target": "/a%20b?x",
        "mockserver.head": (("Host", "h"), ("Content-Type", "text/plain"), ("X-Y", "1")),
        "mockserver.body": b"abc",
        "mockserver.overflow": True,
        "mockserver.listener": "front",
    }


def test_a_connection_without_addresses_has_none_in_the_environ():
    environ = HttpRequest("GET", "/", "/", "").environ()
    assert [environ[key] for key in ("SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "REMOTE_PORT")] == [
        "localhost",
        *("", "", ""),
    ]


@pytest.mark.parametrize("header", ["content-length", "transfer-encoding"])
def test_an_announced_body_that_is_empty_has_length_zero_in_the_environ(header):
    environ = HttpRequest("POST", "/", "/", "", fields={header: "0"}).environ()
    assert environ["CONTENT_LENGTH"] == "0"
    assert "HTTP_" + header.upper().replace("-", "_") not in environ


def test_a_name_with_an_underscore_is_not_in_the_environ():
    assert "HTTP_X_Y" not in HttpRequest("GET", "/", "/", "", fields={"x_y": "1"}).environ()
