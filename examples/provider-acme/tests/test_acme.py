"""Acme SMS as a client meets it, found by its entry point alone, and the suite that every provider has to pass."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import mockserver_acme
import pytest
import requests
from mockserver_acme import ACME
from mockserver_acme.quirks import DELETED_AGAIN

from mockserver.app import create_app
from mockserver.har.reader import read_har_file
from mockserver.recordings.deciding import PlayedResponse, PreparedRequest, play
from mockserver.recordings.reconstruction import reconstruct_world
from mockserver.recordings.replay import replay
from mockserver.sdk.loading import installed_providers
from mockserver.testkit.conformance import Example, ProviderSuite

PACKAGE = Path(mockserver_acme.__file__).parent
NUMBER, PHONE = "+15550001000", "+15557654321"
FROZEN = pytest.mark.mockserver(freeze="2026-06-01T12:00:00Z")


class Receiver(ThreadingHTTPServer):
    """A customer's callback URL."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.answers: list[int] = []
        """The statuses of the next responses; 200 where there is none."""
        self.received: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callback"

    @property
    def statuses(self) -> list[str]:
        return [json.loads(body)["status"] for _, body in self.received]


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((headers, self.rfile.read(int(headers["content-length"]))))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.fixture
def receiver(mock_world: Any) -> Iterator[Receiver]:
    """Where the callbacks of the account's number go."""
    with Receiver() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        mock_world.change_account("acme", "demo", numbers=[{"number": NUMBER, "dlr_url": server.url}])
        yield server
        server.shutdown()


def request(world: Any, method: str, path: str = "", **options: Any) -> requests.Response:
    headers = {"X-Api-Key": world.login("acme").user}
    return requests.request(method, f"{world.base_url}/v1/messages{path}", headers=headers, timeout=10, **options)


def send(world: Any, **changes: Any) -> requests.Response:
    return request(world, "POST", json={"from": NUMBER, "to": PHONE, "text": "Hello", **changes})


# -- messages ----------------------------------------------------------------------------------------------------------


@FROZEN
def test_a_message_is_sent(mock_world: Any) -> None:
    response = send(mock_world, tag="order-7")
    message = response.json()

    assert response.status_code == 202
    assert message == {
        "id": message["id"],
        "status": "queued",
        "from": NUMBER,
        "to": PHONE,
        "text": "Hello",
        "tag": "order-7",
        "created_at": "2026-06-01T12:00:00Z",
    }
    assert message == request(mock_world, "GET", f"/{message['id']}").json()


@FROZEN
def test_the_world_shows_the_fields_of_the_provider_s_own(mock_world: Any) -> None:
    send(mock_world, tag="order-7")

    assert mock_world.messages("acme")[-1].fields == {"tag": "order-7"}


@FROZEN
def test_messages_are_listed_newest_first_page_by_page(mock_world: Any) -> None:
    send(mock_world, text="third")
    first = request(mock_world, "GET", params={"limit": 2}).json()
    send(mock_world, text="fourth")
    second = request(mock_world, "GET", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [each["text"] for each in first["messages"]] == ["third", "Your table is booked."]
    assert [each["text"] for each in second["messages"]] == ["Your parcel is on its way."]
    assert second["next_cursor"] is None


@FROZEN
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"to": "555"}, "to is not valid: 555"),
        ({"text": ""}, "text is required"),
        ({"text": "x" * 1601}, "text is too long: 1601 characters"),
        ({"from": "+15550009999"}, "from is not one of your numbers: +15550009999"),
    ],
)
def test_a_wrong_field_is_named(mock_world: Any, changes: dict[str, str], message: str) -> None:
    response = send(mock_world, **changes)

    assert response.status_code == 400
    assert {"error": {"code": "invalid_request", "message": message}} == response.json()


@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("limit", "101"), ("cursor", "page-2")])
def test_a_wrong_parameter_of_the_list_is_named(mock_world: Any, name: str, value: str) -> None:
    response = request(mock_world, "GET", params={name: value})

    assert response.status_code == 400
    assert {"code": "invalid_request", "message": f"{name} is not valid: {value}"} == response.json()["error"]


@FROZEN
def test_the_sixth_message_of_a_second_is_too_many(mock_world: Any) -> None:
    statuses = [send(mock_world).status_code for _ in range(5)]
    rejected = send(mock_world)
    mock_world.clock.advance(seconds=1)

    assert statuses == [202] * 5
    assert (rejected.status_code, rejected.headers["Retry-After"]) == (429, "1")
    assert send(mock_world).status_code == 202


def test_an_unknown_key_is_unauthorized(mock_world: Any) -> None:
    response = requests.get(f"{mock_world.base_url}/v1/messages", headers={"X-Api-Key": "hers"}, timeout=10)

    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized")


