"""Sends webhook requests and reports their outcomes. It does not import worlds or providers, except in `dispatcher`.

Rules of this package:

1. One attempt is one request on the wire. Nothing is retried here: the provider decides when to retry.
2. The jobs of one queue run one after the other, in order, including each job's ``done``. Queues take turns, and so do their owners.
3. The address that is checked is the address that is connected to, for every hop of a redirect.
4. Every failure becomes an ``Outcome`` with one sentence, which names the URL without its credentials and its query.
5. No lock of this package is held during a callback or a blocking call.

Neither ``requests`` nor ``urllib3`` is used: tests replace parts of both, and a session adds what must not happen here
(cookies, redirects, proxies and passwords from the environment, headers of its own).
"""

from __future__ import annotations

from .config import WebhookConfig
from .http_client import open_connection, resolve_host
from .sender import WebhookSender

__all__ = ["WebhookConfig", "WebhookSender", "open_connection", "resolve_host"]
