"""A receiver in PHP, as customers have them, against the vendor's schedule."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest

from mockserver.core.accounts import ForwardingRule
from mockserver.core.decisions import Decision
from mockserver.core.events import AccountChanged
from mockserver.core.instants import SECOND

SCRIPT = Path(__file__).parent / "php" / "receiver.php"


@pytest.fixture
def php(tmp_path):
    """PHP's own server with the script; its address and what it noted."""
    assert which("php"), "php is missing; contract_tests/clients/install-programs installs it"
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    notes = tmp_path / "notes"
    with subprocess.Popen(
        ["php", "-S", address, SCRIPT],
        env=os.environ | {"RECEIVER_NOTES": str(notes)},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        assert "started" in server.stderr.readline()
        yield f"http://{address}", notes
        server.terminate()
        server.stderr.close()


def test_a_php_receiver_that_answers_ok_the_third_time_is_told_three_times(house, php):
    url, notes = php
    world = house.default
    account = world.state.accounts["serwersms/documents"]
    rule = ForwardingRule("ndi", f"{url}/?tekst=#WIADOMOSC#")
    changed = replace(account, forwarding=(rule,))
    world.commit(lambda state, now, ids: Decision(now, None, (AccountChanged(changed),)))
    begun = world.clock.now()
    message = {"kind": "ndi", "sender": "+48500600700", "recipient": "+48600700800", "text": "Zażółć & 🙂"}
    world.arrive("serwersms", {**message, "account": "documents"})
    world.advance(begun + 2 * 3600 * SECOND)

    (delivery,) = world.state.outbox.values()
    assert ["GET Zażółć & 🙂"] * 3 == notes.read_text().splitlines()
    assert "acknowledged" == delivery.status
    assert [0, 5, 10] == [(attempt.at - begun) // (60 * SECOND) for attempt in delivery.attempts]
