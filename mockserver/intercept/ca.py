"""The certificate authority: created on first use, stored in the user's cache, trusted only by clients set up for it.

The rules of this file:

1. Only the owner can read its key, and it signs only certificates for the requested host names.
2. Its files are created as a whole: processes that start at the same time use the same CA.
3. Certificates are stored beside it and found by their host names, so later starts import no cryptography library.
4. A certificate is valid for this year and the next: some clients reject one that is valid for more than 825 days.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
from collections.abc import Collection
from pathlib import Path

from mockserver import unpatched
from mockserver.engine.clock import Clock
from mockserver.engine.instants import datetime_of
from mockserver.intercept.ca_check import (
    CERTIFICATE,
    KEY,
    PAIR,
    find_exposed,
    find_leaf_problem,
    find_left_over,
    find_pair_problem,
    repair,
)
from mockserver.intercept.certificates import create_ca, issue_certificate
from mockserver.intercept.trust import Folder, Trust, digest

logger = logging.getLogger(__name__)

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
"""Names of this machine, which every certificate includes."""


class CertificateAuthority:
    """The certificate authority that signs the server's certificates. Its files are created on first use."""

    def __init__(self, folder: Path | None = None, clock: Clock | None = None) -> None:
        """Create it; no file is written yet.

        Args:
            folder: the folder of its files; by default one in the user's cache.
            clock: gives the year of new certificates; by default the system's clock.
        """
        self._folder = Folder(folder)
        self._clock = clock or Clock.system()

    @property
    def folder(self) -> Path:
        """The folder of the CA's files."""
        return self._folder.path

    @property
    def certificate(self) -> Path:
        """Path of the CA's certificate in PEM, for clients to trust. Raises OSError if it cannot be written."""
        return self._ca_file(CERTIFICATE)

    @property
    def trust(self) -> Trust:
        """The files with which clients trust the CA. Raises OSError if the CA cannot be written."""
        return Trust(self._folder, unpatched.read_bytes(self.certificate))

    @property
    def bundle(self) -> Path:
        """Path of a PEM file with the CA's and the usual root certificates. Raises OSError if it cannot be written."""
        return self.trust.bundle

    def context(self, names: Collection[str]) -> ssl.SSLContext:
        """Return a server's TLS context for these host names and this machine's.

        Raises:
            OSError: the certificate cannot be written, or a file of the CA is damaged or not valid now.
        """
        self._check()
        leaf = self._leaf(sorted({*names, *LOCAL_NAMES}))
        problem = find_leaf_problem(leaf)
        if problem is not None:
            raise problem.error(self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def repair(self) -> list[str]:
        """Replace damaged files, and return one sentence for each change. A valid CA is not changed.

        Raises:
            OSError: a file cannot be read, changed or written.
        """
        done = list(repair(self.folder, self._clock.now()))
        if done and not unpatched.exists(self.folder / PAIR):
            done.append(f"{self.certificate} is a new certificate authority's; clients must be told to trust it")
        return done

    def _check(self) -> None:
        """Check the files of the CA, if there are any, and delete what processes left behind."""
        problem = find_pair_problem(self.folder, self._clock.now())
        if problem is not None:
            raise problem.error(self.folder)
        for exposed in find_exposed(self.folder):
            logger.warning("%s %s: `mockserver doctor --repair` or chmod mends it", exposed.path, exposed.what)
        with contextlib.suppress(OSError):
            for path in find_left_over(self.folder):
                unpatched.delete(path)

    def _leaf(self, names: Collection[str]) -> Path:
        """Return the path of a file with a key and its certificate for these names; create it if needed."""
        year = datetime_of(self._clock.now()).year
        ca = unpatched.read_text(self.certificate)
        name = f"leaf-{year}-{digest(' '.join([ca, *names]).encode())}.pem"
        kept = self.folder / name
        if unpatched.exists(kept):
            return kept

        leaf = issue_certificate(ca, unpatched.read_text(self._ca_file(KEY)), names, year)
        return self._folder.write(name, leaf.encode("ascii"))

    def _ca_file(self, name: str) -> Path:
        """Return the path of one of the CA's two files; create both if needed."""
        pair = self.folder / PAIR
        if not unpatched.exists(pair):
            self._make(pair)
        return pair / name

    def _make(self, pair: Path) -> None:
        ca = create_ca()
        made = self._folder.make({KEY: ca.key.encode("ascii"), CERTIFICATE: ca.certificate.encode("ascii")})
        try:
            unpatched.rename(made, pair)  # fails if another process was faster
        except OSError:
            unpatched.delete_folder(made)
            if not unpatched.exists(pair):
                raise
