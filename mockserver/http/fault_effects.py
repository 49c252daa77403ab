"""The faults: one small class each, and nobody asks which one it is.

The law of this file: a fault turns one `Response` into another and touches nothing else, so what it does can be compared
in a test, and what it does to a connection is the shell's work. A fault changes of an answer what it is about and
leaves the rest, so several in a row add up: a delay and a refusal are a late refusal.

The options of a fault are the fields of its class and the keys of its JSON. Seconds are of the wall clock.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from math import cos, exp, log, pi, sqrt
from typing import Any, ClassVar, TypeAlias

from msgspec import structs

from mockserver.engine.faults import Draw, Fault, Point
from mockserver.sdk.response import Ending, Pace, Response
from mockserver.validation.json_schema import Schema, an_object, hold
from mockserver.validation.messages import Place, shown, unknown, written

Refuse: TypeAlias = Callable[[str], Response]
"""Makes the provider's refusal of a name."""
"""JSON Schema. Every part has a ``description`` that completes the sentence "... is not"."""

LONGEST_WAIT = 3600
"""Seconds that one delay or pause lasts at most: longer than any client is patient."""
LARGEST = 8 * 1024 * 1024
"""Bytes of a body, or of what stands in its place."""


def _number(description: str, least: float = 0, most: float = LONGEST_WAIT) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most, "description": description}


def _count(description: str, least: int, most: int = LARGEST) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def _text(description: str, most: int) -> Schema:
    return {"type": "string", "maxLength": most, "description": description}


_SECONDS = _number(f"a number of seconds from 0 to {LONGEST_WAIT}")


@dataclass(frozen=True)
class Named(Fault):
    """A fault that a tester can ask for."""

    kind: ClassVar[str]
    """Its name."""
    options: ClassVar[Mapping[str, Schema]] = {}
    """What each field may be."""
    points: ClassVar[tuple[Point, ...]] = ("after", "before")
    """The points at which it makes sense, the one that is meant when none is given first."""

    def described(self) -> dict[str, Any]:
        """The fault as JSON, as `parse` reads it."""
        given = {option.name: getattr(self, option.name) for option in fields(self)}
        return {"kind": self.kind, **{name: value for name, value in given.items() if value is not None}}


def _delivered(answer: Response, **changes: Any) -> Response:
    return structs.replace(answer, timing=replace(answer.timing, **changes))


def _rewritten(answer: Response, body: bytes) -> Response:
    """The answer with a body that nobody can read, and no promise of the length of the old one."""
    return _spoilt(structs.replace(answer, body=body, headers=_without(answer.headers, "content-length")))


def _spoilt(answer: Response) -> Response:
    return structs.replace(answer, refusal=None, origin="spoilt")


def _without(headers: Sequence[tuple[str, str]], name: str) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in headers if header[0].lower() != name)


def _broken_off(answer: Response, ending: Ending) -> Response:
    """End without a word; but what an earlier fault lets out, the bytes before a cut or garbage, still goes out first."""
    speaks = answer.timing.cut is not None or answer.timing.instead is not None
    return _delivered(answer, ending=ending, instead=answer.timing.instead if speaks else b"")


# ------------------------------------------------------------------------------------------------------- other answers


@dataclass(frozen=True)
class Nothing(Named):
    """No fault. Armed before other rules it keeps its exchanges from them."""

    kind = "none"


@dataclass(frozen=True)
class Refusal(Named):
    """One of the provider's own refusals, in its own dialect."""

    name: str
    kind = "refusal"
    options: ClassVar = {"name": _text("the name of a refusal", 100)}
    points: ClassVar = ("before", "after")

    def act(self, answer: Response, refuse: Refuse, /) -> Response:
        """The refusal."""
        return structs.replace(refuse(self.name), timing=answer.timing)


@dataclass(frozen=True)
class Substitute(Named):
    """A status and a body: what a gateway before the provider would say."""

    status: int
    body: str = ""
    type: str | None = None
    kind = "answer"
    options: ClassVar = {
        "status": _count("an HTTP status from 200 to 599", 200, 599),
        "body": _text(f"a text of at most {LARGEST} characters", LARGEST),
        "type": {
            "type": "string",
            "pattern": "^[!-~][ -~]{0,199}$",
            "description": "a Content-Type of 1 to 200 printable ASCII characters",
        },
    }
    points: ClassVar = ("before", "after")

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """This status and body; the type is the answer's own unless one was given."""
        own = tuple(header for header in answer.headers if header[0].lower() == "content-type")
        headers = own if self.type is None else (("Content-Type", self.type),)
        return Response(self.status, headers, self.body.encode(), answer.timing, origin="replaced")


