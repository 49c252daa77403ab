"""Files that other tools have just written are read: mitmproxy, Chromium by its protocol, and Playwright."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import requests
from playwright.sync_api import sync_playwright

from contract_tests.fetching import fetched
from mockserver.har import RecordedExchange
from mockserver.har.reader import read_har_file
from mockserver.har.writer import har_chunks

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=xx"
PARTS = (
    '--xx\r\nContent-Disposition: form-data; name="text"\r\n\r\nzażółć\r\n'
    '--xx\r\nContent-Disposition: form-data; name="type"\r\n\r\nx\r\n--xx--\r\n'
)
REQUESTS = (
    ("/ibp_api.php?action=sms.get_numbers&access_key=foo", "GET", None, None),
    ("/ibp_api.php", "POST", FORM, "action=sms.send_message&message=za%C5%BC%C3%B3%C5%82%C4%87+%26"),
    ("/messages/send_sms.json", "POST", "application/json", '{"username":"demo","text":"zażółć 😀"}'),
    ("/messages/send_sms.xml", "POST", BOUNDARY, PARTS),
    ("/messages/nothing.json?a=b%20c", "GET", None, None),
)
"""Path, method, media type and body."""
FETCHES = json.dumps(
    [
        [path, {"method": method, "headers": {"Content-Type": kind} if kind else {}, "body": body}]
        for path, method, kind, body in REQUESTS
    ]
)
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def chromium() -> str:
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert program, "there is no chromium on this machine; `make test` installs it"
    return program


def check(server, found: list[RecordedExchange]) -> None:
    """Assert that a file has what was sent and received, to the byte."""
    sent = [each for each in found if "/_mock/" not in each.url and "favicon" not in each.url]
    kept = [server.world.exchange(row.number) for row in server.world.journal() if "favicon" not in row.address]

    assert [(method, f"{server.url}{path}") for path, method, _, _ in REQUESTS] == [
        (each.method, each.url) for each in sent
    ]
    assert [(body or "").encode() for _, _, _, body in REQUESTS] == [each.request_body for each in sent]
    assert [(each.response.status, each.response.body) for each in kept] == [
        (each.status, each.response_body) for each in sent
    ]
    assert [()] * len(sent) == [each.missing for each in sent]
    assert [kind for _, _, kind, _ in REQUESTS] == [
        next((value for name, value in each.request_headers if name.lower() == "content-type"), None) for each in sent
    ]
    assert all(each.duration is not None and each.started > 1_700_000_000_000_000 for each in sent)
    for each in sent:
        assert ("content-type", "text/xml; charset=UTF-8") in [
            (name.lower(), value) for name, value in each.response_headers
        ] or ("ibp_api" not in each.url)


@contextmanager
def running(*command: str, until: str, **options) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a program; yield it and the first group of the line that says that it is ready, and end it by SIGINT."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, **options
    ) as program:
        try:
            said = []
            for line in program.stdout:
                said.append(line)
                if ready := re.search(until, line):
                    break
            else:
                pytest.fail("".join(said))
            yield program, ready[1]
        finally:
            os.killpg(program.pid, signal.SIGINT)  # a browser has processes of its own
            program.wait(timeout=60)


def mitmproxy_environment() -> dict[str, str]:
    """Return the variables with which this Python finds mitmproxy, whose pins do not fit ours."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", "{}")
    needed = "mitmproxy==11.0.2"  # the last one for Python 3.11
    folder = fetched(f"{needed.replace('==', '-')}-{sys.version_info[0]}.{sys.version_info[1]}", *pip, needed)
    return {**os.environ, "PYTHONPATH": str(folder)}


@pytest.mark.parametrize("name", ["traffic.har", "traffic.zhar"])
def test_a_file_of_mitmproxy_is_read(server, tmp_path: Path, name: str):
    environment = mitmproxy_environment()
    program = "from mitmproxy.tools.main import mitmdump; mitmdump()"
    options = ("--listen-host", "127.0.0.1", "--listen-port", "0", "--set", f"confdir={tmp_path}")
    command = (sys.executable, "-u", "-c", program, *options, "--set", f"hardump={tmp_path / name}")
    with running(*command, until=r"listening at .*?127\.0\.0\.1:(\d+)", env=environment) as (_, port):
        session = requests.Session()
        session.trust_env = False
        session.proxies = {"http": f"http://127.0.0.1:{port}"}
        for path, method, kind, body in REQUESTS:
            headers = {"Content-Type": kind} if kind else {}
            session.request(method, server.url + path, data=body and body.encode(), headers=headers, timeout=30)
        session.close()

    check(server, list(read_har_file(tmp_path / name)))


