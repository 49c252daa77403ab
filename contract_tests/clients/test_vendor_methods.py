"""Every method of the clients on PyPI and npm, unmodified: hosts are hard-coded, and the demo accounts are used.

Each is answered in the shape that is documented, is rejected with wrong credentials, and loses a response.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contract_tests.clients.vendor_methods import NODE, PYTHON_NEWEST, PYTHON_OLDEST, Method, operation_of
from mockserver.client import WorldClient

HERE = Path(__file__).parent
PATIENCE = 120
"""Seconds that a client may take."""
TOKEN = "0123456789abcdef0123456789abcdef"
WITHOUT_CREDENTIALS = {"error/<code>"}
"""The actions that need none."""


class VendorClient(NamedTuple):
    """A client of the vendor's."""

    methods: Sequence[Method]
    command: Sequence[str]
    """Its program, with ``{}`` for the folder of the package."""
    right: Sequence[str]
    """The credentials of the demo account, as it takes them."""
    wrong: Sequence[str]
    error: int
    """The vendor's code for wrong credentials."""
    packages: Sequence[str]


PYTHON = (sys.executable, "-W", "ignore::DeprecationWarning", str(HERE / "python" / "call_serwersms.py"))
CLIENTS = {
    "serwersmsv2api-0.0.2": VendorClient(PYTHON_OLDEST, PYTHON, (TOKEN,), ("wrong",), 1012, ("serwersmsv2api==0.0.2",)),
    # It asks for Python 3.12, but what it is made of runs on 3.11.
    "serwersmsv2api-2.0.0": VendorClient(
        PYTHON_NEWEST, PYTHON, (TOKEN,), ("wrong",), 1012, ("serwersmsv2api==2.0.0", "--ignore-requires-python")
    ),
    # Its package does not declare `request`, which it needs.
    "serwersms.pl": VendorClient(
        NODE,
        ("node", "--no-deprecation", str(HERE / "node" / "call_serwersms.cjs")),
        ("demo", "demo"),
        ("demo", "wrong"),
        1001,
        ("serwersms.pl@1.0.8", "request@2.88.2"),
    ),
}
every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)


@pytest.fixture
def folder_of(from_pypi, from_npm) -> Callable[[VendorClient], Path]:
    """Return the folder of a client's packages."""

    def folder(client: VendorClient) -> Path:
        return (from_npm if client.methods is NODE else from_pypi)(*client.packages)

    return folder


