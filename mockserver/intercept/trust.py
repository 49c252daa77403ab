"""What a client has to trust, in the forms that clients want it in: files, kept by what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import warnings
from pathlib import Path

import platformdirs

PASSWORD = "changeit"  # noqa: S105 - Java's own default; it guards certificates, which are no secret
"""Of the trust store."""

_LENGTH = 16
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


def usual_folder() -> Path:
    """Where files are kept when nothing else is said: in the user's cache."""
    return platformdirs.user_cache_path("mockserver", appauthor=False) / "ca"


class Folder:
    """Files for their owner alone, written whole or not at all. Every verb raises OSError when they cannot be kept."""

    def __init__(self, path: Path | None = None) -> None:
        """Nothing is made yet; `usual_folder` is meant when no path is given."""
        self.path = path or usual_folder()

    def make(self) -> Path:
        """An empty folder inside, with a name of its own."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self.path, prefix="making-"))
        except OSError as error:
            raise self._error(error) from error

    def write(self, name: str, content: bytes) -> Path:
        """A file, unless somebody was faster: whoever reads it now goes on reading the same."""
        target = self.path / name
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            number, made = tempfile.mkstemp(dir=target.parent, prefix="making-")
            with os.fdopen(number, "wb") as file:
                file.write(content)
            _name(Path(made), target)
        except OSError as error:
            raise self._error(error) from error
        return target

    def keep(self, name: str, content: bytes) -> Path:
        """A file of this content; its name, with ``{}`` filled in, tells contents apart."""
        kept = self.path / name.format(digest(content))
        return kept if kept.exists() else self.write(str(kept.relative_to(self.path)), content)

    def _error(self, error: OSError) -> OSError:
        why = f"{error.strerror or error}; --ca FOLDER (MOCKSERVER_CA) names another"
        return OSError(error.errno, f"certificates cannot be kept in {self.path}: {why}")


class Trust:
    """A CA's certificate, for those who are to trust it."""

    def __init__(self, folder: Folder, pem: bytes) -> None:
        """Trust a certificate, given as PEM."""
        self.folder = folder
        self._pem = pem

    @property
    def certificate(self) -> Path:
        """It alone, as PEM."""
        return self.folder.keep("ca-{}.pem", self._pem)

    @property
    def bundle(self) -> Path:
        """It and the roots that clients trust anyway (certifi's), for clients that take one file in place of theirs."""
        return self.folder.keep("bundle-{}.pem", self._pem + b"\n" + _roots())

    @property
    def store(self) -> Path:
        """The same as a PKCS #12 file, for Java. It has a password because Java asks for one: `PASSWORD`."""
        bundle = self._pem + b"\n" + _roots()
        name = f"trust-{digest(bundle)}.p12"
        kept = self.folder.path / name
        return kept if kept.exists() else self.folder.write(name, _for_java(bundle))


def _name(made: Path, target: Path) -> None:
    """Give a file its name, if the name is free."""
    try:
        target.hardlink_to(made)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)


def digest(content: bytes) -> str:
    """A short name for a content."""
    return hashlib.sha256(content).hexdigest()[:_LENGTH]


def _roots() -> bytes:
    import certifi

    return Path(certifi.where()).read_bytes()


def _for_java(bundle: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
    from cryptography.x509 import load_pem_x509_certificate

    trusted = []
    for number, pem in enumerate(_CERTIFICATE.findall(bundle)):
        # A few of the old roots are not as they should be. Java is none the poorer without them.
        with warnings.catch_warnings(action="error"), contextlib.suppress(ValueError, Warning):
            trusted.append(PKCS12Certificate(load_pem_x509_certificate(pem), f"mockserver-{number}".encode()))
    return serialize_java_truststore(trusted, BestAvailableEncryption(PASSWORD.encode()))