# -- callbacks ---------------------------------------------------------------------------------------------------------


@FROZEN
def test_a_message_s_status_changes_as_its_callbacks_go_out(mock_world: Any, receiver: Receiver) -> None:
    path = f"/{send(mock_world).json()['id']}"
    seen = []
    for seconds in (0, 2, 3):
        mock_world.clock.advance(seconds=seconds)
        seen.append((request(mock_world, "GET", path).json()["status"], receiver.statuses))

    assert seen == [
        ("queued", ["queued"]),
        ("sent", ["queued", "sent"]),
        ("delivered", ["queued", "sent", "delivered"]),
    ]


@FROZEN
def test_a_callback_is_signed(mock_world: Any, receiver: Receiver) -> None:
    message = send(mock_world, tag="order-7").json()
    mock_world.clock.advance(seconds=2)
    headers, body = receiver.received[1]
    signed = f"{headers['x-acme-timestamp']}.".encode() + body

    assert headers["x-acme-timestamp"] == "1780315202"
    assert hmac.new(b"s3cret", signed, "sha256").hexdigest() == headers["x-acme-signature"]
    assert {
        "id": message["id"],
        "status": "sent",
        "tag": "order-7",
        "at": "2026-06-01T12:00:02Z",
    } == json.loads(body)


@FROZEN
def test_a_callback_that_fails_is_repeated_three_times(mock_world: Any, receiver: Receiver) -> None:
    receiver.answers = [500, 200, 200, 503, 302, 404]
    send(mock_world)
    mock_world.clock.advance(minutes=60)

    assert receiver.statuses == ["queued", "sent", "delivered", "queued", "queued", "queued"]


@FROZEN
def test_a_fault_rule_meets_a_callback(mock_world: Any, receiver: Receiver) -> None:
    mock_world.faults.add("duplicate", target="webhook", match={"provider": "acme", "kind": "sent"})
    send(mock_world)
    mock_world.clock.advance(seconds=5)

    assert sorted(receiver.statuses) == ["delivered", "queued", "sent", "sent"]


# -- quirks ------------------------------------------------------------------------------------------------------------


@FROZEN
@pytest.mark.parametrize(("variant", "status"), [("not_found", 404), ("no_content", 204)])
def test_ac_1_a_message_is_deleted_twice(mock_world: Any, receiver: Receiver, variant: str, status: int) -> None:
    mock_world.variants.set({"acme.deleted_again": variant})
    path = f"/{send(mock_world).json()['id']}"
    early = request(mock_world, "DELETE", path)
    mock_world.clock.advance(seconds=5)
    first, again = request(mock_world, "DELETE", path), request(mock_world, "DELETE", path)

    assert [409, 204, status] == [early.status_code, first.status_code, again.status_code]
    assert request(mock_world, "GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("PUT", "", 405, "method_not_allowed"), ("GET", "/1/2", 404, "not_found")],
)
def test_ac_2_what_is_no_documented_request(mock_world: Any, method: str, path: str, status: int, code: str) -> None:
    response = request(mock_world, method, path)

    assert (status, code) == (response.status_code, response.json()["error"]["code"])


@pytest.mark.parametrize(("key", "body", "status"), [("hers", b"[", 401), (None, b"[", 400)])
def test_ac_3_the_key_is_checked_before_the_body(mock_world: Any, key: str | None, body: bytes, status: int) -> None:
    headers = {"X-Api-Key": key or mock_world.login("acme").user}
    response = requests.post(f"{mock_world.base_url}/v1/messages", data=body, headers=headers, timeout=10)

    assert status == response.status_code


@FROZEN
def test_ac_4_a_phone_for_tests_becomes_undelivered(mock_world: Any, receiver: Receiver) -> None:
    send(mock_world, to="+15550100003")
    mock_world.clock.advance(seconds=5)

    assert receiver.statuses == ["queued", "sent", "undelivered"]


def test_ac_4_a_phone_for_tests_gets_no_response(mock_world: Any) -> None:
    before = len(mock_world.messages("acme"))
    with pytest.raises(requests.ConnectionError):
        send(mock_world, to="+15550100010")

    assert before + 1 == len(mock_world.messages("acme"))


# -- recordings ------------------------------------------------------------------------------------------------------------


