"""``mockserver record`` and ``serve --record``: clients that nobody changed, and what is in the file afterwards."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.commands import run_command
from contract_tests.intercept.scripted_upstream import ScriptedUpstream, plain
from mockserver.har.reader import read_har_file
from mockserver.intercept.ca import CertificateAuthority
from mockserver.server import MockServer
from mockserver.settings import Settings

HOST = "api2.serwersms.pl"
COMMAND = [sys.executable, "-m", "mockserver"]
SECRET = "dHJ1c3Qtbm8tb25l"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """Signs the provider's certificate; the recording trusts it by --upstream-ca."""
    return CertificateAuthority(tmp_path_factory.mktemp("upstream-ca"))


@pytest.fixture
def upstream(ca):
    server = ScriptedUpstream(ca.context([]))
    with contextlib.closing(server):
        yield server


@pytest.fixture
def record(ca, upstream, tmp_path):
    """Run `mockserver record` with the arguments of a test, in a folder of its own, against the scripted upstream."""

    def run(*arguments, **options):
        line = [
            *COMMAND,
            "record",
            "--upstream",
            f"{HOST}={upstream.url}",
            "--upstream-ca",
            str(ca.certificate),
            *arguments,
        ]
        return subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=tmp_path, **options)

    return run


PHP = r"""
foreach (["GET", "POST", "HEAD"] as $method) {
    $curl = curl_init($argv[1] . "/messages/reports.json");
    $options = [CURLOPT_HEADER => true, CURLOPT_RETURNTRANSFER => true, CURLOPT_ENCODING => "gzip", CURLOPT_CUSTOMREQUEST => $method];
    if ($method === "HEAD") $options[CURLOPT_NOBODY] = true;
    if ($method === "POST") $options[CURLOPT_POSTFIELDS] = "text=" . urlencode("zażółć &+%#");
    curl_setopt_array($curl, $options);
    echo curl_exec($curl), "\n";
}
"""
NODE = r"""
(async () => {
    for (const method of ["GET", "POST", "HEAD"]) {
        const body = method === "POST" ? new URLSearchParams({ text: "zażółć &+%#" }) : undefined;
        const response = await fetch(process.argv[1] + "/messages/reports.json", { method, body });
        console.log(response.status, response.statusText, JSON.stringify([...response.headers]));
        console.log(Buffer.from(await response.arrayBuffer()).toString("hex"));
    }
})();
"""
PYTHON = r"""
import sys, requests
with requests.Session() as session:
    for method in ("GET", "POST", "HEAD"):
        data = {"text": "zażółć &+%#"} if method == "POST" else None
        response = session.request(method, sys.argv[1] + "/messages/reports.json", data=data)
        print(response.status_code, response.reason, list(response.headers.items()), response.content)
"""


@pytest.mark.parametrize("client", ["php", "node", "requests"])
def test_a_client_sends_and_gets_what_it_does_without_a_recording(client, record, upstream, ca, tmp_path):
    body = gzip.compress("Cześć".encode(), mtime=0)
    response = plain(body, b"X-b: 2", b"content-TYPE: text/plain", b"Content-Encoding: gzip", b"X-A: 1", b"Date: now")

    def script(sock, request):
        sock.sendall(response.replace(body, b"") if request.startswith(b"HEAD") else response)

    upstream.script = script
    certificate = str(ca.certificate)
    command = {
        "php": ["php", "-r", PHP, "--"],
        "node": ["node", "-e", NODE],
        "requests": [sys.executable, "-c", PYTHON],
    }[client]
    variables = {"NODE_EXTRA_CA_CERTS": certificate, "REQUESTS_CA_BUNDLE": certificate}
    if client == "php":
        (tmp_path / "php.ini").write_text(f'curl.cainfo="{certificate}"\n')
        variables = {"PHP_INI_SCAN_DIR": f":{tmp_path}"}
    direct = subprocess.run([*command, upstream.url], capture_output=True, text=True, env={**os.environ, **variables})
    asked, upstream.requests[:] = list(upstream.requests), []
    # The parent's own certificates are trusted by a recorded client too; here it knows none of the provider's.
    recorded = record("--", *command, f"https://{HOST}")

    assert direct.stdout.splitlines() == without_tunnel(recorded.stdout).splitlines()
    assert 0 == recorded.returncode, recorded.stderr
    assert direct.stdout.count("200") == 3
    assert [without_connection(each) for each in asked] == [without_connection(each) for each in upstream.requests]
    exchanges = list(read_har_file(tmp_path / "traffic.har"))
    assert ["GET", "POST", "HEAD"] == [each.method for each in exchanges]
    assert [f"https://{HOST}/messages/reports.json"] * 3 == [each.url for each in exchanges]
    assert ["Cześć".encode()] * 2 + [b""] == [each.response_body for each in exchanges]


