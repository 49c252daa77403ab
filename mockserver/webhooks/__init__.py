"""Sends webhook requests and reports their outcomes. It does not import worlds or providers, except in `dispatcher`.

Rules of this package:

1. One attempt is one request on the wire. Nothing is retried here: the provider decides when to retry.
2. The jobs of one queue run one after the other, in order, including each job's ``done``. Queues take turns, and so do their owners.
3. The address that is checked is the address that is connected to, for every hop of a redirect.
4. Every failure becomes an ``Outcome`` with one sentence, which names the URL without its credentials and its query.
5. No lock of this package is held during a callback or a blocking call.

There is no ``requests.Session``: what a session adds to its adapter (cookies, redirects, proxies and passwords from the
environment, headers of its own) must not happen here, and sessions are not promised to be thread-safe (psf/requests #2766).
All threads share one ``HTTPAdapter``, whose only mutable part is urllib3's thread-safe connection pool. It is shared
because a receiver that serves one connection at a time would otherwise wait for the one that another thread keeps open.
"""

from __future__ import annotations

from .config import WebhookConfig
from .http_client import open_connection, resolve_host
from .sender import WebhookSender

__all__ = ["WebhookConfig", "WebhookSender", "open_connection", "resolve_host"]
