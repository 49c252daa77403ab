"""10,000 messages that arrive for a slow receiver: none lost, none twice, and the providers' endpoints answer meanwhile.

Run ``python benchmarks/forwarding_soak.py [MESSAGES] [PARALLEL]``.
"""

from __future__ import annotations

import resource
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import requests

from mockserver.app import build_service
from mockserver.engine.accounts import Account, ForwardingRule, Login
from mockserver.engine.clock import Clock
from mockserver.engine.instants import SECOND
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.sdk.loading import installed_providers
from mockserver.server import MockServer
from mockserver.webhooks import WebhookConfig, WebhookSender
from mockserver.webhooks.dispatcher import WebhookDispatcher

SLOW = 0.05
"""Seconds that the receiver takes."""


class Receiver(BaseHTTPRequestHandler):
    """Takes its time, says OK and counts."""

    protocol_version = "HTTP/1.1"
    received: ClassVar[Counter[str]] = Counter()
    pause = threading.Event()

    def do_GET(self) -> None:
        """Answer as the vendor demands."""
        self.pause.wait(SLOW)
        self.received[self.path] += 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def megabytes() -> float:
    """The most memory that was held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(messages: int = 10_000, parallel: int = 64) -> None:
    """Let them arrive, ask the endpoints meanwhile, and count."""
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    receiver.daemon_threads = True
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    rule = ForwardingRule("ndi", f"http://127.0.0.1:{receiver.server_address[1]}/?tekst=#WIADOMOSC#")
    account = Account("serwersms/a", "serwersms", "a", (Login("user", "secret"),), forwarding=(rule,))
    installed = installed_providers()
    limits = WebhookConfig(max_attempts=2 * parallel, max_per_world=parallel, max_per_target=2 * parallel)
    sender = WebhookDispatcher(installed.by_name, WebhookSender(limits))
    registry = WorldRegistry(
        Fixture((account,)),
        installed.default_variants,
        clock=Clock.system(),
        providers=installed.callbacks,
        sender=sender,
    )
    world = registry.default
    clock, responses = Clock.system(), []
    with MockServer(build_service(registry=registry)) as mock:
        before, begun = megabytes(), clock.now()
        for place in range(messages):
            number = f"+486007008{place % 100:02}"
            fields = {"kind": "ndi", "sender": "+48500600700", "recipient": number, "text": str(place)}
            world.receive_inbound("serwersms", fields)
        while not world.wait_until_idle(0.5):
            request = clock.now()
            response = requests.post(
                f"{mock.url}/messages/recived",
                data={"username": "user", "password": "secret", "limit": "20"},
                timeout=10,
            )
            assert response.status_code == 200
            responses.append((clock.now() - request) / 1000)
        seconds = (clock.now() - begun) / SECOND
    receiver.shutdown()
    statuses = Counter(delivery.status for delivery in world.state.deliveries.values())
    print(f"{messages} messages to a receiver that takes {SLOW * 1000:.0f} ms, {parallel} at a time: {seconds:.1f} s")
    print(f"  received {sum(Receiver.received.values())}, different {len(Receiver.received)}, {dict(statuses)}")
    print(f"  memory {before:.0f} MB before, {megabytes():.0f} MB at most, receiver included")
    print(
        f"  {len(responses)} requests to an endpoint meanwhile, the slowest answered in {max(responses, default=0):.0f} ms"
    )
    assert len(Receiver.received) == sum(Receiver.received.values()) == messages


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
