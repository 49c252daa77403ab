"""The tools of `make bench` are right; how long anything takes is not tested here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import Client

from benchmarks import loads, wrk
from benchmarks.asking import Request, Response, save
from benchmarks.goals import GOALS, NULL, SERVED_HOSTS, WIREMOCK, WIREMOCK_OFF, Finding
from benchmarks.peers.ours import Null, Ours
from benchmarks.peers.peer import Peer
from benchmarks.plan import CONNECTIONS, OVERHEAD, WebhookFaultPlan
from benchmarks.report import BEGIN, END, between_markers, spread, written
from benchmarks.results import Memory, Million, Results, Shot, Start
from benchmarks.worlds import ACCOUNTS, NUMBERS, sender, write_measured
from mockserver.app import build_service, read_fixture
from mockserver.engine.state import Fixture
from mockserver.providers.dialogtech.limits import PER_ACCOUNT, PER_MINUTE, PER_NUMBER

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "fixtures" / "worlds" / "demo.json"


# -- what wrk prints: recorded --------------------------------------------------------------------------------------

FAST = """\
Running 1s test @ http://127.0.0.1:40751/
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.76ms    2.99ms  19.78ms   88.97%
    Req/Sec    17.55k     7.78k   27.03k    70.00%
  Latency Distribution
     50%  126.00us
     75%    2.25ms
     90%    5.08ms
     99%   14.50ms
  17565 requests in 1.01s, 1.73MB read
Requests/sec:  17451.62
Transfer/sec:      1.71MB
"""
SLOW = """\
Running 1s test @ http://127.0.0.1:43453/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   539.70ms  314.78ms   1.01s    52.38%
    Req/Sec    23.50     15.42    50.00     62.50%
  Latency Distribution
     50%  480.66ms
     75%  862.44ms
     90%  891.86ms
     99%    1.01s\x20
  21 requests in 1.01s, 336.87KB read
Requests/sec:     20.73
Transfer/sec:    332.47KB
"""
REJECTING = """\
Running 1s test @ http://127.0.0.1:36059/
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   601.22ms  452.69us 601.92ms   71.43%
    Req/Sec    11.00      0.00    11.00    100.00%
  Latency Distribution
     50%  601.29ms
     75%  601.57ms
     90%  601.92ms
     99%  601.92ms
  7 requests in 1.02s, 3.79KB read
  Non-2xx or 3xx responses: 7
Requests/sec:      6.84
Transfer/sec:      3.70KB
"""
CLOSING = """\
Running 1s test @ http://127.0.0.1:38645/
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.00us    0.00us   0.00us    -nan%
    Req/Sec     0.00      0.00     0.00      -nan%
  Latency Distribution
     50%    0.00us
     75%    0.00us
     90%    0.00us
     99%    0.00us
  0 requests in 1.10s, 0.00B read
  Socket errors: connect 0, read 49774, write 0, timeout 0
Requests/sec:      0.00
Transfer/sec:       0.00B
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FAST, wrk.Printed(17565, 1.01, 0.126, 14.5, 0)),
        (SLOW, wrk.Printed(21, 1.01, 480.66, 1010, 0)),
        (REJECTING, wrk.Printed(7, 1.02, 601.29, 601.92, 7)),
        (CLOSING, wrk.Printed(0, 1.1, 0, 0, 49774)),
    ],
    ids=["fast", "slow", "refusing", "closing"],
)
def test_what_wrk_prints_is_read(text: str, expected: wrk.Printed) -> None:
    assert expected == wrk.parse(text)


def test_the_rate_is_that_of_the_whole_run() -> None:
    assert 17565 / 1.01 == wrk.parse(FAST).rate


@pytest.mark.parametrize(
    "text", ["", "unable to connect to 127.0.0.1:1 Connection refused\n", FAST.replace("99%", "98%")]
)
def test_what_wrk_does_not_print_is_rejected(text: str) -> None:
    with pytest.raises(wrk.NotWrk):
        wrk.parse(text)


# -- the world and the requests -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("worlds") / "measured.json"
    write_measured(path, DEMO)
    return path


@pytest.fixture(scope="module")
def held(measured) -> Fixture:
    return read_fixture(measured)


