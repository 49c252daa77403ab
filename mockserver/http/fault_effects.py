"""The faults of responses: one small class each, and no other code asks which one it is.

A fault turns one `Response` into another and touches nothing else, so what it does can be compared
in a test, and what it does to a connection is the connection's work. A fault changes one aspect of a
response and leaves the rest, so several in a row add up: a delay and a provider error are a late provider error.

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

from mockserver.engine.faults import ConfiguredFault, Draw, Fault, Point, Target
from mockserver.engine.webhook_faults import WEBHOOK_FAULTS
from mockserver.sdk.response import Ending, Pace, Response, ResponseTiming
from mockserver.validation.json_schema import END, Schema, object_schema, validate
from mockserver.validation.messages import Place, format_place, show_value, unknown_name

BuildError: TypeAlias = Callable[[str], Response]
"""Builds the response for the provider error of a name."""

LONGEST_WAIT = 3600
"""The longest delay or pause, in seconds: longer than any client waits."""
LARGEST = 8 * 1024 * 1024
"""The largest body of a fault, in bytes."""


def _number(description: str, least: float = 0, most: float = LONGEST_WAIT) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most, "description": description}


def _count(description: str, least: int, most: int = LARGEST) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def _text(description: str, most: int) -> Schema:
    return {"type": "string", "maxLength": most, "description": description}


_SECONDS = _number(f"a number of seconds from 0 to {LONGEST_WAIT}")


def _delivered(response: Response, **changes: Any) -> Response:
    return structs.replace(response, timing=replace(response.timing, **changes))


def _rewritten(response: Response, body: bytes) -> Response:
    """Return the response with another body, and without the Content-Length of the old one."""
    return _corrupted(structs.replace(response, body=body, headers=_without(response.headers, "content-length")))


def _corrupted(response: Response) -> Response:
    return structs.replace(response, error=None, origin="corrupted")


def _without(headers: Sequence[tuple[str, str]], name: str) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in headers if header[0].lower() != name)


def _broken_off(response: Response, ending: Ending) -> Response:
    """Close or reset the connection without a response. Bytes that an earlier fault lets through are sent first."""
    speaks = response.timing.cut is not None or response.timing.instead is not None
    return _delivered(response, ending=ending, instead=response.timing.instead if speaks else b"")


# ------------------------------------------------------------------------------------------------------- other responses


@dataclass(frozen=True)
class NoFault(ConfiguredFault):
    """No fault. A rule with it, added before other rules, keeps their faults from the requests that it matches."""

    kind = "none"


@dataclass(frozen=True)
class ProviderErrorFault(ConfiguredFault):
    """One of the provider's own errors, in its own format."""

    name: str
    kind = "provider_error"
    options: ClassVar = {"name": _text("the name of a provider error", 100)}
    points: ClassVar = ("before", "after")

    def apply(self, response: Response, build_error: BuildError, /) -> Response:
        """Return the provider error in place of the response."""
        return structs.replace(build_error(self.name), timing=response.timing)


@dataclass(frozen=True)
class StaticResponse(ConfiguredFault):
    """A status and a body, as a gateway in front of the provider would send them."""

    status: int
    body: str = ""
    type: str | None = None
    kind = "static_response"
    options: ClassVar = {
        "status": _count("an HTTP status from 200 to 599", 200, 599),
        "body": _text(f"a text of at most {LARGEST} characters", LARGEST),
        "type": {
            "type": "string",
            "pattern": f"^[!-~][ -~]{{0,199}}{END}",
            "description": "a Content-Type of 1 to 200 printable ASCII characters",
        },
    }
    points: ClassVar = ("before", "after")

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return this status and body; the Content-Type stays that of the response unless one was given."""
        own = tuple(header for header in response.headers if header[0].lower() == "content-type")
        headers = own if self.type is None else (("Content-Type", self.type),)
        return Response(self.status, headers, self.body.encode(), response.timing, origin="overridden")


@dataclass(frozen=True)
class MalformedHttp(ConfiguredFault):
    """A body that no XML or JSON parser accepts, complete and with the announced Content-Type and Content-Length."""

    kind = "malformed"

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return the body with a broken end.

        Its last byte is missing, so a bracket or tag stays open, and two new ones are opened. That is well-formed in
        neither language, whatever stood there, a section of CDATA or a single number too.
        """
        return _rewritten(response, response.body.rstrip()[:-1] + b"<{")


@dataclass(frozen=True)
class WrongLength(ConfiguredFault):
    """A Content-Length that is wrong.

    Too much, and the connection is closed behind the body, while the client waits for the rest. Too little, and the
    connection is kept: the client finds the rest of the body where it expects the next response.
    """

    by: int
    kind = "wrong_length"
    options: ClassVar = {
        "by": {
            **_count(f"a number of bytes from -{LARGEST} to {LARGEST} other than 0", -LARGEST),
            "not": {"const": 0, "description": "0"},
        }
    }

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return the response with the wrong Content-Length."""
        promised = ("Content-Length", str(max(len(response.body) + self.by, 0)))
        headers = (*_without(response.headers, "content-length"), promised)
        ending = Ending.CLOSE if self.by > 0 else response.timing.ending
        return _corrupted(_delivered(structs.replace(response, headers=headers), ending=ending))


# -------------------------------------------------------------------------------------------------------- late and slow


@dataclass(frozen=True)
class Delay(ConfiguredFault):
    """The first byte is sent late."""

    seconds: float
    kind = "delay"
    options: ClassVar = {"seconds": _SECONDS}

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return the response, delayed."""
        return _delivered(response, delay=response.timing.delay + self.seconds)


