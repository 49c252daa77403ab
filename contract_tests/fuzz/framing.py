"""Damaged bytes of HTTP, TLS and the forward proxy: mutations of whole requests, and of the pieces in which they are sent."""

from __future__ import annotations

import contextlib
import itertools
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from random import Random

from mockserver.sdk.loading import installed_providers

from . import operations, values
from .operations import Request
from .values import is_true
from .wire import Sent, unchecked_tls

_Parts = tuple[bytes, list[bytes], bytes]
"""Request line, header lines and body."""


def http(chance: Random, listener: str = "http") -> Sent:
    """Return one or several requests with damaged framing."""
    raw = b"".join(damaged(chance, operations.request(chance)) for _ in range(_count(chance)))
    return Sent(listener, list(pieces(chance, raw)))


def tls(chance: Random) -> Sent:
    """Return bytes for the HTTPS listener: requests inside TLS, and damaged TLS."""
    kind = chance.random()
    if kind < 0.3:
        return Sent("https", list(pieces(chance, operations.request(chance).raw)), tls=True)
    if kind < 0.6:
        return http(chance, "https")._replace(tls=True)
    hello = client_hello()
    if kind < 0.9:
        hello = flipped(chance, hello)
    raw = chance.choice(
        (
            hello,
            hello + values.raw_bytes(chance, 300),
            hello[: chance.randrange(len(hello))],
            values.raw_bytes(chance, 300),
            b"\x16\x03\x01\xff\xff" + values.raw_bytes(chance, 300),
        )
    )
    return Sent("https", list(pieces(chance, raw)))


def proxy(chance: Random) -> Sent:
    """Return bytes for the forward proxy: CONNECT with what follows it, requests with whole URLs, and damaged ones.

    No target is a public host, or one whose name would be looked up.
    """
    kind = chance.random()
    if kind < 0.45:
        target = _proxy_target(chance)
        head = b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, target)
        if is_true(chance, 0.3):
            head = _unless_it_leaves(flipped(chance, head, most=3), head)
        after = chance.choice(
            (
                b"",
                client_hello(),
                flipped(chance, client_hello()),
                values.raw_bytes(chance, 300),
                operations.request(chance).raw,
            )
        )
        return Sent("proxy", list(pieces(chance, head + after)))
    found = operations.request(chance)
    line, lines, body = split(found.raw)
    method, _, rest = line.partition(b" ")
    url = (
        chance.choice((b"http://", b"HTTP://", b"https://", b"ftp://", b"://", b"http:/", b""))
        if is_true(chance, 0.2)
        else b"http://"
    )
    raw = join((b"%b %b%b%b" % (method, url, _proxy_target(chance), rest), lines, body))
    if kind < 0.8:
        raw = _unless_it_leaves(damaged(chance, _whole(found.method, raw)), raw)
    return Sent("proxy", list(pieces(chance, raw)))


def _count(chance: Random) -> int:
    return 1 if is_true(chance, 0.85) else chance.choice((2, 3, 10, 40))


def _whole(method: str, raw: bytes) -> Request:
    head, blank, body = raw.partition(b"\r\n\r\n")
    return Request(method, head + blank, body)


@cache
def _safe_targets() -> Sequence[bytes]:
    hosts = [host.encode() for provider in installed_providers().providers for host in provider.hosts]
    return [host + port for host in hosts for port in (b"", b":443", b":80", b":8443", b":0", b":99999", b":", b":x")]


_ODD_TARGETS = (
    b"127.0.0.1:1",
    b"[::1]:1",
    b"localhost:1",
    b"127.0.0.1",
    b"user:pass@127.0.0.1:1",
    b"[::1",
    b"::1",
    b"",
    b":",
    b":443",
    b"a" * 300 + b":443",
    b"a" * 81 + b":443",
    b"..:443",
    b"-",
    b"\xff\xfe:443",
    b"127.0.0.1:1/../x",
    b"8.8.8.8:443",
    b"169.254.169.254:80",
    b"[::ffff:127.0.0.1]:1",
    b"0x7f000001:1",
    b"a b:443",
    b"api2.serwersms.pl.:443",
)


def _proxy_target(chance: Random) -> bytes:
    return chance.choice(_safe_targets() if is_true(chance, 0.7) else _ODD_TARGETS)


def _unless_it_leaves(raw: bytes, otherwise: bytes) -> bytes:
    """Return bytes, or others if these name a host whose name would be looked up, or an address that nobody chose."""
    known = {*_safe_targets(), *_ODD_TARGETS}
    return raw if all(found[1] in known for found in _TARGET.finditer(raw)) else otherwise


