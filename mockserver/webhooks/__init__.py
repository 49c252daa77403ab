"""The webhook sender: the only sender of webhooks. It makes requests and reports what came of them; worlds and providers it does not know.

Its law:

1. One attempt is one request on the wire. Nothing is tried again here: when to try again is the provider's to say.
2. Jobs of one queue are made one after the other, in order, a job's ``done`` included. Queues take turns, and so do their owners.
3. The address that is checked is the address that is connected to, for every hop of a redirect.
4. Every failure is an ``Outcome`` with one sentence, which names the target without its credentials and its query.
5. Nothing of ours is locked while anything is called or waited for.

What a ``requests.Session`` adds to its adapter (cookies, redirects, proxies and passwords from the environment, headers of
its own) is what must not happen here, and a Session promises nothing to threads (psf/requests #2766). So there is no Session:
all senders share one ``HTTPAdapter``, whose only moving part is urllib3's pool of connections, which is made for threads.
Shared, because a receiver that serves one connection at a time would otherwise wait on the one that another sender keeps.
"""

from __future__ import annotations

from .config import WebhookConfig
from .http_client import connected, resolved
from .sender import WebhookSender

__all__ = ["WebhookConfig", "WebhookSender", "connected", "resolved"]
