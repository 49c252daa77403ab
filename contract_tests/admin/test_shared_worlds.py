"""Worlds that the tests of a class or module share, and that are rewound before each: ``scope="checkpoint"``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = """
def build(world):
    print("a world is filled")
    world.store("dialogtech", "documents", direction="inbound", sender="5556667777", recipient="5554332111", text="first")
    world.faults.add("delay", seconds=0, id="slow")


def count(world):
    return len(world.messages("dialogtech", number="5556667777"))
"""

IN_A_CLASS = """
@pytest.mark.mockserver(scope="checkpoint", build=build, fixture="small", freeze="2026-06-01T12:00:00Z")
class TestReminders:
    worlds = []

    @pytest.mark.parametrize("turn", range(3))
    def test_each_test_finds_the_world_as_it_was_built(self, mock_redirect, mock_world, turn):
        self.worlds.append(mock_world.id)
        assert (1, 0, 1) == (count(mock_world), len(mock_world.journal()), len(mock_world.faults.list()))
        assert "[1] Message Sent" in send()
        mock_world.verify(operation="sms.send_message", count=1)
        assert [turn + 1] == [each.number for each in mock_world.journal()]
        assert 2 == count(mock_world)
        mock_world.clock.advance(minutes=60)
        mock_world.faults.clear()

    def test_all_of_them_have_used_one_world(self, mock_world):
        assert {mock_world.id} == set(self.worlds)


def test_a_test_outside_has_a_world_of_its_own(mock_world):
    assert mock_world.id not in TestReminders.worlds
"""


def test_the_tests_of_a_class_share_a_world_that_is_built_once_and_rewound(run) -> None:
    result = run(BUILD + IN_A_CLASS, "-rP", "-n", "0")
    result.assert_outcomes(passed=5)

    assert 1 == "\n".join(result.outlines).count("a world is filled")


def test_the_tests_of_a_module_share_a_world_which_is_deleted_at_the_end(run) -> None:
    result = run(
        BUILD
        + """
pytestmark = pytest.mark.mockserver(scope="checkpoint", build=build)


@pytest.fixture(scope="session", autouse=True)
def at_the_end(mock_server):
    yield
    print("worlds:", [world.id for world in mock_server.worlds()])


@pytest.mark.parametrize("turn", range(3))
def test_it(mock_redirect, mock_world, turn):
    assert 1 == count(mock_world)
    send()


class TestInside:
    def test_it(self, mock_world):
        assert 1 == count(mock_world)

    @pytest.mark.mockserver(variants={"limits": "off"})
    def test_one_with_options_of_its_own_has_a_world_of_its_own(self, mock_world):
        assert (1, "off") == (count(mock_world), mock_world.variants["limits"])

    @pytest.mark.mockserver(scope="test")
    def test_one_that_asks_for_a_new_world_gets_it(self, mock_world):
        assert 1 == count(mock_world)
""",
        "-rA",
        "-n",
        "0",
    )
    result.assert_outcomes(passed=6)
    said = "\n".join(result.outlines)

    assert 3 == said.count("a world is filled")
    assert "worlds: ['default']" in said


def test_checkpoints_of_one_test_are_not_those_of_the_next(run) -> None:
    result = run(
        BUILD
        + """
def build_with_a_checkpoint(world):
    world.checkpoint("empty")
    build(world)


@pytest.mark.mockserver(scope="checkpoint", build=build_with_a_checkpoint)
class TestIt:
    @pytest.mark.parametrize("turn", range(4))
    def test_it(self, mock_world, turn):
        assert ["empty", "mockserver.built"] == [each.name for each in mock_world.checkpoints()]
        mock_world.checkpoint("before")
        if turn == 1:
            mock_world.remove_checkpoint("empty")
""",
        "-rP",
        "-n",
        "0",
    )
    result.assert_outcomes(passed=4)

    assert 2 == "\n".join(result.outlines).count("a world is filled")


def test_workers_of_xdist_build_a_world_each(run) -> None:
    result = run(
        BUILD
        + """
@pytest.mark.mockserver(scope="checkpoint", build=build)
class TestIt:
    @pytest.mark.parametrize("turn", range(8))
    def test_it(self, mock_redirect, mock_world, turn):
        assert 1 == count(mock_world)
        send()
""",
        "-n",
        "2",
    )

    result.assert_outcomes(passed=8)


def test_a_world_that_a_test_has_deleted_reset_or_robbed_of_its_checkpoint_is_as_it_was_built_for_the_next(run) -> None:
    run(
        BUILD
        + """
