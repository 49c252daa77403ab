"""Unmodified clients: hosts and credentials are hard-coded, without a URL, proxy or certificate of this project.

Each runs in a process of its own, in the environment that `mockserver env` prints, and each meets an answer, a provider error
and a connection that breaks when the provider has done what it was asked.

PowerShell and C# are not among them: Debian has no package of either.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mockserver.client import WorldClient

HERE = Path(__file__).parent
PATIENCE = 120
"""Seconds that a client may take."""


@dataclass(frozen=True)
class AttemptConnection:
    """What a client is run for."""

    well: Sequence[str]
    """Arguments that the provider takes,"""
    response: str
    """what it then says,"""
    effects: int
    """and how many things it has done."""
    ill: Sequence[str]
    """Arguments that it rejects,"""
    error: str
    """what it then says,"""
    rejected_as: str
    """and what the journal calls it."""
    count: Callable[[WorldClient], int] = lambda world: 0
    """How many things of this kind were done in a world."""


def sent(world: WorldClient) -> int:
    return len(world.messages("dialogtech", direction="outbound", number="5556667777"))


def read(world: WorldClient) -> int:
    return sum(message.is_read for message in world.messages("serwersms"))


SEND = AttemptConnection(
    well=("5556667777", "Your table is ready."),
    response=" <result_description>[1] Message Sent</result_description>",
    effects=1,
    ill=("5556667777", "x" * 257),
    error=" <result_description>Parameter message must be at most 256 characters long: it has 257</result_desc",
    rejected_as="MessageTooLong",
    count=sent,
)
READ = AttemptConnection(
    well=("nd",),
    response='"type":"nd","phone":"+48',
    effects=1,
    ill=("2way",),
    error='{"error":{"code":1006,"type":"InvalidData","message":"Invalid data format"}}',
    rejected_as="UnknownType",
    count=read,
)
EXPORT = AttemptConnection(
    well=("121811",),
    response="MO 1234567890 Received\nMO 15556667777 Received\nMT 1234567890 Delivered\nMT 15556667777 Delivered\n",
    effects=0,
    ill=("1",),
    error='{"meta":{"generalErrors":["Program 1 does not exist"],"nextPageUrl":null}}',
    rejected_as="UnknownProgram",
)


@dataclass(frozen=True)
class Client:
    """One client."""

    command: str
    """With the name of a folder in braces where it needs one."""
    broken: str
    """What it says, as a pattern, when its connection is closed or reset."""
    attempt_connection: AttemptConnection = SEND
    asks: int = 1
    """How often it asks before it says so."""
    breaks: Sequence[str] = ("close", "reset")
    """The faults that it meets."""


# Python's ssl takes a reset for an end; so does libuv, which is Node's and our proxy's, when it comes close behind data.
# Requests takes whatever happens in a proxy for the proxy's fault; to who catches its ConnectionError it is one.
CLIENTS: Mapping[str, Client] = {
    "requests": Client(
        "python {here}/python/send_by_requests.py",
        r"^ProxyError: .*RemoteDisconnected\('Remote end closed connection without response'\)",
    ),
    "httpx": Client(
        "python {here}/python/send_by_httpx.py",
        "^RemoteProtocolError: Server disconnected without sending a response",
    ),
    "httpx, mGage": Client(
        "python {here}/python/export_by_httpx.py",
        "^RemoteProtocolError: Server disconnected without sending a response",
        EXPORT,
    ),
    "aiohttp": Client(
        "python {here}/python/send_by_aiohttp.py",
        r"^(ServerDisconnectedError: Server disconnected|ClientOSError: \[Errno 104\])",
    ),
    "Ifbyphone-API-Module": Client(
        "python {here}/python/send_by_ifbyphone.py {ifbyphone}",
        r"^requests\.exceptions\.ProxyError: .*host='secure\.ifbyphone\.com'.*RemoteDisconnected",
    ),
    "serwersmsv2api 0.0.2": Client(
        "env PYTHONPATH={serwersmsv2api-0.0.2} python {here}/python/read_by_serwersms.py",
        r"^requests\.exceptions\.ProxyError: .*host='api2\.serwersms\.pl'.*RemoteDisconnected",
        READ,
    ),
    "serwersmsv2api 2.0.0": Client(
        "env PYTHONPATH={serwersmsv2api-2.0.0} python {here}/python/read_by_serwersms.py",
        r"SerwerSMSException: Error calling SerwerSMS API for action 'messages/received': .*RemoteDisconnected",
        READ,
    ),
    "serwersms.pl": Client(
        "node --no-deprecation {here}/node/read_by_serwersms.cjs {serwersms.pl}",
        "^Error: (socket hang up|read ECONNRESET)",  # which no one catches: the program dies of it
        READ,
    ),
    "fetch of Node": Client(
        "node {here}/node/send_by_fetch.mjs",
        r"^TypeError: fetch failed \((UND_ERR_SOCKET: other side closed|ECONNRESET: read ECONNRESET)\)",
    ),
    "axios": Client(
        "node {here}/node/send_by_axios.cjs {axios}",
        r"^(Axios)?Error: (socket hang up|read ECONNRESET) \(ECONNRESET\)",
    ),
    "HttpClient of Java": Client(
        "java -cp {java} SendByHttpClient",
        r"^java\.(io\.IOException: HTTP/1\.1 header parser received no bytes|net\.SocketException: Connection reset)",
        # A close is a good-bye in TLS, for which it does not care; it waits for the end of the connection under it.
        breaks=("reset",),
    ),
    "HttpsURLConnection of Java": Client(
        "java -cp {java} SendByHttpsURLConnection",
        r"^java\.net\.SocketException: (Unexpected end of file from server|Connection reset)",
        asks=2,  # it POSTs again by itself and reports nothing: sun.net.http.retryPost
    ),
    "curl of PHP": Client(
        "php {here}/php/send_by_curl.php",
        "^(52 Empty reply from server|56 .*(Connection reset by peer|errno 104|unexpected eof))",
    ),
    "LWP of Perl": Client(
        "perl {here}/perl/send_by_lwp.pl",
        "^500 (Server closed connection without sending any data back|Status read failed: (Connection reset|SSL))",
    ),
    "Net::HTTP of Ruby": Client(
        "ruby {here}/ruby/send_by_net_http.rb",
        "^(EOFError: end of file reached|Errno::ECONNRESET: Connection reset by peer|OpenSSL::SSL::SSLError: .*eof)",
    ),
}
every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
every_break = pytest.mark.parametrize(
    ("client", "fault"),
    [pytest.param(client, fault, id=f"{name}-{fault}") for name, client in CLIENTS.items() for fault in client.breaks],
)


# -- a client as a child ------------------------------------------------------------------------------------------------


class Folders(dict[str, str]):
    """The packages that clients need beside their program, each installed when it is first needed."""

    def __init__(self, fetchers: Mapping[str, Callable[[], Path]]) -> None:
        super().__init__(here=str(HERE))
        self.fetchers = fetchers

    def __missing__(self, name: str) -> str:
        self[name] = str(self.fetchers[name]())
        return self[name]


@pytest.fixture(scope="module")
def folders(from_pypi, from_npm, compiled) -> Folders:
    return Folders(
        {
            "ifbyphone": lambda: from_pypi("Ifbyphone-API-Module==0.0.5"),
            "serwersmsv2api-0.0.2": lambda: from_pypi("serwersmsv2api==0.0.2"),
            # It asks for Python 3.12, but what it is made of runs on 3.11.
            "serwersmsv2api-2.0.0": lambda: from_pypi("serwersmsv2api==2.0.0", "--ignore-requires-python"),
            "serwersms.pl": lambda: from_npm("serwersms.pl@1.0.8", "request@2.88.2"),
            "axios": lambda: from_npm("axios@1.21.1"),
            "java": lambda: compiled(*sorted((HERE / "java").glob("*.java"))),
        }
    )


@pytest.fixture
def words(folders) -> Callable[[Client, Sequence[str]], list[str]]:
    """A client's command line, as a list of words."""

    def spelt(client: Client, arguments: Sequence[str]) -> list[str]:
        named = [re.sub(r"\{(.+?)\}", lambda name: folders[name[1]], word) for word in client.command.split()]
        return [*(sys.executable if word == "python" else word for word in named), *arguments]

    return spelt


