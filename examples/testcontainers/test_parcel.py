"""A test of an application that is told where the provider is, with a server in a container for the whole run."""

from collections.abc import Iterator

import pytest
import requests

from mockserver.testkit.testcontainers import MockServerContainer


@pytest.fixture(scope="session")
def container() -> Iterator[MockServerContainer]:
    with MockServerContainer(settings={"MOCKSERVER_FREEZE": "2026-06-01T12:00:00Z"}) as started:
        yield started


@pytest.fixture
def world(container: MockServerContainer):
    """A world of the test's own, so that tests may run at the same time."""
    created = container.get_mock().create_world()
    yield created
    created.drop()


def announce_parcel(base_url: str, phone: str) -> None:
    """What the application does."""
    message = {"username": "demo", "password": "demo", "phone": phone, "text": "Your parcel is here."}
    requests.post(f"{base_url}/messages/send_sms.json", data=message, timeout=10).raise_for_status()


def test_a_parcel_is_announced(world):
    announce_parcel(world.base_url, "+48500600700")

    (exchange,) = world.journal()
    assert (exchange.operation, exchange.outcome) == ("messages.send_sms", "accepted")
