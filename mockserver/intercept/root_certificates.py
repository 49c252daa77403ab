"""Finds the certificates that a program would trust without us: those that its environment variables name, and the system's.

A file that does not exist, cannot be read or holds no certificate adds nothing: the program would not trust it either.
"""

from __future__ import annotations

import binascii
import contextlib
import os
import re
import shlex
import ssl
import subprocess
import sys
import warnings
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from shutil import which

DEFAULT_JAVA_PASSWORD = "changeit"  # noqa: S105 - Java's default; it protects certificates, which are public

_FILE_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
    "PERL_LWP_SSL_CA_PATH",
    "HTTPS_CA_FILE",
    "HTTPS_CA_DIR",
)
"""Variables that name a file in PEM, or a folder of such files."""
_FOLDERS_VARIABLE = "SSL_CERT_DIR"
"""A variable that names several folders."""
JAVA_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
"""Variables with options of Java; each overrides the ones before it."""
_TRUST_STORE = "-Djavax.net.ssl.trustStore"

SYSTEM_BUNDLES = (  # the list of Go's crypto/x509, root_linux.go, and of its BSDs
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
)
"""Where systems keep their root certificates in PEM."""
_KEYCHAINS = (
    "/System/Library/Keychains/SystemRootCertificates.keychain",
    "/Library/Keychains/System.keychain",
)

_PEM = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.+?)-----END", re.DOTALL)
_PHP_SETTING = re.compile(
    rb"^[ \t]*(?:openssl\.ca(?:file|path)|curl\.cainfo)[ \t]*=[ \t]*\"?([^\"\r\n;]+)", re.MULTILINE
)
_WGET_SETTING = re.compile(
    rb"^[ \t]*ca[-_]?(?:certificate|directory)[ \t]*=[ \t]*([^\r\n]+)", re.MULTILINE | re.IGNORECASE
)


def bundle_of(*sources: Iterable[bytes]) -> bytes:
    """Return certificates in PEM, each once, in order.

    Args:
        sources: the certificates in DER.
    """
    return "".join(map(ssl.DER_cert_to_PEM_cert, dict.fromkeys(chain(*sources)))).encode()


def read_pem(content: bytes) -> Iterator[bytes]:
    """Yield the certificates of a text in PEM, in DER."""
    for encoded in _PEM.findall(content):
        with contextlib.suppress(binascii.Error, IndexError):
            yield _first_value(b64decode(encoded))


def _first_value(der: bytes) -> bytes:
    """Return the certificate alone: OpenSSL's TRUSTED CERTIFICATE has its purposes behind it."""
    size, start = der[1], 2
    if size > 0x80:
        start += size - 0x80
        size = int.from_bytes(der[2:start], "big")
    return der[: start + size]


# -- what the variables name -------------------------------------------------------------------------------------------


def named_certificates(variables: Mapping[str, str], wgetrc: bytes = b"") -> Iterator[bytes]:
    """Yield the certificates, in DER, that the environment variables of a program name.

    Args:
        variables: its environment variables.
        wgetrc: the content of its start-up file of Wget.
    """
    for path in _named_paths(variables, wgetrc):
        yield from read_pem(_read(path))
    for path, password in _named_trust_stores(variables):
        yield from read_trust_store(_read(path), password)


def _named_paths(variables: Mapping[str, str], wgetrc: bytes) -> Iterator[Path]:
    """Yield the files in PEM that the variables name, and the files of the folders that they name."""
    named = [variables.get(name, "") for name in _FILE_VARIABLES]
    named += variables.get(_FOLDERS_VARIABLE, "").split(os.pathsep)
    named += map(os.fsdecode, _WGET_SETTING.findall(wgetrc))
    for folder in filter(None, variables.get("PHP_INI_SCAN_DIR", "").split(os.pathsep)):
        for ini in sorted(Path(folder).glob("*.ini")):
            named += map(os.fsdecode, _PHP_SETTING.findall(_read(ini)))
    for path in (Path(text.strip()) for text in named if text.strip()):
        yield from sorted(path.iterdir()) if path.is_dir() else [path]


