"""The files that may be kept, and how they are recognized (SW-84)."""

from __future__ import annotations

import struct
from codecs import getincrementaldecoder
from collections.abc import Mapping

LARGEST = 1024 * 1024
"""The largest size of a file, in bytes."""
EXTENSIONS: Mapping[str, tuple[str, ...]] = {"mms": ("gif", "jpeg", "jpg", "png", "txt"), "voice": ("wav",)}
_BEGINNINGS = {"gif": b"GIF8", "jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
_LONGEST = 60 * 8_000 * 2


def find_extension(content: bytes, kind: str, *, size: int) -> str | None:
    """Return the extension of a file's content; ``None`` for what is not kept.

    Args:
        content: the content, or its beginning.
        kind: ``mms`` or ``voice``.
        size: the bytes of the whole content.
    """
    if kind == "voice":
        return "wav" if _is_voice(content, size) else None
    found = next((each for each, begins in _BEGINNINGS.items() if content.startswith(begins)), None)
    return found or ("txt" if _is_text(content) else None)


def _is_voice(content: bytes, size: int) -> bool:
    """Return whether it is a WAV file of 16 bits, 8 kHz, one channel and at most 60 seconds, as the vendor demands."""
    head = content[8:44]
    if not content.startswith(b"RIFF") or len(head) < 36:
        return False
    name, encoding, channels, rate = struct.unpack_from("<4s4xHHI", head, 4)
    (bits,) = struct.unpack_from("<H", head, 26)
    is_format = head.startswith(b"WAVE") and (name, encoding, channels, rate, bits) == (b"fmt ", 1, 1, 8_000, 16)
    return is_format and size - 44 <= _LONGEST


def _is_text(content: bytes) -> bool:
    try:
        # The beginning may end within a letter.
        return bool(content) and "\0" not in getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
