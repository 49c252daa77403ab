"""What a million messages weigh, and what a server weighs after 100,000 requests and after 100,000 more.

python -m benchmarks.memory [--messages 1000000] [--requests 100000]
"""

from __future__ import annotations

import argparse
import gc
import http.client
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

import orjson

from mockserver.app import read_fixture
from mockserver.engine.message_store import MessageStore
from mockserver.engine.messages import program_key
from mockserver.sdk.loading import installed_providers

MINUTES = 400 * 1440
"""Over which the messages are spread."""


def world(messages: int) -> dict[str, object]:
    """A world file with one program of so many messages."""
    rows = [
        {
            "id": str(710_000_000 + place),
            "direction": "inbound" if place % 2 else "outbound",
            "sender": f"1555{place % 5_000:07}",
            "recipient": "37911",
            "at": f"P{1 + minute // 1440}DT{minute % 1440 // 60}H{minute % 60}M{place % 60}S",
            "text": f"Tak, załatwię to jutro rano i dam znać, kiedy będę ({place})",
            "program": "1",
            "status": "Received" if place % 2 else "Delivered",
            "network": ("T-Mobile", "Orange", "Play", "Plus")[place % 4],
        }
        for place in range(messages)
        for minute in (place * MINUTES // messages,)
    ]
    account = {
        "provider": "mgage",
        "name": "demo",
        "logins": [{"user": "demo", "secret": "demo"}],
        "programs": [{"id": "1", "name": "Club", "campaign": "Loyalty", "kind": "Text to Join"}],
        "messages": rows,
    }
    return {"format": 2, "accounts": [account]}


def status(process: int | str, what: str) -> float:
    """Megabytes: ``VmRSS`` now, ``VmHWM`` at most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def weigh_messages(path: Path, messages: int) -> None:
    """Load them in this process, which has held nothing like it before."""
    gc.disable()  # as `mockserver serve` does
    assert installed_providers().switches  # imports the providers, which are no part of a message's weight
    before, begun, wall = status("self", "VmRSS"), process_time(), perf_counter()
    fixture = read_fixture(path)
    seconds = process_time() - begun, perf_counter() - wall
    gc.collect()
    after = status("self", "VmRSS")
    message_store = MessageStore(((fixture.fixed, 0), (fixture.relative, 0)))
    found = message_store.count(program_key("mgage/demo", "1"), -(10**18), 10**18)
    print(f"{found} messages of one program: loaded in {seconds[0]:.1f} s of processor time ({seconds[1]:.1f} s)")
    print(f"  {(after - before) * 2**20 / found:.0f} bytes a message with its indexes, {after - before:.0f} MB")
    print(f"  {status('self', 'VmHWM'):.0f} MB at most, while they were read")
    assert found == messages


def requests() -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """What is asked in turn: sends and provider errors, pages, incoming messages."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    send = "action=sms.send_message&access_key=foo&secret_access_key=bar&from=5554332111&to=5556667777&message=Hi"
    who = {"Authorization": "Basic " + b64encode(b"demo:demo").decode()}
    while True:
        yield "POST", "/ibp_api.php", send.encode(), form
        yield "GET", "/api/messages/program/141501?pageSize=50", b"", who
        yield "POST", "/messages/recived", b"username=Login&password=Haslo", form


def weigh_server(count: int) -> None:
    """Ask the shipped world, and see how large its server is."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--log", "quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[4]
            connection = http.client.HTTPConnection(address.removeprefix("http://"))
            request = requests()
            print(f"a server with the shipped world: {status(server.pid, 'VmRSS'):.0f} MB")
            for turn in (1, 2):
                for _ in range(count):
                    method, target, body, head = next(request)
                    connection.request(method, target, body, head)
                    connection.getresponse().read()
                print(f"  after {turn * count} requests: {status(server.pid, 'VmRSS'):.0f} MB")
        finally:
            server.terminate()


def main() -> None:
    """Weigh both."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=1_000_000)
    options.add_argument("--requests", type=int, default=100_000)
    options.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.load:
        weigh_messages(given.load, given.messages)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.json"
        path.write_bytes(orjson.dumps(world(given.messages)))
        again = [sys.executable, "-m", "benchmarks.memory", "--load", str(path), "--messages", str(given.messages)]
        subprocess.run(again, check=True)
    weigh_server(given.requests)


if __name__ == "__main__":
    main()