@pytest.fixture
def ended(leading, words) -> Callable[[Client, Sequence[str]], subprocess.CompletedProcess[str]]:
    """Run a client to its end, led to the server."""

    def run(client: Client, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words(client, arguments), env=leading.environment, capture_output=True, text=True, timeout=PATIENCE
        )

    return run


# -- what each of them meets --------------------------------------------------------------------------------------------


@every_client
def test_a_client_gets_its_response_and_the_world_holds_its_changes(client: Client, ended, world: WorldClient) -> None:
    attempt_connection, before = client.attempt_connection, client.attempt_connection.count(world)

    done = ended(client, attempt_connection.well)

    assert 0 == done.returncode, done.stderr
    assert attempt_connection.response in done.stdout
    assert attempt_connection.effects == attempt_connection.count(world) - before
    assert {None} == {exchange.error for exchange in world.journal()}


@every_client
def test_a_client_gets_the_providers_error_and_the_world_does_not_change(
    client: Client, ended, world: WorldClient
) -> None:
    attempt_connection, before = client.attempt_connection, client.attempt_connection.count(world)

    done = ended(client, attempt_connection.ill)

    assert 0 == done.returncode, done.stderr
    assert attempt_connection.error in done.stdout
    assert before == attempt_connection.count(world)
    assert [attempt_connection.rejected_as] == [exchange.error for exchange in world.journal()]


@every_break
def test_a_client_whose_connection_breaks_after_its_request_took_effect_sees_a_failure(
    client: Client, fault: str, ended, world: WorldClient
) -> None:
    attempt_connection, before = client.attempt_connection, client.attempt_connection.count(world)
    world.faults.add(fault, point="after")

    done = ended(client, attempt_connection.well)

    assert 0 != done.returncode
    assert "" == done.stdout
    assert re.search(client.broken, done.stderr, re.MULTILINE), done.stderr
    assert attempt_connection.effects == attempt_connection.count(world) - before
    assert [fault] * client.asks == [exchange.ending for exchange in world.journal()]


@pytest.mark.parametrize("name", ["aiohttp", "serwersms.pl"])
def test_a_client_under_exec_needs_no_more_than_that(name: str, words, tmp_path: Path) -> None:
    client = CLIENTS[name]
    exec_ = (sys.executable, "-m", "mockserver", "exec", "--strict", "--report-to", str(tmp_path / "report.txt"), "--")

    done = subprocess.run(
        [*exec_, *words(client, client.attempt_connection.well)], capture_output=True, text=True, timeout=PATIENCE
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert client.attempt_connection.response in done.stdout
    assert re.search(r"\b200\b.* POST [a-z0-9]+(\.[a-z]+)+/", (tmp_path / "report.txt").read_text())
