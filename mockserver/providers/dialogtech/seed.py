"""The DialogTech accounts of the shipped worlds: the documents' own, and one with made-up conversations.

The only file of this provider that imports Faker; nothing imports it but ``mockserver fixtures make``. All chance is
Faker's seeded one, so the same seed gives the same bytes. Faker is slow for each message, so it fills a few lists,
and messages are put together from those.
"""

from __future__ import annotations

from calendar import day_name, month_name
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from faker import Faker

from mockserver.sdk import SECOND, duration

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 - the type of Faker's own

# Faker's own days and months are those of a moment between 1970 and now, so another day makes another world.
_WEEKDAYS, _MONTH_NAMES = tuple(day_name), tuple(month_name)[1:]

Described: TypeAlias = dict[str, Any]
"""An account as a world file describes it."""

PROVIDER = "dialogtech"


def documents() -> list[Described]:
    """The accounts whose samples 000, 001 and 002 print."""
    return [
        {
            "provider": PROVIDER,
            "name": "documents",
            "logins": [{"user": "foo", "secret": "bar"}],
            # 001: "This is a DialogTech SMS-Enabled Tracking Number in the account"; 000 has the other one.
            "numbers": [{"number": "5554332111"}, {"number": "5554443210"}],
            "messages": list(_PRINTED),
        },
        {
            "provider": PROVIDER,
            "name": "numbers-sample",
            "logins": [{"user": "ACCESS_KEY", "secret": "SECRET_ACCESS_KEY"}],
            # 002: one number, with its listener
            "numbers": [{"number": "5559990000", "url": "http://example.net/sms_listener.php"}],
            "messages": [],
        },
    ]


def demo(seed: int, size: int) -> Described:
    """An account with months of messages.

    Args:
        seed: of everything that is left to chance.
        size: how many messages, at least one. They are made while they are read, so a million need no memory.
    """
    return {
        "provider": PROVIDER,
        "name": "demo",
        "logins": [{"user": "demo-access-key", "secret": "demo-secret-key"}, {"user": "demo-api-key"}],
        "numbers": list(_NUMBERS),
        "messages": _messages(seed, size),
    }


def _printed(name: str, direction: str, at: str, text: str) -> Described:
    # 000 prints the same number as the sender and as the recipient of each.
    number = "5554443210"
    return {"id": name, "direction": direction, "sender": number, "recipient": number, "at": at, "text": text}


# 000, "Example Response"
_PRINTED = (
    _printed(
        "177931295",
        "inbound",
        "2017-01-01T09:30:00Z",
        "Hi. I'm looking for a product ID for a blue left-handed widget.",
    ),
    _printed(
        "131086044",
        "outbound",
        "2017-01-01T09:30:01Z",
        "Hi! Thanks for contacting us. We are looking pulling information now and we will send it shortly.",
    ),
    _printed(
        "133185904",
        "outbound",
        "2017-01-01T10:07:31Z",
        "Thanks again for taking my call. As we discussed, the product you're interested in is number 012345."
        " Happy New Year!",
    ),
)

_LISTENER = "http://127.0.0.1:8080/sms_listener.php"
_REPORTS = "http://127.0.0.1:8080/dlr_listener.php"
_NUMBERS: tuple[Described, ...] = (
    {"number": "3125550142", "url": _LISTENER, "dlr_url": _REPORTS},
    {"number": "3125550143", "url": _LISTENER},
    {"number": "6465550117", "url": f"{_LISTENER}?office=new-york&lang=en", "dlr_url": _REPORTS},
    {"number": "6465550118", "dlr_url": _REPORTS},
    {"number": "7735550190"},
    {"number": "7735550191"},
    {"number": "7735550199", "sms_enabled": False},
)
_SENDERS = tuple(number["number"] for number in _NUMBERS if number.get("sms_enabled", True))

# What people write. Each line begins with its direction: ">" goes out to the handset, "<" comes in from it.


class Template(NamedTuple):
    """A conversation."""

    lines: tuple[str, ...]
    at_once: bool = False
    """Whether all of it happens within the same second."""


