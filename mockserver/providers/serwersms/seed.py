"""The SerwerSMS accounts of the shipped worlds: the document's own, and one with made-up conversations.

The only file of this provider that imports Faker; nothing imports it but ``mockserver fixtures make``. All chance is
Faker's seeded one, so the same seed gives the same bytes. Faker is slow for each message, so it fills a few lists,
and messages are put together from those. Types and curiosities come in turn, so that a few messages have something
of everything. Attachments are real files, made here: whoever opens one sees a picture or hears a buzz.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count, cycle, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from faker import Faker

from mockserver.providers.serwersms import seed_collections
from mockserver.providers.serwersms.entries import BLACKLIST, CONTACTS, FILES, FIRST_IDS, GROUPS, TEMPLATES
from mockserver.sdk import SECOND, duration

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 - the type of Faker's own

Described: TypeAlias = dict[str, Any]
"""An account as a world file describes it."""

PROVIDER = "serwersms"


def documents() -> list[Described]:
    """Return the account whose sample 004 prints."""
    return [
        {
            "provider": PROVIDER,
            "name": "documents",
            "logins": [{"user": "Login", "secret": "Haslo"}],
            "numbers": [{"number": "+48500600700"}, {"number": "+48664078059"}],
            "collections": seed_collections.documents(),
            "messages": [_ANSWERED, *_PRINTED],
        }
    ]


def demo(seed: int, size: int) -> Described:
    """An account with months of messages.

    Args:
        seed: of everything that is left to chance.
        size: how many messages. They are made while they are read, so a million need no memory.
    """
    cast = _Generator(seed, size)
    sent = _SENT if size >= 200 else ()
    return {
        "provider": PROVIDER,
        "name": "demo",
        "logins": [{"user": "demo", "secret": "demo"}, {"user": "0123456789abcdef0123456789abcdef"}],
        "numbers": [{"number": number} for kind in ("nd", "ndi") for number in _RECIPIENTS[kind]],
        "fields": {"demo": True, "push_hash": "8f14e45fceea167a5a36dedd4bea2543", "rights_templates": [123]},
        "collections": {
            CONTACTS: [
                {"id": number, **cast.contact(phone), **({"group_ids": [17293087 + number % 2]} if number % 3 else {})}
                for number, phone in enumerate(cast.known, FIRST_IDS[CONTACTS])
            ],
            BLACKLIST: [
                {"id": FIRST_IDS[BLACKLIST], "phone": "+48500600702", "added": "2014-10-22T10:25:10Z"},
                *(
                    {"id": number, "phone": phone}
                    for number, phone in enumerate(cast.unwanted, FIRST_IDS[BLACKLIST] + 1)
                ),
            ],
            **_KEPT,
            **seed_collections.demo(),
        },
        "messages": chain(sent, _without_read(_messages(cast, size), len(sent))),
    }


def _without_read(messages: Iterator[Described], number: int) -> Iterator[Described]:
    """Yield the messages without so many of the first that were read, in whose place others come."""
    for message in messages:
        if number and message.get("read"):
            number -= 1
        else:
            yield message


def _printed(name: str, kind: str, at: str, text: str, **own: Any) -> Described:
    # 004 prints the same sender in each.
    return {
        "id": name,
        "direction": "inbound",
        "kind": kind,
        "sender": "+48500600700",
        "recipient": "",
        "at": at,
        "text": text,
        **own,
    }


def _sent(number: int, kind: str, at: str, status: str, text: str, **own: Any) -> Described:
    """Return a message of the demo account that was sent to the number of the vendor's samples."""
    fields = {"stat_id": number, **own.pop("fields", {})}
    return {
        "id": f"{0xB7AC0DB51A + 7_919 * number:010x}",
        "direction": "outbound",
        "kind": kind,
        "sender": "" if kind == "eco" else "INFORMACJA",
        "recipient": "+48500600700",
        "at": at,
        "text": text,
        "status": status,
        "fields": fields,
        **own,
    }


_SENT = (
    _sent(1, "eco", "P9D", "delivered", "Paczka czeka w punkcie"),
    _sent(2, "full", "P8DT3H", "undelivered", "Przypominamy o wizycie", fields={"reason": "message_expired"}),
    _sent(3, "full", "P7DT5H", "unsent", "Kod 7351", fields={"reason": "number_is_blacklisted"}),
    _sent(4, "mms", "P5DT2H", "delivered", "", title="Zdjęcie", fields={"file_ids": ["b67d70c22d"]}),
    _sent(5, "voice", "P4D", "undelivered", "Prosimy o kontakt", fields={"reason": "missed_call"}),
    _sent(6, "full", "P2D", "delivered", "Zażółć gęślą jaźń", fields={"utf": True, "unique_id": "demo0001"}),
    _sent(7, "full", "PT6H", "delivered", "Wizyta jutro o 10.30. Czy Pan będzie?"),
)

