"""Texts of format 1 as they were written once: `python -m contract_tests.stores.kept_format` writes them to `format_1.json`.

The file is written anew only when there are events that it does not have; what is in it stays readable.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contract_tests.engine.test_fold_of_events import STEPS, Scenario
from contract_tests.stores.exact import Blobs, new_codec
from mockserver.engine.deliveries import Attempt, Outcome, OutgoingRequest
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import (
    AttemptEnded,
    AttemptInterrupted,
    Closed,
    CredentialsIssued,
    DeliveryChanged,
    ExchangeFinished,
    ExchangeRecorded,
    JournalCleared,
    ReceiveFailed,
)

KEPT = Path(__file__).parent / "format_1.json"
LATER = (
    AttemptInterrupted(1, 0, 1),
    Closed(),
    CredentialsIssued({}),
    DeliveryChanged(1, "held", None),
    ExchangeFinished(1, 200, "complete"),
    ExchangeRecorded(1),
    JournalCleared(),
    ReceiveFailed("mgage", "there is no program '7'"),
    AttemptEnded(
        1, Attempt(0, OutgoingRequest("GET", "http://a/", (), b"\xff"), Outcome(200, (), b"OK"), "ok"), "due", 5
    ),
)
"""Events that the scenario does not have, or not always."""


def main() -> None:
    """Write the file."""
    scenario, codec, blobs = Scenario(), new_codec(), Blobs()
    for name in ("reset", "send", "send", *(name for name in STEPS if name not in ("fork", "load", "reset"))):
        getattr(scenario, name)(1)  # of the two messages the second is rejected for a limit
        scenario.world.wait_until_idle()
    scenario.checkpoint(0)
    batches = [EventBatch(number, (event,)) for number, event in enumerate(scenario.log.events)]
    kept: dict[str, Any] = {
        "initial": codec.encode_initial_state(scenario.start, blobs.put).decode(),
        "clock": codec.encode_batches((EventBatch(scenario.clock.now(), ()),), blobs.put).decode(),
        "batches": codec.encode_batches(batches, blobs.put).decode(),
        "state": codec.encode_state(scenario.world.state, blobs.put).decode(),
        "later": codec.encode_batches((EventBatch(0, LATER, LATER),), blobs.put).decode(),
        "exchanges": [codec.encode_exchange(each, blobs.put).decode() for each in scenario.world.journal.since(0)],
        "blobs": {digest: data.decode() for digest, data in blobs.held.items()},
    }
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    scenario.registry.close()


if __name__ == "__main__":
    main()
