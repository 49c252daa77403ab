"""The tools of `mockserver mcp`: the control API for agents, over the Model Context Protocol.

A tool is a method of `Tools`: its docstring and the descriptions of its parameters are what an agent reads. Every tool takes the id
of a world; without one it is about the world that the command was started for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, TypeAlias, TypeVar

import requests
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from mockserver.client import ControlError, Mock, NoServer, WorldClient
from mockserver.client.transport import format_difference
from mockserver.engine.journal import ExchangeOutcome
from mockserver.version import __version__

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Row: TypeAlias = dict[str, Any]

WorldId: TypeAlias = Annotated[
    str | None, Field(description="The id of a world; without it, the one this server was started for.")
]
Limit: TypeAlias = Annotated[int, Field(ge=1, le=500, description="The maximal number of items.")]
Since: TypeAlias = Annotated[int, Field(ge=0, description="Only items with a greater number; 0 for all.")]
ProviderName: TypeAlias = Annotated[
    str | None, Field(description="Only of this provider, by its name in the quickstart.")
]

INSTRUCTIONS = """\
mockserver is a test double of SMS providers: it answers as they do, keeps the messages that it receives, and sends nothing to a provider
or a handset. A world is the isolated state of one test: accounts, messages, clock, rate limits, fault rules, webhooks and a journal of
exchanges (requests with their responses). Begin with get_quickstart: it has the addresses and credentials. When a request did not do what
you expected, ask get_report or explain_exchange before you change code: they name the sentence of the provider's document, or the numbered
quirk that was assumed.
"""
READ_ONLY = "This server is read-only. For tools that change a world it must be started as `mockserver mcp --write`.\n"
TIMEOUT = 60
"""Seconds that a request of `send_request` may take."""
_OWN_PATHS = "/_mock", "/_w/"
"""Paths that are not the providers'."""


def reporting(
    method: Callable[Concatenate[Tools, Parameters], Result],
) -> Callable[Concatenate[Tools, Parameters], Result]:
    """Return a tool whose expected errors the agent reads; the SDK would hide their messages."""

    @wraps(method)
    def run(self: Tools, /, *given: Parameters.args, **named: Parameters.kwargs) -> Result:
        try:
            return method(self, *given, **named)
        except ControlError as error:
            difference = "" if error.difference is None else f"\n{format_difference(error.difference)}"
            raise ToolError(f"{error.message} ({error.code}){difference}") from error
        except (NoServer, ValueError, LookupError, TimeoutError) as error:
            raise ToolError(str(error)) from error

    return run


