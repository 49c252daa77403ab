"""The certificate authority: created on first use, stored in the user's cache, trusted only by clients that are configured so.

Law:

1. Its key is readable by its owner alone, and signs nothing but certificates for the names it is asked for.
2. Whoever comes first makes it, whole; processes that start together end up with one and the same.
3. Once it is made, a start needs no cryptography of Python's: certificates are kept beside it, by the names they are for.
4. A certificate is good for this year and the next: some clients take none that is good for more than 825 days.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mockserver.engine.clock import Clock
from mockserver.engine.instants import datetime_of
from mockserver.intercept.trust import Folder, Trust, digest

HERE = ("localhost", "127.0.0.1", "::1")
"""Names of this machine, which every certificate includes."""


class CertificateAuthority:
    """The certificate authority of our certificates. Its files are created on first use."""

    def __init__(self, folder: Path | None = None, clock: Clock | None = None) -> None:
        """Create it; no file is written yet.

        Args:
            folder: where it is kept; one in the user's cache when none is given.
            clock: tells the year; the system's when none is given.
        """
        self._folder = Folder(folder)
        self._clock = clock or Clock.system()

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self._folder.path

    @property
    def certificate(self) -> Path:
        """Path of the CA's certificate in PEM, for clients to trust. Raises OSError when it cannot be written."""
        return self._kept("ca.pem")

    @property
    def trust(self) -> Trust:
        """That, in every form in which clients want it. Raises OSError likewise."""
        return Trust(self._folder, self.certificate.read_bytes())

    @property
    def bundle(self) -> Path:
        """It and the roots that clients trust anyway, for clients that take one file in place of theirs."""
        return self.trust.bundle

    def context(self, names: Collection[str]) -> ssl.SSLContext:
        """What a listener needs to be each of these hosts, and this machine, over TLS. Raises OSError likewise."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._leaf(sorted({*names, *HERE})))
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _leaf(self, names: Collection[str]) -> Path:
        """A file of a key and its certificate for these names."""
        year = datetime_of(self._clock.now()).year
        ca = self.certificate.read_bytes()
        name = f"leaf-{year}-{digest(b' '.join([ca, *map(str.encode, names)]))}.pem"
        kept = self.folder / name
        if kept.exists():
            return kept

        import trustme

        leaf = trustme.CA.from_pem(ca, self._kept("ca-key.pem").read_bytes()).issue_cert(
            *names,
            organization_name="mockserver",
            not_before=datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1),  # a client's clock may be behind
            not_after=datetime(year + 2, 1, 1, tzinfo=UTC),
        )
        return self._folder.write(name, leaf.private_key_and_cert_chain_pem.bytes())

    def _kept(self, name: str) -> Path:
        """One of the CA's files; both are there or neither."""
        pair = self.folder / "pair"
        if not pair.exists():
            self._make(pair)
        return pair / name

    def _make(self, pair: Path) -> None:
        made = self._folder.make()

        import trustme

        ca = trustme.CA(organization_name="mockserver", organization_unit_name="mockserver test CA")
        _write_private(made / "ca-key.pem", ca.private_key_pem.bytes())
        _write_private(made / "ca.pem", ca.cert_pem.bytes())
        try:
            made.rename(pair)  # fails when somebody was faster: a folder is not replaced by one while it holds files
        except OSError:
            for file in made.iterdir():
                file.unlink()
            made.rmdir()
            if not pair.exists():
                raise


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
