"""The mGage accounts of the shipped worlds: the document's own, and one with made-up conversations.

The only file of this provider that imports Faker; nothing imports it but ``mockserver fixtures make``. All chance is
Faker's seeded one, so the same seed gives the same bytes. The programs play their scenes in turn, so that a few
hundred messages have something of everything.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import month_name
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate, chain, count, cycle, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from faker import Faker

from mockserver.sdk import SECOND, duration

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 - the type of Faker's own

# Faker's own days and months are those of a moment between 1970 and now, so another day makes another world.
_MONTH_NAMES = tuple(month_name)[1:]

Described: TypeAlias = dict[str, Any]
"""An account as a world file describes it."""

PROVIDER = "mgage"


def documents() -> list[Described]:
    """The account whose sample 003 prints."""
    return [
        {
            "provider": PROVIDER,
            "name": "documents",
            "logins": [{"user": "mgage", "secret": "mgage"}],
            "programs": [
                {"id": "121811", "name": "Program Name", "campaign": "Default Campaign", "kind": "Text to Join"}
            ],
            "messages": [*_PRINTED, *_recent()],
        }
    ]


def demo(seed: int, size: int) -> Described:
    """An account with months of messages.

    Args:
        seed: of everything that is left to chance.
        size: how many messages. They are made while they are read, so a million need no memory.
    """
    return {
        "provider": PROVIDER,
        "name": "demo",
        "logins": [{"user": "demo", "secret": "demo"}],
        "programs": [
            {"id": program.id, "name": program.name, "campaign": program.campaign, "kind": program.kind}
            | ({"reply": program.reply} if program.reply else {})
            for program in _PROGRAMS
        ],
        "messages": _messages(seed, size),
    }


# -- the document's own -----------------------------------------------------------------------------------------------

_CODE = "37911"
"""The short code that people write to."""


def _received(name: int, handset: str, at: str, text: str) -> Described:
    return _described(name, "inbound", handset, _CODE, at, text, "121811", "Received", "T-Mobile")


def _delivered(name: int, handset: str, at: str, text: str) -> Described:
    return _described(name, "outbound", _CODE, handset, at, text, "121811", "Delivered", "T-Mobile")


def _described(
    name: int,
    direction: str,
    sender: str,
    recipient: str,
    at: str,
    text: str,
    program: str,
    status: str,
    network: str | None,
) -> Described:
    return {
        "id": str(name),
        "direction": direction,
        "sender": sender,
        "recipient": recipient,
        "at": at,
        "text": text,
        "program": program,
        "status": status,
        "network": network,
    }


_WELCOME = "Welcome! You have joined. Msg&data rates may apply. Reply HELP for help, STOP to cancel."

# 003, "Example of a successful response": two messages, and the URL of a next page; what is on that one is ours (MG-10).
_PRINTED = (
    _received(700000001, "1234567890", "2014-12-05T10:00:00Z", "This is complete message Body"),
    _received(700000002, "15556667777", "2014-12-05T10:00:00Z", "This is complete message Body"),
    _delivered(800000001, "1234567890", "2014-12-05T10:00:02.500000Z", _WELCOME),
    _delivered(800000002, "15556667777", "2014-12-05T10:00:02.750000Z", _WELCOME),
)


def _recent() -> Iterator[Described]:
    """A few that a call without dates finds."""
    for day in range(3, 0, -1):
        handset = f"{'1' * (day % 2)}555666{7000 + day}"
        yield _received(700000100 - day, handset, f"P{day}DT{day}H12M", "JOIN")
        yield _delivered(800000100 - day, handset, f"P{day}DT{day}H11M57.5S", _WELCOME)


# -- the one with made-up conversations ---------------------------------------------------------------------------------


class _Program(NamedTuple):
    id: str
    name: str
    campaign: str
    kind: str
    """One of the names that the product displays (MG-21)."""
    code: str
    scenes: tuple[tuple[str, ...], ...]
    """Conversations. A line begins with its direction: "<" is MO, ">" is MT, ">>" goes to many handsets at once."""
    reply: str = ""
    """What it answers from now on (MG-32)."""


_HELP = ("< HELP", "> {brand} alerts: up to 4 msgs/mo. Msg&data rates may apply. Help: help@example.com. STOP to end.")
_STOP = ("< STOP", "> {brand}: you are unsubscribed and will receive no more messages.")

_PROGRAMS = (
    _Program(
        "141501",
        "Club Sign-up",
        "Loyalty Club",
        "Text to Join",
        "37911",
        (
            ("< JOIN", "> {brand}: reply YES to join the club, {name}.", "< YES", "> {brand}: welcome to the club! 🎉"),
            _STOP,
            ("< join {city}", "> {brand}: thanks, {name}! Your store is in {city}."),
            ("< Join please 🙏", "> {brand}: reply YES to join the club.", "< no"),
        ),
    ),
    _Program(
        "141502",
        "Opening Hours",
        "Default Campaign",
        "Text for Info",
        "37911",
        (
            ("< HOURS", "> {brand} {city}: Mon-Fri 9-20, Sat 10-18, {street}."),
            _HELP,
            (">> {brand}: all stores close at 16:00 on {day}.",),
        ),
        "All stores: Mon-Fri 9-20, Sat 10-18.",
    ),
    _Program(
        "141503",
        "Receipt by Email",
        "Default Campaign",
        "Text for an Email",
        "87658",
        (
            ("< EMAIL {email}", "> {brand}: your receipt {order} is on its way to {email}."),
            ("< EMAIL", "> {brand}: please text EMAIL and your address, e.g. EMAIL {email}", "< EMAIL {email}"),
        ),
    ),
    _Program(
        "141504",
        "Book a Visit",
        "Service",
        "Multi-Step",
        "87658",
        (
            (
                "< VISIT",
                "> {brand}: which day suits you, {name}? Text 1 for {day}, 2 for the day after.",
                "< 1",
                "> Morning (A) or afternoon (B)?",
                "< b",
                "> Booked: {day}, afternoon, {street}.",
            ),
            ("< Wizyta", "> {brand}: jaki dzień Ci odpowiada, {imię}?", "< najlepiej środa, po 16:00, dziękuję 😊"),
        ),
    ),
    _Program(
        "141505",
        "Win a Trip",
        "Summer Sweepstakes",
        "Competition",
        "37911",
        (
            ("< WIN", "> {brand}: you are in the draw, {name}. Your number is {order}. Good luck! 🍀"),
            ("< win win win", "> {brand}: one entry each. You are in, number {order}."),
            (">> {brand}: the winner of the trip to {city} is number {order}. Congratulations! 🏆",),
        ),
    ),
    _Program(
        "141506",
        "Flavor of the Year",
        "Summer Sweepstakes",
        "Voting",
        "37911",
        (
            ("< A", "> Thanks for voting for A, {name}!"),
            ("< vote b", "> Thanks for voting for B, {name}!"),
            ("< C 👍👍", "> Sorry, there is no C. Text A or B."),
        ),
    ),
    _Program(
        "141507",
        "How Was Your Visit",
        "Service",
        "Text for Response",
        "87658",
        (
            ("> {brand}: how was your visit on {day}? Text 1 (poor) to 5 (great).", "< 5", "> Great, thank you!"),
            (
                "> {brand}: how was your visit on {day}? Text 1 (poor) to 5 (great).",
                '< 2 - waited 40 min, "the machine is down" & nobody at {street} knew why',
                "> We are sorry, {name}. We will call you on {day}.",
            ),
            ("> Jak oceniasz wizytę, {imię}? Odpisz od 1 do 5.", "< 4, zażółć gęślą jaźń", "> Dziękujemy! {brand}"),
        ),
    ),
    _Program(
        "141508",
        "Klub Stałego Klienta",
        "Kampania domyślna",
        "Text to Join",
        "87658",
        (
            ("< KLUB", "> {brand}: witaj w klubie, {imię}! Najbliższy sklep: {ulica}, {miasto}."),
            ("< Czy mogę dołączyć? Jestem z miasta {miasto}", "> {brand}: oczywiście! Odpisz TAK.", "< tak"),
        ),
    ),
    _Program(
        "141509",
        "Odd Messages",
        "Default Campaign",
        "Text for Response",
        "37911",
        (
            ('< "quotes", \\backslashes\\ and /slashes/ {{}} [] : , null true 1e400', "> <b>&amp;</b> 100% %20 + ?"),
            ("< first line\nsecond line\r\nthird line", "> tab\there", "< a bell\u0007 and a \u2028 separator"),
            ("<  two  blanks around  ", "<  ", "< \u200b", "> \u00a0"),
            ("< שלום, מחר ב-10?", "< مرحبا", "< 你好，明天见", "< Привет", "< e\u0301 is é, ﬁ is fi, İ is not i"),
            ("< 👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈", "> 😀😃😄😁😆😅🤣😂🙂🙃", "< 👍"),
            ("> " + "A message of one thousand characters. " * 26 + "It ends here.",),
        ),
    ),
    _Program("141510", "Not Launched Yet", "Autumn Launch", "Text to Join", "37911", ()),
)

_SCENES = tuple((program, scene) for program in _PROGRAMS for scene in program.scenes)
_STATUSES = {
    "inbound": ("Received",) * 12 + ("Processing",),
    "outbound": ("Delivered",) * 12 + ("Sent", "Sent", "Undelivered", "Error"),
}
_NETWORKS = ("T-Mobile", "AT&T", "Verizon Wireless", "U.S. Cellular", "Orange", "Play", None)
_AUDIENCE = 5
"""Handsets that a ">>" line goes to: their messages are of one instant."""

_SILENCE = range(200, 262)
"""Days back without a message: 62 in a row hold a whole calendar month wherever they lie."""
_DAYS = tuple(day for day in range(426, 0, -1) if day not in _SILENCE)
"""Fourteen months, of which two are behind the year that is exported without a start."""
_MORNING, _EVENING = 7 * 3600, 22 * 3600


class _Handset(NamedTuple):
    number: str
    network: str | None


class _Line(NamedTuple):
    since: int
    """Microseconds from the beginning of the first day; lines are in order of it."""
    arrival: int
    direction: str
    handset: _Handset
    text: str
    program: _Program


def _messages(seed: int, size: int) -> Iterator[Described]:
    cast = _Generator(seed)
    names = {"inbound": 710_000_000, "outbound": 810_000_000}
    for line in islice(_in_order(_played(cast, size)), size):
        # Identifiers are handed out to all of the provider's customers, so ours have gaps.
        names[line.direction] += cast.chance.randrange(1, 40)
        sides = (line.handset.number, line.program.code)
        sender, recipient = sides if line.direction == "inbound" else sides[::-1]
        yield _described(
            names[line.direction],
            line.direction,
            sender,
            recipient,
            duration(_DAYS[0] * 86_400 * SECOND - line.since),
            line.text,
            line.program.id,
            cast.chance.choice(_STATUSES[line.direction]),
            line.handset.network,
        )


def _played(cast: _Generator, size: int) -> Iterator[list[_Line]]:
    """Every conversation, the oldest first; as many lines as asked for, or a few more."""
    when = _Calendar(cast.chance)
    arrivals = count()
    written = 0
    for program, scene in cycle(_SCENES):
        if written >= size:
            return
        lines = list(_render(cast, program, scene, when.at(written / size), arrivals))
        written += len(lines)
        yield lines


def _render(
    cast: _Generator, program: _Program, scene: Sequence[str], since: int, arrivals: Iterator[int]
) -> Iterator[_Line]:
    words = cast.words()
    handset = cast.handset()
    for said in scene:
        mark, _, text = said.partition(" ")
        audience = [cast.handset() for _ in range(_AUDIENCE)] if mark == ">>" else [handset]
        for listener in audience:
            direction = "inbound" if mark == "<" else "outbound"
            yield _Line(since, next(arrivals), direction, listener, text.format_map(words), program)
        since += cast.chance.randrange(100, 60_000) * (SECOND // 100)  # as fine as a date is shown (MG-5)


def _in_order(conversations: Iterable[list[_Line]]) -> Iterator[_Line]:
    """The lines of conversations that overlap, by time; the conversations come by the time of their first lines."""
    waiting: list[_Line] = []
    for lines in conversations:
        while waiting and waiting[0] < lines[0]:
            yield heappop(waiting)
        for line in lines:
            heappush(waiting, line)
    yield from (heappop(waiting) for _ in range(len(waiting)))


class _Calendar:
    """Days of unequal weight; no one writes at night."""

    def __init__(self, chance: Random) -> None:
        self._ends = list(accumulate(chance.choice((1, 1, 2, 3, 25)) for _ in _DAYS))

    def at(self, share: float) -> int:
        """The instant at which a share of everything has been said, in microseconds since the first day began."""
        weight = share * self._ends[-1]
        index = bisect_right(self._ends, weight)
        begin = self._ends[index - 1] if index else 0
        of_day = (weight - begin) / (self._ends[index] - begin)
        second = (_DAYS[0] - _DAYS[index]) * 86_400 + _MORNING + of_day * (_EVENING - _MORNING)
        return int(second * 100) * (SECOND // 100)


class _Generator:
    """Who writes, and the words that are put into what they write."""

    def __init__(self, seed: int) -> None:
        american, polish = Faker("en_US"), Faker("pl_PL")
        american.seed_instance(seed)
        polish.seed_instance(seed)
        self.chance: Random = american.random
        self._handsets = [self._new_handset() for _ in range(400)]
        self._words: dict[str, Sequence[object]] = {
            "name": [american.first_name() for _ in range(200)],
            "brand": [american.company() for _ in range(20)],
            "city": [american.city() for _ in range(100)],
            "street": [american.street_address() for _ in range(200)],
            "email": [american.ascii_safe_email() for _ in range(200)],
            "day": [f"{american.random_element(_MONTH_NAMES)} {day}" for day in chain(range(1, 29), range(1, 29))],
            "order": [self.chance.randrange(100_000, 999_999) for _ in range(500)],
            "imię": [polish.first_name() for _ in range(200)],
            "ulica": [polish.street_address() for _ in range(200)],
            "miasto": [polish.city() for _ in range(100)],
        }

    def _new_handset(self) -> _Handset:
        """A number that no one has (555-0100 to 555-0199 are set aside for fiction), with a leading 1 or without."""
        area, line = self.chance.randrange(201, 990), self.chance.randrange(100)
        return _Handset(f"{self.chance.choice(('', '1'))}{area}55501{line:02}", self.chance.choice(_NETWORKS))

    def handset(self) -> _Handset:
        """Somebody's."""
        return self.chance.choice(self._handsets)

    def words(self) -> dict[str, object]:
        """The texts that fill the placeholders of a conversation."""
        return {name: self.chance.choice(words) for name, words in self._words.items()}