@FROZEN
def test_a_world_that_is_made_of_a_recording_gives_the_reads_back(mock_world: Any, tmp_path: Path) -> None:
    first = request(mock_world, "GET", params={"limit": 1}).json()
    request(mock_world, "GET", params={"cursor": first["next_cursor"]})
    message = send(mock_world, tag="order-8").json()
    request(mock_world, "GET", f"/{message['id']}")
    request(mock_world, "DELETE", "/msg_0000000000000002")
    request(mock_world, "DELETE", "/msg_0000000000000002")
    mock_world.save_har(tmp_path / "traffic.har")
    recording = list(read_har_file(tmp_path / "traffic.har"))
    made = reconstruct_world(recording, installed_providers())

    assert (made.observed, made.unexplained) == (6, ())
    assert [each.verdict for each in replay(recording, installed_providers(), made.document)] == ["matched"] * 6


@pytest.mark.parametrize(("variant", "status"), [("not_found", 404), ("no_content", 204)])
def test_the_deciding_requests_tell_the_variants_apart(mock_world: Any, variant: str, status: int) -> None:
    mock_world.variants.set({"acme.deleted_again": variant})

    def ask(prepared: PreparedRequest) -> PlayedResponse:
        url, headers = mock_world.base_url + prepared.target, dict(prepared.headers)
        response = requests.request(prepared.method, url, headers=headers, timeout=10)
        return PlayedResponse(response.status_code, (), response.content)

    assert DELETED_AGAIN.decider is not None
    played = play(DELETED_AGAIN.decider.requests, ask, {"user": mock_world.login("acme").user})
    assert [each.status for each in played] == [200, 204, status]


# -- what mockserver does with it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "stored"), [("before", 0), ("after", 1)])
def test_a_fault_takes_effect_before_or_after_the_message_is_stored(mock_world: Any, point: str, stored: int) -> None:
    before = len(mock_world.messages("acme"))
    rule = mock_world.faults.add("close", match={"operation": "messages.send"}, point=point)
    with pytest.raises(requests.ConnectionError):
        send(mock_world)
    rule.remove()

    assert before + stored == len(mock_world.messages("acme"))
    assert send(mock_world).status_code == 202


@FROZEN
def test_a_snapshot_keeps_messages_with_their_fields(mock_server: Any, mock_world: Any) -> None:
    send(mock_world, tag="order-7")
    with mock_server.create_world(snapshot=mock_world.snapshot()) as copy:
        assert request(mock_world, "GET").json() == request(copy, "GET").json()


def test_an_exchange_is_explained_with_the_document_s_sentence(mock_world: Any) -> None:
    send(mock_world, to="555")
    explanation = mock_world.explain(mock_world.journal()[-1].number)

    assert "Required. The recipient in E.164" in json.dumps(explanation)


def test_a_client_with_the_vendor_s_host_reaches_the_world(mock_world: Any, mock_redirect: Any) -> None:
    headers = {"X-Api-Key": mock_world.login("acme").user}
    response = requests.get("https://api.acme-sms.example/v1/messages", headers=headers, timeout=10)

    assert response.status_code == 200
    assert [each.operation for each in mock_world.journal("acme")] == ["messages.list"]


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("conversations?open=5557654321", ["Acme SMS", "Your parcel is on its way.", "parcel-1"]),
        ("variants", ["acme.deleted_again"]),
    ],
)
def test_the_page_shows_the_provider_with_its_fields(path: str, texts: list[str]) -> None:
    page = create_app().test_client().get(f"/_mock/ui/worlds/default/{path}")
    html = page.get_data(as_text=True)

    assert page.status_code == 200
    assert [text for text in texts if text not in html] == []


@pytest.mark.parametrize("path", ["/_mock/operations", "/_mock/quirks", "/_mock/errors", "/_mock/magic"])
def test_the_lists_of_the_control_api_have_the_provider(path: str) -> None:
    lists = create_app().test_client().get(path).get_json()
    rows = lists[path.rpartition("/")[2]]

    assert "acme" in {row["provider"] for row in rows}


def test_openapi_describes_the_provider_s_accounts() -> None:
    document = create_app().test_client().get("/_mock/openapi.json").get_json()

    assert "signing_secret" in json.dumps(document)


class TestAcme(ProviderSuite):
    provider = ACME
    tests = Path(__file__).parent
    documents = {"API": PACKAGE / "documents/API.md"}
    examples = {
        "messages.send": Example(
            "POST",
            "/v1/messages",
            headers={"X-Api-Key": "{user}"},
            json={"from": NUMBER, "to": PHONE, "text": "Hello", "tag": "order-7"},
        ),
        "messages.list": Example("GET", "/v1/messages", query={"limit": "1"}, headers={"X-Api-Key": "{user}"}),
        "messages.get": Example("GET", "/v1/messages/msg_0000000000000001", headers={"X-Api-Key": "{user}"}),
        "messages.delete": Example("DELETE", "/v1/messages/msg_0000000000000001", headers={"X-Api-Key": "{user}"}),
    }
