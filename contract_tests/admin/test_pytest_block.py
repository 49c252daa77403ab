"""Without a redirect, a test run reaches no provider: the pytest plugin, its settings and marks, and the unittest module."""

from __future__ import annotations

import subprocess
import sys

import pytest

AUDIT = """
import sys

looked_up = []


def refuse_look_ups(event, args):
    if event == "socket.getaddrinfo" and args[0] != "127.0.0.1":
        looked_up.append(args[0])
        raise OSError("looked up")


sys.addaudithook(refuse_look_ups)
"""

CLIENTS = """
import asyncio, contextlib, os, socket, threading, urllib.request

ENVIRONMENT = {"PYTEST_CURRENT_TEST": "", **os.environ}
HOST = "secure.dialogtech.com"

with pytest.raises(OSError) as at_import:
    socket.create_connection((HOST, 443))


def by_name_alone():
    with socket.socket() as own:
        own.connect(("API2.serwersms.pl.", 80))


async def by_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession() as session:
        await session.get(URL)


def by_uvloop():
    import uvloop
    uvloop.run(asyncio.open_connection(HOST, 443))


def by_uvloop_name():
    import uvloop
    async def look_up():
        await asyncio.get_running_loop().getaddrinfo(HOST, 443)
    uvloop.run(look_up())


def by_uvloop_datagram():
    import uvloop
    async def open_one():
        await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(HOST, 443))
    uvloop.run(open_one())


def through(proxy, scheme="https"):
    return requests.get(f"{scheme}://{HOST}/", proxies={scheme: f"http://127.0.0.1:{proxy.getsockname()[1]}"})


WAYS = {
    "requests": send,
    "httpx": lambda: httpx.post(URL),
    "urllib": lambda: urllib.request.urlopen("http://s1api2.serwersms.pl/"),
    "sockets": by_name_alone,
    "a name": lambda: socket.gethostbyname("communicatepro.mgage.com"),
    "asyncio": lambda: asyncio.run(asyncio.open_connection(HOST, 443)),
    "uvloop": by_uvloop,
    "a name by uvloop": by_uvloop_name,
    "a datagram by uvloop": by_uvloop_datagram,
    "aiohttp": lambda: asyncio.run(by_aiohttp()),
}


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_ways(mock_world, ask):
    with pytest.raises(Exception, match="nothing was sent") as raised:
        ask()
    assert "use the fixture mock_redirect" in str(raised.value)
    assert [] == looked_up


def test_at_import():
    assert "nothing was sent" in str(at_import.value)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_proxy(scheme):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        with pytest.raises(requests.RequestException):
            through(proxy, scheme)
        connection, _ = proxy.accept()
        with connection:
            assert b"" == connection.recv(1000)


def test_a_thread():
    found = []
    def ask():
        try:
            socket.getaddrinfo(HOST, 443)
        except OSError as reason:
            found.append(reason.errno)
    started = threading.Thread(target=ask)
    started.start()
    started.join()
    assert 1 == len(found)


def test_other_hosts():
    with pytest.raises(OSError, match="looked up"):
        socket.create_connection(("dialogtech.com.example", 443))
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    assert ENVIRONMENT == {**os.environ, "PYTEST_CURRENT_TEST": ENVIRONMENT["PYTEST_CURRENT_TEST"]}


def test_redirected(mock_redirect):
    assert "[1] Message Sent" in send()


def test_redirected_late(request):
    request.getfixturevalue("mock_redirect")
    assert "[1] Message Sent" in send()
"""


