"""What was asked and answered, why, and whether it was as was verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .awaiting import awaitable
from .resource import Resource
from .transport import format_difference
from .values import ExchangeRecord, JournalPage, Row

if TYPE_CHECKING:
    from mockserver.engine.journal import ExchangeOutcome


class Exchanges(Resource):
    """The verbs of a world that are about what happened in it."""

    @awaitable
    def journal(
        self,
        provider: str | None = None,
        operation: str | None = None,
        *,
        outcome: ExchangeOutcome | None = None,
        error: str | None = None,
        status: int | None = None,
        target: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> JournalPage:
        """Exchanges, oldest first.

        Args:
            provider: at this one only.
            operation: that asked for this one only.
            outcome: of which this came for the client.
            error: that were rejected by this one, a name.
            status: of HTTP.
            target: a part of what was asked for.
            since: those whose number is greater.
            limit: so many at most.
        """
        filters = {
            "provider": provider,
            "operation": operation,
            "outcome": outcome,
            "error": error,
            "status": status,
            "target": target,
        }
        found, page = self._listed("/journal", "exchanges", "number", filters, since, limit)
        return JournalPage.of({**page, "exchanges": found})

    @awaitable
    def exchange(self, number: int) -> ExchangeRecord:
        """One exchange, with its `request` and `response` whole, and its explanation in its ``row``."""
        return ExchangeRecord.of(self._ask("GET", f"/journal/{number}"))

    @awaitable
    def explain(self, number: int) -> dict[str, Any]:
        """Why an exchange was answered as it was.

        Returns:
            what decided, with the document's sentence; what was received; the windows; what nothing read; how to fix it.
        """
        explanation: dict[str, Any] = self._ask("GET", f"/journal/{number}")["explanation"]
        return explanation

    @awaitable
    def verify(
        self,
        /,
        *exchanges: Mapping[str, Any],
        count: int | Mapping[str, int] | None = None,
        order: bool | None = None,
        since: int | None = None,
        **wanted: Any,
    ) -> list[int]:
        """Verify that exchanges happened: ``expect(operation="sms.send_message", parameters={"to": "5556667777"})``.

        Args:
            exchanges: each of them happened, every one by itself.
            count: so many of the one that is wanted; or ``{"at_least": 1, "at_most": 3}``.
            order: whether in this order.
            since: exchanges up to this number do not count.
            wanted: one more of the exchanges, by keywords: ``provider``, ``operation``, ``account``, ``method``,
                ``path``, ``parameters``, ``headers``, ``outcome``, ``error``, ``status``.

        Returns:
            the numbers of the exchanges that were found.

        Raises:
            AssertionError: it is not so; what comes nearest and where it differs.
        """
        said = {"count": count, "order": order, "since": since}
        body: dict[str, Any] = {"exchanges": [*exchanges, *([wanted] if wanted else [])]}
        body |= {name: value for name, value in said.items() if value is not None}
        response = self.run_verification(body)
        if not response["holds"]:
            raise AssertionError(unmet(response))
        found: list[int] = response["found"]
        return found

    @awaitable
    def run_verification(self, verification: Row) -> dict[str, Any]:
        """Whether a verification holds: ``{"exchanges", "count", "order", "since"}``, as JSON.

        Returns:
            ``holds``, the numbers that were ``found``, and the ``difference``.
        """
        response: dict[str, Any] = self._ask("POST", "/verify", body=verification)
        return response

    @awaitable
    def coverage(self) -> Row:
        """Which documented behaviours this world's clients have met, and what their traffic shows; `Coverage` adds up."""
        row: Row = self._ask("GET", "/coverage")
        return row


def unmet(response: Row) -> str:
    """Why a verification does not hold, as text: a sentence for each exchange that was wanted and is not there."""
    sentences = [
        f"exchange {each['wanted']} of those wanted: {each['said']}" if isinstance(each, Mapping) else each
        for each in response["difference"]
    ]
    dropped = response.get("dropped")
    lost = [f"{dropped} exchanges that might have counted are gone: {response['why_dropped']}"] if dropped else []
    return f"the journal tells otherwise\n{format_difference(sentences + lost)}"