class Tools:
    """The tools, over the client of a server."""

    def __init__(self, mock: Mock, world: str) -> None:
        """Create the tools; no request is sent yet.

        Args:
            mock: the client of the server.
            world: the id of the world of calls that name none.
        """
        self._mock = mock
        self._default = world

    def _world(self, world_id: str | None) -> WorldClient:
        return self._mock.get_world(world_id or self._default)

    # -- tools that only read ------------------------------------------------------------------------------------------

    @reporting
    def get_quickstart(self, world: WorldId = None) -> str:
        """Return how to use this server: its addresses, the credentials and numbers of a world's accounts, first requests as curl commands, and how an application is brought here. Read it first."""
        return self._mock.quickstart(world or self._default)

    @reporting
    def list_worlds(self) -> Row:
        """List the worlds, each with its base URL, credentials, clock, variants, and the numbers of its exchanges and messages."""
        return {"worlds": [_row(each.facts.row) for each in self._mock.worlds(limit=500)]}

    @reporting
    def list_messages(
        self,
        world: WorldId = None,
        provider: ProviderName = None,
        account: Annotated[str | None, Field(description="Only of this account.")] = None,
        direction: Annotated[
            Literal["inbound", "outbound"] | None, Field(description="inbound: from a handset to the account.")
        ] = None,
        number: Annotated[str | None, Field(description="Only from or to this telephone number.")] = None,
        since: Annotated[
            int | None,
            Field(
                description="Only messages with a greater serial; get_quickstart has the last one that the world began with."
            ),
        ] = None,
        limit: Limit = 20,
    ) -> Row:
        """List messages of a world with sender, recipient, text and status, in the order in which they were stored: what an application has sent, and what handsets have written. The last serial is the since of the next call."""
        found = self._world(world).messages(
            provider, account, direction=direction, number=number, since=since, limit=limit
        )
        return {"messages": [_row(each.row) for each in found]}

    @reporting
    def list_exchanges(
        self,
        world: WorldId = None,
        provider: ProviderName = None,
        operation: Annotated[str | None, Field(description="Only of this operation, such as sms.send_message.")] = None,
        outcome: Annotated[ExchangeOutcome | None, Field(description="Only with this outcome for the client.")] = None,
        error: Annotated[str | None, Field(description="Only rejected with the provider error of this name.")] = None,
        since: Since = 0,
        limit: Limit = 20,
    ) -> Row:
        """List exchanges, the requests that reached the world with what was answered: the newest ones, oldest first. Each has a number for explain_exchange."""
        found = self._world(world).journal(
            provider, operation, outcome=outcome, error=error, since=since, limit=limit, order="newest"
        )
        return {"exchanges": [_row(each.row) for each in found]}

    @reporting
    def get_report(
        self,
        world: WorldId = None,
        since: Annotated[int, Field(ge=0, description="Only exchanges with a greater number; 0 for all.")] = 0,
    ) -> str:
        """Return what happened in a world as text: the last exchanges, one line each, and for each that failed why, with its source and a hint. The first thing to read when a test has failed."""
        return self._world(world).report(since)

    @reporting
    def explain_exchange(
        self, number: Annotated[int, Field(ge=1, description="The number of the exchange.")], world: WorldId = None
    ) -> Row:
        """Return one exchange in full: request, response as it was sent, and why: the decision, the sentence of the provider's document or the quirk it follows, the values as they were read, parameters that were ignored, rate limits, fault rules, and a hint."""
        return _row(self._world(world).exchange(number).row)

    @reporting
    def list_deliveries(
        self,
        world: WorldId = None,
        status: Annotated[
            Literal["due", "held", "acknowledged", "given up"] | None, Field(description="Only with this status.")
        ] = None,
        since: Since = 0,
        limit: Limit = 20,
    ) -> Row:
        """List webhook deliveries: what the provider sends to the application, with every attempt, its request and response, and when the next is due on the world's clock."""
        found = self._world(world).deliveries(status=status, since=since, limit=limit)
        return {"deliveries": [_row(each.row) for each in found]}

    @reporting
    def verify_exchanges(
        self,
        exchanges: Annotated[
            list[Row],
            Field(
                description='Descriptions of exchanges, each with any of provider, operation, account, method, path, parameters, headers, outcome, error, status. A value of parameters or headers is a text or {"pattern": "^555"}.'
            ),
        ],
        count: Annotated[
            int | dict[str, int] | None,
            Field(description='How many exchanges match: a number, or {"at_least": 1, "at_most": 3}.'),
        ] = None,
        order: Annotated[bool, Field(description="Whether they must have happened in this order.")] = False,
        since: Since = 0,
        world: WorldId = None,
    ) -> Row:
        """Check whether requests were made as described. Returns the result, the numbers of the matching exchanges and, if the check fails, how the closest exchange differs. It changes nothing."""
        given = {"exchanges": exchanges, "count": count, "order": order or None, "since": since or None}
        return self._world(world).run_verification({name: value for name, value in given.items() if value is not None})

    @reporting
    def show_changes(
        self, checkpoint: Annotated[str, Field(description="The name of a checkpoint.")], world: WorldId = None
    ) -> Row:
        """Show what was inserted, changed and deleted in a world since a checkpoint, with a line of text for each change."""
        return _row(self._world(world).changes(checkpoint, limit=500).row)

    @reporting
    def look_up(
        self,
        topic: Annotated[
            Literal["operations", "errors", "quirks", "magic", "fault_kinds", "variants"],
            Field(
                description="operations: parameters and errors of each; errors: the provider errors by name; quirks: what the providers' documents leave open; magic: numbers that cause an outcome; fault_kinds: faults with their options; variants: the switches of the world."
            ),
        ],
        text: Annotated[str, Field(description="Only entries that contain this text, in any case.")] = "",
        provider: ProviderName = None,
        limit: Limit = 20,
        world: WorldId = None,
    ) -> Row:
        """Look up facts about the providers and this server. Narrow it by text, such as an operation, an error's name or a quirk's number; omitted says how many more entries match."""
        rows: list[Row] = (
            [{"name": name, **facts} for name, facts in self._world(world).variants.show().items()]
            if topic == "variants"
            else getattr(self._mock, topic)()
        )
        matching = [
            row
            for row in rows
            if provider in (None, row.get("provider", provider))
            and text.casefold() in json.dumps(row, ensure_ascii=False).casefold()
        ]
        return {topic: matching[:limit], "omitted": max(len(matching) - limit, 0)}

    # -- tools that change a world -------------------------------------------------------------------------------------

    @reporting
    def create_world(
        self,
        id: Annotated[str | None, Field(description="Its id in URLs; generated if it is missing.")] = None,  # noqa: A002 - the control API's name
        fixture: Annotated[
            Literal["demo", "small", "empty"], Field(description="Its content: accounts with many, few or no messages.")
        ] = "demo",
        freeze: Annotated[
            str | None, Field(description="The ISO 8601 instant at which its clock stands still; it runs if missing.")
        ] = None,
        variants: Annotated[
            dict[str, str] | None,
            Field(description="Variants that differ from the defaults, by the name of the switch."),
        ] = None,
    ) -> Row:
        """Create a world with credentials of its own, so that a test affects no other. Returns its id, base URL and credentials."""
        return _row(self._mock.create_world(fixture, id=id, freeze=freeze, variants=variants).facts.row)

    @reporting
    def send_request(
        self,
        path: Annotated[str, Field(description="The provider's path with its query, such as /ibp_api.php.")],
        method: Annotated[Literal["GET", "POST"], Field(description="The HTTP method.")] = "POST",
        form: Annotated[dict[str, str] | None, Field(description="Fields of an urlencoded form.")] = None,
        body: Annotated[Any, Field(description="A body of JSON, in place of a form.")] = None,
        headers: Annotated[dict[str, str] | None, Field(description="More headers.")] = None,
        basic: Annotated[str | None, Field(description="USER:SECRET for HTTP Basic.")] = None,
        world: WorldId = None,
    ) -> Row:
        """Send a request to a provider's API as an application would, such as one that sends a message. Credentials are in get_quickstart, parameters in look_up of operations. Returns the status, the headers and the body that a client gets; an HTTP status of 200 may carry a provider error."""
        if not path.startswith("/") or path.startswith(_OWN_PATHS):
            raise ValueError(f"path must be a path of a provider that begins with /, not {path!r}")
        user, colon, secret = (basic or "").partition(":")
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment is not asked
            try:
                response = session.request(
                    method,
                    f"{self._world(world).base_url}{path}",
                    data=form,
                    json=body,
                    headers=headers,
                    auth=(user, secret) if colon else None,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                return {"status": None, "error": f"no whole response: {error}"}
        return {"status": response.status_code, "headers": dict(response.headers), "body": response.text}

    @reporting
    def receive_message(
        self,
        provider: Annotated[str, Field(description="The provider that receives it.")],
        sender: Annotated[str, Field(description="The telephone number of the handset.")],
        text: Annotated[str, Field(description="What it says.")],
        recipient: Annotated[str | None, Field(description="The account's number that it is sent to.")] = None,
        account: Annotated[str | None, Field(description="The account, if the number does not tell.")] = None,
        more: Annotated[
            Row | None, Field(description="Other fields of a message in a world file, such as program, kind or fields.")
        ] = None,
        world: WorldId = None,
    ) -> Row:
        """Simulate a message from a handset to an account. It is stored, can be fetched by the application, and is forwarded by webhook where the account has a URL; see list_deliveries."""
        given = {"sender": sender, "text": text, "recipient": recipient, **(more or {})}
        fields = {name: value for name, value in given.items() if value is not None}
        return _row(self._world(world).inbound(provider, account, **fields).row)

    @reporting
    def advance_clock(
        self,
        seconds: Annotated[float | None, Field(gt=0, description="By so many seconds.")] = None,
        to: Annotated[str | None, Field(description="To this ISO 8601 instant.")] = None,
        next: Annotated[bool, Field(description="To the next event that is due, such as a retry.")] = False,  # noqa: A002 - the control API's name
        world: WorldId = None,
    ) -> Row:
        """Move the clock of a world forward by seconds, to an instant or to the next event; give exactly one. What becomes due on the way happens: states of messages, webhook attempts, retries. Returns the new time and these events."""
        return _row(self._world(world).clock.advance(seconds=seconds, to=to, next=next or None).row)

    @reporting
    def add_fault(
        self,
        fault: Annotated[
            Row | list[Row],
            Field(
                description='A fault with its kind and options, such as {"kind": "delay", "seconds": 2}, or a list of them; see look_up of fault_kinds.'
            ),
        ],
        target: Annotated[
            Literal["response", "webhook"],
            Field(description="What fails: responses to the application, or webhooks to it."),
        ] = "response",
        match: Annotated[
            Row | None,
            Field(
                description="Which requests: provider, operation, method, path, parameters, headers; or which webhooks: provider, account, kind, url. All if missing."
            ),
        ] = None,
        when: Annotated[
            Row | None, Field(description="Which of these: first, every, nth, skip, from, until, probability.")
        ] = None,
        point: Annotated[
            Literal["before", "after"] | None,
            Field(description="before: the request has no effect; after: it has, and the response is lost or wrong."),
        ] = None,
        expires_after: Annotated[int | None, Field(ge=1, description="The rule ends after so many hits.")] = None,
        world: WorldId = None,
    ) -> Row:
        """Add a fault rule to a world: a delay, a provider error by name, another status, a broken or missing response, to see how an application copes. Returns the rule with its id."""
        rule = {"target": target, "fault": fault, "match": match, "when": when, "point": point}
        given = {**rule, "expires_after": expires_after}
        added = self._world(world).faults.add_rule({name: value for name, value in given.items() if value is not None})
        return _row(added.row)

    @reporting
    def remove_faults(
        self,
        id: Annotated[str | None, Field(description="The rule's id; all rules if missing.")] = None,  # noqa: A002 - the control API's name
        world: WorldId = None,
    ) -> Row:
        """Remove one fault rule of a world, or all of them. Returns how many were removed."""
        faults = self._world(world).faults
        if id is None:
            return {"removed": faults.clear()}
        faults.remove(id)
        return {"removed": 1}

    @reporting
    def set_variants(
        self,
        variants: Annotated[
            dict[str, str], Field(description="Variants by the name of their switch; see look_up of variants.")
        ],
        world: WorldId = None,
    ) -> Row:
        """Choose how a world reads points that a provider's document leaves open, to see whether an application works either way."""
        switches = self._world(world).variants
        switches.set(variants)
        return {"variants": {name: facts["variant"] for name, facts in switches.show().items() if name in variants}}

    @reporting
    def make_checkpoint(
        self,
        name: Annotated[str, Field(description="Its name; one of the same name is replaced.")],
        world: WorldId = None,
    ) -> Row:
        """Make a checkpoint: an exact copy of a world as it is now, for show_changes and rewind_world."""
        return _row(self._world(world).checkpoint(name).row)

    @reporting
    def rewind_world(
        self, checkpoint: Annotated[str, Field(description="The name of the checkpoint.")], world: WorldId = None
    ) -> Row:
        """Return a world to a checkpoint: messages, clock, limits, fault rules and deliveries are as they were then. The journal keeps its exchanges."""
        return _row(self._world(world).rewind(checkpoint).row)


READ_TOOLS = (
    Tools.get_quickstart,
    Tools.list_worlds,
    Tools.list_messages,
    Tools.list_exchanges,
    Tools.get_report,
    Tools.explain_exchange,
    Tools.list_deliveries,
    Tools.verify_exchanges,
    Tools.show_changes,
    Tools.look_up,
)
"""The tools that every agent gets: they change nothing."""
WRITE_TOOLS = (
    Tools.create_world,
    Tools.send_request,
    Tools.receive_message,
    Tools.advance_clock,
    Tools.add_fault,
    Tools.remove_faults,
    Tools.set_variants,
    Tools.make_checkpoint,
    Tools.rewind_world,
)
"""The tools that `mockserver mcp --write` adds."""
_DESTRUCTIVE = (Tools.rewind_world, Tools.remove_faults)


class _Server(MCPServer[Any]):
    """An MCP server that rejects arguments which a tool does not have; the SDK would ignore them, and a misspelt world with them."""

    async def call_tool(self, name: str, arguments: Row, context: Any = None) -> Any:
        """Call a tool.

        Raises:
            ToolError: it has no parameter of a given name, or it failed.
        """
        taken = next(
            (tool.input_schema["properties"] for tool in await self.list_tools() if tool.name == name), arguments
        )
        if unknown := [each for each in arguments if each not in taken]:
            raise ToolError(f"{name} has no parameter {', '.join(unknown)}; it has {', '.join(taken) or 'none'}")
        return await super().call_tool(name, arguments, context)


def build_server(mock: Mock, world: str, *, may_write: bool) -> MCPServer[Any]:
    """Return an MCP server with the tools.

    Args:
        mock: the client of the server that the tools are about.
        world: the id of the world of calls that name none.
        may_write: whether it has the tools that change a world.
    """
    server = _Server(
        "mockserver",
        title="mockserver: a double of SMS providers",
        instructions=INSTRUCTIONS + ("" if may_write else READ_ONLY),
        version=__version__,
        log_level="WARNING",
    )
    tools = Tools(mock, world)
    for method in (*READ_TOOLS, *WRITE_TOOLS * may_write):
        server.add_tool(
            getattr(tools, method.__name__),
            annotations=ToolAnnotations(
                read_only_hint=method in READ_TOOLS,
                destructive_hint=method in _DESTRUCTIVE,
                open_world_hint=False,
            ),
        )
    return server


def _row(row: Any) -> Row:
    """Return JSON of the control API as a dictionary."""
    return dict(row)
