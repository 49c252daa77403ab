"""Bad input at SerwerSMS's address gets the provider's error envelope, never a traceback or an HTML page."""

from __future__ import annotations

import json

import pytest

from mockserver.sdk.request import MOST_VALUES

WHO = {"username": "Login", "password": "Haslo"}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


def error(code, kind, message):
    return {"error": {"code": code, "type": kind, "message": message}}


NO_ACTION = error(1000, "InvalidAction", "Not specified action to execute")
NO_USER = error(1001, "InvalidUser", "Incorrect login or password")
NO_TOKEN = error(1012, "InvalidToken", "Invalid API token")
BAD_DATA = error(1006, "InvalidData", "Invalid data format")
NO_XML_ACTION = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<error><code>1000</code><type>InvalidAction</type>'
    "<message>Not specified action to execute</message></error>"
)


@pytest.fixture
def posted(client):
    """The JSON response to a body, which has status 200."""

    def post(body, content_type=JSON, **headers):
        response = client.post("/messages/recived", data=body, content_type=content_type, headers=headers)
        assert (response.status_code, response.content_type) == (200, "application/json")
        return response.json

    return post


def with_who(**values):
    return json.dumps({**WHO, **values})


@pytest.mark.parametrize("content_type", [FORM, "text/plain", "image/png", "x", None])
@pytest.mark.parametrize("body", ["", "{}", "x=1", '{"username": "Login"}', "username=Login", "password=Haslo"])
def test_a_form_without_credentials_is_rejected(client, body, content_type):
    assert client.post("/messages/recived", data=body, content_type=content_type).json == NO_USER


@pytest.mark.parametrize("body", ["", " ", "{}", '{"username": "Login"}', '{"password": "Haslo"}', '{"x": [{}]}'])
def test_json_without_credentials_is_rejected(posted, body):
    assert posted(body) == NO_USER


@pytest.mark.parametrize("username", [1, True, None, [], {}, ["Login"], 1.5], ids=str)
def test_a_name_that_is_no_text_is_rejected(posted, username):
    assert posted(json.dumps({"username": username, "password": "Haslo"})) == NO_USER
    assert posted(json.dumps({"username": "Login", "password": username})) == NO_USER


@pytest.mark.parametrize("token", ["wrong", "x" * 10_000, "Login", "Haslo", "a b", "\xff", "Login:Haslo"])
def test_an_unknown_token_is_rejected(posted, token):
    assert posted(b"", Authorization=f"Bearer {token}") == NO_TOKEN


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Basic TG9naW46SGFzbG8=", "Basic !", "Digest x", "", " ", "Login"]
)
def test_an_authorization_without_a_token_is_none(posted, value):
    assert posted(b"", Authorization=value) == NO_USER


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"username=Login&password=Haslo",
        b"\xff\xfe",
        b'{"username": "\xff"}',
        b'{"username": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff" * 2**20,
        b'{"page": NaN}',
        b'{"page": Infinity}',
        b'{"page": ' + b"1" * 5000 + b"}",
        b"{'username': 'Login'}",
        b'{"username": "a\0b"}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_no_json_object_is_rejected(posted, body):
    assert posted(body) == BAD_DATA


@pytest.mark.parametrize(
    "body", [b"garbage", b"--x", b"--x\r\n\r\n", b"--y--\r\n", b"--x\r\nA: b\r\n\r\nc\r\n--x--\r\n", b"\xff" * 2**20],
    ids=lambda body: repr(body[:30]),
)  # fmt: skip
def test_a_body_that_is_no_multipart_is_rejected(posted, body):
    assert posted(body, "multipart/form-data; boundary=x") == BAD_DATA


def test_a_multipart_without_a_boundary_is_rejected(posted):
    assert posted(b"--x--\r\n", "multipart/form-data") == BAD_DATA


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"&" * 2**20, FORM),
        (b"username=Login&password=Haslo" + b"&a=1" * 1_000, FORM),
        (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" * 1_001 + b"--x--\r\n", MULTIPART),
        (b'{"username": "Login", "password": "Haslo", "x": [' + b"1," * MOST_VALUES + b"1]}", JSON),
        (b"{" + b",".join(b'"k%d": 1' % number for number in range(MOST_VALUES + 1)) + b"}", JSON),
        (b'{"username": "Login", "password": "Haslo", "phone": ' + b"[" * 64 + b"]" * 64 + b"}", JSON),
        (b'{"a":' * 65 + b"1" + b"}" * 65, JSON),
    ],
    ids=["separators", "pairs", "parts", "values", "members", "lists", "objects"],
)
def test_sw_57_a_body_of_too_many_fields_values_or_levels_is_rejected(posted, body, kind):
    assert posted(body, kind) == BAD_DATA


def test_a_body_of_as_many_fields_as_are_read_is_read(posted):
    assert len(posted(b"username=Login&password=Haslo" + b"&a=1" * 998, FORM)["items"]) == 4


def test_commas_and_brackets_in_a_text_of_json_are_no_values_and_no_levels(posted):
    body = {"username": "Login", "password": "Haslo", "x": '[{"\\,' * 60_000}
    assert len(posted(json.dumps(body).encode(), JSON)["items"]) == 4


