"""The certificate authority: its file, its rights, and the certificates that it signs."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_certificates

from mockserver.engine.clock import Clock
from mockserver.engine.instants import parse_instant
from mockserver.intercept.ca import CertificateAuthority
from mockserver.intercept.trust import PASSWORD, Folder, Trust

NAMES = ("secure.dialogtech.com", "api2.serwersms.pl")
PATIENCE = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "ca"


@pytest.fixture
def ca(folder: Path) -> CertificateAuthority:
    return CertificateAuthority(folder)


def is_owners_alone(path: Path) -> bool:
    return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def leaf_of(ca: CertificateAuthority):
    (leaf,) = ca.folder.glob("leaf-*.pem")
    return load_pem_x509_certificates(leaf.read_bytes())[0]


def shaken(context: ssl.SSLContext, trusted: Path, name: str) -> str | None:
    """Do a TLS handshake that trusts one file, and return the reason if it fails."""
    near, far = socket.socketpair()
    client = ssl.create_default_context(cafile=str(trusted))

    def serve() -> None:
        try:
            context.wrap_socket(far, server_side=True).close()
        except OSError:
            far.close()

    server = threading.Thread(target=serve)
    server.start()
    try:
        near.settimeout(PATIENCE)
        with client.wrap_socket(near, server_hostname=name):
            return None
    except ssl.SSLCertVerificationError as reason:
        return reason.verify_message
    finally:
        near.close()
        server.join(PATIENCE)


def test_no_file_is_created_before_it_is_needed(ca: CertificateAuthority) -> None:
    assert not ca.folder.exists()


@pytest.mark.parametrize("name", [*NAMES, "localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_ca_accepts_the_hosts_and_this_machine(ca: CertificateAuthority, name: str) -> None:
    context = ca.context(NAMES)

    assert shaken(context, ca.certificate, name) is None
    assert shaken(context, ca.bundle, name) is None


def test_a_certificate_is_not_valid_for_other_hosts(ca: CertificateAuthority) -> None:
    assert "Hostname mismatch" in str(shaken(ca.context(NAMES), ca.certificate, "example.com"))


def test_another_ca_is_not_trusted(ca: CertificateAuthority, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path / "other")

    assert shaken(ca.context(NAMES), other.certificate, NAMES[0]) is not None


def test_only_the_owner_can_read_the_files(ca: CertificateAuthority) -> None:
    ca.context(NAMES)
    assert ca.trust.store.exists()
    files = [ca.folder, *ca.folder.rglob("*")]

    assert {"ca-key.pem", "ca.pem", "pair"} <= {path.name for path in files}
    assert [] == [path for path in files if not is_owners_alone(path)]
    assert [] == [path for path in files if path.name.startswith("making-")]


def test_the_ca_is_reused(ca: CertificateAuthority) -> None:
    ca.context(NAMES)
    before = {path: path.stat().st_mtime_ns for path in ca.folder.rglob("*") if path.is_file()}
    again = CertificateAuthority(ca.folder)
    again.context(reversed(NAMES))

    assert before == {path: path.stat().st_mtime_ns for path in ca.folder.rglob("*") if path.is_file()}


def test_a_later_start_imports_no_cryptography(ca: CertificateAuthority) -> None:
    ca.context(NAMES)
    program = (
        "import sys; from pathlib import Path; from mockserver.intercept.ca import CertificateAuthority; "
        f"CertificateAuthority(Path({str(ca.folder)!r})).context({NAMES!r}); "
        "print([name for name in ('trustme', 'cryptography', 'certifi') if name in sys.modules])"
    )

    assert "[]\n" == subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_deleted_files_are_created_again(ca: CertificateAuthority) -> None:
    first = ca.certificate.read_bytes()
    ca.context(NAMES)
    shutil.rmtree(ca.folder / "pair")
    context = ca.context(NAMES)

    assert first != ca.certificate.read_bytes()
    assert shaken(context, ca.certificate, NAMES[0]) is None


def test_processes_that_start_together_use_one_ca(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mockserver.intercept.ca import CertificateAuthority; "
        "sys.stdin.read(); "  # all at once, when their stdin is closed
        f"ca = CertificateAuthority(Path({str(folder)!r})); ca.context({NAMES!r}); "
        "print(ca.certificate.read_text())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    ends = []
    for process in started:
        assert process.stdout is not None
        with process.stdout as said:
            ends.append((said.read(), process.wait(60)))

    assert {(ends[0][0], 0)} == set(ends)
    assert [] == list(folder.glob("making-*"))
    assert shaken(CertificateAuthority(folder).context(NAMES), folder / "pair" / "ca.pem", NAMES[0]) is None


def test_existing_files_are_not_overwritten(ca: CertificateAuthority) -> None:
    # ssl opens the file of a certificate and its key twice: another pair in between, and they do not fit.
    folder = Folder(ca.folder)
    first = folder.write("leaf.pem", b"first")
    second = folder.write("leaf.pem", b"second")

    assert (first, b"first") == (second, second.read_bytes())
    assert [] == list(ca.folder.glob("making-*"))


def test_a_file_system_without_links_works(ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    def rejected(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", rejected)

    assert shaken(ca.context(NAMES), ca.certificate, NAMES[0]) is None


@pytest.mark.parametrize("blocked", ["file", "kernel"])
def test_a_folder_that_cannot_be_written_is_reported_in_one_sentence(tmp_path: Path, blocked: str) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "ca" if blocked == "file" else Path("/proc/mockserver")  # root may write elsewhere
    with pytest.raises(OSError) as rejected:
        CertificateAuthority(folder).context(NAMES)

    assert rejected.value.strerror is not None
    assert rejected.value.strerror.startswith(f"certificates cannot be stored in {folder}: ")
    assert rejected.value.strerror.endswith("; --ca FOLDER (MOCKSERVER_CA) sets another folder")


def test_a_certificate_is_for_this_year_and_the_next_and_then_there_is_a_new_one(folder: Path) -> None:
    def at(instant: str) -> CertificateAuthority:
        return CertificateAuthority(folder, Clock.frozen(parse_instant(instant)))

    at("2026-12-31T23:59:59Z").context(NAMES)
    leaf = leaf_of(at("2026-06-01T00:00:00Z"))
    at("2027-01-01T00:00:00Z").context(NAMES)

    assert "2025-12-31 2028-01-01" == f"{leaf.not_valid_before_utc:%Y-%m-%d} {leaf.not_valid_after_utc:%Y-%m-%d}"
    # What Apple's clients take: https://support.apple.com/en-us/103769
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 825
    assert ["2026", "2027"] == sorted(path.name.split("-")[1] for path in folder.glob("leaf-*.pem"))


def test_the_ca_is_valid_for_every_year_of_the_calendar(ca: CertificateAuthority) -> None:
    certificate = load_pem_x509_certificate(ca.certificate.read_bytes())

    assert certificate.not_valid_after_utc.year >= 2100


def test_the_bundle_has_the_ca_and_the_usual_roots(ca: CertificateAuthority) -> None:
    bundle = ca.bundle.read_bytes()

    assert bundle.startswith(ca.certificate.read_bytes())
    assert bundle.count(b"-----BEGIN CERTIFICATE-----") > 100


def test_java_finds_it_among_the_usual_roots(ca: CertificateAuthority) -> None:
    store = pkcs12.load_pkcs12(ca.trust.store.read_bytes(), PASSWORD.encode())
    trusted = [each.certificate for each in store.additional_certs]

    assert load_pem_x509_certificate(ca.certificate.read_bytes()) in trusted
    assert len(trusted) > 100


def test_a_given_certificate_is_written_in_the_same_files(ca: CertificateAuthority, tmp_path: Path) -> None:
    pem = ca.certificate.read_bytes()
    trust = Trust(Folder(tmp_path / "mine"), pem)

    assert pem == trust.certificate.read_bytes()
    assert ca.bundle.read_bytes() == trust.bundle.read_bytes()


def test_the_default_folder_of_the_ca_is_in_the_users_home(tmp_path: Path) -> None:
    program = "from mockserver.intercept.ca import CertificateAuthority; print(CertificateAuthority().certificate)"
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
