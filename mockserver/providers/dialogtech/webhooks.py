"""Build the webhooks of a number's URLs, and decide when an attempt is repeated. Pure.

002 shows that a number has a listener, and nothing says how it is called: all of this is assumed.
"""

from __future__ import annotations

from mockserver.sdk import (
    Attempt,
    Decision,
    IdReservation,
    Instant,
    Retries,
    State,
    WebhookDelivery,
    end_attempt,
    failure_of,
)

from . import quirks

INBOUND = "inbound"
"""A message came in; the number's ``url`` is called."""
REPORT = "report"
"""A message was sent and has reached its handset; the number's ``dlr_url`` is called (DT-41)."""

RETRIES = {"one": Retries(1), "three": Retries(3, pause=60)}
"""DT-43."""


def evaluate_attempt(
    delivery: WebhookDelivery,
    attempt: Attempt,
    state: State,
    now: Instant,
    ids: IdReservation,  # noqa: ARG001 - one shape for all providers
) -> Decision:
    """Decide whether a webhook attempt succeeded and when to retry."""
    variants, outcome = state.variants, attempt.outcome
    # DT-42; DT-44: too slow is one of the reasons
    failure = failure_of(outcome, needs_2xx=variants[quirks.LISTENER_ACKNOWLEDGES.name] == "2xx")
    retries = RETRIES[variants[quirks.LISTENER_ATTEMPTS.name]]
    success = f"a response was received with status {outcome.status}"
    return end_attempt(delivery, attempt, now, failure, retries, success=success)
