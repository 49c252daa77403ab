"""Bad input at mGage's address: a provider error, an exchange in the journal, and a server that stays healthy."""

from __future__ import annotations

import json
from base64 import b64encode
from http.client import HTTPConnection
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from contract_tests.installed import PROVIDERS
from mockserver.providers.mgage.errors import PlainError

MIB = 2**20
PATH = "/api/messages/program/121811"
BASIC = "Basic " + b64encode(b"mgage:mgage").decode()
JSON = "application/json; charset=UTF-8"
ERROR = Path(__file__).parents[2] / "fixtures" / "schemas" / "mgage" / "error.schema.json"
NOTHING = "Nothing here; the address of the API is /api/messages/program/{programId}"


@pytest.fixture
def ask(server):
    """Send a request to our own server at its socket, and return status, content type and body."""

    def fetch(method, target, body=None, **headers):
        headers = {"Authorization": BASIC} | {name.title().replace("_", "-"): text for name, text in headers.items()}
        connection = HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=30)
        try:
            connection.request(method, target, body, {name: text for name, text in headers.items() if text is not None})
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read().decode()
        finally:
            connection.close()

    return fetch


@pytest.fixture
def journal(ask):
    """The latest exchange of the default world, in full."""

    def latest():
        last = json.loads(ask("GET", "/_mock/worlds/default/journal")[2])["last"]
        return json.loads(ask("GET", f"/_mock/worlds/default/journal/{last}")[2])

    return latest


@pytest.fixture(autouse=True)
def stays_healthy(server, ask):
    """After each test check that the server responds as before."""
    yield
    assert ask("GET", PATH)[:2] == (200, JSON)


def error(sentence):
    Draft202012Validator(json.loads(ERROR.read_text())).validate(
        body := {"meta": {"generalErrors": [sentence], "nextPageUrl": None}}
    )
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


