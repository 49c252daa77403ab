"""The journal as a HAR file: by the control API, the Python client, the command line, exec and the page."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from contract_tests.commands import run_command
from mockserver.client import ControlError
from mockserver.har.reader import read_har, read_har_file


@pytest.fixture
def world(server):
    world = server.create_world("small", id="mine", freeze="2026-06-01T12:00:00Z")
    user, secret = world.login("dialogtech", "documents")
    send = {"action": "sms.send_message", "access_key": user, "secret_access_key": secret, "from": "5554332111"}
    requests.post(f"{server.url}/ibp_api.php", {**send, "to": "5556667777", "message": "Hello Jan"}, timeout=30)
    requests.get(
        f"{server.url}/_w/mine/messages/recived.json?phone=500600700",
        headers={"Authorization": f"Bearer {secret}"},
        timeout=30,
    )
    return world


def read(document: object) -> list:
    return list(read_har(io.BytesIO(json.dumps(document).encode())))


def test_exchanges_are_exported_at_the_providers_host_with_stand_ins(world):
    user, secret = world.login("dialogtech", "documents")
    document = world.har()
    sent, read_ = read(document)

    assert not {user, secret} & set(json.dumps(document).split('"'))
    assert user not in json.dumps(document)
    assert ("POST", "https://secure.dialogtech.com/ibp_api.php", 200, "OK") == (
        sent.method,
        sent.url,
        sent.status,
        sent.reason,
    )
    assert (
        b"action=sms.send_message&access_key=access_key-1&secret_access_key=secret_access_key-1"
        b"&from=5554332111&to=5556667777&message=Hello+Jan"
    ) == sent.request_body
    assert "https://api2.serwersms.pl/messages/recived.json?phone=500600700" == read_.url
    assert ("Authorization", "Bearer secret_access_key-1") in read_.request_headers
    assert 1_780_315_200_000_000 == sent.started
    assert world.exchange(1).response.body == sent.response_body


def test_people_are_replaced_on_request(world):
    sent, read_ = read(world.har(anonymise=True))

    assert sent.request_body.endswith(b"&from=5554000001&to=5556000002&message=Aceln+Osz")
    assert read_.url.endswith("?phone=500000003")


def test_the_filters_are_those_of_the_list(world):
    assert ["https://api2.serwersms.pl/messages/recived.json?phone=500600700"] == [
        each.url for each in read(world.har(provider="serwersms"))
    ]
    assert 1 == len(read(world.har(since=1)))
    with pytest.raises(ControlError, match=r"provider must be .*, not 'other'"):
        world.har(provider="other")


def test_a_response_that_the_client_never_got_is_missing(server, world):
    world.faults.add("reset")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/_w/mine/ibp_api.php?action=sms.get_numbers", timeout=30)
    (lost,) = read(world.har(since=2))

    assert (0, b"", ("there was no response: the connection was reset",)) == (
        lost.status,
        lost.response_body,
        lost.missing,
    )


def test_bytes_that_are_no_http_are_left_out_and_the_comment_says_so(server, world):
    with server_socket(server) as connection:
        connection.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
        connection.recv(1000)
    document = server.world.har()

    assert ([], "1 are left out because they are no HTTP") == (document["log"]["entries"], document["log"]["comment"])


def server_socket(server):
    import socket

    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30)


def test_the_client_writes_a_file(world, tmp_path: Path):
    assert 2 == world.save_har(tmp_path / "traffic.har")
    assert read(world.har()) == list(read_har_file(tmp_path / "traffic.har"))


def test_the_command_writes_a_file_and_says_how_many_exchanges_it_has(server, world, tmp_path: Path):
    path = tmp_path / "traffic.har"
    done = run_command(
        "journal", "--har", path, "--world", "mine", "--server", server.url, "--operation", "sms.send_message"
    )

    assert (0, f"wrote 1 exchange to {path}\n", "") == (done.returncode, done.stdout, done.stderr)
    assert read(world.har(operation="sms.send_message")) == list(read_har_file(path))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--anonymise",), "--anonymise is for --har"),
        (("--har", "x.har", "--follow"), "--har excludes --follow, --order and --limit"),
    ],
)
def test_options_that_exclude_each_other_are_misuse(server, world, options, complaint):
    done = run_command("journal", *options, "--world", "mine", "--server", server.url)

    assert (2, "") == (done.returncode, done.stdout)
    assert complaint in done.stderr


def test_exec_writes_what_its_command_sent_whatever_the_commands_exit_code(tmp_path: Path):
    path = tmp_path / "a" / "traffic.har"
    curl = 'curl -sS "https://secure.dialogtech.com/ibp_api.php?action=sms.get_numbers&api_key=wrong"; exit 3'
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "exec", "--har", path, "--", "sh", "-c", curl],
        capture_output=True,
        text=True,
        timeout=120,
    )
    (sent,) = read_har_file(path)

    assert (3, "") == (done.returncode, done.stderr)
    assert "https://secure.dialogtech.com/ibp_api.php?action=sms.get_numbers&api_key=[masked]" == sent.url
    assert done.stdout.encode() == sent.response_body


def test_the_page_exports_what_its_filter_shows(server, world):
    got = requests.get(
        f"{server.url}/_mock/ui/worlds/mine/exchanges/export?q=operation:send&anonymise=true", timeout=30
    )

    assert "attachment; filename=mine.har" == got.headers["Content-Disposition"]
    assert read(world.har(operation="sms.send_message", anonymise=True)) == read(got.json())
