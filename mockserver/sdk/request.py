"""One request to a provider: plain values, whatever server it came through."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from msgspec import Struct


class ProviderRequest(Struct, frozen=True):
    """One request to a provider, as the client sent it."""

    method: str
    """In capitals."""
    path: str
    """Decoded, without the prefix that names a world."""
    query: bytes = b""
    """The query string as it came."""
    headers: tuple[tuple[str, str], ...] = ()
    """Name and value of each header, in the order and spelling in which they came."""
    fields: Mapping[str, str] | None = None
    """The values of the headers by name in small letters, those of equal names joined by commas; read from `headers` where not given."""
    body: bytes = b""
    """The body; only its beginning where `is_too_large`."""
    scheme: str = "http"
    host: str = "localhost"
    """The host that the client asked, with its port where it named one."""
    prefix: str = ""
    """What stands before `path` in the address: where the server is mounted, and the prefix that names a world."""
    is_too_large: bool = False
    """Whether the body was longer than the server reads."""
    is_bound: bool = False
    """Whether listener, prefix or header chose the world, so that its credentials do not have to."""

    def get(self, name: str, default: str = "") -> str:
        """The value of a header; the values of several with that name are joined by commas.

        Args:
            name: in small letters.
            default: what to return when there is none.
        """
        if self.fields is not None:
            return self.fields.get(name, default)
        values = [value for each, value in self.headers if each.lower() == name]
        if len(values) == 1:
            return values[0]
        return ",".join(values) if values else default

    @property
    def content_type(self) -> str:
        """The Content-Type header; empty when there is none."""
        return self.get("content-type") if self.fields is None else self.fields.get("content-type", "")

    @property
    def authorization(self) -> str:
        """The Authorization header; empty when there is none."""
        return self.get("authorization") if self.fields is None else self.fields.get("authorization", "")

    @property
    def basic(self) -> tuple[str, str] | None:
        """The user and password of HTTP Basic; none when the client sent no such credentials.

        Raises:
            MalformedCredentials: the client sent some that cannot be read.
        """
        return parse_basic(self.authorization)

    @property
    def bearer(self) -> str | None:
        """The token of a Bearer Authorization header; none when there is no such header, or no token in it."""
        scheme, _, token = self.authorization.partition(" ")
        return (token.strip() or None) if scheme.lower() == "bearer" else None

    @property
    def url(self) -> str:
        """The absolute address without its query, on the scheme, host and prefix that the client used."""
        return _url(self.scheme, self.host, self.prefix, self.path)


@lru_cache(maxsize=256)
def _url(scheme: str, host: str, prefix: str, path: str) -> str:
    """Clients ask for the same few addresses again and again."""
    return f"{scheme}://{host}{quote(prefix)}{quote(path, safe='/;=,')}"


class MalformedCredentials(ValueError):
    """An Authorization header names HTTP Basic, and what follows is not in its form; the text says why."""


@lru_cache(maxsize=256)
def parse_basic(header: str) -> tuple[str, str] | None:
    """The user and password of an Authorization header; none when it is empty or of another scheme.

    Raises:
        MalformedCredentials: it is HTTP Basic, and cannot be read.
    """
    scheme, _, encoded = header.strip(" \t").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(" "), validate=True).decode().partition(":")
    except UnicodeDecodeError:
        raise MalformedCredentials("not UTF-8") from None
    except ValueError:
        raise MalformedCredentials("not base64") from None
    # RFC 7617: "a user-id containing a colon character is invalid"; a password may have as many as it likes
    if not colon:
        raise MalformedCredentials("no colon between user and password")
    return user, password