@pytest.mark.mockserver(scope="checkpoint", build=build)
class TestIt:
    @pytest.mark.parametrize("action", ["nothing", "drop", "reset", "restore", "remove", "nothing again"])
    def test_it(self, mock_redirect, mock_world, action):
        assert 1 == count(mock_world)
        assert "[1] Message Sent" in send()
        if action == "drop":
            mock_world.drop()
        if action == "reset":
            mock_world.reset()
        if action == "restore":
            mock_world.restore({"format": 2, "accounts": []})
        if action == "remove":
            mock_world.remove_checkpoint("mockserver.built")
""",
        "-n",
        "0",
    ).assert_outcomes(passed=6)


def test_a_world_whose_building_fails_is_deleted_and_every_test_says_why(run) -> None:
    result = run(
        """
def build(world):
    raise ZeroDivisionError("no such account")


@pytest.mark.mockserver(scope="checkpoint", build=build)
class TestIt:
    def test_one(self, mock_world): ...
    def test_two(self, mock_world): ...


def test_three(mock_server):
    assert ["default"] == [world.id for world in mock_server.worlds()]
""",
        "-n",
        "0",
    )
    result.assert_outcomes(errors=2, passed=1)

    assert 2 <= "\n".join(result.outlines).count("ZeroDivisionError: no such account")


def test_the_report_of_a_failing_test_has_its_own_exchanges_alone(run) -> None:
    result = run(
        """
@pytest.mark.mockserver(scope="checkpoint", freeze="2026-06-01T12:00:00Z")
class TestIt:
    def test_one(self, mock_redirect, mock_world):
        send()

    def test_two(self, mock_redirect, mock_world):
        send()
        assert False

    def test_three(self, mock_world):
        assert False
""",
        "-n",
        "0",
    )
    result.assert_outcomes(passed=1, failed=2)
    said = "\n".join(result.outlines)

    assert re.search(r"world \w+: 1 exchange\n +2 2026-06-01T12:00:00Z 200", said)
    assert re.search(r"world \w+: nothing was asked", said)


def test_each_variant_of_the_matrix_has_a_world_that_is_built_for_it(run) -> None:
    result = run(
        BUILD
        + """
@pytest.mark.mockserver(scope="checkpoint", build=build)
class TestIt:
    def test_it(self, mock_redirect, mock_world):
        assert 1 == count(mock_world)
""",
        "-n",
        "0",
        "--mockserver-variants=matrix",
        "-k",
        "usual or limits",
    )

    assert set(result.parseoutcomes()) <= {"passed", "deselected"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("scope='class'", "scope: "),
        ("build='fill'", "build: 'fill' is not a function that takes a world"),
    ],
)
def test_an_option_that_is_wrong_fails_the_test_with_a_sentence(run, options: str, message: str) -> None:
    result = run(f"@pytest.mark.mockserver({options})\ndef test_it(mock_world): ...\n", "-n", "0")

    result.assert_outcomes(errors=1)
    assert f"@pytest.mark.mockserver: {message}" in "\n".join(result.outlines)


UNITTEST = """
import unittest
import urllib.request

from mockserver import MockWorldCase


def build(world):
    print("a world is filled")
    world.store("dialogtech", "documents", direction="inbound", sender="5556667777", recipient="5554332111", text="first")


class Reminders(MockWorldCase):
    mockserver = {"scope": "checkpoint", "build": build, "fixture": "small"}
    worlds = set()

    def check(self):
        self.worlds.add(self.world.id)
        self.assertEqual(1, len(self.world.messages("dialogtech", number="5556667777")))
        self.assertEqual([], list(self.world.journal()))
        call = "action=sms.send_message&access_key=foo&secret_access_key=bar&from=5554332111&to=5556667777&message=hi"
        urllib.request.urlopen(f"https://secure.dialogtech.com/ibp_api.php?{call}").read()
        self.assertEqual(2, len(self.world.messages("dialogtech", number="5556667777")))
        self.world.verify(operation="sms.send_message", count=1)

    test_one = test_two = test_three = check

    @classmethod
    def tearDownClass(cls):
        print("worlds:", len(cls.worlds))
        super().tearDownClass()


class Others(MockWorldCase):
    mockserver = {"build": build}

    def check(self):
        self.assertEqual(1, len(self.world.messages("dialogtech", number="5556667777")))

    test_one = test_two = check


unittest.main()
"""


def test_a_class_of_unittest_builds_a_world_once_and_each_test_is_rewound(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(UNITTEST)
    done = subprocess.run([sys.executable, "test_it.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert 0 == done.returncode, done.stderr
    assert ["a world is filled"] * 3 + ["worlds: 1"] == sorted(done.stdout.split("\n"))[1:]
