"""Code that repeats an exchange: a curl command line, and a pytest test that passes against this server.

The test uses a fork of the world, so it changes nothing in it, and advances the fork by an hour, so that no rate window is full.
If a rate limit rejected the exchange, the test first makes the calls that used up the limit, at the same distances in time.
"""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64decode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from mockserver.engine.accounts import Account
from mockserver.engine.instants import SECOND
from mockserver.engine.journal import Exchange
from mockserver.engine.registry import DEFAULT
from mockserver.http.handler import PREFIX
from mockserver.sdk.request import TooManyFields, json_object, media_type, pairs

if TYPE_CHECKING:
    from .page_context import PageRequest

_CONNECTION_HEADERS = frozenset(
    ("host", "connection", "content-length", "accept-encoding", "transfer-encoding", "expect", "keep-alive", "upgrade")
)
"""Headers that an HTTP client sets by itself."""


def curl_command(exchange: Exchange, origin: str, world_id: str) -> str:
    """Return a command line that repeats the request in its world."""
    if not exchange.method:
        return f"# this was not HTTP\nprintf {_printf(exchange.body)} | nc {urlsplit(origin).hostname} {urlsplit(origin).port}"
    # After HEAD, curl would wait for the body whose length it reads.
    method = "--head" if exchange.method == "HEAD" else f"-X {shlex.quote(exchange.method)}"
    target = target_in_world(target_of(exchange), world_id)
    as_it_is = "--path-as-is " if "/." in target.partition("?")[0] else ""
    as_it_is += "--globoff " if set("[]{}") & set(target) else ""
    lines = [f"curl -sS {as_it_is}{method} {shlex.quote(origin + target)}"]
    has_type = any(name.lower() == "content-type" for name, _ in exchange.head)
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in _headers(exchange)]
    if exchange.body and not has_type:
        lines.append("-H 'Content-Type:'")  # else curl sets one
    if exchange.body:
        text = _text(exchange.body)
        lines.append(f"--data-binary {shlex.quote(text)}" if text is not None else "--data-binary @-")
        if text is None:
            lines[0] = f"printf {_printf(exchange.body)} | {lines[0]}"
    return " \\\n    ".join(lines)


def target_of(exchange: Exchange) -> str:
    """Return path and query, also for a request to a proxy."""
    target = exchange.target
    return target if target.startswith("/") else "/" + target.partition("://")[2].partition("/")[2]


def target_in_world(target: str, world_id: str) -> str:
    """Return a target that leads to a world, whether its listener, a header or credentials led there before."""
    is_default_or_named = world_id == DEFAULT or target.startswith(PREFIX)
    return target if is_default_or_named else f"{PREFIX}{quote(world_id, safe='')}{target}"


def _headers(exchange: Exchange) -> list[tuple[str, str]]:
    return [(name, value) for name, value in exchange.head if name.lower() not in _CONNECTION_HEADERS]


def _text(body: bytes) -> str | None:
    """Return a body as text that a command line can carry; ``None`` if it cannot."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or text.startswith("@") else text


def _printf(body: bytes) -> str:
    return shlex.quote("".join(f"\\{byte:03o}" for byte in body))


# -- pytest --------------------------------------------------------------------------------------------------------------


class _Call(NamedTuple):
    """A request as the arguments of `requests.request`."""

    method: str
    path: str
    arguments: Mapping[str, Any]


class _Expression(str):
    """Python code; its `repr` has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def pytest_test(exchange: Exchange, page_request: PageRequest) -> str:
    """Return the source of a pytest test that repeats the exchange and verifies its outcome."""
    if exchange.operation is None or exchange.provider is None:
        return _unmatched_test(exchange, page_request)
    account = page_request.world.state.accounts.get(exchange.account or "")
    secrets = frozenset(page_request.context.providers_by_name[exchange.provider].secrets)
    earlier = _earlier_exchanges(exchange, page_request)
    calls = [(each.at, _call(each, account, secrets)) for each in (*earlier, exchange)]
    # A replay needs its rule from the original call on.
    fault_at = 0 if exchange.outcome == "replayed" else len(earlier)
    steps: list[str] = []
    for index, (at, call) in enumerate(calls):
        if index and at > calls[index - 1][0]:
            steps.append(f"world.clock.advance(seconds={(at - calls[index - 1][0]) / SECOND:g})")
        is_last = index == len(calls) - 1
        if index == fault_at and exchange.fault is not None:
            point = "after" if exchange.outcome == "replayed" else exchange.fault["point"]
            steps.append(f"world.faults.add({exchange.fault['fault']!r}, point={point!r})")
        steps += _call_lines(call, exchange if is_last else None)
    return _test_source(_test_name(exchange), page_request, steps, account, exchange)


