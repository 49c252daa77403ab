"""Replaces secrets in recorded exchanges by stand-ins and, on request, phone numbers and texts by others of the same form.

A stand-in such as ``password-1`` is the name under which its secret was first found, with a serial number: a secret cannot be computed
from it. The same secret has the same stand-in wherever it recurs, so that the exchanges still fit together.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec
import orjson

from .anonymous import PhoneNumbers, Texts, is_phone_name, is_text_name, replace_pairs
from .exchange import HarError, RecordedExchange, find_header
from .values import change_body, change_text, change_url, is_structured

_MASK = "[masked]"
"""What a journal shows in place of a secret that this server did not issue."""
_RECURRING = 6
"""The length from which a secret is replaced wherever it recurs; a shorter one is replaced only under a secret name."""
_UNLIKELY = 12
"""The length from which a secret with letters and digits is replaced inside words too, because no other word is likely to contain it."""
_CACHED_NAMES = 4096
"""How many paths of names are remembered with what their values are: the same few lead to most values."""
_NOT_NAME = re.compile(r"[^a-z0-9_-]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_USER_NAMES = re.compile(r"user_?(?:name|id)?$|login$", re.IGNORECASE)
"""Names whose values are replaced only under these names, because a user name may be any word."""


class StandInError(HarError):
    """A secret is still in an exchange after it was replaced wherever it was found, so the exchange must not be written."""


class StandIns:
    """The stand-ins of a recording, which are the same for all its exchanges."""

    def __init__(
        self,
        is_secret_name: Callable[[str], bool],
        *,
        anonymise: bool = False,
    ) -> None:
        """Create them.

        Args:
            is_secret_name: whether the value of a parameter, member, element or header of this name is a secret.
            anonymise: whether phone numbers and texts are replaced too.
        """
        self._is_secret_name = is_secret_name
        self._secret_name = lru_cache(_CACHED_NAMES)(self._find_secret_name)
        self._by_secret: dict[str, str] = {}
        self._by_user: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._recurring: dict[str, re.Pattern[str] | None] = {}
        self._phones = PhoneNumbers() if anonymise else None
        self._texts = Texts() if anonymise else None

    def note(self, exchange: RecordedExchange) -> None:
        """Find the secrets and phone numbers of an exchange without a change, so that they are replaced in earlier ones too."""
        self._map(exchange, self._note)

    def apply(self, exchange: RecordedExchange) -> RecordedExchange:
        """Return an exchange with stand-ins in place of its secrets, and of those of the exchanges before it.

        Raises:
            StandInError: a secret is still somewhere in it, such as in base64 inside of a text; the exchange must not be written.
        """
        self.note(exchange)
        return self.replace(exchange)

    def replace(self, exchange: RecordedExchange) -> RecordedExchange:
        """Return what `apply` does, for an exchange that was already noted. Raises as `apply`."""
        changed = self._map(exchange, self._replace)
        changed = msgspec.structs.replace(
            changed,
            url=self._replace_spellings(changed.url),
            request_headers=tuple((name, self._replace_spellings(value)) for name, value in changed.request_headers),
            request_body=self._replace_in_bytes(changed.request_body),
            response_headers=tuple((name, self._replace_spellings(value)) for name, value in changed.response_headers),
            response_body=self._replace_in_bytes(changed.response_body),
        )
        changed = _fit_length(exchange, changed)
        self._check(changed)
        return changed

    # -- places --------------------------------------------------------------------------------------------------------------

    def _map(self, exchange: RecordedExchange, change: Callable[[tuple[str, ...], str], str]) -> RecordedExchange:
        def headers(sent: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
            return tuple((name, self._change_header(name, value, change)) for name, value in sent)

        return msgspec.structs.replace(
            exchange,
            url=change_url(exchange.url, change),
            request_headers=headers(exchange.request_headers),
            request_body=change_body(
                exchange.request_body, find_header(exchange.request_headers, "content-type"), change
            ),
            response_headers=headers(exchange.response_headers),
            response_body=change_body(
                exchange.response_body, find_header(exchange.response_headers, "content-type"), change
            ),
        )

    def _change_header(self, name: str, value: str, change: Callable[[tuple[str, ...], str], str]) -> str:
        folded = name.lower()
        if folded in ("authorization", "proxy-authorization"):
            return _change_authorization(value, change)
        if folded in ("cookie", "set-cookie"):
            pairs = value.split(";") if folded == "cookie" else value.split(";", 1)
            changed = [_change_cookie(pair, change) for pair in (pairs if folded == "cookie" else pairs[:1])]
            return ";".join((*changed, *pairs[len(changed) :]))
        if self._is_secret_name(name):
            return change((name,), value)
        return change_text(value, (), change)

    def _find_secret_name(self, names: tuple[str, ...]) -> str:
        """Return the innermost name that stands for a secret; empty if none does."""
        return next((name for name in reversed(names) if self._is_secret_name(name)), "")

    def _note(self, names: tuple[str, ...], value: str) -> str:
        name = self._secret_name(names)
        if name and _is_value(value):
            self._stand_in(name, value)
        elif self._phones is not None and _is_phone(names) and not is_structured(value):
            self._phones.note(value)
        return value

    def _replace(self, names: tuple[str, ...], value: str) -> str:
        if name := self._secret_name(names):
            return self._stand_in(name, value) if _is_value(value) else value
        is_text = self._texts is not None and _is_text(names)
        if is_structured(value) and (not is_text or _is_json(value)):
            return value  # the values in it come by themselves
        value = self._replace_recurring(value)
        if self._phones is None or self._texts is None:
            return value
        if is_text:
            return self._texts.replace(value)
        if "messages" in names[-1:] and (pairs := replace_pairs(value, self._phones, self._texts)) != value:
            return pairs
        return self._phones.replace(value) if _is_phone(names) else self._phones.replace_known(value)

    # -- secrets -------------------------------------------------------------------------------------------------------------

    def _stand_in(self, name: str, secret: str) -> str:
        is_user = bool(_USER_NAMES.search(name))
        given = self._by_user if is_user else self._by_secret
        found = given.get(secret)
        if found is None:
            if secret in given.values():  # a stand-in of an earlier run
                return secret
            base = _NOT_NAME.sub("", name.lower()) or "secret"
            self._counts[base] = self._counts.get(base, 0) + 1
            found = given[secret] = f"{base}-{self._counts[base]}"
            if len(secret) >= _RECURRING and not is_user:
                self._recurring[secret] = None if _is_unlikely(secret) else _whole_words(secret)
        return found

    def _replace_recurring(self, text: str) -> str:
        for secret, words in self._recurring.items():
            if secret in text:
                stand_in = self._by_secret[secret]
                text = text.replace(secret, stand_in) if words is None else words.sub(stand_in, text)
        return text

    def _replace_spellings(self, text: str) -> str:
        """Return a text in which secrets that nothing else contains are replaced in every spelling, also in names and comments."""
        for secret, words in self._recurring.items():
            if words is None:
                for spelling in _spellings(secret):
                    text = text.replace(spelling, self._by_secret[secret])
        return text

    def _replace_in_bytes(self, body: bytes) -> bytes:
        text = body.decode("utf-8", "surrogateescape")
        changed = self._replace_spellings(text)
        return body if changed == text else changed.encode("utf-8", "surrogateescape")

    def _check(self, exchange: RecordedExchange) -> None:
        """Raise an error if a secret is in an exchange; the places are read in another way than they were written."""
        if not self._recurring:
            return
        places = {
            "request.url": exchange.url,
            "request.headers": "\n".join(value for _, value in exchange.request_headers),
            "request.postData.text": _decode(exchange.request_body),
            "response.headers": "\n".join(value for _, value in exchange.response_headers),
            "response.content.text": _decode(exchange.response_body),
        }
        for path, text in places.items():
            for read, is_hidden in _decodings(text):
                for secret, words in self._recurring.items():
                    # A word such as "password" may be a secret and the name of a parameter.
                    if secret in read and (words is None or (is_hidden and words.search(read))):
                        stand_in = self._by_secret[secret]
                        raise StandInError(
                            f"the secret whose stand-in is {stand_in} is still there, so the exchange was not written",
                            index=exchange.index,
                            path=f"log.entries[{exchange.index}].{path}",
                        )


@lru_cache(_CACHED_NAMES)
def _is_phone(names: tuple[str, ...]) -> bool:
    return any(map(is_phone_name, names[-2:]))  # the last may be an index, as in phone[0]


@lru_cache(_CACHED_NAMES)
def _is_text(names: tuple[str, ...]) -> bool:
    """Return whether a value is a person's text; the message of an error is the provider's."""
    return bool(names) and is_text_name(names[-1]) and not any("error" in name.lower() for name in names)


_BINARY = "\ufffd\0\ufffd"
"""The beginning of what `_decode` makes of bytes that are no text."""


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return _BINARY + body.decode("latin-1")


def _is_value(value: str) -> bool:
    return bool(value.strip()) and value != _MASK


def _is_json(value: str) -> bool:
    """Return whether a text is a JSON object or list, such as the message of an RCS."""
    if not value.lstrip().startswith(("{", "[")):
        return False
    try:
        orjson.loads(value.encode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return False
    return True


def _is_unlikely(secret: str) -> bool:
    return len(secret) >= _UNLIKELY and any(map(str.isdigit, secret)) and any(map(str.isalpha, secret))


def _whole_words(secret: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")


def _change_authorization(value: str, change: Callable[[tuple[str, ...], str], str]) -> str:
    scheme, blank, credentials = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            user, colon, password = b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return scheme + blank + change(("password",), credentials)
        if colon:
            changed = f"{change(('username',), user)}:{change(('password',), password)}"
            return value if changed == f"{user}:{password}" else f"{scheme} {b64encode(changed.encode()).decode()}"
    return scheme + blank + change(("token",), credentials) if blank else change(("token",), value)


def _change_cookie(pair: str, change: Callable[[tuple[str, ...], str], str]) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={change(('cookie',), value)}" if equals else pair


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    quoted = dict.fromkeys((quote(secret, safe=""), quote_plus(secret)))
    yield from (each for each in quoted if each != secret)
    written = orjson.dumps(secret).decode()[1:-1]
    if written != secret:
        yield written


def _decodings(text: str) -> Iterator[tuple[str, bool]]:
    """Yield a text in each way in which it may be read, and whether it was encoded so that nobody reads it by chance.

    It is read as it is, without one or two percent-encodings, character references or escapes of JSON, and as the base64 in it.
    """
    yield text, False
    if text.startswith(_BINARY):
        return
    once = unquote_plus(text)
    if once != text:
        yield once, False
        if (twice := unquote_plus(once)) != once:
            yield twice, True
    if "&" in text:
        yield unescape(text), False
    if "\\" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\/", "/"), False
    for found in _BASE64.finditer(once):
        encoded = found[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode(), True
        except ValueError:
            continue


def _fit_length(before: RecordedExchange, after: RecordedExchange) -> RecordedExchange:
    """Return an exchange whose Content-Length headers fit the changed bodies, where they fitted before."""
    changes: dict[str, Any] = {}
    for side in ("request", "response"):
        old, new = getattr(before, f"{side}_body"), getattr(after, f"{side}_body")
        if len(old) != len(new):
            changes[f"{side}_headers"] = tuple(
                (name, str(len(new)) if name.lower() == "content-length" and value == str(len(old)) else value)
                for name, value in getattr(after, f"{side}_headers")
            )
    return msgspec.structs.replace(after, **changes) if changes else after
