"""The certificates that a user's variables name are still trusted by the programs that are redirected to a server."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import trustme

from mockserver.intercept.environment import child_variables, client_environment
from mockserver.intercept.trust import Folder, Trust

PATIENCE = 170


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate of a company's CA, as a file and as a Java trust store."""
    folder, ca = tmp_path_factory.mktemp("company"), trustme.CA()
    ca.cert_pem.write_to_path(folder / "company.pem")
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "leaf.pem")
    keytool = ["keytool", "-importcert", "-noprompt", "-alias", "company", "-storetype", "JKS"]
    files = ["-file", str(folder / "company.pem"), "-keystore", str(folder / "store.jks"), "-storepass", "secret"]
    subprocess.run([*keytool, *files], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def url(company: Path) -> Iterator[str]:
    """A server of the company on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(company / "leaf.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Trust(Folder(tmp_path_factory.mktemp("trust")), trustme.CA().cert_pem.bytes())


PROGRAMS = {
    "curl": ["curl", "-sS", "{url}"],
    "wget": ["wget", "-qO-", "{url}"],
    "urllib": [sys.executable, "-c", "from urllib.request import urlopen; print(urlopen('{url}').read().decode())"],
    "requests": [sys.executable, "-c", "import requests; print(requests.get('{url}').text)"],
    "httpx": [sys.executable, "-c", "import httpx; print(httpx.get('{url}').text)"],
    "node": ["node", "-e", "fetch('{url}').then(r => r.text()).then(console.log)"],
    "ruby": ["ruby", "-rnet/http", "-e", "puts Net::HTTP.get(URI('{url}'))"],
    "perl": ["perl", "-MLWP::UserAgent", "-e", "print LWP::UserAgent->new->get('{url}')->decoded_content"],
    "php": ["php", "-r", "echo file_get_contents('{url}');"],
    "java": ["java", "{java}", "{url}"],
}
JAVA = """
import java.net.URI;

class Get {
    public static void main(String[] arguments) throws Exception {
        System.out.print(new String(new URI(arguments[0]).toURL().openStream().readAllBytes()));
    }
}
"""


@pytest.mark.parametrize(
    ("program", "variables"),
    [
        *((program, {"SSL_CERT_FILE": "{0}/company.pem"}) for program in PROGRAMS),
        ("requests", {"REQUESTS_CA_BUNDLE": "{0}/company.pem"}),
        ("curl", {"SSL_CERT_DIR": "/nowhere:{0}"}),
        ("node", {"NODE_EXTRA_CA_CERTS": "{0}/company.pem"}),
        ("perl", {"PERL_LWP_SSL_CA_FILE": "{0}/company.pem"}),
        ("java", {"JAVA_TOOL_OPTIONS": "-Djavax.net.ssl.trustStore={0}/store.jks"}),
        ("java", {"JDK_JAVA_OPTIONS": "-Djavax.net.ssl.trustStore={0}/store.jks -Dx=y"}),
        ("php", {"PHP_INI_SCAN_DIR": "{0}/php"}),
        ("wget", {"WGETRC": "{0}/wgetrc"}),
    ],
)
def test_a_redirected_program_trusts_what_the_users_variables_name(
    company: Path, url: str, trust: Trust, tmp_path: Path, program: str, variables: dict[str, str]
) -> None:
    java = tmp_path / "Get.java"
    java.write_text(JAVA)
    (company / "php").mkdir(exist_ok=True)
    (company / "php" / "own.ini").write_text(f'openssl.cafile = "{company}/company.pem"\n')
    wgetrc = f"tries = 1\nca_certificate = {company}/company.pem\n"
    (company / "wgetrc").write_text(wgetrc)
    parent = os.environ | {name: value.format(company) for name, value in variables.items()}
    to = client_environment(
        trust,
        "http://127.0.0.1:1",
        "http://127.0.0.1:1",
        ["api2.serwersms.pl"],
        parent,
        wgetrc.encode() if program == "wget" else b"",
    )
    command = [word.replace("{url}", url).replace("{java}", str(java)) for word in PROGRAMS[program]]
    done = subprocess.run(
        command,
        env=parent | child_variables(parent, to),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (0, "hello") == (done.returncode, done.stdout.strip()), done.stderr


def test_exec_keeps_the_users_certificates(company: Path, url: str) -> None:
    command = [sys.executable, "-m", "mockserver", "exec", "--", "curl", "-sS", url]
    environment = os.environ | {"SSL_CERT_FILE": str(company / "company.pem")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert (0, "hello", "") == (done.returncode, done.stdout, done.stderr)
