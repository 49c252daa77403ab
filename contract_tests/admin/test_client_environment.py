"""``GET /_mock/env`` and the addresses: what a client on another machine needs, without Python there."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from contract_tests.commands import run_command
from mockserver.server import MockServer
from mockserver.settings import Settings

NUMBERS = "https://secure.dialogtech.com/ibp_api.php?action=sms.get_numbers&access_key=foo&secret_access_key=bar"


@pytest.fixture
def mock(service) -> Iterator[MockServer]:
    with MockServer(service, https=True, proxy=True) as server:
        yield server


def at(server: MockServer, host: str, path: str, **query: str) -> httpx.Response:
    """Ask the control API by another host name, as from another machine."""
    port = server.url.rpartition(":")[2]
    return httpx.get(server.url + path, params=query, headers={"Host": f"{host}:{port}"})


@pytest.mark.parametrize("host", ["mock.localhost", "[::1]"])
def test_the_addresses_have_the_host_that_was_asked(mock: MockServer, host: str) -> None:
    found = at(mock, host, "/_mock/addresses").json()
    own = mock.addresses()

    assert {name: own[name].replace("127.0.0.1", host) for name in ("http", "https", "proxy")} == {
        name: found[name] for name in ("http", "https", "proxy")
    }


def test_the_port_that_was_asked_is_the_one_that_a_container_publishes(mock: MockServer) -> None:
    found = httpx.get(f"{mock.url}/_mock/addresses", headers={"Host": "localhost:8080"}).json()

    assert "http://localhost:8080" == found["http"]
    assert mock.proxy_url.replace("127.0.0.1", "localhost") == found["proxy"]


def test_the_control_api_is_not_served_at_a_provider_s_host(mock: MockServer) -> None:
    context = ssl.create_default_context(cafile=str(mock.ca.certificate))
    with httpx.Client(proxy=mock.proxy_url, verify=context) as client:
        found = client.get("https://api2.serwersms.pl/_mock/addresses")

    assert (421, "misdirected_request") == (found.status_code, found.json()["error"]["code"])


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("command", [["curl", "-sS", NUMBERS], ["php", "{program}"]])
def test_a_shell_without_python_evaluates_the_environment(
    mock: MockServer, tmp_path: Path, shell: str, command: list[str]
) -> None:
    folder = tmp_path / "it's here"
    (tmp_path / "get.php").write_text(f"<?php echo file_get_contents('{NUMBERS}');")
    program = f"""set -eu
        variables=$(curl -fsS -G --data-urlencode folder="$1" {mock.url}/_mock/env)
        eval "$variables"
        eval "$variables"
        shift
        "$@"
    """
    done = subprocess.run(
        [
            shell,
            "-c",
            program,
            shell,
            str(folder),
            *(word.replace("{program}", str(tmp_path / "get.php")) for word in command),
        ],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "</response>" in done.stdout


def test_the_script_keeps_the_certificates_of_the_machine_that_runs_it(mock: MockServer, tmp_path: Path) -> None:
    company = trustme.CA().cert_pem
    company.write_to_path(tmp_path / "company.pem")
    program = f'eval "$(curl -fsS {mock.url}/_mock/env?folder={tmp_path}/ours)"; cat "$SSL_CERT_FILE"'
    environment = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": str(tmp_path / "company.pem")}
    done = subprocess.run(["sh", "-c", program], env=environment, capture_output=True, check=True)

    assert company.bytes() in done.stdout
    assert Path(mock.ca.certificate).read_bytes() in done.stdout


def test_the_variables_are_those_of_the_command_in_every_syntax(mock: MockServer) -> None:
    def served(shell: str) -> str:
        return at(mock, "127.0.0.1", "/_mock/env", shell=shell, folder="/certs").text

    variables = json.loads(served("json"))

    assert list(json.loads(run_command("env", "--server", mock.url, "--format", "json").stdout)) == list(variables)
    assert mock.url == variables["MOCKSERVER_URL"]
    assert variables["SSL_CERT_FILE"].startswith("/certs/bundle-")
    assert served("dotenv").splitlines() == [f"{name}={value}" for name, value in variables.items()]
    for shell, line in {
        "sh": "export {}='{}'",
        "fish": "set -gx {} '{}'",
        "powershell": "$env:{} = '{}'",
    }.items():
        lines = [line.format(name, value) for name, value in variables.items()]
        assert lines == served(shell).splitlines()[-len(lines) :]


def test_a_value_that_needs_quotes_has_them_in_a_dotenv_file(mock: MockServer) -> None:
    found = at(mock, "127.0.0.1", "/_mock/env", shell="dotenv", folder="/a#b").text.splitlines()

    assert any(line.startswith("SSL_CERT_FILE='/a#b/bundle-") for line in found)


def test_the_variables_name_the_host_that_was_asked(mock: MockServer) -> None:
    found = at(mock, "mock.localhost", "/_mock/env", shell="json").json()

    assert mock.proxy_url.replace("127.0.0.1", "mock.localhost") == found["HTTPS_PROXY"]
    assert found["NO_PROXY"].endswith(",mock.localhost")


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"shell": "cmd"}, 400, "shell must be 'sh', 'fish', 'powershell', 'dotenv' or 'json', not 'cmd'"),
        ({"folder": "certs"}, 400, "folder must be an absolute path, not 'certs'"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(mock: MockServer, query: dict[str, str], status: int, message: str) -> None:
    response = at(mock, "localhost", "/_mock/env", **query)

    assert (status, message) == (response.status_code, response.json()["error"]["message"])


def test_a_server_without_a_proxy_has_no_such_environment(service) -> None:
    with MockServer(service, https=True) as server:
        response = at(server, "localhost", "/_mock/env")

    assert 404 == response.status_code
    assert (
        "this server has no proxy; it was started with --no-proxy, or not by mockserver serve"
        == response.json()["error"]["message"]
    )


def test_the_certificate_covers_the_given_names(service, tmp_path: Path) -> None:
    settings = Settings(port=0, names=("mockserver", "10.1.2.3"), ca=tmp_path / "ca")
    with MockServer(service, settings, https=True) as server:
        for name in settings.names:
            pem = ssl.get_server_certificate(("127.0.0.1", int(server.https_url.rpartition(":")[2])))
            (tmp_path / "leaf.pem").write_text(pem)
            command = ["openssl", "x509", "-noout", "-checkip" if name[0].isdigit() else "-checkhost", name]
            done = subprocess.run([*command, "-in", tmp_path / "leaf.pem"], capture_output=True, text=True, check=True)
            assert "does match certificate" in done.stdout


def test_the_names_are_a_variable_with_commas() -> None:
    settings, unknown = Settings.from_environment({"MOCKSERVER_NAMES": "mockserver, sms.test"})

    assert (("mockserver", "sms.test"), []) == (settings.names, unknown)
