"""Requests for the operations of every installed provider, drawn from its routes and parameter tables.

Which values a parameter takes is found by trying a list of candidates, so a new operation, and a provider that somebody
else has installed, is covered without a word here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from mockserver.app import read_fixture
from mockserver.engine.accounts import Account
from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk.loading import installed_providers
from mockserver.sdk.operations import Operation, Parameter
from mockserver.sdk.provider import Provider, Route

from . import values
from .values import is_true

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
CONTENT_TYPES = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "text/plain",
    "text/xml", "", "application/json; charset=utf-16", "application/vnd.a+json", "APPLICATION/JSON",
    "multipart/form-data; boundary=", "x", "/", ";", 'multipart/form-data; boundary="', "multipart/mixed; boundary=B",
    "application/x-www-form-urlencoded; charset=latin-2",
)  # fmt: skip
SUFFIXES = (
    "", "", "", ".json", ".xml", ".JSON", ".csv", ".", ".json.xml", "/", "//", "%2e.json", "?", ";x=1", "%00", "%FF",
)  # fmt: skip
PREFIXES = (
    "", "", "", "", "", "", "/_w/default", "/_w/none", "/_w/", "/", "/.", "/_w/default/_w/default", "/%5fw/default",
)  # fmt: skip
_SEGMENT = re.compile(r"<(?:any\((?P<choices>[^)]*)\):|(?P<rest>path):)?(?P<name>\w+)>")


class Request(NamedTuple):
    """A whole request."""

    method: str
    head: bytes
    """The request line and headers, with the empty line."""
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


@cache
def accounts(provider: str) -> Sequence[Account]:
    """The accounts of a provider in the default world."""
    return [account for account in read_fixture().accounts if account.provider == provider]


@cache
def _candidates() -> Sequence[Any]:
    """Values that parameters of any provider may take: those of the default world's accounts among them."""
    found: list[Any] = [
        *values.MOMENTS,
        *values.PHONES,
        *values.NUMBERS,
        *values.WORDS,
        1,
        0,
        True,
        False,
        [],
        ["+48500600700"],
    ]
    fixture = read_fixture()
    for account in fixture.accounts:
        contacts = fixture.entries.page(account.key, "contacts", limit=9)
        found += [*[*account.numbers][:9], *account.programs, *(each.phone for each in contacts)]
    return [each for each in found if not isinstance(each, str) or len(each) < 300]


_accepted: dict[int, tuple[Parameter, Sequence[Any]]] = {}


def accepted(row: Parameter) -> Sequence[Any]:
    """The candidates that a parameter takes, those of its enumeration first."""
    if id(row) not in _accepted:
        found = list(row.kind.schema.get("enum", ()))
        for each in _candidates():
            try:
                row.kind.parse(row, each)
            except ProviderError:
                continue
            found.append(each)
        _accepted[id(row)] = row, found or [""]  # the row is kept, so that no other one gets its id
    return _accepted[id(row)][1]


def request(chance: Random) -> Request:
    """Return a request that is right in most of its parts."""
    provider = chance.choice(installed_providers().providers)
    route = chance.choice([route for route in provider.routes if not route.only_errors or is_true(chance, 0.1)])
    operations = [provider.operations_by_name[name] for name in route.operations]
    operation = chance.choice(operations) if operations else None
    method = route.method if is_true(chance, 0.9) else chance.choice(METHODS)
    account = chance.choice(accounts(provider.name) or [None])
    sent = list(_parameters(chance, provider, operation, account))
    headers = [("Host", _host(chance, provider)), *_authorization(chance, provider, account)]
    query, body, content_type = _placed(chance, sent, method)
    if content_type:
        headers.append(("Content-Type", content_type))
    target = _path(chance, provider, route, operation) + (f"?{query}" if query or is_true(chance, 0.02) else "")
    headers += _other_headers(chance)
    return encode(chance, method, target, headers, body)


