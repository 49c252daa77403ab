"""The Flask application: plain, under any WSGI server with one process, and what such a server cannot do."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event

import flask
import pytest
import requests
from werkzeug.test import Client

from contract_tests.ways import both_ways
from mockserver import Settings
from mockserver.app import build_service, create_app
from mockserver.engine.accounts import Account, Login
from mockserver.engine.state import Fixture
from mockserver.providers.dialogtech import magic
from mockserver.providers.mgage import MGAGE
from mockserver.server import MockServer

NUMBERS = "/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"
RECIVED = "/messages/recived.json?username=Login&password=Haslo"
THREADS = {"wsgi.multithread": True}


@pytest.fixture
def client(app) -> Client:
    """A client of the Flask application, as under a foreign WSGI server."""
    return Client(app)


def rule(client, fault, **match):
    assert 201 == client.post("/_mock/worlds/default/faults", json={"fault": fault, "match": match}).status_code


def journal(client):
    return client.get("/_mock/worlds/default/journal").json["exchanges"]


# -- a plain Flask application ---------------------------------------------------------------------------------------


def test_the_application_is_a_plain_flask_application():
    app = create_app()

    assert flask.Flask is type(app)
    assert flask.Request is app.request_class
    assert flask.Response is app.response_class


def test_making_it_starts_no_thread_and_neither_does_the_first_request():
    program = (
        "import threading; from mockserver.app import create_app; app = create_app(); made = threading.active_count();"
        f"app.test_client().get({NUMBERS!r}); print(made, threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True)

    assert "1 1\n" == done.stdout


def test_hooks_and_pages_of_ones_own_are_added_as_to_any_other(app):
    app.add_url_rule("/hello", "hello", lambda: "hello")
    app.after_request(lambda response: response.headers.set("X-Seen", response.get_data(as_text=True)[:5]) or response)
    client = app.test_client()

    assert ("hello", "hello") == (client.get("/hello").text, client.get("/hello").headers["X-Seen"])
    assert "<?xml" == client.get(NUMBERS).headers["X-Seen"]


def test_it_answers_for_the_providers_it_is_given():
    client = create_app(providers=[MGAGE]).test_client()

    assert (401, 404) == (client.get("/api/messages/program/121811").status_code, client.get(NUMBERS).status_code)
    assert "GET /api/messages/program/ID" in client.get("/").json["here"]
    assert not [line for line in client.get("/").json["here"] if "ibp_api" in line]


def test_it_is_mounted_below_a_path_and_says_so_in_the_addresses_it_gives(registry):
    client = Client(build_service(registry=registry).app)
    day = "startDate=2014-12-05T00:00:00&endDate=2014-12-05T23:59:59&pageSize=1"
    page = client.get(
        f"/_w/default/api/messages/program/121811?{day}",
        base_url="https://sms.example:8443/mounted",
        auth=("mgage", "mgage"),
    )

    assert page.json["meta"]["nextPageUrl"].startswith(
        "https://sms.example:8443/mounted/_w/default/api/messages/program/121811?page=2&"
    )


def test_two_applications_stand_side_by_side():
    one, other = create_app().test_client(), create_app(settings=Settings(shows_exchange=False)).test_client()
    responses = [client.get("/ibp_api.php") for client in (one, other, one)]

    assert ["1", None, "2"] == [response.headers.get("X-Mockserver-Exchange") for response in responses]


def test_eight_threads_get_their_own_answers(app, registry):
    for number in range(8):
        login = {"dialogtech/a": (Login(f"u{number}", "s"),)}
        registry.create(Fixture((Account("dialogtech/a", "dialogtech", "a", ()),)), world_id=f"w{number}", logins=login)

    def ask(number):
        client = Client(app)
        for _ in range(20):
            client.get(f"/ibp_api.php?action=sms.get_numbers&access_key=u{number}&secret_access_key=s")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))

    assert [20] * 8 == [len(registry.get(f"w{number}").journal) for number in range(8)]


def test_head_has_the_headers_of_get_and_no_body(client):
    got, headed = client.get(NUMBERS), client.head(NUMBERS)

    assert (b"", got.status, list(got.headers)) == (headed.data, headed.status, list(headed.headers))


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "PROPFIND"])
@pytest.mark.parametrize(
    ("path", "allow"), [("/ibp_api.php", "GET, HEAD, POST"), ("/_mock/health", "GET, HEAD"), ("/", "GET, HEAD")]
)
def test_a_method_that_is_not_taken_is_405_and_says_which_are(client, method, path, allow):
    response = client.open(path, method=method)

    assert (405, allow) == (response.status_code, response.headers["Allow"])


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_host_that_can_be_no_name_is_a_bad_request_of_whoever_has_the_path(registry, host):
    client = both_ways(registry)
    responses = [client.get(path, headers={"Host": host}) for path in ("/ibp_api.php", "/api/x", "/nowhere")]

    assert [400, 400, 400] == [response.status_code for response in responses]
    assert b"<result>failed</result>" in responses[0].data
    assert ["bad_request", None] == [responses[2].json["error"]["code"], responses[1].json.get("error")]


def test_nothing_becomes_a_web_socket(registry):
    client, headers = both_ways(registry), {"Connection": "keep-alive, Upgrade", "Upgrade": "websocket"}

    assert [400, 400, 400] == [
        client.get(path, headers=headers).status_code for path in (NUMBERS, "/", "/_mock/health")
    ]


# -- what a WSGI server cannot do ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "close"},
        {"kind": "hang"},
        {"kind": "cut", "keep": 3},
        {"kind": "slow", "size": 1, "pause": 1},
        {"kind": "garbage"},
        {"kind": "wrong_length", "by": 1},
        {"kind": "wrong_length", "by": -1},
        [{"kind": "delay", "seconds": 0}, {"kind": "reset"}],
    ],
)
def test_what_breaks_a_connection_or_http_needs_our_own_server(client, fault):
    rule(client, fault)
    response = client.get(NUMBERS, environ_overrides=THREADS)
    (line,) = journal(client)

    assert (501, "needs_own_server") == (response.status_code, response.json["error"]["code"])
    assert ("f1", 501, "overridden") == (line["fault"], line["status"], line["outcome"])


def test_a_magic_number_that_breaks_the_connection_needs_our_own_server_too(client):
    send = "/ibp_api.php?action=sms.send_message&access_key=foo&secret_access_key=bar&from=5554332111&message=hi&to="
    response = client.get(send + magic.NO_RESPONSE.first)

    assert (501, "needs_own_server") == (response.status_code, response.json["error"]["code"])


def test_a_late_response_holds_its_own_thread_where_the_server_has_others(client):
    rule(client, {"kind": "delay", "seconds": 0.01})
    response = client.get(NUMBERS, environ_overrides=THREADS)

    assert (200, "own") == (response.status_code, "own" if b"<result>" in response.data else response.data)


def test_a_late_response_needs_our_own_server_where_there_is_one_thread(client):
    rule(client, {"kind": "delay", "seconds": 3600})
    response = client.get(NUMBERS, environ_overrides={"wsgi.multithread": False})

    assert (501, "needs_own_server") == (response.status_code, response.json["error"]["code"])


def test_other_faults_are_as_everywhere(client):
    rule(client, {"kind": "static_response", "status": 503, "body": "busy"})

    assert (503, b"busy") == (client.get(NUMBERS).status_code, client.get(NUMBERS).data)


@pytest.mark.parametrize("path", [NUMBERS, "/", "/_mock/health", "/_mock/ui/", "/nowhere"])
def test_several_processes_are_rejected_with_the_reason_because_worlds_are_in_the_memory_of_one(client, path):
    response = client.get(path, environ_overrides={"wsgi.multiprocess": True})

    assert (503, "needs_one_process") == (response.status_code, response.json["error"]["code"])
    assert "gunicorn -w 1 --threads 8" in response.json["error"]["message"]


# -- our own server, with everything through Flask -------------------------------------------------------------------


def test_our_own_server_breaks_connections_by_way_of_flask_too():
    with MockServer(settings=Settings(port=0, wsgi=True)) as mock:
        mock.world.faults.add("close", match={"operation": "sms.get_numbers"})
        connection = http.client.HTTPConnection(mock.url.removeprefix("http://"), timeout=20)
        connection.request("GET", NUMBERS)
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
        (exchange,) = mock.world.journal()

    assert ("no_response", "close") == (exchange.outcome, exchange.ending)


def test_our_own_server_sends_only_requests_of_no_provider_through_flask():
    request = []
    with MockServer() as mock:
        app = mock.service.app
        app.before_request(lambda: request.append(flask.request.path))
        for path in (NUMBERS, "/_mock/worlds", "/_mock/health", "/nowhere", "/", "/messages/nowhere"):
            requests.get(mock.url + path, timeout=20)

    assert ["/_mock/worlds", "/"] == request  # a probe is answered on the event loop


# -- other servers ---------------------------------------------------------------------------------------------------


@contextmanager
def running(*command: str, host: str, port: int) -> Iterator[str]:
    """Run a WSGI server in a process of its own for as long as the block lasts, and return its URL."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MOCKSERVER_", "GUNICORN_"))
    }
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        url = f"http://{host}:{port}"
        for _ in range(600):  # until it listens; a connection that is rejected takes no time
            if process.poll() is not None:
                raise AssertionError(process.stdout.read() if process.stdout else "")
            with suppress(OSError), socket.create_connection((host, port), timeout=1):
                break
            Event().wait(0.1)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


