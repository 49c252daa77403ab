"""What the event loop leaves to another thread: long requests, large results, and worlds whose lock is held."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from contract_tests.counted_rows import CountedRows
from contract_tests.harmless_fault import HarmlessFault
from mockserver.admin.client_antipatterns import find_antipatterns
from mockserver.app import Service, build_service
from mockserver.engine.faults import FaultRule, Matches, RequestMatch
from mockserver.engine.messages import Message, account_key
from mockserver.engine.segments import Segment
from mockserver.engine.state import Fixture
from mockserver.http.handler import LONG_BODY, LONG_HEAD, MANY_HEADERS, MANY_MESSAGES, MANY_RESULTS
from mockserver.http.request import HttpRequest
from mockserver.sdk.response import Offload, Response

KEYS = {"access_key": "foo", "secret_access_key": "bar"}
NOON = 1_780_315_200_000_000
ALL = urlencode({"action": "sms.get_messages", **KEYS, "start_date": "20260601", "end_date": "20260601"})


def requested(target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> HttpRequest:
    path, _, query = target.partition("?")
    fields = {"host": "localhost", "content-type": "application/x-www-form-urlencoded", **(headers or {})}
    return HttpRequest(
        "POST" if body else "GET", target, path, query, headers=tuple(fields.items()), fields=fields, body=body
    )


def messages(count: int, account: str = "dialogtech/documents", kind: str = "") -> list[Message]:
    return [
        Message(serial, account, str(serial), "inbound", "5556667777", "5554332111", NOON + serial, "x", kind)
        for serial in range(count)
    ]


@pytest.fixture
def service_with(open_registry, shipped) -> Any:
    """A service whose default world has the shipped accounts and some messages."""

    def opened(*stored: Message) -> Service:
        return build_service(registry=open_registry(Fixture(shipped.accounts, Segment(stored))))

    return opened


LONG = {
    "a body": requested("/ibp_api.php", b"action=" + b"x" * LONG_BODY),
    "a body of JSON": requested(
        "/messages/recived", b'{"a":"' + b"x" * LONG_BODY, {"content-type": "application/json"}
    ),
    "a body for nobody": requested("/nobody", b"x" * (LONG_BODY + 1)),
    "a target": requested("/ibp_api.php?" + "x" * LONG_HEAD),
    "a path of nobody": requested("/" + "x" * LONG_HEAD),
    "headers": requested("/ibp_api.php", headers={f"x-{number}": "1" for number in range(MANY_HEADERS)}),
    "a credential": requested("/messages/recived", b"{}", {"authorization": "Bearer " + "x" * LONG_HEAD}),
    "cookies": requested("/ibp_api.php", headers={"cookie": "a=1; " * LONG_HEAD}),
}


@pytest.mark.parametrize("request_", LONG.values(), ids=LONG)
def test_a_long_request_is_neither_parsed_nor_masked_nor_recorded_on_the_event_loop(
    service: Service, request_: HttpRequest
) -> None:
    answer = service.handler.respond(request_)

    assert isinstance(answer, Offload)
    assert 0 == service.registry.default.journal.last
    response = answer.finish()
    assert (1, response.status) == (service.registry.default.journal.last, recorded(service).status)
    assert response.body == recorded(service).response_body


def test_a_request_that_is_not_long_is_answered_at_once(service: Service) -> None:
    for request in (requested("/ibp_api.php", b"x" * LONG_BODY), requested("/ibp_api.php?" + "x" * (LONG_HEAD - 13))):
        assert isinstance(service.handler.respond(request), Response)


def test_a_large_result_is_decided_at_once_and_rendered_elsewhere(service_with: Any) -> None:
    service = service_with(*messages(MANY_RESULTS + 1))

    answer = service.handler.respond(requested(f"/ibp_api.php?{ALL}"))
    assert isinstance(answer, Offload)
    assert (service.registry.default.id, 0) == (answer.key, service.registry.default.journal.last)
    service.registry.default.state.message_store.delete(0)  # what was decided does not change any more
    assert f"[{MANY_RESULTS + 1}] Message(s) Returned".encode() in answer.finish().body
    assert ("accepted", "sms.get_messages") == (recorded(service).outcome, recorded(service).operation)


def test_a_result_of_a_page_is_rendered_at_once(service_with: Any) -> None:
    answer = service_with(*messages(MANY_RESULTS)).handler.respond(requested(f"/ibp_api.php?{ALL}"))

    assert isinstance(answer, Response)
    assert f"[{MANY_RESULTS}] Message(s) Returned".encode() in answer.body


def test_an_operation_that_may_look_at_every_message_of_a_large_account_is_decided_elsewhere(service_with: Any) -> None:
    body = b"username=Login&password=Haslo&limit=1"
    few = service_with(*messages(MANY_MESSAGES, "serwersms/documents", "nd"))
    many = service_with(*messages(MANY_MESSAGES + 1, "serwersms/documents", "nd"))

    assert isinstance(few.handler.respond(requested("/messages/recived", body)), Response)
    answer = many.handler.respond(requested("/messages/recived", body))
    assert isinstance(answer, Offload)
    assert b'"count":5001' in answer.finish().body


@pytest.mark.parametrize("secret", ["Haslo", "wrong"])
def test_it_is_decided_at_once_for_a_small_account_of_a_large_world_and_for_none(
    secret: str, service_with: Any
) -> None:
    own, others = messages(2, "serwersms/documents", "nd"), messages(2 * MANY_MESSAGES, "serwersms/other", "nd")
    service = service_with(*own, *(replace(each, serial=each.serial + len(own)) for each in others))

    answer = service.handler.respond(requested("/messages/recived", b"username=Login&password=%b" % secret.encode()))

    assert isinstance(answer, Response)
    assert (b'"id":1,' in answer.body) is (secret == "Haslo")


@pytest.mark.parametrize("target", [f"/ibp_api.php?{ALL}&number=5554332111", "/api/messages/program/121811"])
def test_many_new_messages_are_not_put_into_the_index_on_the_event_loop(service: Service, target: str) -> None:
    store = service.registry.default.state.message_store
    first = store.next_serial
    for message in messages(MANY_MESSAGES, "dialogtech/other"):
        store.add(replace(message, serial=first + message.serial))
    basic = {"authorization": "Basic bWdhZ2U6bWdhZ2U="}

    answer = service.handler.respond(requested(target, headers=basic))
    assert isinstance(answer, Offload)
    assert MANY_MESSAGES == store.unindexed
    assert 200 == answer.finish().status
    assert 0 == store.unindexed
    assert isinstance(service.handler.respond(requested(target, headers=basic)), Response)


def test_a_send_is_decided_at_once_however_many_messages_are_not_in_the_index(service: Service) -> None:
    store = service.registry.default.state.message_store
    first = store.next_serial
    for message in messages(MANY_MESSAGES, "dialogtech/other"):
        store.add(replace(message, serial=first + message.serial))
    send = {"action": "sms.send_message", **KEYS, "from": "5554332111", "to": "5556667777", "message": "hi"}

    assert isinstance(service.handler.respond(requested("/ibp_api.php", urlencode(send).encode())), Response)


@pytest.mark.parametrize("target", [f"/ibp_api.php?{ALL}", "/ibp_api.php/nowhere", "/api/nothing"])
def test_the_event_loop_does_not_wait_for_a_world_whose_lock_another_thread_holds(
    service: Service, target: str
) -> None:
    world = service.registry.default
    with world.lock:
        answer = service.handler.respond(requested(target))
    assert isinstance(answer, Offload)
    assert (world.id, 0) == (answer.key, world.journal.last)
    assert answer.finish().body == recorded(service).response_body


def test_a_provider_that_fails_off_the_event_loop_answers_with_its_own_error(service_with: Any) -> None:
    service = service_with(*messages(MANY_RESULTS + 1))
    (segment,) = service.registry.default.state.message_store.segments
    answer = service.handler.respond(requested(f"/ibp_api.php?{ALL}"))
    assert isinstance(answer, Offload)
    segment.rows.clear()

    response = answer.finish()

    assert (500, "ServerFault") == (response.status, type(recorded(service).error).__name__)


def recorded(service: Service) -> Any:
    return service.registry.default.journal.get(1)


@pytest.mark.parametrize("count", [1_000, 64_000])
def test_all_messages_are_selected_without_a_look_at_each(service_with: Any, count: int) -> None:
    store = service_with(*messages(count)).registry.default.state.message_store
    (segment,) = store.segments
    segment.rows = rows = CountedRows(segment.rows)

    selected = store.select_all(account_key("dialogtech/documents"), NOON, NOON + count)

    assert (count, count) == (selected.total, sum(len(each.places) for each in selected.slices()))
    assert rows.looks <= 40


@pytest.mark.parametrize(
    ("pattern", "is_slow"), [("a?a?a*a*b", True), (".*x.*", True), ("^555.*", False), ("a|b", False)]
)
def test_a_request_of_a_world_with_a_slow_pattern_is_matched_off_the_event_loop(
    service: Service, pattern: str, is_slow: bool
) -> None:
    world = service.registry.default
    rule = FaultRule(HarmlessFault(), RequestMatch(parameters={"number": Matches(pattern)}), id="r")
    world.add_fault_rule(rule)

    answer = service.handler.respond(requested(f"/ibp_api.php?{ALL}"))

    assert is_slow is isinstance(answer, Offload)
    assert is_slow is (world.state.fault_rules.fork().slow == {"r"})
    world.remove_fault_rules("r")
    assert isinstance(service.handler.respond(requested(f"/ibp_api.php?{ALL}")), Response)


class CountedValues(dict[str, str]):
    """Values of a request that count how often they are compared or read."""

    reads = 0

    def __eq__(self, other: object) -> bool:
        CountedValues.reads += 1
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as that of a dict

    def items(self) -> Any:
        CountedValues.reads += 1
        return super().items()


@pytest.mark.parametrize("count", [500, 2_000])
def test_ignored_errors_are_found_by_one_look_at_each_exchange(service: Service, monkeypatch: Any, count: int) -> None:
    send = {"action": "sms.send_message", **KEYS, "from": "5554332111", "to": "5556667777", "message": "hi"}
    for _ in range(2):
        service.handler.respond(requested("/ibp_api.php", urlencode(send).encode()))
    rejected = service.registry.default.journal.get(2)
    assert rejected is not None
    assert rejected.error is not None
    values = {**rejected.values}
    exchanges = [
        replace(rejected, number=number, values=CountedValues(values, message=str(number)), ending="complete")
        for number in range(count)
    ]
    monkeypatch.setattr(CountedValues, "reads", 0)
    (provider,) = (each for each in service.providers.providers if each.name == "dialogtech")

    found = [each for each in find_antipatterns(provider, exchanges) if each.name.startswith("ignores")]

    assert [list(range(count - 1))] == [list(each.exchanges) for each in found]
    assert CountedValues.reads <= 5 * count
