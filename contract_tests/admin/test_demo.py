"""Demos on the command line, and the page that shows them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from mockserver import Mock, MockServer
from mockserver.demo import NAMES, all_demos, find_demo
from mockserver.scenario import ScenarioRun

COMMAND = [sys.executable, "-m", "mockserver", "demo"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, env=ENVIRONMENT)


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_runs_on_a_server_of_its_own(name: str) -> None:
    done = run(name)
    steps = re.findall(r"^(\d+)\. (\d\d:\d\d:\d\d)  \S", done.stdout, re.MULTILINE)

    assert (0, "") == (done.returncode, done.stderr)
    assert [str(step) for step in range(1, len(find_demo(name).scenario.timeline) + 1)] == [
        number for number, _ in steps
    ]
    assert "09:00:00" == steps[0][1] < steps[-1][1]


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_runs_again_and_again_on_a_running_server(server: MockServer, name: str) -> None:
    first, second = (re.sub(r":\d{5}\b", ":PORT", run(name, "--server", server.url).stdout) for _ in range(2))

    assert first == second
    page = re.search(r"See it in the browser: (\S+)", run(name, "--server", server.url).stdout)
    assert page is not None
    with urlopen(page[1]) as response:
        assert find_demo(name).scenario.phone in response.read().decode()


def test_the_reply_of_the_demo_is_attempted_three_times_and_acknowledged_once(server: MockServer) -> None:
    with Mock.at(server.url) as mock:
        demo_run = ScenarioRun(find_demo("reply").scenario, mock)
        list(demo_run.run_rest())
        (delivery,) = demo_run.world.deliveries()

    assert "acknowledged" == delivery.status
    assert [500, 500, 200] == [attempt.response.status for attempt in delivery.attempts if attempt.response]
    assert ["09:00", "09:05", "09:10"] == [f"{attempt.at:%H:%M}" for attempt in delivery.attempts]


def test_the_first_client_of_the_demo_sends_twice_and_the_careful_one_once(server: MockServer) -> None:
    with Mock.at(server.url) as mock:
        demo_run = ScenarioRun(find_demo("double-send").scenario, mock)
        list(demo_run.run_rest())
        texts = [message.text for message in demo_run.world.messages("dialogtech")]
        endings = [(each.operation, each.ending) for each in demo_run.world.journal()]

    assert ["Your table is ready.", "Your table is ready.", "Your bill is ready."] == texts
    assert [
        ("sms.send_message", "reset"),
        ("sms.send_message", "complete"),
        ("sms.send_message", "reset"),
        ("sms.get_messages", "complete"),
    ] == endings


def test_without_a_demo_the_command_starts_a_server_and_prints_the_page_s_url() -> None:
    process = subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        page = re.search(r"http://\S+/_mock/ui/\S+", line)
        assert page is not None
        with urlopen(page[0]) as response:
            text = response.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert all(demo.scenario.title in text for demo in all_demos().values())


def test_an_unknown_demo_is_a_usage_error() -> None:
    done = run("cinderella")

    assert 2 == done.returncode
    assert "the demos are reply, double-send" in done.stderr