@dataclass(frozen=True)
class Malformed(Named):
    """A body that neither XML nor JSON parsers take, whole and of the promised type and length."""

    kind = "malformed"

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """The body broken at its end.

        Its last byte is missing, so a bracket or tag stays open, and two new ones are opened. That is well-formed in
        neither language, whatever stood there, a section of CDATA or a single number too.
        """
        return _rewritten(answer, answer.body.rstrip()[:-1] + b"<{")


@dataclass(frozen=True)
class WrongLength(Named):
    """A Content-Length that is off.

    Too much, and the connection is closed behind the body, while the client waits for the rest. Too little, and the
    connection is kept: the client finds the rest of the body where it expects the next answer.
    """

    by: int
    kind = "wrong_length"
    options: ClassVar = {
        "by": {
            **_count(f"a number of bytes from -{LARGEST} to {LARGEST} other than 0", -LARGEST),
            "not": {"const": 0, "description": "0"},
        }
    }

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """The body with a wrong promise."""
        promised = ("Content-Length", str(max(len(answer.body) + self.by, 0)))
        headers = (*_without(answer.headers, "content-length"), promised)
        ending = Ending.CLOSE if self.by > 0 else answer.timing.ending
        return _spoilt(_delivered(structs.replace(answer, headers=headers), ending=ending))


# -------------------------------------------------------------------------------------------------------- late and slow


@dataclass(frozen=True)
class Delay(Named):
    """The first byte comes late."""

    seconds: float
    kind = "delay"
    options: ClassVar = {"seconds": _SECONDS}

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """The same, later."""
        return _delivered(answer, delay=answer.timing.delay + self.seconds)


@dataclass(frozen=True)
class UniformDelay(Named):
    """The first byte comes late: any time between two is as likely as another."""

    least: float
    most: float
    kind = "uniform_delay"
    options: ClassVar = {"least": _SECONDS, "most": _SECONDS}

    def __post_init__(self) -> None:
        """Check."""
        if self.most < self.least:
            raise ValueError(f"most is {self.most}, which is less than least, {self.least}")

    def settled(self, draw: Draw, /) -> Delay:
        """The delay that came up."""
        return Delay(self.least + (self.most - self.least) * draw())


@dataclass(frozen=True)
class LognormalDelay(Named):
    """The first byte comes late: mostly a little, now and then very, as real servers are."""

    median: float
    sigma: float
    """Of the logarithm: 0.5 puts one in forty above 2.7 times the median."""
    most: float = 60.0
    """What comes up above it is it."""
    kind = "lognormal_delay"
    options: ClassVar = {
        "median": _number(f"a number of seconds from 0.000001 to {LONGEST_WAIT}", 0.000001),
        "sigma": _number("a number from 0 to 5", 0, 5),
        "most": _SECONDS,
    }

    def settled(self, draw: Draw, /) -> Delay:
        """The delay that came up. Two draws make one normal number (Box and Muller)."""
        normal = sqrt(-2 * log(1 - draw())) * cos(2 * pi * draw())
        return Delay(min(exp(log(self.median) + self.sigma * normal), self.most))


@dataclass(frozen=True)
class Slow(Named):
    """The body comes in pieces."""

    size: int
    """Bytes of each."""
    pause: float
    """Seconds between them."""
    kind = "slow"
    options: ClassVar = {"size": _count(f"a number of bytes from 1 to {LARGEST}", 1), "pause": _SECONDS}

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """The same, by and by."""
        return _delivered(answer, pace=Pace(self.size, self.pause))


# ------------------------------------------------------------------------------------------------- broken connections


@dataclass(frozen=True)
class Hang(Named):
    """Silence, until the client gives up."""

    kind = "hang"

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """Nothing, for ever."""
        return _broken_off(answer, Ending.HANG)


@dataclass(frozen=True)
class Reset(Named):
    """The connection is reset (RST)."""

    kind = "reset"

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """Nothing, and the connection is gone."""
        return _broken_off(answer, Ending.RESET)


@dataclass(frozen=True)
class Close(Named):
    """The connection is closed (FIN) without an answer."""

    kind = "close"

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """Nothing, and the connection is at its end."""
        return _broken_off(answer, Ending.CLOSE)


@dataclass(frozen=True)
class Cut(Named):
    """The connection is closed in the middle of the body. A body that is no longer than that stays whole."""

    after: int
    """Bytes of the body that go out."""
    kind = "cut"
    options: ClassVar = {"after": _count(f"a number of bytes from 0 to {LARGEST}", 0)}

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """The beginning of the same."""
        return _delivered(answer, cut=self.after)


GARBAGE = bytes((71 * place + 139) % 256 for place in range(256)) + b"\r\n\r\n"
"""Every byte there is, in an order that is no HTTP."""


