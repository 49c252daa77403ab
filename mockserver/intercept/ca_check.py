"""Finds what is wrong with the files of a certificate authority, and renews what is damaged.

The rules of this file:

1. A certificate authority that is valid is never replaced.
2. A damaged one is moved aside, not deleted: it may be the user's own.
3. Files that are made from it are deleted when they are damaged; they are made again when they are next needed.
4. A check imports no cryptography library: a server does it at every start.
"""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mockserver import unpatched
from mockserver.engine.instants import SECOND, Instant, iso
from mockserver.intercept.trust import digest, is_whole_store, usual_folder

PAIR, KEY, CERTIFICATE = "pair", "ca-key.pem", "ca.pem"
"""The folder of the authority's two files, and their names."""

_NOT_OURS = (errno.EACCES, errno.EPERM, errno.EIO)

LEFT_OVER = 600
"""Seconds after which a file that is still being made is what a process has left behind."""


class Problem(NamedTuple):
    """What is wrong with a file."""

    path: Path
    what: str
    """What is wrong, as the rest of a sentence that begins with the path."""
    number: int = errno.EINVAL
    """The error number of the operating system."""

    def error(self, folder: Path) -> OSError:
        """Return the error that stops a server, with the remedy."""
        return OSError(self.number, f"{self.path} {self.what}; {remedy(folder)}")


def remedy(folder: Path) -> str:
    """Return what a user can do about a damaged file."""
    other = "" if folder == usual_folder() else f" --ca {folder}"
    return f"`mockserver doctor --repair{other}` renews it, --ca FOLDER (MOCKSERVER_CA) sets another folder"


def find_pair_problem(folder: Path, now: Instant) -> Problem | None:
    """Return what is wrong with the authority itself, if it exists; ``None`` if it is valid at an instant."""
    pair = folder / PAIR
    if not unpatched.exists(pair):
        return None
    for path in (pair / CERTIFICATE, pair / KEY):
        try:
            content = unpatched.read_bytes(path)
        except OSError as error:
            what = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
            return Problem(path, what, error.errno or errno.EIO)
        if not content.strip():
            return Problem(path, "is empty")
    return _certificate_problem(pair / CERTIFICATE, now) or _key_problem(pair)


def _certificate_problem(path: Path, now: Instant) -> Problem | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        return Problem(path, "is damaged: it is no certificate in PEM")
    try:
        found = context.get_ca_certs()
    except NotImplementedError:  # truststore has replaced the class of contexts in this process
        return None
    if not found:
        return Problem(path, "is not the certificate of a certificate authority")
    begin, end = (ssl.cert_time_to_seconds(str(found[0][name])) * SECOND for name in ("notBefore", "notAfter"))
    if now < begin:
        return Problem(path, f"is not valid before {iso(begin)}")
    if now > end:
        return Problem(path, f"has expired: it was valid until {iso(end)}")
    return None


def _key_problem(pair: Path) -> Problem | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair / CERTIFICATE, pair / KEY, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return Problem(pair / KEY, f"does not belong to the certificate {CERTIFICATE} beside it")
        return Problem(pair / KEY, "is damaged: it is no private key in PEM without a password")
    return None


def find_leaf_problem(path: Path) -> Problem | None:
    """Return what is wrong with a file that holds a server's key and certificate."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, password="")
    except ssl.SSLError:
        return Problem(path, "is damaged: it is no certificate with its key in PEM")
    except OSError as error:
        return Problem(path, f"cannot be read: {error.strerror}", error.errno or errno.EIO)
    return None


def find_exposed(folder: Path) -> Iterator[Problem]:
    """Return the key and the folders that other users of this machine can read or change."""
    if os.name == "nt":  # where rights are no bits
        return
    for path in (folder, folder / PAIR, folder / PAIR / KEY):
        if unpatched.exists(path) and (mode := unpatched.mode_of(path)) & 0o077:
            does = "can be changed" if mode & 0o022 else "can be read"
            yield Problem(path, f"{does} by other users of this machine (mode {mode:o})", errno.EACCES)


def find_left_over(folder: Path) -> Iterator[Path]:
    """Return the files and folders that a process began to make and left behind."""
    if not unpatched.exists(folder):
        return
    for path in unpatched.list_folder(folder):
        if path.name.startswith(unpatched.MAKING) and unpatched.age_of(path) > LEFT_OVER:
            yield path


def repair(folder: Path, now: Instant) -> Iterator[str]:
    """Replace damaged files, and yield one sentence for each change.

    Raises:
        OSError: a file cannot be read, changed or deleted.
    """
    for path in find_left_over(folder):
        unpatched.delete(path)
        yield f"{path} was deleted: a process had begun to make it and ended"
    for exposed in find_exposed(folder):
        wanted = 0o600 if exposed.path.name == KEY else 0o700
        unpatched.set_mode(exposed.path, wanted)
        yield f"{exposed.path} {exposed.what.replace('can be', 'could be')}; its mode is {wanted:o} now"
    problem = find_pair_problem(folder, now)
    if problem is not None:
        if problem.number in _NOT_OURS:  # it may be valid
            raise OSError(problem.number, f"{problem.path} {problem.what}; only its owner can repair it")
        yield f"{problem.path} {problem.what}: {folder / PAIR} is now {_set_aside(folder)}"
    for damage in _derived_problems(folder):
        unpatched.delete(damage.path)
        yield f"{damage.path} {damage.what}; it was deleted, and is made again when it is needed"


def _set_aside(folder: Path) -> Path:
    number = 1
    while unpatched.exists(aside := folder / f"{PAIR}.damaged-{number}"):
        number += 1
    unpatched.rename(folder / PAIR, aside)
    return aside


def _derived_problems(folder: Path) -> Iterator[Problem]:
    """Return what is wrong with the files that are made from the authority."""
    if not unpatched.exists(folder):
        return
    for path in unpatched.list_folder(folder):
        kind, _, rest = path.stem.partition("-")
        if kind == "leaf" and path.suffix == ".pem":
            if (damage := find_leaf_problem(path)) is not None:
                yield damage
        elif kind in ("ca", "bundle") and path.suffix == ".pem" and digest(unpatched.read_bytes(path)) != rest:
            yield Problem(path, "is damaged: it does not hold what its name says")
        elif kind == "trust" and path.suffix == ".p12" and not is_whole_store(unpatched.read_bytes(path)):
            yield Problem(path, "is damaged: it is not complete")
