"""The routes of the control API."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from mockserver import __version__

NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY"
SEND = (
    "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&to=5556667777&from=5554332111&message=hi"
)


def error(code: str, message: str, difference: object = None) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "difference": difference}}


def test_the_index_says_what_is_here(client: Client) -> None:
    index = client.get("/").get_json()

    assert __version__ == index["mockserver"]
    assert "/_mock/ui/" == index["page"]
    assert index == client.get("/_mock/").get_json()
    assert {"GET /", "GET /_mock/health", "GET POST /ibp_api.php", "GET POST /GROUP/ACTION"} <= set(index["here"])


@pytest.mark.parametrize(
    ("path", "same"),
    [("/_mock", "/_mock/"), ("/_w/default/_mock", "/_mock/"), ("//_mock", "/_mock/"), ("/_mock/ui", "/_mock/ui/")],
)
def test_an_address_is_found_without_its_last_slash_too(client: Client, path: str, same: str) -> None:
    response, expected = client.get(path), client.get(same)

    assert (200, expected.content_type) == (response.status_code, response.content_type)
    assert expected.data.splitlines()[:9] == response.data.splitlines()[:9]


def test_health_is_status_and_version_and_leaves_no_trace(client: Client) -> None:
    assert {"status": "ok", "version": __version__} == client.get("/_mock/health").get_json()
    assert 0 == client.get("/_mock/worlds/default/journal").get_json()["last"]


def test_a_journal_is_read_from_where_one_stopped(client: Client) -> None:
    for _ in range(3):
        client.get(NUMBERS)
    whole, rest, two = (
        client.get(f"/_mock/worlds/default/journal{query}").get_json() for query in ("", "?since=1", "?since=0&limit=2")
    )

    assert [1, 2, 3] == [line["number"] for line in whole["exchanges"]]
    assert [2, 3] == [line["number"] for line in rest["exchanges"]]
    assert [1, 2] == [line["number"] for line in two["exchanges"]]
    assert (3, 0) == (whole["last"], whole["dropped"])


def test_one_exchange_is_returned_in_full(client: Client) -> None:
    client.get(SEND)
    rejected = client.get(SEND, headers={"X-Trace": "7"})
    exchange = client.get("/_mock/worlds/default/journal/2").get_json()

    assert rejected.text == exchange["response"]["body"]["text"]
    assert ["X-Trace", "7"] in exchange["request"]["headers"]
    assert {
        "account": "dialogtech/documents",
        "at": "2026-06-01T12:00:00Z",
        "listener": None,
        "method": "GET",
        "number": 2,
        "operation": "sms.send_message",
        "provider": "dialogtech",
        "status": 200,
        "target": SEND,
        "world": "default",
    }.items() <= exchange.items()
    assert {
        "name": "TooManyPerNumber",
        "description": "Rate limit exceeded: 1 sms per number per second;"
        " next possible in 1.000 seconds, at 2026-06-01T12:00:01Z",
        "document": "001",
        "sentence": "1 sms per number per second",
        "quirk": "DT-23",
        "rule": "documented",
    } == exchange["error"]
    assert [
        ("40 sms per number per 60 seconds", 40, 60, 1, "2026-06-01T12:00:00Z"),
        ("4 sms per DialogTech account per second", 4, 1, 1, "2026-06-01T12:00:00Z"),
        ("1 sms per number per second", 1, 1, 1, "2026-06-01T12:00:01Z"),
    ] == [
        tuple(window[name] for name in ("limit", "most", "seconds", "used", "free_at"))
        for window in exchange["windows"]
    ]


def test_a_body_that_is_not_text_is_shown_as_base64(client: Client) -> None:
    client.post("/ibp_api.php", data=b"\xff\xfe")

    assert {"base64": "//4="} == client.get("/_mock/worlds/default/journal/1").get_json()["request"]["body"]


@pytest.mark.parametrize(
    ("path", "status", "response"),
    [
        ("/_mock/worlds/mine/journal", 404, error("not_found", "there is no world 'mine'")),
        ("/_mock/worlds/default/journal/9", 404, error("not_found", "there is no exchange 9; the journal is empty")),
        (
            "/_mock/worlds/default/journal?since=x",
            400,
            error("bad_request", "since must be a whole number, not 'x'"),
        ),
        (
            "/_mock/worlds/default/journal?limit=-1",
            400,
            error("bad_request", "limit must be a whole number, not '-1'"),
        ),
    ],
)
def test_every_error_of_the_control_api_has_the_same_shape(
    client: Client, path: str, status: int, response: dict[str, object]
) -> None:
    got = client.get(path)

    assert (status, response) == (got.status_code, got.get_json())


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/_mock/worldz/default", "/_mock/worlds/ID"),
        ("/_mock/world/default/clok", "/_mock/worlds/ID/clock"),
        ("/_mock/helth", "/_mock/health"),
        ("/ibpapi.php", "/ibp_api.php"),
    ],
)
def test_the_error_for_an_unknown_path_suggests_the_nearest_paths(client: Client, path: str, nearest: str) -> None:
    response = client.get(path)
    received = response.get_json()["error"]

    assert 404 == response.status_code
    assert f"there is no {path} here; did you mean {nearest}?" == received["message"]
    assert nearest == received["difference"][0]
    assert len(received["difference"]) <= 5
    assert not any("<" in address for address in received["difference"])


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/nothing/like/it/at/all", "GET / lists the routes"),
        ("/_mock/" + "x" * 5_000, "GET / lists the routes"),
    ],
    ids=["provider", "control API"],
)
def test_an_unknown_path_that_is_like_nothing_is_sent_to_the_index(client: Client, path: str, way: str) -> None:
    said = f"there is no {path} here; {way}"

    assert error("not_found", said, []) == client.get(path).get_json()


def test_an_answer_without_a_body_has_no_type(client: Client) -> None:
    client.post("/_mock/worlds", json={"id": "gone"})
    response = client.delete("/_mock/worlds/gone")

    assert (204, b"", None) == (response.status_code, response.data, response.headers.get("Content-Type"))


def test_the_error_for_a_wrong_method_names_the_right_one(client: Client) -> None:
    response = client.post("/_mock/health")

    assert (405, "GET, HEAD") == (response.status_code, response.headers["Allow"])
    assert "/_mock/health takes GET, HEAD" == response.get_json()["error"]["message"]
