"""Bad input at DialogTech's address: a provider error, an exchange in the journal, and a server that stays healthy."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

MIB = 2**20
PAIR = "access_key=foo&secret_access_key=bar"
SEND = f"action=sms.send_message&{PAIR}&to=5556667777&from=5554332111"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
XML = "text/xml; charset=UTF-8"
JSON = "application/json"


class ResponseView(NamedTuple):
    status: int
    kind: str
    body: str


@pytest.fixture
def address(server):
    return "127.0.0.1", int(server.url.rpartition(":")[2])


@pytest.fixture
def ask(address):
    """Send a request to our own server at its socket."""

    def fetch(method, target, body=None, kind=None, **headers):
        headers = {name.title(): value for name, value in headers.items()} | ({"Content-Type": kind} if kind else {})
        connection = HTTPConnection(*address, timeout=30)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return ResponseView(response.status, response.headers["Content-Type"], response.read().decode())
        finally:
            connection.close()

    return fetch


@pytest.fixture
def say(address):
    """Send bytes to our own server, and return what it sends until it closes."""

    def said(raw):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(raw)
            heard = b""
            while piece := connection.recv(65536):
                heard += piece
        return heard

    return said


@pytest.fixture
def journal(ask):
    """The latest exchange of the default world, in full."""

    def latest():
        last = json.loads(ask("GET", "/_mock/worlds/default/journal").body)["last"]
        return json.loads(ask("GET", f"/_mock/worlds/default/journal/{last}").body)

    return latest


@pytest.fixture
def failed(dialogtech):
    return lambda description, status=200: ResponseView(status, XML, dialogtech.failed(description))


@pytest.fixture
def stays_healthy(server, ask):
    """After each test check that the server responds as before, and that health checks are not in the journal."""
    yield
    assert json.loads(ask("GET", "/_mock/health").body)["status"] == "ok"
    response = ask("GET", f"/ibp_api.php?action=sms.get_numbers&{PAIR}")
    assert "[2] Number(s) Returned" in response.body


pytestmark = pytest.mark.usefixtures("stays_healthy")


def multipart(*parts, boundary="b"):
    lines = "".join(f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n" for head, value in parts)
    return f"{lines}--{boundary}--\r\n"


def field(name):
    return f'Content-Disposition: form-data; name="{name}"'


# -- provider errors ------------------------------------------------------------------------------------------------------

REJECTED = {
    "no parameters": ("", "MissingParameter", "Missing required parameter: action"),
    "no action": (PAIR, "MissingParameter", "Missing required parameter: action"),
    "an unknown action": (f"action=sms.delete_messages&{PAIR}", "UnknownAction", "Unknown action: sms.delete_messages"),
    "an action that is not offered": (
        f"action=routing.numbers&{PAIR}",
        "NotOffered",
        "Action not offered by this mock server: routing.numbers",
    ),
    "no credentials": ("action=sms.get_numbers", "MissingParameter", "Missing required parameter: access_key"),
    "no secret": ("action=sms.get_numbers&access_key=foo", "MissingParameter", "Missing required parameter: secret_access_key"),
    "a wrong secret": (
        "action=sms.get_numbers&access_key=foo&secret_access_key=no",
        "InvalidCredentials",
        "Invalid access_key or secret_access_key",
    ),
    "a wrong key": ("action=sms.get_numbers&api_key=no", "InvalidCredentials", "Invalid api_key"),
    "no recipient": (f"action=sms.send_message&{PAIR}", "MissingParameter", "Missing required parameter: to"),
    "no message": (SEND, "MissingParameter", "Missing required parameter: message"),
    "a long message": (
        f"{SEND}&message={'a' * 257}",
        "MessageTooLong",
        "Parameter message must be at most 256 characters long: it has 257",
    ),
    "a year of ten digits": (
        f"action=sms.get_messages&{PAIR}&start_date=20170101010101&end_date=20170101",
        "NotADay",
        "Parameter start_date must be a day in the format YYYYMMDD: 20170101010101",
    ),
    "control characters in a number": (
        f"action=sms.send_message&{PAIR}&to=%00%07%1B%7F",
        "NotANumber",
        "Parameter to must be an unformatted phone number, 10 digits or 11 with a leading 1: \ufffd\ufffd\ufffd\x7f",
    ),
    "control characters in the action": (f"action=%00%0B&{PAIR}", "UnknownAction", "Unknown action: \ufffd\ufffd"),
    "markup in the action": (
        f"action=%3C/response%3E%26%5D%5D%3E&{PAIR}",
        "UnknownAction",
        "Unknown action: &lt;/response&gt;&amp;]]&gt;",
    ),
    "bytes that are not UTF-8 in the action": (f"action=%FF&{PAIR}", "NotText", "Parameter action is not UTF-8 text"),
    "bytes that are not UTF-8 in the credentials": (
        "action=sms.get_numbers&access_key=%FF&secret_access_key=%FE",
        "InvalidCredentials",
        "Invalid access_key or secret_access_key",
    ),
    "bytes that are not UTF-8 in the key": ("action=sms.get_numbers&api_key=%FF", "InvalidCredentials", "Invalid api_key"),
    "bytes that are not UTF-8 in a number": (
        f"action=sms.send_message&{PAIR}&to=%C5",
        "NotText",
        "Parameter to is not UTF-8 text",
    ),
    "bytes that are not UTF-8 in the message": (f"{SEND}&message=%ED%A0%80", "NotText", "Parameter message is not UTF-8 text"),
    "bytes that are not UTF-8 in a date": (
        f"action=sms.get_messages&{PAIR}&start_date=%C0%AF",
        "NotText",
        "Parameter start_date is not UTF-8 text",
    ),
    "bytes that are not UTF-8 in the number to filter by": (
        f"action=sms.get_messages&{PAIR}&start_date=20170101&end_date=20170101&number=%FF",
        "NotText",
        "Parameter number is not UTF-8 text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REJECTED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_bad_parameters_get_the_providers_provider_error_and_stand_in_the_journal(ask, journal, failed, method, case):
    query, error, description = REJECTED[case]
    request = {"GET": (f"/ibp_api.php?{query}",), "POST": ("/ibp_api.php", query, FORM)}[method]
    response = ask(method, *request)
    assert response == failed(description)
    exchange = journal()
    assert (exchange["provider"], exchange["method"], exchange["status"]) == ("dialogtech", method, 200)
    assert exchange["error"]["name"] == error
    assert exchange["ending"] == "complete"
    assert exchange["response"]["body"] == {"text": response.body}


@pytest.mark.parametrize("raw", [b"\xff", b"\xc5", b"\xed\xa0\x80", b"%\xff", b"\xc3\x28"])
@pytest.mark.parametrize("name", ["action", "to", "message"])
def test_raw_bytes_that_are_not_utf_8_are_rejected_too(ask, failed, name, raw):
    values = {"to": b"5556667777", "from": b"5554332111", "message": b"Hi", "action": b"sms.send_message"}
    values[name] = raw
    body = PAIR.encode() + b"".join(b"&%s=%s" % (key.encode(), value) for key, value in values.items())
    assert ask("POST", "/ibp_api.php", body, FORM) == failed(f"Parameter {name} is not UTF-8 text")


def test_an_action_of_a_mebibyte_is_unknown_and_not_repeated_whole(ask, journal, failed):
    response = ask("POST", "/ibp_api.php", "action=" + "x" * MIB, FORM)
    assert response == failed(f"Unknown action: {'x' * 60}…")
    assert journal()["error"]["description"] == f"Unknown action: {'x' * 60}…"


@pytest.mark.parametrize("name", ["to", "from", "start_date", "number", "secret_access_key"])
def test_a_parameter_of_a_mebibyte_is_rejected_in_a_sentence(ask, name):
    action = "sms.send_message" if name in ("to", "from") else "sms.get_messages"
    values = {"action": action, "access_key": "foo", "secret_access_key": "bar", "to": "5556667777"}
    values |= {"start_date": "20170101", "end_date": "20170101", name: "x" * MIB}
    response = ask("POST", "/ibp_api.php", urlencode(values), FORM)
    assert (response.status, response.kind) == (200, XML)
    assert "<result>failed</result>" in response.body
    assert len(response.body) < 600


# -- methods -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("body", [None, f"action=sms.get_numbers&{PAIR}"])
def test_wrong_methods_are_rejected_in_the_envelope(ask, journal, failed, method, body):
    response = ask(method, f"/ibp_api.php?action=sms.get_numbers&{PAIR}", body, body and FORM)
    assert response == failed(f"Method {method} not allowed; use GET or POST", 405)
    exchange = journal()
    assert (exchange["method"], exchange["status"], exchange["provider"]) == (method, 405, "dialogtech")


def test_a_method_that_http_does_not_know_is_rejected_without_html(ask, journal, failed):
    response = ask("FOO", "/ibp_api.php")
    assert response == failed("Bad request", 400)
    exchange = journal()
    assert (exchange["status"], exchange["ending"], exchange["provider"]) == (400, "broken", "dialogtech")
    assert exchange["request"]["body"]["text"].startswith("FOO /ibp_api.php HTTP/1.1\r\n")


def test_options_is_rejected_like_any_other_method(ask):
    response = ask("OPTIONS", "/ibp_api.php")
    assert (response.status, response.kind) == (405, "text/xml; charset=UTF-8")


# -- bodies --------------------------------------------------------------------------------------------------------

UNREADABLE = {
    "no boundary": ("multipart/form-data", "--b\r\n"),
    "an empty boundary": ("multipart/form-data; boundary=", "--b\r\n"),
    "no parts": (MULTIPART, ""),
    "another boundary": (MULTIPART, multipart((field("action"), "sms.get_numbers"), boundary="c")),
    "no end": (MULTIPART, f"--b\r\n{field('action')}\r\n\r\nsms.get_numbers"),
    "parts without a head": (MULTIPART, "--b\r\n\r\nsms.get_numbers\r\n--b--\r\n"),
    "a form": (MULTIPART, f"action=sms.get_numbers&{PAIR}"),
    "JSON": (MULTIPART, '{"action": "sms.get_numbers"}'),
    "zeros": (MULTIPART, "\0" * 1000),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_body_that_is_not_the_multipart_it_is_called_is_rejected(ask, journal, case):
    kind, body = UNREADABLE[case]
    response = ask("POST", f"/ibp_api.php?action=sms.get_numbers&{PAIR}", body, kind)
    assert (response.status, response.kind) == (200, XML)
    assert (
        "<result>failed</result>\n <result_description>Request body is not the multipart/form-data "
        "that its Content-Type announces: " in response.body
    )
    assert journal()["error"]["name"] == "BodyUnreadable"


GARBAGE = {
    "zeros": b"\0" * MIB,
    "every byte": bytes(range(256)) * (MIB // 256),
    "letters": b"x" * MIB,
    "separators": b"&" * MIB,
    "pairs": b"a=1&" * (MIB // 4),
    "percent signs": b"%" * MIB,
    "escapes": b"%FF" * (MIB // 3),
    "line ends": b"\r\n" * (MIB // 2),
    "boundaries": b"--b\r\n" * (MIB // 5),
    "brackets": b"[" * MIB,
    "names of secrets": b'name="api_key"\r\n' * (MIB // 16),
    "names of members": b'"api_key" ' * (MIB // 10),
}
KINDS = [FORM, MULTIPART, "multipart/form-data", JSON, "text/xml", "application/octet-stream", "nonsense", "", "; ;=\t"]
SENT_AS = [(garbage, kind) for garbage in GARBAGE for kind in (FORM, MULTIPART)]
SENT_AS += [("every byte", kind) for kind in KINDS[2:]]


@pytest.mark.parametrize(("garbage", "kind"), SENT_AS)
def test_a_mebibyte_of_garbage_is_rejected_whatever_it_is_called(ask, registry, failed, garbage, kind):
    response = ask("POST", "/ibp_api.php", GARBAGE[garbage], kind)
    if kind.startswith("multipart"):
        assert (response.status, response.kind) == (200, XML)
        assert "<result>failed</result>\n <result_description>Request body is not the multipart" in response.body
    elif kind == FORM and GARBAGE[garbage].count(b"&") >= 1_000:
        assert response == failed("Request has more than 1000 fields")
    else:
        assert response == failed("Missing required parameter: action")
    exchange = registry.default.journal.get(1)
    assert (exchange.provider, exchange.status) == ("dialogtech", 200)
    kept = exchange.body.removesuffix(b"[masked]")  # what follows 50,000 names of a body
    assert GARBAGE[garbage].startswith(kept)
    assert len(kept) == len(GARBAGE[garbage]) or max(map(kept.count, (b"&", b"--b"))) > 50_000


@pytest.mark.parametrize("pair", ["a=1&", "&"])
def test_dt_46_more_parameters_than_are_read_are_rejected(ask, failed, pair):
    query = f"action=sms.get_numbers&{PAIR}"
    too_many = failed("Request has more than 1000 fields")
    assert ask("GET", f"/ibp_api.php?{pair * 1_000}{query}") == too_many
    assert ask("POST", f"/ibp_api.php?{query}", pair * 1_000, FORM) == too_many
    assert "<result>failed" not in ask("POST", f"/ibp_api.php?{query}", pair * 999, FORM).body


def test_a_body_beyond_what_is_read_is_rejected(ask, journal, failed):
    assert ask("POST", "/ibp_api.php", b"x" * (9 * MIB), FORM) == failed("Request body too large", 413)
    assert journal()["status"] == 413


def test_a_target_of_a_mebibyte_is_rejected_without_html(say, journal):
    heard = say(b"GET /ibp_api.php?action=" + b"x" * MIB + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 414 ")
    assert b"\r\nContent-Type: text/xml; charset=UTF-8" in head
    assert b"<result_description>Bad request</result_description>" in body
    exchange = journal()
    assert (exchange["status"], exchange["ending"], exchange["provider"]) == (414, "broken", "dialogtech")


def test_no_http_at_all_is_rejected_and_stands_in_the_journal(say, journal):
    heard = say(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    assert heard.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n")
    exchange = journal()
    assert (exchange["status"], exchange["ending"], exchange["provider"]) == (400, "broken", None)


# -- other addresses -----------------------------------------------------------------------------------------------

NOTHING = "Nothing here; the address of the API is /ibp_api.php"
HOSTS = ["secure.dialogtech.com", "secure.ifbyphone.com", "SECURE.DialogTech.com:443"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/ibp_api.php/", "/ibp_api", "/click_to_xyz.php?app=CTA", "/%FF", "//", "/a/b"])
def test_another_path_under_the_providers_host_gets_its_provider_error(ask, journal, failed, host, method, path):
    assert ask(method, path, host=host) == failed(NOTHING, 404)
    exchange = journal()
    assert (exchange["provider"], exchange["status"], exchange["target"]) == ("dialogtech", 404, path)


@pytest.mark.parametrize("path", ["/ibp_api.php/", "/ibp_api.php/x", "/ibp_api.php.bak", "/_w/default/ibp_api.php/x"])
def test_another_path_under_the_providers_prefix_gets_its_provider_error(ask, failed, path):
    assert ask("GET", path) == failed(NOTHING, 404)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/nothing", "/IBP_API.PHP", "/ibp_api", "/%FF%00", "/_w/missing/ibp_api.php", "/<script>"]
)
def test_anything_else_is_not_found_and_is_given_what_is_near(ask, journal, method, path):
    response = ask(method, path)
    assert (response.status, response.kind) == (404, JSON)
    error = json.loads(response.body)["error"]
    if path.startswith("/_w/"):
        assert error["message"] == "there is no world 'missing'"
    else:
        assert error["message"].startswith("there is no /")
        assert len(error["difference"]) <= 5
        assert ("/ibp_api.php" in error["difference"]) == (path.lower().startswith("/ibp_api"))
    assert (journal()["target"], journal()["provider"]) == (path, None)


@pytest.mark.parametrize(
    "path", ["/_w/default", "/_w/default/", "/_mock//health", "//_mock/health", "/a//b", "/_w/", "/_w"]
)
def test_no_response_is_html(ask, path):
    assert ask("GET", path).kind == JSON


# -- the journal, and secrets --------------------------------------------------------------------------------------

SECRET = "hunter2-SeCrEt"  # no one's
QUERY = {"action": "sms.get_numbers", "access_key": f"{SECRET}-user", "secret_access_key": SECRET}
BASIC = b64encode(f"{SECRET}:{SECRET}".encode()).decode()
LEAKING = {
    "GET": ("GET", urlencode(QUERY), None, None),
    "GET with a key": ("GET", f"action=sms.get_numbers&api_key={SECRET}", None, None),
    "GET with the user alone": ("GET", f"action=sms.get_numbers&access_key={SECRET}", None, None),
    "GET with the secret alone": ("GET", f"action=sms.get_numbers&secret_access_key={SECRET}", None, None),
    "GET with our pair and somebody's key": ("GET", f"action=sms.get_numbers&{PAIR}&api_key={SECRET}", None, None),
    "GET twice, ours last": ("GET", f"action=sms.get_numbers&secret_access_key={SECRET}&{PAIR}", None, None),
    "GET with our user": ("GET", f"action=x&access_key=foo&secret_access_key={SECRET}", None, None),
    "GET as the first pair": ("GET", f"secret_access_key={SECRET}", None, None),
    "GET in capitals": ("GET", f"Secret_Access_Key={SECRET}&ACCESS_KEY={SECRET}", None, None),
    "GET with an escaped name": ("GET", f"action=sms.get_numbers&secret%5Faccess%5fkey={SECRET}", None, None),
    "GET with a letter of the name escaped": ("GET", f"action=sms.get_numbers&%61pi_key={SECRET}", None, None),
    "GET with escapes inside": ("GET", f"action=x&secret_access_key=%20%26{SECRET}", None, None),
    "GET with a fragment": ("GET", f"action=x&secret_access_key=a%23{SECRET}", None, None),
    "PUT": ("PUT", urlencode(QUERY), None, None),
    "POST urlencoded": ("POST", "", urlencode(QUERY), FORM),
    "POST urlencoded with an escaped name": ("POST", "", f"action=x&api%5Fkey={SECRET}", FORM),
    "POST urlencoded with a raw space": ("POST", "", f"action=x&secret_access_key=a {SECRET}", FORM),
    "POST urlencoded with a raw line end": ("POST", "", f"action=x&secret_access_key=a\r\n{SECRET}", FORM),
    "POST urlencoded with a raw number sign": ("POST", "", f"action=x&secret_access_key=a#{SECRET}", FORM),
    "POST in the query string": ("POST", urlencode(QUERY), "", FORM),
    "POST under another type": ("POST", "", urlencode(QUERY), "text/plain"),
    "POST multipart": ("POST", "", multipart(*((field(name), value) for name, value in QUERY.items())), MULTIPART),
    "POST multipart with an unquoted name": (
        "POST", "", multipart(("Content-Disposition: form-data; name=api_key", SECRET)), MULTIPART
    ),
    "POST multipart with more headers": (
        "POST", "", multipart((field("api_key") + "\r\nContent-Type: text/plain", SECRET)), MULTIPART
    ),
    "POST multipart with headers before": (
        "POST", "", multipart(("Content-Type: text/plain\r\n" + field("api_key"), SECRET)), MULTIPART
    ),
    "POST multipart with something behind the name": (
        "POST", "", multipart((field("api_key") + "; charset=UTF-8", SECRET)), MULTIPART
    ),
    "POST multipart as a file": ("POST", "", multipart((field("api_key") + '; filename="k"', SECRET)), MULTIPART),
    "POST multipart with something like a boundary inside": (
        "POST", "", multipart((field("api_key"), f"a\r\n--c{SECRET}")), MULTIPART
    ),
    "POST multipart that is cut": ("POST", "", f"--b\r\n{field('api_key')}\r\n\r\n{SECRET}", MULTIPART),
    "POST JSON": ("POST", "", json.dumps(QUERY), JSON),
}  # fmt: skip


def everything_in_the_journal(ask):
    """The journal's list and each exchange in full, as bytes of the control API."""
    listed = ask("GET", "/_mock/worlds/default/journal").body
    numbers = [exchange["number"] for exchange in json.loads(listed)["exchanges"]]
    assert numbers
    return listed + "".join(ask("GET", f"/_mock/worlds/default/journal/{number}").body for number in numbers)


