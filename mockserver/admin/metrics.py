"""The metrics of a server for Prometheus, at ``/metrics``: what its clients have met, and what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from mockserver.sdk.response import Response

if TYPE_CHECKING:
    from prometheus_client import Metric

    from mockserver.engine.journal import Exchange
    from mockserver.engine.registry import WorldRegistry
    from mockserver.sdk.provider import Provider

_Labels = TypeVar("_Labels", bound=tuple[str, ...])
OTHER = "other"
"""The operation of requests for one that the provider does not have: clients must not be able to make up series."""


class Metrics(Collector):
    """Counts exchanges as they end, and looks at everything else when it is asked."""

    def __init__(self, registry: WorldRegistry, providers: Iterable[Provider], version: str) -> None:
        """Create the metrics of a server.

        Args:
            registry: its worlds.
            providers: the providers that are served.
            version: the server's version.
        """
        self._worlds = registry
        self._version = version
        self._operations = {provider.name: frozenset(provider.operations_by_name) for provider in providers}
        self._lock = Lock()
        self._exchanges: Counter[tuple[str, str, str]] = Counter()
        self._bytes: Counter[str] = Counter()
        self._collectors = CollectorRegistry()
        self._collectors.register(self)
        ProcessCollector(registry=self._collectors)
        PlatformCollector(registry=self._collectors)

    def count(self, exchange: Exchange) -> None:
        """Count an exchange that has ended."""
        provider, operation = exchange.provider or "", exchange.operation or ""
        if operation and operation not in self._operations.get(provider, ()):
            operation = OTHER
        key = provider, operation, exchange.outcome
        with self._lock:
            self._exchanges[key] += 1
            self._bytes[provider] += exchange.sent or 0

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of ours."""
        with self._lock:
            exchanges, sent = dict(self._exchanges), dict(self._bytes)
        yield InfoMetricFamily("mockserver", "The server.", {"version": self._version})
        yield _counter(
            "mockserver_exchanges",
            "Exchanges that have ended, by the provider, the operation and the outcome for the client.",
            ("provider", "operation", "outcome"),
            exchanges,
        )
        yield _counter(
            "mockserver_response_bytes",
            "Bytes of responses that were written to clients.",
            ("provider",),
            {(provider,): count for provider, count in sent.items()},
        )
        worlds = self._worlds.known_worlds()  # a scrape asks no database
        states = [world.state for world in worlds]
        yield GaugeMetricFamily("mockserver_worlds", "Worlds.", len(worlds))
        yield GaugeMetricFamily(
            "mockserver_messages", "Messages of all worlds.", sum(len(state.message_store) for state in states)
        )
        yield GaugeMetricFamily(
            "mockserver_deliveries", "Webhook deliveries of all worlds.", sum(len(state.deliveries) for state in states)
        )
        yield GaugeMetricFamily(
            "mockserver_webhook_attempts_in_flight",
            "Webhook attempts that wait for their receivers.",
            sum(len(state.in_flight) for state in states),
        )
        yield GaugeMetricFamily(
            "mockserver_journal_exchanges", "Exchanges in all journals.", sum(len(world.journal) for world in worlds)
        )
        yield GaugeMetricFamily(
            "mockserver_journal_bytes", "Bytes of all journals.", sum(world.journal.held for world in worlds)
        )

    def respond(self, accept: str) -> Response:
        """Respond with every metric, in the format of Prometheus or OpenMetrics, as the ``Accept`` header asks."""
        encode, media_type = choose_encoder(accept)
        body = encode(self._collectors)
        return Response(200, (("Content-Type", media_type), ("Content-Length", str(len(body)))), body)


def _counter(name: str, about: str, labels: tuple[str, ...], counts: Mapping[_Labels, int]) -> Metric:
    family = CounterMetricFamily(name, about, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family
