"""TLS under a redirect: root certificates are loaded only for other hosts, and contexts of every age are led."""

from __future__ import annotations

import asyncio
import gc
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import certifi
import httpx
import pytest
import requests
import trustme

from mockserver.http.listener import Listener, Server
from mockserver.server import MockServer

URL = "https://secure.dialogtech.com/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"
NUMBER = "5554332111"


async def by_aiohttp(url: str, verify: ssl.SSLContext | None = None) -> str:
    connector = aiohttp.TCPConnector(ssl=verify or ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as response:
        return await response.text()


WAYS: dict[str, Callable[[str], str]] = {
    "requests": lambda url: requests.get(url).text,
    "httpx": lambda url: httpx.get(url).text,
    "urllib": lambda url: urllib.request.build_opener().open(url).read().decode(),
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
}


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The root certificates that are really loaded: a file, or the purpose of the system's. Not our own CA, which is checked."""
    found: list[object] = []
    locations, default = ssl.SSLContext.load_verify_locations, ssl.SSLContext.load_default_certs

    def load_verify_locations(context: ssl.SSLContext, cafile=None, capath=None, cadata=None) -> None:
        found.extend(each for each in (cafile,) if each and Path(each).name != "ca.pem")
        locations(context, cafile, capath, cadata)

    def load_default_certs(context: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
        found.append(purpose)
        default(context, purpose)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load_verify_locations)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", load_default_certs)
    return found


@pytest.fixture
def elsewhere(service) -> Iterator[tuple[str, trustme.CA]]:
    """A server that no provider has, and the CA that vouches for it."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    with Server(listeners=[Listener(service, ssl_context=context)]) as other:
        yield other.url.replace("127.0.0.1", "localhost") + "/_mock/health", ca


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_root_certificates_are_not_loaded_for_a_providers_host(
    ask: Callable[[str], str], server: MockServer, loads: list[object]
) -> None:
    with server.redirected():
        assert NUMBER in ask(URL)
        gc.collect()

    assert [] == loads


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_root_certificates_are_loaded_for_another_host(
    ask: Callable[[str], str], server: MockServer, loads: list[object], elsewhere: tuple[str, trustme.CA]
) -> None:
    with server.redirected(), pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        ask(elsewhere[0])

    assert loads


def test_contexts_of_every_client_share_one_copy_that_trusts_our_ca_for_each_way_to_verify(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = list[ssl.SSLContext]()
    wrap_socket = ssl.SSLContext.wrap_socket

    def noted(context: ssl.SSLContext, *args: Any, **options: Any) -> ssl.SSLSocket:
        used.append(context)
        return wrap_socket(context, *args, **options)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", noted)
    for _ in range(2):
        with server.redirected():
            assert NUMBER in httpx.get(URL).text
            assert NUMBER in httpx.get(URL).text
    first = used[0]
    assert [first] * 4 == used
    with server.redirected():
        assert NUMBER in httpx.get(URL, verify=False).text
        assert NUMBER in httpx.get(URL).text
        first.check_hostname = False  # as a client can by its socket's context
        assert NUMBER in httpx.get(URL).text

    assert [ssl.CERT_NONE, ssl.CERT_REQUIRED, ssl.CERT_REQUIRED] == [each.verify_mode for each in used[4:]]
    assert used[5] is first
    assert used[6].check_hostname


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_root_certificates_are_not_loaded_for_a_client_that_is_still_there_at_the_end(
    ask: Callable[[str], str], server: MockServer, loads: list[object]
) -> None:
    gc.disable()
    try:
        with server.redirected():
            assert NUMBER in ask(URL)
        assert [] == loads
    finally:
        gc.enable()


def test_a_context_that_is_still_there_is_used_for_the_next_redirect_without_its_root_certificates(
    server: MockServer, loads: list[object]
) -> None:
    with server.redirected(), httpx.Client() as client:
        assert NUMBER in client.get(URL).text
        kept = ssl.create_default_context(cafile=certifi.where())
    for _ in range(2):
        with server.redirected():
            assert NUMBER in httpx.get(URL, verify=kept).text

    assert [] == loads


@pytest.mark.parametrize(
    "ask", [httpx.get, lambda url, verify: asyncio.run(by_aiohttp(url, verify))], ids=["wrap_socket", "wrap_bio"]
)
def test_a_context_loads_its_root_certificates_once_when_it_is_used_after_the_redirect(
    ask: Callable[..., str],
    server: MockServer,
    loads: list[object],
    elsewhere: tuple[str, trustme.CA],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    url, ca = elsewhere
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + ca.cert_pem.bytes())
    monkeypatch.setattr(certifi, "where", lambda: str(bundle))
    with server.redirected():
        kept = ssl.create_default_context(cafile=certifi.where())
    assert [] == loads
    for _ in range(2):
        assert ask(url, verify=kept)

    assert [str(bundle)] == loads


def test_the_root_certificates_of_a_file_that_may_be_deleted_are_loaded_at_the_end(
    server: MockServer, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes())
    with server.redirected():
        kept = ssl.create_default_context(cafile=str(bundle))
    bundle.unlink()

    assert kept.get_ca_certs()


def test_a_large_bundle_that_holds_the_root_of_another_host_is_used(
    server: MockServer, elsewhere: tuple[str, trustme.CA], tmp_path: Path
) -> None:
    url, ca = elsewhere
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + ca.cert_pem.bytes())
    with server.redirected(), requests.Session() as session:
        assert NUMBER in session.get(URL, verify=str(bundle)).text
        assert 200 == session.get(url, verify=str(bundle)).status_code
        assert 200 == httpx.get(url, verify=ssl.create_default_context(cafile=str(bundle))).status_code


def test_a_context_of_the_redirect_has_its_certificates_when_it_is_asked_and_afterwards(server: MockServer) -> None:
    expected = ssl.create_default_context(cafile=certifi.where()).cert_store_stats()
    with server.redirected():
        asked = ssl.create_default_context(cafile=certifi.where())
        assert expected == asked.cert_store_stats()
        assert expected["x509_ca"] == len(ssl.create_default_context(cafile=certifi.where()).get_ca_certs())
        later = ssl.create_default_context(cafile=certifi.where())

    assert expected == later.cert_store_stats()


@pytest.mark.parametrize(
    "content", [None, b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_bundle_that_cannot_be_read_is_an_error_at_once(
    server: MockServer, tmp_path: Path, content: bytes | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    with server.redirected(), pytest.raises(OSError):
        ssl.create_default_context(cafile=str(bundle))
