"""Values that are wrong, unusual or extreme, drawn from a seeded source of chance."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

WORDS = (
    "", " ", "  ", "\t", "\0", "\r\n", "\n", "a\nb", "\x01", "\x7f", "\x1b[31m", "null", "None", "none", "true",
    "True", "false", "0", "-0", "1", "-1", "+1", "01", "1.0", "1e3", "1E400", "-1e-400", "NaN", "Infinity", "-inf",
    "0x10", "1_000", "\u0661\u0662", str(2**31), str(-(2**31)), str(2**53 + 1), str(2**63), str(2**64),
    str(-(2**63) - 1), "9" * 18, "9" * 19, "9" * 400, "[]", "{}", "[[", "}", '"', "'", "\\", "\\u0000", "\ud800",
    "\udfff", "\udcff", "\ufeff", "\uffff", "\U0010ffff", "\u202e", "\u200b", "é", "Zażółć gęślą jaźń", "🙂", "🏳️‍🌈",
    "a\u0301" * 50, "ß", "İ", "ﬀ", "\u2028", "\x85", "\xa0", "%", "%%", "%0", "%00", "%zz", "%25", "%2F", "%C3",
    "%u0041", "+", "&", "=", ";", "a=b", "a&b", "#", "?", "/", "//", "..", "../..", ".", "<", "</x>", "<![CDATA[",
    "]]>", "&amp;", "&#0;", "<script>", "<!DOCTYPE x [<!ENTITY e 'x'>]>", "${x}", "{{7*7}}", "%s%n", "{0}", "{x}",
    "a" * 160, "a" * 161, "x" * 255, "x" * 256, "x" * 257, "ż" * 256, "🙂" * 257, "a" * 65_536, "localhost",
    "127.0.0.1", "[::1]", "[::1", "::1", "http://", "http://[", "http://[::1", "http://a:99999/", "javascript:1",
    "a" * 300 + ".b", "Basic", "Basic ", "Basic !", "Bearer", "Bearer ", "Digest x", "default", "__proto__",
    "constructor", "self", "__class__",
)  # fmt: skip
"""Texts that programs stumble over."""

MOMENTS = (
    "2026-06-01", "20260601", "2026-06-01T12:00:00Z", "2026-06-01 12:00:00", "2026-06-01T12:00:00+02:00",
    "2026-06-01T12:00:00.123456Z", "0001-01-01", "00010101", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "0002-01-01 00:00:00", "9999-12-31", "99991231", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "9999-12-31 23:59:59", "2024-02-29", "2023-02-29", "20230229", "2026-13-01", "2026-03-29 02:30:00",
    "2026-10-25 02:30:00", "2026-06-01T24:00:00Z", "2026-06-01T12:00:60Z", "2014-12-05T10:00:00.00", "20170101",
    "2026-W10-1", "2026-152", "1970-01-01T00:00:00Z", "2026-06-01t12:00:00z", "10000-01-01", "-0001-01-01",
    "0000-00-00", "2026-06-01T12:00Z", "P1D", "PT1S", "PT0.0000001S", "P999999W", "PT999999999S", "P", "PT", "P1Y",
    "-P1D", "P1DT", "PT1.5H", "P999999W999999DT999999H",
)  # fmt: skip
"""Instants, days and durations, right and wrong, near the ends of the calendar and of summer time."""

PHONES = (
    "5556667777", "15556667777", "+48500600700", "500600700", "48500600700", "+1", "+" + "9" * 15, "+" + "9" * 16,
    "0", "500600700,600700800",
)  # fmt: skip
NUMBERS = ("1", "2", "7", "50", "100", "500", "501", "999999999", "1000000000", "121811", "500500", "0", "-1")


def seeded(*parts: object) -> Random:
    """Return a source of chance of its own for these parts, the same each time."""
    return Random("/".join(map(str, parts)))


def is_true(chance: Random, probability: float) -> bool:
    """Return true with a probability."""
    return chance.random() < probability


def raw_bytes(chance: Random, longest: int = 64) -> bytes:
    """Return up to so many random bytes."""
    return chance.randbytes(chance.randrange(longest + 1))


def text(chance: Random) -> str:
    """Return any text: one of the lists, a mixture of two, characters of all planes, or one that is long."""
    kind = chance.random()
    if kind < 0.55:
        return chance.choice(WORDS)
    if kind < 0.7:
        return chance.choice(MOMENTS)
    if kind < 0.8:
        return chance.choice(PHONES + NUMBERS)
    if kind < 0.9:
        return "".join(
            chr(chance.choice((chance.randrange(0x80), chance.randrange(0x3000), chance.randrange(0x110000))))
            for _ in range(chance.randrange(20))
        )
    if kind < 0.98:
        return chance.choice(WORDS) + chance.choice(MOMENTS + WORDS) + chance.choice(WORDS)
    return repeated(chance)


def repeated(chance: Random) -> str:
    """Return a text in which one to three characters are repeated many times: what a parser of quadratic time cannot bear."""
    alphabet = " \t\"'\\%&=;,:/?#[]{}()<>!-_.+*@~$0123456789aAxXżé🙂\0\n\r"
    unit = "".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 4)))
    start, end = (chance.choice((*"\"'[{<=&;,:/ ", "", "", "a=", "http://", "P")) for _ in range(2))
    return start + unit * (chance.choice((300, 5_000, 30_000)) // len(unit)) + end


def mutated(chance: Random, value: str) -> str:
    """Return a text with one thing changed."""
    at = chance.randrange(len(value) + 1)
    return chance.choice(
        (
            lambda: value[:at] + chance.choice(WORDS)[:50] + value[at:],
            lambda: value[:at] + value[at + 1 :],
            lambda: value[:at],
            lambda: value + value,
            value.swapcase,
            lambda: f" {value} ",
            lambda: value[::-1],
            lambda: value[:at] + chr(chance.randrange(0x250)) + value[at + 1 :],
        )
    )()


def json_value(chance: Random, depth: int = 3) -> Any:
    """Return any JSON value, a text more often than others."""
    makers: Sequence[Callable[[], Any]] = (
        lambda: text(chance),
        lambda: text(chance),
        lambda: chance.choice((0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 1.5, 1e308, -0.0, True, False, None)),
        lambda: [json_value(chance, depth - 1) for _ in range(chance.randrange(4))] if depth else [],
        lambda: {text(chance)[:40]: json_value(chance, depth - 1) for _ in range(chance.randrange(4))} if depth else {},
    )
    return chance.choice(makers)()


def json_bytes(chance: Random, value: Any) -> bytes:
    """Write a value as JSON in one of its spellings, now and then in a damaged one."""
    written = json.dumps(value, ensure_ascii=is_true(chance, 0.5), separators=chance.choice(((",", ":"), (", ", ": "))))
    raw = written.encode("utf-8", "surrogatepass")
    if is_true(chance, 0.9):
        return raw
    at = chance.randrange(len(raw) + 1)
    return chance.choice(
        (
            lambda: raw[:at],
            lambda: raw[:at] + raw_bytes(chance, 4) + raw[at:],
            lambda: b"\xef\xbb\xbf" + raw,
            lambda: written.encode("utf-16", "surrogatepass"),
            lambda: raw + raw,
            lambda: b"[" * chance.choice((10, 1_000, 100_000)) + raw,
            lambda: b'{"a":' * chance.choice((10, 1_000, 20_000)) + raw,
            lambda: raw.replace(b":", b":" + b" " * 1_000, 1),
            lambda: raw[:-1] + b',"a":NaN}',
            lambda: b"",
            lambda: b"null",
        )
    )()


def damaged(chance: Random, thing: Any) -> Any:
    """Return JSON with one part replaced, removed or added somewhere."""
    if isinstance(thing, dict) and thing and is_true(chance, 0.9):
        name = chance.choice(list(thing))
        if is_true(chance, 0.1):
            return {key: value for key, value in thing.items() if key != name}
        if is_true(chance, 0.05):
            return {**thing, text(chance)[:50]: json_value(chance)}
        return {**thing, name: damaged(chance, thing[name])}
    if isinstance(thing, list) and thing and is_true(chance, 0.9):
        at = chance.randrange(len(thing))
        if is_true(chance, 0.1):
            return thing[:at] + thing[at + 1 :] if is_true(chance, 0.5) else [*thing, thing[at]]
        return [*thing[:at], damaged(chance, thing[at]), *thing[at + 1 :]]
    return json_value(chance)
