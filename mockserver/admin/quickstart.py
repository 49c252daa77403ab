"""The quickstart: how to use this server, as plain text with its own URLs and with the credentials of a world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mockserver.engine.accounts import Account
from mockserver.engine.registry import DEFAULT
from mockserver.engine.world import World
from mockserver.sdk.examples import format_example, format_send_example, sending_number
from mockserver.sdk.response import Response
from mockserver.validation.json_schema import TEXT

from . import guard
from .endpoint import FIXTURES, Api, Catalog, Endpoint, RequestArgs
from .errors import ResourceNotFound
from .meta import listen_addresses

_MOST = 3
"""The numbers and programs of an account that are shown."""
_HANDSET = "5556667777"
"""A handset that the examples write to and receive from."""


def quickstart(api: Api, _: None, values: RequestArgs) -> Response:
    """Return the quickstart for a world, by default the default world."""
    world_id = values.query.get("world", DEFAULT)
    world = api.registry.get(world_id)
    if world is None:
        raise ResourceNotFound(f"there is no world {world_id!r}")
    text = "\n".join((*_lines(api, world, values), ""))
    return Response(200, (("Content-Type", "text/plain; charset=utf-8"),), text.encode(errors="replace"))


def _lines(api: Api, world: World, values: RequestArgs) -> Iterator[str]:
    with world.lock:
        accounts = tuple(world.state.accounts.values())
    url, is_default = values.origin, world.id == DEFAULT
    providers_url = url if is_default else f"{url}/_w/{world.id}"
    titles = ", ".join(provider.title for provider in api.providers)
    yield f"mockserver {api.version}: {titles} on your own machine"
    yield ""
    yield "It answers as the providers do, with their limits and errors, and keeps the messages that it receives."
    yield f"What is sent to it reaches no provider and no handset. This text is about the world {world.id}:"
    yield "its accounts, messages, clock, fault rules and journal."
    yield from _addresses(api, values)
    yield from _credentials(accounts)
    yield from _redirection(api, world, providers_url, url)
    yield from _requests(api, accounts, providers_url)
    yield from _control(api, world, accounts, url)


def _addresses(api: Api, values: RequestArgs) -> Iterator[str]:
    found = listen_addresses(api, None, values)
    yield ""
    yield "ADDRESSES"
    yield f"  HTTP         {values.origin}"
    for title, name in (("HTTPS", "https"), ("proxy", "proxy"), ("certificate", "certificate")):
        if found[name] is not None:
            yield f"  {title:<12} {found[name]}"
    yield f"  web page     {values.origin}/_mock/ui/"
    yield f"  control API  {values.origin}/_mock/openapi.json"


def _credentials(accounts: tuple[Account, ...]) -> Iterator[str]:
    yield ""
    yield "CREDENTIALS, valid here alone"
    width = max((len(account.key) for account in accounts), default=0)
    for account in accounts:
        for login in account.logins:
            secret = "" if login.secret is None else f" / {login.secret}"
            yield f"  {account.key:<{width}}  {login.user}{secret}"
        numbers = [number.number for number in account.numbers.values() if number.sms_enabled]
        for title, names in (("sends from", numbers), ("programs", [*account.programs])):
            if names:
                more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
                yield f"  {'':<{width}}  {title} {', '.join(names[:_MOST])}{more}"
    if not accounts:
        yield f"  none: this world has no accounts; one from the fixture {FIXTURES[0]} has"


def _redirection(api: Api, world: World, providers_url: str, url: str) -> Iterator[str]:
    yield ""
    yield "BRING AN APPLICATION HERE, one of"
    yield f"  - its base URL can be set: {providers_url} in place of {', '.join(_main_hosts(api))}"
    yield f"""  - its hosts are fixed: eval "$(mockserver env --server {url})" redirects what the shell then starts"""
    yield f"  - it runs elsewhere: the variables and files of {url}/_mock/env"
    yield "  - its tests need a server of their own for one run: mockserver exec -- COMMAND"
    yield f"The world of a request is that of its credentials, of the header X-Mockserver-World: {world.id}, or of the prefix /_w/{world.id}/"


def _main_hosts(api: Api) -> list[str]:
    return [f"https://{provider.hosts[0]}" for provider in api.providers if provider.hosts]


def _requests(api: Api, accounts: tuple[Account, ...], url: str) -> Iterator[str]:
    examples = (
        format_send_example(provider, accounts, url) or format_example(provider, accounts, url)
        for provider in api.providers
    )
    commands = [command for command in examples if command]
    if commands:
        yield ""
        yield "FIRST REQUESTS"
        for command in commands:
            yield from (f"  {line}" for line in command.splitlines())


def _control(api: Api, world: World, accounts: tuple[Account, ...], url: str) -> Iterator[str]:
    settings = api.settings
    needs_token = settings.needs_token and not guard.is_loopback(settings.host)
    curl = "curl -sS" + (' -H "Authorization: Bearer $MOCKSERVER_TOKEN"' if needs_token else "")
    here = f"{url}/_mock/worlds/{world.id}"
    first = world.initial_state.first_serial
    began = f"?since={first - 1}" if first else ""
    receiver = next((account for account in accounts if sending_number(account)), None)
    body = None if receiver is None else _inbound(receiver)
    yield ""
    yield "SEE WHAT HAPPENED"
    yield f"  {curl} '{here}/report'  # the last requests, and why each that failed did"
    yield f"  {curl} '{here}/messages{began}'  # those that the world did not begin with"
    yield f"  {curl} '{here}/journal?limit=5'  # /journal/NUMBER is one in full, with an explanation"
    yield ""
    yield "CAUSE WHAT A TEST NEEDS"
    yield f"  {curl} {url}/_mock/worlds -d '{{}}'  # a world for one test: base_url and credentials are in the answer"
    if body is not None:
        yield f"  {curl} {here}/inbound -d '{json.dumps(body)}'  # a message from a handset"
    yield f"""  {curl} {here}/clock/advance -d '{{"seconds": 60}}'  # time passes, and what is due then happens"""
    yield f"""  {curl} {here}/faults -d '{{"fault": {{"kind": "delay", "seconds": 1}}, "expires_after": 1}}'  # something goes wrong"""
    yield f"""  {curl} {here}/verify -d '{{"exchanges": [{{"outcome": "accepted"}}]}}'  # did it happen, and if not, what did"""
    yield f"  {curl} -X POST {here}/reset  # as it was at first"
    yield ""
    yield "The command line does the same (mockserver --help), and so do the Python package and pytest fixtures (mock_world, mock_redirect)."
    yield "Agents get tools by `mockserver mcp`, and instructions for their project by `mockserver agents`."


def _inbound(account: Account) -> dict[str, Any]:
    return {
        "provider": account.provider,
        "account": account.name,
        "sender": _HANDSET,
        "recipient": sending_number(account),
        "text": "Hello",
    }


def endpoints(_: Catalog) -> tuple[Endpoint, ...]:
    """Return the endpoint for the quickstart."""
    return (
        Endpoint(
            "GET",
            "/_mock/quickstart",
            "How to use this server, as plain text: its URLs, the credentials of a world, first requests, and calls of this API.",
            quickstart,
            {"type": "string"},
            query={"world": {**TEXT, "description": "the id of a world"}},
            media_types=("text/plain",),
        ),
    )