@dataclass(frozen=True)
class UniformDelay(ConfiguredFault):
    """The first byte is sent late: each delay between two bounds is as likely as another."""

    least: float
    most: float
    kind = "uniform_delay"
    options: ClassVar = {"least": _SECONDS, "most": _SECONDS}

    def __post_init__(self) -> None:
        """Check."""
        if self.most < self.least:
            raise ValueError(f"most is {self.most}, which is less than least, {self.least}")

    def resolve(self, draw: Draw, /) -> Delay:
        """Return the delay that was drawn."""
        return Delay(self.least + (self.most - self.least) * draw())


@dataclass(frozen=True)
class LognormalDelay(ConfiguredFault):
    """The first byte is sent late: mostly a little, sometimes much, as by real servers."""

    median: float
    sigma: float
    """The standard deviation of the delay's logarithm: with 0.5 one delay in forty is above 2.7 times the median."""
    most: float = 60.0
    """The longest delay, in seconds; a longer one that is drawn becomes this."""
    kind = "lognormal_delay"
    options: ClassVar = {
        "median": _number(f"a number of seconds from 0.000001 to {LONGEST_WAIT}", 0.000001),
        "sigma": _number("a number from 0 to 5", 0, 5),
        "most": _SECONDS,
    }

    def resolve(self, draw: Draw, /) -> Delay:
        """Return the delay that was drawn. Two draws make one normal number (Box and Muller)."""
        normal = sqrt(-2 * log(1 - draw())) * cos(2 * pi * draw())
        return Delay(min(exp(log(self.median) + self.sigma * normal), self.most))


@dataclass(frozen=True)
class Slow(ConfiguredFault):
    """The body is sent in pieces."""

    size: int
    """The size of a piece, in bytes."""
    pause: float
    """The pause between two pieces, in seconds."""
    kind = "slow"
    options: ClassVar = {"size": _count(f"a number of bytes from 1 to {LARGEST}", 1), "pause": _SECONDS}

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return the response, to be sent in pieces."""
        return _delivered(response, pace=Pace(self.size, self.pause))


# ------------------------------------------------------------------------------------------------- broken connections


@dataclass(frozen=True)
class Hang(ConfiguredFault):
    """No byte is sent until the client gives up."""

    kind = "hang"

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return a response that is never sent, on a connection that stays open."""
        return _broken_off(response, Ending.HANG)


@dataclass(frozen=True)
class Reset(ConfiguredFault):
    """The connection is reset (RST)."""

    kind = "reset"

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return a response that is never sent, and reset the connection."""
        return _broken_off(response, Ending.RESET)


@dataclass(frozen=True)
class Close(ConfiguredFault):
    """The connection is closed (FIN) without a response."""

    kind = "close"

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return a response that is never sent, and close the connection."""
        return _broken_off(response, Ending.CLOSE)


@dataclass(frozen=True)
class Cut(ConfiguredFault):
    """The connection is closed in the middle of the body. A body that is no longer than that stays whole."""

    keep: int
    """The number of bytes of the body that are sent."""
    kind = "cut"
    options: ClassVar = {"keep": _count(f"a number of bytes from 0 to {LARGEST}", 0)}

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return the beginning of the response."""
        return _delivered(response, cut=self.keep)


GARBAGE = bytes((71 * place + 139) % 256 for place in range(256)) + b"\r\n\r\n"
"""All 256 bytes, in an order that is not HTTP."""


@dataclass(frozen=True)
class Garbage(ConfiguredFault):
    """Bytes that are not HTTP, and the connection is closed."""

    base64: str | None = None
    """The bytes in base64; `GARBAGE` when none are given."""
    kind = "garbage"
    options: ClassVar = {"base64": _text(f"base64 of at most {LARGEST} characters", LARGEST)}

    def __post_init__(self) -> None:
        """Check."""
        try:
            b64decode(self.base64 or "", validate=True)
        except (binascii.Error, ValueError) as reason:
            raise ValueError(f"base64 is not base64: {reason}") from reason

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return the bytes in place of the response."""
        return _delivered(response, instead=GARBAGE if self.base64 is None else b64decode(self.base64))


# ---------------------------------------------------------------------------------------------------------- replayed responses


@dataclass(frozen=True)
class ReplayNext(ConfiguredFault):
    """The next request that the rule matches gets the response of this one, and is not executed."""

    kind = "replay"
    points: ClassVar = ("after",)

    def next_fault(self, response: Response, /) -> Replay:
        """Return the fault that gives this response to the next request."""
        return Replay(response)