def encode(chance: Random, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Request:
    """Return a request as bytes: with Content-Length, or in chunks."""
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    if body and is_true(chance, 0.1):
        lines.append("Transfer-Encoding: chunked")
        body = chunked(chance, body)
    elif body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return Request(method, head + b"\r\n\r\n", body)


def chunked(chance: Random, body: bytes) -> bytes:
    """Return a body in chunks of random sizes."""
    pieces, at = [], 0
    while at < len(body):
        size = min(len(body) - at, chance.choice((1, 7, 100, 5_000, 100_000)) if len(body) < 20_000 else 50_000)
        pieces.append(b"%x\r\n%b\r\n" % (size, body[at : at + size]))
        at += size
    return b"".join(pieces) + b"0\r\n\r\n"


# -- its parts ---------------------------------------------------------------------------------------------------------


def _path(chance: Random, provider: Provider, route: Route, operation: Operation | None) -> str:
    rows = {row.name: row for row in operation.parameters if row.place == "path"} if operation else {}

    def fill(found: re.Match[str]) -> str:
        if found["choices"]:
            return chance.choice(found["choices"].split(","))
        if found["name"] in rows:
            return _quoted(chance, _value(chance, rows[found["name"]]))
        if found["rest"]:
            names = sorted(name.partition(".")[2] for name in provider.not_offered) or ["x"]
            return chance.choice(names) + chance.choice(("", "", ".xml", "/1"))
        return _quoted(chance, chance.choice((values.text(chance), "1000", "1")))

    path = chance.choice(PREFIXES) + _SEGMENT.sub(fill, route.path)
    return path + (chance.choice(SUFFIXES) if is_true(chance, 0.2) else "")


def _quoted(chance: Random, value: Any) -> str:
    text = str(value)[:3_000].encode("utf-8", "surrogatepass")
    return quote(text, safe=chance.choice(("", "/", "+:,")))


def _value(chance: Random, row: Parameter) -> Any:
    """Return a value for a parameter, as JSON has it: mostly one that it takes."""
    kind = chance.random()
    if kind < 0.72:
        return chance.choice(accepted(row))
    if kind < 0.84:
        return values.mutated(chance, str(chance.choice(accepted(row))))
    if kind < 0.97:
        return values.text(chance)
    return values.json_value(chance)


def _parameters(
    chance: Random, provider: Provider, operation: Operation | None, account: Account | None
) -> Iterator[tuple[str, Any]]:
    if operation is None:
        operation = chance.choice(provider.operations)
    rows = [row for row in (*operation.common, *operation.parameters) if row.place == "parameters"]
    login = chance.choice(account.logins) if account and account.logins else None
    secrets = iter((login.user, login.secret or login.user) if login else ())
    for row in rows:
        if row.is_secret:
            value = next(secrets, login.user if login else "x") if is_true(chance, 0.93) else values.text(chance)
            is_sent = is_true(chance, 0.9)
        elif row.name == provider.operation_parameter:
            value = operation.name if is_true(chance, 0.95) else values.mutated(chance, operation.name)
            is_sent = is_true(chance, 0.97)
        else:
            value, is_sent = _value(chance, row), is_true(chance, 0.9 if row.is_required else 0.45)
        if is_sent:
            yield chance.choice((row.name, row.name, row.name, *row.spellings)), value
            if is_true(chance, 0.02):
                yield row.name, _value(chance, row)
    while is_true(chance, 0.1):
        yield values.text(chance)[:100], values.text(chance)
    if is_true(chance, 0.004):
        yield from ((f"n{number}", "v") for number in range(chance.choice((300, 3_000))))


def _authorization(chance: Random, provider: Provider, account: Account | None) -> Iterator[tuple[str, str]]:
    schemes = (*provider.authorization, *provider.secret_headers)
    if not schemes or is_true(chance, 0.1):
        return
    scheme = chance.choice(schemes)
    login = chance.choice(account.logins) if account and account.logins else None
    user, secret = (login.user, login.secret or "") if login else ("x", "y")
    if scheme == "basic":
        pair = f"{user}:{secret}" if is_true(chance, 0.9) else values.text(chance)[:1_000]
        encoded = b64encode(pair.encode("utf-8", "surrogatepass")).decode()
        yield "Authorization", f"Basic {encoded if is_true(chance, 0.95) else _header(values.mutated(chance, encoded))}"
    elif scheme == "bearer":
        if is_true(chance, 0.3):
            yield "Authorization", f"Bearer {_header(chance.choice((user, secret, values.text(chance))))}"
    else:
        yield scheme, _header(chance.choice((user, secret, values.text(chance))))
    if is_true(chance, 0.02):
        yield "authorization", _header(values.text(chance))


def _header(value: str) -> str:
    """Return a text that may stand in a header: without line ends and NUL."""
    return (
        re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "", value)[:5_000]
        .encode("utf-8", "surrogatepass")
        .decode("utf-8", "surrogateescape")
    )


def _host(chance: Random, provider: Provider) -> str:
    kind = chance.random()
    if kind < 0.5:
        return "127.0.0.1"
    if kind < 0.9:
        return chance.choice(provider.hosts) + chance.choice(("", "", ":80", ":443"))
    return chance.choice(
        (
            "",
            "[::1",
            "[::1]:80",
            "a" * 64 + ".com",
            "a" * 81,
            "a..b",
            ".",
            "x:y",
            "localhost:99999",
            "ŁÓDŹ.pl",
            "%00",
            "a b",
            "*",
            "-",
            "xn--",
            "127.0.0.1:",
        )
    )


