"""Checks whether the HTTP clients of this machine's runtimes reach the server, in child processes like those of `exec`.

Every probe (``probes/``) requests the URLs that it is given, the HTTP one first, and prints the bodies of the responses.
What is missing in its output shows which step failed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import NamedTuple

from mockserver.sdk.provider import Probe

PROBES = Path(__file__).parent / "probes"

PROBE_TIMEOUT = 120
"""Seconds in which a probe must end; some are compiled first."""

_PROXIES = ("https_proxy", "http_proxy")


class ProbePair(NamedTuple):
    """The two requests that every client makes: one over HTTP, then one over HTTPS."""

    plain: Probe
    secure: Probe

    @classmethod
    def of(cls, probes: Iterable[Probe]) -> ProbePair:
        """Return the first probe of each scheme.

        Raises:
            ValueError: a scheme has no probe.
        """
        first: dict[str, Probe] = {}
        for probe in probes:
            first.setdefault(probe.url.partition(":")[0], probe)
        if not {"http", "https"} <= first.keys():
            raise ValueError("the installed providers define no probe over HTTP, or none over HTTPS")
        return cls(first["http"], first["https"])


class Runtime(NamedTuple):
    """An HTTP client of a language, and how to examine it."""

    name: str
    client: str
    command: tuple[str, ...]
    """The command that runs the probe; its first word is a program."""
    check: tuple[str, ...]
    """Arguments with which the program succeeds if the client is installed."""
    probe: str = ""
    """The file name of the probe; empty if the command needs none."""
    proxy_variables: tuple[str, ...] = _PROXIES
    """The environment variables that make it use the proxy."""
    trust_variables: tuple[str, ...] = ("SSL_CERT_FILE",)
    """The environment variables that make it trust the CA."""


RUNTIMES = (
    Runtime("Python", "requests", ("python3",), ("-c", "import requests"), "with_requests.py", trust_variables=("REQUESTS_CA_BUNDLE",)),
    Runtime("Python", "httpx", ("python3",), ("-c", "import httpx"), "with_httpx.py"),
    Runtime("Python", "urllib", ("python3",), ("-c", "import ssl"), "with_urllib.py"),
    Runtime("PHP", "curl", ("php",), ("-r", "exit(extension_loaded('curl') ? 0 : 1);"), "curl.php", trust_variables=("PHP_INI_SCAN_DIR",)),
    Runtime("PHP", "streams", ("php",), ("-r", "exit(extension_loaded('openssl') ? 0 : 1);"), "streams.php", ("PHP_INI_SCAN_DIR",), ("PHP_INI_SCAN_DIR",)),
    Runtime("Node", "https", ("node",), ("-e", "0"), "https.cjs", ("NODE_OPTIONS", *_PROXIES), ("NODE_EXTRA_CA_CERTS",)),
    Runtime("Node", "fetch", ("node",), ("-e", "fetch"), "fetch.mjs", ("NODE_OPTIONS", *_PROXIES), ("NODE_EXTRA_CA_CERTS",)),
    Runtime("Ruby", "Net::HTTP", ("ruby",), ("-ropenssl", "-rnet/http", "-e", "1"), "net_http.rb"),
    Runtime("Perl", "LWP", ("perl",), ("-MLWP::Protocol::https", "-e", "1"), "lwp.pl", ("PERL_LWP_ENV_PROXY", *_PROXIES), ("PERL_LWP_SSL_CA_FILE",)),
    Runtime("Perl", "HTTP::Tiny", ("perl",), ("-MHTTP::Tiny", "-MIO::Socket::SSL", "-e", "1"), "tiny.pl"),
    Runtime("Java", "URL, HttpClient", ("java",), ("--describe-module", "jdk.compiler"), "Probe.java", ("JAVA_TOOL_OPTIONS",), ("JAVA_TOOL_OPTIONS",)),
    Runtime("Go", "net/http", ("go", "run"), ("version",), "probe.go"),
    Runtime("curl", "", ("curl", "-sS"), ("--version",), trust_variables=("CURL_CA_BUNDLE",)),
    Runtime("Wget", "", ("wget", "-q", "-O-"), ("--version",), trust_variables=("WGETRC",)),
    Runtime("PowerShell", "Invoke-WebRequest", ("pwsh", "-NoProfile", "-File"), ("-Version",), "web_request.ps1"),
)  # fmt: skip
"""Every client that can be examined."""


UNLED = {"pyOpenSSL": "OpenSSL", "pycurl": "pycurl", "gevent": "gevent"}
"""Packages that a redirect inside a Python process cannot lead, because they do not use its sockets or its TLS, and their modules."""


def describe_unled() -> str:
    """Return a sentence about the packages that a redirect inside a process cannot lead."""
    installed = [name for name, module in UNLED.items() if find_spec(module) is not None]
    here = f"; installed here: {', '.join(installed)}" if installed else ""
    return (
        f"in a test's own process, mock_redirect leads what uses Python's sockets and TLS, not {', '.join(UNLED)}{here}."
        " For urllib3, urllib3.contrib.pyopenssl.extract_from_urllib3() ends the use of pyOpenSSL."
    )


@dataclass(frozen=True)
class Finding:
    """What the examination of one client found."""

    runtime: str
    client: str
    result: str
    """``works``, ``fails`` or ``not installed``."""
    proxy: bool | None = None
    """Whether it reaches a provider's host through the proxy; ``None`` if it was not tried."""
    certificate: bool | None = None
    """Whether it trusts the server's certificate; ``None`` if it did not get that far."""
    advice: str | None = None
    """Its last error message, and the environment variables that it must use."""


