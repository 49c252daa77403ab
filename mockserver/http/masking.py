"""Masks unknown credentials in the journal and the log.

A credential that this server issued, or that its fixture prints, is no secret. Any other value of a credential may be a
real key of a client whose configuration was not changed. `SecretNames` decides which names stand for credentials.
Everything here takes time linear in its input, because it runs on the event loop with input from anywhere.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from .secret_names import SecretNames

if TYPE_CHECKING:
    from mockserver.engine.journal import Exchange

MASK = "[masked]"

_LINE = re.compile(r"^([A-Za-z0-9_-]{1,80})(:[ \t]*)([^\r\n]*)", re.MULTILINE)
"""A header, in bytes that are not HTTP."""
_MEMBER = re.compile(r'("([^"\\]{1,80})"\s*:\s*)(?:"((?:[^"\\]|\\.)*)"|(-?[0-9][-+.0-9Ee]*))')
"""A text or a number of a JSON object."""
_SCHEMES = frozenset(("basic", "bearer", "digest", "token"))
_BOUNDARY = re.compile(r"""\bboundary=(?:"([^"\r\n]*)"|([^\s;,"]*))""", re.IGNORECASE)
_PART_NAME = re.compile(r"""\bname=(?:"([^"\r\n]*)"|([^\s;"]*))""", re.IGNORECASE)


class Masking:
    """Finds credentials in a request, and masks the unknown ones."""

    def __init__(self, names: Iterable[str], is_known_credential: Callable[[str], bool]) -> None:
        """Create it for names of parameters and headers; see `SecretNames`.

        Args:
            names: the providers' names of credentials.
            is_known_credential: whether a value needs no masking.
        """
        self._is_known = is_known_credential
        self._names = SecretNames(names)

    def apply(self, exchange: Exchange) -> None:
        """Mask the request of an exchange, once."""
        if exchange.is_masked:
            return
        exchange.is_masked = True
        exchange.target = self.target(exchange.target)
        if exchange.body:
            exchange.body = self._body(exchange.body.decode("latin-1"), _boundary(exchange.head)).encode("latin-1")
        exchange.head = tuple((name, self._header(name, value)) for name, value in exchange.head)

    def parameter(self, name: str, value: Any) -> Any:
        """Return the value of a parameter or header, masked; values inside lists and objects are masked too."""
        if isinstance(value, dict):
            return {key: self.parameter(key if key in self._names else name, part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.parameter(name, part) for part in value]
        if value is None or isinstance(value, bool) or name not in self._names:
            return value
        if isinstance(value, str):
            return self._header(name, value)
        return value if self._is_known(str(value)) else MASK

    def target(self, target: str) -> str:
        """Return a request target, masked."""
        path, mark, query = target.partition("?")
        return path + mark + self._form(query)

    def _form(self, text: str) -> str:
        return "&".join(map(self._pair, text.split("&")))

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        # In bytes that are not HTTP the pair may follow the rest of a request line.
        if not equals or unquote_plus(re.split(r"[?\s]", name)[-1]) not in self._names:
            return pair
        return name + equals + self._value(value, unquote_plus(value))

    def _value(self, written: str, value: str) -> str:
        return written if not value or self._is_known(value) else MASK

    def _body(self, body: str, boundary: str) -> str:
        delimiter = "\r\n--" + boundary
        body = delimiter.join(map(self._part, body.split(delimiter)))
        body = _MEMBER.sub(self._member, body)
        body = _LINE.sub(lambda found: found[1] + found[2] + self._header(found[1], found[3]), body)
        return self._form(body)

    def _part(self, part: str) -> str:
        """Return a part of a multipart body, masked."""
        head, blank, value = part.partition("\r\n\r\n")
        found = _PART_NAME.search(head)
        if not blank or found is None or (found[1] or found[2] or "") not in self._names:
            return part
        return head + blank + self._value(value, value)

    def _member(self, found: re.Match[str]) -> str:
        """Return a member of a JSON object, masked."""
        value = found[4] if found[3] is None else found[3]
        if found[2] not in self._names or self._value(value, value) == value:
            return found[0]
        return f'{found[1]}"{MASK}"'

    def _header(self, name: str, value: str) -> str:
        return self._credentials(value) if name in self._names else value

    def _credentials(self, value: str) -> str:
        """Return the value of a header of credentials, masked: the scheme stays readable, and a pair in base64 is decoded."""
        scheme, space, rest = value.strip().partition(" ")
        if not space or scheme.lower() not in _SCHEMES:
            return self._value(value, value)
        try:
            parts = b64decode(rest, validate=True).decode().split(":", 1) if scheme.lower() == "basic" else [rest]
        except ValueError:  # neither base64 nor text
            parts = [rest]
        return value if all(map(self._is_known, parts)) else f"{scheme} {MASK}"


def _boundary(head: Iterable[tuple[str, str]]) -> str:
    """Return the boundary of a multipart body; ``""`` if there is none."""
    for name, value in head:
        found = _BOUNDARY.search(value) if name.lower() == "content-type" else None
        if found is not None:
            return found[1] or found[2] or ""
    return ""
