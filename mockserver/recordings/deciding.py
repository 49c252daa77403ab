"""Plays the requests that decide a quirk: to a real provider, to a server of ours, or to a world in this process."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from lxml import etree

from mockserver.engine.accounts import Account
from mockserver.sdk.examples import sending_number
from mockserver.sdk.reconstruction import DecidingRequest


class PreparedRequest(NamedTuple):
    """A deciding request in which every placeholder is filled in."""

    method: str
    target: str
    """Path and query, to be added to a base URL."""
    headers: Sequence[tuple[str, str]]
    body: bytes
    after: int
    """The seconds of the provider's clock that pass before it is sent."""


class PlayedResponse(NamedTuple):
    """A response to a deciding request."""

    status: int
    """0 where the connection was closed without a response."""
    headers: Sequence[tuple[str, str]]
    body: bytes


Send: TypeAlias = Callable[[PreparedRequest], PlayedResponse]
"""A function that lets the seconds of a request's `after` pass, sends the request, and returns the response."""


class CannotDecide(ValueError):
    """A series of requests cannot be played; the text is the reason."""


_PLACEHOLDER = re.compile(r"\{(?:(?P<name>[a-z_]+)|(?P<response>[0-9]+):(?P<path>[^{}]+))\}")


def play(requests: Iterable[DecidingRequest], send: Send, account: Mapping[str, str]) -> list[PlayedResponse]:
    """Send the requests in their order, and return the responses.

    Args:
        requests: the requests of a `Decider`.
        send: sends one of them; it decides to where.
        account: the values of the placeholders, as `account_values` makes them.

    Raises:
        CannotDecide: a placeholder has no value, because the account has none or an earlier response does not show it.
    """
    responses: list[PlayedResponse] = []
    for request in requests:
        responses.append(send(prepare(request, account, responses)))
    return responses


def prepare(
    request: DecidingRequest, account: Mapping[str, str], responses: Sequence[PlayedResponse] = ()
) -> PreparedRequest:
    """Fill in the placeholders of a request.

    Args:
        request: the request.
        account: the values of the placeholders.
        responses: the responses to the requests before it.

    Raises:
        CannotDecide: a placeholder has no value.
    """

    def value(found: re.Match[str]) -> str:
        if found["name"] is not None:
            known = account.get(found["name"])
            if not known:
                raise CannotDecide(f"the account has no {found['name'].replace('_', ' ')}")
            return known
        number = int(found["response"])
        shown = find_value(responses[number].body, found["path"]) if number < len(responses) else None
        if shown is None:
            raise CannotDecide(f"the response to request {number + 1} has nothing at {found['path']}")
        return shown

    def fill(text: str, write: Callable[[str], str]) -> str:
        return _PLACEHOLDER.sub(lambda found: write(value(found)), text)

    writes_json = request.content_type.startswith("application/json")
    in_body = _in_json if writes_json else _in_form
    headers = [(name, fill(text, str)) for name, text in request.headers]
    if request.is_authorized:
        pair = f"{account.get('user', '')}:{account.get('secret', '')}"
        headers.append(("Authorization", f"Basic {b64encode(pair.encode()).decode()}"))
    if request.body:
        headers.append(("Content-Type", request.content_type))
    body = fill(request.body, in_body).encode()
    return PreparedRequest(request.method, fill(request.target, _in_form), headers, body, request.after)


def _in_form(value: str) -> str:
    return quote(value, safe="")


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def account_values(account: Account) -> dict[str, str]:
    """Return the values of the placeholders for requests of an account; those that it has nothing for are left out.

    ``number`` is a number that it sends from, ``inbound_number`` another one of its numbers, or the same where it has one
    alone; ``program`` is its first program, and ``replying_program`` the first that answers what comes in.
    """
    login = max(account.logins, key=lambda each: each.secret is not None, default=None)
    number, programs = sending_number(account), account.programs.values()
    values = {
        "user": login and login.user,
        "secret": login and login.secret,
        "number": number,
        "inbound_number": next((each for each in account.numbers if each != number), number),
        "program": next(iter(account.programs), None),
        "replying_program": next((each.id for each in programs if each.reply), None),
    }
    return {name: value for name, value in values.items() if value}


def choose_account(requests: Iterable[DecidingRequest], accounts: Iterable[Account]) -> dict[str, str]:
    """Return the values of the first account that has one for each placeholder of the requests.

    Raises:
        CannotDecide: none has.
    """
    wanted: set[str] = set()
    for request in requests:
        texts = (request.target, request.body, *(text for _, text in request.headers))
        wanted |= {found["name"] for text in texts for found in _PLACEHOLDER.finditer(text) if found["name"]}
        wanted |= {"user", "secret"} if request.is_authorized else set()
    for account in accounts:
        values = account_values(account)
        if wanted <= values.keys():
            return values
    raise CannotDecide(f"no account has {', '.join(sorted(wanted))}")


# -- what a response has at a place ---------------------------------------------------------------------------------

_STEP = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<index>-?[0-9]+)\]")
_XML = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)


def find_value(body: bytes, path: str) -> str | None:
    """Return the value at a place of a JSON or XML response as text; ``None`` if there is none.

    Args:
        body: the response's body.
        path: names joined by dots, an index in brackets for an item of a list or a repeated element, ``@`` before an
            attribute: ``items[0].id``, ``response.data.number[0].@url``. ``[-1]`` is the last. After a dot at the
            beginning the place may be at any depth, and the first one counts: ``.inbound.message[0].msg_id``.
    """
    text = body.lstrip()
    if text.startswith(b"<"):
        root = etree.fromstring(text, _XML)
        return None if root is None else _find_in_element(root, path)
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None
    steps = [*_STEP.finditer(path)]
    if path.startswith("."):
        found = next(_members(found, steps[0]["name"]), None)
        del steps[0]
    for step in steps:
        try:
            found = found[step["name"]] if step["name"] is not None else found[int(step["index"])]
        except (KeyError, IndexError, TypeError):
            return None
    return None if found is None or isinstance(found, bool | dict | list) else str(found)


def _members(value: Any, name: str) -> Iterator[Any]:
    """Search a JSON value for members of a name, however deep they are, and yield the value of each, in the order of the document."""
    if isinstance(value, dict):
        for each, member in value.items():
            if each == name:
                yield member
            yield from _members(member, name)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item, name)


def _find_in_element(root: etree._Element, path: str) -> str | None:
    first, *steps = _STEP.finditer(path)
    found = list(root.iter(first["name"])) if path.startswith(".") else [root] * (root.tag == first["name"])
    for step in steps:
        name = step["name"]
        if name is None:
            index = int(step["index"])
            found = [found[index]] if -len(found) <= index < len(found) else []
        elif not found:
            return None
        elif name.startswith("@"):
            return found[0].get(name[1:])
        else:
            found = found[0].findall(name)
    return (found[0].text or "") if found else None