def without_tunnel(text):
    """Leave out what PHP's curl shows of the connection to the proxy, and ours that ends after Node's HEAD."""
    return text.replace("HTTP/1.1 200 Connection established\n\n", "").replace('["connection","close"],', "")


def without_connection(request):
    """Return the lines of a request without those that differ by the host that a client was given."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"host:", b"connection:"))]
    return [*lines, body]


def curl(*arguments):
    return ["--", "curl", "-sS", "--max-time", "60", *arguments]


def test_no_secret_is_in_the_file_and_only_its_owner_can_read_it(record, upstream, tmp_path):
    upstream.script = lambda sock, request: sock.sendall(
        plain(f'{{"you":"{SECRET}"}}'.encode(), b"Content-Type: application/json")
    )

    done = record(
        *curl(f"https://{HOST}/account/limits.json", "-d", f"username=u&password={SECRET}", "-H", f"X-Note: {SECRET}")
    )

    assert (0, f'{{"you":"{SECRET}"}}') == (done.returncode, done.stdout)
    assert SECRET.encode() in upstream.requests[0]
    file = tmp_path / "traffic.har"
    assert SECRET not in file.read_text()
    assert 0o600 == file.stat().st_mode & 0o777


def test_it_says_on_stderr_what_is_recorded_and_where_requests_go(record, upstream, tmp_path):
    done = record("--out", "sent.har", *curl(f"https://{HOST}/"))

    assert ("ok", 0) == (done.stdout, done.returncode)
    assert [
        "mockserver: recording in sent.har; secrets are replaced in it",
        "mockserver: requests for secure.dialogtech.com, secure.ifbyphone.com, communicatepro.mgage.com, s1api2.serwersms.pl go to the real provider: what they send is really sent",
        f"mockserver: requests for {HOST} go to {upstream.url}",
        "mockserver: 1 exchange recorded in sent.har",
    ] == done.stderr.splitlines()


def test_the_exit_code_is_the_commands_and_nothing_recorded_leaves_no_file(record, tmp_path):
    done = record("--", sys.executable, "-c", "import sys; sys.exit(7)")

    assert 7 == done.returncode
    assert "mockserver: nothing was recorded, and there is no traffic.har: " in done.stderr
    assert [] == list(tmp_path.iterdir())


def test_a_file_that_exists_is_kept_unless_it_is_to_be_overwritten(record, upstream, tmp_path):
    (tmp_path / "traffic.har").write_text("mine")
    ask = curl(f"https://{HOST}/")

    kept = record(*ask)
    assert (2, "mine", []) == (kept.returncode, (tmp_path / "traffic.har").read_text(), upstream.requests)
    assert "mockserver: traffic.har exists; --overwrite replaces it\n" == kept.stderr

    assert 0 == record("--overwrite", "--", "true").returncode
    assert "mine" == (tmp_path / "traffic.har").read_text()  # nothing was recorded in its place
    assert 0 == record("--overwrite", *ask).returncode
    assert 1 == len(list(read_har_file(tmp_path / "traffic.har")))


def test_a_file_stays_as_it_was_if_nothing_is_recorded_in_its_place(record, tmp_path):
    file = tmp_path / "traffic.har"
    file.write_text("mine")

    done = record("--overwrite", "--", "no-such-program")

    assert (127, "mine") == (done.returncode, file.read_text())
    assert "mockserver: nothing was recorded, and traffic.har is as it was: " in done.stderr


def test_two_recordings_do_not_write_one_file(record, tmp_path):
    inner = [*COMMAND, "record", "--overwrite", "--", "true"]

    done = record("--overwrite", "--", *inner)

    assert 2 == done.returncode
    assert "mockserver: traffic.har: another recording is writing this file\n" in done.stderr


def test_what_was_recorded_before_kill_9_can_be_read(record, upstream, tmp_path):
    program = f"curl -sS https://{HOST}/1 && curl -sS https://{HOST}/2 && kill -9 $PPID"

    done = record("--", "sh", "-c", program)

    assert -signal.SIGKILL == done.returncode
    assert [f"https://{HOST}/1", f"https://{HOST}/2"] == [each.url for each in read_har_file(tmp_path / "traffic.har")]


def test_what_the_end_of_the_command_interrupts_is_incomplete(record, upstream, tmp_path):
    def script(sock, request):
        (tmp_path / "asked").touch()
        assert b"" == sock.recv(1)  # until the connection ends

    upstream.script = script
    program = f"curl -sS https://{HOST}/1 & while ! test -e asked; do sleep 0.1; done; exit 3"

    done = record("--", "sh", "-c", program)

    assert 3 == done.returncode
    assert "mockserver: 1 exchange recorded in traffic.har, 1 of them incomplete\n" in done.stderr
    (entry,) = read_har_file(tmp_path / "traffic.har")
    assert (f"https://{HOST}/1", 0) == (entry.url, entry.status)


def test_what_is_incomplete_is_said_at_the_end(record, upstream):
    upstream.script = lambda sock, request: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")

    done = record(*curl(f"https://{HOST}/a?password=x"))

    assert 18 == done.returncode  # curl: "transfer closed with 3 bytes remaining to read"
    assert [
        "mockserver: 1 exchange recorded in traffic.har, 1 of them incomplete",
        f"mockserver: exchange 1 is incomplete: GET https://{HOST}/a: the end of the response was not recorded: the server closed the connection in the middle of its response",
    ] == [line for line in done.stderr.splitlines() if "exchange" in line]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--upstream", "example.com=https://x.example"), "example.com is not a provider's host; these are: "),
        (("--upstream", "nonsense"), "an upstream is HOST=URL, not "),
        (("--upstream-ca", "/nowhere.pem"), "/nowhere.pem"),
        (("--out", f"{__file__}/traffic.har"), __file__),
        (("--overwrite", "--out", "/dev/null"), "a recording needs a file of its own"),
    ],
)
def test_what_cannot_be_used_is_misuse_and_nothing_is_started(options, why, tmp_path):
    done = run_command("record", "--out", tmp_path / "a.har", *options, "--", "touch", tmp_path / "started")

    assert 2 == done.returncode, done.stderr
    assert why in done.stderr
    assert [] == list(tmp_path.iterdir())


def test_the_child_is_told_of_no_mock_server(record, tmp_path):
    program = "import os; print(os.environ.get('MOCKSERVER_URL'))"

    assert "None\n" == record("--", sys.executable, "-c", program).stdout


def test_a_server_records_what_comes_by_its_proxy_and_serves_the_rest(ca, upstream, tmp_path):
    file, ready = tmp_path / "traffic.har", tmp_path / "ready.json"
    options = [
        "--port",
        "0",
        "--ready-file",
        ready,
        "--record",
        file,
        "--upstream",
        f"{HOST}={upstream.url}",
        "--upstream-ca",
        ca.certificate,
    ]
    read, write = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "serve", *map(str, options), "--ready-fd", str(write)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[write],
    )
    os.close(write)
    with process, os.fdopen(read) as notice:
        found = json.loads(notice.readline())
        recorded = ask(found, "--proxy", found["proxy_url"], f"https://{HOST}/messages/reports.json")
        served = ask(found, f"{found['url']}/ibp_api.php")
        assert 1 == len(list(read_har_file(file)))
        process.terminate()
        _, errors = process.communicate(timeout=60)

    assert "ok" == recorded
    assert "<result>failed</result>" in served
    assert [f"https://{HOST}/messages/reports.json"] == [each.url for each in read_har_file(file)]
    assert f"mockserver: recording in {file}; secrets are replaced in it" == errors.splitlines()[0]
    assert f"mockserver: 1 exchange recorded in {file}" == errors.splitlines()[-1]


def ask(found, *arguments):
    command = ["curl", "-sS", "--max-time", "60", "--cacert", found["certificate"], *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_server_that_records_needs_its_proxy(tmp_path):
    done = run_command("serve", "--port", "0", "--no-proxy", "--record", tmp_path / "a.har")

    assert (2, "") == (done.returncode, done.stdout)
    assert "--record records what comes by the proxy" in done.stderr


def test_a_server_that_cannot_start_leaves_no_file(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run_command("serve", "--port", taken.getsockname()[1], "--record", tmp_path / "a.har")

    assert 2 == done.returncode
    assert [] == list(tmp_path.iterdir())


def test_a_server_records_nothing_unless_it_is_told_to():
    assert (None, ()) == (Settings().record, Settings().upstreams)
    with MockServer(proxy=True) as server:
        assert server.proxy_url
        assert 3 == len(server.urls)


def test_a_second_server_plays_the_provider_over_tls(tmp_path):
    with MockServer(https=True, settings=Settings(port=0, ca=tmp_path / "ca")) as provider:
        login = "username=demo&password=demo"
        line = [
            *COMMAND,
            "record",
            *("--out", str(tmp_path / "traffic.har")),
            *("--upstream", f"{HOST}={provider.https_url}"),
            *("--upstream-ca", str(provider.ca.certificate)),
            *curl(f"https://{HOST}/messages/send_sms.json", "-d", f"{login}&phone=500600700&text=hej&details=true"),
            *("--next", "-sS", f"https://{HOST}/account/limits.json", "-d", login),
        ]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120)

    assert 0 == done.returncode, done.stderr
    sent, limits = read_har_file(tmp_path / "traffic.har")
    assert sent.response_body.decode() + limits.response_body.decode() == done.stdout
    assert (200, 200) == (sent.status, limits.status)
    assert b'"success":true' in sent.response_body
    assert b"demo" not in sent.request_body + limits.request_body


def test_files_that_a_recording_leaves_are_its_own(tmp_path):
    """The environment of the command is as under `mockserver exec`; nothing else is left in the folder."""
    done = run_command("record", "--out", tmp_path / "a.har", "--", "true")

    assert 0 == done.returncode
    assert [] == list(Path(tmp_path).iterdir())