@pytest.mark.parametrize("way", LEAKING)
def test_a_secret_that_is_not_ours_never_stands_in_the_journal(ask, way):
    method, query, body, kind = LEAKING[way]
    response = ask(method, f"/ibp_api.php?{query}", body, kind)
    assert SECRET not in response.body
    assert SECRET not in everything_in_the_journal(ask)


@pytest.mark.parametrize("way", LEAKING)
def test_a_secret_that_is_not_ours_never_stands_in_the_log(ask, caplog, way):
    caplog.set_level("DEBUG")
    method, query, body, kind = LEAKING[way]
    ask(method, f"/ibp_api.php?{query}", body, kind)
    assert SECRET not in caplog.text


@pytest.mark.parametrize("path", ["/ibp_api.php", "/nothing", "/_w/default/ibp_api.php", "/_w/missing/ibp_api.php"])
@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization"])
@pytest.mark.parametrize(
    "value", [f"Basic {BASIC}", f"Bearer {SECRET}", f"basic {SECRET}", SECRET, f"{SECRET}:{SECRET}"]
)
def test_a_secret_in_a_header_never_stands_in_the_journal(ask, path, name, value):
    ask("GET", f"{path}?{urlencode(QUERY)}", **{name: value})
    written = everything_in_the_journal(ask)
    assert SECRET not in written
    assert BASIC not in written


