"""``mockserver exchange``: show one request and its response in full."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import click

from .common import Output, to_world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockserver.client import ExchangeRecord, ResponseView, Webhook, WorldClient


@click.command(
    epilog="""\b
Examples:
  mockserver exchange 12
  mockserver exchange 12 --format json
  mockserver exchange 12 --raw response > response.xml
"""
)
@click.argument("number", type=click.IntRange(1))
@click.option(
    "--raw",
    type=click.Choice(["request", "response"]),
    help="Print only the body of the request or the response, byte for byte.",
)
@to_world
def exchange(world: WorldClient, output: Output, number: int, raw: str | None) -> None:
    """Show one request and its response, with headers and bodies. For the reasons: mockserver explain NUMBER."""
    if raw is not None and output.form == "json":
        raise click.UsageError("--raw and --format json exclude each other")
    from mockserver.admin.text_format import format_line

    found = world.exchange(number)
    request, response = found.request, found.response
    assert request is not None  # an exchange fetched by its number has both
    assert response is not None
    if raw is not None:
        click.echo(request.body if raw == "request" else response.body, nl=False)
        return
    lines = [format_line(found).lstrip(), "", *_request_lines(request), *_response_lines(response), "", _end(found)]
    output.show(found.row, "\n".join(lines))


def _request_lines(request: Webhook) -> Iterable[str]:
    yield f"> {request.method} {request.url}"
    yield from _headers_and_body(">", request)


def _response_lines(response: ResponseView) -> Iterable[str]:
    phrase = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else ""
    yield f"< {response.status} {phrase}".rstrip()
    yield from _headers_and_body("<", response)


def _headers_and_body(sign: str, message: Webhook | ResponseView) -> Iterable[str]:
    """Format headers as curl shows them, then the body if there is one."""
    yield from (f"{sign} {name}: {value}" for name, value in message.headers)
    yield sign
    if message.body:
        yield message.body.decode(errors="backslashreplace").removesuffix("\n")


def _end(found: ExchangeRecord) -> str:
    sent = found.row["response"]["sent"]
    return f"{found.ending or 'not over yet'}, {sent or 0} bytes sent"