_ANSWERED: Described = {
    "id": "eba39e4fe1",
    "direction": "outbound",
    "kind": "eco",
    "sender": "",
    "recipient": "+48500600700",
    "at": "2014-10-21T09:15:00Z",
    "text": "O ktorej bedziesz?",
    "status": "delivered",
    "fields": {"stat_id": 1, "sent": "2014-10-21T09:15:01Z", "delivered": "2014-10-21T09:15:05Z"},
}
"""The message that 004's eco message answers: "ID sent message ECO affected by this answer"."""

# 004, "Return response"; its stamps are of Polish summer time (SW-11)
_PRINTED = (
    _printed("2477793", "eco", "2014-10-21T09:18:03Z", "Przyjade o 16", reference="eba39e4fe1"),
    _printed("303023", "nd", "2014-10-21T10:37:43Z", "SerwerSMS.pl"),
    # 004: "Number NDI in format +48500600700": so the row's own example finds it
    _printed("2204974", "ndi", "2014-10-21T14:47:36Z", "Dziękuję za informację", recipient="+48500600700"),
    _printed(
        "323961872",
        "mms",
        "2014-10-21T12:09:15Z",
        "",
        recipient="+48664078059",
        title="Temat MMS",
        attachments=[
            {
                "id": 2518,
                "name": "text_0002.txt",
                "content_type": "text/plain",
                "data": "SmFrYXMgdGFtIGplc3pjemUgd2lhZGFvbW9zYw==",
            }
        ],
    ),
)


# The samples of the vendor's other pages, and one of each kind that they show nothing of
_KEPT: Described = {
    GROUPS: [{"id": 17293087, "name": "Test API"}, {"id": 17293088, "name": "Stali klienci"}],
    TEMPLATES: [{"id": 8416, "name": "Przypomnienie", "text": "Przypominamy o wizycie jutro o 12:00."}],
    FILES: [
        {"id": "b67d70c22d", "type": "mms", "name": "plik1.jpg", "size": 174562, "added": "2014-10-22T10:25:10Z"},
        {"id": "c386a0d459", "type": "voice", "name": "nagranie.wav", "size": 344241, "added": "2014-10-22T10:25:10Z"},
    ],
}

# Attachments


class _File(NamedTuple):
    name: str
    content_type: str
    content: bytes


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _png(red: int, green: int, blue: int) -> bytes:
    """Return a square of 8 by 8 pixels in one colour."""
    row = b"\0" + bytes((red, green, blue)) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", _deflated(row * 8)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _deflated(raw: bytes) -> bytes:
    """Return a zlib stream of one stored block: compressors differ, and the worlds must be the same to the byte."""
    block = b"\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw
    return b"\x78\x01" + block + struct.pack(">I", zlib.adler32(raw))


def _gif(red: int, green: int, blue: int) -> bytes:
    """One pixel in one colour."""
    return (
        b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes((red, green, blue, 255, 255, 255))
        # An image at 0, 0 of one pixel; codes of two bits: clear, colour 0, end
        + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00" + b"\x3b"
    )  # fmt: skip


