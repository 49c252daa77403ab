"""The certificates that a program would trust without us."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest
import trustme

from mockserver.intercept.environment import child_variables, client_environment
from mockserver.intercept.root_certificates import named_certificates, read_pem, read_trust_store
from mockserver.intercept.trust import Folder, Trust


@pytest.fixture(scope="module")
def pem() -> bytes:
    return trustme.CA().cert_pem.bytes()


@pytest.fixture(scope="module")
def der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode())


def test_a_text_with_comments_and_other_blocks_has_its_certificates(pem: bytes, der: bytes) -> None:
    other = b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"

    assert [der, der] == list(read_pem(b"# a company\n" + pem + other + b"\n" + pem))


def test_the_certificate_of_an_openssl_trusted_certificate_has_no_purposes_behind_it(
    tmp_path: Path, pem: bytes, der: bytes
) -> None:
    (tmp_path / "a.pem").write_bytes(pem)
    command = ["openssl", "x509", "-in", tmp_path / "a.pem", "-trustout", "-addtrust", "serverAuth"]
    trusted = subprocess.run(command, capture_output=True, check=True).stdout

    assert trusted.startswith(b"-----BEGIN TRUSTED CERTIFICATE-----")
    assert [der] == list(read_pem(trusted))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_no_certificate_adds_nothing(content: bytes) -> None:
    assert [] == list(read_pem(content))


@pytest.mark.parametrize(
    "content", [b"", b"no store", b"\xfe\xed\xfe\xed", b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\2"]
)
def test_what_is_no_trust_store_adds_nothing(content: bytes) -> None:
    assert [] == list(read_trust_store(content, "changeit"))


@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
def test_trust_stores_of_java_are_read(tmp_path: Path, pem: bytes, der: bytes, kind: str) -> None:
    (tmp_path / "a.pem").write_bytes(pem)
    keytool = ["keytool", "-importcert", "-noprompt", "-alias", "a", "-storetype", kind, "-storepass", "secret"]
    subprocess.run(
        [*keytool, "-file", tmp_path / "a.pem", "-keystore", tmp_path / "a"], check=True, capture_output=True
    )
    options = f"-Djavax.net.ssl.trustStore={tmp_path / 'a'} -Djavax.net.ssl.trustStorePassword=secret"

    assert [der] == list(named_certificates({"_JAVA_OPTIONS": options}))


def test_variables_that_name_nothing_readable_add_nothing(tmp_path: Path) -> None:
    variables = {
        "SSL_CERT_FILE": str(tmp_path / "missing.pem"),
        "SSL_CERT_DIR": str(tmp_path / "missing"),
        "JAVA_TOOL_OPTIONS": '-Djavax.net.ssl.trustStore="an open quote',
        "PHP_INI_SCAN_DIR": ":",
    }

    assert [] == list(named_certificates(variables))


def test_the_environment_of_a_redirected_program_names_the_same_certificates(tmp_path: Path, pem: bytes) -> None:
    (tmp_path / "company.pem").write_bytes(pem)
    trust = Trust(Folder(tmp_path / "ca"), trustme.CA().cert_pem.bytes())
    variables = {"SSL_CERT_FILE": str(tmp_path / "company.pem")}
    given = [trust, "http://127.0.0.1:1", "http://127.0.0.1:2", ["api2.serwersms.pl"]]
    once = child_variables(variables, client_environment(*given, variables))

    assert once == child_variables(once, client_environment(*given, once))
    assert pem in Path(once["SSL_CERT_FILE"]).read_bytes()