def test_the_measured_world_comes_out_the_same_each_time(measured, tmp_path) -> None:
    write_measured(tmp_path / "again.json", DEMO)

    assert measured.read_bytes() == (tmp_path / "again.json").read_bytes()


def test_the_senders_are_ten_thousand_numbers_four_to_an_account() -> None:
    senders = [sender(place) for place in range(NUMBERS)]
    accounts = [each.user for each in senders]

    assert (10_000, 2_500) == (len({each.number for each in senders}), len(set(accounts)))
    assert {4} == {accounts.count(user) for user in accounts[:50]}


def test_a_turn_comes_when_the_limits_allow_it() -> None:
    of_a_number = NUMBERS / loads.CHUNK * loads.STEP
    of_an_account = ACCOUNTS / loads.CHUNK * loads.STEP

    assert of_a_number > PER_NUMBER.seconds / PER_NUMBER.most
    assert of_a_number > PER_MINUTE.seconds / PER_MINUTE.most
    assert of_an_account > PER_ACCOUNT.seconds / PER_ACCOUNT.most


def _ask(client: Client, request: Request) -> Response:
    response = client.open(request.target, method=request.method, data=request.body, headers=list(request.headers))
    return Response(response.status_code, tuple(response.headers), response.data)


def _is_accepted(response: Response) -> bool:
    return "<result>success</result>" in response.text


def test_sends_are_accepted_with_the_clock_that_is_moved_and_rejected_without(open_registry, held) -> None:
    client = Client(build_service(registry=open_registry(held)).app)
    requests = loads.SEND.requests(moves_the_clock=True)
    turn = [each for each in requests if b"key-0007" in each.body or each.target == loads.CLOCK]
    send_example = [each for each in turn if each.target != loads.CLOCK]

    responses = [_ask(client, each) for each in turn * 45]
    moved = [
        _is_accepted(response)
        for response, request in zip(responses, turn * 45, strict=True)
        if request in send_example
    ]
    _ask(client, loads.advance(60))
    still = [_is_accepted(_ask(client, each)) for each in send_example * 2]

    assert [True] * 180 == moved
    assert [True] * 4 + [False] * 4 == still


@pytest.mark.parametrize("load", loads.LOADS, ids=lambda load: load.name)
def test_ours_answers_what_it_is_asked_for(load, open_registry, held) -> None:
    client = Client(build_service(registry=open_registry(held)).app)
    sizes = {"send": 0, "page of 50": 50, "page of 500": 500, "recived": 4}
    words = {"send": b"<result>", "page of 50": b'"body"', "page of 500": b'"body"', "recived": b'"recived"'}
    for request in (load.requests()[0], load.requests()[-1]):
        response = _ask(client, request)

        assert 200 == response.status
        assert max(sizes[load.name], 1) == response.body.count(words[load.name])


def test_requests_are_saved_as_the_lua_script_reads_them(tmp_path) -> None:
    requests = [Request("GET", "/a?b=c", headers=(("X-Word", "ü"),)), Request("POST", "/d", b"two\nlines")]
    save(tmp_path / "requests", requests, 7670)

    with (tmp_path / "requests").open("rb") as file:  # as walk.lua does: a line with a length, then so many bytes
        read = [file.read(int(length)) for length in iter(file.readline, b"")]

    assert [
        "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:7670\r\nX-Word: ü\r\n\r\n".encode(),
        b"POST /d HTTP/1.1\r\nHost: 127.0.0.1:7670\r\nContent-Length: 9\r\n\r\ntwo\nlines",
    ] == read


# -- the plan -------------------------------------------------------------------------------------------------------


class Other(Peer):
    name, note = "other", ""


PEERS = (Ours(Path("measured.json")), Null(), Other())


def test_every_server_has_its_turn_in_each_repetition_and_every_other_time_the_other_way_round() -> None:
    runs = list(WebhookFaultPlan(PEERS, repetitions=2).runs())
    turns = [
        [run.peer.name for run in runs if (run.load, run.connections, run.repetition) == (loads.SEND, 32, repetition)]
        for repetition in range(2)
    ]

    assert [[SERVED_HOSTS, NULL, "other"], ["other", NULL, SERVED_HOSTS]] == turns
    assert len({(run.peer.name, run.load.name, run.connections, run.repetition) for run in runs}) == len(runs)
    assert 2 * len(CONNECTIONS) * (4 + 1 + 4) == len(runs)


