"""Replays a recording: sends each request to a fresh world at its recorded instant, and compares the responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal, TypeAlias

from msgspec import Struct, structs

from mockserver.engine.instants import Instant
from mockserver.engine.journal import Exchange
from mockserver.har.exchange import RecordedExchange
from mockserver.http.request import HttpRequest
from mockserver.sdk.loading import ProviderSet
from mockserver.sdk.provider import Provider
from mockserver.worldfile import WorldFile

from .bodies import ParsedBody, parse_body
from .clock import find_clock_offset
from .comparison import TOLERANCE, ResponseDifference, compare_responses
from .correspondence import Correspondence
from .in_process import InProcessWorld, http_request, read_world, with_identifiers
from .rebinding import Rebinding
from .reconstruction import provider_request, route

Verdict: TypeAlias = Literal["matched", "different", "unserved", "skipped", "incomplete"]
"""What a replay says of an exchange. The responses ``matched`` or are ``different``; a request is ``unserved`` if there is no
such operation here, and ``skipped`` if it did not go to a provider; an exchange is ``incomplete`` if the recording lacks what
would be compared. Each is counted by itself."""
VERDICTS: tuple[Verdict, ...] = ("matched", "different", "unserved", "skipped", "incomplete")


class ReplayedExchange(Struct, frozen=True, kw_only=True):
    """A recorded exchange, our response to its request, and their differences."""

    recorded: RecordedExchange
    verdict: Verdict
    differences: tuple[ResponseDifference, ...] = ()
    """Empty if `verdict` is ``matched``, ``skipped`` or ``incomplete``."""
    status: int = 0
    """The status of our response; 0 if the request was not sent to our world."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    exchange: Exchange | None = None
    """The exchange of our world; ``None`` if the request was not sent to it. It has the identifiers of that world."""
    switches: frozenset[str] = frozenset()
    """The names of the switches that were looked at for this exchange, and for what was due before it. A difference may also come
    from one that an earlier exchange has looked at, whose message this one shows."""

    @property
    def is_compared(self) -> bool:
        """Whether the responses were compared."""
        return self.verdict in ("matched", "different")


class PreparedExchange(Struct, frozen=True):
    """What of a recorded exchange does not change from replay to replay."""

    recorded: RecordedExchange
    at: Instant
    """When the request was sent, by the provider's clock."""
    provider: Provider | None
    """``None`` if the request did not go to a provider."""
    operation: str
    """Empty if there is no such operation here."""
    request: HttpRequest
    parsed: ParsedBody


class PreparedRecording(Sequence[PreparedExchange]):
    """A recording whose exchanges are parsed once, in the order of their instants; for those who replay it many times."""

    def __init__(self, recording: Iterable[RecordedExchange], providers: ProviderSet) -> None:
        exchanges = sorted(recording, key=attrgetter("started", "index"))
        self.clock_offset = find_clock_offset(exchanges)
        """The microseconds that are added to the recorded instants for the provider's time; 0 if its clock and that of the
        recording machine agree within 2 seconds."""
        self._exchanges = [self._prepare(each, providers) for each in exchanges]

    def __len__(self) -> int:
        return len(self._exchanges)

    def __getitem__(self, index: Any) -> Any:
        """Return one exchange, or some."""
        return self._exchanges[index]

    def _prepare(self, recorded: RecordedExchange, providers: ProviderSet) -> PreparedExchange:
        request = provider_request(recorded)
        provider, status, _ = route(request, providers)
        operation = ""
        if provider is not None and status == 0:
            operation = provider.parse(request).operation
            if operation not in provider.operations_by_name:
                operation = ""
        return PreparedExchange(
            recorded,
            recorded.started + self.clock_offset,
            provider,
            operation,
            http_request(recorded),
            parse_body(recorded.response_body),
        )