@dataclass(frozen=True)
class Replay(Fault):
    """An earlier response. No rule can name this fault: `ReplayNext` creates it."""

    response: Response

    def apply(self, response: Response, _build_error: BuildError, /) -> Response:
        """Return the earlier response in place of the new one."""
        return structs.replace(self.response, timing=response.timing, origin="replayed")

    def to_json(self) -> dict[str, Any]:
        """Return the fault that created it as JSON."""
        return {"kind": ReplayNext.kind}


# ----------------------------------------------------------------------------------------------------------------- several


@dataclass(frozen=True)
class FaultChain(Fault):
    """Several faults that are applied to the same response, one after the other."""

    faults: tuple[Fault, ...]
    points: tuple[Point, ...] = ("after", "before")
    """As `ConfiguredFault.points`."""

    def apply(self, response: Response, build_error: BuildError, /) -> Response:
        """Return the response after all faults."""
        for fault in self.faults:
            response = fault.apply(response, build_error)
        return response

    def resolve(self, draw: Draw, /) -> FaultChain:
        """Return the chain with each fault resolved, in the same order."""
        return replace(self, faults=tuple(fault.resolve(draw) for fault in self.faults))

    def to_json(self) -> list[Any]:
        """Return the list of faults as JSON."""
        return [fault.to_json() for fault in self.faults]


# ------------------------------------------------------------------------------------------------------------------ JSON

RESPONSE_FAULTS: Mapping[str, type[ConfiguredFault]] = {
    fault.kind: fault
    for fault in (
        *(
            NoFault,
            ProviderErrorFault,
            StaticResponse,
            MalformedHttp,
            WrongLength,
            Delay,
            UniformDelay,
            LognormalDelay,
            Slow,
        ),
        *(Hang, Reset, Close, Cut, Garbage, ReplayNext),
    )
}
"""Every fault of a response, by name."""

FAULT_TYPES: tuple[type, ...] = (*RESPONSE_FAULTS.values(), FaultChain, Replay, Response, ResponseTiming, Pace, Ending)
"""The classes of faults of responses, and of what they hold."""

FAULTS: Mapping[Target, Mapping[str, type[ConfiguredFault]]] = {"response": RESPONSE_FAULTS, "webhook": WEBHOOK_FAULTS}
"""Every fault that a rule can name, by target and name."""


def _schema(fault: type[ConfiguredFault]) -> Schema:
    return object_schema(
        f"an object that describes the fault {fault.kind!r}",
        ["kind", *(option.name for option in fields(fault) if option.default is MISSING)],
        kind={"const": fault.kind, "description": repr(fault.kind)},
        **fault.options,
    )


SCHEMAS: Mapping[Target, Mapping[str, Schema]] = {
    target: {kind: _schema(fault) for kind, fault in faults.items()} for target, faults in FAULTS.items()
}
"""The JSON Schema of every fault, by target and name."""


MOST_FAULTS = 100
"""The number of faults that can act in one rule, one after the other."""


def parse(description: object, target: Target = "response", place: Place = ("fault",)) -> ConfiguredFault | FaultChain:
    """Read a fault, or a list of faults that act in this order.

    Args:
        description: JSON such as ``{"kind": "delay", "seconds": 2}``.
        target: what goes wrong; a webhook has one fault, not a list.
        place: where it stands in what was sent, for the sentence.

    Raises:
        ValueError: it is none; one sentence says what is wrong and, of a misspelt word, which one is near.
    """
    if not isinstance(description, list):
        return _parse_one(description, target, place)
    if not 0 < len(description) <= MOST_FAULTS:
        found = "an empty list" if not description else f"a list of {len(description)}"
        raise ValueError(f"{format_place(place)}: {found} is not a list of 1 to {MOST_FAULTS} faults")
    faults = tuple(_parse_one(each, target, (*place, index)) for index, each in enumerate(description))
    for index, fault in enumerate(faults):
        if target == "webhook" or (len(faults) > 1 and "before" not in fault.points):
            raise ValueError(f"{format_place((*place, index))}: {fault.kind!r} stands alone, not in a list")
    return FaultChain(faults, max((fault.points for fault in faults), key=_comes_before))


def _comes_before(points: Sequence[Point]) -> bool:
    return points[0] == "before"


def _parse_one(description: object, target: Target, place: Place) -> ConfiguredFault:
    kind = description.get("kind") if isinstance(description, dict) else None
    if not isinstance(description, dict) or not isinstance(kind, str):
        difference = f"{show_value(description)} is not an object with a 'kind', or a list of such"
        raise ValueError(f"{format_place(place)}: {difference}")  # noqa: TRY004  # of a request, not of a call
    faults = FAULTS[target]
    if kind not in faults:
        others = [f"{kind!r} is a fault of a {other}" for other in FAULTS if other != target and kind in FAULTS[other]]
        why = f"{others[0]}, not of a {target}" if others else unknown_name(f"kind of {target} fault", kind, faults)
        raise ValueError(f"{format_place((*place, 'kind'))}: {why}")
    validate(description, SCHEMAS[target][kind], place)
    try:
        return faults[kind](**{name: value for name, value in description.items() if name != "kind"})
    except ValueError as reason:
        raise ValueError(f"{format_place(place)}: {reason}") from reason