def test_the_plan_says_how_long_it_takes() -> None:
    plan = WebhookFaultPlan(PEERS, repetitions=5)
    runs = 5 * len(CONNECTIONS)

    assert runs * (4 * 2 + 2 + 4 * 1) + runs * 9 * OVERHEAD == pytest.approx(plan.seconds["loads"])
    assert plan.seconds["loads"] > sum(run.seconds for run in replace(plan, is_quick=True).runs())


# -- the report -----------------------------------------------------------------------------------------------------


def shot(peer: str, load: str, connections: int, rate: float, **others) -> Shot:
    given = {"repetition": 0, "cpu": 1e6 / rate, "p50": 1.0, "p99": 2.0, "requests": 100, "errors": 0, **others}
    return Shot(peer=peer, load=load, connections=connections, rate=rate, **given)


def results() -> Results:
    """Results: ours at 30,000 a second, WireMock at 10,000, and at 20,000 without its journal."""
    rates = {SERVED_HOSTS: 30_000, NULL: 120_000, WIREMOCK: 10_000, WIREMOCK_OFF: 20_000, "Mountebank": 12_000}
    found = Results("2026-06-01", {"processor": "2 × a processor"}, is_whole=True)
    found.versions = dict.fromkeys(rates, "1.0")
    found.notes = {peer: f"What {peer} does." for peer in (*rates, "Prism")}
    found.failures = {"Prism": "Missing: npm is not installed (Debian: npm)"}
    for peer, rate in rates.items():
        for load in loads.LOADS[: 1 if peer == NULL else 4]:
            accepted = 0.998 if (peer, load) == (SERVED_HOSTS, loads.SEND) else None
            found.shots += [shot(peer, load.name, each, rate, accepted=accepted) for each in CONNECTIONS]
    found.starts = [Start(SERVED_HOSTS, 0.2, 0.01), Start(WIREMOCK, 1.1, 0.3), Start("pytest-httpserver", 0.1, 0.5)]
    found.memory = [Memory(SERVED_HOSTS, "page of 50", (0, 100_000, 200_000), (50.0, 90.0, 91.0))]
    found.help = [0.08, 0.09, 0.1]
    found.million = Million(5.1, 420.0, (1.01, 1.1, 1.05))
    return found


def findings(found: Results) -> dict[str, Finding]:
    return {finding.promise: finding for goal in GOALS for finding in goal(found)}


@pytest.mark.parametrize(
    ("promise", "value", "result"),
    [
        ("requests/s to WireMock's as installed: send", 3, "reached"),
        ("requests/s to WireMock's as installed: page of 500", 3, "**missed by 50%**"),
        ("requests/s to WireMock's with its journal off: page of 50", 1.5, "reached"),
        ("processor time a request to WireMock's with its journal off: send", 2 / 3, "**missed by 33%**"),
        ("processor time a request to WireMock's with its journal off: recived", 2 / 3, "reached"),
        ("requests/s to every other peer's: recived", 2.5, "**missed by 17%**"),
        ("requests/s to a null application's on our shell: send", 0.25, "**missed by 17%**"),
        ("sends that are accepted, limits on", 0.998, "reached"),
        ("p99 at 8 connections: send", 2, "reached"),
        ("start to first answer", 200, "reached"),
        ("start to the quickest peer server's", 2 / 11, "reached"),
        ("resident memory after 100,000 pages of 50, journal full", 90, "reached"),
        ("memory after the next 100,000 to the first", 91 / 90, "reached"),
        ("resident bytes a message, with its indexes", 420, "**missed by 20%**"),
        ("last page's latency to the first's", 1.05, "reached"),
    ],
)
def test_a_promise_is_reached_or_missed_by_so_much(promise: str, value: float, result: str) -> None:
    finding = findings(results())[promise]

    assert (pytest.approx(value), result) == (finding.value, finding.result)