_TARGET = re.compile(rb"(?:connect|:/)[\s/]*([^/?#\s]*)", re.IGNORECASE)


@cache
def client_hello() -> bytes:
    """The first flight of a TLS client."""
    outgoing = ssl.MemoryBIO()
    client = unchecked_tls().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="api2.serwersms.pl")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


# -- pieces ------------------------------------------------------------------------------------------------------------


def pieces(chance: Random, raw: bytes) -> Iterator[bytes]:
    """Yield the pieces in which bytes are sent: one, some, or one for each byte."""
    kind = chance.random()
    if kind < 0.6 or not raw:
        yield raw
    elif kind < 0.75 and len(raw) < 1_500:
        yield from (raw[at : at + 1] for at in range(len(raw)))
    else:
        cuts = sorted({0, len(raw), *(chance.randrange(len(raw)) for _ in range(chance.randrange(1, 9)))})
        yield from (raw[start:end] for start, end in itertools.pairwise(cuts))


# -- damage ------------------------------------------------------------------------------------------------------------


def split(raw: bytes) -> _Parts:
    """Return the request line, the header lines and the body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    return line, lines, body


def join(parts: _Parts, end: bytes = b"\r\n") -> bytes:
    """Return the bytes of these parts."""
    line, lines, body = parts
    return end.join((line, *lines, b"", b"")) + body


def damaged(chance: Random, request: Request) -> bytes:
    """Return a request with one to three of the mutations below."""
    raw = request.raw
    if len(raw) > 200_000:
        return raw[: chance.randrange(len(raw))]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        raw = chance.choice(MUTATIONS)(chance, raw)
    return raw


def flipped(chance: Random, raw: bytes, most: int = 8) -> bytes:
    """Return bytes with some of them changed, removed, repeated or added."""
    changed = bytearray(raw)
    for _ in range(chance.randrange(1, most + 1)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.randrange(5)
        if kind == 0 and at < len(changed):
            changed[at] = chance.randrange(256)
        elif kind == 1 and at < len(changed):
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del changed[at : at + chance.choice((1, 1, 4, 50))]
        elif kind == 3:
            changed[at:at] = changed[at : at + chance.choice((1, 4, 50))]
        else:
            changed[at:at] = chance.choice(
                (b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b"\xff", b"HTTP/1.1", b"0\r\n\r\n")
            )
    return bytes(changed)


def _cut(chance: Random, raw: bytes) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _bare_line_ends(chance: Random, raw: bytes) -> bytes:
    line, lines, body = split(raw)
    return join((line, lines, body), chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n")))


def _with_line(make: Callable[[Random], bytes | list[bytes]]) -> Callable[[Random, bytes], bytes]:
    """Return a mutation that adds header lines."""

    def add(chance: Random, raw: bytes) -> bytes:
        line, lines, body = split(raw)
        made = make(chance)
        at = chance.randrange(len(lines) + 1)
        lines[at:at] = made if isinstance(made, list) else [made]
        return join((line, lines, body))

    return add


def _length(chance: Random) -> bytes | list[bytes]:
    found = chance.choice(
        (
            b"0",
            b"1",
            b"5",
            b"00005",
            b"-1",
            b"+5",
            b"5,5",
            b"5, 6",
            b"0x5",
            b"5 ",
            b"",
            b"x",
            b"9" * 19,
            b"9" * 25,
            b"18446744073709551616",
            b"5\x00",
            b"1e3",
            b"4294967296",
        )
    )
    lines = [b"Content-Length: " + found]
    return lines * chance.choice((1, 1, 2)) + ([b"Content-Length: 3"] if is_true(chance, 0.2) else [])


def _transfer_encoding(chance: Random) -> bytes | list[bytes]:
    found = chance.choice(
        (
            b"chunked",
            b"Chunked",
            b"chunked, chunked",
            b"gzip, chunked",
            b"chunked, gzip",
            b"identity",
            b"x",
            b"",
            b" chunked",
            b"chunked;a=b",
            b"\x0bchunked",
            b"chunked\t",
        )
    )
    name = chance.choice(
        (b"Transfer-Encoding: ", b"Transfer-Encoding : ", b"transfer-encoding:", b"Transfer-Encoding:\r\n ")
    )
    return [name + found] * chance.choice((1, 1, 2))


def _header_line(chance: Random) -> bytes:
    return chance.choice(
        (
            lambda: b"X" * chance.choice((1, 5_000, 70_000)) + b": 1",
            lambda: b"X: " + b"y" * chance.choice((0, 5_000, 70_000)),
            lambda: b"no colon",
            lambda: b": no name",
            lambda: b" folded",
            lambda: b"\tfolded",
            lambda: b"Sp ace: 1",
            lambda: b"X : 1",
            lambda: b"X:\x00",
            lambda: b"X: a\rb",
            lambda: b"X: \xff\xfe",
            lambda: b"\xc3\xa9: 1",
            lambda: (
                b"Host: "
                + chance.choice(
                    (
                        b"",
                        b"a",
                        b"[::1",
                        b"[",
                        b"a" * 81,
                        b"a" * 300,
                        b"a..b",
                        b"a:b:c",
                        b"\xff",
                        b"api2.serwersms.pl",
                        b"a,b",
                        b"127.0.0.1:7670",
                    )
                )
            ),
            lambda: b"Expect: " + chance.choice((b"100-continue", b"100-Continue", b"x", b"100-continue, x")),
            lambda: (
                b"Connection: "
                + chance.choice(
                    (
                        b"close",
                        b"keep-alive",
                        b"upgrade",
                        b"Upgrade, HTTP2-Settings",
                        b"x, close",
                        b"host",
                        b"content-length",
                        b"",
                    )
                )
            ),
            lambda: b"Upgrade: " + chance.choice((b"h2c", b"websocket", b"TLS/1.0", b"", b"x/y")),
            lambda: (
                b"Authorization: "
                + chance.choice(
                    (b"Basic", b"Basic =", b"Basic \xff", b"Bearer " + b"x" * 9_000, b"Basic " + b"QQ" * 9_000)
                )
            ),
            lambda: (
                b"Content-Type: "
                + chance.choice(
                    (
                        b"multipart/form-data; boundary=" + b"x" * 3_000,
                        b"application/json\xff",
                        b'multipart/form-data;boundary="',
                        b"/",
                    )
                )
            ),
            lambda: b"Content-Encoding: " + chance.choice((b"gzip", b"deflate", b"br", b"x")),
            lambda: b"X-Mockserver-World: " + values.raw_bytes(chance, 20).replace(b"\r", b"").replace(b"\n", b""),
            lambda: (
                b"Forwarded: "
                + chance.choice(
                    (
                        b'for="[::1',
                        b"host=\x00",
                        b"host=[::1",
                        b"proto=x;;;=",
                        b"," * 3_000,
                        b'host="\\',
                        b"host=" + b"a" * 81,
                    )
                )
            ),
            lambda: b"X-Forwarded-Host: " + chance.choice((b"[::1", b"a,b", b"", b"a/b", b"\xff", b"a" * 300)),
            lambda: b"X-Forwarded-Prefix: " + chance.choice((b"/a", b"a", b"//", b"/%", b"/\xff", b"/a?b")),
            lambda: b"X-Forwarded-For: " + chance.choice((b"x", b"", b"1.2.3.4,", b"::1", b"," * 3_000)),
        )
    )()


def _many_headers(chance: Random) -> list[bytes]:
    name = chance.choice((b"X%d", b"X", b"Cookie", b"Host", b"Accept"))
    return [(name % number if b"%d" in name else name) + b": 1" for number in range(chance.choice((50, 500, 5_000)))]


def _in_chunks(chance: Random, raw: bytes) -> bytes:
    """Send the body in chunks that are damaged."""
    line, lines, body = split(raw)
    lines = [each for each in lines if not each.lower().startswith((b"content-length", b"transfer-encoding"))]
    sent = []
    for piece in (body[:7], body[7:50], body[50:]):
        size = chance.choice((b"%x", b"%X", b"0%x", b"000000000000%x", b"%x ", b" %x")) % len(piece)
        if is_true(chance, 0.15):
            size = chance.choice(
                (
                    b"",
                    b"-1",
                    b"g",
                    b"0x5",
                    b"f" * 16,
                    b"f" * 17,
                    b"7fffffffffffffff",
                    b"1" * 300,
                    b"%x" % (len(piece) + 1),
                    b"%x" % max(len(piece) - 1, 0),
                    b"\xff",
                )
            )
        if is_true(chance, 0.2):
            size += chance.choice(
                (b";", b";a=b", b';a="b', b";" + b"x" * 10_000, b";" + b"x" * 300_000, b"; \x00", b";a\rb", b"\t;a")
            )
        sent.append(
            size
            + chance.choice((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""))
            + piece
            + chance.choice((b"\r\n", b"\r\n", b"\r\n", b"\n", b"", b"x\r\n"))
        )
    if is_true(chance, 0.9):
        sent.append(chance.choice((b"0\r\n", b"0\r\n", b"0\r\n", b"00000\r\n", b"0;a=b\r\n", b"0\n", b"0")))
    if is_true(chance, 0.25):
        sent += [_header_line(chance) + b"\r\n" for _ in range(chance.choice((1, 2, 50, 500)))]
    if is_true(chance, 0.9):
        sent.append(b"\r\n")
    return join((line, [*lines, b"Transfer-Encoding: chunked"], b"".join(sent)))


def _request_line(chance: Random, raw: bytes) -> bytes:
    line, lines, body = split(raw)
    method, _, rest = line.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    line = chance.choice(
        (
            lambda: (
                b"%b %b %b"
                % (
                    chance.choice(
                        (
                            b"get",
                            b"GE T",
                            b"",
                            b"X" * 3_000,
                            b"PRI",
                            b"CONNECT",
                            b"TRACE",
                            b"M-SEARCH",
                            b"QUERY",
                            b"\xff",
                            b"PROPFIND",
                            b"G\0T",
                            b"PATCH",
                        )
                    ),
                    target,
                    version,
                )
            ),
            lambda: (
                b"%b %b %b"
                % (
                    method,
                    target,
                    chance.choice(
                        (
                            b"HTTP/1.0",
                            b"HTTP/2.0",
                            b"HTTP/0.9",
                            b"HTTP/1.2",
                            b"HTTP/9.9",
                            b"http/1.1",
                            b"HTTP/1.1 ",
                            b"HTTP/",
                            b"HTTP/1.10",
                            b"ICAP/1.0",
                            b"RTSP/1.0",
                            b"HTTP/1.1\0",
                        )
                    ),
                )
            ),
            lambda: b"%b %b" % (method, target),
            lambda: b"%b  %b  %b" % (method, target, version),
            lambda: b"%b\t%b\t%b" % (method, target, version),
            lambda: (
                b"%b %b %b"
                % (
                    method,
                    chance.choice(
                        (
                            b"*",
                            b"",
                            b"?",
                            b"#",
                            b"//",
                            b"///a",
                            b"x",
                            b"/\xff\xfe",
                            b"/\x00",
                            b"/%",
                            b"/%zz",
                            b"/" + b"a" * 70_000,
                            b"/" + b"../" * 500,
                            b"http://",
                            b"http://[",
                            b"http://[::1]:x/",
                            b"http://api2.serwersms.pl",
                            b"http:///a",
                            b"a:1",
                            b"/\xc5\x82",
                            b"/a b",
                            b"/?" + b"a&" * 9_000,
                            b"/_mock",
                            b"//_mock/health",
                            b"/_mock/%2e%2e/",
                            b"/_mock/ui/%00",
                            b"/_w/default/_mock/health",
                            b"/_mock/worlds/default/journal/" + b"9" * 300,
                            b"http://127.0.0.1/_mock/health",
                            b"/_mock/worlds/\xff/clock",
                        )
                    ),
                    version,
                )
            ),
            lambda: b"PRI * HTTP/2.0\r\n\r\nSM",
            lambda: b"\r\n" * chance.choice((1, 3, 1_000)) + line,
            lambda: values.raw_bytes(chance, 100),
        )
    )()
    return join((line, lines, body))


def _pipelined(chance: Random, raw: bytes) -> bytes:
    return raw * chance.choice((2, 3, 20)) if len(raw) < 10_000 else raw


def _followed(chance: Random, raw: bytes) -> bytes:
    return raw + chance.choice(
        (
            b"\r\n",
            b"\0",
            b"GET",
            b"GET / HTTP/1.1\r\n",
            b"x" * 100,
            b"\r\n" * 500,
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x16\x03\x01",
        )
    )


def _without_header(chance: Random, raw: bytes) -> bytes:
    line, lines, body = split(raw)
    if lines:
        del lines[chance.randrange(len(lines))]
    return join((line, lines, body))


def _percent(chance: Random, raw: bytes) -> bytes:
    line, lines, body = split(raw)
    return join(
        (
            re.sub(
                rb"[a-z_]", lambda found: b"%%%02x" % ord(found[0]) if is_true(chance, 0.3) else found[0], line, flags=0
            ),
            lines,
            body,
        )
    )


MUTATIONS: Sequence[Callable[[Random, bytes], bytes]] = (
    *(
        flipped,
        flipped,
        _cut,
        _bare_line_ends,
        _request_line,
        _request_line,
        _in_chunks,
        _in_chunks,
        _pipelined,
        _followed,
        _without_header,
        _percent,
    ),
    *(
        _with_line(_length),
        _with_line(_transfer_encoding),
        _with_line(_header_line),
        _with_line(_header_line),
        _with_line(_many_headers),
    ),
)
"""The ways to damage a request; those that find most stand twice."""