_ENGLISH = (
    Template(
        (
            "> Hi {name}, this is {company}. Your appointment is on {day} at {hour}. Reply YES to confirm or NO to cancel.",
            "< YES",
            "> Thank you, {name}! See you on {day} at {hour}, {street}.",
        )
    ),
    Template(
        (
            "> Hi {name}, this is {company}. Your appointment is on {day} at {hour}. Reply YES to confirm or NO to cancel.",
            "< no sorry, can't make it. is there anything later that week?",
            "> No problem. We have {hour} or the same time a week later. Which one suits you?",
            "< the first one pls 🙏",
            "> Done, you're booked for {hour}.",
        )
    ),
    Template(("> {code} is your {company} verification code. It expires in 10 minutes. Don't share it with anyone.",)),
    Template(
        (
            "< Hello, I saw your ad. How much is the {color} one?",
            "> Hi! It's ${price} plus tax, in stock at {street}. Shall we put one aside for you?",
            "< Yes please. Name is {name}",
            "> Thanks, {name}. We'll hold it until {day}.",
            "< thx!!",
        )
    ),
    Template(
        (
            "> {company}: order #{order} is out for delivery and should reach you by {hour}. Track it: https://example.com/t/{order}",
            "< leave it with the neighbor at {street} please",
            "> Noted. The driver will leave it there.",
            "< 👍",
        )
    ),
    Template(("< Are you open on {day}?", "> Yes, from 9 am to 6 pm. {company}, {street}.", "< great ty")),
    Template(
        (
            "> Thank you for calling {company}. How did we do? Reply 1 (poor) to 5 (great).",
            "< 5",
            "> Wonderful, thank you!",
        )
    ),
    Template(
        (
            "> Thank you for calling {company}. How did we do? Reply 1 (poor) to 5 (great).",
            "< 2, I was on hold for 20 min & nobody knew about my order #{order}",
            "> We're sorry, {name}. A manager will call you today before {hour}.",
            '< ok. please ask for "{name}", my wife may pick up',
        )
    ),
    Template(
        (
            "> {company}: {color} widgets are 20% off until {day}! Reply STOP to opt out, HELP for help.",
            "< STOP",
            "> {company}: you are unsubscribed and will receive no more messages. Reply START to resubscribe.",
        )
    ),
    Template(
        (
            "> {company}: {color} widgets are 20% off until {day}! Reply STOP to opt out, HELP for help.",
            "< HELP",
            "> {company} alerts: up to 4 msgs/month. Msg & data rates may apply. Call 312-555-0142. Reply STOP to cancel.",
        )
    ),
    Template(("< START", "> {company}: welcome back, {name}! You will receive our messages again.")),
    Template(
        (
            "< I think I left my keys at your office, {street}",
            "> Hi, a set with a {color} tag?",
            "< YES that's them 😅 can I come at {hour}?",
            "> Sure, they're at the front desk.",
        )
    ),
    Template(("> Hi {name}, invoice {order} over ${price} is due on {day}. Questions? Just reply to this message.",)),
    Template(("< Wrong number, sorry", "> No problem, have a nice day!")),
)
_POLISH = (
    Template(
        (
            "> Dzień dobry, {imię}! Przypominamy o wizycie: {dzień}, godz. {godzina}, {ulica}. Odpisz TAK lub NIE.",
            "< TAK",
            "> Dziękujemy za potwierdzenie. Do zobaczenia!",
        )
    ),
    Template(
        (
            "> Dzień dobry, {imię}! Przypominamy o wizycie: {dzień}, godz. {godzina}, {ulica}. Odpisz TAK lub NIE.",
            "< nie dam rady, proszę o inny termin, najlepiej po {godzina}",
            "> Oczywiście. Zadzwonimy jutro, żeby ustalić nową godzinę.",
            "< dziękuję 😊",
        )
    ),
    Template(("> Twój kod: {code}. Nikomu go nie podawaj, nasz pracownik nigdy o niego nie zapyta.",)),
    Template(
        (
            "> Paczka nr {order} czeka w punkcie {ulica}, {miasto}. Kod odbioru: {code}.",
            "< Czy można ją odebrać w niedzielę?",
            "> Tak, do godz. 20. Wejście od podwórza.",
            "< świetnie, żona odbierze",
        )
    ),
    Template(
        (
            "< Czy mają Państwo jeszcze łóżko z ogłoszenia? {imię}",
            "> Tak, cena {price} zł, odbiór własny: {ulica}, {miasto}.",
            "< Biorę! Będę w {dzień} ok. {godzina}",
        )
    ),
    Template(
        ("> {miasto}: zmiana rozkładu jazdy od {dzień}. Szczegóły: https://example.com/r/{order}", "< Dzięki, już wiem")
    ),
)

