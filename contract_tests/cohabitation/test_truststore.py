import asyncio
import socket
import ssl

import aiohttp
import httpx
import pytest
import requests
import truststore
from sending import SMS, URL, is_forwarded, is_sent

# Made before truststore replaces `ssl.SSLContext`, as modules of real clients do it.
SESSION = requests.Session()
CLIENT = httpx.Client()
CONTEXT = ssl.create_default_context()


@pytest.fixture
def injected():
    truststore.inject_into_ssl()
    yield
    truststore.extract_from_ssl()


@pytest.mark.parametrize("post", [requests.post, httpx.post], ids=["requests", "httpx"])
def test_a_client_is_redirected(injected, mock_redirect, mock_world, post):
    assert is_sent(post(URL, data=SMS))
    assert 1 == len(mock_world.journal())


@pytest.mark.parametrize("post", [SESSION.post, CLIENT.post], ids=["requests", "httpx"])
def test_a_client_from_before_is_redirected(injected, mock_redirect, mock_world, post):
    assert is_sent(post(URL, data=SMS))
    assert 1 == len(mock_world.journal())


@pytest.mark.parametrize("context", [True, CONTEXT], ids=["aiohttp's context", "a context"])
def test_an_aiohttp_session_from_before_is_redirected(mock_redirect, mock_world, context):
    async def ask():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
            truststore.inject_into_ssl()
            try:
                async with session.post(URL, data=SMS) as response:
                    return await response.text()
            finally:
                truststore.extract_from_ssl()

    assert "[1] Message Sent" in asyncio.run(ask())
    assert 1 == len(mock_world.journal())


def test_contexts_from_before_and_of_truststore_itself_are_led(injected, mock_redirect):
    host = "communicatepro.mgage.com"
    for context in (CONTEXT, ssl.create_default_context(), truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)):
        with context.wrap_socket(socket.create_connection((host, 443)), server_hostname=host) as own:
            assert own.version() == "TLSv1.3"


def test_other_hosts_are_verified_as_before(injected, mock_redirect):
    strict = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert (ssl.CERT_REQUIRED, True) == (strict.verify_mode, strict.check_hostname)
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as own:
        listening.accept()[0].close()
        with pytest.raises(OSError):
            CONTEXT.wrap_socket(own, server_hostname="localhost")


def test_webhooks_are_delivered(injected, mock_world, receiver):
    assert is_forwarded(mock_world, receiver)
