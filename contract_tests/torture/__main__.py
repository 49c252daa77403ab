"""Kill a server that keeps its state in a file, again and again under load, and look whether it has kept what it promised.

    python -m contract_tests.torture            200 kills, 16 clients
    python -m contract_tests.torture --short    8 kills

Each time the server is started on the same state, sixteen clients send messages as fast as they can, and it is killed by
SIGKILL at a moment that is drawn from the seed: sometimes before it is ready. After every start and at the end:

- every message that was acknowledged is stored, once; whatever else is stored was sent, and is stored once;
- no rate limit is broken, also not across a kill;
- the receiver has got no more attempts of a webhook than the delivery knows: those that ended, those that say that they were
  interrupted, and one that may be in flight; in the end every delivery is acknowledged;
- the state passes `mockserver state check`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

from mockserver import Mock

from .traffic import NUMBER, Load, Promises, Receiver

PATIENCE = 60.0
REPEATS = 5
"""Calls of a delivery after the first, in SerwerSMS: the last is an hour later."""


class Broken(Exception):
    """The server has not kept what it promised."""


def start(state: Path, sync: str, log: Path) -> subprocess.Popen[str]:
    """Start a server on a state, without waiting for it."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--no-https", "--no-proxy", "--log", "quiet"]
    command += ["--format", "json", "--state", str(state), "--state-sync", sync]
    with log.open("a") as errors:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)


def port_of(server: subprocess.Popen[str]) -> int:
    """Return the port of a server that is starting."""
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        raise Broken(f"the server did not start: it ended with {server.wait()}")
    return urlsplit(json.loads(line)["url"]).port or 0


class Check:
    """Compares what a server holds with what its clients know."""

    def __init__(self, promises: Promises, receiver: Receiver) -> None:
        self._promises = promises
        self._receiver = receiver
        self._stored: Counter[str] = Counter()
        self._sends: list[datetime] = []
        self._since = 0
        self._first = 0
        self.interrupted = 0

    def begin(self, mock: Mock) -> None:
        """Note the messages that are there before the first client sends one."""
        self._first = self._since = max(each.serial for each in mock.world.messages())

    def messages(self, mock: Mock, *, whole: bool) -> None:
        """Look at the messages that were stored since the last time, or at all of them.

        Raises:
            Broken: one is missing, stored twice or by nobody, or a limit is broken.
        """
        if whole:
            self._stored.clear()
            self._sends.clear()
            self._since = self._first
        for message in mock.world.messages(since=self._since):
            self._since = message.serial
            self._stored[message.text] += 1
            if message.provider == "dialogtech":
                self._sends.append(message.at)
        promises = self._promises
        self._require(promises.acknowledged - self._stored.keys(), "were acknowledged and are lost")
        self._require(self._stored.keys() - promises.sent, "are stored and were never sent")
        self._require((text for text, count in self._stored.items() if count > 1), "are stored more than once")
        self._limit(1, 1)
        self._limit(40, 60)

    def _require(self, wrong: Any, what: str) -> None:
        found = sorted(wrong)
        if found:
            raise Broken(f"{len(found)} messages {what}: {', '.join(found[:5])}")

    def _limit(self, most: int, seconds: int) -> None:
        """Check that no more messages of the one number were accepted in any window."""
        for earlier, later in zip(self._sends, self._sends[most:], strict=False):
            if (later - earlier).total_seconds() < seconds:
                raise Broken(f"more than {most} messages of {NUMBER} in {seconds} s: at {earlier} and {later}")

    def deliveries(self, mock: Mock, *, is_idle: bool) -> None:
        """Look whether every attempt that the receiver has got is known.

        Raises:
            Broken: one is not, or a delivery was not made in the end.
        """
        received, known, interrupted = dict(self._receiver.received), Counter[str](), 0
        for delivery in mock.world.deliveries():
            attempts = len(delivery.attempts) + len(delivery.interrupted)
            known[delivery.message_id or ""] += attempts + (not is_idle and delivery.status == "due")
            interrupted += len(delivery.interrupted)
            if is_idle and delivery.status != "acknowledged":
                raise Broken(f"delivery {delivery.number} is {delivery.status}")
        self.interrupted = interrupted
        unknown = {id_: count for id_, count in received.items() if count > known[id_]}
        if unknown:
            raise Broken(f"the receiver has got attempts that the log does not know, by message: {unknown}")


