"""Requests that are unusual in one way each, for the test that whatever was recorded can be shown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from mockserver.http.request import HttpRequest
from mockserver.http.request_parser import InvalidRequest

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SEND = (
    "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
)
PROGRAM = "/api/messages/program/141501"
PAGE = "/api/messages/program/121811?startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59"
MGAGE = (("Authorization", f"Basic {b64encode(b'mgage:mgage').decode()}"),)
RECEIVED = "/messages/recived"
_DEEP = 20_000

HOSTS = (
    *("[::1", "[", "]", "[]", "[::1]:x", "[::1]:99999", "[x]", "::1", "[fe80::1%25eth0]", "[v1.x]", "::1]", "a[b]c"),
    *("", ".", "..", ".a", "a.", "a..b", "-", "xn--", "xn--a", "a" * 63, "a" * 64, "a" * 81, "a." * 130, "a" * 5_000),
    *(
        "localhost:",
        "localhost:0",
        "localhost:99999999",
        "localhost:-1",
        "localhost:\u00b2",
        "a:b:c",
        "user@host",
        "a b",
    ),
    *("\xff", "\x80.example", "%5B::1", "h\u00e9", "a/b", "a?b", "a#b", "a\\b", "a,b", "http://a", "'\"<>", "{{7*7}}"),
    *("secure.dialogtech.com:", "secure.dialogtech.com:x", "SECURE.DIALOGTECH.COM.", "\u2100", "\u00df"),
)
"""Values of the Host header."""

TARGETS = (
    *(
        "*",
        "",
        "a",
        "?",
        "/?",
        "//",
        "///",
        "//[",
        "//[::1/x",
        "/\\",
        "/%",
        "/%0",
        "/%zz",
        "/%00",
        "/%ff",
        "/\xff",
        "/.",
    ),
    *(
        "/..",
        "/a/../b",
        "/;a=b",
        "/#a",
        "/a b",
        "/_w",
        "/_w/",
        "/_w//",
        "/_w/nothing/x",
        "/_w/%5B/x",
        "/" + "a" * 10_000,
    ),
    *(
        "http://",
        "http:///",
        "http://[",
        "http://[::1/x",
        "http://a:b/x",
        "ftp://a/b",
        "a:443",
        "[::1]:443",
        ":",
        "://",
    ),
    *(
        "/?" + "&" * 2_000,
        "/?=",
        "/?a",
        "/?a=%ff",
        "/?a=%ED%A0%80",
        "/?a=%00",
        "/?[=]",
        "/?a[b][c]=d",
        "/?" + "a[" * 2_000,
    ),
    *(
        f"{SEND}%ff",
        f"{SEND}%ED%A0%80",
        f"{SEND}%00",
        f"{SEND}\xff",
        f"{SEND}&message=%F0%9F%98%80",
        f"{SEND}&a[]=1&a[]=2",
    ),
    *(
        "/ibp_api.php?action=%ff",
        "/ibp_api.php?action=%ED%A0%80&access_key=foo&secret_access_key=bar",
        "/ibp_api.php?action",
    ),
    *("/api/messages/program/%ff", "/api/messages/program/" + "9" * 5_000, f"{PROGRAM}?page=" + "9" * 5_000),
    *(
        f"{PROGRAM}?startDate=0001-01-01T00:00:00",
        f"{PROGRAM}?startDate=9999-12-31T23:59:59&endDate=9999-12-31T23:59:59",
    ),
    *(
        "/messages/%ff",
        "/messages/recived.%ff",
        "/messages/recived.xml",
        "/a" * 2_000,
        "/error/error",
        "/\u0100"[:1] + "x",
    ),
)
"""Request targets."""

METHODS = ("get", "BREW", "PROPFIND", "X" * 500, "M-SEARCH", "!#$%&'*+-.^_`|~0", "OPTIONS", "HEAD", "TRACE", "DELETE")
"""Methods that are rare, or none."""

BODIES: tuple[tuple[str, bytes], ...] = (
    (JSON, b"[" * _DEEP),
    (JSON, b"[" * _DEEP + b"]" * _DEEP),
    (JSON, b'{"a":' * _DEEP + b"1" + b"}" * _DEEP),
    (JSON, b'{"username":"demo","password":"demo","type":' + b"[" * 60 + b"]" * 60 + b"}"),
    (JSON, b'{"username":"demo","password":"demo","type":' + b"[" * 900 + b"]" * 900 + b"}"),
    (JSON, b'{"username":"demo","password":"demo","type":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}"),
    (JSON, b'{"username":"demo","password":"demo","type":"eco","x":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"}"),
    (JSON, b'{"username":"\\ud800","password":"\\udfff","type":"\\ud83d"}'),
    (JSON, b'{"username":"demo","password":"demo","type":"eco","limit":' + b"9" * 5_000 + b"}"),
    (JSON, b'{"a":1e400,"b":-1e400,"c":NaN,"d":Infinity}'),
    (JSON, b'{"a":1e999999999}'),
    (JSON, b"9" * 5_000),
    (JSON, b'{"a":1,"a":2,"":3,"\\u0000":4}'),
    (JSON, b'"' + b"\\" * 5_001),
    (JSON, b"\xef\xbb\xbf{}"),
    (JSON, b"{\x00}"),
    (JSON, b'{"a":"\xff"}'),
    (JSON, b"nul"),
    (JSON, b"   "),
    ("", b"[" * _DEEP),
    ("", b'{"a":' * _DEEP),
    ("text/xml", b"<a>" * _DEEP),
    ("text/xml", b"<a>" * 300 + b"</a>" * 300),
    ("text/xml", b"<a>" * 3_000 + b"</a>" * 3_000),
    ("text/xml", b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a e="&d;">&d;</a>'),
    ("text/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    ("text/xml", b"<a><![CDATA[<b>]]><!-- > --><?p > ?></a>"),
    ("text/xml", b"<a\n>\n</a\n>"),
    ("text/xml", b"<a b='>'/>"),
    ("text/xml", b"<!DOCTYPE a [<!ATTLIST a b CDATA ']'>]><a/>"),
    ("text/xml", b"<?xml version='1.0' encoding='utf-16'?><a/>"),
    ("text/xml", "<a/>".encode("utf-16")),
    ("text/xml", b"<\x00>"),
    ("", b"<"),
    (FORM, b"&" * 5_000),
    (FORM, b"=" * 5_000),
    (FORM, b"%"),
    (FORM, b"a=%ED%A0%80&b=%ff&%ff=c"),
    (FORM, b"a[" * 2_000 + b"=1"),
    (FORM, b"\x00\x01\xff=\xfe"),
    (FORM, b"action=sms.send_message&access_key=foo&secret_access_key=bar&to=%ff&from=%ff&message=%ff"),
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=", b"--\r\n\r\n----"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--'),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
    ("multipart/form-data; boundary=" + "x" * 5_000, b"--x"),
    ("text/plain; charset=no-such", b"a"),
    ("text/plain; charset=\xff", b"\xff\xfe"),
    (";;;", b"a=b"),
    ("\xff", bytes(range(256)) * 8),
    ("application/octet-stream", b"\x00" * 20_000),
    ("text/plain", b"\xc3\xa9" * 40_000),
    ("text/plain", "\u2028\u0085\x1b[31m\u202e".encode()),
    ("text/plain", b"@/etc/passwd"),
    ("text/plain", b"'; rm -rf /; '"),
    ("text/plain", b"\r\n\r\n"),
)
"""Bodies with their content types."""

HEADERS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("Authorization", "Basic"),),
    (("Authorization", "Basic \xff"),),
    (("Authorization", "Basic Og=="),),
    (("Authorization", "Basic //8="),),
    (("Authorization", "Basic " + "A" * 10_000),),
    (("Authorization", "Bearer"),),
    (("Authorization", "Bearer \xff"),),
    (("Authorization", ""),),
    (("authorization", "a"), ("AUTHORIZATION", "b")),
    (("X" * 5_000, "y"),),
    (("X-\xff", "\xff"),),
    (("X-Empty", ""),),
    (("Cookie", "a=\xff; b"),),
    (("X-Forwarded-Host", "[::1"), ("X-Forwarded-Proto", "x://"), ("X-Forwarded-Prefix", "//[")),
    (("Forwarded", 'for="[::1";host="[";proto=\xff'),),
    (("Upgrade", "websocket"), ("Connection", "Upgrade")),
    (("X-Mockserver-World", "\xff"),),
    (("X-Mockserver-World", ""),),
    (("Content-Encoding", "gzip"),),
    (("Accept", "\xff"), ("Accept", "*/*")),
    (("'", '"'), ("\\", "`$(x)`"), ("{{7*7}}", "{%x%}")),
    tuple((f"X-{index}", str(index)) for index in range(500)),
)
"""Headers."""

INVALID: tuple[bytes, ...] = (
    b"",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET",
    b"GET \xff HTTP/9.9\r\nHost: [::1\r\n\r\n",
    b"GET /ibp_api.php?\xff HTTP/1.1\r\nHost: [::1\r\nX\r\n\r\n",
    b"POST " + RECEIVED.encode() + b" HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"GET http://[::1/x HTTP/1.1\r\n\r\n",
    b"\x00" * 5_000,
    b"[" * 5_000,
)
"""Bytes that are no HTTP request."""


def request(
    method: str = "GET",
    target: str = "/nothing",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    host: str | None = "localhost",
) -> HttpRequest:
    """Return a request as the connection makes it."""
    path, _, query = target.partition("?")
    given = (*(() if host is None else (("Host", host),)), *headers)
    fields: dict[str, str] = {}
    for name, value in given:
        fields[name.lower()] = f"{fields[name.lower()]}, {value}" if name.lower() in fields else value
    if body:
        given, fields["content-length"] = (*given, ("Content-Length", str(len(body)))), str(len(body))
    return HttpRequest(
        method, target, _decode(path), query, "HTTP/1.1", given, fields, body=body, client=("127.0.0.1", 1)
    )


def _decode(path: str) -> str:
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _hosts() -> Iterator[HttpRequest]:
    for host in HOSTS:
        text = host.encode().decode("latin-1")
        yield request(host=text)
        yield request(target=f"{PAGE}&pageSize=1", headers=MGAGE, host=text)
    yield request(host=None)


def _targets() -> Iterator[HttpRequest]:
    yield from (request(target=target.encode().decode("latin-1")) for target in TARGETS)


def _methods() -> Iterator[HttpRequest]:
    yield from (request(method, target) for method in METHODS for target in ("/nothing", SEND, PROGRAM, RECEIVED))


def _bodies() -> Iterator[HttpRequest]:
    for index, (content_type, body) in enumerate(BODIES):
        headers = (("Content-Type", content_type),) if content_type else ()
        yield request("POST", RECEIVED, headers, body)
        yield request("POST", ("/ibp_api.php", PROGRAM, "/nothing")[index % 3], headers, body)


def _headers() -> Iterator[HttpRequest]:
    for headers in HEADERS:
        yield from (request(target=target, headers=headers) for target in (SEND, PROGRAM))
        yield from (request("POST", target, headers, b"a=b") for target in (RECEIVED, "/nothing"))


REQUESTS: dict[str, Callable[[], Iterator[HttpRequest]]] = {
    "hosts": _hosts,
    "targets": _targets,
    "methods": _methods,
    "bodies": _bodies,
    "headers": _headers,
}
"""The odd requests, by what is odd about them."""


def invalid() -> Iterator[InvalidRequest]:
    """Yield everything that is no HTTP request."""
    for raw in INVALID:
        yield InvalidRequest(HTTPStatus.BAD_REQUEST, "it is odd", raw)
