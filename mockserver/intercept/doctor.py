"""Whether the clients of this machine's runtimes reach us: asked from inside a child of each, as `exec` makes them.

Every probe (``probes/``) asks the addresses that it is given, the plain one first, and prints what it got. So what is
missing in its output tells how far it came.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import NamedTuple

from mockserver.sdk.provider import Probe

PROBES = Path(__file__).parent / "probes"

PATIENCE = 120
"""Seconds in which a probe must come to an end; some are compiled first."""

_PROXIES = ("https_proxy", "http_proxy")


class ProbePair(NamedTuple):
    """What every client is made to ask for: one address over HTTP, then one over HTTPS."""

    plain: Probe
    secure: Probe

    @classmethod
    def of(cls, probes: Iterable[Probe]) -> ProbePair:
        """The first of each kind.

        Raises:
            ValueError: there is none of a kind.
        """
        first: dict[str, Probe] = {}
        for probe in probes:
            first.setdefault(probe.url.partition(":")[0], probe)
        if not {"http", "https"} <= first.keys():
            raise ValueError("no installed provider has an address for this over HTTP and one over HTTPS")
        return cls(first["http"], first["https"])


class Runtime(NamedTuple):
    """A client of a language."""

    name: str
    client: str
    command: tuple[str, ...]
    """What runs the probe; the first word is a program."""
    is_there: tuple[str, ...]
    """Its arguments that ask whether the client is there."""
    probe: str = ""
    """The probe's file."""
    proxied_by: tuple[str, ...] = _PROXIES
    """The variables that lead it to the proxy."""
    trusts_by: tuple[str, ...] = ("SSL_CERT_FILE",)
    """Those that make it trust us."""


RUNTIMES = (
    Runtime("Python", "requests", ("python3",), ("-c", "import requests"), "with_requests.py", trusts_by=("REQUESTS_CA_BUNDLE",)),
    Runtime("Python", "httpx", ("python3",), ("-c", "import httpx"), "with_httpx.py"),
    Runtime("Python", "urllib", ("python3",), ("-c", "import ssl"), "with_urllib.py"),
    Runtime("PHP", "curl", ("php",), ("-r", "exit(extension_loaded('curl') ? 0 : 1);"), "curl.php", trusts_by=("PHP_INI_SCAN_DIR",)),
    Runtime("PHP", "streams", ("php",), ("-r", "exit(extension_loaded('openssl') ? 0 : 1);"), "streams.php", ("PHP_INI_SCAN_DIR",), ("PHP_INI_SCAN_DIR",)),
    Runtime("Node", "https", ("node",), ("-e", "0"), "https.cjs", ("NODE_OPTIONS", *_PROXIES), ("NODE_EXTRA_CA_CERTS",)),
    Runtime("Node", "fetch", ("node",), ("-e", "fetch"), "fetch.mjs", ("NODE_OPTIONS", *_PROXIES), ("NODE_EXTRA_CA_CERTS",)),
    Runtime("Ruby", "Net::HTTP", ("ruby",), ("-ropenssl", "-rnet/http", "-e", "1"), "net_http.rb"),
    Runtime("Perl", "LWP", ("perl",), ("-MLWP::Protocol::https", "-e", "1"), "lwp.pl", ("PERL_LWP_ENV_PROXY", *_PROXIES), ("PERL_LWP_SSL_CA_FILE",)),
    Runtime("Perl", "HTTP::Tiny", ("perl",), ("-MHTTP::Tiny", "-MIO::Socket::SSL", "-e", "1"), "tiny.pl"),
    Runtime("Java", "URL, HttpClient", ("java",), ("--describe-module", "jdk.compiler"), "Probe.java", ("JAVA_TOOL_OPTIONS",), ("JAVA_TOOL_OPTIONS",)),
    Runtime("Go", "net/http", ("go", "run"), ("version",), "probe.go"),
    Runtime("curl", "", ("curl", "-sS"), ("--version",), trusts_by=("CURL_CA_BUNDLE",)),
    Runtime("Wget", "", ("wget", "-q", "-O-"), ("--version",), trusts_by=("WGETRC",)),
    Runtime("PowerShell", "Invoke-WebRequest", ("pwsh", "-NoProfile", "-File"), ("-Version",), "web_request.ps1"),
)  # fmt: skip
"""Every client that is looked at."""


@dataclass(frozen=True)
class Finding:
    """What became of one client."""

    runtime: str
    client: str
    result: str
    """``works``, ``fails`` or ``not installed``."""
    proxy: bool | None = None
    """Whether a provider's host is reached through the proxy; ``None`` when it was not tried."""
    certificate: bool | None = None
    """Whether it trusts us over HTTPS; ``None`` when it did not come so far."""
    advice: str | None = None
    """What it complained of, and what to set."""


def examine(runtimes: Sequence[Runtime], environment: Mapping[str, str], probes: ProbePair) -> Iterator[Finding]:
    """Look at one client after the other.

    Args:
        runtimes: those to look at.
        environment: of a child that is led to a server with the shipped world.
        probes: what they are made to ask for.
    """
    for runtime in runtimes:
        program = which(runtime.command[0], path=environment.get("PATH"))
        if program is None or not _succeeds([program, *runtime.is_there], environment):
            yield Finding(runtime.name, runtime.client, "not installed")
            continue
        probe = [str(PROBES / runtime.probe)] if runtime.probe else []
        code, said, complaint = _said(
            [program, *runtime.command[1:], *probe, *(each.url for each in probes)], environment
        )
        yield evaluate_attempt(runtime, environment, code, said, complaint, probes)


def evaluate_attempt(
    runtime: Runtime, environment: Mapping[str, str], code: int, said: str, complaint: str, probes: ProbePair
) -> Finding:
    """What a probe's end means.

    Args:
        runtime: whose it is.
        environment: what it was run in.
        code: its exit code.
        said: its stdout.
        complaint: its stderr.
        probes: what it was made to ask for.
    """
    has_proxy, is_trusting = (probe.response in said for probe in probes)
    if has_proxy and is_trusting and code == 0:
        return Finding(runtime.name, runtime.client, "works", proxy=True, certificate=True)
    why = next((line.strip() for line in reversed(complaint.splitlines()) if line.strip()), f"it ended with {code}")
    needed = runtime.trusts_by if has_proxy else runtime.proxied_by
    settings = ", ".join(f"{name}={environment.get(name, '')}" for name in needed)
    what = "does not trust the certificate" if has_proxy else "does not come through the proxy"
    return Finding(
        runtime.name,
        runtime.client,
        "fails",
        proxy=has_proxy,
        certificate=is_trusting if has_proxy else None,
        advice=f"it {what} ({why}); it has to heed {settings}",
    )


def _succeeds(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    return _said(command, environment)[0] == 0


def _said(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    try:
        done = subprocess.run(  # noqa: S603 - programs of the user's own PATH
            command, env=environment, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, "", f"no end after {PATIENCE} s"
    except OSError as reason:
        return 1, "", reason.strerror or str(reason)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
