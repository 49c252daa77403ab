"""What a child's environment must hold for its clients to trust us and reach us. A pure function; its table is the law.

Runtimes that heed the proxy variables get those. The others get what they read in their place: Node a preload, Java
properties, PHP an ini folder with a file that is put before every program, Ruby one that spares it a look-up, Python
a module for aiohttp's sake.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mockserver.intercept.trust import PASSWORD, Trust

PRELOADS = Path(__file__).parent / "preloads"

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""What never goes through the proxy: the child's own receivers are there, and so are we."""


@dataclass(frozen=True, kw_only=True)
class ClientEnvironment:
    """The addresses of a server, and the files that lead clients there."""

    url: str
    """Where its control API is."""
    proxy: str
    hosts: Collection[str]
    """The providers'."""
    certificate: Path
    """The CA's, alone."""
    bundle: Path
    """It and the usual roots."""
    trust_store: Path
    """The same for Java."""
    php: Path
    """A folder with an ini file."""
    node: Path
    """A program that Node loads before any other."""
    ruby: Path
    """One that Ruby does."""
    wget: Path
    """A start-up file of Wget's."""
    python: Path
    """A folder with what Python loads before any program."""


def client_environment(
    trust: Trust, url: str, proxy: str, hosts: Collection[str], wgetrc: bytes = b""
) -> ClientEnvironment:
    """Lay out the files.

    Args:
        trust: what has to be trusted.
        url: of the server.
        proxy: its proxy's.
        hosts: the providers'.
        wgetrc: the user's own start-up file of Wget's, which has space for one.

    Raises:
        OSError: files cannot be kept.
    """
    bundle, keep = trust.bundle, trust.folder.keep
    line = f"\nca_certificate = {bundle}\n".encode()
    ini = f'openssl.cafile="{bundle}"\ncurl.cainfo="{bundle}"\nauto_prepend_file="{PRELOADS / "prepend.php"}"\n'
    return ClientEnvironment(
        url=url,
        proxy=proxy,
        hosts=hosts,
        certificate=trust.certificate,
        bundle=bundle,
        trust_store=trust.store,
        php=keep("php-{}/mockserver.ini", ini.encode()).parent,
        node=PRELOADS / "node.cjs",
        python=PRELOADS / "python",
        ruby=PRELOADS / "find_proxy.rb",
        wget=keep("wgetrc-{}", wgetrc.removesuffix(line) + line),
    )


def with_env(parent: Mapping[str, str], to: ClientEnvironment) -> dict[str, str]:
    """The variables that a child needs beside those of its parent, which may be replaced or extended.

    Args:
        parent: the environment that the child would have had.
        to: where it is to be led.
    """
    bundle, spared = str(to.bundle), ",".join(_spared(parent, to.hosts))
    return {
        "HTTPS_PROXY": to.proxy,
        "https_proxy": to.proxy,
        "HTTP_PROXY": to.proxy,
        "http_proxy": to.proxy,  # curl reads no other: HTTP_PROXY might be a CGI request's header
        "NO_PROXY": spared,
        "no_proxy": spared,
        "SSL_CERT_FILE": bundle,  # OpenSSL: urllib, httpx, Ruby, Perl's HTTP::Tiny; Go; curl
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "PERL_LWP_ENV_PROXY": "1",
        "PERL_LWP_SSL_CA_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,  # replaces the parent's, so it holds the usual roots as well
        "NODE_OPTIONS": _extended(parent, "NODE_OPTIONS", f"--require {_quoted(str(to.node))}"),
        "RUBYOPT": _extended(parent, "RUBYOPT", "" if " " in str(to.ruby) else f"-r{to.ruby}"),  # it knows no quotes
        "JAVA_TOOL_OPTIONS": _extended(parent, "JAVA_TOOL_OPTIONS", _java(to)),
        "PHP_INI_SCAN_DIR": _php(parent, to),
        "PYTHONPATH": _python(parent, to),
        "WGETRC": str(to.wget),
        "MOCKSERVER_URL": to.url,
    }


def _spared(parent: Mapping[str, str], hosts: Collection[str]) -> list[str]:
    """Hosts that are asked without the proxy: this machine, and the parent's own, unless a provider's is among them."""
    listed = (parent.get("no_proxy") or parent.get("NO_PROXY") or "").split(",")
    kept = [name for name in map(str.strip, listed) if name and name != "*" and not _covers(name, hosts)]
    return list(dict.fromkeys((*LOOPBACK, *kept)))


def _covers(name: str, hosts: Collection[str]) -> bool:
    bare = name.lower().removeprefix("*").removeprefix(".").partition(":")[0]
    return any(host == bare or host.endswith(f".{bare}") for host in hosts)


def _php(parent: Mapping[str, str], to: ClientEnvironment) -> str:
    """Our folder comes last and has the last word; an empty entry is the one that PHP was built with."""
    folders = parent.get("PHP_INI_SCAN_DIR", "").split(os.pathsep)
    return os.pathsep.join([*(folder for folder in folders if folder != str(to.php)), str(to.php)])


def _python(parent: Mapping[str, str], to: ClientEnvironment) -> str:
    """Our folder comes first; what it hides of the others it runs itself. An empty entry would be the working directory."""
    folders = parent.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join([str(to.python), *(folder for folder in folders if folder not in ("", str(to.python)))])


def _java(to: ClientEnvironment) -> str:
    proxy = urlsplit(to.proxy)
    properties = {
        "javax.net.ssl.trustStore": to.trust_store,
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": PASSWORD,
        "http.proxyHost": proxy.hostname,
        "http.proxyPort": proxy.port,
        "https.proxyHost": proxy.hostname,
        "https.proxyPort": proxy.port,
        "http.nonProxyHosts": "localhost|127.*|[::1]",
    }
    return " ".join(_quoted(f"-D{name}={value}") for name, value in properties.items())


def _extended(parent: Mapping[str, str], name: str, more: str) -> str:
    """The parent's options, and ours behind them."""
    given = parent.get(name, "")
    return given if more in given else f"{given} {more}".strip()


def _quoted(word: str) -> str:
    """A word as it stands among the options of Node and Java."""
    return f'"{word}"' if " " in word else word