@pytest.mark.parametrize(
    "raw",
    [
        f"GET /ibp_api.php?secret_access_key={SECRET} HTTP/9.9\r\nHost: a\r\n\r\n",
        f"GET /ibp_api.php HTTP/1.1\r\nAuthorization: Basic {BASIC}\r\nbroken header\r\n\r\n",
        f"POST /ibp_api.php HTTP/1.1\r\nContent-Length: x\r\n\r\napi_key={SECRET}",
    ],
    ids=["in a target", "in a header", "in a body"],
)
def test_a_secret_in_what_is_no_http_never_stands_in_the_journal(ask, say, raw):
    say(raw.encode())
    written = everything_in_the_journal(ask)
    assert SECRET not in written
    assert BASIC not in written


def test_credentials_of_ours_are_no_secrets_and_can_be_read(ask, journal):
    target = f"/ibp_api.php?action=sms.get_numbers&{PAIR}"
    ask("GET", target)
    assert journal()["target"] == target
    ask("POST", "/ibp_api.php", f"action=sms.get_numbers&{PAIR}", FORM)
    assert journal()["request"]["body"] == {"text": f"action=sms.get_numbers&{PAIR}"}


def test_an_exchange_tells_what_was_asked_and_what_was_answered(ask, journal):
    response = ask("POST", f"/ibp_api.php?{SEND}", "message=x+%E2%82%AC", FORM, user_agent="test")
    exchange = journal()
    assert exchange["number"] == 1
    assert exchange["at"] == "2026-06-01T12:00:00Z"
    assert (exchange["provider"], exchange["operation"]) == ("dialogtech", "sms.send_message")
    assert exchange["account"] == "dialogtech/documents"
    assert exchange["target"] == f"/ibp_api.php?{SEND}"
    assert exchange["request"]["body"] == {"text": "message=x+%E2%82%AC"}
    assert ["Content-Type", FORM] in exchange["request"]["headers"]
    assert exchange["response"]["body"] == {"text": response.body}
    assert exchange["error"] is None
    assert [(window["limit"], window["used"]) for window in exchange["windows"]] == [
        ("40 sms per number per 60 seconds", 1),
        ("4 sms per DialogTech account per second", 1),
        ("1 sms per number per second", 1),
    ]