def _wav(pitch: int) -> bytes:
    """Return a buzz of a fortieth of a second, in 8 bits at 8000 Hz."""
    samples = bytes(188 if tick * pitch // 4000 % 2 else 68 for tick in range(200))
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


_VCARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Żółkiewska;Łucja;;;\r\nFN:Łucja Żółkiewska\r\nTEL;TYPE=CELL:+48501502503\r\nEND:VCARD\r\n"

_ALBUM: tuple[tuple[_File, ...], ...] = (
    (_File("zdjecie.png", "image/png", _png(200, 30, 60)), _File("opis.txt", "text/plain", "Łódź o świcie".encode())),
    (_File("IMG_0001.gif", "image/gif", _gif(20, 120, 220)),),
    (_File("wizytówka.vcf", "text/x-vcard", _VCARD.encode()),),
    (_File("nagranie.wav", "audio/x-wav", _wav(440)),),
    (),
    (_File("text_0001.txt", "text/plain", b"ok"), _File("text_0002.txt", "text/plain", "👍🏽 super".encode())),
    (_File("pusty.txt", "text/plain", b""),),
    (_File("a.png", "image/png", _png(0, 0, 0)), _File("a.png", "image/png", _png(255, 255, 255))),
)
_TITLES = (
    "Temat MMS",
    "Zażółć gęślą jaźń",
    "",
    "Uszkodzona paczka 📦",
    'Re: "faktura" <nr 7> & reklamacja',
    "Zdjęcie z placu",
)


# What people write

_ANSWERS = (
    "TAK",
    "NIE",
    "tak, potwierdzam wizytę {dzień} o {godzina}",
    "Nie dam rady, proszę o inny termin, najlepiej po {godzina}",
    "Dziękuję za informację",
    "Będę w {dzień} ok. {godzina}, {imię}",
    "Proszę zostawić u sąsiada, {ulica}, {miasto}",
    "Czy można ją odebrać w niedzielę?",
    "Świetnie, żona odbierze 😊",
    "kto to?",
    "STOP",
    "5",
    "1",
    "Kod {code} nie działa",
    "Zamówienie {order}: gdzie jest moja paczka?",
    "ok",
    "Pomyłka, to nie ten numer",
    "Łóżko z ogłoszenia biorę za {price} zł. {imię}",
)
_CODEWORDS = (
    "KONKURS {order}",
    "GLOS.{code}",
    "START",
    "INFO {miasto}",
    "konkurs {imię}: mężny bądź!",
    "SMS.TEST {code}",
)
_TEMPLATES: Mapping[str, Sequence[str]] = {
    "eco": _ANSWERS,
    "nd": _CODEWORDS,
    "ndi": _ANSWERS,
    "pre": ("GLOS {code}", "WYGRAJ {imię}", "LOGO.{code}", "TAK"),
}
_CURIOUS = (
    "Zażółć gęślą jaźń",
    "Pchnąć w tę łódź jeża lub ośm skrzyń fig.",
    "👍",
    "👨‍👩‍👧‍👦 dziękujemy, 👩🏽‍🚀 i 🏳️‍🌈 też",
    "<b>Tom</b> & \"Jerry\" '5 > 3' ]]>",
    "100% pewne + 20%20 więcej? a=1&b=2;c=3#d \\n C:\\new",
    "pierwsza linia\ndruga linia\n\nczwarta linia",
    "raz\r\ndwa\ttrzy\rcztery",
    " spacja przed",
    "spacja za ",
    " ",
    "",
    "0",
    "null",
    "true",
    "dzwonek \u0007 i nic \u0000 więcej",
    "twarda\u00a0spacja, zero\u200bszerokości, e\u0301 to é",
    "Привет, مرحبا, שלום, 你好",
    "(1/3) Szanowni Państwo, mój telefon dzieli",
    "Długa wiadomość: " + "mężny bądź, chroń pułk twój i sześć flag. " * 22,
)

# Where Polish clocks change, a local time is there twice or not at all; that needs instants, which stay where they are.
_NIGHTS = (
    ("2025-10-26T00:30:00Z", "2:30, jeszcze czas letni"),
    ("2025-10-26T01:30:00Z", "2:30, drugi raz tej nocy"),
    ("2026-03-29T00:59:59Z", "1:59:59, następnej godziny nie będzie"),
    ("2026-03-29T01:00:00Z", "3:00:00"),
)

# Who was written to, and how the messages are spread

_TURN = ("eco", "ndi", "mms", "nd", "eco", "pre", "eco", "ndi", "eco", "nd", "eco", "ndi")
_RECIPIENTS: Mapping[str, Sequence[str]] = {
    "eco": ("",),
    "nd": ("+48664078000",),
    "ndi": ("+48664078101", "+48664078102", "+48664078103"),
    "pre": ("7155", "71200", "92505"),
    "mms": ("+48664078059",),
}
_FIRST = {"eco": 250_000_000, "nd": 300_000_000, "ndi": 220_000_000, "pre": 120_000_000, "mms": 330_000_000}

_DAY = 86_400
_SPAN = 426 * _DAY
"""Fourteen months."""


def _messages(cast: _Generator, size: int) -> Iterator[Described]:
    """Return the messages, the oldest first; those at fixed instants come before all others."""
    nights = _NIGHTS[: size // 20]
    kinds, texts, albums, serials = cycle(_TURN), _texts(cast, size), _albums(), count(41_000)
    numbers = dict(_FIRST)
    written = chain(nights, ((at, None) for at in _ages(cast, size - len(nights))))
    for at, text in written:
        kind = next(kinds) if text is None else "nd"
        numbers[kind] += cast.chance.randrange(1, 20)  # ids are handed out to all customers, so ours have gaps
        message: Described = {
            "id": str(numbers[kind]),
            "direction": "inbound",
            "kind": kind,
            "sender": cast.chance.choice(cast.handsets),
            "recipient": cast.chance.choice(_RECIPIENTS[kind]),
            "at": at,
            "text": text or ("" if kind == "mms" else texts(kind)),
        }
        if kind == "mms":
            message["title"], files = next(albums)
            message["attachments"] = [_attached(file, next(serials)) for file in files]
        if kind == "eco":
            message["reference"] = f"{cast.chance.getrandbits(40):010x}"
        if cast.chance.random() < 0.15:
            message["read"] = True
        yield message


def _albums() -> Iterator[tuple[str, tuple[_File, ...]]]:
    """Titles and files, each in its own turn, so that all of them meet."""
    return zip(cycle(_TITLES), cycle(_ALBUM), strict=False)


def _ages(cast: _Generator, size: int) -> Iterator[str]:
    """How long ago, as durations, the longest first; now and then two within the same second."""
    share = _SPAN / max(size, 1)
    for place in range(size):
        late = 0 if place % 29 == 1 else cast.chance.random()
        if place % 29 == 0:
            late = 1
        yield duration(max(1, round(_SPAN - share * (place + late))) * SECOND)


def _texts(cast: _Generator, size: int) -> Callable[[str], str]:
    """Generates the next text of a type: every third is an unusual one until all have been used."""
    written = islice(_CURIOUS, size // 3)
    turns = count()

    def text(kind: str) -> str:
        odd = next(written, None) if next(turns) % 3 == 1 else None
        return cast.said(kind) if odd is None else odd

    return text


def _attached(file: _File, number: int) -> Described:
    return {
        "id": number,
        "name": file.name,
        "content_type": file.content_type,
        "data": b64encode(file.content).decode(),
    }


class _Generator:
    """Who writes, and the words that are put into what they write."""

    def __init__(self, seed: int, size: int) -> None:
        faker = Faker("pl_PL")
        faker.seed_instance(seed)
        self._faker = faker
        self.chance: Random = faker.random
        # The last two are set aside for fiction, in the United Kingdom and in North America.
        some = [f"+4850060{number:04}" for number in self.chance.sample(range(10_000), max(6, min(5_000, size // 8)))]
        self.handsets = [*some, "+447700900123", "+12125550142"]
        self.known = self.handsets[::3][:40]
        self.unwanted = self.handsets[1::5][:20]
        self._words: dict[str, Sequence[object]] = {
            "imię": [faker.first_name() for _ in range(200)],
            "ulica": [faker.street_address() for _ in range(200)],
            "miasto": [faker.city() for _ in range(100)],
            "dzień": [f"{day}.{month:02}" for day in range(1, 29) for month in range(1, 13)],
            "godzina": [f"{hour}.{minute:02}" for hour in range(8, 19) for minute in (0, 15, 30, 45)],
            "code": [f"{self.chance.randrange(10_000):04}" for _ in range(200)],
            "order": [self.chance.randrange(100_000, 999_999) for _ in range(200)],
            "price": [self.chance.randrange(20, 900) for _ in range(60)],
        }

    def contact(self, phone: str) -> Described:
        """Return the contact of a number: with every field, with a name, or with hardly anything."""
        faker, known = self._faker, self.chance.choice(("all", "name", "phone"))
        contact: Described = {"phone": phone}
        if known != "phone":
            contact |= {"first_name": faker.first_name(), "last_name": faker.last_name()}
        if known == "all":
            contact |= {
                "company": faker.company(),
                "email": faker.safe_email(),
                "tax_id": f"{self.chance.randrange(10**9, 10**10)}",
                "city": faker.city(),
                "address": faker.street_address(),
                "description": "stały klient, dzwonić po 17",
            }
        return contact

    def said(self, kind: str) -> str:
        """Return a text of a type, with its placeholders filled."""
        words = {name: self.chance.choice(words) for name, words in self._words.items()}
        return self.chance.choice(_TEMPLATES[kind]).format_map(words)
