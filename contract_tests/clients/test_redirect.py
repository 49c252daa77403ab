"""Clients with hard-coded hosts in this process: every library is redirected over real TLS, and connections to other hosts are not."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests
import trustme
import uvloop

from mockserver.client import WorldClient
from mockserver.http.listener import Listener, Server
from mockserver.intercept.ca import CertificateAuthority
from mockserver.intercept.hosts import BlockedConnection, RequestedAddress
from mockserver.intercept.redirect import Redirection
from mockserver.intercept.redirect_listener import RedirectListener
from mockserver.server import MockServer

NUMBERS = "action=sms.get_numbers&access_key=ACCESS_KEY&secret_access_key=SECRET_ACCESS_KEY"
DIALOGTECH = f"https://secure.dialogtech.com/ibp_api.php?{NUMBERS}"
SAMPLE = Path(__file__).parents[2].joinpath("fixtures/documents/dialogtech/get_numbers.xml").read_text()

# Made before any redirect, as modules of real clients do it.
SESSION = requests.Session()
CLIENT = httpx.Client()
OPENER = urllib.request.build_opener()
CONTEXT = ssl.create_default_context()


def by_urllib(url: str) -> str:
    with OPENER.open(url) as response:
        return response.read().decode()


def by_sockets(url: str) -> str:
    """Send a request through bare sockets."""
    host, _, target = url.removeprefix("https://").partition("/")
    with CONTEXT.wrap_socket(socket.create_connection((host, 443)), server_hostname=host) as connection:
        connection.sendall(f"GET /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as file:
            return file.read().decode().partition("\r\n\r\n")[2]


async def by_httpx_async(url: str) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).text


async def by_aiohttp(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


async def by_streams(url: str) -> str:
    host, _, target = url.removeprefix("https://").partition("/")
    reader, writer = await asyncio.open_connection(host, 443, ssl=CONTEXT)
    writer.write(f"GET /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    response = await reader.read()
    writer.close()
    return response.decode().partition("\r\n\r\n")[2]


def on(run: Callable[[Awaitable[str]], str], ask: Callable[[str], Awaitable[str]]) -> Callable[[str], str]:
    return lambda url: run(ask(url))


WAYS = {
    "requests": lambda url: requests.get(url).text,
    "requests, a session from before": lambda url: SESSION.get(url).text,
    "httpx": lambda url: httpx.get(url).text,
    "httpx, a client from before": lambda url: CLIENT.get(url).text,
    "urllib": by_urllib,
    "sockets": by_sockets,
    "httpx on asyncio": on(asyncio.run, by_httpx_async),
    "httpx on uvloop": on(uvloop.run, by_httpx_async),
    "aiohttp on asyncio": on(asyncio.run, by_aiohttp),
    "aiohttp on uvloop": on(uvloop.run, by_aiohttp),
    "streams on asyncio": on(asyncio.run, by_streams),
    "streams on uvloop": on(uvloop.run, by_streams),
}
every_way = pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)


@every_way
def test_a_client_with_a_hard_coded_host_reaches_its_world(ask: Callable[[str], str], server: MockServer) -> None:
    with server.redirected() as world:
        responses = ask(DIALOGTECH), ask(DIALOGTECH.replace("dialogtech", "ifbyphone"))

    assert (SAMPLE, SAMPLE) == responses
    assert world.id != "default"


@every_way
def test_a_providers_host_that_no_one_answers_is_rejected_and_said(
    ask: Callable[[str], str], server: MockServer
) -> None:
    with server.redirected() as world, pytest.raises(Exception, match="nothing was sent") as raised:
        ask("https://api.dialogtech.com/v2/messages")

    assert isinstance(raised.value, (OSError, httpx.ConnectError, aiohttp.ClientConnectionError))
    assert RequestedAddress("api.dialogtech.com", 443) in server.redirection().leaks
    assert world.id != "default"


def test_plain_http_is_redirected_too(server: MockServer) -> None:
    call = {"username": "Login", "password": "Haslo", "type": "nd"}
    with server.redirected():
        old = requests.post("http://s1api2.serwersms.pl/messages/recived", data=call).json()
        new = requests.post("https://api2.serwersms.pl/messages/recived", json=call).json()

    assert [303023] == [item["id"] for item in old["items"]] == [item["id"] for item in new["items"]]


def test_the_address_of_the_next_page_is_on_the_host_that_was_asked(server: MockServer) -> None:
    program = "https://communicatepro.mgage.com/api/messages/program/121811"
    days = {"startDate": "2014-12-05T00:00:00", "endDate": "2014-12-05T23:59:59", "pageSize": "3"}
    with server.redirected():
        first = SESSION.get(program, params=days, auth=("mgage", "mgage")).json()
        second = SESSION.get(first["meta"]["nextPageUrl"], auth=("mgage", "mgage")).json()

    assert first["meta"]["nextPageUrl"].startswith(f"{program}?page=2&")
    assert (3, 1, None) == (
        len(first["data"]["messages"]),
        len(second["data"]["messages"]),
        second["meta"]["nextPageUrl"],
    )


def send(text: str) -> None:
    call = {"action": "sms.send_message", "access_key": "foo", "secret_access_key": "bar", "message": text}
    response = SESSION.post(
        "https://secure.dialogtech.com/ibp_api.php", call | {"to": "5556667777", "from": "5554332111"}
    )
    assert "[1] Message Sent" in response.text


def sent(world: WorldClient) -> list[str]:
    return [message.text for message in world.messages("dialogtech", number="5556667777")]


def test_each_world_has_its_own_though_the_connection_is_kept(server: MockServer) -> None:
    redirection = server.redirection()
    with server.create_world() as first, server.create_world() as second:
        redirection.begin(first)
        send("to the first")
        redirection.end(keeps_connections=True)
        redirection.begin(second)
        send("to the second")
        redirection.end()

        assert (["to the first"], ["to the second"], []) == (sent(first), sent(second), sent(server.world))


def test_threads_started_inside_the_redirect_are_redirected(server: MockServer) -> None:
    responses: list[str] = []
    with server.redirected():
        threads = [threading.Thread(target=lambda: responses.append(requests.get(DIALOGTECH).text)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert [SAMPLE] * 4 == responses


# -- TLS is real -------------------------------------------------------------------------------------------------------


def led_to(server: MockServer, listener: RedirectListener) -> Redirection:
    return Redirection(server, listener, server.hosts, {})


def test_a_listener_of_another_ca_is_not_trusted(server: MockServer, tmp_path: Path) -> None:
    listener = server.open_listener("strange")
    strange = RedirectListener(
        listener.name, listener.listeners, CertificateAuthority(tmp_path).certificate.read_text()
    )
    redirection = led_to(server, strange)
    redirection.begin(server.world)
    try:
        with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            requests.get(DIALOGTECH)
        with pytest.warns(match="Unverified HTTPS request"):
            assert SAMPLE == requests.get(DIALOGTECH, verify=False).text
    finally:
        redirection.end()


def test_a_certificate_for_another_name_is_not_taken(server: MockServer, tmp_path: Path) -> None:
    ca = CertificateAuthority(tmp_path)
    url = server.add(Listener(server.service, name="other", ssl_context=ca.context(["secure.ifbyphone.com"])))
    port = int(url.rpartition(":")[2])
    redirection = led_to(server, RedirectListener("other", {443: ("127.0.0.1", port)}, ca.certificate.read_text()))
    redirection.begin(server.world)
    try:
        with pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
            CLIENT.get(DIALOGTECH)
    finally:
        redirection.end()


def test_a_context_that_verifies_as_strictly_as_it_can_is_content(server: MockServer) -> None:
    strict = ssl.create_default_context()
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    with server.redirected(), urllib.request.urlopen(DIALOGTECH, context=strict) as response:
        assert SAMPLE == response.read().decode()


def test_a_ca_that_cannot_be_kept_is_made_for_the_run(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("mockserver.intercept.trust.usual_folder", lambda: tmp_path / "file" / "ca")

    with server.redirected():
        assert SAMPLE == requests.get(DIALOGTECH).text


# -- nothing else is touched -------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(app):
    """Another TLS server on this machine, and the CA that its clients must trust."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    listener = Listener(app, ssl_context=context)
    with Server(listeners=[listener]) as other, ca.cert_pem.tempfile() as bundle:
        yield other.url.replace("127.0.0.1", "localhost"), bundle