GUNICORN = (sys.executable, "-m", "gunicorn", "mockserver.app:create_app()", "--bind")
FLASK = (sys.executable, "-m", "flask", "--app", "mockserver.app", "run", "--port")


@pytest.mark.parametrize("name", ["gunicorn", "flask"])
def test_other_wsgi_servers_of_one_process_send_the_same_responses(name, port, client):
    gunicorn = (*GUNICORN, f"127.0.0.1:{port}", "-w", "1", "--threads", "8")
    command = {"gunicorn": gunicorn, "flask": (*FLASK, str(port))}[name]
    with running(*command, host="127.0.0.1", port=port) as url:
        request = requests.get(url + NUMBERS, timeout=60)
        add_fault = {"fault": {"kind": "reset"}, "match": {"operation": "sms.get_numbers"}}
        added = requests.post(f"{url}/_mock/worlds/default/faults", json=add_fault, timeout=60)
        broken = requests.get(url + NUMBERS, timeout=60)
        page = requests.get(f"{url}/_mock/ui/", timeout=60)
        journal = requests.get(f"{url}/_mock/worlds/default/journal", timeout=60).json()["exchanges"]

    assert (200, client.get(NUMBERS).data) == (request.status_code, request.content)
    assert (201, 501, "needs_own_server") == (added.status_code, broken.status_code, broken.json()["error"]["code"])
    assert (200, [200, 501]) == (page.status_code, [line["status"] for line in journal])


def test_a_wsgi_server_of_two_processes_is_rejected_with_the_reason(port):
    with running(*GUNICORN, f"127.0.0.1:{port}", "-w", "2", host="127.0.0.1", port=port) as url:
        response = requests.get(url + NUMBERS, timeout=60)

    assert (503, "needs_one_process") == (response.status_code, response.json()["error"]["code"])
