"""The environment variables with which a child process's clients trust the CA and send requests to the server.

Most runtimes read the proxy variables. The others get what they read in place of them: Node a preloaded module, Java
properties, PHP an ini folder with a file that runs before every program. Ruby gets a file that avoids a DNS look-up, and
Python a module that makes aiohttp read the proxy variables.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from mockserver.intercept.root_certificates import JAVA_VARIABLES, named_certificates, names_trust_store
from mockserver.intercept.trust import PASSWORD, Trust
from mockserver.settings import PROXY_VARIABLE, URL_VARIABLE

PRELOADS = Path(__file__).parent / "preloads"

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Hosts that never go through the proxy: the child's own servers and this server listen there."""


@dataclass(frozen=True, kw_only=True)
class ClientEnvironment:
    """The addresses of a server, and the files that make clients use and trust it."""

    url: str
    """The URL of its control API."""
    proxy: str
    """The URL of its forward proxy."""
    hosts: Collection[str]
    """The host names that it serves."""
    certificate: PurePath
    """The CA's certificate alone, in PEM."""
    bundle: PurePath
    """The CA's certificate, what the parent's variables name, and the system's root certificates, in PEM."""
    trust_store: PurePath
    """The same certificates as a PKCS #12 file, for Java."""
    php: PurePath
    """A folder with an ini file for PHP."""
    node: PurePath
    """A module that Node loads before the program."""
    ruby: PurePath
    """A file that Ruby loads before the program."""
    wget: PurePath
    """A start-up file for Wget."""
    python: PurePath
    """A folder with a ``sitecustomize`` module, which Python loads before the program."""


def client_environment(
    trust: Trust,
    url: str,
    proxy: str,
    hosts: Collection[str],
    parent: Mapping[str, str] | None = None,
    wgetrc: bytes = b"",
) -> ClientEnvironment:
    """Write the files that clients need, and return their paths.

    Args:
        trust: the CA to trust.
        url: the URL of the server's control API.
        proxy: the URL of its forward proxy.
        hosts: the host names that it serves.
        parent: the environment variables that the clients would have without us; the certificates that they name are
            trusted too.
        wgetrc: the content of the user's own start-up file, to which ours is added, because Wget reads only one.

    Raises:
        OSError: a file cannot be written.
    """
    trust = trust.including(tuple(named_certificates(parent or {}, wgetrc)))
    bundle, keep = trust.bundle, trust.folder.keep
    line = _wgetrc(bundle)
    return ClientEnvironment(
        url=url,
        proxy=proxy,
        hosts=hosts,
        certificate=trust.certificate,
        bundle=bundle,
        trust_store=trust.store,
        php=keep("php-{}/mockserver.ini", _php_ini(bundle, PRELOADS / "prepend.php")).parent,
        node=PRELOADS / "node.cjs",
        python=PRELOADS / "python",
        ruby=PRELOADS / "find_proxy.rb",
        wget=keep("wgetrc-{}", wgetrc.removesuffix(line) + line),
    )


def files_elsewhere(
    trust: Trust, url: str, proxy: str, hosts: Collection[str], folder: PurePath
) -> tuple[ClientEnvironment, dict[PurePath, bytes]]:
    """Return the files that clients need in a folder of another machine, and their content. No file is written there.

    Args:
        trust: the CA to trust.
        url: the URL of the server's control API.
        proxy: the URL of its forward proxy.
        hosts: the host names that it serves.
        folder: the folder on the other machine.
    """
    prepend, wget, ini = folder / "prepend.php", folder / "wgetrc", folder / "php" / "mockserver.ini"
    to = ClientEnvironment(
        url=url,
        proxy=proxy,
        hosts=hosts,
        certificate=folder / trust.certificate.name,
        bundle=folder / trust.bundle.name,
        trust_store=folder / trust.store.name,
        php=ini.parent,
        node=folder / "node.cjs",
        ruby=folder / "find_proxy.rb",
        wget=wget,
        python=folder / "python",
    )
    copied = (prepend, to.node, to.ruby, to.python / "sitecustomize.py")
    return to, {
        to.certificate: trust.certificate.read_bytes(),
        to.bundle: trust.bundle.read_bytes(),
        to.trust_store: trust.store.read_bytes(),
        ini: _php_ini(to.bundle, prepend),
        wget: _wgetrc(to.bundle),
        **{path: (PRELOADS / path.relative_to(folder)).read_bytes() for path in copied},
    }


def _wgetrc(bundle: PurePath) -> bytes:
    return f"\nca_certificate = {bundle}\n".encode()


def _php_ini(bundle: PurePath, prepend: PurePath) -> bytes:
    return f'openssl.cafile="{bundle}"\ncurl.cainfo="{bundle}"\nauto_prepend_file="{prepend}"\n'.encode()


