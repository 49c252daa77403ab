"""A webhook receiver in PHP against the provider's retry schedule."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest

from mockserver.engine.accounts import ForwardingRule
from mockserver.engine.decisions import Decision
from mockserver.engine.events import AccountChanged
from mockserver.engine.instants import SECOND

SCRIPT = Path(__file__).parent / "php" / "receiver.php"
PATIENCE = 60
TEXT = "Zażółć & 🙂"


@pytest.fixture
def serve_php(tmp_path):
    """Serve the script, which fails a given number of times, with PHP's own server; return its URL and its record."""
    assert which("php"), "php is missing; contract_tests/clients/install-programs installs it"
    notes = tmp_path / "notes"
    with ExitStack() as stack:

        def served(failures: int) -> tuple[str, Path]:
            received = {"RECEIVER_NOTES": str(notes), "RECEIVER_FAILURES": str(failures)}
            server = stack.enter_context(
                subprocess.Popen(
                    ["php", "-S", "127.0.0.1:0", SCRIPT], env=os.environ | received, stderr=subprocess.PIPE, text=True
                )
            )
            stack.callback(server.terminate)
            assert server.stderr is not None
            started = re.search(r"\((http://\S+)\) started$", server.stderr.readline())
            assert started is not None
            return started[1], notes

        yield served


@pytest.fixture
def received(registry):
    """Receive a message that is forwarded to a URL, advance two hours, and return the delivery and the instants of its attempts."""

    def received(url: str) -> tuple[str, list[int]]:
        world = registry.default
        rule = ForwardingRule("ndi", f"{url}/?tekst=#WIADOMOSC#", verification=True)
        changed = replace(world.state.accounts["serwersms/documents"], forwarding=(rule,))
        world.execute(lambda state, now, ids: Decision(now, None, (AccountChanged(changed),)))
        begun = world.clock.now()
        message = {"kind": "ndi", "sender": "+48500600700", "recipient": "+48600700800", "text": TEXT}
        world.receive_inbound("serwersms", {**message, "account": "documents"})
        assert world.wait_until_idle(PATIENCE)
        world.advance(begun + 2 * 3600 * SECOND)
        (delivery,) = world.state.deliveries.values()
        return delivery.status, [(attempt.at - begun) // (60 * SECOND) for attempt in delivery.attempts]

    return received


@pytest.mark.parametrize(
    ("failures", "status", "minutes"),
    [(0, "acknowledged", [0]), (2, "acknowledged", [0, 5, 10]), (5, "given up", [0, 5, 10, 15, 60])],
)
def test_a_php_receiver_gets_retries_until_it_responds_ok(serve_php, received, failures, status, minutes):
    url, notes = serve_php(failures)

    assert (status, minutes) == received(url)
    assert [f"GET {TEXT}"] * len(minutes) == notes.read_text().splitlines()


def test_what_a_php_receiver_never_took_is_fetched_once_by_api(serve_php, received, client):
    url, _ = serve_php(5)
    received(url)
    # 004: "Messages are, however, still available from the Customer Panel and API."
    call = {"username": "Login", "password": "Haslo", "ndi": "+48600700800", "read": "true"}
    fetched = [client.post("/messages/recived", data=call).json["items"] for _ in range(2)]

    assert [[TEXT], []] == [[item["text"] for item in items] for items in fetched]
