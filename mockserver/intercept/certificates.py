"""Makes the CA and the certificates that it signs.

Where freezegun has frozen the time of this process, another process makes them: cryptography keeps the class of datetimes
that it sees first, and would reject every other one until this process ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from mockserver import unpatched

_PROGRAM = """
import json, sys
path, function, arguments = json.load(sys.stdin)
sys.path[:] = path
from mockserver.intercept import certificates
print(json.dumps(getattr(certificates, function)(*arguments)))
"""


class Pair(NamedTuple):
    """A certificate and its key, both in PEM."""

    certificate: str
    key: str


def create_ca() -> Pair:
    """Create a certificate authority."""
    if unpatched.is_datetime_replaced():
        return Pair(*_run_elsewhere("create_ca"))
    import trustme

    ca = trustme.CA(organization_name="mockserver", organization_unit_name="mockserver test CA")
    return Pair(ca.cert_pem.bytes().decode("ascii"), ca.private_key_pem.bytes().decode("ascii"))


def issue_certificate(ca: str, key: str, names: Collection[str], year: int) -> str:
    """Return a key and its certificate in PEM, valid for these host names in a year and the next.

    Raises:
        ValueError: the CA, which may be the user's own, cannot sign it.
    """
    if unpatched.is_datetime_replaced():
        return str(_run_elsewhere("issue_certificate", ca, key, [*names], year))
    import trustme
    from cryptography.x509 import ExtensionNotFound

    try:
        leaf = trustme.CA.from_pem(ca.encode("ascii"), key.encode("ascii")).issue_cert(
            *names,
            organization_name="mockserver",
            not_before=datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1),  # a client's clock may be slow
            not_after=datetime(year + 2, 1, 1, tzinfo=UTC),
        )
    except ExtensionNotFound as error:
        raise ValueError(
            "the certificate authority cannot sign: its certificate has no subject key identifier"
        ) from error
    return leaf.private_key_and_cert_chain_pem.bytes().decode("ascii")


def _run_elsewhere(function: str, *arguments: object) -> Any:
    done = subprocess.run(  # noqa: S603 - this Python, with a program of ours
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps([sys.path, function, arguments]).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)