REJECTED = {
    "no credentials": (PATH, None, 401, "MissingCredentials", "HTTP Basic authentication is required"),
    "garbage for credentials": (
        PATH, "Basic \xff\xfe", 401, "UnreadableCredentials", "Authorization header is not HTTP Basic: not base64"
    ),
    "a wrong password": (
        PATH, "Basic " + b64encode(b"mgage:no").decode(), 401, "InvalidCredentials", "Invalid username or password"
    ),
    "another account's program": (
        "/api/messages/program/141501", BASIC, 404, "UnknownProgram", "Program 141501 does not exist"
    ),
    "the failing program": ("/api/messages/program/500500", BASIC, 500, "ServerException", "General server exception"),
    "a mebibyte of nothing much": (f"{PATH}?startDate={'%00' * 9_000}", BASIC, 400, "NotADate", (
        f"startDate must be a date in the format YYYY-MM-DDTHH:MM:SS: {chr(0) * 60}…"
    )),
    "bytes that are not UTF-8": (f"{PATH}?startDate=%FF", BASIC, 400, "NotText", "startDate is not UTF-8 text"),
    "another message type": (
        f"{PATH}?messageType=%F0%9F%8E%89", BASIC, 400, "NotAMessageType", "messageType must be MO or MT: 🎉"
    ),
    "another page size": (
        f"{PATH}?pageSize=501", BASIC, 400, "NotAPageSize", "pageSize must be a number from 1 to 500: 501"
    ),
    "another page": (f"{PATH}?page=0", BASIC, 400, "NotAPage", "page must be a number from 1 to 999999999: 0"),
    "an end before the start": (
        f"{PATH}?startDate=2014-12-05T00:00:01&endDate=2014-12-05T00:00:00", BASIC, 400, "EndsBeforeStart",
        "endDate 2014-12-05T00:00:00 is before startDate 2014-12-05T00:00:01",
    ),
    "braces": (
        "/api/messages/program/%7B0%7D%7Bvalue%7D%7B%7B", BASIC, 404, "UnknownProgram",
        "Program {0}{value}{{ does not exist",
    ),
    "markup": (
        "/api/messages/program/%3Cscript%3E", BASIC, 404, "UnknownProgram", "Program <script> does not exist"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_request_gets_the_providers_provider_error_and_stands_in_the_journal(ask, journal, case):
    target, authorization, status, name, sentence = REJECTED[case]
    body = error(sentence).replace("\0", "\\u0000")
    assert ask("GET", target, authorization=authorization) == (status, JSON, body)
    exchange = journal()
    assert (exchange["provider"], exchange["operation"], exchange["status"]) == ("mgage", "program.export", status)
    assert (exchange["error"]["name"], exchange["ending"]) == (name, "complete")


GARBAGE = {
    "zeros": b"\0" * MIB,
    "bytes that are not UTF-8": b"\xff" * MIB,
    "letters": b"x" * MIB,
    "separators": b"&" * MIB,
    "brackets": b"[" * MIB,
}


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_on_a_get_is_not_looked_at(ask, garbage, kind):
    assert ask("GET", PATH, GARBAGE[garbage], content_type=kind)[:2] == (200, JSON)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_mebibyte_of_garbage_is_rejected_for_its_method(ask, journal, garbage):
    response = ask("POST", PATH, GARBAGE[garbage], content_type="application/json", authorization=None)
    assert response == (405, JSON, error("Method POST not allowed; use GET"))
    assert (journal()["provider"], journal()["status"]) == ("mgage", 405)


def test_a_query_of_many_pairs_is_read(ask):
    assert ask("GET", f"{PATH}?{'pageSize=1&' * 999}pageSize=1")[:2] == (200, JSON)


@pytest.mark.parametrize("pair", ["pageSize=1&", "&"])
def test_mg_29_a_query_of_more_pairs_is_rejected(ask, pair):
    too_many = error("Query string has more than 1000 fields")
    assert ask("GET", f"{PATH}?{pair * 1_000}", authorization="Basic x") == (400, JSON, too_many)


@pytest.mark.parametrize("host", ["", "x:99999"])
def test_a_request_with_an_unusual_host_gets_a_response(ask, host):
    assert ask("GET", PATH, host=host)[:2] == (200, JSON)


@pytest.mark.parametrize("host", ["a..b", "a" * 300])
def test_an_impossible_host_is_rejected_in_the_same_form(ask, host):
    assert ask("GET", PATH, host=host) == (400, JSON, error("Request cannot be read"))


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/x", "/ibp", "/API/messages/program/121811", "/%FF%00"])
def test_another_path_of_the_providers_host_gets_its_provider_error(ask, journal, method, path):
    assert ask(method, path, host="communicatepro.mgage.com") == (404, JSON, error(NOTHING))
    assert (journal()["provider"], journal()["status"]) == ("mgage", 404)


def test_a_failure_of_ours_is_a_500_in_the_same_form(server, ask, monkeypatch, caplog):
    from mockserver.providers.mgage import wire
    from mockserver.providers.mgage.operations.programs import Exported

    with monkeypatch.context() as broken:
        broken.setitem(wire.RENDER, Exported, None)
        response = ask("GET", PATH)
    assert response == (500, JSON, error("Internal error of the mock server; its log says more"))
    assert "TypeError" in caplog.text


SECRET = "hunter2-SeCrEt"  # no one's


@pytest.mark.parametrize("user", ["mgage", SECRET])
def test_a_password_that_is_not_ours_never_stands_in_the_journal(ask, user):
    token = b64encode(f"{user}:{SECRET}".encode()).decode()
    ask("GET", PATH, authorization=f"Basic {token}")
    listed = ask("GET", "/_mock/worlds/default/journal")[2]
    whole = listed + ask("GET", f"/_mock/worlds/default/journal/{json.loads(listed)['last']}")[2]
    assert SECRET not in whole
    assert token not in whole


def test_every_provider_error_is_tried_here_or_among_the_quirks():
    provider = next(provider for provider in PROVIDERS if provider.name == "mgage")
    tried = {name for _, _, _, name, _ in REJECTED.values()}
    elsewhere = {"UnknownPath", "WrongMethod", "UnreadableRequest", "ServerFault", "RangeTooLong", "TooManyParameters"}
    elsewhere |= {"PostOnly", "BodyTooLarge"}  # see test_mgage_external_mo, as for those in plain text
    plain = {error.__name__ for error in provider.errors if issubclass(error, PlainError)}
    assert {error.__name__ for error in provider.errors} == tried | elsewhere | plain