def _test_source(
    name: str, page_request: PageRequest, steps: Iterable[str], account: Account | None, exchange: Exchange
) -> str:
    wanted = {"provider": exchange.provider, "operation": exchange.operation, "status": exchange.status}
    if not _is_text([(exchange.operation or "", "")]):
        del wanted["operation"]  # JSON cannot carry it
    error = None if exchange.error is None else type(exchange.error).__name__
    arguments = ", ".join(f"{key}={value!r}" for key, value in (*wanted.items(), ("error", error)))
    setup = [
        "world.clock.freeze()",
        "world.clock.advance(minutes=60)  # no rate window is full then",
        "world.faults.clear()",
    ]
    if account is not None and account.logins:
        setup.append(f"logins = world.credentials[{account.provider!r}][{account.name!r}]")
    body = [*setup, *steps, f"world.verify({arguments}, count={{'at_least': 1}})"]
    imports = ["import requests", "", "from mockserver import Mock"]
    if any("pytest." in step for step in body):
        imports.insert(0, "import pytest")
    lines = [
        *imports,
        "",
        "",
        f"def test_{name}():",
        f'    with Mock.at("{page_request.origin}"{_token(page_request)}) as mock, mock.get_world({page_request.world.id!r}).fork() as world:',
        *(f"        {line}" for step in body for line in step.split("\n")),
    ]
    return "\n".join(lines) + "\n"


def _token(page_request: PageRequest) -> str:
    return ', token="..."' if page_request.context.settings.token else ""


def _test_name(exchange: Exchange) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", (exchange.operation or "").lower()).strip("_") or "a_request"
    suffix = re.sub(r"(?<!^)(?=[A-Z])", "_", f"By{type(exchange.error).__name__}").lower()
    return f"{words}_is_{exchange.outcome}" + (f"_{suffix}" if exchange.outcome == "rejected" else "")


def _earlier_exchanges(exchange: Exchange, page_request: PageRequest) -> list[Exchange]:
    """Return the exchanges on which the outcome of this one depends, with masked credentials."""
    find = _replayed_exchange if exchange.outcome == "replayed" else _exchanges_using_limit
    found = find(exchange, page_request)
    for each in found:
        page_request.context.masking.apply(each)
    return found


def _replayed_exchange(exchange: Exchange, page_request: PageRequest) -> list[Exchange]:
    """Return the exchange whose response the fault replayed."""
    earlier = page_request.world.journal.since(0)[::-1]
    return [
        each
        for each in earlier
        if each.number < exchange.number
        and each.outcome != "replayed"
        and each.fault is not None
        and exchange.fault is not None
        and each.fault["rule"] == exchange.fault["rule"]
    ][:1]


def _exchanges_using_limit(exchange: Exchange, page_request: PageRequest) -> list[Exchange]:
    """Return the exchanges that used up the limit which rejected this one; none if no limit did."""
    windows = exchange.trace.windows if exchange.trace else ()
    if exchange.result is None or not any(window.used >= window.limit.most for window in windows):
        return []
    longest = max(window.limit.seconds for window in windows) * SECOND
    journal = page_request.world.journal
    return [
        each
        for each in journal.since(max(0, exchange.number - 500), 500)
        if each.number < exchange.number
        and each.operation == exchange.operation
        and each.account == exchange.account
        and each.result is None
        and each.effect != "skipped"
        and each.at > exchange.at - longest
    ]


def _call_lines(call: _Call, expected: Exchange | None) -> list[str]:
    """Return the lines that make a call and, if an exchange is expected of it, check its outcome."""
    lines = [repr(call.method), f"world.base_url + {call.path!r}"]
    lines += [f"{name}={_literal(value)}" for name, value in call.arguments.items()]
    inside = "\n".join(f"    {line}" for part in lines for line in f"{part},".split("\n"))
    request = f"requests.request(\n{inside}\n)"
    if expected is None:
        return [request]
    if _is_broken(expected):
        inside = "\n".join(f"    {line}" for line in request.split("\n"))
        return [f"with pytest.raises(requests.RequestException):\n{inside}"]
    return [f"response = {request}", f"assert response.status_code == {expected.status}"]


def _literal(value: Any) -> str:
    """Return a value as code; pairs with different names as a dictionary, a line for each."""
    if isinstance(value, list) and len({name for name, _ in value}) == len(value):
        value = dict(value)
    if not isinstance(value, dict):
        return repr(value)
    return "\n".join(["{", *(f"    {name!r}: {each!r}," for name, each in value.items()), "}"])


def _is_broken(exchange: Exchange) -> bool:
    """Return whether the client got no complete response. A garbled one, or one with a too small Content-Length, is complete."""
    return exchange.outcome == "no_response" or (
        exchange.outcome == "corrupted" and exchange.ending not in ("complete", None)
    )


