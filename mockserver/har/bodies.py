"""Bodies as a HAR file has them: text or base64, in place of the bytes that were sent."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Iterator, Sequence
from urllib.parse import quote_plus

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;,"]{1,200}))""", re.IGNORECASE)
_LARGEST = 256 * 2**20
"""The bytes that a compressed body may have without its compression."""


def encode_text(text: str, media_type: str, length: int | None = None) -> bytes:
    """Return the bytes that a tool has shown as a text.

    Tools decode a body by the character set of its media type, by UTF-8, or, as mitmproxy does with a form without a character set,
    byte by byte. The first of these whose bytes are as many as were sent is taken, else the first that has all characters.

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
    """Return the bytes of base64, also with line breaks and without padding.

    Raises:
        ValueError: it is something else.
    """
    text = "".join(text.split()).rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def decompress(body: bytes, coding: str) -> bytes:
    """Return a body without a content coding that the tool has left in it; most tools have removed it.

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
    """Return the body of a form whose parameters alone a tool has recorded, such as Postman's converters.

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
