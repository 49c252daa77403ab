"""The handler of provider requests, under a plain WSGI server: to which world a request belongs, what is recorded, and what is masked."""

from __future__ import annotations

from base64 import b64encode
from http import HTTPStatus
from io import BytesIO
from typing import Any
from wsgiref.validate import validator

import pytest
from flask import Flask
from werkzeug.test import Client, create_environ

from contract_tests.installed import VARIANTS
from mockserver.app import Service, build_service
from mockserver.engine.accounts import Account, Login
from mockserver.engine.clock import Clock
from mockserver.engine.registry import WorldRegistry
from mockserver.engine.state import Fixture
from mockserver.http.request_parser import InvalidRequest
from mockserver.settings import Settings

ACCOUNT = Account("dialogtech/a", "dialogtech", "a", (Login("foo", "bar"),))
NUMBERS = "action=sms.get_numbers&access_key=foo&secret_access_key=bar"


@pytest.fixture
def registry() -> WorldRegistry:
    return WorldRegistry(Fixture((ACCOUNT,)), VARIANTS, clock=Clock.frozen(0))


@pytest.fixture
def service(registry: WorldRegistry) -> Service:
    return build_service(Settings(body_bytes=1_000), registry=registry)


def journal(app: Flask, world: str = "default") -> Any:
    response = app.test_client().get(f"/_mock/worlds/{world}/journal").get_json()
    return response["exchanges"]


def test_the_same_application_runs_as_plain_wsgi(app: Flask) -> None:
    response = Client(validator(app)).get(f"/ibp_api.php?{NUMBERS}", buffered=True)

    assert (200, "text/xml; charset=UTF-8") == (response.status_code, response.headers["Content-Type"])


def test_the_date_is_the_worlds(app: Flask) -> None:
    assert app.test_client().get(f"/ibp_api.php?{NUMBERS}").headers["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_every_exchange_is_in_the_journal_and_calls_of_the_control_api_are_not(app: Flask) -> None:
    client = app.test_client()
    for path in ("/ibp_api.php", "/nowhere", "/", "/_mock/health", "/_mock/nowhere"):
        client.get(path)

    assert [("/ibp_api.php", 200), ("/nowhere", 404)] == [(line["target"], line["status"]) for line in journal(app)]


def test_a_prefix_leads_to_its_world_where_the_printed_credentials_are_valid(
    app: Flask, registry: WorldRegistry
) -> None:
    registry.create(Fixture((ACCOUNT,)), world_id="mine")
    response = app.test_client().get(f"/_w/mine/ibp_api.php?{NUMBERS}")

    assert b"[0] Number(s) Returned" in response.data
    assert [("dialogtech/a", None)] == [(line["account"], line["error"]) for line in journal(app, "mine")]
    assert [] == journal(app)


def test_a_listener_leads_to_the_world_it_is_bound_to(app: Flask, registry: WorldRegistry) -> None:
    registry.bind("side", registry.create(Fixture((ACCOUNT,)), world_id="mine"))
    app.test_client().get(f"/ibp_api.php?{NUMBERS}", environ_overrides={"mockserver.listener": "side"})

    assert [None] == [line["error"] for line in journal(app, "mine")]


def test_a_credential_leads_to_its_world(app: Flask, registry: WorldRegistry) -> None:
    registry.create(Fixture((ACCOUNT,)), world_id="mine", logins={"dialogtech/a": (Login("hers", "s"),)})
    client = app.test_client()
    for secret in ("s", "wrong"):
        client.get(f"/ibp_api.php?action=sms.get_numbers&access_key=hers&secret_access_key={secret}")

    assert [None, "InvalidCredentials"] == [line["error"] for line in journal(app, "mine")]
    assert [] == journal(app)


def test_a_prefix_of_an_unknown_world_is_an_error_that_names_it(app: Flask) -> None:
    response = app.test_client().get("/_w/missing/ibp_api.php")

    assert 404 == response.status_code
    assert "there is no world 'missing'" == response.get_json()["error"]["message"]


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999"])
def test_a_wrong_content_length_does_no_harm(app: Flask, length: str) -> None:
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/ibp_api.php", "QUERY_STRING": "", "CONTENT_LENGTH": length}
    environ |= {"SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.1"}
    statuses: list[str] = []
    body = app(environ | {"wsgi.input": BytesIO(b"a=b")}, lambda status, *_: statuses.append(status))  # type: ignore[arg-type,return-value]  # a start_response without write()

    assert 1 == len(statuses) == len(list(body))


def test_a_body_that_is_too_large_is_rejected_by_the_provider(app: Flask) -> None:
    response = app.test_client().post("/ibp_api.php", data=b"x" * 1_001)

    assert (413, True) == (response.status_code, b"<result>failed</result>" in response.data)


def test_an_internal_error_gets_a_response_without_a_traceback(app: Flask, registry: WorldRegistry) -> None:
    registry.default.state.variants.clear()
    response = app.test_client().get(f"/ibp_api.php?{NUMBERS}")

    assert (500, True) == (response.status_code, b"<result>failed</result>" in response.data)
    assert b"Traceback" not in response.data
    assert [500] == [line["status"] for line in journal(app)]


def test_what_was_no_http_has_its_line_too(app: Flask, service: Service) -> None:
    assert service.reject_invalid(InvalidRequest(HTTPStatus.BAD_REQUEST, "not HTTP", b"\x16\x03\x01"), None) is None

    (line,) = journal(app)
    assert ("", "", 400, "broken") == (line["method"], line["target"], line["status"], line["ending"])


LIVE = "live-key-of-somebody"
MULTIPART = (
    f'--b\r\nContent-Disposition: form-data; name="access_key"\r\n\r\n{LIVE}\r\n'
    f'--b\r\nContent-Disposition: form-data; name="to"\r\n\r\n5556667777\r\n--b--\r\n'
)


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [
        (f"/ibp_api.php?access_key={LIVE}&secret_access_key={LIVE}", {}, ""),
        (f"/ibp_api.php?&api_key={LIVE}", {}, ""),
        (f"/ibp_api.php?%61ccess_key={LIVE}", {}, ""),
        (f"/wrong/path?access_key={LIVE}", {}, ""),
        ("/ibp_api.php", {"Content-Type": "application/x-www-form-urlencoded"}, f"a=b&secret_access_key={LIVE}"),
        ("/ibp_api.php", {"Content-Type": "multipart/form-data; boundary=b"}, MULTIPART),
        ("/ibp_api.php", {"Content-Type": "application/json"}, f'{{"access_key": "{LIVE}"}}'),
        ("/ibp_api.php", {"Authorization": f"Bearer {LIVE}"}, ""),
        ("/ibp_api.php", {"Authorization": f"Basic {b64encode(f'foo:{LIVE}'.encode()).decode()}"}, ""),
        ("/ibp_api.php", {"Authorization": LIVE}, ""),
        ("/ibp_api.php", {"Authorization": f'Digest username="x", response="{LIVE}"'}, ""),
        ("/ibp_api.php", {"Authorisation": f"Basic {b64encode(f'foo:{LIVE}'.encode()).decode()}"}, ""),
        ("/ibp_api.php", {"Cookie": f"session={LIVE}; theme=dark"}, ""),
        ("/ibp_api.php", {"X-Api-Key": LIVE}, ""),
        (f"/ibp_api.php?access_key=foo&secret_acess_key={LIVE}", {}, ""),
        (f"/ibp_api.php?apikey={LIVE}", {}, ""),
        (f"/ibp_api.php?acces_key={LIVE}", {}, ""),
        ("/messages/recived", {"Content-Type": "application/json"}, f'{{"username": "Login", "pasword": "{LIVE}"}}'),
        ("/messages/recived", {"Content-Type": "multipart/form-data; boundary=b"}, MULTIPART.replace("ss_k", "s_K")),
    ],
)
def test_a_secret_that_is_not_ours_never_stands_in_the_journal(
    app: Flask, target: str, headers: dict[str, str], body: str
) -> None:
    client = app.test_client(use_cookies=False)
    client.post(target, headers=headers, data=body)
    everything = client.get("/_mock/worlds/default/journal").data + client.get("/_mock/worlds/default/journal/1").data

    assert LIVE.encode() not in everything
    assert b64encode(f"foo:{LIVE}".encode()) not in everything
    assert b"[masked]" in everything


