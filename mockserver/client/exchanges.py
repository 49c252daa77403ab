"""The exchanges of a world: the journal, explanations and verification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .awaiting import awaitable
from .resource import Resource
from .transport import format_difference
from .values import ExchangeRecord, JournalPage, Row

if TYPE_CHECKING:
    from mockserver.engine.journal import ExchangeOutcome


class Exchanges(Resource):
    """The methods of a world for its exchanges."""

    since_exchange: int = 0
    """The number of the exchange since which `journal`, `verify` and `coverage` count, unless they are given another one."""

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
        request_id: str | None = None,
        trace_id: str | None = None,
        since: int | None = None,
        limit: int | None = None,
        order: Literal["newest", "oldest"] | None = None,
    ) -> JournalPage:
        """Return exchanges in the order of their numbers; the last of them is the newest.

        Args:
            provider: only at this provider.
            operation: only of this operation.
            outcome: only with this outcome for the client.
            error: only rejected with the provider error of this name.
            status: only with this HTTP status.
            target: only when the request target contains this text.
            request_id: only with this ``X-Request-Id``.
            trace_id: only with this trace id in ``traceparent``.
            since: only exchanges with a greater number; `since_exchange` when ``None``.
            limit: the maximal count; all when ``None``.
            order: whether a limit keeps the ``newest`` or the ``oldest``; when ``None``, the newest without ``since``, and
                with it the oldest, so that the last number is the ``since`` of the next call.
        """
        filters = {
            "provider": provider,
            "operation": operation,
            "outcome": outcome,
            "error": error,
            "status": status,
            "target": target,
            "request_id": request_id,
            "trace_id": trace_id,
        }
        first = self.since_exchange or None if since is None else since
        if limit is not None and (order or ("newest" if since is None else "oldest")) == "newest":
            page = self._ask("GET", "/journal", {**filters, "since": first, "limit": limit, "order": "newest"})
            return JournalPage.of(page)
        filters["order"] = "oldest"  # page by page
        found, page = self._listed("/journal", "exchanges", "number", filters, first, limit)
        return JournalPage.of({**page, "exchanges": found})

    @awaitable
    def har(self, /, *, anonymise: bool = False, since: int | None = None, **filters: Any) -> dict[str, Any]:
        """Return the exchanges as the JSON of a HAR 1.2 file, oldest first, with stand-ins such as ``password-1`` for secrets.

        Args:
            anonymise: whether phone numbers and texts are replaced by others of the same form too.
            since: only exchanges with a greater number; `since_exchange` when ``None``.
            filters: which exchanges: ``provider``, ``operation``, ``outcome``, ``error``, ``status``, ``target``, ``request_id``,
                ``trace_id``, as of `journal`.
        """
        first = self.since_exchange or None if since is None else since
        document: dict[str, Any] = self._ask(
            "GET", "/journal.har", {**filters, "since": first, "anonymise": anonymise or None}
        )
        return document

    @awaitable
    def save_har(
        self, path: str | PathLike[str], /, *, anonymise: bool = False, since: int | None = None, **filters: Any
    ) -> int:
        """Write the exchanges to a HAR file, and return how many it has. The arguments are those of `har`.

        Raises:
            OSError: the file cannot be written.
        """
        document = self.har(anonymise=anonymise, since=since, **filters)
        Path(path).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return len(document["log"]["entries"])

    @awaitable
    def clear_journal(self) -> None:
        """Delete the exchanges of the journal; their numbers go on, and the rest of the world is unchanged."""
        self._ask("DELETE", "/journal")

    @awaitable
    def exchange(self, number: int) -> ExchangeRecord:
        """Return one exchange, with its full `request` and `response`, and its explanation in ``row``."""
        return ExchangeRecord.of(self._ask("GET", f"/journal/{number}"))

    @awaitable
    def explain(self, number: int) -> dict[str, Any]:
        """Explain why an exchange got its response.

        Returns:
            JSON: the rule with its source, the received values, the rate limits, ignored parameters, how to fix it.
        """
        explanation: dict[str, Any] = self._ask("GET", f"/journal/{number}")["explanation"]
        return explanation

    @awaitable
    def report(self, since: int | None = None) -> str:
        """Return what happened as text: the last exchanges, one line each, and an explanation of each that failed.

        Args:
            since: only exchanges with a greater number; `since_exchange` when ``None``.
        """
        query = {"since": self.since_exchange or None if since is None else since}
        text: str = self._transport.call("GET", f"{self._path}/report", query, is_text=True)
        return text

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
        """Verify that exchanges happened: ``verify(operation="sms.send_message", parameters={"to": "5556667777"})``.

        Args:
            exchanges: descriptions of exchanges, each of which must have happened.
            count: the exact number of matching exchanges; or ``{"at_least": 1, "at_most": 3}``.
            order: whether they must have happened in this order.
            since: only exchanges with a greater number count; `since_exchange` when ``None``.
            wanted: one more description, by keywords: ``provider``, ``operation``, ``account``, ``method``,
                ``path``, ``parameters``, ``headers``, ``outcome``, ``error``, ``status``.

        Returns:
            the numbers of the matching exchanges.

        Raises:
            AssertionError: they did not happen; the message shows the closest exchange and its differences.
        """
        since = self.since_exchange or None if since is None else since
        given = {"count": count, "order": order, "since": since}
        body: dict[str, Any] = {"exchanges": [*exchanges, *([wanted] if wanted else [])]}
        body |= {name: value for name, value in given.items() if value is not None}
        response = self.run_verification(body)
        if not response["holds"]:
            raise AssertionError(unmet(response))
        found: list[int] = response["found"]
        return found

    @awaitable
    def run_verification(self, verification: Row) -> dict[str, Any]:
        """Run a verification given as JSON, with the keys ``exchanges``, ``count``, ``order`` and ``since``.

        Returns:
            JSON: whether it ``holds``, the numbers of the exchanges ``found``, and the ``difference``.
        """
        response: dict[str, Any] = self._ask("POST", "/verify", body=verification)
        return response

    @awaitable
    def coverage(self) -> Row:
        """Return the documented behaviours that the world's clients have met, and their mistakes, as JSON for `Coverage`."""
        row: Row = self._ask("GET", "/coverage", {"since": self.since_exchange or None})
        return row


def unmet(response: Row) -> str:
    """Format why a verification failed: one sentence for each missing exchange."""
    return f"{VERIFICATION_FAILED}\n{format_difference(unmet_sentences(response))}"


VERIFICATION_FAILED = "the journal does not match"
"""The first line of a failed verification; the sentences of the difference follow."""


def unmet_sentences(response: Row) -> list[Any]:
    """Return the sentences that say why a verification failed."""
    sentences = [
        f"exchange {each['wanted']} of those wanted: {each['said']}" if isinstance(each, Mapping) else each
        for each in response["difference"]
    ]
    dropped = response.get("dropped")
    lost = (
        [f"{dropped} exchanges that might have counted are no longer in the journal: {response['why_dropped']}"]
        if dropped
        else []
    )
    return sentences + lost
