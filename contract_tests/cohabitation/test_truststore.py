import httpx
import pytest
import requests
import truststore
from sending import SMS, URL, is_forwarded, is_sent


@pytest.fixture
def injected():
    truststore.inject_into_ssl()
    yield
    truststore.extract_from_ssl()


@pytest.mark.parametrize("post", [requests.post, httpx.post], ids=["requests", "httpx"])
def test_a_client_is_redirected(injected, mock_redirect, mock_world, post):
    assert is_sent(post(URL, data=SMS))
    assert 1 == len(mock_world.journal())


def test_webhooks_are_delivered(injected, mock_world, receiver):
    assert is_forwarded(mock_world, receiver)
