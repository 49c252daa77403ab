"""The handling of provider requests, for both ways in: route, world, fault, decision, response, journal."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - the codec of host_name, which Python would import when it is first used
import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from msgspec import structs

from mockserver.engine.event_log import StoreUnavailable, WorldDropped
from mockserver.engine.faults import NO_FAULT, SelectedFault
from mockserver.engine.instants import SECOND, http_date
from mockserver.engine.journal import Exchange
from mockserver.engine.messages import account_key
from mockserver.sdk.request import ProviderRequest
from mockserver.sdk.response import AT_ONCE, Answer, Deferred, Offload, Response
from mockserver.sdk.serialization_cache import SerializationCache
from mockserver.unpatched import MachineClock
from mockserver.validation.suggestions import nearest_paths

from . import log_line
from .clock_moves import MoveResponse
from .control_error import build_error
from .fault_rules import request_facts
from .host import MISSING, is_host
from .invalid_request import read_partially
from .request import LONGEST_CACHED, HttpRequest
from .router import Router
from .trusted_proxies import FORWARDING_HEADERS, TrustedProxies, read_forwarded
from .url_display import readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mockserver.engine.decisions import Decision
    from mockserver.engine.registry import WorldRegistry
    from mockserver.engine.world import World
    from mockserver.sdk.operations import Call
    from mockserver.sdk.provider import Provider

    from .masking import Masking
    from .request_parser import InvalidRequest

log = logging.getLogger("mockserver")
exchange_log = logging.getLogger("mockserver.exchange")

CONTROL = "/_mock/"
"""The control API and the page; providers have no such path."""
PREFIX = "/_w/"
"""``/_w/ID/...`` is ``/...`` in the world of that id."""
OWN_PATHS = ("/", "/livez", "/readyz")
"""The paths outside the control API that are the server's own, except at a provider's host: the index and the probes."""
WORLD_HEADER = "x-mockserver-world"
"""The header that names a world."""

LONG_BODY, LONG_HEAD, MANY_HEADERS = 8 * 1024, 4 * 1024, 100
"""The bytes of a body, the characters of the target and of the headers' values, and the headers of a request, above which it
is handled off the event loop."""
MANY_RESULTS = 500
"""The messages of a result above which it is rendered off the event loop."""
MANY_MESSAGES = 5_000
"""The messages of an account above which an operation that may look at all of them runs off the event loop."""

Adapt: TypeAlias = Callable[[Response], Response]

_UNUSUAL = frozenset(("/_", "//"))
"""How the paths begin that may be the control API's, or name a world."""
_HOST_NAME = re.compile(r"(?P<name>[a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::[0-9]*)?", re.ASCII | re.IGNORECASE)
_BODILESS = frozenset({*range(100, 200), 204, 304})


