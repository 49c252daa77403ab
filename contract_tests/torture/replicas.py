"""Let clients ask three servers that share a PostgreSQL database, kill one of them, restart the database, and check what they hold.

    python -m contract_tests.torture.replicas            10 s, 64 clients
    python -m contract_tests.torture.replicas --short    3 s, 16 clients

First, with frozen clocks, all clients ask at once, each another server in turn: of each of DialogTech's three limits exactly as
many sends are accepted as the limit allows, and a fault rule is applied exactly as often as it says. Then the clients send for
some seconds in worlds whose clocks run; meanwhile one server is killed and started again, and the database is restarted. Afterwards:

- every message that was acknowledged is stored, once, and every server says the same; a message that was acknowledged by one
  server was in the next answer of another one;
- no limit was exceeded;
- each attempt of a webhook was made once, by one server; those of the server that was killed were made again by another one;
- while the database was away, each answer was the provider's own error, and came within two seconds; afterwards the servers
  served again without being started.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from threading import Barrier, Event, Lock, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from contract_tests.neighbours.worlds import ACCOUNTS, NUMBERS, good, sender
from contract_tests.postgresql import PostgreSQL, processor_time, run_postgresql
from mockserver import ControlError, Mock

from .__main__ import Broken
from .traffic import Receiver

REPLICAS = 3
WORLDS = 4
"""Worlds in which the clients send; each client stays in one."""
PATIENCE = 60.0
RETURNS_WITHIN = 5.0
IN_TIME = 2.0
"""Seconds within which an error is answered when the database is away."""
NOON = "2026-06-01T12:00:00Z"


class Options(NamedTuple):
    """How much is asked for."""

    seconds: float = 10.0
    clients: int = 64
    replicas: int = REPLICAS
    is_disturbed: bool = True
    """Whether a server is killed and the database restarted."""
    is_durable: bool = True
    """Whether the database waits for the disk at each commit, as it does by default."""


class Replica:
    """A server that may be killed and started again."""

    def __init__(self, url: str, log: Path) -> None:
        self._url = url
        self._log = log
        self.port: int | None = None
        """Where it listens; ``None`` while it is not running."""
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Start it, without waiting until it listens."""
        command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--no-https", "--no-proxy"]
        command += ["--log", "quiet", "--format", "json", "--state", self._url, "--webhook-targets", "any"]
        with self._log.open("a") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)

    def wait_until_ready(self) -> None:
        """Wait until it listens."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Broken(f"a server did not start:\n{self._log.read_text()[-3000:]}")
        self.port = urlsplit(json.loads(line)["url"]).port

    def start(self) -> None:
        """Start it."""
        self.begin()
        self.wait_until_ready()

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        self.port = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def process_id(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """End it as a service manager does, and return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE)

    @property
    def mock(self) -> Mock:
        """A client of its control API."""
        return Mock.at(f"http://127.0.0.1:{self.port}")