_EMOJI = "😀😃😄😁😆😅🤣😂🙂🙃😉😊😇🥰😍🤩"
_PANGRAM = "Zażółć gęślą jaźń. Pchnąć w tę łódź jeża lub ośm skrzyń fig. Mężny bądź, chroń pułk twój i sześć flag. "
_TERMS = (
    "You asked for our terms by text, so here they come in one piece: deposits are returned within 14 days, "
    "late returns cost $9 a day, and keys stay at the front desk. "
)
_CURIOUS = (
    Template(("< Zażółć gęślą jaźń", "> Pchnąć w tę łódź jeża lub ośm skrzyń fig.")),
    Template(("< STOP", "< stop", "< Stop all")),
    Template(("< HELP",)),
    Template(("> 493027 is your code. Mój kod: 000000.",)),
    Template(("< 👍", "> 🎂🎉 Happy birthday! 🥳", "< 👨‍👩‍👧‍👦 say thank you, 👩🏽‍🚀 and 🏳️‍🌈 too")),
    Template(("< ]]>", "> <![CDATA[ and ]]> are fine here, ]]]]>> too.")),
    Template(('< <b>Tom</b> & "Jerry" said: it\'s 5 > 3 && 3 < 5', "> &amp; &lt; &#128512; stay as they are")),
    Template(("< 100% sure + 20%20 more? a=1&b=2;c=3#d \\n C:\\new",)),
    Template(("> " + (_TERMS * 2)[:255] + ".",)),
    Template(("> " + (_PANGRAM * 3)[:255] + "!",)),
    Template(("> " + _EMOJI * 16,)),
    Template(("< " + (_PANGRAM + _TERMS) * 5,)),
    Template(("< first line\nsecond line\n\nfourth line", "> one\r\ntwo\r\nthree", "< tab\there, return\rthere")),
    Template(("<  a space before", "< a space behind ", "<  two  inside  ", "<  ")),
    Template(("< k", "< ?", "> 1")),
    Template(("< 0", "< null", "< true", "< <message/>")),
    Template(("< שלום, מחר ב-10?", "< مرحبا", "< 你好，明天见", "< Привет", "< e\u0301 is é, ﬁ is fi, İ is not i")),
    Template(("< no\u00a0break, zero\u200bwidth, soft\u00adhyphen", "< a bell\u0007, a tab\u000b down")),
    Template(("< (1/3) Dear all, my phone cuts", "< (2/3) long messages into", "< (3/3) three parts."), at_once=True),
    Template(("< ping", "< ping", "> pong"), at_once=True),
)

# Where clocks change, a local time is there twice or not at all; that needs instants, which stay where they are.
_NIGHTS = (
    ("2025-10-26T00:59:59Z", "< 2:59:59 w Warszawie, jeszcze czas letni"),
    ("2025-10-26T01:00:00Z", "> 2:00:00 w Warszawie, drugi raz tej nocy"),
    ("2025-11-02T05:59:59Z", "< 1:59:59 am in New York, summer time"),
    ("2025-11-02T06:00:00Z", "> 1:00:00 am in New York, for the second time tonight"),
    ("2026-03-08T06:59:59Z", "< 1:59:59 am in New York, the hour after this one is skipped"),
    ("2026-03-08T07:00:00Z", "> 3:00:00 am in New York"),
    ("2026-03-29T00:59:59Z", "< 1:59:59 w Warszawie, następnej godziny nie będzie"),
    ("2026-03-29T01:00:00Z", "> 3:00:00 w Warszawie"),
)

# How they are spread over time

_DAYS = 426
"""Fourteen months."""
_SILENCE = range(200, 262)
"""Days back without a message: 62 in a row hold a whole calendar month wherever they lie."""
_DAY = 86_400


class _Line(NamedTuple):
    at: str
    sender: str
    handset: str
    said: str


