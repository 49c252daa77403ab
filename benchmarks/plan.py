"""Which runs there are, in which order, and how long they take together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .loads import LOADS, Load
from .peers.peer import Peer

CONNECTIONS = (8, 32)
OVERHEAD = 0.35
"""Seconds that a run takes beside its own."""
A_START = 2.5
"""Seconds that a server takes to start and to stop, the slow among them."""
AN_INSTALLATION = 20
"""Seconds."""
A_MILLION = 45
"""Seconds, of the world of a million messages."""


@dataclass(frozen=True)
class Run:
    """One server under one load."""

    peer: Peer
    load: Load
    connections: int
    repetition: int
    seconds: int


@dataclass(frozen=True)
class WebhookFaultPlan:
    """Everything that is measured, and how often."""

    peers: Sequence[Peer]
    repetitions: int = 5
    starts: int = 5
    memory_seconds: int = 20
    """At most, of a peer's 100,000 requests; ours are not cut short."""
    is_quick: bool = False

    def seconds_of(self, peer: Peer) -> int:
        """Of one run."""
        return 1 if self.is_quick else peer.seconds

    def warm_up_of(self, peer: Peer) -> int:
        """Seconds of each load before anything is measured."""
        return 1 if self.is_quick else peer.warm_up

    def runs(self) -> Iterator[Run]:
        """In order: the servers take turns inside each repetition, and every other time the other way round."""
        for repetition in range(self.repetitions):
            for load in LOADS:
                for connections in CONNECTIONS:
                    for peer in self.peers[:: -1 if repetition % 2 else 1]:
                        if load in peer.loads:
                            yield Run(peer, load, connections, repetition, self.seconds_of(peer))

    @property
    def seconds(self) -> dict[str, float]:
        """How long each part takes, by its name."""
        servers = sum(peer.is_peer for peer in self.peers)
        warm_up = sum(self.warm_up_of(peer) * len(peer.loads) for peer in self.peers)
        return {
            "installation": AN_INSTALLATION * servers,
            "warm-up": warm_up + A_START * len(self.peers),
            "loads": sum(run.seconds + OVERHEAD for run in self.runs()),
            "starts": A_START * servers * self.starts,
            "memory": self.memory_seconds * servers + A_START * servers,
            "a million": 0 if self.is_quick else A_MILLION,
        }