def test_what_we_issued_or_printed_is_not_masked(app: Flask) -> None:
    app.test_client().get(f"/ibp_api.php?{NUMBERS}")

    assert f"/ibp_api.php?{NUMBERS}" == journal(app)[0]["target"]


def test_a_number_in_a_secret_s_place_is_masked_in_a_json_body(app: Flask) -> None:
    app.test_client().post("/messages/recived", json={"password": 123456, "phone": 48500600700})
    body = app.test_client().get("/_mock/worlds/default/journal/1").get_json()["request"]["body"]["text"]

    assert '{"password": "[masked]", "phone": 48500600700}' == body


def test_a_misspelt_secret_does_not_stand_in_the_log(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "mockserver.exchange")
    app.test_client().get(f"/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_acess_key={LIVE}")

    assert LIVE not in caplog.text
    assert "secret_acess_key=[masked]" in caplog.text


SEND = "action=sms.send_message&access_key=k&secret_access_key=s"


@pytest.mark.parametrize(
    ("target", "fault", "line"),
    [
        (f"/ibp_api.php?{SEND}", None, "-> 200 InvalidCredentials: Invalid access_key or secret"),
        ("/ibpapi.php", None, "-> 404 no operation lives at this path; did you mean /ibp_api.php?"),
        ("/api/x", None, "-> 404 UnknownPath: no operation lives at this path"),
        ("/nothing/at/all/like/it", None, "-> 404 no operation lives at this path"),
        (f"/ibp_api.php?{NUMBERS}", {"kind": "delay", "seconds": 0}, "-> 200 met fault f1 (delay)"),
        (
            f"/ibp_api.php?{SEND}",
            {"kind": "static_response", "status": 503},
            "-> 503 overridden by fault f1 (static_response); decided: InvalidCredentials",
        ),
        (
            f"/ibp_api.php?{NUMBERS}",
            [{"kind": "delay", "seconds": 0}, {"kind": "provider_error", "name": "UnknownPath"}],
            "rejected by fault f1 (delay, provider_error); decided: accepted",
        ),
    ],
)
def test_a_line_of_the_log_gives_the_reason(
    app: Flask, caplog: pytest.LogCaptureFixture, target: str, fault: Any, line: str
) -> None:
    caplog.set_level("INFO", "mockserver.exchange")
    if fault is not None:
        rule = {"fault": fault, "match": {"provider": "dialogtech"}}
        assert 201 == app.test_client().post("/_mock/worlds/default/faults", json=rule).status_code
    app(create_environ(target), lambda *_: None)  # type: ignore[arg-type,return-value]  # a start_response without write()

    assert line in caplog.messages[-1]


def test_accepted_requests_are_logged_only_with_log_all(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mockserver.exchange")
    app.test_client().get(f"/ibp_api.php?{NUMBERS}")

    assert [] == caplog.messages
