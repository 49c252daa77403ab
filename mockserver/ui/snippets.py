"""An exchange to take away: as a line of curl, and as a test of pytest that passes against this server.

The test asks a fork of the world, so it neither needs nor corrupts what is there: an hour later no rate window is in the
way. Where a rate limit rejected, the calls that used the limit up come first, at the same distance in time.
"""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from mockserver.engine.accounts import Account
from mockserver.engine.instants import SECOND
from mockserver.engine.journal import Exchange
from mockserver.http.handler import PREFIX
from mockserver.sdk.request import media_type, pairs

if TYPE_CHECKING:
    from .page_context import PageRequest

_OF_THE_CONNECTION = frozenset(
    ("host", "connection", "content-length", "accept-encoding", "transfer-encoding", "expect", "keep-alive", "upgrade")
)
"""Headers that a client makes itself."""


def curl(exchange: Exchange, origin: str) -> str:
    """The request as a command line."""
    if not exchange.method:
        return f"# this was no HTTP\nprintf {_printf(exchange.body)} | nc {urlsplit(origin).hostname} {urlsplit(origin).port}"
    lines = [f"curl -sS -X {exchange.method} {shlex.quote(origin + _target(exchange))}"]
    has_type = any(name.lower() == "content-type" for name, _ in exchange.head)
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in _headers(exchange)]
    if exchange.body and not has_type:
        lines.append("-H 'Content-Type:'")  # else curl would make one
    if exchange.body:
        text = _text(exchange.body)
        lines.append(f"--data-binary {shlex.quote(text)}" if text is not None else "--data-binary @-")
        if text is None:
            lines[0] = f"printf {_printf(exchange.body)} | {lines[0]}"
    return " \\\n    ".join(lines)


def _target(exchange: Exchange) -> str:
    """The path and query, of a request to a proxy too."""
    target = exchange.target
    return target if target.startswith("/") else "/" + target.partition("://")[2].partition("/")[2]


def _headers(exchange: Exchange) -> list[tuple[str, str]]:
    return [(name, value) for name, value in exchange.head if name.lower() not in _OF_THE_CONNECTION]


def _text(body: bytes) -> str | None:
    """A body that a command line can carry."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or text.startswith("@") else text


def _printf(body: bytes) -> str:
    return shlex.quote("".join(f"\\{byte:03o}" for byte in body))


# -- pytest --------------------------------------------------------------------------------------------------------------


class _Call(NamedTuple):
    """One request as arguments of `requests.request`."""

    method: str
    path: str
    arguments: Mapping[str, Any]


class _Name(str):
    """A text that is code: it stands without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def pytest(exchange: Exchange, page_request: PageRequest) -> str:
    """The exchange as a test."""
    if exchange.operation is None or exchange.provider is None:
        return _unmatched_test(exchange, page_request)
    account = page_request.world.state.accounts.get(exchange.account or "")
    secrets = frozenset(page_request.desk.providers_by_name[exchange.provider].secrets)
    before = _before(exchange, page_request)
    calls = [(each.at, _call(each, account, secrets)) for each in (*before, exchange)]
    fault_at = 0 if exchange.outcome == "replayed" else len(before)  # what is given again was given under the same rule
    steps: list[str] = []
    for index, (at, call) in enumerate(calls):
        if index and at > calls[index - 1][0]:
            steps.append(f"world.clock.advance(seconds={(at - calls[index - 1][0]) / SECOND:g})")
        is_last = index == len(calls) - 1
        if index == fault_at and exchange.fault is not None:
            point = "after" if exchange.outcome == "replayed" else exchange.fault["point"]
            steps.append(f"world.faults.add({exchange.fault['fault']!r}, point={point!r})")
        steps += _asked(call, exchange if is_last else None)
    return _test(_title(exchange), page_request, steps, account, exchange)


