"""What a receiver gets in each case: the provider's own requests, and what is done to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contract_tests.installed import PROVIDERS
from contract_tests.receivers.conftest import Receiver
from mockserver.engine.deliveries import OutgoingRequest
from mockserver.engine.instants import parse_instant
from mockserver.receivers import CASES, ReceiverCheck
from mockserver.receivers.calls import Caller
from mockserver.receivers.judging import CheckedCase
from mockserver.receivers.slow_connection import SlowConnections
from mockserver.webhooks.address_policy import AddressPolicy
from mockserver.webhooks.errors import WebhookError
from mockserver.webhooks.url import parse_webhook_url

NOON = parse_instant("2026-06-01T12:00:00Z")
BY_NAME = {provider.name: provider for provider in PROVIDERS}
TEXTS = {case.name: case.texts for case in CASES}
FIELDS = "?sender=#NUMER#&text=#WIADOMOSC#&date=#DATA#&id=#ID#"

Serve = Callable[[Callable[[str, str], tuple[int, str]]], Receiver]


def create_check(url: str, provider: str = "serwersms", kind: str = "nd", **options: Any) -> ReceiverCheck:
    kinds = {each.name: each for each in BY_NAME[provider].webhook_kinds}
    given = {"now": lambda: NOON, "pause": 0, "first_id": 5, "requires_ack": provider == "serwersms", **options}
    return ReceiverCheck(url=url, provider=BY_NAME[provider], kind=kinds[kind], **given)


def run(check: ReceiverCheck, *names: str) -> list[CheckedCase]:
    return list(check.run(names))


def queries(receiver: Receiver) -> list[dict[str, str]]:
    """The parameters of the requests that a receiver got."""
    targets = (request.partition(" ")[2] for request in receiver.requests)
    return [
        {name: values[0] for name, values in parse_qs(urlsplit(target).query, keep_blank_values=True).items()}
        for target in targets
    ]


def ok(_method: str, _target: str) -> tuple[int, str]:
    return 200, "OK"


@pytest.mark.parametrize("name", ["normal", "polish-letters", "emoji", "special-characters", "long-text"])
def test_a_text_arrives_as_it_was_written(name: str, serve: Serve) -> None:
    receiver = serve(ok)
    (checked,) = run(create_check(f"{receiver.url}/sms{FIELDS}"), name)

    assert "passed" == checked.verdict
    assert [
        {
            "sender": "48500600700",
            "text": TEXTS[name][0],
            "date": "2026-06-01 14:00:00",
            "id": queries(receiver)[0]["id"],
        }
    ] == queries(receiver)


def test_every_placeholder_that_the_provider_replaces_is_added_to_the_url(serve: Serve) -> None:
    receiver = serve(ok)
    run(create_check(f"{receiver.url}/sms?text=#WIADOMOSC#"), "every-placeholder")

    (query,) = queries(receiver)
    number = query["id"]
    assert number.isdigit()
    assert {
        "text": "Tak",
        "numer": "48500600700",
        "numerod": "48500600700",
        "numerdo": "",
        "data": "2026-06-01 14:00:00",
        "id": number,
        "idsms": number,
        "limit": "",
        "smsid": "",
    } == query


def test_the_case_of_placeholders_is_left_out_where_the_url_has_all_and_where_there_are_none() -> None:
    names = BY_NAME["serwersms"].placeholders
    every = "&".join(f"{name}=#{name}#" for name in names)

    assert "every-placeholder" not in [case.name for case in create_check(f"http://127.0.0.1/?{every}").cases()]
    assert "every-placeholder" not in [
        case.name for case in create_check("http://127.0.0.1/", "dialogtech", "inbound").cases()
    ]


def test_the_identifiers_of_a_run_differ_from_case_to_case_and_those_of_a_duplicate_do_not(serve: Serve) -> None:
    receiver = serve(ok)
    run(create_check(f"{receiver.url}/sms{FIELDS}"), "normal", "emoji", "duplicate", "reordered")
    ids = [query["id"] for query in queries(receiver)]

    assert 6 == len(ids)
    assert 5 == len(set(ids))
    assert ids[2] == ids[3]


def test_an_mms_comes_by_post_with_its_attachments(serve: Serve) -> None:
    receiver = serve(ok)
    (mms,) = (kind for kind in BY_NAME["serwersms"].webhook_kinds if kind.has_attachments)
    (checked,) = run(create_check(f"{receiver.url}/sms?id=#ID#", attachments_kind=mms), "attachments")
    (call,) = checked.calls
    form = parse_qs(call.request.body.decode())

    assert ["POST"] == [request.split()[0] for request in receiver.requests]
    assert ("mms", "passed") == (checked.kind, checked.verdict)
    assert (["image/png"], ["text/plain"]) == (
        form["attachments[0][content_type]"],
        form["attachments[1][content_type]"],
    )


def test_two_at_once_are_in_the_receiver_at_the_same_time(serve: Serve) -> None:
    both = threading.Barrier(2)

    def answer(_method: str, _target: str) -> tuple[int, str]:
        both.wait(20)  # one that came alone would wait in vain
        return 200, "OK"

    (checked,) = run(create_check(f"{serve(answer).url}/sms{FIELDS}"), "two-at-once")

    assert ("passed", 2) == (checked.verdict, len(checked.calls))


def test_of_two_reordered_messages_the_later_one_comes_first(serve: Serve) -> None:
    receiver = serve(ok)
    run(create_check(f"{receiver.url}/sms{FIELDS}"), "reordered")
    came = [(query["text"], int(query["id"])) for query in queries(receiver)]

    assert ["druga", "pierwsza"] == [text for text, _ in came]
    assert came[0][1] == came[1][1] + 1


def test_a_late_message_came_in_60_minutes_ago(serve: Serve) -> None:
    receiver = serve(ok)
    run(create_check(f"{receiver.url}/sms{FIELDS}"), "late")

    assert ["2026-06-01 13:00:00"] == [query["date"] for query in queries(receiver)]


def test_a_lost_acknowledgement_is_followed_by_the_same_request(serve: Serve) -> None:
    receiver = serve(ok)
    (checked,) = run(create_check(f"{receiver.url}/sms{FIELDS}"), "lost-acknowledgement")

    assert 2 == len(receiver.requests)
    assert 1 == len(set(receiver.requests))
    assert (("passed", (300,))) == (checked.verdict, checked.repeats)


def test_a_head_and_a_put_have_the_target_of_a_message(serve: Serve) -> None:
    receiver = serve(lambda method, _: (200 if method == "GET" else 405, "OK" if method == "GET" else ""))
    checked = run(create_check(f"{receiver.url}/sms?text=#WIADOMOSC#"), "head", "wrong-method")

    assert ["HEAD /sms?text=Tak", "PUT /sms?text=Tak"] == receiver.requests
    assert ["A HEAD is answered with status 405.", "A PUT is answered with status 405."] == [
        each.sentence for each in checked
    ]


def test_a_slow_connection_sends_a_few_bytes_at_a_time() -> None:
    first: list[bytes] = []

    def answer_at_once(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            first.append(connection.recv(65536))  # the next bytes would come in an hour
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_at_once, args=(listening,))
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/sms"
        with Caller(60, [], "test", SlowConnections(3600, 10**9)) as caller:
            ((ended,),) = caller.fetch_groups([[OutgoingRequest("GET", url)]], is_slow=True)
        thread.join()

    assert ([b"GET /sms HTTP/1."], 400) == (first, ended.outcome.status)


@pytest.mark.parametrize(
    ("provider", "kind"), [(provider.name, kind.name) for provider in PROVIDERS for kind in provider.webhook_kinds]
)
def test_every_kind_of_webhook_of_every_provider_passes_with_a_receiver_that_answers_ok(
    provider: str, kind: str, serve: Serve
) -> None:
    receiver = serve(lambda method, _: (200, "OK") if method in ("GET", "POST") else (405, ""))
    check = create_check(f"{receiver.url}/sms", provider, kind)
    checked = run(check)

    assert [(case.name, "passed") for case in check.cases()] == [(each.case.name, each.verdict) for each in checked]


def test_the_url_of_the_user_is_called_wherever_it_is_and_no_other_public_one() -> None:
    policy = AddressPolicy(create_check("https://receiver.example/sms?id=#ID#").targets())
    address = "93.184.215.14"

    assert [address] == policy.allowed(parse_webhook_url("https://receiver.example/sms?id=1"), [address])
    with pytest.raises(WebhookError, match="neither loopback nor private"):
        policy.allowed(parse_webhook_url("https://other.example/sms"), [address])