def test_other_hosts_resolve_and_verify_as_before(server: MockServer, elsewhere: tuple[str, str]) -> None:
    url, bundle = elsewhere
    before = socket.getaddrinfo("localhost", 443)
    with server.redirected():
        assert before == socket.getaddrinfo("localhost", 443)
        assert 200 == requests.get(f"{url}/_mock/health", verify=bundle).status_code
        with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            requests.get(f"{url}/_mock/health")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            CLIENT.get(f"{url}/_mock/health")


PATCHED = [
    (socket, "getaddrinfo"),
    (socket, "gethostbyname"),
    (socket, "gethostbyname_ex"),
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (ssl.SSLContext, "wrap_socket"),
    (ssl.SSLContext, "wrap_bio"),
    (uvloop.Loop, "getaddrinfo"),
    (uvloop.Loop, "create_connection"),
]


def test_everything_is_as_it_was_afterwards(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.org")
    monkeypatch.delenv("NO_PROXY", raising=False)

    def state() -> list[object]:
        functions = [(getattr(owner, name), name in vars(owner)) for owner, name in PATCHED]
        return [*functions, CONTEXT.cert_store_stats(), os.environ.get("no_proxy"), os.environ.get("NO_PROXY")]

    before = state()
    with suppress(ZeroDivisionError), server.redirected():
        by_sockets(DIALOGTECH)
        inside = state()
        raise ZeroDivisionError

    assert before == state()
    assert not [name for (_, name), was, now in zip(PATCHED, before, inside, strict=False) if was == now]


def witnessed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The host names that are really looked up. None of them is resolved."""
    requested: list[str] = []

    def witness(host: str, *_: object, **__: object) -> None:
        requested.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "a witness, no resolver")

    monkeypatch.setattr(socket, "getaddrinfo", witness)
    return requested


@pytest.mark.parametrize("ask", [SESSION.get, CLIENT.get], ids=["requests", "httpx"])
def test_a_session_that_lives_on_asks_the_real_host_afterwards(
    ask: Callable[[str], object], server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.redirected():
        ask(DIALOGTECH)
    requested = witnessed(monkeypatch)
    with pytest.raises((requests.ConnectionError, httpx.ConnectError), match="a witness"):
        ask(DIALOGTECH)

    assert ["secure.dialogtech.com"] == requested


@every_way
@pytest.mark.parametrize("exempt", [None, "example.org"])
def test_a_proxy_of_the_environment_is_not_asked_for_providers(
    ask: Callable[[str], str], server: MockServer, exempt: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        if exempt:
            monkeypatch.setenv("NO_PROXY", exempt)
        with server.redirected():
            assert SAMPLE == ask(DIALOGTECH)
        with pytest.raises(BlockingIOError):
            proxy.accept()


PROGRAM = """
import ipaddress, sys

seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.startswith("socket.") else None)