def torture(options: argparse.Namespace, folder: Path) -> None:
    """Kill the server as often as is wanted, and check what it has kept.

    Raises:
        Broken: it has not kept something.
    """
    state, log = folder / "torture.state", folder / "log"
    chance, promises, receiver = Random(options.seed), Promises(), Receiver()
    check = Check(promises, receiver)
    started, early = monotonic(), 0
    for run in range(1, options.kills + 1):
        server = start(state, options.sync, log)
        try:
            if run > 1 and chance.random() < 0.1:
                early += 1
                sleep(chance.uniform(0.1, 1.5))
                continue
            port = port_of(server)
            mock = Mock.at(f"http://127.0.0.1:{port}")
            if run == 1:
                check.begin(mock)
                rule = {"service": "ndi", "url": receiver.url, "verification": True}
                mock.world.change_account("serwersms", "demo", forwarding=[rule])
            check.messages(mock, whole=run % 20 == 0)
            load = Load(port, promises, run, options.clients)
            load.start()
            sleep(chance.uniform(0.05, 0.8))
        finally:
            server.kill()
            server.wait()
        load.stop()
        if run % 10 == 0 or run == options.kills:
            print(
                f"{run} kills, {len(promises.acknowledged)} messages acknowledged, {monotonic() - started:.0f} s",
                flush=True,
            )
    server = start(state, options.sync, log)
    try:
        mock = Mock.at(f"http://127.0.0.1:{port_of(server)}")
        check.messages(mock, whole=True)
        check.deliveries(mock, is_idle=False)
        _deliver_all(mock)
        check.deliveries(mock, is_idle=True)
        server.terminate()
        if server.wait(PATIENCE) != 0:
            raise Broken(f"the server ended with {server.returncode}")
    finally:
        server.kill()
        server.wait()
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "state", "check", str(state)], capture_output=True, text=True
    )
    if done.returncode:
        raise Broken(f"mockserver state check ended with {done.returncode}: {done.stderr}")
    _report(options, promises, check, early, receiver)


def _deliver_all(mock: Mock) -> None:
    """Wait until no delivery is due; what a busy receiver did not acknowledge in time is repeated up to an hour later, so move the clock."""
    for _ in range(REPEATS):
        ending = monotonic() + PATIENCE
        while not mock.world.wait_until_idle(PATIENCE) and monotonic() < ending:
            pass
        if all(delivery.status != "due" for delivery in mock.world.deliveries()):
            return
        mock.world.clock.advance("1h")


def _report(options: argparse.Namespace, promises: Promises, check: Check, early: int, receiver: Receiver) -> None:
    limited = promises.rejected.pop("limit", 0)
    if promises.rejected:
        raise Broken(f"requests were rejected for other reasons than a limit: {promises.rejected.most_common(3)}")
    doubt = len(promises.sent) - len(promises.acknowledged) - limited
    print(
        f"{options.kills} kills ({early} before the server was ready), {options.clients} clients, --state-sync {options.sync}, "
        f"seed {options.seed}: {len(promises.acknowledged)} messages acknowledged, all stored once; {doubt} were in doubt, none is "
        f"stored twice; {limited} were rejected by a limit, none is broken; {receiver.received.total()} attempts received, all "
        f"known; {check.interrupted} were interrupted and made again"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="contract_tests.torture", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="8 kills")
    parser.add_argument("--kills", type=int, help="how often; 200 by default")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--sync", choices=("normal", "full"), default="normal")
    parser.add_argument("--seed", default="torture")
    options = parser.parse_args(arguments)
    options.kills = options.kills or (8 if options.short else 200)
    with tempfile.TemporaryDirectory() as folder:
        try:
            torture(options, Path(folder))
        except Broken as reason:
            log = (Path(folder) / "log").read_text()
            sys.exit(f"broken: {reason}\n{log[-4000:]}")


if __name__ == "__main__":
    main()