def shown(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


def test_without_a_redirect_no_client_reaches_a_provider(run) -> None:
    result = run(AUDIT.replace("args[0] !=", "args[0] not in ('localhost',) and args[0] !=") + CLIENTS)
    result.assert_outcomes(passed=17)

    assert "mockserver: blocked, because these tests use no mock_redirect" in shown(result)
    assert "secure.dialogtech.com:443  test_it.py::test_ways[requests]" in shown(result)


SET_BACK = """
import socket

TRUE = socket.getaddrinfo, socket.socket.connect


def pytest_runtest_teardown():
    socket.getaddrinfo, socket.socket.connect = TRUE
"""

TWICE = """
@pytest.mark.parametrize("way", ["sockets", "asyncio", "a name"])
def test_ways(way):
    with pytest.raises(Exception, match="nothing was sent"):
        WAYS[way]()
"""


def test_a_provider_is_blocked_after_a_plugin_has_set_the_socket_functions_back(run, pytester: pytest.Pytester) -> None:
    """As pytest-socket does after each test, to what they were at its own import."""
    pytester.makepyfile(setting_back=SET_BACK)
    result = run(AUDIT + CLIENTS.partition("@pytest.mark")[0] + TWICE, "-p", "setting_back")
    result.assert_outcomes(passed=3)


LOOK_UPS = """
@pytest.mark.mockserver(real=True)
def test_real():
    with pytest.raises(requests.ConnectionError, match="looked up"):
        send()
    assert ["secure.dialogtech.com"] == looked_up
    looked_up.clear()

@pytest.mark.mockserver(real=True)
class TestReal:
    def test_with_a_redirect(self, mock_redirect):
        with pytest.raises(httpx.ConnectError, match="looked up"):
            httpx.post(URL)
        looked_up.clear()

    @pytest.mark.mockserver(real=False)
    def test_the_nearest_mark_counts(self, mock_world):
        with pytest.raises(httpx.ConnectError, match="nothing was sent"):
            httpx.post(URL)
        assert [] == looked_up
"""


def test_a_test_that_is_marked_as_real_reaches_the_provider(run) -> None:
    run(AUDIT + LOOK_UPS).assert_outcomes(passed=3)


def test_a_run_without_the_block_reaches_the_provider(run) -> None:
    tests = """
def test_it():
    with pytest.raises(requests.ConnectionError, match="looked up"):
        send()
    with pytest.raises(httpx.ConnectError, match="looked up"):
        httpx.post(URL)

def test_case():
    import mockserver.testkit.unittest
    with pytest.raises(requests.ConnectionError, match="looked up"):
        send()
"""
    run(AUDIT + tests, "-o", "mockserver_block=off").assert_outcomes(passed=2)


EVERY_TEST = """
import unittest

def test_function():
    assert "[1] Message Sent" in send()

class Case(unittest.TestCase):
    def test_method(self):
        assert "[1] Message Sent" in send()
"""
OWN_REDIRECT = """
from mockserver import MockWorldCase

class OwnCase(MockWorldCase):
    def test_method(self):
        assert "[1] Message Sent" in send()
        assert 1 == len(self.world.messages("dialogtech", number=SMS["to"]))
"""


def test_one_setting_redirects_every_test(run) -> None:
    run(EVERY_TEST + OWN_REDIRECT, "-o", "mockserver_redirect=auto").assert_outcomes(passed=3)


def test_the_setting_redirects_every_test_of_folders(run, pytester: pytest.Pytester, client_code: str) -> None:
    for name in ("sms", "other"):
        pytester.mkdir(name).joinpath(f"test_{name}.py").write_text(client_code + EVERY_TEST)
    result = run("", "-o", "mockserver_redirect=sms")

    result.assert_outcomes(passed=2, failed=2)
    assert 2 == shown(result).count("FAILED other/test_other.py")


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("mockserver_block=of", "mockserver_block must be on or off, not 'of'"),
        ("mockserver_redirect=atuo", "mockserver_redirect must be auto, off or folders"),
    ],
)
def test_a_setting_that_is_mistyped_stops_the_run(run, setting: str, sentence: str) -> None:
    result = run("", "-o", setting)

    assert (4, True) == (result.ret, sentence in "\n".join(result.errlines))


def test_under_exec_the_proxy_of_exec_is_allowed(pytester: pytest.Pytester, client_code: str) -> None:
    tests = """
import socket

def test_it():
    assert "[1] Message Sent" in send()
    assert SMS["from"] in send(httpx.post, action="sms.get_numbers")
    with pytest.raises(OSError, match="nothing was sent"):
        socket.create_connection(("secure.dialogtech.com", 443))
"""
    path = pytester.makepyfile(test_exec=client_code + tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "sms_mockserver", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "exec", "--", "env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", *command],
        capture_output=True,
        text=True,
    )

    assert (0, True) == (done.returncode, "1 passed" in done.stdout), done.stdout + done.stderr


UNITTEST = """
import unittest
import requests
from mockserver.testkit.unittest import allow_providers

class Case(unittest.TestCase):
    def test_blocked(self):
        with self.assertRaisesRegex(OSError, "use MockWorldCase"):
            requests.get("https://secure.dialogtech.com/")
        assert [] == looked_up

    @allow_providers()
    def test_allowed(self):
        with self.assertRaisesRegex(OSError, "looked up"):
            requests.get("https://secure.dialogtech.com/")
        looked_up.clear()

class Real(MockWorldCase):
    mockserver = {"real": True}

    def test_allowed(self):
        with self.assertRaisesRegex(OSError, "looked up"):
            requests.get("https://secure.dialogtech.com/")
        looked_up.clear()
""".replace("import allow_providers", "import MockWorldCase, allow_providers")


def test_the_import_of_the_unittest_module_blocks_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_case=AUDIT + UNITTEST)
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "test_case"], capture_output=True, text=True, cwd=pytester.path
    )

    assert (0, True) == (done.returncode, "Ran 3 tests" in done.stderr), done.stderr
