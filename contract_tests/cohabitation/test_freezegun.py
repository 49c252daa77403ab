import sys
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
import requests
from freezegun import freeze_time
from sending import SMS, URL, is_forwarded, is_sent

from mockserver import MockServer, Settings

EXPORT = "/api/messages/program/121811"


def exported(world):
    answer = requests.get(world.base_url + EXPORT, auth=world.login("mgage", "documents"))
    return len(answer.json()["data"]["messages"])


@pytest.mark.parametrize("frozen_at", ["2083-01-01", "1999-12-31"])
def test_the_clock_of_a_world_runs_on(mock_world, frozen_at):
    before = mock_world.clock.now
    with freeze_time(frozen_at):
        inside = mock_world.clock.now
    after = mock_world.clock.now

    assert before <= inside <= after < before + timedelta(minutes=1)


@freeze_time("2083-01-01")
def test_a_world_that_is_created_while_time_is_frozen_has_the_machine_s_time(mock_server):
    with mock_server.create_world() as inside:
        at = inside.clock.now
    assert at < datetime(2082, 1, 1, tzinfo=UTC)


@pytest.mark.mockserver(fixture="demo")
@pytest.mark.parametrize("frozen_at", ["2083-01-01", "1999-12-31"])
def test_an_export_has_the_same_messages(mock_world, frozen_at):
    expected = exported(mock_world)
    with freeze_time(frozen_at):
        assert expected == exported(mock_world) > 0


def test_a_webhook_is_not_repeated_before_its_time(mock_world, receiver):
    receiver.says = b"no"
    assert is_forwarded(mock_world, receiver)
    with freeze_time("2083-01-01"):
        mock_world.wait_until_idle()
        assert is_forwarded(mock_world, receiver)
        assert [1, 1] == [len(delivery.attempts) for delivery in mock_world.deliveries()]


@freeze_time("2083-01-01")
def test_a_delay_ends(mock_world):
    mock_world.faults.add("delay", seconds=0.05)

    assert requests.get(mock_world.base_url + EXPORT, auth=mock_world.login("mgage", "documents"), timeout=20)


@freeze_time("2083-01-01")
def test_a_wait_ends(mock_world):
    with pytest.raises(TimeoutError, match=r"no message came within 0\.05 s"):
        mock_world.wait_for_message(timeout=0.05)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_server_that_starts_while_time_is_frozen_serves_on(monkeypatch, tmp_path, loop):
    if loop == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)
    with freeze_time("2083-01-01"):
        server = MockServer(settings=Settings(ca=tmp_path, port=0), https=True).start()
    try:
        trusted = str(server.ca.certificate)
        server.world.faults.add("delay", seconds=0.05)
        for _ in range(2):
            assert requests.get(server.https_url, verify=trusted, timeout=20).ok
        with freeze_time("2040-01-01"):
            server.world.faults.add("delay", seconds=0.05)
            assert requests.get(server.https_url, verify=trusted, timeout=20).ok
            server.stop()
        assert server.ca.folder == tmp_path
    finally:
        server.stop()


def test_the_date_of_a_response_is_the_machine_s(mock_server):
    with freeze_time("2083-01-01"):
        requests.get(mock_server.url)
        answer = requests.get(mock_server.url)

    assert parsedate_to_datetime(answer.headers["Date"]) < datetime(2082, 1, 1, tzinfo=UTC)


@freeze_time("2083-01-01")
@pytest.mark.parametrize("post", [requests.post, httpx.post], ids=["requests", "httpx"])
def test_a_redirected_request_is_answered(mock_redirect, mock_world, post):
    assert is_sent(post(URL, data=SMS))


START = datetime(2025, 3, 30, 0, 30, tzinfo=UTC)


@pytest.mark.mockserver(freeze="follow")
def test_a_world_follows_when_it_is_asked_to(mock_redirect, mock_world, receiver):
    with freeze_time(START) as frozen:
        assert is_sent(requests.post(URL, data=SMS))
        assert b"Rate limit" in requests.post(URL, data=SMS).content
        frozen.tick(timedelta(minutes=2))
        assert is_sent(requests.post(URL, data=SMS))
        assert START + timedelta(minutes=2) == mock_world.clock.now
    assert [START, START, START + timedelta(minutes=2)] == [exchange.at for exchange in mock_world.journal()]


@pytest.mark.mockserver(fixture="demo", freeze="follow")
@freeze_time(START)
def test_a_world_that_follows_has_messages_as_old_as_they_are_meant(mock_world):
    assert exported(mock_world) > 0
    assert mock_world.messages()[-1].at.year in (2024, 2025)


@pytest.mark.mockserver(freeze="follow")
def test_what_becomes_due_happens_when_the_world_is_next_asked(mock_world, receiver):
    receiver.says = b"no"
    with freeze_time(START) as frozen:
        assert is_forwarded(mock_world, receiver)
        frozen.move_to(START + timedelta(minutes=10))
        mock_world.wait_until_idle()
        assert [1 + 2] == [len(delivery.attempts) for delivery in mock_world.deliveries()]


@pytest.mark.mockserver(freeze="follow")
def test_a_world_that_follows_goes_back_too_and_stays_where_time_is_no_longer_frozen(mock_world):
    with freeze_time(START):
        mock_world.faults.add("delay", seconds=0)
    with freeze_time(START - timedelta(days=1)):
        assert START - timedelta(days=1) == mock_world.clock.now
    assert START - timedelta(days=1) == mock_world.clock.now
    assert 1 == len(mock_world.faults.list())


def test_a_world_elsewhere_cannot_follow(over_http):
    with pytest.raises(ValueError, match="freeze='follow' needs the server in the process whose time is frozen"):
        over_http.create_world(freeze="follow")
