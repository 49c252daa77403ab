"""Restores the bytes of a body from what a HAR file has of it: a text, base64, or the parameters of a form."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Iterator, Sequence
from urllib.parse import quote_plus

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;,"]{1,200}))""", re.IGNORECASE)
_LARGEST = 256 * 2**20
"""How many bytes a compressed body may have when it is decompressed."""


def encode_text(text: str, media_type: str, length: int | None = None) -> bytes:
    """Return the bytes of a body that a tool has recorded as a text.

    Tools decode a body by the character set of its media type, by UTF-8, or, as mitmproxy does with a form without a character set,
    byte by byte. The first of these encodings that gives as many bytes as were sent is used, else the first that has all characters.

    Args:
        text: the text.
        media_type: the media type of the body, with its parameters.
        length: how many bytes the body had, without a content coding; ``None`` if that is not known.
    """
    found = list(_encodings(text, media_type))
    return next((each for each in found if len(each) == length), found[0])


def _encodings(text: str, media_type: str) -> Iterator[bytes]:
    if text.isascii():
        yield text.encode()
        return
    charset = _CHARSET.search(media_type)
    for name in (*([charset[1]] if charset else []), "utf-8", "latin-1"):
        try:
            yield text.encode(name)
        except (LookupError, UnicodeError):
            continue
    yield text.encode("utf-8", "surrogatepass")


def decode_base64(text: str) -> bytes:
    """Return the bytes that a base64 text encodes; it may have line breaks and lack its padding.

    Raises:
        ValueError: the text is not base64.
    """
    text = "".join(text.split()).rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def decompress(body: bytes, coding: str) -> bytes:
    """Return a body decompressed if a tool has recorded it compressed by gzip; most tools record it decompressed.

    Args:
        body: the body as the file has it.
        coding: the header Content-Encoding.
    """
    if "gzip" not in coding.lower() or not body.startswith(b"\x1f\x8b"):
        return body
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = decompressor.decompress(body, _LARGEST)
    except zlib.error:
        return body
    return found if decompressor.eof else body


def body_of_parameters(parameters: Sequence[tuple[str, str]], media_type: str) -> bytes:
    """Return the body of a form of which a tool, such as Postman's converters, has recorded only the parameters.

    Args:
        parameters: names and values.
        media_type: the media type of the form, with the boundary of a multipart one.
    """
    if not media_type.lower().startswith("multipart/"):
        # Chrome shows the parameters as they were sent, percent-encoded; where it does, the text is there too.
        return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in parameters).encode()
    found = _BOUNDARY.search(media_type)
    boundary = (found[1] or found[2]) if found else "boundary"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parameters
    ]
    return "".join((*parts, f"--{boundary}--\r\n")).encode()
