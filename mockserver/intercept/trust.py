"""Writes the CA's certificate in the file formats that clients read; a file's name contains a digest of its content."""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import platformdirs

from mockserver import unpatched
from mockserver.intercept.root_certificates import (
    DEFAULT_JAVA_PASSWORD,
    bundle_of,
    read_pem,
    system_certificates,
    usual_certificates,
)

PASSWORD = DEFAULT_JAVA_PASSWORD
"""The password of the trust store."""

_LENGTH = 16


def usual_folder() -> Path:
    """Return the default folder of the files, in the user's cache."""
    return platformdirs.user_cache_path("mockserver", appauthor=False) / "ca"


class Folder:
    """A folder whose files only their owner can read, each written completely or not at all.

    Every method raises OSError if a file cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Create it, by default for `usual_folder`; nothing is written yet."""
        self.path = path or usual_folder()

    def make(self, files: Mapping[str, bytes]) -> Path:
        """Create a folder with a unique name and these files inside it, and return its path."""
        made = None
        try:
            made = unpatched.make_unique_name(self.path)
            unpatched.make_private_folder(made)
            for name, content in files.items():
                unpatched.write_private(made / name, content)
        except OSError as error:
            _discard(made)
            raise self._error(error) from error
        return made

    def write(self, name: str, content: bytes) -> Path:
        """Write a file and return its path; an existing file stays as it is, because a client may have it open."""
        target, made = self.path / name, None
        try:
            made = unpatched.make_unique_name(target.parent)
            unpatched.write_private(made, content)
            unpatched.rename_unless_exists(made, target)
        except OSError as error:
            _discard(made)
            raise self._error(error) from error
        return target

    def keep(self, name: str, content: bytes) -> Path:
        """Write a file unless it exists, and return its path; ``{}`` in its name stands for the digest of the content."""
        kept = self.path / name.format(digest(content))
        return kept if unpatched.exists(kept) else self.write(str(kept.relative_to(self.path)), content)

    def _error(self, error: OSError) -> OSError:
        why = f"{error.strerror or error}; --ca FOLDER (MOCKSERVER_CA) sets another folder"
        return OSError(error.errno, f"certificates cannot be stored in {self.path}: {why}")


def _discard(made: Path | None) -> None:
    """Delete what could not be made, such as a part of a file that a full disk has taken."""
    if made is not None and unpatched.exists(made):
        with contextlib.suppress(OSError):
            unpatched.delete(made)


class Trust:
    """A CA's certificate in the files that clients read to trust it."""

    def __init__(self, folder: Folder, pem: bytes, others: Iterable[bytes] = ()) -> None:
        """Create it; files are written to the folder when they are first used.

        Args:
            folder: where files are written.
            pem: the CA's certificate in PEM.
            others: certificates in DER that clients trust too, beside the system's and the usual root certificates.
        """
        self.folder = folder
        self._pem = pem
        self._others = others

    def including(self, others: Iterable[bytes]) -> Trust:
        """Return the same trust with other certificates, in DER, that clients trust too."""
        return Trust(self.folder, self._pem, others)

    @property
    def certificate(self) -> Path:
        """Path of a PEM file with the certificate alone."""
        return self.folder.keep("ca-{}.pem", self._pem)

    @property
    def bundle(self) -> Path:
        """Path of a PEM file with the certificate, the others, and the system's and the usual root certificates (certifi's)."""
        return self.folder.keep("bundle-{}.pem", self._all)

    @property
    def store(self) -> Path:
        """Path of a PKCS #12 file with the same certificates, for Java, which requires a password: `PASSWORD`."""
        name = f"trust-{digest(self._all)}.p12"
        kept = self.folder.path / name
        return kept if unpatched.exists(kept) else self.folder.write(name, _java_trust_store(self._all))

    @cached_property
    def _all(self) -> bytes:
        """All certificates in PEM, each once, the CA's first."""
        return bundle_of(read_pem(self._pem), self._others, system_certificates(), usual_certificates())


def digest(content: bytes) -> str:
    """Return a short hexadecimal digest of a content."""
    return hashlib.sha256(content).hexdigest()[:_LENGTH]


def is_whole_store(content: bytes) -> bool:
    """Return whether a trust store is as long as its first bytes say: those of a DER sequence."""
    if len(content) < 2 or content[0] != 0x30 or not content[1] & 0x80:
        return False
    size = content[1] & 0x7F
    return 2 + size + int.from_bytes(content[2 : 2 + size]) == len(content)


def _java_trust_store(bundle: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
    from cryptography.x509 import load_der_x509_certificate

    trusted = []
    for number, der in enumerate(read_pem(bundle)):
        # A few old root certificates violate the standard; they are left out.
        with warnings.catch_warnings(action="error"), contextlib.suppress(ValueError, Warning):
            trusted.append(PKCS12Certificate(load_der_x509_certificate(der), f"mockserver-{number}".encode()))
    return serialize_java_truststore(trusted, BestAvailableEncryption(PASSWORD.encode()))