def _named_trust_stores(variables: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the trust stores of Java, each with its password: the one in the options, and the one of the installed Java."""
    for name in JAVA_VARIABLES:
        options = java_options(variables.get(name, ""))
        if options.get(_TRUST_STORE):
            yield (
                Path(options[_TRUST_STORE]),
                options.get(f"{_TRUST_STORE}Password", DEFAULT_JAVA_PASSWORD),
            )
    java = which("java", path=variables.get("PATH", ""))
    homes = [Path(variables["JAVA_HOME"])] if variables.get("JAVA_HOME") else []
    homes += [Path(java).resolve().parent.parent] if java else []
    for home in dict.fromkeys(homes):
        for below in ("lib", "jre/lib"):
            yield home / below / "security" / "cacerts", DEFAULT_JAVA_PASSWORD


def java_options(text: str) -> dict[str, str]:
    """Return the options of a variable of Java: names with their values. Of several with one name, Java takes the last."""
    try:
        words = shlex.split(text, posix=os.name == "posix")
    except ValueError:  # an open quote
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)


def names_trust_store(text: str) -> bool:
    """Return whether the options of a variable of Java name a trust store."""
    return _TRUST_STORE in java_options(text)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


# -- trust stores of Java ----------------------------------------------------------------------------------------------


def read_trust_store(content: bytes, password: str) -> Iterator[bytes]:
    """Yield the trusted certificates of a trust store of Java, a PKCS #12 or JKS file, in DER; none if it cannot be read."""
    if content.startswith(_JKS):
        with contextlib.suppress(IndexError):
            yield from _read_jks(content)
    elif content:
        yield from _read_pkcs12(content, password)


_JKS = bytes.fromhex("feedfeed")
_KEY = 1
"""The tag of a JKS entry that has a private key in front of its certificates."""


def _read_jks(content: bytes) -> Iterator[bytes]:
    """Yield the certificates of a JKS file, which are not encrypted; the format is that of sun.security.provider.JavaKeyStore."""
    place = 4

    def number(size: int) -> int:
        return int.from_bytes(take(size), "big")

    def take(size: int) -> bytes:
        nonlocal place
        taken = content[place : place + size]
        if len(taken) < size:
            raise IndexError
        place += size
        return taken

    version, entries = number(4), number(4)
    for _ in range(entries):
        tag = number(4)
        take(number(2))  # the alias
        take(8)  # the time
        certificates = 1
        if tag == _KEY:
            take(number(4))
            certificates = number(4)
        for _ in range(certificates):
            if version > 1:
                take(number(2))  # the type, X.509
            yield take(number(4))


def _read_pkcs12(content: bytes, password: str) -> Iterator[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    for tried in (password.encode(), None):  # the trust store of newer Javas has no password
        with warnings.catch_warnings(action="ignore"), contextlib.suppress(ValueError):
            for each in load_pkcs12(content, tried).additional_certs:
                yield each.certificate.public_bytes(Encoding.DER)
            return


# -- the system's ------------------------------------------------------------------------------------------------------


def system_certificates() -> Iterator[bytes]:
    """Yield the root certificates of this system, in DER."""
    if sys.platform == "win32":
        for store in ("ROOT", "CA"):
            yield from (content for content, encoding, _ in ssl.enum_certificates(store) if encoding == "x509_asn")
        return
    if sys.platform == "darwin":
        with contextlib.suppress(OSError):
            command = ["/usr/bin/security", "find-certificate", "-a", "-p", *_KEYCHAINS]
            yield from read_pem(subprocess.run(command, capture_output=True, check=False).stdout)  # noqa: S603 - constant
    for path in (ssl.get_default_verify_paths().openssl_cafile, *SYSTEM_BUNDLES):
        found = list(read_pem(_read(Path(path))))
        if found:
            yield from found
            return


def usual_certificates() -> Iterator[bytes]:
    """Yield the root certificates that come with Python's HTTP clients (certifi's), in DER."""
    import certifi

    yield from read_pem(Path(certifi.where()).read_bytes())