def _messages(seed: int, size: int) -> Iterator[Described]:
    cast = _Generator(seed, size)
    highest = {"inbound": 200_000_000, "outbound": 150_000_000}
    nights = [_Line(at, _SENDERS[0], "2125550177", said) for at, said in _NIGHTS[: size // 20]]
    for line in islice(chain(nights, _days(cast, size - len(nights))), size):
        direction = "outbound" if line.said[0] == ">" else "inbound"
        # Numbers are handed out to all of the provider's customers, so ours have gaps.
        highest[direction] += cast.chance.randrange(1, 40)
        sender, recipient = line.sender, line.handset
        if direction == "inbound":
            sender, recipient = recipient, sender
        yield {
            "id": str(highest[direction]),
            "direction": direction,
            "sender": sender,
            "recipient": recipient,
            "at": line.at,
            "text": line.said[2:],
        }


def _days(cast: _Generator, size: int) -> Iterator[_Line]:
    """Every day's conversations, the oldest day first; as many lines as asked for, or a few more."""
    days = [day for day in range(min(_DAYS, 2 * size), 0, -1) if day not in _SILENCE]
    curious = dict(zip(days[5 :: max(1, len(days) // len(_CURIOUS))], _CURIOUS[: size // 3], strict=False))
    # Most days are quiet, some are not.
    shares = list(accumulate(cast.chance.choice((1, 1, 9, 9, 18, 27, 225)) for _ in days))
    written = 0
    for day, share in zip(days, shares, strict=True):
        lines = list(_render(cast, curious[day], day, is_template=False)) if day in curious else []
        due = size * share / shares[-1]
        while written + len(lines) < due:
            lines += _render(cast, cast.scene(), day)
        written += len(lines)
        for ago, line in sorted(lines, key=itemgetter(0), reverse=True):
            yield line._replace(at=duration(ago * SECOND))


def _render(cast: _Generator, scene: Template, day: int, is_template: bool = True) -> Iterator[tuple[int, _Line]]:
    """A conversation on a day, each line with the seconds from it to the world's start."""
    chance = cast.chance
    sender, handset = chance.choice(_SENDERS), chance.choice(cast.handsets)
    words = cast.words() if is_template else None
    ago = day * _DAY - chance.randrange(7 * 3600, 22 * 3600)
    for said in scene.lines:
        yield ago, _Line("", sender, handset, said.format_map(words) if words else said)
        if not scene.at_once:
            ago -= chance.randrange(4, 900)


_HOURS = (("am", range(8, 12)), ("pm", range(1, 7)))


class _Generator:
    """Who writes, and the words that are put into what they write."""

    def __init__(self, seed: int, size: int) -> None:
        american, polish = Faker("en_US"), Faker("pl_PL")
        american.seed_instance(seed)
        polish.seed_instance(seed)
        self.chance: Random = american.random
        handsets = (self._handset() for _ in range(max(40, min(5_000, size // 8))))
        self.handsets = [number for number in handsets if number not in _SENDERS]
        self._words: dict[str, Sequence[object]] = {
            "name": [american.first_name() for _ in range(200)],
            "company": [american.company() for _ in range(60)],
            "street": [american.street_address() for _ in range(200)],
            "color": [american.color_name() for _ in range(60)],
            "day": [
                f"{american.random_element(_WEEKDAYS)}, {american.random_element(_MONTH_NAMES)} {day}"
                for day in range(1, 29)
            ],
            "hour": [
                f"{hour}:{minute:02} {half}" for half, hours in _HOURS for hour in hours for minute in (0, 15, 30, 45)
            ],
            "price": [
                f"{self.chance.randrange(5, 900)}.{cents}" for cents in ("00", "49", "50", "99") for _ in range(40)
            ],
            "code": [f"{self.chance.randrange(1_000_000):06}" for _ in range(500)],
            "order": [self.chance.randrange(100_000, 999_999) for _ in range(500)],
            "imię": [polish.first_name() for _ in range(200)],
            "ulica": [polish.street_address() for _ in range(200)],
            "miasto": [polish.city() for _ in range(100)],
            "dzień": [f"{day}.{month:02}" for day in range(1, 29) for month in range(1, 13)],
            "godzina": [f"{hour}.{minute:02}" for hour in range(8, 19) for minute in (0, 15, 30, 45)],
        }

    def _handset(self) -> str:
        """A number that no one has: 555-0100 to 555-0199 are set aside for fiction."""
        area, line = self.chance.randrange(201, 990), self.chance.randrange(100)
        return f"{area}55501{line:02}"

    def scene(self) -> Template:
        """A conversation that is not the first of its kind."""
        return self.chance.choice(_POLISH if self.chance.random() < 0.25 else _ENGLISH)

    def words(self) -> dict[str, object]:
        """The texts that fill the placeholders of a conversation."""
        return {name: self.chance.choice(words) for name, words in self._words.items()}
