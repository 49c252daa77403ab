"""How our end of a TLS connection closes: it sends ``close_notify`` and does not wait for the client's.

"It is not required for the initiator of the close to wait for the responding close_notify alert before closing the read
side of the connection" (RFC 5246, 7.2.1; RFC 8446, 6.1, has it likewise). Event loops wait for it, for 30 seconds if it
does not come, and a client that waits for the end of the connection, as Java's does, waits as long.
"""

from __future__ import annotations

import contextlib
import ssl


class OneSidedClose(ssl.SSLObject):
    """The server's end of a TLS connection, for `ssl.SSLContext.sslobject_class`. What was written before goes out, however slowly."""

    def unwrap(self) -> None:
        """Send ``close_notify``; the client may reply or not."""
        with contextlib.suppress(ssl.SSLWantReadError):
            super().unwrap()
