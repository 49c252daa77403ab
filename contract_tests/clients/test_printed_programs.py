"""The PHP programs of 000 and 001, taken from their pages and run byte for byte as they are printed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mockserver.client import WorldClient

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "contract_tests" / "documents" / "pages"
SAMPLES = ROOT / "fixtures" / "documents" / "dialogtech"
PATIENCE = 120
"""Seconds that a program may take."""


def page(document: str) -> str:
    return (PAGES / f"{document}.txt").read_text()


def in_text(document: str) -> str:
    """The program in a page's text."""
    return re.search(r"<\?php.*?\?>", page(document), re.DOTALL)[0]


def in_json(document: str) -> str:
    """The program in a page that begins with JSON: in a block of its body, which is JSON itself."""
    body = json.loads(page(document).splitlines()[0])["body"]
    blocks = map(json.loads, re.findall(r"\[block:code\]\n(.*?)\n\[/block\]", body, re.DOTALL))
    (program,) = (each["code"] for block in blocks for each in block["codes"] if each["language"] == "php")
    return program


GET, SEND = in_text("000"), in_json("001")
SENT = (SAMPLES / "send_message.xml").read_text()
# 000's sample with the one line that it lacks (DT-2).
GOT = (SAMPLES / "get_messages.xml").read_text().replace("    </messages>", "        </outbound>\n    </messages>")
REJECTED = "Invalid access_key or secret_access_key"


def escaped(text: str) -> str:
    """A text as it is escaped in JSON."""
    return json.dumps(text)[1:-1]


def test_the_programs_are_their_pages_to_the_letter() -> None:
    assert GET in page("000")
    assert escaped(escaped(SEND)) in page("001")
    assert [GET, SEND] == [(SAMPLES / name).read_text() for name in ("get_messages.php", "send_message.php")]


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """A folder in which a program is saved under a name."""

    def saved(text: str) -> str:
        file = tmp_path / "program.php"
        file.write_text(text, newline="")
        return str(file)

    return saved


# -- under exec ---------------------------------------------------------------------------------------------------------


def exec_(*command: str, options: Sequence[str] = ()) -> str:
    """Run a command under `mockserver exec` alone, and return its output."""
    exec_ = (sys.executable, "-m", "mockserver", "exec", "--freeze", "2026-06-01T12:00:00Z", "--strict", *options)
    done = subprocess.run([*exec_, "--", *command], capture_output=True, text=True, timeout=PATIENCE)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_001_prints_the_documented_answer_once_and_then_that_it_came_too_soon(program) -> None:
    listing = f"{sys.executable} -m mockserver message list --number 5556667777 --format json"

    printed = exec_("sh", "-c", f'php "$0"; printf "\\0"; php "$0"; printf "\\0"; {listing}', program(SEND))
    first, second, messages = printed.split("\0")

    assert SENT == first
    assert "Rate limit exceeded: 1 sms per number per second; next possible in 1.000 seconds" in second
    assert messages.count("Thank you for calling.") == 1


def test_000_prints_the_documented_messages(program) -> None:
    # The DTD is one that parsers take, unless the printed one is asked for.
    assert GOT.partition("]>\n")[2] == exec_("php", program(GET)).partition("]>\n")[2]


@pytest.mark.parametrize("text", [GET, SEND], ids=["000", "001"])
def test_in_a_world_without_their_keys_they_are_rejected_in_the_documented_envelope(
    text: str, program, tmp_path: Path
) -> None:
    other = {"provider": "dialogtech", "name": "other", "logins": [{"user": "other", "secret": "keys"}]}
    (tmp_path / "world.json").write_text(json.dumps({"mockserver": 1, "accounts": [other]}))

    printed = exec_("php", program(text), options=("--world", str(tmp_path / "world.json")))

    assert SENT.replace("success", "failed").replace("[1] Message Sent", REJECTED) == printed


# -- at a server that runs ----------------------------------------------------------------------------------------------


@pytest.fixture
def php(leading, program) -> Callable[[str], str]:
    """Run a PHP program that prints nothing on stderr, and return its output."""

    def run(text: str) -> str:
        done = subprocess.run(
            ["php", program(text)], env=leading.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert (0, "") == (done.returncode, done.stderr)
        return done.stdout

    return run


def sent(world: WorldClient) -> list[tuple[str, str, str]]:
    messages = world.messages("dialogtech", "documents", number="5556667777")
    return [(message.recipient, message.sender, message.text) for message in messages]


def test_001_sends_what_its_comment_says(php, world: WorldClient) -> None:
    assert SENT == php(SEND)
    assert [("5556667777", "5554332111", "Thank you for calling.")] == sent(world)


def test_000_prints_its_sample_where_the_printed_dtd_is_asked_for(php, world: WorldClient) -> None:
    world.variants.set({"dialogtech.get_messages.dtd": "printed"})

    assert GOT == php(GET)


@pytest.mark.parametrize("fault", ["close", "reset"])
@pytest.mark.parametrize(("text", "messages"), [(GET, 0), (SEND, 1)], ids=["000", "001"])
def test_they_print_nothing_when_the_connection_breaks_and_do_not_complain(
    text: str, messages: int, fault: str, php, world: WorldClient
) -> None:
    world.faults.add(fault, point="after")

    assert "" == php(text)
    assert [fault] == [exchange.ending for exchange in world.journal()]
    assert messages == len(sent(world))
