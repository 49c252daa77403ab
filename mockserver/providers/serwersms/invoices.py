"""An invoice as a PDF: one page of text, written without a library, the same bytes for the same payment (SW-94)."""

from __future__ import annotations

from collections.abc import Sequence

_LETTERS = {
    128: ("ą", "aogonek"),
    129: ("ć", "cacute"),
    130: ("ę", "eogonek"),
    131: ("ł", "lslash"),
    132: ("ń", "nacute"),
    133: ("ś", "sacute"),
    134: ("ź", "zacute"),
    135: ("ż", "zdotaccent"),
    136: ("Ą", "Aogonek"),
    137: ("Ć", "Cacute"),
    138: ("Ę", "Eogonek"),
    139: ("Ł", "Lslash"),
    140: ("Ń", "Nacute"),
    141: ("Ś", "Sacute"),
    142: ("Ź", "Zacute"),
    143: ("Ż", "Zdotaccent"),
}
"""The Polish letters that WinAnsiEncoding lacks: code -> letter and its name in PDF."""
_CODES = {letter: code for code, (letter, _) in _LETTERS.items()}
_NAMES = " ".join(f"/{name}" for _, name in _LETTERS.values())
_FONT = (
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding"
    f" << /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [{min(_LETTERS)} {_NAMES}] >> >>"
)
_PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>"


def write_pdf(lines: Sequence[str]) -> bytes:
    """Return a PDF of one A4 page with these lines, the first of them large."""
    first, *others = map(_text, lines)
    drawn = b"BT /F1 18 Tf 56 770 Td " + first + b" Tj /F1 11 Tf 18 TL 0 -14 Td"
    drawn += b"".join(b" T* " + line + b" Tj" for line in others) + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PAGE.encode(),
        _FONT.encode(),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawn), drawn),
    ]
    body, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(body))
    )


def _text(line: str) -> bytes:
    """Return a line as a PDF string in hexadecimal digits; a letter that the font lacks is a question mark."""
    codes = (
        bytes((_CODES[letter],)) if letter in _CODES else _without_polish(letter)
        for letter in line
        if letter.isprintable()
    )
    return b"<" + b"".join(codes).hex().encode() + b">"


def _without_polish(letter: str) -> bytes:
    """Return a letter's code in WinAnsiEncoding, whose codes 128 to 159 are taken."""
    code = letter.encode("latin-1", "replace")
    return b"?" if 128 <= code[0] <= 159 else code