def examine(runtimes: Sequence[Runtime], environment: Mapping[str, str], probes: ProbePair) -> Iterator[Finding]:
    """Examine one client after the other.

    Args:
        runtimes: the clients to examine.
        environment: the variables of a child that lead it to a server with the shipped world.
        probes: the requests that each client makes.
    """
    for runtime in runtimes:
        program = which(runtime.command[0], path=environment.get("PATH"))
        if program is None or not _succeeds([program, *runtime.check], environment):
            yield Finding(runtime.name, runtime.client, "not installed")
            continue
        probe = [str(PROBES / runtime.probe)] if runtime.probe else []
        code, stdout, stderr = _run(
            [program, *runtime.command[1:], *probe, *(each.url for each in probes)], environment
        )
        yield interpret_probe(runtime, environment, code, stdout, stderr, probes)


def interpret_probe(
    runtime: Runtime, environment: Mapping[str, str], code: int, stdout: str, stderr: str, probes: ProbePair
) -> Finding:
    """Return what the output of a probe shows about its client.

    Args:
        runtime: the client.
        environment: the variables that the probe ran with.
        code: its exit code.
        stdout: its standard output.
        stderr: its standard error.
        probes: the requests that it made.
    """
    has_proxy, is_trusting = (probe.response in stdout for probe in probes)
    if has_proxy and is_trusting and code == 0:
        return Finding(runtime.name, runtime.client, "works", proxy=True, certificate=True)
    why = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), f"exit code {code}")
    needed = runtime.trust_variables if has_proxy else runtime.proxy_variables
    settings = ", ".join(f"{name}={environment.get(name, '')}" for name in needed)
    what = "does not trust the certificate" if has_proxy else "does not use the proxy"
    return Finding(
        runtime.name,
        runtime.client,
        "fails",
        proxy=has_proxy,
        certificate=is_trusting if has_proxy else None,
        advice=f"it {what} ({why}); it must use {settings}",
    )


def _succeeds(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    return _run(command, environment)[0] == 0


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    try:
        done = subprocess.run(  # noqa: S603 - programs of the user's PATH
            command, env=environment, capture_output=True, timeout=PROBE_TIMEOUT, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, "", f"it did not end within {PROBE_TIMEOUT} s"
    except OSError as reason:
        return 1, "", reason.strerror or str(reason)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
