"""What customers have: their accounts, and the messages that came and went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from . import timefmt as moments
from .awaiting import awaitable
from .resource import Resource
from .timefmt import Duration, Moment
from .transport import ControlError
from .values import AccountRecord, MessageRecord


class MessagesMixin(Resource):
    """The verbs of a world that are about accounts and messages."""

    @awaitable
    def accounts(self) -> list[AccountRecord]:
        """Every account."""
        return [AccountRecord(row) for row in self._ask("GET", "/accounts")["accounts"]]

    @awaitable
    def account(self, provider: str, name: str) -> AccountRecord:
        """One account."""
        return AccountRecord(self._ask("GET", _account_path(provider, name)))

    @awaitable
    def change_account(
        self, /, provider: str, name: str, *, fields: Mapping[str, Any] | None = None, **lists: Sequence[Any]
    ) -> AccountRecord:
        """Replace whole lists of an account: ``numbers``, ``programs``, ``contacts``, ``blacklist``, ``forwarding``.

        Args:
            provider: whose account.
            name: the account's.
            fields: new values of the provider's own fields; those that are not named stay as they are.
            lists: as a world file has them.

        Returns:
            the account as it is now.
        """
        body = lists if fields is None else {**lists, "fields": fields}
        return AccountRecord(self._ask("PATCH", _account_path(provider, name), body=body))

    @awaitable
    def messages(
        self,
        provider: str | None = None,
        account: str | None = None,
        *,
        direction: Literal["inbound", "outbound"] | None = None,
        number: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[MessageRecord]:
        """Messages that the world holds, in the order in which they were stored.

        Args:
            provider: of this one only.
            account: of this one only.
            direction: ``inbound`` to the account, or ``outbound`` from it.
            number: from or to this one only.
            since: those whose serial is greater.
            limit: so many at most.
        """
        filters = {"provider": provider, "account": account, "direction": direction, "number": number}
        found, _ = self._listed("/messages", "messages", "serial", filters, since, limit)
        return [MessageRecord.of(row) for row in found]

    @awaitable
    def store(
        self, /, provider: str, account: str, *, at: Moment | timedelta | None = None, **row: Any
    ) -> MessageRecord:
        """Put a message into an account's records, of either direction, with any instant and status.

        Args:
            provider: whose account.
            account: its name.
            at: the message's instant, or a duration back from now; now when none is given.
            row: the message as a world file has it: ``direction``, ``sender``, ``recipient``, ``text`` and what is the
                provider's own. The ``id`` is made when none is given.
        """
        given = {} if at is None else {"at": moments.plain(at)}
        body = {"provider": provider, "account": account, **row, **given}
        return MessageRecord.of(self._ask("POST", "/messages", body=body))

    @awaitable
    def change_message(self, /, serial: int, **changes: Any) -> MessageRecord:
        """Change a message.

        Args:
            serial: the message's.
            changes: ``status``, or ``fields`` with values of the provider's own fields.

        Returns:
            the message as it is now.
        """
        return MessageRecord.of(self._ask("PATCH", f"/messages/{serial}", body=changes))

    @awaitable
    def delete_message(self, serial: int) -> MessageRecord:
        """Delete a message from its account's records; returns it as it was."""
        return MessageRecord.of(self._ask("DELETE", f"/messages/{serial}")["deleted"])

    @awaitable
    def inbound(self, /, provider: str, account: str | None = None, **fields: Any) -> MessageRecord:
        """Let a message come in from outside, now.

        Args:
            provider: where it arrives.
            account: whose it is, where the fields do not tell.
            fields: in the words of a world file: ``sender``, ``recipient``, ``text`` and what is the provider's own.
        """
        message = self._receive(provider, account, fields)["message"]
        if message is None:
            raise ControlError("not_stored", f"{provider} took the message and keeps no record of it")
        return MessageRecord.of(message)

    @awaitable
    def schedule_inbound(
        self, /, provider: str, account: str | None = None, *, delay: Duration, **fields: Any
    ) -> datetime:
        """Let a message come in from outside, later.

        Args:
            provider: as `inbound` has it.
            account: likewise.
            delay: how much later, by the world's clock.
            fields: likewise.

        Returns:
            the instant at which it will come in.
        """
        return moments.read(self._receive(provider, account, {**fields, "in": moments.seconds(delay)})["due"])

    def _receive(self, provider: str, account: str | None, fields: Mapping[str, Any]) -> Any:
        whose = {"provider": provider} if account is None else {"provider": provider, "account": account}
        return self._ask("POST", "/inbound", body={**whose, **fields})


def _account_path(provider: str, name: str) -> str:
    return f"/accounts/{quote(provider, safe='')}/{quote(name, safe='')}"
