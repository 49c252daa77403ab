"""The accounts of a world, their entries and messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from . import timefmt as moments
from .awaiting import awaitable
from .resource import Resource
from .timefmt import Duration, Moment
from .transport import ControlError
from .values import AccountRecord, MessageRecord, Row


class MessagesMixin(Resource):
    """The methods of a world for accounts, their entries and messages."""

    @awaitable
    def accounts(self, *, since: str | None = None, limit: int | None = None) -> list[AccountRecord]:
        """Return the accounts, in the order of the world file.

        Args:
            since: only accounts after this one, ``PROVIDER/ACCOUNT``.
            limit: the maximal count; all when ``None``.
        """
        found, _ = self._listed("/accounts", "accounts", "", {}, since, limit)
        return list(map(AccountRecord, found))

    @awaitable
    def account(self, provider: str, name: str) -> AccountRecord:
        """Return one account."""
        return AccountRecord(self._ask("GET", _account_path(provider, name)))

    @awaitable
    def change_account(
        self, /, provider: str, name: str, *, fields: Mapping[str, Any] | None = None, **lists: Sequence[Any]
    ) -> AccountRecord:
        """Replace whole lists of an account: ``numbers``, ``programs``, ``forwarding``.

        Args:
            provider: the provider's name.
            name: the account's name.
            fields: new values of provider-specific fields; other fields keep their values.
            lists: the new lists, as in a world file.

        Returns:
            the changed account.
        """
        body = lists if fields is None else {**lists, "fields": fields}
        return AccountRecord(self._ask("PATCH", _account_path(provider, name), body=body))

    @awaitable
    def collections(self, provider: str, account: str) -> dict[str, int]:
        """Return the collections of an account, such as its contacts, with the number of entries of each."""
        found = self._ask("GET", f"{_account_path(provider, account)}/collections")["collections"]
        return {row["name"]: row["count"] for row in found}

    @awaitable
    def entries(
        self,
        provider: str,
        account: str,
        collection: str,
        *,
        since: int | str | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Return the entries of a collection of an account, in the order of adding.

        Args:
            provider: the provider's name.
            account: the account's name.
            collection: the collection's name, such as ``contacts``.
            since: only entries that were added after the one with this id.
            limit: the maximal count; all when ``None``.
        """
        path = _collection_path(provider, account, collection)
        found, _ = self._listed(path, "entries", "id", {}, since, limit)
        return found

    @awaitable
    def entry(self, provider: str, account: str, collection: str, entry_id: int | str) -> Row:
        """Return one entry of a collection of an account, by its id."""
        row: Row = self._ask("GET", _entry_path(provider, account, collection, entry_id))
        return row

    @awaitable
    def add_entry(self, provider: str, account: str, collection: str, entry: Mapping[str, Any]) -> Row:
        """Add an entry to a collection of an account.

        Args:
            provider: the provider's name.
            account: the account's name.
            collection: the collection's name, such as ``contacts``.
            entry: the entry as in a world file; without an ``id`` that is a number it gets the next one.

        Returns:
            the entry as it was stored.
        """
        row: Row = self._ask("POST", _collection_path(provider, account, collection), body=entry)
        return row

    @awaitable
    def put_entry(
        self, provider: str, account: str, collection: str, entry_id: int | str, entry: Mapping[str, Any]
    ) -> Row:
        """Add an entry with an id, or replace the one that has it; arguments as for `add_entry`."""
        row: Row = self._ask("PUT", _entry_path(provider, account, collection, entry_id), body=entry)
        return row

    @awaitable
    def replace_entries(
        self, provider: str, account: str, collection: str, entries: Iterable[Mapping[str, Any]]
    ) -> list[Row]:
        """Replace all entries of a collection of an account; arguments as for `add_entry`, each with its ``id``."""
        body = {"entries": list(entries)}
        rows: list[Row] = self._ask("PUT", _collection_path(provider, account, collection), body=body)["entries"]
        return rows

    @awaitable
    def delete_entry(self, provider: str, account: str, collection: str, entry_id: int | str) -> Row:
        """Delete an entry of a collection of an account, and return it."""
        row: Row = self._ask("DELETE", _entry_path(provider, account, collection, entry_id))["deleted"]
        return row

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
        """Return messages, in the order in which they were stored.

        Args:
            provider: only of this provider.
            account: only of this account.
            direction: ``inbound`` to the account, or ``outbound`` from it.
            number: only from or to this number.
            since: only messages with a greater serial.
            limit: the maximal count; all when ``None``.
        """
        filters = {"provider": provider, "account": account, "direction": direction, "number": number}
        found, _ = self._listed("/messages", "messages", "serial", filters, since, limit)
        return [MessageRecord.of(row) for row in found]

    @awaitable
    def store(
        self, /, provider: str, account: str, *, at: Moment | timedelta | None = None, **row: Any
    ) -> MessageRecord:
        """Add a message of either direction to an account, with any instant and status.

        Args:
            provider: the provider's name.
            account: the account's name.
            at: the message's instant, or a duration before now; now when ``None``.
            row: the message as in a world file: ``direction``, ``sender``, ``recipient``, ``text`` and
                provider-specific fields. The ``id`` is generated when not given.
        """
        given = {} if at is None else {"at": moments.plain(at)}
        body = {"provider": provider, "account": account, **row, **given}
        return MessageRecord.of(self._ask("POST", "/messages", body=body))

    @awaitable
    def change_message(self, /, serial: int, **changes: Any) -> MessageRecord:
        """Change a message.

        Args:
            serial: the message's serial.
            changes: ``status``, or ``fields`` with provider-specific values.

        Returns:
            the changed message.
        """
        return MessageRecord.of(self._ask("PATCH", f"/messages/{serial}", body=changes))

    @awaitable
    def delete_message(self, serial: int) -> MessageRecord:
        """Delete a message, and return it."""
        return MessageRecord.of(self._ask("DELETE", f"/messages/{serial}")["deleted"])

    @awaitable
    def inbound(self, /, provider: str, account: str | None = None, **fields: Any) -> MessageRecord:
        """Simulate an inbound message from a handset, now.

        Args:
            provider: the provider that receives it.
            account: the account, when the fields do not determine it.
            fields: as in a world file: ``sender``, ``recipient``, ``text`` and provider-specific fields.
        """
        message = self._receive(provider, account, fields)["message"]
        if message is None:
            raise ControlError("not_stored", f"{provider} received the message and stores none")
        return MessageRecord.of(message)

    @awaitable
    def schedule_inbound(
        self, /, provider: str, account: str | None = None, *, delay: Duration, **fields: Any
    ) -> datetime:
        """Schedule an inbound message from a handset.

        Args:
            provider: as for `inbound`.
            account: as for `inbound`.
            delay: the delay on the world's clock.
            fields: as for `inbound`.

        Returns:
            the instant at which it will be received, in UTC.
        """
        return moments.read(self._receive(provider, account, {**fields, "in": moments.seconds(delay)})["due"])

    def _receive(self, provider: str, account: str | None, fields: Mapping[str, Any]) -> Any:
        receiver = {"provider": provider} if account is None else {"provider": provider, "account": account}
        return self._ask("POST", "/inbound", body={**receiver, **fields})


def _entry_path(provider: str, account: str, collection: str, entry_id: int | str) -> str:
    return f"{_collection_path(provider, account, collection)}/{quote(str(entry_id), safe='')}"


def _collection_path(provider: str, account: str, collection: str) -> str:
    return f"{_account_path(provider, account)}/collections/{quote(collection, safe='')}"


def _account_path(provider: str, name: str) -> str:
    return f"/accounts/{quote(provider, safe='')}/{quote(name, safe='')}"