def _test(
    title: str, page_request: PageRequest, steps: Iterable[str], account: Account | None, exchange: Exchange
) -> str:
    wanted = {"provider": exchange.provider, "operation": exchange.operation, "status": exchange.status}
    if not _is_text([(exchange.operation or "", "")]):
        del wanted["operation"]  # JSON cannot verification it
    error = None if exchange.error is None else type(exchange.error).__name__
    verification = ", ".join(f"{name}={value!r}" for name, value in (*wanted.items(), ("error", error)))
    setup = [
        "world.clock.freeze()",
        "world.clock.advance(minutes=60)  # no rate window is in the way",
        "world.faults.clear()",
    ]
    if account is not None and account.logins:
        where = f"world.credentials[{account.provider!r}][{account.name!r}]"
        setup.append(f"logins = {where}")
    body = [*setup, *steps, f"world.verify({verification}, count={{'at_least': 1}})"]
    imports = ["import requests", "", "from mockserver import Mock"]
    if any("pytest." in step for step in body):
        imports.insert(0, "import pytest")
    lines = [
        *imports,
        "",
        "",
        f"def test_{title}():",
        f'    with Mock.at("{page_request.origin}"{_token(page_request)}) as mock, mock.get_world({page_request.world.id!r}).fork() as world:',
        *(f"        {line}" for step in body for line in step.split("\n")),
    ]
    return "\n".join(lines) + "\n"


def _token(page_request: PageRequest) -> str:
    return ', token="..."' if page_request.desk.settings.token else ""


def _title(exchange: Exchange) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", (exchange.operation or "").lower()).strip("_") or "a_request"
    by = re.sub(r"(?<!^)(?=[A-Z])", "_", f"By{type(exchange.error).__name__}").lower()
    return f"{words}_is_{exchange.outcome}" + (f"_{by}" if exchange.outcome == "rejected" else "")


def _before(exchange: Exchange, page_request: PageRequest) -> list[Exchange]:
    """The calls without which this one would have come out otherwise."""
    found = (
        _answered_first(exchange, page_request) if exchange.outcome == "replayed" else _used_up(exchange, page_request)
    )
    for each in found:
        page_request.desk.masking.apply(each)
    return found


def _answered_first(exchange: Exchange, page_request: PageRequest) -> list[Exchange]:
    """The call whose answer a fault gave once more."""
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


def _used_up(exchange: Exchange, page_request: PageRequest) -> list[Exchange]:
    """The calls that used up the limit which rejected; none where it was no limit."""
    windows = exchange.trace.windows if exchange.trace else ()
    if exchange.result is None or not any(standing.used >= standing.limit.most for standing in windows):
        return []
    longest = max(standing.limit.seconds for standing in windows) * SECOND
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


def _asked(call: _Call, judged: Exchange | None) -> list[str]:
    """The lines that make a call, and for the one that is judged what must come of it."""
    lines = [repr(call.method), f"world.base_url + {call.path!r}"]
    lines += [f"{name}={_literal(value)}" for name, value in call.arguments.items()]
    inside = "\n".join(f"    {line}" for part in lines for line in f"{part},".split("\n"))
    request = f"requests.request(\n{inside}\n)"
    if judged is None:
        return [request]
    if _breaks(judged):
        inside = "\n".join(f"    {line}" for line in request.split("\n"))
        return [f"with pytest.raises(requests.RequestException):\n{inside}"]
    return [f"answer = {request}", f"assert answer.status_code == {judged.status}"]


def _literal(value: Any) -> str:
    """A value as code: pairs as a dictionary where no name is there twice, a line for each."""
    if isinstance(value, list) and len({name for name, _ in value}) == len(value):
        value = dict(value)
    if not isinstance(value, dict):
        return repr(value)
    return "\n".join(["{", *(f"    {name!r}: {each!r}," for name, each in value.items()), "}"])


def _breaks(exchange: Exchange) -> bool:
    """Whether the client got no whole answer; one that is garbled, or promised too short, is whole to it."""
    return exchange.outcome == "no_response" or (
        exchange.outcome == "corrupted" and exchange.ending not in ("complete", None)
    )