class Client:
    """A connection to each server, asked one after the other."""

    def __init__(self, replicas: Sequence[Replica], place: int) -> None:
        self._replicas = replicas
        self._place = place
        self._connections: dict[int, HTTPConnection] = {}

    def ask(self, target: str, form: dict[str, str]) -> tuple[int, str]:
        """Send a form to the next server, and return the status and the body of its response.

        Raises:
            OSError, HTTPException: the server has ended, and what became of the request is unknown.
        """
        ports = [replica.port for replica in self._replicas if replica.port is not None]
        self._place += 1
        port = ports[self._place % len(ports)]
        connection = self._connections.setdefault(port, HTTPConnection("127.0.0.1", port, timeout=30))
        try:
            connection.request("POST", target, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()


def send_form(account: int, place: int, text: str) -> dict[str, str]:
    """Return the form of a send by DialogTech from one of an account's numbers."""
    credentials = {"access_key": f"good-{account}", "secret_access_key": "good"}
    message = {"from": sender(account, place), "to": "5556667777", "message": text}
    return {"action": "sms.send_message", **credentials, **message}


# -- exact counts ------------------------------------------------------------------------------------------------------


def ask_at_once(replicas: Sequence[Replica], target: str, forms: Sequence[dict[str, str]]) -> Counter[tuple[int, bool]]:
    """Send forms at once, each to another server in turn; count the statuses, and whether the send was accepted."""
    barrier = Barrier(len(forms))

    def ask(place: int) -> tuple[int, bool]:
        barrier.wait()
        client = Client(replicas, place)
        status, body = client.ask(target, forms[place])
        client.close()
        return status, "<result>success</result>" in body

    with ThreadPoolExecutor(len(forms)) as pool:
        return Counter(pool.map(ask, range(len(forms))))


def check_exact_counts(replicas: Sequence[Replica], clients: int) -> None:
    """Check that limits and faults are counted by all servers together.

    Raises:
        Broken: a count is wrong.
    """
    mocks = [replica.mock for replica in replicas]
    mocks[0].create_world(snapshot=good(), own_credentials=True, freeze=NOON, id="exact")
    target = "/_w/exact/ibp_api.php"

    def expect(what: str, expected: int, found: int) -> None:
        if expected != found:
            raise Broken(f"{what}: {found} in place of {expected}")

    found = ask_at_once(replicas, target, [send_form(0, 0, f"number {each}") for each in range(clients)])
    expect("sends of a number accepted in a second", 1, found[200, True])
    found = ask_at_once(replicas, target, [send_form(1, each % NUMBERS, f"account {each}") for each in range(clients)])
    expect("sends of an account accepted in a second", 4, found[200, True])
    accepted = 1  # above
    for second in range(1, 50):
        mocks[second % len(mocks)].get_world("exact").clock.advance(seconds=1)
        accepted += ask_at_once(replicas, target, [send_form(0, 0, f"minute {second} {each}") for each in range(3)])[
            200, True
        ]
    expect("sends of a number accepted in a minute", 40, accepted)

    mocks[0].get_world("exact").clock.advance(seconds=3600)
    mocks[-1].get_world("exact").faults.add("static_response", status=503, expires_after=clients // 3)
    accounts = [send_form(2 + each, 0, f"fault {each}") for each in range(clients)]
    found = ask_at_once(replicas, target, accounts)
    expect("requests that a fault rule was applied to", clients // 3, found[503, False])
    for mock in mocks:
        (known,) = mock.get_world("exact").faults.list()
        expect("hits of the fault rule", clients // 3, known.hits)


# -- under load --------------------------------------------------------------------------------------------------------


class Load:
    """Clients that send as fast as they are answered, and what they were told."""

    def __init__(self, replicas: Sequence[Replica], clients: int) -> None:
        self.sent: dict[str, set[str]] = {f"load-{place}": set() for place in range(WORLDS)}
        self.acknowledged: dict[str, set[str]] = {world: set() for world in self.sent}
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.latencies: list[float] = []
        self.slowest_error = 0.0
        self._replicas = replicas
        self._end = Event()
        self._lock = Lock()
        self._threads = [Thread(target=self._run, args=(place,), daemon=True) for place in range(clients)]

    def start(self) -> None:
        """Start the clients."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each client finish its request."""
        self._end.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self, place: int) -> None:
        world, client = f"load-{place % WORLDS}", Client(self._replicas, place)
        target = f"/_w/{world}/ibp_api.php"
        # So many numbers for each client that no limit is reached by it alone.
        share = ACCOUNTS * NUMBERS * WORLDS // len(self._threads)
        first = place // WORLDS * share
        for number in count():
            if self._end.is_set():
                client.close()
                return
            text = f"message {number} of client {place}"
            account, line = divmod(first + number % share, NUMBERS)
            with self._lock:
                self.sent[world].add(text)
            started = monotonic()
            try:
                status, body = client.ask(target, send_form(account % ACCOUNTS, line, text))
            except (OSError, HTTPException):
                with self._lock:
                    self.answers["none: the server was killed"] += 1
                continue
            self._note(world, text, status, body, monotonic() - started)
            if number % 16 == 0 and text in self.acknowledged[world]:
                self._check_page(client, target, account % ACCOUNTS, text)

    def _note(self, world: str, text: str, status: int, body: str, seconds: float) -> None:
        with self._lock:
            if status == 200 and "<result>success</result>" in body:
                self.acknowledged[world].add(text)
                self.answers["accepted"] += 1
                self.latencies.append(seconds)
            elif status == 200 and "sms per" in body:
                self.answers["limited"] += 1
            elif status == 500 and "<result>failed</result>" in body:
                self.answers["error: the database was away"] += 1
                self.slowest_error = max(self.slowest_error, seconds)
            else:
                self.wrong.append(f"{status} {body[-300:]}")

    def _check_page(self, client: Client, target: str, account: int, text: str) -> None:
        """Check that a message that one server has accepted is in the next answer of another."""
        form = {"action": "sms.get_messages", "access_key": f"good-{account}", "secret_access_key": "good"}
        today = self._today
        try:
            status, body = client.ask(target, {**form, "start_date": today, "end_date": today})
        except (OSError, HTTPException):
            return
        if status == 200 and text not in body:
            with self._lock:
                self.wrong.append(f"{text} is not in the next page of another server")

    _today = "20260101"

    def set_today(self, now: Any) -> None:
        """Set the day on which the worlds' clocks are."""
        self._today = now.strftime("%Y%m%d")


class Inbound:
    """Messages that come in at a steady rate, each with a webhook."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = replicas
        self._end = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._end.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        for number in count():
            if self._end.wait(0.05):
                return
            ports = [replica.port for replica in self._replicas if replica.port is not None]
            row = {"kind": "ndi", "sender": "+48500600700", "recipient": "+48600700800", "text": f"inbound {number}"}
            body = json.dumps({"provider": "serwersms", "account": "demo", **row})
            connection = HTTPConnection("127.0.0.1", ports[number % len(ports)], timeout=30)
            try:
                connection.request(
                    "POST", "/_mock/worlds/deliveries/inbound", body, {"Content-Type": "application/json"}
                )
                connection.getresponse().read()
            except (OSError, HTTPException):
                pass  # the server was killed, or the database away
            finally:
                connection.close()


class Figures(NamedTuple):
    """What was found."""

    seconds: float
    accepted: int
    median: float
    """Milliseconds from a request to its response."""
    late: float
    """The same for the slowest hundredth."""
    answers: Counter[str]
    slowest_error: float
    attempts: int
    interrupted: int
    servers: float
    """Seconds of processor time of the servers, without what a killed one has taken."""
    database: float
    """The same of the database's processes."""

    def __str__(self) -> str:
        return (
            f"{self.accepted / self.seconds:.0f} sends a second, p50 {self.median:.0f} ms, p99 {self.late:.0f} ms; "
            f"{', '.join(f'{number} {what}' for what, number in sorted(self.answers.items()))}; "
            f"slowest error {self.slowest_error:.2f} s; {self.attempts} attempts at webhooks, {self.interrupted} interrupted; "
            f"processor time for each request: {self.servers / self.requests * 1000:.2f} ms of the servers, "
            f"{self.database / self.requests * 1000:.2f} of PostgreSQL"
        )

    @property
    def requests(self) -> int:
        """The number of requests that were answered."""
        return max(1, sum(number for what, number in self.answers.items() if not what.startswith("none")))


@contextmanager
def serving(options: Options) -> Iterator[tuple[PostgreSQL, list[Replica]]]:
    """Run the database and the servers for the length of a block."""
    settings = {} if options.is_durable else {"fsync": "off", "full_page_writes": "off"}
    with tempfile.TemporaryDirectory() as folder, run_postgresql(settings) as database:
        url = database.create_database()
        replicas = [Replica(url, Path(folder) / f"log-{place}") for place in range(options.replicas)]
        try:
            for replica in replicas:
                replica.begin()
            for replica in replicas:
                replica.wait_until_ready()
            yield database, replicas
        finally:
            for replica in replicas:
                replica.kill()


def run(options: Options) -> Figures:
    """Ask the servers, and check what they hold.

    Raises:
        Broken: something is not as it must be.
    """
    with serving(options) as (database, replicas):
        check_exact_counts(replicas, options.clients)
        first, receiver = replicas[0].mock, Receiver(0.3)
        for place in range(WORLDS):
            first.create_world(snapshot=good(), own_credentials=True, id=f"load-{place}")
        world = first.create_world("demo", id="deliveries")
        rule = {"service": "ndi", "url": receiver.url, "verification": True}
        world.change_account("serwersms", "demo", forwarding=[rule])

        load, inbound = Load(replicas, options.clients), Inbound(replicas)
        load.set_today(world.clock.now)
        started = monotonic()
        before = sum(map(processor_time, _ids(replicas))), database.processor_time()
        load.start()
        inbound.start()
        if options.is_disturbed:
            disturb(database, replicas, options.seconds)
            until_all_serve(replicas)
        sleep(max(options.seconds * 0.2, started + options.seconds - monotonic()))
        load.stop()
        inbound.stop()
        seconds = monotonic() - started
        after = sum(map(processor_time, _ids(replicas))), database.processor_time()
        if load.wrong:
            raise Broken(f"{len(load.wrong)} answers were wrong: {load.wrong[:3]}")
        check_messages(replicas, load)
        interrupted = check_deliveries(replicas, receiver)
        for replica in replicas:
            if (code := replica.stop()) != 0:
                raise Broken(f"a server ended with {code}")
        latencies = sorted(load.latencies) or [0.0]
        return Figures(
            seconds,
            load.answers["accepted"],
            latencies[len(latencies) // 2] * 1000,
            latencies[len(latencies) * 99 // 100] * 1000,
            load.answers,
            load.slowest_error,
            receiver.received.total(),
            interrupted,
            after[0] - before[0],
            after[1] - before[1],
        )


def _ids(replicas: Sequence[Replica]) -> list[int]:
    return [replica.process_id for replica in replicas]


def disturb(database: PostgreSQL, replicas: Sequence[Replica], seconds: float) -> None:
    """Kill a server and start it again, and restart the database, while the clients send."""
    sleep(seconds * 0.2)
    replicas[1].kill()
    sleep(seconds * 0.1)
    replicas[1].start()
    sleep(seconds * 0.2)
    database.stop()
    sleep(min(1.0, seconds * 0.1))
    database.start()


def until_all_serve(replicas: Sequence[Replica]) -> None:
    """Wait until every server has found by itself that the database is back.

    Raises:
        Broken: one has not.
    """
    ending = monotonic() + RETURNS_WITHIN
    for replica in replicas:
        while True:
            try:
                replica.mock.get_world("exact").show()
            except ControlError as error:
                if monotonic() > ending:
                    raise Broken(
                        f"a server does not serve {RETURNS_WITHIN:g} s after the database came back: {error}"
                    ) from None
                sleep(0.02)
            else:
                break


def check_messages(replicas: Sequence[Replica], load: Load) -> None:
    """Check what is stored in the worlds that the clients sent in.

    Raises:
        Broken: a message is missing, stored twice or by nobody, the servers do not agree, or a limit was exceeded.
    """

    def require(wrong: Any, what: str) -> None:
        found = sorted(wrong)
        if found:
            raise Broken(f"{len(found)} messages {what}: {found[:5]}")

    for world, acknowledged in load.acknowledged.items():
        known = [
            [(each.serial, each.text) for each in replica.mock.get_world(world).messages(provider="dialogtech")]
            for replica in replicas
        ]
        if any(each != known[0] for each in known):
            raise Broken(f"the servers do not agree on the messages of {world}")
        stored = Counter(text for _, text in known[0])
        require(acknowledged - stored.keys(), "were acknowledged and are lost")
        require(stored.keys() - load.sent[world], "are stored and were never sent")
        require((text for text, times in stored.items() if times > 1), "are stored more than once")
        sends: dict[str, list[Any]] = {}
        for each in replicas[0].mock.get_world(world).messages(provider="dialogtech"):
            sends.setdefault(each.account, []).append(each.at)
            sends.setdefault(each.sender, []).append(each.at)
        for who, instants in sends.items():
            for most, window in ((4, 1),) if who.startswith("good") else ((1, 1), (40, 60)):
                for earlier, later in zip(instants, instants[most:], strict=False):
                    if (later - earlier).total_seconds() < window:
                        raise Broken(f"more than {most} messages of {who} in {window} s: at {earlier} and {later}")


def check_deliveries(replicas: Sequence[Replica], receiver: Receiver) -> int:
    """Check that each webhook was sent as often as its delivery knows; return how many attempts were interrupted.

    Raises:
        Broken: one was not, or was not made in the end.
    """
    ending = monotonic() + PATIENCE
    world = replicas[-1].mock.get_world("deliveries")
    while True:
        deliveries = world.deliveries()
        if all(each.status == "acknowledged" for each in deliveries) or monotonic() > ending:
            break
        sleep(0.2)
    received, interrupted = dict(receiver.received), 0
    for each in deliveries:
        times = received.pop(each.message_id or "", 0)
        interrupted += len(each.interrupted)
        if each.status != "acknowledged":
            raise Broken(f"delivery {each.number} is {each.status} after {PATIENCE:g} s")
        if not len(each.attempts) <= times <= len(each.attempts) + len(each.interrupted):
            raise Broken(
                f"delivery {each.number} was received {times} times, and has {len(each.attempts)} attempts and "
                f"{len(each.interrupted)} interrupted ones"
            )
    if received:
        raise Broken(f"webhooks were received that no delivery knows: {received}")
    return interrupted


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="contract_tests.torture.replicas", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--short", action="store_true", help="3 s and 16 clients, and a database that skips the disk")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--replicas", type=int, default=REPLICAS)
    parser.add_argument("--undisturbed", action="store_true", help="kill nothing: for figures")
    parser.add_argument("--no-disk", action="store_true", help="do not wait for the disk at a commit")
    given = parser.parse_args(arguments)
    options = Options(given.seconds, given.clients, given.replicas, not given.undisturbed, not given.no_disk)
    if given.short:
        options = Options(3.0, 16, is_durable=False)
    try:
        figures = run(options)
    except Broken as reason:
        sys.exit(f"broken: {reason}")
    if options.seconds > 3 and figures.slowest_error > IN_TIME:
        sys.exit(f"broken: an error took {figures.slowest_error:.2f} s: {figures}")
    print(f"{options.replicas} servers, {options.clients} clients, {options.seconds:g} s: {figures}")


if __name__ == "__main__":
    main()
