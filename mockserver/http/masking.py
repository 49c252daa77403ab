"""Masks unknown credentials in the journal and the log.

A credential that this server issued, or that its fixture prints, is no secret. Any other value of a credential may be a
real key of a client whose configuration was not changed. `SecretNames` decides which names stand for credentials, and
`SentSecrets` finds their values wherever they recur in the same world.
Everything here takes time linear in its input, which comes from anywhere, and goes over a long text in pieces: no single
call of C keeps other threads waiting for more than some milliseconds. A value of more than 16 kB may be masked in part.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from contextlib import suppress
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote_plus
from weakref import WeakKeyDictionary

import orjson

from mockserver.sdk.request import check_json_size, split_escaped, split_in_pieces

from .secret_names import SecretNames, both_ends
from .sent_secrets import MASK, SentSecrets

if TYPE_CHECKING:
    from mockserver.engine.journal import Exchange, Journal

_LINE = re.compile(r"^([A-Za-z0-9_-]{1,80})(:[ \t]*)([^\r\n]*)", re.MULTILINE)
"""A header, in bytes that are not HTTP."""
_MEMBER = re.compile(
    r'("([^"\\]{1,80})"\s*:[\s\[]*)(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)(?:"|\\?\Z)|(-?[0-9][-+.0-9Ee]*))', re.DOTALL
)
"""A text or a number of a JSON object, or the first of an array there."""
_SINGLE_QUOTED = re.compile(
    r"((?<![\w-])([\w-]{1,80}+)['\"]?\s*:[\s\[]*)()'([^'\\]*+(?:\\.[^'\\]*+)*+)(?:'|\\?\Z)", re.DOTALL
)
"""A text of an object in single quotes, as JavaScript and Python write it."""
_NESTED = re.compile(r'(\\"([^"\\]{1,80})\\"\s*:\s*)()\\"([^"\\]*)(?:\\"|\Z)')
"""A text of a JSON object inside a text of JSON."""
_ELEMENT = re.compile(r"(<(?:[\w.-]{1,80}:)?([\w.-]{1,80})(?:\s[^<>]*)?>\s*)(<!\[CDATA\[)?([^<]*)")
"""The text of an element of XML."""
_ATTRIBUTE = re.compile(r"""(\s(?:[\w.-]{1,80}:)?([\w.-]{1,80})\s*=\s*)(["'])([^"'<>]*)(?=\3|\Z)""")
"""An attribute of an element of XML."""
_NAMED_VALUE = re.compile(
    r"""(<(?:name|key)>\s*([^<>\s]{1,80})\s*</(?:name|key)>\s*<value>\s*(?:<string>\s*)?|\sname\s*=\s*["']([^"'<>]{1,80})["']\s+value\s*=\s*["'])([^"'<>]*)"""
)
"""A value whose name is the text or attribute before it, as in XML-RPC."""
_PIECE = 16 * 1024
"""The characters that are searched at a time."""
_MOST_NAMES = 50_000
"""How many names of a long text are looked at; what follows them is masked as a whole."""
_SCHEMES = frozenset(("basic", "bearer", "digest", "token"))
_BOUNDARY = re.compile(r"""\bboundary=(?:"([^"\r\n]*)"|([^\s;,"]*))""", re.IGNORECASE)
_PART_NAME = re.compile(r"""\bname=(?:"([^"\r\n]*)"|([^\s;"]*))""", re.IGNORECASE)

_NOTHING = SentSecrets()


class Masking:
    """Finds credentials in requests, and masks the unknown ones wherever they stand."""

    def __init__(
        self,
        names: Iterable[str] | SecretNames,
        is_known_credential: Callable[[str], bool],
        journal_of: Callable[[str], Journal | None] = lambda _: None,
    ) -> None:
        """Create it for names of parameters and headers; see `SecretNames`.

        Args:
            names: the providers' names of credentials.
            is_known_credential: whether a value needs no masking.
            journal_of: returns the journal of a world's id; ``None`` if there is no such world.
        """
        self._is_known = is_known_credential
        self._names = names if isinstance(names, SecretNames) else SecretNames(names)
        self._journal_of = journal_of
        self._sent: WeakKeyDictionary[Journal, SentSecrets] = WeakKeyDictionary()

    def apply(self, exchange: Exchange) -> None:
        """Mask an exchange before it is shown, with every secret that its world has got until now."""
        journal = self._journal_of(exchange.world or "")
        if journal is None:
            self._mask_places(exchange, _NOTHING)
            return
        sent = self._sent_to(journal)
        with sent.lock:  # nobody sees an exchange that another thread is masking
            for each in journal.since(sent.scanned):
                self._mask_places(each, sent)
                sent.scanned = max(sent.scanned, each.number)
            self._mask_places(exchange, sent)
            self._mask_values(exchange, sent)

    def apply_to_new(self, exchange: Exchange) -> None:
        """Mask an exchange that is about to be recorded, without a look at the others of its world."""
        journal = self._journal_of(exchange.world or "")
        self._mask_places(exchange, _NOTHING if journal is None else self._sent_to(journal))

    def apply_to_stored(self, exchange: Exchange) -> None:
        """Mask an exchange that is about to be written to a store, also in its parameters: a secret must not get there."""
        self.apply(exchange)
        values = {name: self.parameter(name, value) for name, value in exchange.values.items()}
        exchange.values = self.mask_data(exchange.world, values)

    def mask_data(self, world_id: str | None, data: Any) -> Any:
        """Return data of JSON, or a text, with the secrets masked that the world has got."""
        journal = self._journal_of(world_id or "")
        return data if journal is None or journal not in self._sent else self._sent[journal].mask_data(data)

    def parameter(self, name: str, value: Any) -> Any:
        """Return the value of a parameter or header, masked; values inside lists and objects are masked too."""
        try:
            return _Places(self._names, self._is_known, None).parameter(name, value)
        except RecursionError:  # nested too deeply to be searched
            return MASK

    def target(self, target: str) -> str:
        """Return a request target, masked."""
        return _Places(self._names, self._is_known, None).target(target)

    def _sent_to(self, journal: Journal) -> SentSecrets:
        sent = self._sent.get(journal)
        return self._sent.setdefault(journal, SentSecrets()) if sent is None else sent

    def _mask_places(self, exchange: Exchange, sent: SentSecrets) -> None:
        """Mask the credentials' places in the request of an exchange, once."""
        if exchange.is_masked:
            return
        exchange.is_masked = True
        places = _Places(self._names, self._is_known, None if sent is _NOTHING else sent)
        exchange.target = places.target(exchange.target)
        if exchange.body:
            exchange.body = places.body(exchange.body.decode("latin-1"), _boundary(exchange.head)).encode("latin-1")
        exchange.head = tuple((name, places.header(name, value)) for name, value in exchange.head)

    def _mask_values(self, exchange: Exchange, sent: SentSecrets) -> None:
        """Mask the secrets that recur in an exchange, unless it was done since the last one came."""
        if exchange.masked_secrets == sent.count:
            return
        exchange.masked_secrets = sent.count
        exchange.target = sent.mask(exchange.target)
        exchange.operation = exchange.operation and sent.mask(exchange.operation)
        exchange.body = _mask_bytes(exchange.body, sent)
        exchange.head = tuple((name, sent.mask(value)) for name, value in exchange.head)
        exchange.response_body = _mask_bytes(exchange.response_body, sent)
        exchange.response_head = tuple((name, sent.mask(value)) for name, value in exchange.response_head)


def _mask_bytes(content: bytes, sent: SentSecrets) -> bytes:
    text = content.decode("latin-1")
    masked = sent.mask(text)
    return content if masked is text else masked.encode("latin-1")


class _Places:
    """Masks values in the places of credentials."""

    def __init__(self, names: SecretNames, is_known: Callable[[str], bool], sent: SentSecrets | None) -> None:
        """Create it.

        Args:
            names: the names of credentials.
            is_known: whether a value needs no masking.
            sent: gets the masked values.
        """
        self._names = names
        self._is_known = is_known
        self._sent = sent

    def parameter(self, name: str, value: Any) -> Any:
        """Return the value of a parameter or header, masked."""
        if isinstance(value, dict):
            return {key: self.parameter(key if key in self._names else name, part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.parameter(name, part) for part in value]
        if value is None or isinstance(value, bool) or name not in self._names:
            return value
        if isinstance(value, str):
            return self._credentials(value)
        return value if self._is_known(str(value)) else MASK

    def target(self, target: str) -> str:
        """Return a request target, masked."""
        path, mark, query = target.partition("?")
        if "=" in path:  # parameters of a path, as in /messages;password=x
            path = "/".join(map(self._pair, path.split("/")))
        return path + mark + self._form(query)

    def header(self, name: str, value: str) -> str:
        """Return the value of a header, masked."""
        if name in self._names:
            return self._credentials(value)
        return self.target(value) if "=" in value and "?" in value else value  # a URL, such as that of a Referer

    def body(self, body: str, boundary: str) -> str:
        """Return a body, masked, whatever it is: a form, parts, JSON, XML, or bytes that are not HTTP."""
        body = self._map_parts(self._part, body, "\r\n--" + boundary)
        self._note_members(body)
        body = self._structured(body)
        if body.lstrip("\xef\xbb\xbf \t\r\n").startswith("<"):
            return body
        body = self._sub(_LINE, lambda found: found[1] + found[2] + self.header(found[1], found[3]), body)
        return self._form(body)

    def _note_members(self, body: str) -> None:
        """Note the credentials of a JSON document at any depth, so that their values are masked wherever they stand."""
        if self._sent is None or not body.lstrip().startswith(("{", "[")):
            return
        with suppress(ValueError):
            sent = body.encode("latin-1")
            check_json_size(sent)
            found = [("", orjson.loads(sent))]
            for name, value in found:  # it grows while it is read
                if isinstance(value, dict):
                    found += [(key if key in self._names else name, part) for key, part in value.items()]
                elif isinstance(value, list):
                    found += [(name, part) for part in value]
                elif isinstance(value, str) and name:
                    self._value(value, value)

    def _structured(self, text: str) -> str:
        """Return a text of JSON or XML, masked."""
        text = self._sub(_MEMBER, self._member, text)
        if "'" in text:
            text = self._sub(_SINGLE_QUOTED, self._quoted, text)
        if '\\"' in text:
            text = self._sub(_NESTED, self._quoted, text)
        return self._xml(text) if "<" in text else text

    def _form(self, text: str) -> str:
        return self._map_parts(self._pair, text, "&")

    def _pair(self, pair: str) -> str:
        """Return ``name=value``, masked, or several of them with semicolons between."""
        if ";" not in pair:
            return self._single(pair)
        first, _, rest = pair.partition(";")
        masked = self._single(first)
        if masked != first:  # the semicolon may be a part of the value
            return self._single(pair)
        return f"{first};{self._map_parts(self._single, rest, ';')}"

    def _single(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        # In bytes that are not HTTP the pair may follow the rest of a request line.
        if not equals:
            return pair
        if unquote_plus(re.split(r"[?\s]", both_ends(name))[-1]) not in self._names:
            return f"{name}={self._encoded(value)}"
        return name + equals + self._value(value, unquote_plus(value))

    def _encoded(self, value: str) -> str:
        """Return a percent-encoded value, in which credentials of JSON or XML are masked."""
        if "%3" not in value and "%22" not in value and "%27" not in value:  # no colon, bracket or quote
            return value
        decoded = "".join(map(unquote_plus, split_escaped(value)))
        masked = self._structured(decoded)
        return value if masked == decoded else quote_plus(masked, errors="replace").replace(quote_plus(MASK), MASK)

    def _sub(self, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str], text: str) -> str:
        """Return a text with the matches of a pattern replaced, searched in pieces; a match may go on in the next one."""
        if len(text) <= _PIECE:
            return pattern.sub(replace, text)
        pieces, done, start, left = list[str](), 0, 0, _MOST_NAMES
        while start < len(text):
            if left <= 0:
                return "".join((*pieces, MASK))
            stop = start + _PIECE
            for found in pattern.finditer(text, start, stop + _PIECE):
                if found.start() >= stop:
                    break
                pieces += text[done : found.start()], replace(found)
                done = found.end()
                left -= 1
            start = max(stop, done)
        return "".join((*pieces, text[done:]))

    def _map_parts(self, change: Callable[[str], str], text: str, separator: str) -> str:
        """Return a text whose parts between separators are changed; of a long text some parts at a time."""
        if len(text) <= _PIECE:
            return separator.join(map(change, text.split(separator)))
        pieces, left = list[str](), _MOST_NAMES
        for parts in split_in_pieces(text, separator):
            if left <= 0:
                pieces.append(MASK)
                break
            left -= len(parts)
            pieces.append(separator.join(map(change, parts)))
        return separator.join(pieces)

    def _value(self, written: str, value: str) -> str:
        if not value or value == MASK or self._is_known(value):
            return written
        if self._sent is not None:
            self._sent.add(value)
        return MASK

    def _part(self, part: str) -> str:
        """Return a part of a multipart body, masked."""
        head, blank, value = part.partition("\r\n\r\n")
        found = _PART_NAME.search(head, 0, _PIECE) if blank else None
        if found is None or (found[1] or found[2] or "") not in self._names:
            return part
        return head + blank + self._value(value, value)

    def _member(self, found: re.Match[str]) -> str:
        """Return a member of a JSON object, masked."""
        if found[2] not in self._names:
            return found[0]
        written = found[4] if found[3] is None else found[3]
        masked = self._value(written, _unescaped(written))
        return found[0] if masked == written else f'{found[1]}"{masked}"'

    def _quoted(self, found: re.Match[str]) -> str:
        """Return a text in other quotes than those of JSON, masked."""
        if found[2] not in self._names:
            return found[0]
        start, end = found.start(4) - found.start(), found.end(4) - found.start()
        return found[0][:start] + self._value(found[4], _unescaped(found[4])) + found[0][end:]

    def _xml(self, body: str) -> str:
        body = self._sub(_NAMED_VALUE, lambda found: self._xml_value(found, found[2] or found[3]), body)
        body = self._sub(_ATTRIBUTE, lambda found: self._xml_value(found, found[2]), body)
        return self._sub(_ELEMENT, lambda found: self._xml_value(found, found[2]), body)

    def _xml_value(self, found: re.Match[str], name: str) -> str:
        if name not in self._names:
            return found[0]
        written = found[4].partition("]]>")[0].rstrip()
        start = found.start(4) - found.start()
        return found[0][:start] + self._value(written, unescape(written)) + found[0][start + len(written) :]

    def _credentials(self, value: str) -> str:
        """Return the value of a header of credentials, masked: the scheme stays readable, and a pair in base64 is decoded."""
        scheme, space, rest = value.strip().partition(" ")
        if not space or scheme.lower() not in _SCHEMES:
            if self._sent is not None and "=" in value:  # cookies
                for pair in value.split(";"):
                    self._value("", pair.partition("=")[2].strip())
            return self._value(value, value)
        try:
            parts = b64decode(rest, validate=True).decode().split(":", 1) if scheme.lower() == "basic" else [rest]
        except ValueError:  # neither base64 nor text
            parts = [rest]
        masked = [self._value(part, part) for part in parts]
        return value if masked == parts else f"{scheme} {MASK}"


def _unescaped(text: str) -> str:
    """Return the text of a JSON string."""
    if "\\" not in text:
        return text
    try:
        value = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    return str(value)


def _boundary(head: Iterable[tuple[str, str]]) -> str:
    """Return the boundary of a multipart body; ``""`` if there is none."""
    for name, value in head:
        found = _BOUNDARY.search(value) if name.lower() == "content-type" else None
        if found is not None:
            return found[1] or found[2] or ""
    return ""
