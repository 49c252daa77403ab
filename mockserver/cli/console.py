"""Lets stdout and stderr show any text, whatever the encoding of the console."""

from __future__ import annotations

import codecs
import io
import re
import sys
from typing import Any, TextIO

from mockserver.settings import read_variable

_CONTROLS = re.compile(r"(?!\x1b\[(?:3[1-7]|0)m)[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters other than the tab, the line feed, and the colours of `click.style`, which harm nothing."""
_ESCAPE = "mockserver.escape"
"""The name of the error handler; codecs keeps such names for the whole process."""


def escape_what_streams_lack() -> None:
    r"""Let stdout and stderr write a character that their encoding lacks as JSON writes it, such as ``\u20ac``.

    Text stays readable, and JSON stays valid, because such characters stand only in its strings.
    """
    codecs.register_error(_ESCAPE, _escape)
    sys.stdout, sys.stderr = _escaping(sys.stdout), _escaping(sys.stderr)


def wants_color() -> bool | None:
    """Return whether text may have colours: ``None`` for only on a terminal, as where no variable says otherwise.

    NO_COLOR (no-color.org) and ``TERM=dumb`` say no, FORCE_COLOR says always; a colour never says what no word says.
    """
    if read_variable("NO_COLOR") is not None:
        return False
    if read_variable("FORCE_COLOR") is not None:
        return True
    return False if read_variable("TERM") == "dumb" else None


def show_controls(text: str) -> str:
    r"""Return a text with its control characters written as ``\x1b``, so that what a client sent does not move the terminal's cursor."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def to_json(data: Any, stream: Any, indent: int | None = 2) -> str:
    """Format data for a stream as JSON, in ASCII where the stream does not write UTF-8, the encoding of JSON."""
    import json

    is_utf_8 = codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name == "utf-8"
    return json.dumps(data, ensure_ascii=not is_utf_8, indent=indent)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    import json

    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _escaping(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    if codecs.lookup(stream.encoding).name == "ascii":
        return _AsciiStream(stream.buffer, encoding="utf-8", line_buffering=stream.line_buffering)
    stream.reconfigure(errors=_ESCAPE)
    return stream


class _AsciiStream(io.TextIOWrapper):
    """Writes ASCII only. It calls itself UTF-8, because click writes UTF-8 past a stream that calls itself ASCII."""

    def write(self, text: str, /) -> int:
        super().write(text.encode("ascii", _ESCAPE).decode("ascii"))
        return len(text)
