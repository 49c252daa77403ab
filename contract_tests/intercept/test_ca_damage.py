"""A certificate authority whose files are damaged, exposed or half made: what stops a start, and what ``doctor --repair`` does."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from contract_tests.commands import run_command
from mockserver import unpatched
from mockserver.engine.clock import Clock
from mockserver.engine.instants import parse_instant
from mockserver.intercept.ca import CertificateAuthority

NAMES = ("secure.dialogtech.com",)
HOUR = 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a valid CA."""
    made = tmp_path / "ca"
    CertificateAuthority(made).context(NAMES)
    return made


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def overwrite(file: Path) -> None:
    file.write_text("-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n")


def take_anothers(file: Path) -> None:
    other = trustme.CA()
    content = {"ca.pem": other.cert_pem, "ca-key.pem": other.private_key_pem}[file.name]
    file.write_bytes(content.bytes())


def take_a_hosts(file: Path) -> None:
    file.write_bytes(trustme.CA().issue_cert("localhost").cert_chain_pems[0].bytes())


def put_one(
    *, not_before: str = "2000-01-01", not_after: str = "2100-01-01", has_key_id: bool = True
) -> Callable[[Path], None]:
    """Put a CA there that is valid between two days."""

    def put(file: Path) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "a company")])
        begin, until = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (not_before, not_after))
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, until).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        if has_key_id:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        certificate = builder.sign(key, hashes.SHA256())
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (file.parent / "ca-key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    return put


DAMAGES = [
    ("ca.pem", Path.unlink, "is missing"),
    ("ca-key.pem", Path.unlink, "is missing"),
    ("ca.pem", empty, "is empty"),
    ("ca-key.pem", empty, "is empty"),
    ("ca.pem", cut, "is damaged: it is no certificate in PEM"),
    ("ca.pem", overwrite, "is damaged: it is no certificate in PEM"),
    ("ca-key.pem", cut, "is damaged: it is no private key in PEM without a password"),
    ("ca-key.pem", overwrite, "is damaged: it is no private key in PEM without a password"),
    ("ca-key.pem", take_anothers, "does not belong to the certificate ca.pem beside it"),
    ("ca.pem", take_a_hosts, "is not the certificate of a certificate authority"),
    ("ca.pem", put_one(not_after="2020-02-03"), "has expired: it was valid until 2020-02-03T00:00:00Z"),
    ("ca.pem", put_one(not_before="2090-02-03"), "is not valid before 2090-02-03T00:00:00Z"),
]


@pytest.mark.parametrize(("name", "damage", "what"), DAMAGES)
def test_a_damaged_file_stops_the_start_by_its_name_and_with_the_remedy(folder: Path, name: str, damage, what: str):
    file = folder / "pair" / name
    damage(file)
    with pytest.raises(OSError) as rejected:
        CertificateAuthority(folder).context(NAMES)

    assert rejected.value.strerror == (
        f"{file} {what}; `mockserver doctor --repair --ca {folder}` renews it, --ca FOLDER (MOCKSERVER_CA) sets another folder"
    )


@pytest.mark.parametrize(("name", "damage", "what"), DAMAGES)
def test_repair_sets_a_damaged_authority_aside_and_makes_another(folder: Path, name: str, damage, what: str):
    pair = folder / "pair"
    damage(pair / name)
    damaged = {file.name: file.read_bytes() for file in pair.iterdir()}
    ca = CertificateAuthority(folder)
    done = ca.repair()
    ca.context(NAMES)

    assert [
        f"{pair / name} {what}: {pair} is now {folder / 'pair.damaged-1'}",
        f"{pair / 'ca.pem'} is a new certificate authority's; clients must be told to trust it",
    ] == done
    assert damaged == {file.name: file.read_bytes() for file in (folder / "pair.damaged-1").iterdir()}
    assert [] == ca.repair()


def test_a_year_in_which_the_authority_is_valid_is_one_of_the_servers_clock(folder: Path):
    put_one(not_after="2020-02-03")(folder / "pair" / "ca.pem")
    clock = Clock.frozen(parse_instant("2019-06-01T00:00:00Z"))

    assert CertificateAuthority(folder, clock).context(NAMES)


def test_a_valid_authority_is_never_replaced(folder: Path):
    before = {path: path.read_bytes() for path in folder.rglob("*.pem")}
    done = run_command("doctor", "--repair", "--ca", folder)

    assert (0, f"nothing is damaged in {folder}\n") == (done.returncode, done.stdout)
    assert before == {path: path.read_bytes() for path in folder.rglob("*.pem")}


def test_repair_of_no_folder_makes_none(tmp_path: Path):
    done = run_command("doctor", "--repair", "--ca", tmp_path / "none")

    assert (0, f"nothing is damaged in {tmp_path / 'none'}\n", []) == (
        done.returncode,
        done.stdout,
        [*tmp_path.iterdir()],
    )


def test_the_command_line_says_the_same_in_one_line_and_repairs(folder: Path):
    cut(folder / "pair" / "ca.pem")
    failed = run_command("serve", "--port", "0", "--ca", folder)
    repaired = run_command("doctor", "--repair", "--ca", folder, "--format", "json")

    assert (2, "") == (failed.returncode, failed.stdout)
    assert failed.stderr.startswith(f"mockserver: {folder}/pair/ca.pem is damaged: it is no certificate in PEM; ")
    assert 1 == failed.stderr.count("\n")
    assert 0 == repaired.returncode
    assert f"{folder}/pair is now {folder}/pair.damaged-1" in repaired.stdout


@pytest.mark.parametrize("damage", [empty, cut, overwrite])
def test_a_damaged_certificate_of_the_server_is_named_and_made_again_from_the_same_authority(folder: Path, damage):
    (leaf,) = folder.glob("leaf-*.pem")
    before = (folder / "pair" / "ca.pem").read_bytes()
    damage(leaf)
    ca = CertificateAuthority(folder)
    what = f"{leaf} is damaged: it is no certificate with its key in PEM"
    with pytest.raises(OSError, match="is damaged") as rejected:
        ca.context(NAMES)

    assert rejected.value.strerror is not None
    assert rejected.value.strerror.startswith(f"{what}; `mockserver doctor --repair --ca {folder}` renews it")
    assert [f"{what}; it was deleted, and is made again when it is needed"] == ca.repair()
    assert ca.context(NAMES)
    assert before == ca.certificate.read_bytes()


@pytest.mark.parametrize("kind", ["certificate", "bundle", "store"])
def test_damaged_files_that_clients_read_are_made_again(folder: Path, kind: str):
    trust = CertificateAuthority(folder).trust
    file: Path = getattr(trust, kind)
    content = file.read_bytes()
    cut(file)
    done = CertificateAuthority(folder).repair()

    assert 1 == len(done)
    assert done[0].startswith(f"{file} is damaged: ")
    assert file == getattr(CertificateAuthority(folder).trust, kind)
    assert kind == "store" or content == file.read_bytes()  # a store has a salt of its own
    assert [] == CertificateAuthority(folder).repair()


@pytest.mark.parametrize(
    ("name", "mode", "does", "mended"),
    [
        ("pair/ca-key.pem", 0o644, "can be read by other users of this machine (mode 644)", 0o600),
        ("pair/ca-key.pem", 0o660, "can be changed by other users of this machine (mode 660)", 0o600),
        ("pair", 0o755, "can be read by other users of this machine (mode 755)", 0o700),
        (".", 0o777, "can be changed by other users of this machine (mode 777)", 0o700),
    ],
)
def test_what_others_can_read_or_change_is_a_warning_and_repaired(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str, mode: int, does: str, mended: int
):
    path = folder / name
    path.chmod(mode)
    with caplog.at_level(logging.WARNING):
        CertificateAuthority(folder).context(NAMES)

    assert [f"{path} {does}: `mockserver doctor --repair` or chmod mends it"] == caplog.messages
    assert [f"{path} {does.replace('can', 'could', 1)}; its mode is {mended:o} now"] == CertificateAuthority(
        folder
    ).repair()
    caplog.clear()
    CertificateAuthority(folder).context(NAMES)
    assert (mended, []) == (path.stat().st_mode & 0o777, caplog.messages)


FULL = """
import resource, sys
from pathlib import Path
from mockserver.intercept.ca import CertificateAuthority
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    CertificateAuthority(Path(sys.argv[1])).context(["secure.dialogtech.com"])
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize(("most", "kept"), [(0, []), (10, []), (300, []), (900, ["pair"])])
def test_a_file_that_cannot_be_written_to_its_end_leaves_nothing_behind(tmp_path: Path, most: int, kept: list[str]):
    """A limit on the size of files stands for a full disk: the key, the certificate and the server's certificate in turn."""
    folder = tmp_path / "ca"
    done = subprocess.run([sys.executable, "-c", FULL, str(folder), str(most)], capture_output=True, text=True)
    why = "File too large; --ca FOLDER (MOCKSERVER_CA) sets another folder"

    assert ("", f"certificates cannot be stored in {folder}: {why}\n") == (done.stderr, done.stdout)
    assert kept == [path.name for path in folder.iterdir()]
    assert CertificateAuthority(folder).context(NAMES)  # with room again, it is made or used


def test_what_an_ended_process_left_half_made_is_deleted_and_what_another_one_makes_now_is_not(folder: Path):
    old, new = folder / "making-1-2-3", folder / "making-4-5-6"
    file = folder / "making-7-8-9"
    for made in (old, new):
        made.mkdir()
        (made / "ca-key.pem").write_text("half")
    file.write_text("half")
    for each in (old, file):
        os.utime(each, times=(each.stat().st_mtime - HOUR,) * 2)
    CertificateAuthority(folder).context(NAMES)

    assert [new] == sorted(folder.glob("making-*"))


def test_repair_says_what_was_left_half_made(folder: Path):
    old = folder / "making-1-2-3"
    shutil.copytree(folder / "pair", old)
    os.utime(old, times=(old.stat().st_mtime - HOUR,) * 2)

    assert [f"{old} was deleted: a process had begun to make it and ended"] == CertificateAuthority(folder).repair()
    assert not old.exists()


def test_an_authority_that_cannot_be_read_is_not_taken_for_damaged(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """It may be valid, and another user's."""
    key = folder / "pair" / "ca-key.pem"
    read = unpatched.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == key:  # root, who may run this test, reads everything
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(unpatched, "read_bytes", read_bytes)
    with pytest.raises(PermissionError) as stopped:
        CertificateAuthority(folder).context(NAMES)
    with pytest.raises(PermissionError) as rejected:
        CertificateAuthority(folder).repair()

    assert str(stopped.value.strerror).startswith(f"{key} cannot be read: Permission denied; `mockserver doctor")
    assert f"{key} cannot be read: Permission denied; only its owner can repair it" == rejected.value.strerror
    assert key.exists()


def test_an_authority_that_cannot_sign_is_one_sentence(folder: Path):
    put_one(has_key_id=False)(folder / "pair" / "ca.pem")
    done = run_command("serve", "--port", "0", "--ca", folder)

    sentence = "the certificate authority cannot sign: its certificate has no subject key identifier"
    assert (2, f"mockserver: {sentence}\n") == (done.returncode, done.stderr)