@pytest.fixture
def results(leading, folder_of) -> Callable[..., Mapping[str, Any]]:
    """Call every method of a client in turn; return what each returned, by its name."""

    def call(client: VendorClient, credentials: Sequence[str]) -> Mapping[str, Any]:
        folder = str(folder_of(client))
        calls = json.dumps([(each.name, each.arguments) for each in client.methods])
        done = subprocess.run(
            [*client.command, *credentials, calls],
            env={**leading.environment, "PYTHONPATH": folder, "NODE_PATH": folder},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return call


def shape_of(result: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the names of a result's fields, each with the names in it, or in the first of its members."""
    return {name: _names(value) for name, value in result.items()}


def _names(value: Any) -> tuple[str, ...]:
    first = value[0] if isinstance(value, list) and value else value
    return tuple(first) if isinstance(first, dict) else ()


def actions_of(world: WorldClient) -> list[str]:
    """Return the actions that were requested, in order."""
    return [exchange.operation for exchange in world.journal()]


def requested(methods: Sequence[Method]) -> list[str]:
    """Return the operations of methods."""
    return [operation_of(each.action) for each in methods]


@every_client
def test_the_table_has_every_method_of_the_client(client: VendorClient, folder_of) -> None:
    folder = folder_of(client)
    if client.methods is NODE:
        modules = sorted((folder / "serwersms.pl" / "module").glob("*.js"))
        found = {
            (path.stem.replace("_", "").lower(), name)
            for path in modules
            for name in re.findall(r"^    (\w+):function\(", path.read_text(), re.MULTILINE)
            if name != "init"
        }
        assert found == {(name[1:].lower(), method) for name, method in (row.name.split(".") for row in client.methods)}
        return
    modules = sorted((folder / "serwersms").glob("*.py"))
    found = {
        (path.stem, name)
        for path in modules
        if not path.stem.startswith(("__", "serwersms"))
        for name in re.findall(r"^    def ([a-z]\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert found == {tuple(row.name.split(".")) for row in client.methods}


@every_client
def test_every_method_is_answered_in_the_documented_shape(client: VendorClient, results, world: WorldClient) -> None:
    found = results(client, client.right)

    for row in client.methods:
        shape = {name: tuple(inner) for name, inner in row.shape.items()}
        assert (row.name, *shape_of(found[row.name]).items()) == (row.name, *shape.items())
    assert actions_of(world) == requested(client.methods)


@every_client
def test_every_method_hands_its_caller_the_vendors_error(client: VendorClient, results, world: WorldClient) -> None:
    found = results(client, client.wrong)

    for row in client.methods:
        if row.action not in WITHOUT_CREDENTIALS:
            assert found[row.name]["error"]["code"] == client.error, row.name
    assert actions_of(world) == requested(client.methods)


@every_client
def test_every_method_that_loses_its_response_says_so_and_was_carried_out(
    client: VendorClient, results, world: WorldClient
) -> None:
    world.faults.add("reset", point="after")

    found = results(client, client.right)

    assert {tuple(result) for result in found.values()} == {("raised",)}
    assert [exchange.ending for exchange in world.journal()] == ["reset"] * len(client.methods)
    assert actions_of(world) == requested(client.methods)
    sent = {message.recipient for message in world.messages("serwersms", direction="outbound")}
    assert {"+48500600700", "+48600700800"} <= sent


# -- Ifbyphone-API-Module ------------------------------------------------------------------------------------------------

NUMBER, UNUSED = "3125550142", "3125550143"
"""Numbers of the demo account: one is enabled for SMS."""


@pytest.fixture
def ifbyphone(leading, from_pypi) -> Callable[..., list[tuple[str, str]]]:
    """Call methods of the library's ``sms``; return what each element ``result`` and ``result_description`` holds."""

    def call(*calls: tuple[str, Mapping[str, str]]) -> list[tuple[str, str]]:
        program = str(HERE / "python" / "call_ifbyphone.py")
        folder = str(from_pypi("Ifbyphone-API-Module==0.0.5"))
        done = subprocess.run(
            [sys.executable, program, folder, json.dumps(calls)],
            env=leading.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return [(_element("result", each), _element("result_description", each)) for each in json.loads(done.stdout)]

    return call


def _element(name: str, response: str) -> str:
    """Return the text of an element; the whole response where it has none."""
    found = re.search(f"<{name}>(.*?)</{name}>|<{name}/>", response)
    return response if found is None else found[1] or ""


SEND = ("send", {"to": "5556667777", "from_": NUMBER, "message": "Test"})


def test_every_sms_method_of_ifbyphone_is_answered(ifbyphone, world: WorldClient) -> None:
    (sent,) = ifbyphone(SEND)
    newest = world.messages("dialogtech", direction="outbound", number=NUMBER)[-1]

    found = ifbyphone(
        ("get_messages", {"start_date": "20260601", "end_date": "20260601", "number": NUMBER}),
        ("get_message", {"msg_id": newest.id}),
        ("delete_message", {"msg_id": newest.id}),
        ("register_number", {"number": NUMBER, "url": "https://example.com/inbound"}),
        ("unregister_number", {"number": NUMBER}),
        ("get_numbers", {}),  # it sends what was sent before: the number is not enabled any more
    )

    assert sent == ("success", "[1] Message Sent")
    assert found == [
        ("success", "[1] Message(s) Returned"),
        ("success", "[1] Message(s) Returned"),
        ("success", "Message [1] Deleted"),
        ("success", f"[{NUMBER}] Registered"),
        ("success", f"[{NUMBER}] Unregistered"),
        ("failed", found[-1][1]),
    ]
    assert "action" in ifbyphone(("get_numbers", {}))[0][1]


def test_every_sms_method_of_ifbyphone_hands_its_caller_the_providers_error(ifbyphone) -> None:
    found = ifbyphone(
        ("send", {"to": "5556667777", "from_": NUMBER, "message": "x" * 257}),
        ("get_messages", {"start_date": "2026", "end_date": "20260601"}),
        ("delete_message", {"msg_id": "1"}),
        ("register_number", {"number": "5550000000"}),
        ("unregister_number", {"number": "5550000000"}),
    )

    assert [result for result, _ in found] == ["failed"] * 5
    assert ifbyphone(("get_message", {"msg_id": "1"})) == [("success", "[0] Message(s) Returned")]


def test_every_sms_method_of_ifbyphone_that_loses_its_response_says_so_and_was_carried_out(
    ifbyphone, world: WorldClient
) -> None:
    world.faults.add("reset", point="after")

    found = ifbyphone(
        SEND,
        ("get_messages", {"start_date": "20260601", "end_date": "20260601"}),
        ("get_message", {"msg_id": "1"}),
        ("delete_message", {"msg_id": "1"}),
        ("register_number", {"number": NUMBER}),
        ("unregister_number", {"number": NUMBER}),
    )

    # Requests takes whatever happens in a proxy for the proxy's fault: a ConnectionError, too.
    assert {result for result, _ in found} <= {"raised ConnectionError", "raised ProxyError"}
    assert actions_of(world) == list(IFBYPHONE_OPERATIONS)
    assert [message.text for message in world.messages("dialogtech", direction="outbound", number=NUMBER)][-1] == "Test"


IFBYPHONE_OPERATIONS = (
    *("sms.send_message", "sms.get_messages", "sms.get_message", "sms.delete_message"),
    *("sms.register_number", "sms.unregister_number"),
)


# -- Apprise -------------------------------------------------------------------------------------------------------------

APPRISE_URL = "serwersms://demo:demo@INFO/+48500600700"


@pytest.fixture
def apprise(fetched_with_dependencies) -> Mapping[str, str]:
    """Return the variables that Apprise needs."""
    return {"PYTHONPATH": str(fetched_with_dependencies("apprise==2.3.0"))}


def test_apprise_sends_through_exec_and_its_message_shows_in_conversations(apprise) -> None:
    exec_ = (sys.executable, "-m", "mockserver", "exec", "--", sys.executable)

    done = subprocess.run(
        [*exec_, str(HERE / "python" / "notify_by_apprise.py"), "hello", APPRISE_URL],
        env={**os.environ, **apprise},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout


def test_apprise_is_accepted_reports_a_rejection_and_reports_a_lost_response(
    apprise, leading, world: WorldClient
) -> None:
    def notify(url: str) -> int:
        program = [sys.executable, "-c", "from apprise.cli import main; main()", "-b", "hello", url]
        env = {**leading.environment, **apprise}
        return subprocess.run(program, env=env, capture_output=True, timeout=PATIENCE).returncode

    assert (notify(APPRISE_URL), notify(APPRISE_URL.replace("demo@", "wrong@"))) == (0, 1)
    world.faults.add("reset", point="after")
    assert notify(APPRISE_URL) == 1
    sent = [each for each in world.messages("serwersms", direction="outbound") if each.text == "hello"]
    assert [(each.sender, each.recipient, each.row["kind"]) for each in sent] == [("INFO", "+48500600700", "full")] * 2
