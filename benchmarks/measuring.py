"""Carry the plan out: start everybody, check what they answer, and let them take turns."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path

import psutil

from . import wrk
from .asking import Request, Response, ask, save
from .installing import Cache, Missing
from .loads import PAGE, SEND, Load, login
from .peers.ours import SCRIPT, Ours, recorded
from .peers.peer import Peer, Place
from .plan import OVERHEAD, Run, WebhookFaultPlan
from .processes import Failed, Running, free_port
from .progress import Progress
from .results import Memory, Million, Results, Shot, Start
from .worlds import MILLION, write_million

MANY = 100_000
"""Requests after which memory is looked at."""

TROUBLE = (
    Failed,
    Missing,
    wrk.NotWrk,
    OSError,
    HTTPException,
    AssertionError,
    ValueError,
    psutil.Error,
    subprocess.SubprocessError,
)
"""What a peer may do without ending the run. It is in the report."""

_WORLD = Request("GET", "/_mock/worlds/default")
_JOURNAL = Request("GET", "/_mock/worlds/default/journal?limit=0")


class Server:
    """A peer that runs."""

    def __init__(self, peer: Peer, place: Place, process: Running) -> None:
        self.peer, self.place, self.process = peer, place, process
        self._files: dict[str, Path] = {}

    def file(self, load: Load) -> Path:
        """The load's requests, written for this server's port."""
        if load.name not in self._files:
            path = self.place.folder / f"{load.name}.requests"
            save(path, self.peer.requests(load), self.place.port)
            self._files[load.name] = path
        return self._files[load.name]

    def counts(self) -> tuple[int, int]:
        """Of ours: exchanges that were ever written down, and messages that are held."""
        journal, world = (json.loads(ask(self.place.port, request).body) for request in (_JOURNAL, _WORLD))
        return journal["last"], world["messages"]


class Bench:
    """The plan, where it is carried out, and what came of it so far."""

    def __init__(self, plan: WebhookFaultPlan, cache: Cache, ours: Ours, results: Results, progress: Progress) -> None:
        self.plan, self.cache, self.results, self.progress = plan, cache, results, progress
        self._folder = cache.folder / "run"
        self._ours = ours
        self._recorded: Mapping[str, Response] = {}

    @property
    def _peers(self) -> list[Peer]:
        """Those that can be measured."""
        return [peer for peer in self.plan.peers if peer.name not in self.results.failures]

    def carry_out(self) -> None:
        """Everything. What a peer cannot do is in the results' failures."""
        for part, work in {
            "installation": self.install,
            "loads": self.loads,
            "starts": self.starts,
            "memory": self.memory,
            "a million": self.million,
        }.items():
            work()
            self.progress.over(part)
        self.results.minutes = self.progress.minutes

    # -- having them -----------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Have every peer, and what ours answers for them to say."""
        for peer in self.plan.peers:
            self.results.notes[peer.name] = peer.note
            with self._trouble_of(peer):
                self.results.versions[peer.name] = peer.install(self.cache)
                self.progress.say(f"has {peer.name} {self.results.versions[peer.name]}", "installation", 20)
        with self._started(self._ours) as (server, _):
            self._recorded = recorded(server.place.port)

    @contextmanager
    def _trouble_of(self, peer: Peer) -> Iterator[None]:
        try:
            yield
        except TROUBLE as trouble:
            sentence = f"{type(trouble).__name__}: {trouble}".strip(": ")
            self.results.failures[peer.name] = sentence
            self.progress.say(f"{peer.name} cannot be measured: {sentence}")

    @contextmanager
    def _started(self, peer: Peer, *, is_cold: bool = False) -> Iterator[tuple[Server, float]]:
        """A server, ready, and after how many seconds it was."""
        place = Place(self._folder / peer.name.replace(" ", "-"), free_port(), free_port())
        place.folder.mkdir(parents=True, exist_ok=True)
        if self._recorded:
            peer.configure(place, self._recorded)
        process = Running(peer.cold_command(place) if is_cold else peer.command(place), place.folder)
        server = Server(peer, place, process)
        try:
            _, seconds = process.first_answer(place.port, peer.requests(peer.first)[0], peer.patience)
            yield server, seconds
        finally:
            process.stop()

    # -- the loads -------------------------------------------------------------------------------------------------

    def loads(self) -> None:
        """Every server is up; one at a time is asked."""
        with ExitStack() as ending:
            servers: dict[str, Server] = {}
            for peer in self._peers:
                with self._trouble_of(peer):
                    server, _ = ending.enter_context(self._started(peer))
                    self._get_ready(server)
                    servers[peer.name] = server
            self.progress.over("warm-up")
            for run in self.plan.runs():
                if run.peer.name in self.results.failures:
                    continue
                with self._trouble_of(run.peer):
                    shot = self._shoot(servers[run.peer.name], run)
                    self.results.shots.append(shot)
                    self.progress.say(_described(shot), "loads", run.seconds + OVERHEAD)
            for name, server in servers.items():
                if name not in self.results.failures:
                    with self._trouble_of(server.peer):
                        self._check(server)

    def _get_ready(self, server: Server) -> None:
        peer = server.peer
        peer.prepare(server.place.port)
        self._check(server)
        seconds = self.plan.warm_up_of(peer)
        for load in peer.loads:
            self.progress.say(f"warms {peer.name} up: {load.name}", "warm-up", seconds)
            peer.before(server.place.port, load)
            wrk.drive(server.place.port, server.file(load), 32, seconds)
        self._check(server)

    def _check(self, server: Server) -> None:
        """Whether its answers are what they should be: before the load, and after it."""
        for load in server.peer.loads:
            server.peer.before(server.place.port, load)
            server.process.calm_down()
            response = ask(server.place.port, server.peer.requests(load)[0])
            if not server.peer.is_right(load, response, self._recorded[load.name]):
                raise Failed(f"{load.name}: answers {response.status} {response.body[:100]!r}")

    def _shoot(self, server: Server, run: Run) -> Shot:
        peer, load, port = run.peer, run.load, server.place.port
        is_counted = isinstance(peer, Ours) and load is SEND
        peer.before(port, load)
        server.process.calm_down()
        held = server.counts() if is_counted else (0, 0)
        cpu = server.process.cpu
        printed = wrk.drive(port, server.file(load), run.connections, run.seconds)
        cpu = server.process.cpu - cpu
        if not printed.requests:
            raise Failed(f"{load.name}: answered nothing in {run.seconds} s")
        return Shot(
            peer=peer.name,
            load=load.name,
            connections=run.connections,
            repetition=run.repetition,
            rate=round(printed.rate, 1),
            cpu=round(cpu / printed.requests * 1e6, 2),
            p50=printed.p50,
            p99=printed.p99,
            requests=printed.requests,
            errors=printed.errors,
            accepted=_share(held, server.counts()) if is_counted else None,
        )

    # -- beside the loads ------------------------------------------------------------------------------------------

    def starts(self) -> None:
        """Cold starts to the first answer, and ends; and ``--help``."""
        for _ in range(self.plan.starts):
            for peer in self._peers:
                if peer.is_peer:
                    with self._trouble_of(peer), self._started(peer, is_cold=True) as (server, seconds):
                        stop = server.process.stop()
                        self.results.starts.append(Start(peer.name, round(seconds, 4), round(stop, 4)))
                        self.progress.say(f"{peer.name} starts in {seconds:.3f} s", "starts", 2.5)
        for _ in range(2 * self.plan.starts + 1):
            began = time.perf_counter()
            subprocess.run([SCRIPT, "--help"], check=True, stdout=subprocess.DEVNULL)
            self.results.help.append(round(time.perf_counter() - began, 4))

    def memory(self) -> None:
        """What is resident after so many pages; of ours also after as many more, and after sends."""
        for peer in self._peers:
            if peer.is_peer:
                is_ours = isinstance(peer, Ours)
                with self._trouble_of(peer):
                    self._weigh(peer, PAGE, 2 if is_ours else 1, peer.at_rest(), is_cold=True)
                    if is_ours:
                        self._weigh(peer, SEND, 1, peer.requests(SEND))
                    self.progress.say(f"has weighed {peer.name}", "memory", self.plan.memory_seconds)

    def _weigh(self, peer: Peer, load: Load, times: int, request: Sequence[Request], *, is_cold: bool = False) -> None:
        most = MANY // 100 if self.plan.is_quick else MANY
        with self._started(peer, is_cold=is_cold) as (server, _):
            peer.prepare(server.place.port)
            path = server.place.folder / "memory.requests"
            save(path, request, server.place.port)
            requests, megabytes = [0], [_megabytes(server)]
            for _ in range(times):
                requests.append(requests[-1] + self._ask_many(server, load, path, most))
                megabytes.append(_megabytes(server))
        self.results.memory.append(Memory(peer.name, load.name, tuple(requests), tuple(megabytes)))

    def _ask_many(self, server: Server, load: Load, path: Path, most: int) -> int:
        """Ask second by second until so many answers are there; of a slow peer fewer. How many it were."""
        answered, seconds = 0, 0
        while answered < most and (seconds < self.plan.memory_seconds or server.peer is self._ours):
            if load is SEND:
                server.peer.before(server.place.port, load)
            printed = wrk.drive(server.place.port, path, 8, 1)
            if not printed.requests:
                raise Failed("answered nothing in a second")
            answered, seconds = answered + printed.requests, seconds + 1
        return answered

    def million(self) -> None:
        """Load a million messages of one program, and ask for the first page and the last."""
        if self.plan.is_quick:
            return
        path = self.cache.folder / "worlds" / "million.json"
        if not path.exists():
            write_million(path)
        with self._trouble_of(self._ours):
            self.results.million = self._page_through(path)

    def _page_through(self, path: Path) -> Million:
        with self._started(self._ours, is_cold=True) as (server, _):
            shipped = server.process.memory
        with self._started(_OfAMillion(path)) as (server, seconds):
            held = server.process.memory - shipped
            first, last = (_page_file(server, page) for page in (1, MILLION.messages // 500))
            ratios = []
            for _ in range(self.plan.repetitions):
                begins = wrk.drive(server.place.port, first, 1, 1).p50
                ratios.append(round(wrk.drive(server.place.port, last, 1, 1).p50 / begins, 3))
        return Million(round(seconds, 3), round(held / MILLION.messages, 1), tuple(ratios))


class _OfAMillion(Ours):
    """Ours with a world that does not know the four loads."""

    patience = 180.0

    def requests(self, load: Load) -> list[Request]:  # noqa: ARG002 - one shape for all measurements
        return [Request("GET", MILLION.target(1, 500), headers=login("measured"))]


def _page_file(server: Server, page: int) -> Path:
    path = server.place.folder / f"page-{page}.requests"
    save(path, [Request("GET", MILLION.target(page, 500), headers=login("measured"))], server.place.port)
    return path


def _megabytes(server: Server) -> float:
    return round(server.process.memory / 1e6, 1)


def _share(before: tuple[int, int], after: tuple[int, int]) -> float:
    request, kept = (now - then for then, now in zip(before, after, strict=True))
    return round(kept / request, 5) if request else 0.0


def _described(shot: Shot) -> str:
    return f"{shot.load}, {shot.connections} connections, {shot.peer}: {shot.rate:,.0f}/s"
