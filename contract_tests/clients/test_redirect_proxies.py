"""Under a redirect no proxy gets a provider's request: not one of the environment, of the system, or of a client."""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from threading import Thread

import aiohttp
import httpx
import pytest
import requests
import trustme
import uvloop

from mockserver.intercept.hosts import RequestedAddress
from mockserver.server import MockServer

SECURE = "https://secure.dialogtech.com/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"
PLAIN = SECURE.replace("https", "http").replace("dialogtech", "ifbyphone")
NUMBER = "5554332111"
SESSION = requests.Session()


@pytest.fixture
def proxy() -> Iterator[socket.socket]:
    """A proxy that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


def url_of(proxy: socket.socket, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{proxy.getsockname()[1]}"


def by_urllib(url: str) -> str:
    with urllib.request.build_opener().open(url) as response:
        return response.read().decode()


async def by_aiohttp(url: str, **options: object) -> str:
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(url, **options) as response:
        return await response.text()


WAYS: dict[str, Callable[[str], str]] = {
    "requests": lambda url: SESSION.get(url).text,
    "urllib": by_urllib,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    "aiohttp on uvloop": lambda url: uvloop.run(by_aiohttp(url)),
    "httpx": lambda url: httpx.get(url).text,
}
every_way = pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)


def set_proxies(monkeypatch: pytest.MonkeyPatch, proxy: socket.socket) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, url_of(proxy))


def assert_not_asked(proxy: socket.socket) -> None:
    proxy.setblocking(False)
    with pytest.raises(BlockingIOError):
        proxy.accept()


@every_way
def test_a_proxy_that_the_environment_names_during_the_redirect_is_not_asked(
    ask: Callable[[str], str], server: MockServer, proxy: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.redirected():
        set_proxies(monkeypatch, proxy)
        assert NUMBER in ask(SECURE)
        assert NUMBER in ask(PLAIN)

    assert_not_asked(proxy)


@pytest.mark.parametrize("ask", list(WAYS.values())[:4], ids=list(WAYS)[:4])
def test_a_proxy_is_not_asked_though_the_exemptions_are_replaced_as_well(
    ask: Callable[[str], str], server: MockServer, proxy: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.redirected():
        set_proxies(monkeypatch, proxy)
        monkeypatch.setenv("NO_PROXY", "example.org")
        monkeypatch.setenv("no_proxy", "example.org")
        assert NUMBER in ask(SECURE)
        assert NUMBER in ask(PLAIN)

    assert_not_asked(proxy)


@pytest.mark.parametrize("ask", [by_urllib, WAYS["requests"]], ids=["urllib", "requests"])
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_proxy_of_the_system_is_not_asked(
    ask: Callable[[str], str], when: str, server: MockServer, proxy: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def set_system_proxies() -> None:
        proxies = dict.fromkeys(("http", "https"), url_of(proxy))
        monkeypatch.setattr(urllib.request, "getproxies", lambda: proxies)
        monkeypatch.setattr(requests.utils, "getproxies", lambda: proxies)

    if when == "before":
        set_system_proxies()
    with server.redirected():
        if when == "during":
            set_system_proxies()
        assert NUMBER in ask(SECURE)
        assert NUMBER in ask(PLAIN)

    assert_not_asked(proxy)


def test_other_hosts_have_the_systems_proxies_as_before(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(urllib.request, "getproxies_macosx_sysconf", lambda: {"http": "http://proxy"}, raising=False)
    with server.redirected():
        assert {} == urllib.request.getproxies_environment()
        found = urllib.request.getproxies_macosx_sysconf()

    assert ("http://proxy", True) == (found["http"], "secure.dialogtech.com" in found["no"])


def by_socks(version: int) -> Callable[[str, socket.socket], None]:
    def ask(url: str, proxy: socket.socket) -> None:
        host = url.split("/")[2].encode()
        port = 443 if url.startswith("https") else 80
        with socket.create_connection(proxy.getsockname()) as own:
            if version == 5:
                own.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host + port.to_bytes(2))
            else:
                own.sendmsg([b"\x04\x01" + port.to_bytes(2) + b"\0\0\0\1me\0" + host + b"\0"])

    return ask


async def by_streams(url: str, proxy: socket.socket) -> None:
    _, writer = await asyncio.open_connection(*proxy.getsockname())
    writer.write(f"GET {url.upper()} HTTP/1.1\r\n\r\n".encode())
    writer.close()
    await writer.wait_closed()


GIVEN: dict[str, Callable[[str, socket.socket], object]] = {
    "requests": lambda url, proxy: requests.get(url, proxies=dict.fromkeys(("http", "https"), url_of(proxy))),
    "httpx": lambda url, proxy: httpx.get(url, proxy=url_of(proxy)),
    "aiohttp": lambda url, proxy: asyncio.run(by_aiohttp(url, proxy=url_of(proxy))),
    "SOCKS 5": by_socks(5),
    "SOCKS 4a": by_socks(4),
    "streams": lambda url, proxy: asyncio.run(by_streams(url, proxy)),
}


@pytest.mark.parametrize("ask", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("url", [SECURE, PLAIN], ids=["https", "http"])
def test_a_proxy_that_a_client_was_given_gets_nothing_and_the_request_is_a_leak(
    ask: Callable[[str, socket.socket], object], url: str, server: MockServer, proxy: socket.socket
) -> None:
    with server.redirected(), pytest.raises(Exception):  # noqa: B017 - each library has its own
        ask(url, proxy)
    connection, _ = proxy.accept()
    with connection:
        assert b"" == connection.recv(1000)

    host, port = url.split("/")[2], 443 if url.startswith("https") else 80
    assert RequestedAddress(host, port) in server.redirection().leaks


@pytest.fixture
def tls_connection() -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """Two connected TLS sockets, the second one's peer being a proxy named localhost."""
    ca = trustme.CA()
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert("localhost").configure_cert(serving)
    ca.configure_trust(asking)
    left, right = socket.socketpair()
    found: list[ssl.SSLSocket] = []
    accepting = Thread(target=lambda: found.append(serving.wrap_socket(right, server_side=True)))
    accepting.start()
    with asking.wrap_socket(left, server_hostname="localhost") as near:
        accepting.join()
        with found[0] as far:
            yield near, far


def test_a_proxy_with_tls_gets_nothing_either(
    server: MockServer, tls_connection: tuple[ssl.SSLSocket, ssl.SSLSocket]
) -> None:
    near, far = tls_connection
    with server.redirected():
        for url, port in (("http://SECURE.dialogtech.com/", 80), ("https://mgage.com:8443/", 8443)):
            with pytest.raises(OSError, match="nothing was sent"):
                near.sendall(f"POST {url} HTTP/1.1\r\n\r\n".encode())
            assert port == server.redirection().leaks[-1].port
        near.sendall(b"GET http://example.org/ HTTP/1.1\r\n\r\n")

    assert b"GET http://example.org/" == far.recv(23)


def test_the_proxy_of_a_mock_server_is_allowed(server: MockServer) -> None:
    with MockServer(proxy=True) as other, server.redirected():
        proxies = dict.fromkeys(("http", "https"), other.proxy_url)
        assert NUMBER in requests.get(SECURE, proxies=proxies).text
        assert NUMBER in requests.get(PLAIN, proxies=proxies).text
        assert [] == server.redirection().leaks
