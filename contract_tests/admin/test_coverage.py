"""Behaviour coverage: which behaviours a client has met, which antipatterns its traffic shows, and the reports of both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from contract_tests.commands import run_command
from contract_tests.installed import PROVIDERS
from mockserver.admin.coverage import behaviours
from mockserver.app import Service
from mockserver.client import WorldClient
from mockserver.client.coverage import Coverage
from mockserver.engine.journal import Exchange
from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk import documented
from mockserver.sdk.provider import Behaviour, Provider
from mockserver.server import MockServer

DIALOGTECH = {"access_key": "foo", "secret_access_key": "bar"}
SMS = {"action": "sms.send_message", **DIALOGTECH, "to": "5556667777", "from": "5554332111", "message": "hi"}
DAYS = {"startDate": "2014-12-05T00:00:00", "endDate": "2014-12-05T23:59:59"}
LOGIN = {"username": "Login", "password": "Haslo"}


@pytest.fixture
def world(server: MockServer) -> Iterator[WorldClient]:
    with server.create_world(freeze="2026-06-01T12:00:00Z") as world:
        yield world


@pytest.fixture
def ask(world: WorldClient) -> Iterator[Callable[..., requests.Response]]:
    """Send a request of any provider to the world."""
    with requests.Session() as session:
        yield lambda method, path, **options: session.request(method, world.base_url + path, timeout=30, **options)


@pytest.fixture
def send(ask) -> Callable[..., None]:
    def sent(**changes: str) -> None:
        with suppress(requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            ask("POST", "/ibp_api.php", data=SMS | changes)

    return sent


@pytest.fixture
def export(ask) -> Callable[..., Any]:
    def exported(program: str = "121811", **filters: str) -> Any:
        return ask("GET", f"/api/messages/program/{program}", params=DAYS | filters, auth=("mgage", "mgage")).json()

    return exported


def met(world: WorldClient) -> set[str]:
    return {each["name"] for each in world.coverage()["behaviours"] if each["met"]}


def antipatterns(world: WorldClient) -> list[tuple[str, list[int]]]:
    return [(each["name"], each["exchanges"]) for each in world.coverage()["antipatterns"]]


# -- what is documented ------------------------------------------------------------------------------------------------

BEHAVIOURS = [(provider, behaviour) for provider in PROVIDERS for behaviour in provider.behaviours]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_every_documented_provider_error_is_a_behaviour(provider: Provider, world: WorldClient) -> None:
    documented = {error.__name__ for error in provider.errors if error.source.document is not None}
    received = [each["name"] for each in world.coverage()["behaviours"] if each["provider"] == provider.name]

    assert documented == {name.removeprefix("rejected: ") for name in received if name.startswith("rejected: ")}
    assert len(received) == len(set(received)) == len(documented) + len(provider.behaviours)


@pytest.mark.parametrize(("provider", "behaviour"), BEHAVIOURS, ids=lambda each: each.name)
def test_a_behaviour_is_seen_in_an_answer_or_in_a_delivery(provider: Provider, behaviour: Behaviour) -> None:
    assert (behaviour.seen is None) != (behaviour.done is None)


@pytest.mark.parametrize(("provider", "behaviour"), BEHAVIOURS, ids=lambda each: each.name)
def test_the_sentence_of_a_behaviour_is_the_documents(provider: Provider, behaviour: Behaviour) -> None:
    document, sentence, quirk = behaviour.source
    if document is None:
        assert f"## {quirk} " in provider.quirks_file.read_text()
        return
    page = Path(__file__).parents[1] / "documents/pages" / f"{document}.txt"
    assert " ".join(str(sentence).split()) in " ".join(page.read_text().split())


def test_without_requests_no_behaviour_is_covered(world: WorldClient) -> None:
    assert set() == met(world)
    assert ([], []) == (world.coverage()["providers"], antipatterns(world))


# -- dialogtech --------------------------------------------------------------------------------------------------------


def test_what_dialogtech_answers_is_met(world: WorldClient, ask, send) -> None:
    send()
    for call in (
        {"action": "sms.get_numbers"},
        {"action": "sms.get_messages", "start_date": "20170101", "end_date": "20170101", "number": "5554443210"},
        {"action": "sms.get_messages", "start_date": "20150101", "end_date": "20150101"},
    ):
        ask("POST", "/ibp_api.php", data=DIALOGTECH | call)

    assert {
        "a message is accepted",
        "a list of numbers",
        "inbound messages",
        "outbound messages",
        "the messages of one number",
        "an empty list of messages",
    } == met(world)


@pytest.mark.parametrize("responses", [{"result": "success"}, {"dtd": "none"}, {"envelope": "dtd"}])
def test_a_variant_hides_nothing(responses: dict[str, str], world: WorldClient, ask) -> None:
    for name, value in responses.items():
        home = "get_messages" if name == "envelope" else "get_numbers"
        world.variants.set({f"dialogtech.{home}.{name}": value})
    ask("POST", "/ibp_api.php", data=DIALOGTECH | {"action": "sms.get_numbers"})
    days = {"start_date": "20170101", "end_date": "20170101"}
    ask("POST", "/ibp_api.php", data=DIALOGTECH | {"action": "sms.get_messages"} | days)

    assert {"a list of numbers", "inbound messages", "outbound messages"} == met(world)


def test_each_limit_is_met_by_its_own_provider_error(world: WorldClient, send) -> None:
    send()
    send(message="too soon")
    for number in range(3):
        world.faults.add(
            "provider_error",
            name=("TooManyPerMinute", "TooManyPerAccount", "MessageTooLong")[number],
            id=f"rule{number}",
            match={"provider": "dialogtech"},
        )
        send(to=f"555666777{number}")
        world.faults.remove(f"rule{number}")

    assert {
        "a message is accepted",
        *("rejected: TooManyPerNumber", "rejected: TooManyPerMinute"),
        *("rejected: TooManyPerAccount", "rejected: MessageTooLong"),
    } == met(world)


@pytest.mark.parametrize("kind", ["reset", "close", "garbage", "malformed"])
def test_what_did_not_reach_the_client_was_not_met(kind: str, world: WorldClient, send) -> None:
    world.faults.add(kind)
    send()

    assert set() == met(world)


def test_what_came_late_was_met(world: WorldClient, send) -> None:
    world.faults.add("slow", size=100, pause=0)
    send()

    assert {"a message is accepted"} == met(world)


# -- mgage -------------------------------------------------------------------------------------------------------------


def test_pages_of_mgage_are_met_one_by_one(world: WorldClient, export) -> None:
    first = export(pageSize="3")
    assert {"MO messages", "MT messages", "a page that has a next one"} == met(world)

    assert first["meta"]["nextPageUrl"]
    export(pageSize="3", page="2")
    assert {"page 2", "the last page"} <= met(world)

    export(pageSize="500", page="9")
    assert {"the largest page", "an empty list of messages"} <= met(world)


def test_provider_errors_of_mgage_are_met(world: WorldClient, export) -> None:
    export("1")
    export("500500")
    export(pageSize="501")

    assert {"rejected: UnknownProgram", "rejected: ServerException", "rejected: NotAPageSize"} == met(world)


# -- serwersms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".xml"])
@pytest.mark.parametrize("kind", ["eco", "nd", "ndi", "mms"])
def test_each_type_of_serwersms_is_met_in_either_format(kind: str, suffix: str, world: WorldClient, ask) -> None:
    ask("POST", f"/messages/recived{suffix}", data=LOGIN | {"type": kind})
    attachments = {"an attachment"} if kind == "mms" else set()

    assert {f"messages of type {kind}"} | attachments == met(world)


@pytest.mark.parametrize("suffix", ["", ".xml"])
def test_pages_marks_and_nothing_at_all_are_met(suffix: str, world: WorldClient, ask) -> None:
    ask("POST", f"/messages/recived{suffix}", data=LOGIN | {"limit": "3", "page": "2"})
    assert {"page 2", "the last page"} < met(world)

    ask("POST", f"/messages/recived{suffix}", data=LOGIN | {"read": "true"})
    assert "messages marked as read" in met(world)
    assert "an empty list of messages" not in met(world)

    ask("POST", f"/messages/recived{suffix}", data=LOGIN)
    assert "an empty list of messages" in met(world)


def test_repeats_of_forwarding_are_met_one_after_the_other(world: WorldClient) -> None:
    unknown = "http://127.0.0.1:9/sms"
    world.change_account("serwersms", "documents", forwarding=[{"service": "nd", "url": unknown, "verification": True}])
    world.inbound("serwersms", "documents", kind="nd", sender="+48500600700", text="Tak")
    assert world.wait_until_idle()
    seen = []
    for minutes in (0, 5, 5, 5, 45):
        world.clock.advance(minutes=minutes)
        seen.append(len(met(world)))

    assert [0, 1, 2, 3, 5] == seen
    assert {*(f"forwarding, repeat {number}" for number in range(1, 5)), "forwarding is given up"} == met(world)


def test_the_states_of_a_sent_message_and_their_reports_are_met(world: WorldClient, ask) -> None:
    who = {"username": "Login", "password": "Haslo"}
    phones = "500600700,+48990000050,+48990000060"
    to = {"phone": phones, "text": "hello", "dlr_url": "http://127.0.0.1:9/dlr"}
    world.clock.freeze()
    ask("POST", "/messages/send_sms", data=who | to)
    ask("POST", "/messages/reports", data=who)
    assert {f"a sent message that is {state}" for state in ("in_progress", "delivered")} == met(world)
    ask("POST", "/messages/send_sms", data=who | {"phone": "500600700", "text": "x", "date": "2099-01-01 10:00:00"})
    for seconds in (1, 4, 300):
        world.clock.advance(seconds)
        for suffix in ("json", "xml"):
            ask("POST", f"/messages/reports.{suffix}", data=who)
    ask("POST", "/messages/delete", data=who | {"unique_id": "none"})
    states = ("saved", "in_progress", "sent", "delivered", "undelivered", "unsent")
    assert {*(f"a sent message that is {state}" for state in states), "the report of a state is repeated"} <= met(world)
    assert "a message is deleted before it is sent" not in met(world)
    assert "forwarding, repeat 1" not in met(world)


def test_a_check_of_several_numbers_is_met_in_both_states(world: WorldClient, ask) -> None:
    who = {"username": "Login", "password": "Haslo"}
    world.clock.freeze()
    asked = ask("POST", "/phones/check", data=who | {"phone": "500600700,600700800"})
    assert {"a check of several numbers that is pending"} == met(world)
    world.clock.advance(5)
    ask("POST", "/phones/check.xml", data=who | {"id": asked.json()["id"]})
    assert {f"a check of several numbers that is {state}" for state in ("pending", "done")} == met(world)


# -- what the traffic shows --------------------------------------------------------------------------------------------


def test_a_client_that_follows_the_address_of_the_next_page_shows_nothing(world: WorldClient, ask, export) -> None:
    url = export(pageSize="2")["meta"]["nextPageUrl"]
    ask("GET", url.removeprefix(world.base_url), auth=("mgage", "mgage"))

    assert "page 2" in met(world)
    assert [] == antipatterns(world)


def test_a_client_that_builds_the_address_of_the_next_page_shows_it(world: WorldClient, export) -> None:
    export(pageSize="2")
    export(pageSize="2", page="2", messageType="MO")

    assert [("builds its own page URL", [2])] == antipatterns(world)


@pytest.mark.parametrize("kind", ["reset", "close", "cut"])
def test_a_client_that_sends_again_after_no_answer_shows_it(kind: str, world: WorldClient, send) -> None:
    world.variants.set(limits="off")
    world.faults.add(kind, when={"first": 1}, **({"keep": 5} if kind == "cut" else {}))
    send()
    send(message="another")
    send()

    assert [("sends again after an ambiguous failure", [3])] == antipatterns(world)


def test_a_client_that_sends_the_same_twice_on_purpose_shows_nothing(world: WorldClient, send) -> None:
    world.variants.set(limits="off")
    send()
    send()

    assert [] == antipatterns(world)


def test_a_client_that_leaves_a_rejected_message_behind_shows_it(world: WorldClient, send) -> None:
    send()
    send(message="too soon")
    world.clock.advance(minutes=2)
    send(message="the next")

    assert [("ignores a failure inside HTTP 200", [2])] == antipatterns(world)


def test_a_client_that_waits_and_sends_it_then_shows_nothing(world: WorldClient, send) -> None:
    send()
    send(message="too soon")
    world.clock.advance(minutes=2)
    send(message="too soon")
    send(message="and stops there")

    assert [] == antipatterns(world)


def test_a_client_that_goes_on_with_credentials_that_were_rejected_shows_it(world: WorldClient, send) -> None:
    send(access_key="wrong")
    send(access_key="wrong", message="the next")
    send()

    assert [("ignores a failure inside HTTP 200", [1])] == antipatterns(world)


def test_secrets_in_an_address_are_shown(world: WorldClient, ask) -> None:
    ask("GET", "/ibp_api.php", params=SMS)
    ask("POST", "/messages/recived?username=Login&password=Haslo", data=LOGIN)

    assert [("secrets in a query string", [1]), ("secrets in a query string", [2])] == antipatterns(world)


# -- reports -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def seen(world: WorldClient, send) -> Coverage:
    send()
    send(message="too soon")
    send(to="5556667778", message="| the next |")
    coverage = Coverage()
    coverage.add(world.coverage(), "test_a")
    coverage.add(world.coverage(), "test_b")
    return coverage


def test_only_providers_with_requests_count(seen: Coverage) -> None:
    dialogtech = next(provider for provider in PROVIDERS if provider.name == "dialogtech")
    documented: list[type[ProviderError]] = [each for each in dialogtech.errors if each.source.document is not None]
    all_of_them = len(dialogtech.behaviours) + len(documented)

    assert {"dialogtech"} == {each.provider for each in seen.behaviours}
    assert f"2 of {all_of_them} documented behaviours met ({200 / all_of_them:.0f}%)" == seen.summary()
    assert (0.0, "no provider received a request") == (Coverage().percent, Coverage().summary())


def test_a_behaviour_that_fails_over_an_exchange_is_not_met_and_ends_no_report(
    world: WorldClient, send: Callable[..., None], service: Service
) -> None:
    send()
    (exchange,) = service.registry.get(world.id).journal.since(0)  # type: ignore[union-attr]  # the world is there
    (dialogtech,) = (provider for provider in PROVIDERS if provider.name == "dialogtech")
    fails, holds = (Behaviour(name, documented("001", "x"), seen) for name, seen in (("a", _fail), ("b", bool)))
    found = behaviours([replace(dialogtech, behaviours=(fails, holds), errors=())], [exchange], [])

    assert [("a", []), ("b", [1])] == [(each.name, each.exchanges) for each in found]


def _fail(_: Exchange) -> bool:
    raise ZeroDivisionError


def test_markdown_names_the_tests_and_the_sentences(seen: Coverage) -> None:
    text = seen.markdown()

    assert "| dialogtech | a message is accepted | 2 | `test_a`, `test_b` | 001: “[1] Message Sent” |\n" in text
    assert "| dialogtech | inbound messages | no |  | 000: " in text
    assert "- **ignores a failure inside HTTP 200** (dialogtech)." in text
    assert "  - `test_b (exchange 2)`\n" in text


def test_json_has_all_of_it(seen: Coverage) -> None:
    whole = json.loads(seen.json())

    assert round(seen.percent, 1) == whole["percent"]
    assert len(seen.behaviours) == len(whole["behaviours"])
    assert ["test_a", "test_b"] == next(each["by"] for each in whole["behaviours"] if each["times"])


def test_junit_skips_what_was_not_met_and_fails_for_an_antipattern(seen: Coverage) -> None:
    suite = ElementTree.fromstring(seen.junit())

    assert (len(seen.behaviours) + 1, 1) == (int(suite.get("tests")), int(suite.get("failures")))
    assert len(seen.behaviours) - 2 == int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
    assert ["ignores a failure inside HTTP 200"] == [
        case.get("name") for case in suite if case.find("failure") is not None
    ]


def test_the_command_shows_and_writes_it(
    server: MockServer, world: WorldClient, seen: Coverage, tmp_path: Path
) -> None:
    done = run_command(
        "coverage", "--server", server.url, "--world", world.id, "--report", tmp_path / "it.md", "--threshold", 5
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "  not met: inbound messages\n" in done.stdout
    assert seen.summary() == done.stdout.splitlines()[-1]
    assert (tmp_path / "it.md").read_text().startswith("# Behaviours of the providers")


def test_the_command_fails_below_the_threshold_and_for_a_file_of_no_format(
    server: MockServer, world: WorldClient, tmp_path: Path
) -> None:
    low = run_command("coverage", "--server", server.url, "--world", world.id, "--threshold", 5, "--format", "json")
    wrong = run_command("coverage", "--server", server.url, "--report", tmp_path / "it.pdf")

    message = "no provider received a request; 5% are required"
    assert {"error": {"code": "below_threshold", "message": message, "difference": None}} == json.loads(low.stderr)
    assert 1 == low.returncode
    assert [] == json.loads(low.stdout)["providers"]
    assert 2 == wrong.returncode
    assert "it.pdf: a coverage report's name ends with .md, .json, .xml" in wrong.stderr


# -- a run of pytest ---------------------------------------------------------------------------------------------------

TESTS = """
def test_it(mock_redirect):
    assert "Message Sent" in send()

