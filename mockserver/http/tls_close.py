"""How we end a connection in TLS: we say good-bye, and go.

"It is not required for the initiator of the close to wait for the responding close_notify alert before closing the read
side of the connection" (RFC 5246, 7.2.1; RFC 8446, 6.1, has it likewise). Event loops wait for it, for 30 seconds if it
does not come, and a client that waits for the end of the connection, as Java's does, waits as long.
"""

from __future__ import annotations

import contextlib
import ssl


class OneSided(ssl.SSLObject):
    """The server's end of TLS, for `ssl.SSLContext.sslobject_class`. What was written before goes out, however slowly."""

    def unwrap(self) -> None:
        """Say good-bye; the other one may answer or not."""
        with contextlib.suppress(ssl.SSLWantReadError):
            super().unwrap()