def test_a_file_of_chromium_by_its_protocol_is_read(server, tmp_path: Path):
    needed = "chrome-har-capturer@0.14.4"
    npm = ("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", "{}")
    modules = fetched(needed.replace("@", "-"), *npm, needed) / "node_modules"
    browser = (
        chromium(),
        *ARGUMENTS,
        "--headless",
        "--remote-debugging-port=0",
        f"--user-data-dir={tmp_path / 'profile'}",
    )
    script = Path(__file__).parent / "capture.cjs"
    with running(*browser, until=r"DevTools listening on ws://127\.0\.0\.1:(\d+)") as (_, port):
        command = ("node", script, modules, port, f"{server.url}/_mock/health", FETCHES)
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (0, "") == (done.returncode, done.stderr)
    (tmp_path / "traffic.har").write_text(done.stdout)

    check(server, list(read_har_file(tmp_path / "traffic.har")))


@pytest.mark.parametrize(
    ("name", "content"), [("traffic.har", "embed"), ("beside.har", "attach"), ("traffic.zip", "attach")]
)
def test_a_file_of_playwright_is_read(server, tmp_path: Path, name: str, content: str):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        context = browser.new_context(record_har_path=tmp_path / name, record_har_content=content)
        page = context.new_page()
        page.goto(f"{server.url}/_mock/health")
        page.evaluate(
            f"async () => {{ for (const [path, options] of {FETCHES}) await (await fetch(path, options)).text() }}"
        )
        context.close()
        browser.close()

    check(server, list(read_har_file(tmp_path / name)))


# -- and they read ours --------------------------------------------------------------------------------------------------------

OURS = RecordedExchange(
    index=0,
    started=1_764_500_000_123_456,
    duration=41_500,
    method="POST",
    url="https://api2.serwersms.pl/messages/send_sms.json?a=b",
    request_headers=(("Host", "api2.serwersms.pl"), ("Content-Type", "application/json")),
    request_body='{"text":"zażółć 😀"}'.encode(),
    status=200,
    reason="OK",
    response_headers=(("Content-Type", "application/json"), ("Access-Control-Allow-Origin", "*")),
    response_body='{"error":"błąd"}'.encode(),
)
BINARY = msgspec.structs.replace(
    OURS,
    method="GET",
    url="https://api2.serwersms.pl/files/view",
    request_headers=(("Host", "api2.serwersms.pl"),),
    request_body=b"",
    response_headers=(("Content-Type", "application/octet-stream"),),
    response_body=b"\xff\x00\xfe",
)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "ours.har"
    path.write_bytes(b"".join(har_chunks([OURS, BINARY])))
    return path


def test_mitmproxy_reads_ours(ours: Path):
    program = (
        "import sys; from mitmproxy.io import read_flows_from_paths\n"
        "for flow in read_flows_from_paths(sys.argv[1:]):\n"
        "    asked, got = flow.request, flow.response\n"
        "    print([asked.method, asked.url, asked.content, got.status_code, got.content, asked.timestamp_start])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, ours], capture_output=True, text=True, timeout=120, env=mitmproxy_environment()
    )

    assert [
        str([each.method, each.url, each.request_body, 200, each.response_body, each.started / 1_000_000])
        for each in (OURS, BINARY)
    ] == done.stdout.splitlines(), done.stderr


def test_playwright_plays_ours(ours: Path):
    asked = "async ([url, options]) => { const got = await fetch(url, options); return [got.status, [...new Uint8Array(await got.arrayBuffer())]] }"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = browser.new_page()
        page.route_from_har(ours)
        options = {
            "method": "POST",
            "body": OURS.request_body.decode(),
            "headers": {"Content-Type": "application/json"},
        }
        found = page.evaluate(asked, [OURS.url, options])
        browser.close()

    assert [200, list(OURS.response_body)] == found