def _call(exchange: Exchange, account: Account | None, secrets: frozenset[str]) -> _Call:
    """Convert a request into arguments; the account's credentials become expressions for those of the fork."""
    expressions = _credential_expressions(account)

    def replace(name: str, value: Any) -> Any:
        found = expressions.find(name, value) if isinstance(value, str) and name in secrets else None
        return value if found is None else found

    path, _, query = target_of(exchange).partition("?")
    path = _without_prefix(path)
    arguments: dict[str, Any] = {}
    parameters: list[tuple[str, str]] | None = None
    with suppress(TooManyFields):
        parameters = pairs(query.encode("latin-1", "replace"))
    if query and parameters is not None and _is_text(parameters):
        arguments["params"] = [(name, replace(name, value)) for name, value in parameters]
    elif query:
        path += f"?{query}"
    headers = {name: value for name, value in _headers(exchange) if (name.lower(), value) != ("accept", "*/*")}
    headers.pop("User-Agent", None)
    authorization = next((headers.pop(name) for name in list(headers) if name.lower() == "authorization"), None)
    if authorization is not None:
        arguments |= _authorization_arguments(authorization, expressions, headers)
    arguments |= _body_arguments(exchange, headers, replace)
    if headers:
        arguments["headers"] = headers
    arguments["timeout"] = 5
    return _Call(exchange.method, path, arguments)


def _is_text(parameters: Iterable[tuple[str, str]]) -> bool:
    """Return whether names and values are Unicode; percent-encoded bytes may be something else."""
    try:
        "".join(name + value for name, value in parameters).encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_prefix(path: str) -> str:
    if not path.startswith(PREFIX):
        return path
    return "/" + path[len(PREFIX) :].partition("/")[2]


class _CredentialExpressions(NamedTuple):
    """The expressions for an account's users and secrets. A user and its secret may be the same text."""

    users: dict[str, _Expression]
    secrets: dict[str, _Expression]

    def find(self, name: str, value: str) -> _Expression | None:
        """Return the expression for the value of a parameter; ``None`` if it is no credential of the account."""
        both = (self.secrets, self.users) if "secret" in name or "password" in name else (self.users, self.secrets)
        return next((each[value] for each in both if value in each), None)


def _credential_expressions(account: Account | None) -> _CredentialExpressions:
    """Return the expression for each of an account's users and secrets."""
    found = _CredentialExpressions({}, {})
    for index, login in enumerate(account.logins if account is not None else ()):
        found.users.setdefault(login.user, _Expression(f"logins[{index}].user"))
        if login.secret is not None:
            found.secrets.setdefault(login.secret, _Expression(f"logins[{index}].secret"))
    return found


def _authorization_arguments(
    authorization: str, expressions: _CredentialExpressions, headers: dict[str, str]
) -> dict[str, Any]:
    """Return the ``auth`` argument for an Authorization header, or put the header back into the headers."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, secret = b64decode(credentials).decode().partition(":")
        except ValueError:
            user = secret = ""
        if user in expressions.users and secret in expressions.secrets:
            return {"auth": _Expression(f"({expressions.users[user]}, {expressions.secrets[secret]})")}
    found = expressions.find("", credentials) if scheme.lower() == "bearer" else None
    if found is not None:
        headers["Authorization"] = _Expression(f'f"Bearer {{{found}}}"')
        return {}
    headers["Authorization"] = authorization
    return {}


def _body_arguments(exchange: Exchange, headers: dict[str, str], replace: Any) -> dict[str, Any]:
    """Return the body as an argument of `requests.request`, and remove the headers that it then sets by itself."""
    if not exchange.body:
        return {}
    type_header = next((name for name in headers if name.lower() == "content-type"), "")
    content_type = media_type(headers.get(type_header, ""))
    try:
        if content_type == "application/json":
            found = json_object(exchange.body)
            json.dumps(found, allow_nan=False)  # infinity is no literal
            del headers[type_header]
            return {"json": {name: replace(name, value) for name, value in found.items()}}
    except ValueError:
        return {"data": exchange.body}
    form = list[tuple[str, str]]()
    if content_type == "application/x-www-form-urlencoded":
        with suppress(TooManyFields):
            form = pairs(exchange.body)
    if form and _is_text(form):
        del headers[type_header]
        return {"data": [(name, replace(name, value)) for name, value in form]}
    return {"data": exchange.body}


def _unmatched_test(exchange: Exchange, page_request: PageRequest) -> str:
    """Return the source of a test for a request that reached no operation; it needs no world."""
    if not exchange.method:
        return "# This was not HTTP; no Python client can send it.\n"
    call = _call(exchange, None, frozenset())
    return "\n".join(
        (
            "import requests",
            "",
            "",
            "def test_request_reaches_no_operation():",
            f"    response = requests.request({call.method!r}, {page_request.origin + call.path!r}, params={call.arguments.get('params')!r})",
            f"    assert response.status_code == {exchange.status}",
            "",
        )
    )