@pytest.mark.parametrize("body", [b"\xff" * 2**20, b"=" * 2**20, b"%" * 2**20, b"[" * 2**20, b"a[" * 2**19])
def test_a_mebibyte_of_garbage_in_a_form_has_no_credentials(posted, body):
    assert posted(body, FORM) == NO_USER


def test_a_mebibyte_of_commas_is_no_phone_at_all(posted):
    assert len(posted(f"username=Login&password=Haslo&phone={',' * 2**20}", FORM)["items"]) == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", ["eco"]),
        ("type", {"eco": 1}),
        ("type", True),
        ("type", 1),
        ("type", 1.5),
        ("ndi", ["+48500600700"]),
        ("ndi", True),
        ("phone", {"0": "+48500600700"}),
        ("phone", [["+48500600700"]]),
        ("phone", [True]),
        ("phone", False),
        ("phone", 1e300),
        ("date_from", 20141021),
        ("date_from", ["2014-10-21"]),
        ("date_to", True),
        ("read", [1]),
        ("read", {"a": 1}),
        ("read", 2),
        ("read", 1.0),
        ("show_contact", "x" * 10_000),
        ("page", True),
        ("page", -1),
        ("page", 1.5),
        ("page", [1]),
        ("page", 10**12),
        ("page", 10**30),
        ("limit", 0),
        ("limit", False),
        ("order", 1),
        ("order", ["asc"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_rejected(posted, name, value):
    assert posted(with_who(**{name: value})) == BAD_DATA


@pytest.mark.parametrize("name", ["type", "date_from", "date_to", "page", "limit", "order", "ndi", "phone"])
def test_bytes_that_are_not_utf_8_are_rejected_where_they_are_read(posted, name):
    assert posted(f"username=Login&password=Haslo&{name}=%ff", FORM) == BAD_DATA
    assert posted(b"username=Login&password=Haslo&%s=\xc3" % name.encode(), FORM) == BAD_DATA


def test_bytes_that_are_not_utf_8_are_ignored_where_they_are_not_read(posted):
    assert len(posted(b"username=Login&password=Haslo&text=\xff&%ff=1", FORM)["items"]) == 4


def test_of_a_key_that_is_written_twice_the_last_counts(posted):
    body = '{"username": "x", "username": "Login", "password": "Haslo", "type": "nd", "type": "mms"}'

    assert [item["type"] for item in posted(body)["items"]] == ["mms"]


def test_a_list_where_one_value_stands_is_rejected_in_a_form_too(posted):
    assert posted("username=Login&password=Haslo&type[]=eco", FORM) == BAD_DATA


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/messages/recived", "/messages/received.json", "/messages/send_sms", "/error/1000"])
def test_another_method_is_rejected_and_said_which_there_are(client, method, path):
    response = client.open(path, method=method)

    assert (response.status_code, response.json) == (405, NO_ACTION)
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_another_method_is_rejected_in_xml_too(client):
    response = client.put("/messages/recived.xml")

    assert (response.status_code, response.text) == (405, NO_XML_ACTION)
    assert response.content_type == "application/xml; charset=UTF-8"


@pytest.mark.parametrize(
    "path",
    [
        "/messages",
        "/messages/",
        "/messages/nothing",
        "/messages/recived.yaml",
        "/messages/recived.json.json",
        "/messages/recived/",
        "/messages/Recived",
        "/messages/recived%00",
        "/messages/%ff",
        "/quiz/nothing",
        "/messages/" + "x" * 5000,
        "/account/nothing.json",
        "/error/",
    ],
)
def test_an_unknown_path_under_a_prefix_of_the_provider_has_no_action(client, path):
    response = client.post(path, data=WHO)

    assert (response.status_code, response.json) == (200, NO_ACTION)


@pytest.mark.parametrize("path", ["/messages", "/recived", "/api", "/api/x", "/messages/x/y/z", "/favicon.ico"])
def test_an_unknown_path_on_a_host_of_the_provider_has_no_action(client, path):
    response = client.post(path, base_url="https://api2.serwersms.pl")

    assert (response.status_code, response.json) == (200, NO_ACTION)


@pytest.mark.parametrize("path", ["/messages/nothing.xml", "/account/nothing.xml", "/messages/.xml"])
def test_an_unknown_path_that_ends_with_xml_is_answered_in_it(client, path):
    response = client.post(path, data=WHO)

    assert (response.status_code, response.text) == (200, NO_XML_ACTION)


def test_a_body_that_is_too_large_is_rejected(client):
    body = b"x" * (8 * 2**20 + 1)

    response = client.post("/messages/recived", data=body)

    assert (response.status_code, response.json) == (413, BAD_DATA)


def test_an_internal_error_is_reported_in_the_error_envelope(client, monkeypatch):
    monkeypatch.setattr("mockserver.providers.serwersms.wire._item", lambda *_: 1 / 0)

    response = client.post("/messages/recived", data=WHO)

    assert (response.status_code, response.json) == (500, error(1010, "SystemError", "System temporarily unavailable"))


@pytest.mark.parametrize("body", [b"[" * 2**20, b"\xff" * 2**20, b"username=%00&password=%0d%0a"])
def test_after_bad_input_the_next_response_is_the_printed_one(client, body):
    for content_type in (JSON, FORM, "multipart/form-data; boundary=x"):
        client.post("/messages/recived", data=body, content_type=content_type)

    assert len(client.post("/messages/recived", data=WHO).json["items"]) == 4
