"""How long a world's commits take to be written, read and applied: `python -m benchmarks.codec [SENDS]`.

The events are those of ordinary sends: DialogTech's, with two rate windows and the identifiers; an event in four is a message.
Times are of this process's processor, in seconds for a million events.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from time import process_time

from mockserver.admin.journal_file import create_codec
from mockserver.engine.event_log import EventBatch
from mockserver.engine.events import IdsUsed, MessageStored, UseCounted
from mockserver.engine.messages import Message
from mockserver.engine.state import Fixture, State
from mockserver.sdk.loading import installed_providers

NOON = 1_780_315_200_000_000
EVENTS = 4
"""Of one send."""


def send(number: int) -> tuple[EventBatch, ...]:
    """Return the batches of one send."""
    at, sender = NOON + number * 250_000, f"31255501{number % 50:02}"
    message = Message(
        number,
        "dialogtech/demo",
        str(150_000_000 + number),
        "outbound",
        sender,
        "5556667777",
        at,
        f"Your code is {number}",
    )
    uses = UseCounted(f"dialogtech/demo {sender}", at, 40), UseCounted("dialogtech/demo", at, 4)
    return (EventBatch(at, (MessageStored(message), *uses), (IdsUsed({"dialogtech.outbound": 150_000_001 + number}),)),)


def main(sends: int) -> None:
    """Measure, and print a line for each thing."""
    providers, blobs = installed_providers(), dict[str, bytes]()
    codec = create_codec(providers)

    def put(digest: str, make: Callable[[], bytes]) -> None:
        blobs[digest] = make()

    def measure(what: str, run: Callable[[], object], count: int = sends * EVENTS) -> None:
        begun = process_time()
        run()
        taken = process_time() - begun
        print(f"{what:42} {taken / count * 1_000_000:6.2f} s")

    rows: list[bytes] = []
    measure("written", lambda: rows.extend(codec.encode_batches(send(number), put) for number in range(sends)))
    print(f"{'bytes of a send':42} {sum(map(len, rows)) / len(rows):6.0f}")
    gc.collect()
    gc.freeze()

    def read() -> State:
        state = State(Fixture(), NOON, providers.default_variants)
        for row in rows:
            for batch in codec.decode_batches(row, blobs.__getitem__):
                state.apply(*batch.events, *batch.internal)
        return state

    measure("read", lambda: [None for row in rows if codec.decode_batches(row, blobs.__getitem__) is None])
    measure("read and applied", read)
    state = read()
    texts: list[bytes] = []
    measure("snapshot written, for a million messages", lambda: texts.append(codec.encode_state(state, put)), sends)
    measure("snapshot read, for a million messages", lambda: codec.decode_state(texts[0], blobs.__getitem__), sends)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250_000)
