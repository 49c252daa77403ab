"""The certificate authority: made on first use, kept in a folder of the user's, trusted by nobody who was not told to.

Law:

1. Its key is readable by its owner alone, and signs nothing but certificates for the names it is asked for.
2. Whoever comes first makes it, whole; processes that start together end up with one and the same.
3. Once it is made, a start needs no cryptography of Python's: certificates are kept beside it, by the names they are for.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import tempfile
from collections.abc import Collection
from pathlib import Path

import platformdirs

HERE = ("localhost", "127.0.0.1", "::1")
"""Names of this machine; every certificate is for them too."""

_LENGTH = 16


def usual_folder() -> Path:
    """Where the authority is kept when nothing else is said: in the user's cache."""
    return platformdirs.user_cache_path("mockserver", appauthor=False) / "authority"


class Authority:
    """What signs our certificates. Its files are made when they are first needed."""

    def __init__(self, folder: Path | None = None) -> None:
        """Nothing is made yet.

        Args:
            folder: where it is kept; `usual_folder` when none is given.
        """
        self.folder = folder or usual_folder()
        """Where it is kept."""

    @property
    def certificate(self) -> Path:
        """The authority's own certificate in PEM: what a client has to trust. Raises OSError when it cannot be kept."""
        return self._kept("ca.pem")

    @property
    def bundle(self) -> Path:
        """It and the roots that clients trust anyway (certifi's), for clients that take one file in place of theirs."""
        content = self.certificate.read_bytes() + b"\n" + _roots()
        name = f"bundle-{_digest(content)}.pem"
        if not (self.folder / name).exists():
            self._write(name, content)
        return self.folder / name

    def context(self, names: Collection[str]) -> ssl.SSLContext:
        """What a listener needs to be each of these hosts, and this machine, over TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._leaf((*names, *HERE)))
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _leaf(self, names: Collection[str]) -> Path:
        """A file of a key and its certificate for these names."""
        asked = [self.certificate.read_bytes(), *(name.encode() for name in sorted(set(names)))]
        kept = f"leaf-{_digest(b' '.join(asked))}.pem"
        if not (self.folder / kept).exists():
            import trustme

            authority = trustme.CA.from_pem(self.certificate.read_bytes(), self._kept("ca-key.pem").read_bytes())
            leaf = authority.issue_cert(*sorted(set(names)), organization_name="mockserver")
            self._write(kept, leaf.private_key_and_cert_chain_pem.bytes())
        return self.folder / kept

    def _kept(self, name: str) -> Path:
        """One of the authority's files; both are there or neither."""
        pair = self.folder / "pair"
        if not pair.exists():
            self._make(pair)
        return pair / name

    def _make(self, pair: Path) -> None:
        import trustme

        authority = trustme.CA(organization_name="mockserver", organization_unit_name="mockserver test authority")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=self.folder, prefix="making-"))
        _write_private(made / "ca-key.pem", authority.private_key_pem.bytes())
        _write_private(made / "ca.pem", authority.cert_pem.bytes())
        try:
            made.rename(pair)  # fails when somebody was faster: a folder is not replaced by one while it holds files
        except OSError:
            for file in made.iterdir():
                file.unlink()
            made.rmdir()
            if not pair.exists():
                raise

    def _write(self, name: str, content: bytes) -> None:
        number, made = tempfile.mkstemp(dir=self.folder, prefix="making-")  # for its owner alone
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(made).replace(self.folder / name)


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _roots() -> bytes:
    import certifi

    return Path(certifi.where()).read_bytes()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_LENGTH]