def _call(exchange: Exchange, account: Account | None, secrets: frozenset[str]) -> _Call:
    """A request as arguments, with the account's credentials as what a fork has in their place."""
    names = _logins(account)

    def put(name: str, value: Any) -> Any:
        return names.get(value, value) if isinstance(value, str) and name in secrets else value

    path, _, query = _target(exchange).partition("?")
    path = _under_prefix(path)
    arguments: dict[str, Any] = {}
    request = pairs(query.encode("latin-1", "replace"))
    if query and _is_text(request):
        arguments["params"] = [(name, put(name, value)) for name, value in request]
    elif query:
        path += f"?{query}"
    headers = {name: value for name, value in _headers(exchange) if (name.lower(), value) != ("accept", "*/*")}
    headers.pop("User-Agent", None)
    authorization = next((headers.pop(name) for name in list(headers) if name.lower() == "authorization"), None)
    if authorization is not None:
        arguments |= _authorized(authorization, names, headers)
    arguments |= _body(exchange, headers, put)
    if headers:
        arguments["headers"] = headers
    arguments["timeout"] = 5
    return _Call(exchange.method, path, arguments)


def _is_text(found: Iterable[tuple[str, str]]) -> bool:
    """Whether names and values are Unicode, which bytes behind percent signs need not be."""
    try:
        "".join(name + value for name, value in found).encode()
    except UnicodeEncodeError:
        return False
    return True


def _under_prefix(path: str) -> str:
    if not path.startswith(PREFIX):
        return path
    return "/" + path[len(PREFIX) :].partition("/")[2]


def _logins(account: Account | None) -> dict[str, _Name]:
    """The code for each of an account's users and secrets."""
    names: dict[str, _Name] = {}
    for index, login in enumerate(account.logins if account is not None else ()):
        names.setdefault(login.user, _Name(f"logins[{index}].user"))
        if login.secret is not None:
            names.setdefault(login.secret, _Name(f"logins[{index}].secret"))
    return names


def _authorized(authorization: str, names: Mapping[str, _Name], headers: dict[str, str]) -> dict[str, Any]:
    scheme, _, shown = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, secret = b64decode(shown).decode().partition(":")
        except ValueError:
            user = secret = ""
        if user in names and secret in names:
            return {"auth": _Name(f"({names[user]}, {names[secret]})")}
    if scheme.lower() == "bearer" and shown in names:
        headers["Authorization"] = _Name(f'f"Bearer {{{names[shown]}}}"')
        return {}
    headers["Authorization"] = authorization
    return {}


def _body(exchange: Exchange, headers: dict[str, str], put: Any) -> dict[str, Any]:
    """The body as `requests` takes it, with the header that it then makes itself left out."""
    if not exchange.body:
        return {}
    where = next((name for name in headers if name.lower() == "content-type"), "")
    kind = media_type(headers.get(where, ""))
    try:
        if kind == "application/json":
            found = json.loads(exchange.body)
            if isinstance(found, dict):
                del headers[where]
                return {"json": {name: put(name, value) for name, value in found.items()}}
    except ValueError:
        return {"data": exchange.body}
    said = pairs(exchange.body) if kind == "application/x-www-form-urlencoded" else []
    if said and _is_text(said):
        del headers[where]
        return {"data": [(name, put(name, value)) for name, value in said]}
    return {"data": exchange.body}


def _unmatched_test(exchange: Exchange, page_request: PageRequest) -> str:
    """What reached no operation needs no world: the same request gets the same status."""
    if not exchange.method:
        return "# This was no HTTP; no client of Python's sends it.\n"
    call = _call(exchange, None, frozenset())
    return "\n".join(
        (
            "import requests",
            "",
            "",
            "def test_this_reaches_no_operation():",
            f"    answer = requests.request({call.method!r}, {page_request.origin + call.path!r}, params={call.arguments.get('params')!r})",
            f"    assert answer.status_code == {exchange.status}",
            "",
        )
    )
