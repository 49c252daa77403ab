"""Deciding requests are filled in and played the same in process and over HTTP."""

from __future__ import annotations

import pytest
import requests

from contract_tests.recordings.upstream import NOON, Upstream
from mockserver.app import build_service
from mockserver.engine.clock import Clock
from mockserver.recordings.deciding import (
    CannotDecide,
    PlayedResponse,
    PreparedRequest,
    account_values,
    find_value,
    play,
    prepare,
)
from mockserver.sdk import DecidingRequest
from mockserver.server import MockServer

KEYS = "access_key={user}&secret_access_key={secret}"
SERIES = (
    DecidingRequest("GET", f"/ibp_api.php?action=sms.get_messages&{KEYS}&start_date=20170101&end_date=20170101"),
    DecidingRequest(
        "POST",
        "/ibp_api.php",
        f"action=sms.get_message&{KEYS}&msg_id={{0:response.messages.outbound.message[1].msg_id}}",
    ),
)


def test_a_series_has_the_same_responses_in_process_and_over_http(open_registry) -> None:
    upstream = Upstream("dialogtech")
    account = account_values(upstream.accounts[0])
    with MockServer(build_service(registry=open_registry(clock=Clock.frozen(NOON)))) as server:

        def send(request: PreparedRequest) -> PlayedResponse:
            answer = requests.request(
                request.method,
                server.url + request.target,
                headers=dict(request.headers),
                data=request.body,
                timeout=10,
            )
            return PlayedResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

        over_http = play(SERIES, send, account)
    in_process = play(SERIES, upstream.send, account)
    assert [each.body for each in over_http] == [each.body for each in in_process]
    assert b"<msg_id>133185904</msg_id>" in in_process[1].body


def test_values_are_escaped_as_the_place_demands() -> None:
    account = {"user": 'a&"b', "secret": "c d"}
    form = prepare(DecidingRequest("POST", "/x?u={user}", "s={secret}"), account)
    assert (form.target, form.body) == ("/x?u=a%26%22b", b"s=c%20d")
    body = '{"u": "{user}"}'
    written = prepare(DecidingRequest("POST", "/x", body, "application/json", is_authorized=True), account)
    assert written.body == b'{"u": "a&\\"b"}'
    assert dict(written.headers) == {"Authorization": "Basic YSYiYjpjIGQ=", "Content-Type": "application/json"}


def test_a_placeholder_without_a_value_is_said() -> None:
    with pytest.raises(CannotDecide, match="the account has no program"):
        prepare(DecidingRequest("GET", "/{program}"), {"user": "a"})
    with pytest.raises(CannotDecide, match=r"the response to request 1 has nothing at items\[0\].id"):
        prepare(DecidingRequest("GET", "/{0:items[0].id}"), {}, [PlayedResponse(200, (), b'{"items": []}')])


def test_values_are_found_in_json_and_xml() -> None:
    assert find_value(b'{"items": [{"id": 7}, {"id": "8"}]}', "items[1].id") == "8"
    assert find_value(b'{"items": [{"id": 7}]}', "items[0].id") == "7"
    assert find_value(b'{"items": [{"id": null}]}', "items[0].id") is None
    document = b'<?xml version="1.0"?><a><b c="1">x</b><b c="2">y</b></a>'
    assert find_value(document, "a.b[1]") == "y"
    assert find_value(document, "a.b[1].@c") == "2"
    assert find_value(document, "a.b[2]") is None
    assert find_value(b"no document", "a") is None