def test_that(mock_redirect):
    requests.get(URL, params=CALL | {"action": "sms.get_numbers"})

def test_dropped(mock_world):
    mock_world.drop()

def test_nothing(mock_world):
    pass
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_adds_up_what_its_worlds_have_seen(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, workers: str
) -> None:
    result = run(TESTS, "-n", workers, "--mockserver-coverage", "--mockserver-coverage-report=it.json")
    result.assert_outcomes(passed=4)
    whole = json.loads((pytester.path / "it.json").read_text())

    assert {"a message is accepted": ["test_it.py::test_it"], "a list of numbers": ["test_it.py::test_that"]} == {
        each["name"]: each["by"] for each in whole["behaviours"] if each["times"]
    }
    assert [["test_it.py::test_that (exchange 1)"]] == [each["by"] for each in whole["antipatterns"]]
    result.stdout.fnmatch_lines(
        ["*mockserver: behaviours of the providers*", "dialogtech: 2 of *", "  not met: inbound*"]
    )


@pytest.mark.parametrize(("threshold", "code"), [("1.5", 0), ("98.5", 1)])
def test_a_run_fails_below_its_threshold(run: Callable[..., pytest.RunResult], threshold: str, code: int) -> None:
    result = run(TESTS, f"--mockserver-coverage-threshold={threshold}")

    assert code == result.ret
    assert code == ("that is less than the 98.5% that are required" in result.outlines)


def test_a_report_of_no_format_stops_the_run(run: Callable[..., pytest.RunResult]) -> None:
    result = run(TESTS, "--mockserver-coverage-report=it.pdf")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    assert "it.pdf: a coverage report's name ends with .md, .json, .xml" in "".join(result.errlines)


def test_a_report_is_written_into_a_folder_that_is_not_there_yet(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    result = run(TESTS, "--mockserver-coverage-report=build/reports/it.md")
    result.assert_outcomes(passed=4)

    assert 0 == result.ret
    assert (pytester.path / "build/reports/it.md").read_text().startswith("# Behaviours of the providers")


def test_a_report_that_cannot_be_written_is_said_and_fails_no_run(run: Callable[..., pytest.RunResult]) -> None:
    result = run(TESTS, "--mockserver-coverage-report=test_it.py/it.xml", "--mockserver-coverage-report=it.json")
    result.assert_outcomes(passed=4)

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["test_it.py/it.xml was not written: *Error: *test_it.py'"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_run_without_coverage_options_collects_no_coverage(run: Callable[..., pytest.RunResult]) -> None:
    result = run(TESTS)
    result.assert_outcomes(passed=4)

    result.stdout.no_fnmatch_line("*behaviours of the providers*")
