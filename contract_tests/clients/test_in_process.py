"""Clients in process get what they get at a socket: the same responses, and the same exceptions for each fault."""

from __future__ import annotations

import asyncio
import copy
import pickle
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import httpx
import pytest
import requests

from mockserver import AsyncHttpxTransport, HttpxTransport, Mock, MockServer, NoTimeoutError, RequestsAdapter
from mockserver.client import WorldClient

PLAIN = "http://secure.dialogtech.com/ibp_api.php"
"""Without TLS, in which OpenSSL calls a reset an unexpected end."""
URL = "https://secure.dialogtech.com/ibp_api.php"
CALL = {"action": "sms.get_numbers", "access_key": "ACCESS_KEY", "secret_access_key": "SECRET_ACCESS_KEY"}
PATIENCE = 30
"""Seconds in which an answer comes, however busy the machine is."""
LATE = 1.0
"""Seconds of the wall clock that a client at a socket waits in vain."""

Ask = Callable[..., Any]


@pytest.fixture
def world(server: MockServer) -> Iterator[WorldClient]:
    with server.create_world(freeze="2026-06-01T12:00:00Z") as world:
        yield world


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Close what the test has opened."""
    with ExitStack() as stack:
        yield stack


def by_requests(opened: ExitStack, world: WorldClient | None) -> Ask:
    session = opened.enter_context(requests.Session())
    if world is not None:
        session.mount("https://", RequestsAdapter(world))
        session.mount("http://", RequestsAdapter(world))
    return session.request


def by_httpx(opened: ExitStack, world: WorldClient | None) -> Ask:
    transport = None if world is None else HttpxTransport(world)
    return opened.enter_context(httpx.Client(transport=transport)).request


def by_httpx_async(_: ExitStack, world: WorldClient | None) -> Ask:
    def ask(*args: Any, **options: Any) -> Any:
        async def request() -> httpx.Response:
            transport = None if world is None else AsyncHttpxTransport(world)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(*args, **options)

        return asyncio.run(request())

    return ask


@pytest.fixture(params=[by_requests, by_httpx, by_httpx_async], ids=["requests", "httpx", "httpx async"])
def asking(request: pytest.FixtureRequest, opened: ExitStack) -> Callable[[WorldClient | None], Ask]:
    """A client of each library; without a socket if a world is given."""
    return partial(request.param, opened)


def outcome(ask: Ask, url: str = URL, patience: float = PATIENCE) -> tuple[Any, ...]:
    """What a client sees: the response, or the exception."""
    try:
        response = ask("GET", url, params=CALL, timeout=patience)
    except (requests.RequestException, httpx.HTTPError) as reason:
        return (type(reason),)
    head = [pair for pair in response.headers.items() if pair[0].lower() != "x-mockserver-exchange"]
    return response.status_code, head, response.content


FAULTS: list[dict[str, Any]] = [
    {"fault": {"kind": "none"}},
    {"fault": {"kind": "reset"}},
    {"fault": {"kind": "close"}},
    {"fault": {"kind": "hang"}},
    {"fault": {"kind": "delay", "seconds": 60}},
    {"fault": {"kind": "cut", "keep": 0}},
    {"fault": {"kind": "cut", "keep": 30}},
    {"fault": [{"kind": "cut", "keep": 30}, {"kind": "reset"}]},
    {"fault": [{"kind": "cut", "keep": 30}, {"kind": "hang"}]},
    {"fault": {"kind": "garbage"}},
    {"fault": {"kind": "garbage", "base64": "SFRUUC8xLjEgMjAwIE9LDQpDb250ZW50LUxlbmd0aDogeA0KDQo="}},
    {"fault": {"kind": "malformed"}},
    {"fault": {"kind": "slow", "size": 40, "pause": 60}},
    {"fault": {"kind": "wrong_length", "by": 5}},
    {"fault": {"kind": "wrong_length", "by": -5}},
    {"fault": {"kind": "static_response", "status": 503, "body": "busy"}},
    {"fault": {"kind": "provider_error", "name": "TooManyPerMinute"}},
]
WITHOUT_END = ("hang", "delay", "slow")
"""Kinds of fault after which more than a client has seen never comes, or much too late."""


@pytest.mark.parametrize("rule", FAULTS, ids=lambda rule: str(rule["fault"]))
def test_a_fault_is_to_a_client_what_it_is_at_a_socket(
    asking: Callable[[WorldClient | None], Ask], rule: dict[str, Any], server: MockServer, world: WorldClient
) -> None:
    world.faults.add_rule({"match": {"provider": "dialogtech"}, **rule})
    patience = LATE if any(f"'{kind}'" in str(rule) for kind in WITHOUT_END) else PATIENCE
    before = world.cursor
    with server.redirected(world):
        at_a_socket = outcome(asking(None), PLAIN, patience)
    world.wait_for_exchange(timeout=PATIENCE, since=before)
    # Whoever is answered now came after that client left, and so the server knows that it has.
    assert 200 == requests.get(f"{server.url}/_mock/health", timeout=PATIENCE).status_code
    in_process = outcome(asking(world), PLAIN, patience)
    exchanges = [world.exchange(exchange.number) for exchange in world.journal()]

    assert at_a_socket == in_process
    assert 2 == len(exchanges)
    assert exchanges[0].row["fault"] == exchanges[1].row["fault"]
    for received in ("status", "body", "sent"):
        assert exchanges[0].row["response"][received] == exchanges[1].row["response"][received]


def test_an_answer_is_the_same_to_the_byte(
    asking: Callable[[WorldClient | None], Ask], server: MockServer, world: WorldClient
) -> None:
    with server.redirected(world):
        at_a_socket = outcome(asking(None))

    assert at_a_socket == outcome(asking(world))
    assert 200 == at_a_socket[0]


def test_a_delay_that_the_client_would_sit_out_is_skipped(
    asking: Callable[[WorldClient | None], Ask], world: WorldClient
) -> None:
    world.faults.add("delay", seconds=3000)

    assert 200 == asking(world)("GET", URL, params=CALL, timeout=3001).status_code


def test_a_slow_answer_is_late_when_one_pause_is_too_long_and_not_when_all_together_are(
    asking: Callable[[WorldClient | None], Ask], world: WorldClient
) -> None:
    ask = asking(world)
    world.faults.add("slow", size=10, pause=9)

    assert ask("GET", URL, params=CALL, timeout=10).content
    with pytest.raises((requests.ConnectionError, httpx.ReadTimeout)):
        ask("GET", URL, params=CALL, timeout=8)


def test_waiting_without_an_end_raises_an_exception_that_no_client_catches(
    asking: Callable[[WorldClient | None], Ask], world: WorldClient
) -> None:
    world.faults.add("hang")

    with pytest.raises(NoTimeoutError, match="would wait for ever") as raised:
        asking(world)("GET", URL, params=CALL, timeout=None)
    assert not isinstance(raised.value, (OSError, requests.RequestException, httpx.HTTPError))


def test_no_socket_is_opened(asking: partial[Ask], server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with server.create_world() as world:
        ask = asking(world)

        def reject(*args: object, **kwargs: object) -> None:
            raise AssertionError(f"a socket was asked for: {args}")

        for name in ("connect", "connect_ex", "sendall", "send"):
            if asking.func is not by_httpx_async or name != "send":  # asyncio wakes itself through a pair of them
                monkeypatch.setattr(socket.socket, name, reject)
        monkeypatch.setattr(socket, "getaddrinfo", reject)
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")

        assert 200 == ask("GET", URL, params=CALL, timeout=5).status_code


def test_https_is_https_to_the_provider_and_http_is_http(
    asking: Callable[[WorldClient | None], Ask], world: WorldClient
) -> None:
    def following(scheme: str) -> str:
        program = f"{scheme}://communicatepro.mgage.com/api/messages/program/121811"
        days = {"startDate": "2014-12-05T00:00:00", "endDate": "2014-12-05T23:59:59", "pageSize": "3"}
        page = asking(world)("GET", program, params=days, auth=("mgage", "mgage"), timeout=5).json()
        return page["meta"]["nextPageUrl"].partition("/api/")[0]

    assert "https://communicatepro.mgage.com" == following("https")
    assert "http://communicatepro.mgage.com" == following("http")


def test_a_session_goes_on_after_a_fault_and_keeps_a_whole_connection(world: WorldClient, opened: ExitStack) -> None:
    ask = by_requests(opened, world)
    world.faults.add("close", when={"nth": 2})
    seen = [outcome(ask)[0] for _ in range(4)]

    assert [200, 200, 200] == [each for each in seen if each == 200]
    assert ["complete", "close", "complete", "complete"] == [exchange.ending for exchange in world.journal()]


def test_retries_of_the_library_itself_work(world: WorldClient) -> None:
    session = requests.Session()
    session.mount("https://", RequestsAdapter(world, max_retries=2))
    world.faults.add("reset", when={"first": 2})

    assert 200 == session.get(URL, params=CALL).status_code
    assert ["reset", "reset", "complete"] == [exchange.ending for exchange in world.journal()]


def test_an_answer_can_be_streamed_and_left(world: WorldClient) -> None:
    session = requests.Session()
    session.mount("https://", RequestsAdapter(world))
    with session.get(URL, params=CALL, stream=True) as response:
        assert b"<?xml" == response.raw.read(5)
    with httpx.Client(transport=HttpxTransport(world)) as client, client.stream("GET", URL, params=CALL) as streamed:
        assert b"<?xml" == next(streamed.iter_bytes(5))


def test_bodies_of_every_kind_are_received(world: WorldClient) -> None:
    sms = {"action": "sms.send_message", "access_key": "foo", "secret_access_key": "bar", "from": "5554332111"}
    texts = [sms | {"to": f"555666777{number}", "message": "x" * 200} for number in range(4)]
    world.variants.set(limits="off")
    session = requests.Session()
    session.mount("https://", RequestsAdapter(world))
    with httpx.Client(transport=HttpxTransport(world)) as client:
        responses = [
            session.post(URL, data=texts[0]),
            session.post(URL, files={name: (None, value) for name, value in texts[1].items()}),
            client.post(URL, data=texts[2]),
            client.post(
                URL,
                content=iter([str(httpx.QueryParams(texts[3])).encode()]),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ),
        ]

    assert 4 == sum("[1] Message Sent" in response.text for response in responses)


def test_each_world_has_its_own_though_the_credentials_are_the_same(server: MockServer, opened: ExitStack) -> None:
    sms = {"to": "5556667777", "from": "5554332111", "message": "hi", "action": "sms.send_message"}
    with server.create_world() as first, server.create_world() as second:
        by_requests(opened, first)("POST", URL, data=sms | {"access_key": "foo", "secret_access_key": "bar"})

        assert (1, 0) == tuple(len(world.messages("dialogtech", number="5556667777")) for world in (first, second))


def test_an_application_without_a_server_will_do(app, opened: ExitStack) -> None:
    with Mock.of(app).create_world() as world:
        assert 200 == outcome(by_requests(opened, world))[0]


def test_a_world_of_another_process_is_rejected(server: MockServer) -> None:
    with Mock.at(server.url) as mock, pytest.raises(ValueError, match="is in another process, at http"):
        RequestsAdapter(mock.world)


# -- copies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_session_reaches_the_same_world(world: WorldClient, duplicate: Callable[[Any], Any]) -> None:
    with requests.Session() as session:
        session.mount("https://", RequestsAdapter(world, max_retries=3))
        assert 200 == session.post(URL, data=CALL).status_code
        with duplicate(session) as other:
            assert 200 == other.post(URL, data=CALL).status_code
            assert 3 == other.get_adapter(URL).max_retries.total
    assert 2 == len(world.journal())


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_of_an_adapter_or_transport_has_connections_of_its_own(
    world: WorldClient, duplicate: Callable[[Any], Any]
) -> None:
    adapter, transport = RequestsAdapter(world), HttpxTransport(world)
    with requests.Session() as session, httpx.Client(transport=duplicate(transport)) as client:
        session.mount("https://", duplicate(adapter))
        adapter.close()
        transport.close()
        assert (200, 200) == (session.get(URL, params=CALL).status_code, client.get(URL, params=CALL).status_code)


@pytest.mark.parametrize("made", [RequestsAdapter, HttpxTransport, AsyncHttpxTransport])
def test_pickling_says_why_it_does_not_work(world: WorldClient, made: Callable[[WorldClient], Any]) -> None:
    bound = made(world)
    with pytest.raises(
        TypeError, match=f"a {type(bound).__name__} cannot be pickled, for its world is in this process"
    ):
        pickle.dumps(bound)


def test_pickling_a_session_says_why_it_does_not_work(world: WorldClient) -> None:
    with requests.Session() as session:
        session.mount("https://", RequestsAdapter(world))
        with pytest.raises(TypeError, match="a RequestsAdapter cannot be pickled"):
            pickle.dumps(session)