def child_variables(parent: Mapping[str, str], to: ClientEnvironment) -> dict[str, str]:
    """Return the variables to set for a child process; some replace or extend those of its parent.

    Args:
        parent: the environment variables that the child would have without us.
        to: the server, and the files that make clients use it.
    """
    bundle, no_proxy = str(to.bundle), ",".join(_no_proxy_hosts(parent, to))
    first, *overriding = JAVA_VARIABLES
    java = [first, *(name for name in overriding if names_trust_store(parent.get(name, "")))]
    return {
        "HTTPS_PROXY": to.proxy,
        "https_proxy": to.proxy,
        "HTTP_PROXY": to.proxy,
        "http_proxy": to.proxy,  # curl reads no other: HTTP_PROXY might be a CGI request's header
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "SSL_CERT_FILE": bundle,  # OpenSSL: urllib, httpx, Ruby, Perl's HTTP::Tiny; Go; curl
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "PERL_LWP_ENV_PROXY": "1",
        "PERL_LWP_SSL_CA_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
        "NODE_OPTIONS": _extended(parent, "NODE_OPTIONS", f"--require {_quoted(str(to.node))}"),
        "RUBYOPT": _extended(
            parent, "RUBYOPT", "" if " " in str(to.ruby) else f"-r{to.ruby}"
        ),  # Ruby allows no quotes here
        **{name: _extended(parent, name, _java(to)) for name in java},
        "PHP_INI_SCAN_DIR": _php(parent, to),
        "PYTHONPATH": _python(parent, to),
        "WGETRC": str(to.wget),
        URL_VARIABLE: to.url,
        PROXY_VARIABLE: to.proxy,
    }


def exempt_hosts(parent: Mapping[str, str]) -> list[str]:
    """Return the hosts that the parent exempts from its proxies, as names that the forward proxy allows.

    An entry that matches a provider's host, such as ``*``, cannot be kept in a child's NO_PROXY, so the proxy itself lets the
    other hosts through.
    """
    names = [_bare(name) for name in _exemptions(parent)]
    return [allowed for name in names for allowed in ((name, f"*.{name}") if name else ("*",))]


def _exemptions(parent: Mapping[str, str]) -> list[str]:
    listed = (parent.get("no_proxy") or parent.get("NO_PROXY") or "").split(",")
    return [name for name in map(str.strip, listed) if name]


def _no_proxy_hosts(parent: Mapping[str, str], to: ClientEnvironment) -> list[str]:
    """Return the hosts that bypass the proxy: this machine, the server and the parent's, except what matches its ``hosts``."""
    kept = [name for name in _exemptions(parent) if name != "*" and not _covers(name, to.hosts)]
    return list(dict.fromkeys((*LOOPBACK, _host(to.url), *kept)))


def _covers(name: str, hosts: Collection[str]) -> bool:
    bare = _bare(name)
    return any(host == bare or host.endswith(f".{bare}") for host in hosts)


def _bare(name: str) -> str:
    return name.lower().removeprefix("*").removeprefix(".").partition(":")[0]


def _php(parent: Mapping[str, str], to: ClientEnvironment) -> str:
    """Return PHP's list of ini folders with ours last, so that it wins. An empty entry is PHP's built-in folder."""
    folders = parent.get("PHP_INI_SCAN_DIR", "").split(os.pathsep)
    return os.pathsep.join([*(folder for folder in folders if folder != str(to.php)), str(to.php)])


def _python(parent: Mapping[str, str], to: ClientEnvironment) -> str:
    """Return PYTHONPATH with our folder first; its module runs a ``sitecustomize`` that it hides.

    Empty entries are left out: they would mean the working directory.
    """
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
        "http.nonProxyHosts": "|".join(dict.fromkeys(("localhost", "127.*", "[::1]", *_java_host(to.url)))),
    }
    return " ".join(_quoted(f"-D{name}={value}") for name, value in properties.items())


def _host(url: str) -> str:
    """Return the host of a URL, without brackets."""
    return urlsplit(url).hostname or ""


def _java_host(url: str) -> list[str]:
    """Return the host of a URL as Java's list of hosts without a proxy wants it; none for a host that the list has anyway."""
    host = _host(url)
    if host.startswith("127."):
        return []
    return [f"[{host}]" if ":" in host else host]


def _extended(parent: Mapping[str, str], name: str, more: str) -> str:
    """Return the parent's options followed by ours."""
    given = parent.get(name, "")
    return given if more in given else f"{given} {more}".strip()


def _quoted(word: str) -> str:
    """Return a word in quotes if it has spaces, as NODE_OPTIONS and JAVA_TOOL_OPTIONS want it."""
    return f'"{word}"' if " " in word else word