def replay(
    recording: Iterable[RecordedExchange] | PreparedRecording,
    providers: ProviderSet,
    world: Mapping[str, Any] | WorldFile,
    variants: Mapping[str, str] | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> Iterator[ReplayedExchange]:
    """Send each recorded request to a fresh world, in the order and at the instants of the recording, and compare the responses.

    Identifiers that the recorded provider has made up are replaced by ours in later requests. No webhook is sent.

    Args:
        recording: the exchanges; prepared, if it is replayed many times.
        providers: the providers that they may belong to.
        world: the content of a world file, decoded or read.
        variants: the switches that differ from those of the world file.
        tolerance: the seconds by which an instant that a provider makes up may differ from the recorded one.

    Yields:
        The exchanges in the order of their instants.

    Raises:
        WorldFileError: the world file is invalid.
    """
    prepared = recording if isinstance(recording, PreparedRecording) else PreparedRecording(recording, providers)
    if not prepared:
        return
    file = world if isinstance(world, WorldFile) else read_world(world, providers)
    yield from _Replay(providers, file, variants or {}, prepared[0].at, tolerance).run(prepared)


class _Replay:
    """One replay of a recording."""

    def __init__(
        self, providers: ProviderSet, file: WorldFile, variants: Mapping[str, str], begins: Instant, tolerance: float
    ) -> None:
        self._world = InProcessWorld(file, providers, variants, begins)
        self._correspondences = {provider.name: Correspondence() for provider in providers}
        self._rebindings = {
            provider.name: Rebinding(provider, self._correspondences[provider.name]) for provider in providers
        }
        self._tolerance = tolerance

    def run(self, recording: PreparedRecording) -> Iterator[ReplayedExchange]:
        for prepared in recording:
            if prepared.provider is None:
                yield ReplayedExchange(recorded=prepared.recorded, verdict="skipped")
            else:
                self._world.move_to(prepared.at)
                yield self._ask(prepared, prepared.provider)

    def _ask(self, prepared: PreparedExchange, provider: Provider) -> ReplayedExchange:
        recorded, request = prepared.recorded, prepared.request
        correspondence = self._correspondences[provider.name]
        if correspondence.has_renamed:
            request = with_identifiers(request, self._rebindings[provider.name], prepared.operation)
        response, exchange, switches = self._world.ask(request)
        if recorded.method == "HEAD":  # the connection leaves the body out
            response = structs.replace(response, body=b"")
        verdict: Verdict = "incomplete"
        differences: tuple[ResponseDifference, ...] = ()
        if recorded.status and not recorded.missing:
            differences = compare_responses(
                recorded,
                response,
                correspondence,
                provider.generated_fields,
                prepared.operation,
                tolerance=self._tolerance,
                parsed=prepared.parsed,
            )
            verdict = "different" if differences else "matched"
            if differences and not prepared.operation and not _is_like(prepared.parsed, parse_body(response.body)):
                verdict = "unserved"
        return ReplayedExchange(
            recorded=recorded,
            verdict=verdict,
            differences=differences,
            status=response.status,
            headers=response.headers,
            body=response.body,
            exchange=exchange,
            switches=switches,
        )


def _is_like(recorded: ParsedBody, ours: ParsedBody) -> bool:
    """Return whether two bodies have the same outer form, so that the provider has rejected what we reject."""
    return recorded.format == ours.format and _outer_names(recorded) == _outer_names(ours)


def _outer_names(body: ParsedBody) -> object:
    if body.format == "XML":
        return body.value.name, sorted({child.name for child in body.value.children})
    return sorted(body.value) if isinstance(body.value, dict) else type(body.value)


def explain_credentials(replayed: Iterable[ReplayedExchange], providers: ProviderSet) -> str | None:
    """Return a sentence about recorded credentials that no account of the world has; ``None`` if there are none."""
    unknown: dict[str, int] = {}
    for each in replayed:
        exchange = each.exchange
        if each.verdict != "different" or exchange is None or exchange.account is not None or exchange.error is None:
            continue
        provider = providers.by_name.get(exchange.provider or "")
        if provider is None:
            continue
        call = provider.parse(provider_request(each.recorded))
        if call.operation not in provider.operations_by_name or call.defect is not None:
            continue  # rejected before its credentials were looked at
        if call.credential is not None:
            name = f"{call.credential.user!r} of {provider.title}"
            unknown[name] = unknown.get(name, 0) + 1
    if not unknown:
        return None
    count = sum(unknown.values())
    requests = "1 request has" if count == 1 else f"{count} requests have"
    return (
        f"{requests} credentials that no account of the world has: {', '.join(unknown)}. A recording has stand-ins in place of "
        "secrets: add these to the logins of the world, or make the world from the recording"
    )
