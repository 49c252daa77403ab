"""Every parser of ours, called directly: it returns, or raises what it documents, within two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import PurePosixPath
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import click
import orjson

from mockserver import worldfile
from mockserver.admin import schemas
from mockserver.admin.errors import BadRequest
from mockserver.admin.quirk_parser import entries
from mockserver.cli import common
from mockserver.client import timefmt
from mockserver.engine import instants
from mockserver.engine.deliveries import Outcome, OutgoingRequest
from mockserver.engine.faults import Matches
from mockserver.engine.journal import Exchange
from mockserver.engine.provider_errors import ProviderError
from mockserver.engine.webhook_faults import WEBHOOK_FAULTS
from mockserver.http.fault_effects import RESPONSE_FAULTS
from mockserver.http.fault_rules import rule_from
from mockserver.http.handler import host_name, normal_path, split_prefix
from mockserver.http.invalid_request import read_partially
from mockserver.http.masking import Masking
from mockserver.http.request import HttpRequest
from mockserver.http.request_parser import FEED_CHUNK, RequestParser
from mockserver.http.trusted_proxies import TrustedProxies, read_forwarded
from mockserver.intercept import shell_syntax
from mockserver.intercept.environment import exempt_hosts
from mockserver.intercept.hosts import Hosts, normalize_host
from mockserver.intercept.proxy_errors import HostRejected, NotAProxyRequest, PortRejected
from mockserver.intercept.proxy_policy import ProxyPolicy, requested_target
from mockserver.sdk import request as sdk_request
from mockserver.sdk.loading import installed_providers
from mockserver.sdk.paging import Cursor
from mockserver.settings import BadSetting, Settings, fixtures_folder, variable_of
from mockserver.testkit.conformance import FAULT_OPTIONS
from mockserver.ui.body_format import dump, format_body
from mockserver.ui.sms_segments import count_segments
from mockserver.ui.snippets import curl_command
from mockserver.validation.messages import WorldFileError
from mockserver.webhooks.errors import WebhookError
from mockserver.webhooks.url import parse_webhook_url, redirected_request, write_request
from mockserver.worldfile.decoding import decode

from . import framing, operations, values
from .values import is_true
from .wire import Wrong


class Parser(NamedTuple):
    """A parser, and what it may raise."""

    run: Callable[[Random], object]
    """Draws an input, and parses it."""
    raises: tuple[type[Exception], ...] = ()


def run(chance: Random) -> float:
    """Run one parser; return the seconds that it took.

    Raises:
        Wrong: it raised what it does not document.
    """
    name = chance.choice(list(PARSERS))
    parser = PARSERS[name]
    begun = time.perf_counter()
    try:
        parser.run(chance)
    except parser.raises:
        pass
    except Exception as error:
        raise Wrong(f"{name}: {error!r:.500} {_place(error)}") from error
    return time.perf_counter() - begun


def _place(error: BaseException) -> str:
    found = error.__traceback__
    while found is not None and found.tb_next is not None:
        found = found.tb_next
    return "" if found is None else f"at {found.tb_frame.f_code.co_filename}:{found.tb_lineno}"


# -- inputs ------------------------------------------------------------------------------------------------------------

_text = values.text


def _sent(chance: Random) -> operations.Request:
    return operations.request(chance)


def _http_request(chance: Random) -> HttpRequest:
    """Return a request as the connection reads it; the head may be damaged where that can still be read."""
    parser = RequestParser(max_head=65_536, max_body=2**23)
    raw = framing.damaged(chance, _sent(chance)) if is_true(chance, 0.5) else _sent(chance).raw
    for start in range(0, len(raw), FEED_CHUNK):
        parser.feed(raw[start : start + FEED_CHUNK], 0.0)
    for each in parser.requests:
        if isinstance(each, HttpRequest):
            return each
    return HttpRequest("GET", "/", "/", "")


def _provider_request(chance: Random) -> sdk_request.ProviderRequest:
    read = _http_request(chance)
    path = read.path.encode("latin-1").decode("utf-8", "replace")
    return sdk_request.ProviderRequest(
        read.method, path, read.query.encode("latin-1"), read.headers, read.fields, read.body
    )


def _exchange(chance: Random) -> Exchange:
    read = _http_request(chance)
    exchange = Exchange(read.method, read.target, read.headers, read.body, None)
    exchange.response_body = values.json_bytes(chance, values.json_value(chance))
    return exchange


# -- parsers -----------------------------------------------------------------------------------------------------------


def _feed(chance: Random) -> None:
    parser = RequestParser(max_head=chance.choice((1_024, 65_536)), max_body=chance.choice((10, 2**23)))
    for number, piece in enumerate(framing.http(chance).pieces):
        for start in range(0, len(piece), FEED_CHUNK):
            parser.feed(piece[start : start + FEED_CHUNK], float(number))
    for each in parser.requests:
        if not isinstance(each, HttpRequest) and each.status == 500:
            raise AssertionError(f"the parser failed: {each}")


def _call(chance: Random) -> object:
    provider, request = chance.choice(installed_providers().providers), _provider_request(chance)
    return provider.parse(request), provider.reject(request, chance.choice((400, 404, 405, 500)))


def _parameter(chance: Random) -> object:
    row = chance.choice([row for provider in installed_providers().providers for row in provider.parameters])
    return row.kind.parse(row, values.json_value(chance))


def _multipart(chance: Random) -> object:
    content_type = chance.choice(
        ("multipart/form-data; boundary=B", 'multipart/form-data; boundary="B"', _text(chance))
    )
    body = b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--B--\r\n"
    return sdk_request.multipart_pairs(content_type, framing.flipped(chance, body, 20))


@cache
def _rules() -> worldfile.Rules:
    providers = installed_providers()
    return worldfile.Rules.of(providers.providers, providers.switches)


@cache
def _world_file() -> bytes:
    """The shipped small world with three messages of each account."""
    document = orjson.loads((fixtures_folder() / "worlds" / "small.json").read_bytes())
    for account in document["accounts"]:
        account["messages"] = account["messages"][:3]
    return orjson.dumps(document)


def _read_world(chance: Random) -> object:
    document = values.damaged(chance, orjson.loads(_world_file()))
    return worldfile.read(document, _rules(), keep_unknown=is_true(chance, 0.3))


def _decode_world(chance: Random) -> object:
    return decode(framing.flipped(chance, _world_file()[: chance.choice((200, 2_000))], 3))


_RULE: Mapping[str, Any] = {
    "match": {
        "provider": "serwersms",
        "operation": "messages.recived",
        "parameters": {"phone": {"pattern": "4.*"}},
        "headers": {"a": "b"},
    },
    "when": {"first": 1, "every": 2, "probability": 0.5, "from": "PT1M", "until": "2027-01-01T00:00:00Z"},
    "expires_after": 3,
}
_WEBHOOK_RULE: Mapping[str, Any] = {"target": "webhook", "match": {"provider": "serwersms", "url": "a", "kind": "ndi"}}


def _fault_rule(chance: Random) -> object:
    faults = chance.choice(
        (
            [{"kind": kind} for kind in WEBHOOK_FAULTS],
            [{"kind": kind, **FAULT_OPTIONS.get(kind, {})} for kind in RESPONSE_FAULTS],
        )
    )
    fault = chance.choice(faults)
    rule = {
        **chance.choice((_RULE, _RULE, _WEBHOOK_RULE)),
        "fault": fault if is_true(chance, 0.8) else [fault, chance.choice(faults)],
    }
    for _ in range(chance.randrange(3)):
        rule = values.damaged(chance, rule)
    return rule_from(rule, chance.choice((0, instants.EARLIEST, instants.LATEST)))


_PIECES = (
    r"a", r"b", r".", r"[ab]", r"[^c]", r"\w", r"\d", r"\s", r"\b", r"a*", r"a+", r"a?", r".*", r".+", r".*?",
    r"\w*", r"[ab]+", r"(", r"(?:", r")", r")*", r")+", r")?", r"){2,5}", r"|", r"a{2,40}", r"a{0,200}",
    r".{1,100}", r"^", r"$", r"(?i)", r"\1", r"x",
)  # fmt: skip


def _pattern(chance: Random) -> object:
    """A pattern that is accepted must be matched quickly, whatever the text is."""
    matches = Matches("".join(chance.choice(_PIECES) for _ in range(chance.randrange(2, 12))))
    return [matches.accepts(text * 3_000 + "!") for text in ("a", "ab", " ", "1")]


def _settings(chance: Random) -> object:
    names = [variable_of(name) for name in Settings.__dataclass_fields__] + ["MOCKSERVER_NOTHING", "MOCKSERVER_PORT"]
    return Settings.from_environment({chance.choice(names): _text(chance) for _ in range(3)})


def _policy(chance: Random) -> object:
    hosts = Hosts([host for provider in installed_providers().providers for host in provider.hosts])
    policy = ProxyPolicy(hosts, (_text(chance), "*.example.com"), None, None)
    read = HttpRequest(
        chance.choice(("CONNECT", "GET")), chance.choice(("http://", "", "https://")) + _text(chance), "", ""
    )
    requested = requested_target(read)
    policy.is_intercepted(requested)
    return policy.find_target(requested, from_loopback=is_true(chance, 0.5)) or policy.find_address(
        requested, ["127.0.0.1"]
    )


def _shell(chance: Random) -> object:
    variables = {"A": _text(chance), "B": _text(chance)}
    files = {PurePosixPath("/x") / _text(chance).replace("\0", "")[:100]: values.raw_bytes(chance) for _ in range(2)}
    shell = chance.choice(list(shell_syntax.VARIABLES))
    return shell_syntax.VARIABLES[shell](variables), shell_syntax.write_script(shell, files, next(iter(files)))


def _redirect(chance: Random) -> object:
    request = OutgoingRequest("POST", "http://127.0.0.1:8080/a", (("A", "b"),), b"x")
    location = _text(chance).encode("utf-8", "surrogatepass").decode("latin-1")
    return redirected_request(request, Outcome(302, (("Location", location),)))


def _webhook_request(chance: Random) -> object:
    url = parse_webhook_url(chance.choice(("http://", "https://", "HTTP://a@")) + _text(chance))
    headers = ((_text(chance)[:50], _text(chance)),) if is_true(chance, 0.3) else ()
    return write_request(OutgoingRequest("POST", "", headers, values.raw_bytes(chance)), url, "agent"), url.redacted


def _mask(chance: Random) -> object:
    masking = Masking(
        [name for provider in installed_providers().providers for name in provider.secrets], {"foo"}.__contains__
    )
    exchange = _exchange(chance)
    masking.apply(exchange)
    return masking.parameter(_text(chance), values.json_value(chance))


def _forwarded(chance: Random) -> object:
    names = ("forwarded", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix")
    sample = ("for=1.2.3.4;host=a;proto=https", '"', 'host="[::1]:80"', "/a", "443")
    fields = {
        name: (_text(chance) if is_true(chance, 0.6) else values.mutated(chance, chance.choice(sample)))[:60_000]
        for name in names
    }
    return read_forwarded(fields, "http", "localhost")


def _trusted(chance: Random) -> object:
    TrustedProxies("private").trust((_text(chance), 1))
    return TrustedProxies(_text(chance))


def _controlled(chance: Random) -> object:
    schema = chance.choice(
        (schemas.WHOLE, {"type": "number", "description": "x"}, {"type": "boolean", "description": "x"})
    )
    schemas.instant(chance.choice(values.MOMENTS), "at")
    return schemas.parameter("a", _text(chance), schema)


def _times(chance: Random) -> object:
    text = chance.choice(
        (chance.choice(values.MOMENTS), values.mutated(chance, chance.choice(values.MOMENTS)), _text(chance))
    )
    function = chance.choice((instants.parse_instant, instants.parse_duration, timefmt.read, timefmt.seconds))
    return function(text)


def _written_times(chance: Random) -> None:
    instant = chance.choice(
        (instants.EARLIEST, instants.LATEST, 0, 10**30, -(10**30), chance.randrange(-(10**17), 10**17))
    )
    zone = instants.zone_of(chance.choice(("UTC", "Europe/Warsaw", "America/New_York", "Pacific/Kiritimati")))
    instants.iso(instant), instants.http_date(instant // instants.SECOND), instants.datetime_of(instant, zone)
    length = abs(instant) % 10**17
    assert instants.parse_duration(instants.duration(length)) == length


def _option(chance: Random) -> object:
    text = _text(chance)
    text = f".{text}" if text.startswith("@") or text == "-" else text  # no files, and nothing from this terminal
    return chance.choice(
        (common.as_json, common.as_pair, common.as_field, common.as_account, common.as_criterion, common.as_seconds)
    )(text)


def _shown(chance: Random) -> object:
    body = values.json_bytes(chance, values.json_value(chance)) if is_true(chance, 0.5) else _xml(chance)
    content_type = chance.choice((*operations.CONTENT_TYPES, "text/xml", "application/json"))
    return format_body(body, content_type, whole=is_true(chance, 0.5)), dump(body)


def _xml(chance: Random) -> bytes:
    xml = b'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE a [<!ELEMENT a (b)>]><a x="1"><b>t</b><!-- c --><![CDATA[d]]></a>'
    return framing.flipped(chance, xml, 4)


def _quirks(chance: Random) -> object:
    file = chance.choice([provider.quirks_file for provider in installed_providers().providers if provider.quirks_file])
    return entries(file)


def _cells(chance: Random) -> object:
    return common.table(["a", "b"], [[values.json_value(chance), values.json_value(chance)]]), common.described(
        {"a": values.json_value(chance)}
    )


PARSERS: Mapping[str, Parser] = {
    "HTTP requests": Parser(_feed),
    "HTTP requests, read in part": Parser(lambda chance: read_partially(framing.http(chance).raw[:65_536])),
    "queries and forms": Parser(
        lambda chance: sdk_request.pairs(_sent(chance).body or values.raw_bytes(chance, 300)),
        (sdk_request.TooManyFields,),
    ),
    "multipart": Parser(_multipart, (sdk_request.Malformed,)),
    "JSON bodies": Parser(
        lambda chance: sdk_request.json_object(values.json_bytes(chance, values.json_value(chance))),
        (sdk_request.Malformed,),
    ),
    "Basic": Parser(
        lambda chance: sdk_request.parse_basic(chance.choice(("Basic ", "", "basic\t")) + _text(chance)),
        (sdk_request.MalformedCredentials,),
    ),
    "Bearer": Parser(lambda chance: _provider_request(chance).bearer),
    "providers' calls": Parser(_call),
    "providers' parameters": Parser(_parameter, (ProviderError,)),
    "cursors": Parser(lambda chance: Cursor.parse(_text(chance)), (ValueError,)),
    "instants and durations": Parser(_times, (ValueError,)),
    "written instants": Parser(_written_times),
    "zones": Parser(lambda chance: instants.zone_of(_text(chance)), (KeyError,)),
    "world files": Parser(_read_world, (WorldFileError,)),
    "bytes of world files": Parser(_decode_world, (WorldFileError,)),
    "fault rules": Parser(_fault_rule, (ValueError,)),
    "patterns": Parser(_pattern, (ValueError,)),
    "settings": Parser(_settings, (BadSetting,)),
    "trusted proxies": Parser(_trusted, (ValueError,)),
    "Forwarded": Parser(_forwarded),
    "hosts": Parser(lambda chance: (host_name(_text(chance)), normalize_host(_text(chance)))),
    "paths": Parser(
        lambda chance: (
            split_prefix(_text(chance)),
            normal_path(_text(chance)),
            unquote_to_bytes(_text(chance).encode("utf-8", "surrogatepass")),
        )
    ),
    "proxy targets": Parser(_policy, (NotAProxyRequest, PortRejected, HostRejected)),
    "shell syntax": Parser(_shell),
    "webhook URLs": Parser(_webhook_request, (WebhookError, ValueError)),
    "webhook redirects": Parser(_redirect, (WebhookError,)),
    "masking": Parser(_mask),
    "query parameters of the control API": Parser(_controlled, (BadRequest,)),
    "NO_PROXY": Parser(lambda chance: exempt_hosts({chance.choice(("no_proxy", "NO_PROXY")): _text(chance)})),
    "options of commands": Parser(_option, (click.BadParameter,)),
    "tables of commands": Parser(_cells),
    "bodies on the page": Parser(_shown),
    "curl commands": Parser(lambda chance: curl_command(_exchange(chance), "http://localhost:7670", "default")),
    "SMS segments": Parser(lambda chance: count_segments(_text(chance))),
    "quirk files": Parser(_quirks),
}
"""Every parser by name."""