def test_the_worse_number_of_connections_counts() -> None:
    found = results()
    found.shots = [
        replace(each, rate=15_000) if (each.peer, each.load, each.connections) == (SERVED_HOSTS, "send", 32) else each
        for each in found.shots
    ]

    finding = findings(found)["requests/s to WireMock's as installed: send"]

    assert (1.5, "3.00 at 8, 1.50 at 32") == (finding.value, finding.shown)
    assert finding.result == "**missed by 25%**"


def test_the_median_of_the_repetitions_counts() -> None:
    found = results()
    found.shots += [
        shot(SERVED_HOSTS, "send", 8, rate, repetition=place) for place, rate in enumerate((90_000, 31_000), 1)
    ]

    assert found.middle(SERVED_HOSTS, "send", 8, lambda each: each.rate) == 31_000
    assert spread([30_000, 90_000, 31_000], ",.0f") == "31,000 (30,000–90,000)"


def test_what_was_not_measured_is_not_reached() -> None:
    nothing = Results("2026-06-01", {}, is_whole=False)

    assert {"not measured"} == {finding.result for finding in findings(nothing).values()}


def test_the_report_has_everybody_and_why_somebody_is_missing() -> None:
    text = written(results(), GOALS)

    assert "| Mountebank | 12,000 | 83 | 1.00 | 2.00 | 12,000 | 83 |" in text
    assert "Of our sends 99.80% were accepted in the worst repetition." in text
    assert "What Prism does. **Not measured, or not to the end: Missing: npm is not installed (Debian: npm)**" in text
    assert "Not a whole run" not in text


def test_the_report_says_whose_requests_failed() -> None:
    found = results()
    found.shots.append(shot("Mountebank", "send", 8, 12_000, repetition=1, errors=3))

    assert "Mountebank: 3 of 300 requests failed or timed out." in written(found, GOALS)


def test_the_report_of_a_partial_run_says_so() -> None:
    assert "Not a whole run" in written(replace(results(), is_whole=False), GOALS)


def test_the_report_is_the_same_from_the_saved_results(tmp_path) -> None:
    found = results()
    found.save(tmp_path / "results.json")
    read = Results.read(tmp_path / "results.json")

    assert found == read
    assert written(found, GOALS) == written(read, GOALS)


def test_only_what_is_between_the_markers_is_replaced() -> None:
    page = f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n"

    assert f"before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n" == between_markers(page, "new\n")
    assert page == between_markers(between_markers(page, "new"), "old")


@pytest.mark.parametrize("page", ["", BEGIN, f"{END} {BEGIN}", f"{BEGIN} {BEGIN} {END}"])
def test_a_page_without_its_markers_is_left_alone(page: str) -> None:
    with pytest.raises(ValueError, match="the page needs"):
        between_markers(page, "new")


def test_the_readme_has_its_markers() -> None:
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")

    assert "new" in between_markers(page, "new")


# -- what was measured last ------------------------------------------------------------------------------------------


def test_the_tables_are_those_of_the_saved_results() -> None:
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    last = Results.read(ROOT / "benchmarks" / "results.json")

    assert last.is_whole
    assert page == between_markers(page, written(last, GOALS))


def test_the_readme_quotes_only_the_table() -> None:
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    quoted = (ROOT / "docs" / "explanation" / "performance.md").read_text(encoding="utf-8")
    figures = re.findall(r"(?<![\w.,])(?<!99 in )\d+(?:[.,]\d+)*(?![\w.]*\d)(?! times as many| in 100)", quoted)

    assert 12 < len(figures)
    assert [] == [figure for figure in figures if not re.search(rf"(?<![\d.,]){figure}(?![\d.,]*\d)", measured)]


def test_the_readme_compares_as_the_table_does() -> None:
    last = Results.read(ROOT / "benchmarks" / "results.json")
    quoted = (ROOT / "docs" / "explanation" / "performance.md").read_text(encoding="utf-8")

    def times(load: str) -> float:
        theirs, ours = (last.middle(peer, load, 8, lambda shot: shot.rate) for peer in (WIREMOCK, SERVED_HOSTS))
        assert theirs is not None
        assert ours is not None
        return theirs / ours

    assert f"{times('send'):.1f} times as many sends and {times('page of 50'):.1f} times as many pages of 50" in quoted
    assert times("page of 500") < 1
