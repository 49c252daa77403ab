"""``mockserver doctor``: every runtime of this machine, and one that is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from contract_tests.commands import run_command
from mockserver.intercept.doctor import RUNTIMES, ProbePair, Runtime, interpret_probe
from mockserver.sdk.provider import Probe

COMMAND = [sys.executable, "-m", "mockserver", "doctor"]
INSTALLED = sorted({runtime.name for runtime in RUNTIMES} - {"PowerShell"})  # which Debian does not package


def run(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    folders = [*filter(None, [path]), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = os.environ | {"PATH": os.pathsep.join(folders)}
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=170, env=environment)


@pytest.mark.parametrize("name", INSTALLED)
def test_an_unmodified_runtime_reaches_the_server(name: str) -> None:
    done = run("--only", name, "--format", "json")
    findings = json.loads(done.stdout)
    expected = {"result": "works", "proxy": True, "certificate": True, "advice": None}
    clients = [runtime.client for runtime in RUNTIMES if runtime.name == name]

    assert [{"runtime": name, "client": client, **expected} for client in clients] == findings
    assert (0, "") == (done.returncode, done.stderr)


def test_a_runtime_that_is_not_installed_is_listed_and_is_no_failure() -> None:
    done = run("--only", "powershell")

    assert 0 == done.returncode
    assert ["PowerShell  Invoke-WebRequest  not installed  -      -"] == done.stdout.splitlines()[1:]


@pytest.mark.parametrize(
    ("forgets", "row", "advice"),
    [
        ("https_proxy http_proxy HTTPS_PROXY", "curl             fails   no     -", "use the proxy"),
        ("CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR", "curl             fails   yes    no", "trust the certificate"),
    ],
)
def test_a_runtime_that_does_not_reach_the_server_is_a_failure_with_advice(
    tmp_path: Path, forgets: str, row: str, advice: str
) -> None:
    curl = tmp_path / "curl"
    # What a real host would do is no concern of this test: without the proxy its name leads to this machine, and nowhere.
    away = "--connect-to ::127.0.0.1:9" if "proxy" in forgets else ""
    real = subprocess.run(["which", "curl"], capture_output=True, text=True, check=True).stdout.strip()
    curl.write_text(f'#!/bin/sh\nunset {forgets}\nexec {real} {away} "$@"\n')
    curl.chmod(0o755)
    done = run("--only", "curl", path=str(tmp_path))

    assert 1 == done.returncode
    assert row == done.stdout.splitlines()[1]
    assert done.stderr.startswith("curl: it does not " + advice)
    assert "it must use " in done.stderr


def test_what_a_redirect_in_a_process_cannot_lead_is_named() -> None:
    done = run("--only", "python")

    assert 0 == done.returncode
    assert "mock_redirect leads what uses Python's sockets and TLS, not pyOpenSSL, pycurl, gevent" in done.stderr
    assert ("installed here: pyOpenSSL" in done.stderr) is (find_spec("OpenSSL") is not None)


def test_an_unknown_runtime_is_misuse() -> None:
    done = run_command("doctor", "--only", "cobol")

    assert 2 == done.returncode
    assert "cobol: the known names are curl, go, java" in done.stderr


PROBES = ProbePair(Probe("http://sms.example/", "plain"), Probe("https://sms.example/", "secure"))


def test_the_first_probe_of_each_scheme_is_used() -> None:
    others = [Probe("http://later.example/", "later"), Probe("https://later.example/", "later")]

    assert PROBES == ProbePair.of([PROBES.secure, PROBES.plain, *others])


def test_providers_without_a_probe_for_both_schemes_are_rejected() -> None:
    with pytest.raises(ValueError, match="the installed providers define no probe over HTTP, or none over HTTPS"):
        ProbePair.of([PROBES.secure])


@pytest.mark.parametrize(
    ("code", "said", "result", "proxy", "certificate"),
    [
        (0, "plain, secure", "works", True, True),
        (1, "plain, secure", "fails", True, True),
        (1, "plain", "fails", True, False),
        (0, "", "fails", False, None),
    ],
)
def test_the_output_shows_which_step_failed(code, said, result, proxy, certificate) -> None:
    runtime = Runtime("R", "c", ("r",), ())
    found = interpret_probe(runtime, {"https_proxy": "http://t"}, code, said, "first\nlast \n\n", PROBES)

    assert (result, proxy, certificate) == (found.result, found.proxy, found.certificate)
    assert ("(last)" in (found.advice or "")) is (result == "fails")
