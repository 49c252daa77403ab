"""Bytes that are nearly HTTP, at a server's sockets: every byte above ASCII is taken as Apache and nginx take it; what
stays malformed is answered by the provider whose path or host it names.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from mockserver.app import build_service
from mockserver.engine.state import Fixture
from mockserver.server import MockServer
from mockserver.settings import Settings

if TYPE_CHECKING:
    from mockserver.engine.registry import WorldRegistry

Say = Callable[[Sequence[bytes]], bytes]

SEND = (
    b"GET /ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar"
    b"&to=5556667777&from=5554332111&message=%s HTTP/1.1\r\nHost: secure.dialogtech.com\r\n%s\r\n"
)
BODY = "action=sms.get_numbers&access_key=foo&secret_access_key=bar&x=é".encode()
NUMBERS = b"POST /ibp_api.php HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
ERROR = b"GET /error/1000 HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"Connection: close\r\n"
POLISH = SEND % ("zażółć".encode(), LAST)


@pytest.fixture(params=["HTTP", "HTTPS", "HTTP through Flask"])
def say(request: pytest.FixtureRequest, registry: WorldRegistry) -> Iterator[Say]:
    """Say bytes in pieces at a server of ours, and hear what it says until it closes."""
    settings = Settings(port=0, wsgi="Flask" in request.param)
    with MockServer(build_service(settings, registry=registry), https=request.param.startswith("HTTPS")) as server:
        address = server.https_url if request.param.startswith("HTTPS") else server.url
        host, port = (address or "").partition("://")[2].rsplit(":", 1)

        def said(pieces: Sequence[bytes]) -> bytes:
            with socket.create_connection((host, int(port)), timeout=30) as plain:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = plain
                if address and address.startswith("https"):
                    context = ssl.create_default_context()
                    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                    connection = context.wrap_socket(plain, server_hostname="secure.dialogtech.com")
                with connection:
                    for piece in pieces:
                        connection.sendall(piece)
                    heard = b""
                    while got := connection.recv(65536):
                        heard += got
                    return heard

        yield said


def test_the_documents_own_client_sends_cafe_as_it_is_typed(say: Say, registry: WorldRegistry) -> None:
    heard = say([SEND % ("Café".encode(), LAST)])

    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"<result_description>[1] Message Sent</result_description>" in heard
    assert "Café" == registry.default.journal.since(0)[0].values["message"]


@pytest.mark.parametrize(
    "pieces",
    [
        [NUMBERS + POLISH],
        [ERROR, POLISH],
        [NUMBERS[:-1], NUMBERS[-1:] + POLISH],
        [ERROR + POLISH[:170], POLISH[170:]],
    ],
    ids=["behind a body", "behind a request", "behind the end of a body", "in two pieces"],
)
def test_a_raw_text_is_taken_behind_another_request(say: Say, registry: WorldRegistry, pieces: list[bytes]) -> None:
    heard = say(pieces)

    assert 2 == heard.count(b"HTTP/1.1 200 OK\r\n")
    assert "zażółć" == registry.default.journal.since(0)[-1].values["message"]


def test_every_byte_above_ascii_is_taken_in_a_path_of_another_provider(say: Say, registry: WorldRegistry) -> None:
    every = bytes(range(0x80, 0x100))
    heard = say([b"GET /messages/" + every + b"?x=" + every + b" HTTP/1.1\r\nHost: x\r\n" + LAST + b"\r\n"])

    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert heard.endswith(b'"type":"InvalidAction","message":"Not specified action to execute"}}')
    assert "serwersms" == registry.default.journal.since(0)[0].provider


INVALID = {
    "a space in DialogTech's query": (
        b"GET /ibp_api.php?message=a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "dialogtech",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml; charset=UTF-8\r\n",
        b"<result>failed</result>\n <result_description>Bad request</result_description>\n</response>",
    ),
    "a method that nobody knows at mGage's host": (
        b"FETCH / HTTP/1.1\r\nHOST : communicatepro.mgage.com:443\r\n\r\n".replace(b"HOST :", b"hOsT:"),
        "mgage",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json",
        b'{"meta":{"generalErrors":["Request cannot be read"],"nextPageUrl":null}}',
    ),
    "a byte above ASCII in the method, and DialogTech's path": (
        "GÉT /ibp_api.php HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        "dialogtech",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml; charset=UTF-8\r\n",
        b"<result>failed</result>\n <result_description>Bad request</result_description>\n</response>",
    ),
    "a control character in the method, and SerwerSMS's path": (
        b"G\x01T /messages/recived HTTP/1.1\r\nHost: x\r\n\r\n",
        "serwersms",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n",
        b'{"error":{"code":1006,"type":"InvalidData","message":"Invalid data format"}}',
    ),
    "no path, and mGage's host": (
        b"GET\r\nHost: communicatepro.mgage.com\r\n\r\n",
        "mgage",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json",
        b'{"meta":{"generalErrors":["Request cannot be read"],"nextPageUrl":null}}',
    ),
    "a control character in SerwerSMS's path": (
        b"POST /messages/recived\x01.xml HTTP/1.1\r\nHost: x\r\n\r\n",
        "serwersms",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml; charset=UTF-8\r\n",
        b"<error><code>1006</code><type>InvalidData</type><message>Invalid data format</message></error>",
    ),
    "a whole URL of SerwerSMS and another protocol": (
        b"GET HTTPS://api2.serwersms.pl/ HTTP/2.0\r\nHost: x\r\n\r\n",
        "serwersms",
        b"HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: application/json\r\n",
        b'{"error":{"code":1006,"type":"InvalidData","message":"Invalid data format"}}',
    ),
    "two lengths": (
        b"POST /messages/recived HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "serwersms",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n",
        b'{"error":{"code":1006,"type":"InvalidData","message":"Invalid data format"}}',
    ),
    "two hosts, the first of which counts": (
        b"GET / HTTP/1.1\r\nHost: secure.ifbyphone.com\r\nHost: api2.serwersms.pl\r\n\r\n",
        "dialogtech",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/xml; charset=UTF-8\r\n",
        b"<result>failed</result>\n <result_description>Bad request</result_description>\n</response>",
    ),
}


@pytest.mark.parametrize("case", INVALID.values(), ids=INVALID)
def test_what_stays_malformed_is_answered_by_the_provider_that_it_names(
    say: Say, registry: WorldRegistry, case: tuple[bytes, str, bytes, bytes]
) -> None:
    raw, provider, head, body = case
    heard = say([ERROR + raw])

    assert b"}" + head in heard
    assert body in heard
    exchange = registry.default.journal.since(0)[-1]
    assert (provider, "invalid_http") == (exchange.provider, exchange.outcome)
    assert raw.partition(b"\r\n\r\n")[0] == exchange.body.partition(b"\r\n\r\n")[0]
    assert heard.endswith(exchange.response_body)


@pytest.mark.parametrize(
    "raw", [b"GET /nowhere /x HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /_mock/ x HTTP/1.1\r\n\r\n", b"\0\0\r\n\r\n"]
)
def test_what_names_no_provider_is_answered_in_plain_text(say: Say, registry: WorldRegistry, raw: bytes) -> None:
    assert say([raw]).startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n")
    assert (None, "invalid_http") == (
        registry.default.journal.since(0)[-1].provider,
        registry.default.journal.since(0)[-1].outcome,
    )


def test_what_is_malformed_belongs_to_the_world_of_its_prefix(say: Say, registry: WorldRegistry) -> None:
    world = registry.create(Fixture(()))
    say([f"GET /_w/{world.id}/ibp_api.php?a b HTTP/1.1\r\n\r\n".encode()])

    assert ["dialogtech"] == [exchange.provider for exchange in world.journal.since(0)]
    assert [] == registry.default.journal.since(0)