@dataclass(frozen=True)
class Garbage(Named):
    """Bytes that are no HTTP, and the connection is closed."""

    base64: str | None = None
    """The bytes; ours when none are given."""
    kind = "garbage"
    options: ClassVar = {"base64": _text(f"base64 of at most {LARGEST} characters", LARGEST)}

    def __post_init__(self) -> None:
        """Check."""
        try:
            b64decode(self.base64 or "", validate=True)
        except (binascii.Error, ValueError) as reason:
            raise ValueError(f"base64 is not base64: {reason}") from reason

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """Garbage."""
        return _delivered(answer, instead=GARBAGE if self.base64 is None else b64decode(self.base64))


# ---------------------------------------------------------------------------------------------------------- stale answers


@dataclass(frozen=True)
class Stale(Named):
    """This exchange takes its course; the next one that the rule matches gets this one's answer and is not executed."""

    kind = "stale"
    points: ClassVar = ("after",)

    def leaves(self, answer: Response, /) -> Again:
        """The answer, for the next."""
        return Again(answer)


@dataclass(frozen=True)
class Again(Fault):
    """An answer that was given before. Not asked for by name: `Stale` leaves it."""

    answer: Response

    def act(self, answer: Response, _refuse: Refuse, /) -> Response:
        """The old answer in the new one's place."""
        return structs.replace(self.answer, timing=answer.timing, origin="stale")

    def described(self) -> dict[str, Any]:
        """As what it is the other half of."""
        return {"kind": Stale.kind}


# ----------------------------------------------------------------------------------------------------------------- several


@dataclass(frozen=True)
class Several(Fault):
    """One after the other on the same answer."""

    faults: tuple[Fault, ...]
    points: tuple[Point, ...] = ("after", "before")
    """As `Named.points`."""

    def act(self, answer: Response, refuse: Refuse, /) -> Response:
        """What becomes of the answer in the end."""
        for fault in self.faults:
            answer = fault.act(answer, refuse)
        return answer

    def settled(self, draw: Draw, /) -> Several:
        """All of them settled, in their order."""
        return replace(self, faults=tuple(fault.settled(draw) for fault in self.faults))

    def described(self) -> list[Any]:
        """The list."""
        return [fault.described() for fault in self.faults]


# ------------------------------------------------------------------------------------------------------------------ JSON

KINDS: Mapping[str, type[Named]] = {
    fault.kind: fault
    for fault in (
        *(Nothing, Refusal, Substitute, Malformed, WrongLength, Delay, UniformDelay, LognormalDelay, Slow),
        *(Hang, Reset, Close, Cut, Garbage, Stale),
    )
}
"""Every fault that can be asked for, by name."""


def _schema(fault: type[Named]) -> Schema:
    return an_object(
        f"an object that describes the fault {fault.kind!r}",
        ["kind", *(option.name for option in fields(fault) if option.default is MISSING)],
        kind={"const": fault.kind, "description": repr(fault.kind)},
        **fault.options,
    )


SCHEMAS: Mapping[str, Schema] = {kind: _schema(fault) for kind, fault in KINDS.items()}
"""The JSON Schema of every fault, by name."""


def parse(description: object, place: Place = ("fault",)) -> Named | Several:
    """Read a fault, or a list of faults that act in this order.

    Args:
        description: JSON such as ``{"kind": "delay", "seconds": 2}``.
        place: where it stands in what was sent, for the sentence.

    Raises:
        ValueError: it is none; one sentence says what is wrong and, of a misspelt word, which one is near.
    """
    if not isinstance(description, list):
        return _parse_one(description, place)
    if not description:
        raise ValueError(f"{written(place)}: an empty list is not a list of faults")
    faults = tuple(_parse_one(each, (*place, index)) for index, each in enumerate(description))
    for index, fault in enumerate(faults):
        if len(faults) > 1 and "before" not in fault.points:
            raise ValueError(f"{written((*place, index))}: {fault.kind!r} stands alone, not in a list")
    return Several(faults, max((fault.points for fault in faults), key=_comes_before))


def _comes_before(points: Sequence[Point]) -> bool:
    return points[0] == "before"


def _parse_one(description: object, place: Place) -> Named:
    kind = description.get("kind") if isinstance(description, dict) else None
    if not isinstance(description, dict) or not isinstance(kind, str):
        raise ValueError(f"{written(place)}: {shown(description)} is not an object with a 'kind', or a list of such")  # noqa: TRY004  # of a request, not of a call
    if kind not in KINDS:
        raise ValueError(f"{written((*place, 'kind'))}: {unknown('kind of fault', kind, KINDS)}")
    hold(description, SCHEMAS[kind], place)
    try:
        return KINDS[kind](**{name: value for name, value in description.items() if name != "kind"})
    except ValueError as reason:
        raise ValueError(f"{written(place)}: {reason}") from reason
