"""`mockserver mcp`, spoken to by the client of the official SDK over stdin and stdout."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp_types import CallToolResult, TextContent

from mockserver import MockServer, WorldClient
from mockserver.agents.tools import READ_TOOLS, WRITE_TOOLS

Result = TypeVar("Result")
SEND = {
    "action": "sms.send_message",
    "access_key": "foo",
    "secret_access_key": "bar",
    "from": "5554332111",
    "to": "5556667777",
    "message": "Your table is ready.",
}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def world(server: MockServer) -> Iterator[WorldClient]:
    with server.create_world("small", freeze="2026-06-01T12:00:00Z") as created:
        yield created


def talk(talking: Callable[[Client], Awaitable[Result]], world: WorldClient, *options: str) -> Result:
    """Start `mockserver mcp` for a world as an agent's program does, and talk with it."""
    command = ["-m", "mockserver", "mcp", "--server", world.transport.url, "--world", world.id, *options]

    async def run() -> Result:
        with anyio.fail_after(60):
            async with Client(stdio_client(StdioServerParameters(command=sys.executable, args=command))) as client:
                return await talking(client)

    return anyio.run(run)


def call(world: WorldClient, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Call tools one after the other in a session that may write; return what each returned, a text or JSON."""

    async def talking(client: Client) -> list[Any]:
        return [content(await client.call_tool(name, arguments)) for name, arguments in calls]

    return talk(talking, world, "--write")


def content(result: CallToolResult) -> Any:
    assert not result.is_error, result.content
    (part,) = result.content
    assert isinstance(part, TextContent)
    if result.structured_content is None or {"result"} == result.structured_content.keys():
        return part.text
    assert json.loads(part.text) == result.structured_content
    return result.structured_content


def error(result: CallToolResult) -> str:
    assert result.is_error
    (part,) = result.content
    assert isinstance(part, TextContent)
    return re.sub(r"^Error executing tool \w+: ", "", part.text)  # what the SDK puts before it


def test_without_write_an_agent_gets_the_tools_that_only_read_and_is_told_so(world: WorldClient) -> None:
    async def talking(client: Client) -> Any:
        return (
            (await client.list_tools()).tools,
            client.instructions,
            await client.call_tool("make_checkpoint", {"name": "x"}),
        )

    tools, instructions, refused = talk(talking, world)

    assert [method.__name__ for method in READ_TOOLS] == [tool.name for tool in tools]
    assert {True} == {tool.annotations.read_only_hint for tool in tools}
    assert "mockserver mcp --write" in instructions
    assert "Unknown tool: make_checkpoint" == error(refused)
    assert [] == world.checkpoints()


def test_with_write_every_tool_and_each_parameter_is_described_and_only_reading_ones_say_that_they_read(
    world: WorldClient,
) -> None:
    async def talking(client: Client) -> Any:
        return (await client.list_tools()).tools, client.instructions

    tools, instructions = talk(talking, world, "--write")

    assert [method.__name__ for method in (*READ_TOOLS, *WRITE_TOOLS)] == [tool.name for tool in tools]
    assert {method.__name__ for method in READ_TOOLS} == {
        tool.name for tool in tools if tool.annotations.read_only_hint
    }
    assert {"rewind_world", "remove_faults"} == {tool.name for tool in tools if tool.annotations.destructive_hint}
    assert [] == [tool.name for tool in tools if not (tool.description or "").endswith(".")]
    assert [] == [
        (tool.name, name)
        for tool in tools
        for name, schema in tool.input_schema.get("properties", {}).items()
        if "description" not in schema
    ]
    assert "--write" not in instructions


def test_an_agent_sends_reads_explains_and_verifies(world: WorldClient) -> None:
    sent, again, messages, exchanges, explained, report, verified, missing = call(
        world,
        ("send_request", {"path": "/ibp_api.php", "form": SEND}),
        ("send_request", {"path": "/ibp_api.php", "form": SEND}),
        ("list_messages", {"number": "5556667777", "direction": "outbound"}),
        ("list_exchanges", {"outcome": "rejected"}),
        ("explain_exchange", {"number": 2}),
        ("get_report", {"since": 1}),
        ("verify_exchanges", {"exchanges": [{"operation": "sms.send_message"}], "count": 2}),
        ("verify_exchanges", {"exchanges": [{"operation": "sms.send_message", "parameters": {"to": "5550000000"}}]}),
    )

    assert (200, True) == (sent["status"], "<result>success</result>" in sent["body"])
    assert (200, True) == (again["status"], "1 sms per number per second" in again["body"])
    assert ["Your table is ready."] == [message["text"] for message in messages["messages"]]
    assert [(2, "TooManyPerNumber")] == [(each["number"], each["error"]) for each in exchanges["exchanges"]]
    assert ("TooManyPerNumber", "1 sms per number per second") == (
        explained["explanation"]["rule"]["name"],
        explained["explanation"]["rule"]["sentence"],
    )
    assert report.startswith(f"world {world.id}: 1 exchange\n")
    assert (True, [1, 2]) == (verified["holds"], verified["found"])
    assert missing["holds"] is False
    assert "5550000000" in json.dumps(missing["difference"])


def test_an_agent_advances_receives_breaks_and_rewinds(world: WorldClient) -> None:
    made, received, changes, moved, rule, failed, removed, rewound = call(
        world,
        ("make_checkpoint", {"name": "before"}),
        (
            "receive_message",
            {"provider": "dialogtech", "sender": "5556667777", "recipient": "5554332111", "text": "Yes"},
        ),
        ("show_changes", {"checkpoint": "before"}),
        ("advance_clock", {"seconds": 90}),
        ("add_fault", {"fault": {"kind": "static_response", "status": 503}, "expires_after": 1}),
        ("send_request", {"path": "/ibp_api.php", "form": SEND}),
        ("remove_faults", {}),
        ("rewind_world", {"checkpoint": "before"}),
    )

    assert ("before", "2026-06-01T12:00:00Z") == (made["name"], made["at"])
    assert ("inbound", "Yes") == (received["direction"], received["text"])
    assert ["message"] == [each["kind"] for each in changes["inserted"] if each["kind"] == "message"]
    assert "2026-06-01T12:01:30Z" == moved["now"]
    assert (0, None) == (rule["hits"], rule["remaining"] if rule["exhausted"] else None)
    assert 503 == failed["status"]
    assert {"removed": 1} == removed
    assert "2026-06-01T12:00:00Z" == rewound["now"]
    assert [] == world.messages(number="5556667777")


def test_an_agent_looks_up_facts_and_makes_a_world_of_its_own(world: WorldClient) -> None:
    quickstart, quirk, errors, variants, chosen, created, worlds, other = call(
        world,
        ("get_quickstart", {}),
        ("look_up", {"topic": "quirks", "text": "DT-23"}),
        ("look_up", {"topic": "errors", "provider": "mgage", "limit": 1}),
        ("look_up", {"topic": "variants", "text": "dialogtech.zone"}),
        ("set_variants", {"variants": {"mgage.number": "numeric"}}),
        ("create_world", {"id": "of-the-agent", "fixture": "empty"}),
        ("list_worlds", {}),
        ("list_messages", {"world": "of-the-agent"}),
    )

    assert f"This text is about the world {world.id}:" in quickstart
    assert "DT-23" in [each["number"] for each in quirk["quirks"]]
    assert (1, {"mgage"}) == (len(errors["errors"]), {each["provider"] for each in errors["errors"]})
    assert errors["omitted"] > 0
    assert ["dialogtech.zone"] == [each["name"] for each in variants["variants"]]
    assert {"variants": {"mgage.number": "numeric"}} == chosen
    assert ("of-the-agent", {}) == (created["id"], created["credentials"])
    assert {"default", world.id, "of-the-agent"} <= {each["id"] for each in worlds["worlds"]}
    assert {"messages": []} == other


def test_a_mistake_is_an_error_that_says_what_would_be_right(world: WorldClient) -> None:
    async def talking(client: Client) -> list[str]:
        return [
            error(await client.call_tool("explain_exchange", {"number": 99})),
            error(await client.call_tool("add_fault", {"fault": {"kind": "delya"}})),
            error(await client.call_tool("advance_clock", {})),
            error(await client.call_tool("send_request", {"path": "/_mock/worlds"})),
            error(await client.call_tool("list_messages", {"world": "nowhere"})),
            error(await client.call_tool("list_messages", {"limit": 0})),
            error(await client.call_tool("make_checkpoint", {"name": "here", "world_id": "other", "note": "x"})),
            error(await client.call_tool("list_worlds", {"world": "other"})),
        ]

    exchange, kind, advance, path, nowhere, limit, misspelt, extra = talk(talking, world, "--write")

    assert "99" in exchange
    assert "did you mean 'delay'" in kind
    assert "advance takes exactly one of a duration, seconds, minutes, to and next" == advance
    assert "path must be a path of a provider that begins with /, not '/_mock/worlds'" == path
    assert "there is no world 'nowhere' (not_found)" == nowhere
    assert "greater than or equal to 1" in limit
    assert "make_checkpoint has no parameter world_id, note; it has name, world" == misspelt
    assert "list_worlds has no parameter world; it has none" == extra
    assert [] == world.checkpoints()


def test_without_a_server_every_tool_says_how_to_start_one() -> None:
    async def talking(client: Client) -> str:
        return error(await client.call_tool("list_worlds", {}))

    async def run() -> str:
        command = ["-m", "mockserver", "mcp", "--server", "http://127.0.0.1:9"]
        async with Client(stdio_client(StdioServerParameters(command=sys.executable, args=command))) as client:
            return await talking(client)

    assert "no server answers at http://127.0.0.1:9; start one with: mockserver serve" == anyio.run(run)


def test_without_the_package_mcp_the_command_says_how_to_install_it() -> None:
    program = "import sys; sys.modules['mcp'] = None; from mockserver.cli import main; sys.argv[1:] = ['mcp']; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (2, "") == (done.returncode, done.stdout)
    assert "mockserver: mockserver mcp needs the package mcp: pip install 'sms-mockserver[mcp]'\n" == done.stderr