from contract_tests.clients.test_redirect import DIALOGTECH, SAMPLE, WAYS
from mockserver import MockServer

with MockServer() as server, server.redirected():
    for name, ask in WAYS.items():
        assert SAMPLE == ask(DIALOGTECH), name

def leaves(event, args):
    if event == "socket.connect":
        return not ipaddress.ip_address(args[1][0]).is_loopback
    return event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto") and "127." not in str(args)

assert [event for event, _ in seen if event == "socket.connect"]
print([each for each in seen if leaves(*each)])
"""


def test_no_connection_and_no_question_of_a_name_leaves_this_machine() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2]
    )

    assert (0, "[]\n") == (done.returncode, done.stdout), done.stderr


# -- the leak guard ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("mgage.com", 443),
        ("WWW.SerwerSMS.pl.", 443),
        ("a.b.ifbyphone.com", 80),
        ("secure.dialogtech.com", 8443),
        ("api2.serwersms.pl", 22),
    ],
)
def test_what_is_a_providers_and_not_ours_is_rejected(server: MockServer, host: str, port: int) -> None:
    with server.redirected():
        for connect in (socket.create_connection, by_name_alone):
            with pytest.raises(BlockedConnection):
                connect((host, port))

    assert [RequestedAddress(host.lower().rstrip("."), port)] * 2 == server.redirection().leaks


def by_name_alone(address: tuple[str, int]) -> None:
    with socket.socket() as own:
        own.connect(address)


def test_a_port_that_becomes_known_late_is_rejected_as_well(server: MockServer) -> None:
    with server.redirected(), pytest.raises(BlockedConnection, match=r"secure\.dialogtech\.com:8080 is a provider's"):
        by_name_alone((socket.gethostbyname("secure.dialogtech.com"), 8080))


@pytest.mark.parametrize("host", ["notdialogtech.com", "dialogtech.com.example", "localhost"])
def test_what_only_sounds_like_a_provider_is_not_rejected(
    server: MockServer, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = witnessed(monkeypatch)
    with server.redirected(), pytest.raises(socket.gaierror, match="a witness"):
        socket.getaddrinfo(host, 80)

    assert ([host], []) == (requested, server.redirection().leaks)


def test_an_unknown_path_at_a_known_host_gets_the_providers_provider_error_and_is_written_down(
    server: MockServer,
) -> None:
    with server.redirected() as world:
        response = requests.get("https://communicatepro.mgage.com/api/v2/messages")
        (exchange,) = world.journal()

    assert (404, "/api/v2/messages", None) == (response.status_code, exchange.target, exchange.operation)
    assert ["meta"] == list(response.json())


# -- sockets that are particular ---------------------------------------------------------------------------------------


def test_names_are_compared_as_names(server: MockServer) -> None:
    with server.redirected():
        assert SAMPLE == requests.get(DIALOGTECH.replace("secure.dialogtech.com", "SECURE.DialogTech.COM")).text
        first = socket.getaddrinfo(b"secure.dialogtech.com", b"https")
        assert first == socket.getaddrinfo("secure.dialogtech.com.", "443")


def test_a_name_has_an_address_of_this_machine_whatever_is_asked(server: MockServer) -> None:
    with server.redirected():
        addresses = {
            socket.gethostbyname("secure.dialogtech.com"),
            socket.gethostbyname_ex("secure.dialogtech.com")[2][0],
            socket.getaddrinfo("secure.dialogtech.com", None)[0][4][0],
            socket.getaddrinfo("secure.dialogtech.com", 0, socket.AF_INET6)[0][4][0].removeprefix("::ffff:"),
        }

    assert 1 == len(addresses)
    assert addresses.pop().startswith("127.")


def test_a_socket_of_ipv6_alone_is_redirected(server: MockServer) -> None:
    with server.redirected(), socket.socket(socket.AF_INET6) as own:
        found = socket.getaddrinfo("secure.dialogtech.com", 80, socket.AF_INET6)[0][4]
        assert 0 == own.connect_ex(found)
        own.sendall(f"GET /ibp_api.php?{NUMBERS} HTTP/1.0\r\nHost: secure.dialogtech.com\r\n\r\n".encode())
        with own.makefile("rb") as response:
            assert response.read().decode().endswith(SAMPLE)


# -- one at a time -----------------------------------------------------------------------------------------------------


def test_a_second_redirect_in_a_process_is_rejected_and_leaves_the_first_alone(server: MockServer) -> None:
    with server.redirected() as world:
        second = server.redirected()
        with pytest.raises(RuntimeError, match="a process can have one redirect at a time"):
            second.__enter__()
        send("still here")

        assert ["still here"] == sent(world)
    assert [server.world.id] == [each.id for each in server.worlds()]


def test_an_existing_world_is_not_dropped(server: MockServer) -> None:
    with server.create_world() as world:
        with server.redirected(world) as same:
            send("kept")

        assert (world, ["kept"]) == (same, sent(world))


def test_a_world_that_is_there_cannot_be_made_another_way(server: MockServer) -> None:
    with pytest.raises(ValueError, match="freeze: the world exists already"):
        server.redirected(server.world, freeze="2026-06-01T12:00:00Z")


def test_a_server_that_does_not_run_has_no_redirect(service) -> None:
    with pytest.raises(RuntimeError, match="not running"):
        MockServer(service).redirected()