def _other_headers(chance: Random) -> Iterator[tuple[str, str]]:
    while is_true(chance, 0.15):
        name = chance.choice(
            (
                "X-Mockserver-World",
                "Forwarded",
                "X-Forwarded-For",
                "X-Forwarded-Host",
                "X-Forwarded-Proto",
                "X-Forwarded-Prefix",
                "Accept",
                "Cookie",
                "Origin",
                "User-Agent",
                "Upgrade",
                "Range",
                "If-None-Match",
                "X-A",
                "Accept-Encoding",
                "TE",
                "Date",
            )
        )
        known = {
            "X-Mockserver-World": "default",
            "Forwarded": "for=1.2.3.4;host=a;proto=https",
            "Upgrade": "h2c",
            "X-Forwarded-Proto": "https",
        }
        yield name, known[name] if name in known and is_true(chance, 0.5) else _header(values.text(chance))


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "" if value is None else str(value)


def _escaped(chance: Random, value: str) -> bytes:
    raw = value.encode("utf-8", chance.choice(("surrogatepass", "replace")))
    kind = chance.random()
    if kind < 0.8:
        return quote_plus(raw).encode()
    if kind < 0.9:
        return quote(raw, safe="").lower().encode()
    if kind < 0.95:
        return "".join(f"%{byte:02X}" for byte in raw).encode() if len(raw) < 10_000 else quote_plus(raw).encode()
    return re.sub(rb"[\x00-\x20\x7f#&]", b"", value.encode("latin-1", "replace"))


def _pairs(chance: Random, sent: Sequence[tuple[str, Any]]) -> bytes:
    found = []
    for name, value in sent:
        items = value if isinstance(value, list) else [value]
        suffix = (
            chance.choice(("", "[]", "[0]", "[a]", "[", "%5B%5D"))
            if isinstance(value, list) or is_true(chance, 0.03)
            else ""
        )
        found += [
            _escaped(chance, name) + suffix.encode() + b"=" + _escaped(chance, _text_of(each)) for each in items[:50]
        ]
    if is_true(chance, 0.05):
        found.insert(
            chance.randrange(len(found) + 1),
            chance.choice((b"", b"=", b"a", b"=a", b"&&", b"%", b";", b"[=", b"[]=1", b"\xff=1")),
        )
    return b"&".join(found)


def _placed(chance: Random, sent: Sequence[tuple[str, Any]], method: str) -> tuple[str, bytes, str]:
    """Return the query, the body and its Content-Type, in which parameters are sent."""
    if method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE") or is_true(chance, 0.06):
        query = re.sub(rb"[\x00-\x20\x7f]", b"", _pairs(chance, sent))[:60_000].decode("utf-8", "surrogateescape")
        return query, values.raw_bytes(chance) if is_true(chance, 0.03) else b"", ""
    query = ""
    if is_true(chance, 0.05):
        cut = chance.randrange(len(sent) + 1)
        query, sent = (
            re.sub(rb"[\x00-\x20\x7f]", b"", _pairs(chance, sent[:cut]))[:60_000].decode("utf-8", "surrogateescape"),
            sent[cut:],
        )
    kind = chance.random()
    if kind < 0.4:
        body, content_type = _pairs(chance, sent), "application/x-www-form-urlencoded"
    elif kind < 0.75:
        body, content_type = values.json_bytes(chance, dict(sent)), "application/json"
    elif kind < 0.9:
        body, content_type = _multipart(chance, sent)
    elif kind < 0.95:
        body, content_type = values.json_bytes(chance, values.json_value(chance)), "application/json"
    else:
        body, content_type = values.raw_bytes(chance, 3_000), chance.choice(CONTENT_TYPES)
    if is_true(chance, 0.05):
        content_type = chance.choice(CONTENT_TYPES)
    if is_true(chance, 0.001):
        body += b"x" * 2**23  # more than the server reads
    return query, body, content_type


def _multipart(chance: Random, sent: Sequence[tuple[str, Any]]) -> tuple[bytes, str]:
    boundary = chance.choice(("B", "----WebKitFormBoundary7MA4YWxk", "a" * 70, "=_x", "'"))
    parts = []
    for name, value in sent:
        written = name.replace('"', chance.choice(("%22", '\\"', ""))).encode("utf-8", "surrogatepass")
        extra = (
            chance.choice((b"", b"", b"", b'; filename="a.txt"', b"; filename*=utf-8''a"))
            if is_true(chance, 0.1)
            else b""
        )
        further = b"\r\nContent-Type: text/plain; charset=utf-16" if is_true(chance, 0.03) else b""
        content = _text_of(value).encode("utf-8", "surrogatepass")
        parts.append(
            b'--%b\r\nContent-Disposition: form-data; name="%b"%b%b\r\n\r\n%b\r\n'
            % (boundary.encode(), written, extra, further, content)
        )
    body = b"".join(parts) + b"--" + boundary.encode() + b"--" + chance.choice((b"\r\n", b"", b"\r\nepilogue"))
    if is_true(chance, 0.1) and body:
        at = chance.randrange(len(body))
        body = chance.choice(
            (body[:at], body[:at] + values.raw_bytes(chance, 5) + body[at:], body.replace(b"\r\n", b"\n"))
        )
    return body, f"multipart/form-data; boundary={boundary}"