class WrongWorld(Exception):
    """The request names a world that does not exist, or one that is not its listener's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Handler:
    """Responds to provider requests, and records each in the journal of its world."""

    def __init__(
        self,
        registry: WorldRegistry,
        providers: Sequence[Provider],
        masking: Masking,
        *,
        shows_exchange: bool = True,
        trusted_proxies: str = "private",
        own_paths: Sequence[str] = OWN_PATHS,
        on_end: Callable[[Exchange], object] | None = None,
    ) -> None:
        """Create a handler.

        Args:
            registry: the worlds.
            providers: the providers that are served.
            masking: masks secrets in journal and log.
            shows_exchange: whether the response to a request that failed has the exchange's number in
                ``X-Mockserver-Exchange``.
            trusted_proxies: the peers whose `Forwarded` and `X-Forwarded-*` headers count, as `TrustedProxies` reads them.
            own_paths: the paths outside the control API that are the server's own, except at a provider's host.
            on_end: called with each exchange when it has ended.

        Raises:
            ValueError: the proxies cannot be read.
        """
        self.registry = registry
        self.router = router_of(tuple(providers), tuple(own_paths))
        self._on_end = on_end
        self._masking = masking
        self._cache = SerializationCache()
        self._shows_exchange = shows_exchange
        self._trusted_proxies = TrustedProxies(trusted_proxies)

    def respond(  # noqa: C901 - the steps of every request, in their order; a call for each would cost more
        self, request: HttpRequest, mount: str = "", adapt: Adapt | None = None, *, is_on_loop: bool = True
    ) -> Response | Offload | None:
        """Respond to a request; return ``None`` for the control API, the page, the index and the probes, which are no provider's.

        A request to worlds that are kept in a store is answered off the event loop, in one transaction of its world.

        Args:
            request: the request as it was received.
            mount: the path under which the server is mounted; not a part of `request.path`.
            adapt: replaces a response that a WSGI server cannot send; ``None`` under our own server, which sends everything.
            is_on_loop: whether this may be the event loop's thread, on which no store is asked.
        """
        store = self.registry.store
        find_world = self.registry.known if is_on_loop or store is None else self.registry.get
        path = request.path
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "replace")
        names: list[str] = []
        if path[:2] in _UNUSUAL:
            path, names = split_prefix(path)
            if is_control(path) and ((is_on_loop and store is not None) or all(map(find_world, names))):
                return None
            path = normal_path(path)
        fields = request.fields
        scheme = request.scheme
        host = fields.get("host") or _unnamed_host(request)
        if not FORWARDING_HEADERS.isdisjoint(fields) and self._trusted_proxies.trust(request.client):
            scheme, host, removed = read_forwarded(fields, scheme, host)
            mount = removed + mount
        is_websocket = "upgrade" in fields and wants_websocket(fields)
        routed = self.router.find(request.method, path, host, is_websocket)
        if routed.provider is None and routed.status == 0 and all(map(find_world, names)):
            return None
        exchange = Exchange(request.method, request.target, request.headers, request.body, request.listener)
        request.begun = MachineClock.monotonic_ns()
        headers, listener = request.headers, request.listener
        bound = None if listener is None else self.registry.world_for_listener(listener)
        prefix = f"{mount}{PREFIX}{names[0]}" if names else mount
        if WORLD_HEADER in fields:
            names.append(fields[WORLD_HEADER])
            headers = tuple(header for header in headers if header[0].lower() != WORLD_HEADER)
            fields = {name: value for name, value in fields.items() if name != WORLD_HEADER}
        provider_request = ProviderRequest(
            request.method,
            path,
            request.query.encode("latin-1"),
            headers,
            fields,
            request.body,
            scheme,
            host,
            prefix,
            request.is_too_large,
            bound is not None or bool(names),
        )
        if store is not None:
            received = _Received(request, provider_request, exchange, routed, bound, names, adapt)
            return Offload(self._key_of(received), partial(self._respond_in_transaction, received), is_heavy=False)
        try:
            if names:
                bound = self._named_world(bound, names)
        except WrongWorld as reason:
            response = build_error(reason.status, reason.code, str(reason))
        else:
            answer = self._respond(routed, provider_request, exchange, bound)
            if isinstance(answer, Offload):
                return self._offload(request, exchange, bound, path, answer, adapt)
            response = answer
        return self._record(request, exchange, bound, path, response, adapt)

    def _key_of(self, received: _Received) -> str:
        """Return the id of the world whose request this probably is, without asking the store."""
        if received.names:
            return received.names[0]
        if received.bound is not None:
            return received.bound.id
        provider, status, _ = received.routed
        if provider is None or status or self._is_long(received.provider_request, received.exchange):
            return self.registry.default.id
        return self.registry.known_owner(_parse(provider, received.provider_request).credential).id

    def _respond_in_transaction(self, received: _Received) -> Answer:
        """Respond to a request and record it, in one transaction of its world: it is durable when this returns."""
        request, provider_request, exchange, routed, bound, names, adapt = received
        provider = routed.provider
        try:
            call = None if provider is None or routed.status else _parse(provider, provider_request)
            while True:
                try:
                    if names:
                        bound = self._named_world(received.bound, names)
                except WrongWorld as reason:
                    response = build_error(reason.status, reason.code, str(reason))
                    return self._record(request, exchange, received.bound, provider_request.path, response, adapt)
                world = bound or self.registry.world_for_credential(None if call is None else call.credential)
                try:
                    with world.lock:
                        if self.registry.is_current:
                            answer = self._respond(
                                routed, provider_request, exchange, bound, is_on_loop=False, call=call
                            )
                            if isinstance(answer, Offload):  # it waits for the receivers of webhooks
                                return self._offload(request, exchange, bound, provider_request.path, answer, adapt)
                            return self._record(request, exchange, bound, provider_request.path, answer, adapt)
                except WorldDropped:
                    if received.bound is not None:
                        raise
                self.registry.sync()
        except (StoreUnavailable, WorldDropped) as reason:
            log.warning("%s %s was not handled: %s", request.method, provider_request.path, reason)
            return self._unavailable(provider, provider_request, str(reason))

    def _unavailable(self, provider: Provider | None, request: ProviderRequest, reason: str) -> Response:
        """Return the response where the store fails: the provider's to an error of its server. It is in no journal."""
        if provider is None:
            return build_error(503, "store_unavailable", reason)
        response = provider.reject(structs.replace(request, variants=self.registry.variants), 500)
        length = str(len(response.body))
        return structs.replace(response, headers=(*response.headers, ("Content-Length", length)))

    def _offload(
        self,
        request: HttpRequest,
        exchange: Exchange,
        bound: World | None,
        path: str,
        offload: Offload,
        adapt: Adapt | None,
    ) -> Offload:
        """Return what computes a response on another thread, and records the exchange there."""

        def record(answer: Response | Offload) -> Response | Offload:
            if isinstance(answer, Offload):
                return self._offload(request, exchange, bound, path, answer, adapt)
            return self._record(request, exchange, bound, path, answer, adapt)

        def compute() -> Answer:
            answer = offload.compute()
            if isinstance(answer, Deferred):
                answer.then = record
                return answer
            assert isinstance(answer, Response | Offload)  # a provider has no streams
            return record(answer)

        return structs.replace(offload, compute=compute)

    def _respond(
        self,
        routed: Routed,
        request: ProviderRequest,
        exchange: Exchange,
        bound: World | None,
        is_on_loop: bool = True,
        decided: DecidedRequest | None = None,
        follows: bool = True,
        call: Call | None = None,
    ) -> Response | Offload:
        """Respond to a request; where that takes long, or would wait, return what does it off the event loop.

        Args:
            routed: its provider, if it has one.
            request: the request.
            exchange: gets the decision, and the fault if one is applied.
            bound: the world of the listener, prefix or header.
            is_on_loop: whether this is the event loop's thread, on which nothing waits.
            decided: what was decided on the event loop already.
            follows: whether the world's clock, if it follows another one, is moved before.
            call: the request as the provider has parsed it; ``None`` if it has not.
        """
        provider, status, allow = routed
        if is_on_loop and self._is_long(request, exchange):
            key = "" if bound is None else bound.id
            return self._later(key, routed, request, exchange, bound)
        if provider is None:
            return self._without_provider(request.path, status, allow)
        try:
            if status == 0:
                return self.handle(provider, request, exchange, bound, is_on_loop, decided, follows, call)
            if is_on_loop and (world := bound or self.registry.default).lock.locked():
                return self._later(world.id, routed, request, exchange, bound)
            if follows and (world := bound or self.registry.default).time_source is not None:
                return self._follow(world, routed, request, exchange, bound)
            return self.handle_unmatched(provider, request, exchange, bound, status)
        except (StoreUnavailable, WorldDropped):
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return self.handle_unmatched(provider, request, exchange, bound, 500)

    def handle(
        self,
        provider: Provider,
        request: ProviderRequest,
        exchange: Exchange,
        bound: World | None,
        is_on_loop: bool = False,
        decided: DecidedRequest | None = None,
        follows: bool = True,
        call: Call | None = None,
    ) -> Response | Offload:
        """Respond to a request for one of a provider's operations.

        Args:
            provider: the provider of the operation.
            request: the request.
            exchange: gets the decision, and the fault if one is applied.
            bound: the world of the listener, prefix or header; without one the credential's world is used.
            is_on_loop: whether this is the event loop's thread. There a request is not decided while another thread holds
                the world's lock, or where every message of a large world may be looked at, and a large result is not rendered.
            decided: what was decided on the event loop already.
            follows: whether the world's clock, if it follows another one, is moved before.
            call: the request as the provider has parsed it; ``None`` if it has not.
        """
        if decided is not None:
            call, world, selected, decision, variants = decided
        else:
            call = provider.parse(request) if call is None else call
            if call.defect is not None:  # by its traceback it keeps the function that has found it, and so itself
                call.defect.drop_traceback()
            world = bound or self.registry.world_for_credential(call.credential)
            if is_on_loop and (
                world.lock.locked()
                or world.state.fault_rules.slow
                or (world.state.message_store.next_serial > MANY_MESSAGES and _looks_at_many(provider, call, world))
            ):
                return self._later(world.id, Routed(provider, 0), request, exchange, bound)
            if follows and world.time_source is not None:
                return self._follow(world, Routed(provider, 0), request, exchange, bound)
            decide = partial(provider.decide, call)
            if world.state.fault_rules.by_id:
                facts = request_facts(exchange.method, request.path, exchange.head, provider.name, call)
                selected, decision = world.execute_with_fault(facts, decide)
            else:
                selected, decision = NO_FAULT, world.execute(decide)
            is_kept = selected.point != "before"
            variants = world.state.variants
            exchange.set_decision(
                world.id, provider.name, call.operation, decision, call.values, variants, is_kept=is_kept
            )
            if is_on_loop and decision.size > MANY_RESULTS:
                decided = DecidedRequest(call, world, selected, decision, variants)
                return self._later(world.id, Routed(provider, 0), request, exchange, bound, decided)
        response = provider.render(decision, call, variants, self._cache)
        if selected is not NO_FAULT:
            reject = partial(_reject, provider, decision, call, request, variants, self._cache)
            response = apply_fault(world, exchange, selected, response, reject)
        if selected is not NO_FAULT or response.timing is not AT_ONCE:  # else the response is what was decided
            exchange.set_origin(response.delivered_origin, response.error)
        return response

    @staticmethod
    def _is_long(request: ProviderRequest, exchange: Exchange) -> bool:
        """Return whether it takes milliseconds to parse and to mask a request."""
        return (
            len(request.body) > LONG_BODY
            or len(exchange.target) > LONG_HEAD
            or len(exchange.head) > MANY_HEADERS
            or sum(map(len, (request.fields or {}).values())) > LONG_HEAD
        )

    def _later(
        self,
        key: str,
        routed: Routed,
        request: ProviderRequest,
        exchange: Exchange,
        bound: World | None,
        decided: DecidedRequest | None = None,
    ) -> Offload:
        """Return what continues `_respond` off the event loop; ``key`` is that of `Offload`."""
        respond = partial(self._respond, routed, request, exchange, bound, is_on_loop=False, decided=decided)
        return Offload(key, respond)

    def _follow(
        self, world: World, routed: Routed, request: ProviderRequest, exchange: Exchange, bound: World | None
    ) -> Response | Offload:
        """Move the clock of a world that follows another one, and respond then; no thread waits for its attempts."""
        respond = partial(self._respond, routed, request, exchange, bound, is_on_loop=False, follows=False)
        move = world.begin_follow()
        if move is None:
            return respond()
        answer = MoveResponse(move, world.id, lambda _: respond(), _raise).begin()
        assert isinstance(answer, Response | Offload)
        return answer

    def handle_unmatched(
        self, provider: Provider, request: ProviderRequest, exchange: Exchange, bound: World | None, status: int
    ) -> Response:
        """Respond to a request that reached a provider's host or prefix but no operation, or with status 500 to one that failed."""
        decided = exchange.world and self.registry.known(
            exchange.world
        )  # the provider's code failed after its decision
        world = decided or bound or self.registry.default
        if not decided:
            exchange.provider, exchange.world, exchange.at = provider.name, world.id, world.instant()
        facts = request_facts(exchange.method, request.path, exchange.head, provider.name)
        selected = world.choose_fault(facts, exchange.at) if world.state.fault_rules.by_id else NO_FAULT
        response = provider.reject(structs.replace(request, variants=world.state.variants), status)
        exchange.result = response.error
        if selected is not NO_FAULT:
            response = apply_fault(
                world, exchange, selected, response, lambda _name: response
            )  # no operation, no error of one
        exchange.set_origin(response.delivered_origin, response.error)
        return response

    def reject_invalid(self, invalid: InvalidRequest, listener: str | None) -> Response | Offload | None:
        """Record bytes that are not an HTTP request, and return the response of the provider whose path or host they name.

        Where worlds are kept in a store, it is recorded off the event loop, and the response has a text if no provider is named.

        Args:
            invalid: what was received, and why it cannot be read.
            listener: the name of the listener that received it.

        Returns:
            The provider's response; ``None`` where no provider is named.
        """
        if self.registry.store is None:
            return self._reject_invalid(invalid, listener)
        text = Response(int(invalid.status), _PLAIN_TEXT, f"{invalid.reason}\n".encode())

        def compute() -> Response:
            try:
                return self._reject_invalid(invalid, listener) or text
            except (StoreUnavailable, WorldDropped) as reason:
                log.warning("bytes that are no HTTP were not recorded: %s", reason)
                return text

        return Offload("", compute, is_heavy=False)

    def _reject_invalid(self, invalid: InvalidRequest, listener: str | None) -> Response | None:
        exchange = Exchange("", "", (), invalid.raw, listener, invalid_reason=invalid.reason)
        exchange.status, exchange.response_body = int(invalid.status), invalid.reason.encode()
        exchange.finish(0, "broken")
        bound = self.registry.world_for_listener(listener)
        request = read_partially(invalid.raw)
        response = None
        if request is not None:
            path, names = split_prefix(request.path.encode("latin-1").decode("utf-8", "replace"))
            bound = bound or next(filter(None, map(self.registry.get, names)), None)
            response = self._render_invalid(request, path, exchange, bound, invalid.status)
        if response is None:
            self._world_of(exchange, bound).record_exchange(exchange)
            if self._on_end is not None:
                self._on_end(exchange)
        else:
            response = self._record(HttpRequest("", "", "", ""), exchange, bound, "", response)
        exchange_log.info("bytes that are no HTTP -> %d %s", exchange.status, invalid.reason)
        return response

    def _render_invalid(
        self, request: HttpRequest, path: str, exchange: Exchange, bound: World | None, status: int
    ) -> Response | None:
        """Return the provider's response to a request that can be read in part; ``None`` if it is no provider's."""
        host = request.fields.get("host", "")
        provider = self.router.find(request.method, path, host).provider
        if provider is None:
            return None
        world = bound or self.registry.default
        provider_request = ProviderRequest(
            request.method,
            path,
            request.query.encode("latin-1"),
            request.headers,
            request.fields,
            host=host,
            is_bound=bound is not None,
            variants=world.state.variants,
        )
        try:
            response = provider.reject(provider_request, 500 if status == 500 else 400)
        except Exception:
            log.exception("%s cannot answer what is no HTTP request", provider.title)
            return None
        exchange.provider = provider.name
        exchange.result = exchange.error = response.error
        return structs.replace(response, status=int(status))

    def record(self, request: HttpRequest, response: Response) -> Response:
        """Record an exchange without a provider, such as one of the proxy's; return the response with the headers that are sent."""
        exchange = Exchange(request.method, request.target, request.headers, request.body, request.listener)
        exchange.error = response.error
        return self._record(
            request, exchange, self.registry.world_for_listener(request.listener), request.path, response
        )

    def _named_world(self, bound: World | None, names: Sequence[str]) -> World:
        """Return the world of a request that names one.

        Args:
            bound: the listener's world.
            names: the ids in the prefix and in the header; the first is used.

        Raises:
            WrongWorld: there is no such world, or the listener is bound to another one.
        """
        worlds = []
        for name in names:
            world = self.registry.known(name) or self.registry.get(name)  # its transaction shows whether it was dropped
            if world is None:
                raise WrongWorld(404, "no_such_world", f"there is no world {name!r}")
            if bound is not None and world is not bound:
                raise WrongWorld(
                    400, "wrong_world", f"this listener belongs to world {bound.id!r}, but the request names {name!r}"
                )
            worlds.append(world)
        return worlds[0]

    def _without_provider(self, path: str, status: int, allow: str) -> Response:
        """Respond to a request that is no provider's: name similar paths, or the methods that the path takes."""
        path = normal_path(path)
        if status == 404:
            near = [readable(pattern) for pattern in nearest_paths(path, self.router.addresses, 5)]
            meant = f"did you mean {near[0]}?" if near else "GET / lists the routes"
            return build_error(404, "not_found", f"there is no {path} here; {meant}", near)
        if status == 405:
            return build_error(405, "method_not_allowed", f"{path} takes {allow}", allow=allow)
        return build_error(
            status, "bad_request", "the Host header is missing or names no host, or the request asks for a WebSocket"
        )

    def _record(
        self,
        request: HttpRequest,
        exchange: Exchange,
        bound: World | None,
        path: str,
        response: Response,
        adapt: Adapt | None = None,
    ) -> Response:
        """Record an exchange, and return the response with the headers that are sent."""
        if adapt is not None:
            adapted = adapt(response)
            if adapted is not response:
                exchange.set_origin("overridden", None)
                response = adapted
        world = self._world_of(exchange, bound)
        headers, names = response.headers, {name.lower() for name, _ in response.headers}
        if exchange.provider is not None and "date" not in names:  # a replayed response has its date
            headers = (*headers, ("Date", http_date(exchange.at // SECOND)))
        if "content-length" not in names and response.status not in _BODILESS:
            headers = (*headers, ("Content-Length", str(len(response.body))))
        exchange.status, exchange.response_head, exchange.response_body = response.status, headers, response.body
        world.record_exchange(exchange)
        if exchange_log.isEnabledFor(logging.INFO):
            self._log(exchange, path)
        if self._shows_exchange and (exchange.error or exchange.fault or exchange.status >= 400):
            headers = (*headers, ("X-Mockserver-Exchange", str(exchange.number)))
            exchange.response_head = headers
        is_stored = self.registry.store is not None
        finish = partial(world.finish_exchange, exchange) if is_stored else exchange.finish
        request.on_finish = partial(finish, begun=request.begun)
        if self._on_end is not None:
            request.on_finish = partial(self._end, exchange, request.on_finish)
        return structs.replace(response, headers=headers)

    def _end(self, exchange: Exchange, finish: Callable[[int, str], None], sent: int, ending: str) -> None:
        """Finish an exchange, and tell that it has ended."""
        finish(sent, ending)
        assert self._on_end is not None
        self._on_end(exchange)

    def _world_of(self, exchange: Exchange, bound: World | None) -> World:
        """Return the world whose journal gets an exchange, and mask the exchange's secrets."""
        world = (exchange.world and self.registry.known(exchange.world)) or bound or self.registry.default
        if exchange.world is None:
            exchange.world, exchange.at = world.id, world.instant()
        if exchange.account is None:
            if self.registry.store is None:
                self._masking.apply_to_new(exchange)
            else:
                self._masking.apply_to_stored(exchange)
        return world

    def _log(self, exchange: Exchange, path: str) -> None:
        is_plain = exchange.outcome in ("accepted", "answered")
        level = logging.DEBUG if is_plain and exchange.fault is None else logging.INFO
        if exchange_log.isEnabledFor(level):
            target = self._masking.target(exchange.target)
            why = log_line.reason(exchange, path, self.router.addresses)
            said = f"{target} -> {exchange.status}{why and f' {why}'}"
            message = self._masking.mask_data(exchange.world, said)
            exchange_log.log(level, "%s %s", exchange.method, message, extra={"facts": partial(self._facts, exchange)})

    def _facts(self, exchange: Exchange) -> dict[str, Any]:
        """Return the facts of an exchange for a log that is JSON."""
        facts: dict[str, Any] = self._masking.mask_data(exchange.world, log_line.facts(exchange))
        return facts


def _looks_at_many(provider: Provider, call: Call, world: World) -> bool:
    """Return whether a call may look at many messages, or at any while many are not in the index yet."""
    operation = provider.operations_by_name.get(call.operation)
    if operation is None:
        return False
    state = world.state
    if operation.is_repeatable and state.message_store.unindexed > MANY_RESULTS:
        return True
    if not operation.looks_through or call.credential is None:
        return False
    account = state.account_of(call.credential)
    return account is not None and state.message_store.size(account_key(account.key)) > MANY_MESSAGES


_PLAIN_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)


class _Received(NamedTuple):
    """A request to worlds that are kept in a store."""

    request: HttpRequest
    provider_request: ProviderRequest
    exchange: Exchange
    routed: Routed
    bound: World | None
    """The world of its listener."""
    names: list[str]
    """The ids of worlds in its prefix and header."""
    adapt: Adapt | None


class DecidedRequest(NamedTuple):
    """What was decided about a request whose response is rendered later."""

    call: Call
    world: World
    selected: SelectedFault
    decision: Decision
    variants: Mapping[str, str]
    """The world's at that moment."""


class Routed(NamedTuple):
    """The provider and status that the router found for a request."""

    provider: Provider | None
    """``None`` when neither path nor host is a provider's."""
    status: int
    """0 when the request is for an operation; else 400, 404 or 405."""
    allow: str = ""
    """The methods that the path takes, with status 405."""


class ProviderRouter:
    """Finds the provider of a request by method, path and host.

    It decides 404, 405, HEAD, OPTIONS and requests that cannot be routed, once for both ways in.
    """

    def __init__(self, providers: Iterable[Provider], own_paths: Iterable[str]) -> None:
        self._providers = tuple(providers)
        routes = ((route.method, route.path, provider) for provider in self._providers for route in provider.routes)
        self._router = Router((*routes, *(("GET", path, None) for path in own_paths)))
        self.patterns = self._router.patterns
        """Pattern -> method -> provider; ``None`` for the server's own paths."""
        self.addresses = tuple(pattern for pattern in self.patterns if "<path:" not in pattern)
        """The patterns without those that match any path."""
        self._hosts = {host: provider for provider in self._providers for host in provider.hosts}
        self._prefixes = tuple((tuple(provider.prefixes), provider) for provider in self._providers)

    def find(self, method: str, path: str, host: str, is_websocket: bool = False) -> Routed:
        """Find the provider of a request.

        Args:
            method: in capitals.
            path: decoded, without the prefix that names a world.
            host: the Host header, or the server's address if there is none.
            is_websocket: whether the request asks for a WebSocket, which no operation offers.
        """
        name = (host_name if len(host) <= LONGEST_CACHED else host_name.__wrapped__)(host)
        methods = self._router.fixed.get(path)
        if methods is None:
            path = normal_path(path)
            methods, _ = self._router.at(path)
        status, allow = 0, ""
        if name is None:
            status = 400
        elif not methods:
            status = 404
        elif method not in methods:
            status, allow = 405, ", ".join(sorted(methods))
        elif is_websocket:
            status = 400
        if status == 0 and methods[method] is not None:
            return Routed(methods[method], 0)
        return self._without_operation(path, name or "", status, allow)

    def _without_operation(self, path: str, host: str, status: int, allow: str) -> Routed:
        """Find the provider of a request without an operation: that of the host, else that of the path."""
        owners = [provider for prefixes, provider in self._prefixes if f"{path}/".startswith(prefixes)]
        at_host = self._hosts.get(host)
        if at_host is None:
            provider = owners[0] if owners else None
            return Routed(provider, status, allow)
        # A path of another provider, or of ours, does not exist at a provider's host.
        is_its_path = at_host in owners
        return Routed(at_host, status if is_its_path or status == 400 else 404)


def _parse(provider: Provider, request: ProviderRequest) -> Call:
    """Return a request as its provider has parsed it, without what its defect keeps of the function that has found it."""
    call = provider.parse(request)
    if call.defect is not None:
        call.defect.drop_traceback()
    return call


@lru_cache(maxsize=8)
def router_of(providers: tuple[Provider, ...], own_paths: tuple[str, ...]) -> ProviderRouter:
    """Return the router of some providers, created once in a process."""
    return ProviderRouter(providers, own_paths)


def _unnamed_host(request: HttpRequest) -> str:
    """Return the host of a request whose Host header is empty or missing: the server's address, where HTTP allows that."""
    if request.version == "HTTP/1.1" and "host" not in request.fields:
        return MISSING
    host, port = request.server or ("localhost", None)
    is_default = port is None or port == {"http": 80, "https": 443}.get(request.scheme)
    return host if is_default else f"{host}:{port}"


@lru_cache(maxsize=256)
def host_name(host: str) -> str | None:
    """Return the name in a Host header, in lower case; ``""`` if it is no provider's, ``None`` if it cannot be a host's name."""
    found = _HOST_NAME.fullmatch(host)
    if found is None:
        return "" if is_host(host) else None
    name = found["name"].lower()
    try:
        name.encode("idna")
    except UnicodeError:  # an empty label, or one that is too long
        return None
    return name


def normal_path(path: str) -> str:
    """Return a path with exactly one slash at its beginning."""
    return path if path[:1] == "/" and path[:2] != "//" else "/" + path.lstrip("/")


def is_control(path: str) -> bool:
    """Return whether a path belongs to the control API or the page."""
    return f"{normal_path(path)}/".startswith(CONTROL)


def wants_websocket(fields: Mapping[str, str]) -> bool:
    """Return whether a request asks to become a WebSocket."""
    connection = fields.get("connection", "").lower().split(",")
    return fields["upgrade"].lower() == "websocket" and any(option.strip(" \t") == "upgrade" for option in connection)


def split_prefix(path: str) -> tuple[str, list[str]]:
    """Return a path without the prefix that names a world, and the id of that world, if there is such a prefix."""
    if not path.startswith(PREFIX):
        return path, []
    name, slash, rest = path[len(PREFIX) :].partition("/")
    return slash + rest or "/", [name]


def apply_fault(
    world: World,
    exchange: Exchange,
    selected: SelectedFault,
    response: Response,
    build_error: Callable[[str], Response],
) -> Response:
    """Apply the fault to the response and record it on the exchange."""
    exchange.fault = {"rule": selected.rule, "point": selected.point, "fault": selected.fault.to_json()}
    changed: Response = selected.fault.apply(response, build_error)
    replay = selected.fault.next_fault(changed)
    if replay is not None:
        world.keep_replay(selected, replay, exchange.at)
    return changed


def _raise(error: Exception) -> Response:
    raise error


def _reject(
    provider: Provider,
    decision: Decision,
    call: Call,
    request: ProviderRequest,
    variants: Mapping[str, str],
    cache: SerializationCache,
    name: str,
) -> Response:
    """Return the response for a provider error of a name: the decision's own error if it has that name."""
    kind = next(each for each in provider.errors if each.__name__ == name)
    is_decided = type(decision.value) is kind
    error = decision.value if is_decided else provider.build_error(kind, call, request, decision.at)
    return provider.render(structs.replace(decision, value=error), call, variants, cache)
