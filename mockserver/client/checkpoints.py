"""The checkpoints of a world: make them, see what has changed since one, verify that, and return to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from .awaiting import awaitable
from .exchanges import Exchanges
from .timefmt import read
from .transport import format_difference
from .values import Row

if TYPE_CHECKING:
    from mockserver.engine.changes import ChangeKind


@dataclass(frozen=True)
class CheckpointRecord:
    """A state that a world can return to."""

    name: str
    at: datetime
    """The world's instant when it was made."""
    exchange: int
    """The number of the latest exchange in the journal when it was made."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> CheckpointRecord:
        """Build it from the control API's JSON."""
        return cls(row["name"], read(row["at"]), row["exchange"], row)


@dataclass(frozen=True)
class ChangeRecord:
    """Something that was inserted, changed or deleted since a checkpoint."""

    change: Literal["inserted", "changed", "deleted"]
    kind: ChangeKind
    """What it is: a ``message``, an ``entry``, an ``account`` and so on."""
    id: str | int
    """What it is found by: a message's serial, an entry's id, a delivery's number, the name of a variant."""
    provider: str | None
    account: str | None
    before: Row | None = field(repr=False)
    """The value before; ``None`` when it was inserted."""
    after: Row | None = field(repr=False)
    """The value after; ``None`` when it was deleted."""
    fields: tuple[str, ...]
    """The names of the values that differ; empty unless it was changed."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, change: Literal["inserted", "changed", "deleted"], row: Row) -> ChangeRecord:
        """Build it from the control API's JSON."""
        given = {name: row.get(name) for name in ("provider", "account", "before", "after")}
        return cls(change, row["kind"], row["id"], fields=tuple(row.get("fields", ())), row=row, **given)


@dataclass(frozen=True)
class WorldChanges:
    """What has changed in a world since a checkpoint. ``str()`` returns one line for each change."""

    checkpoint: CheckpointRecord
    inserted: tuple[ChangeRecord, ...]
    changed: tuple[ChangeRecord, ...]
    deleted: tuple[ChangeRecord, ...]
    omitted: int
    """The number of changes beyond the limit."""
    text: str = field(repr=False)
    """One line for each change: ``+`` inserted, ``~`` changed, ``-`` deleted."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> WorldChanges:
        """Build it from the control API's JSON."""
        return cls(
            checkpoint=CheckpointRecord.of(row["checkpoint"]),
            inserted=tuple(ChangeRecord.of("inserted", each) for each in row["inserted"]),
            changed=tuple(ChangeRecord.of("changed", each) for each in row["changed"]),
            deleted=tuple(ChangeRecord.of("deleted", each) for each in row["deleted"]),
            omitted=row["omitted"],
            text=row["text"],
            row=row,
        )

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        """Return the number of changes, those beyond the limit included."""
        return len(self.inserted) + len(self.changed) + len(self.deleted) + self.omitted


@dataclass(frozen=True)
class SentWebhookRecord:
    """A webhook that was sent after the checkpoint to which a world was rewound; its receiver keeps what it got."""

    number: int
    """The delivery's number, which another delivery may get now."""
    provider: str
    account: str
    kind: str
    serial: int | None
    """The serial of the message that it was about; ``None`` for one that was about no message."""
    url: str
    attempts: int
    """The attempts that ended after the checkpoint."""
    is_in_flight: bool
    """Whether another attempt had started, whose outcome is ignored. It may have waited behind an earlier request, and is not sent then."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> SentWebhookRecord:
        """Build it from the control API's JSON."""
        return cls(
            number=row["number"],
            provider=row["provider"],
            account=row["account"],
            kind=row["kind"],
            serial=row["message"]["serial"],
            url=row["url"],
            attempts=len(row["attempts"]),
            is_in_flight=row["in_flight"],
            row=row,
        )


@dataclass(frozen=True)
class RewindRecord:
    """What rewinding a world has done."""

    checkpoint: CheckpointRecord
    exchange: int
    """The number of the latest exchange; the journal keeps those from before the rewind."""
    cursor: int
    """The cursor of the latest event; `WorldClient.wait` takes it as ``since``."""
    cancelled: tuple[int, ...]
    """The numbers of the deliveries that were opened since the checkpoint, and exist no more."""
    sent: tuple[SentWebhookRecord, ...]
    """The webhooks that were sent since the checkpoint, which cannot be undone."""
    row: Row = field(repr=False, compare=False)

    @classmethod
    def of(cls, row: Row) -> RewindRecord:
        """Build it from the control API's JSON."""
        return cls(
            checkpoint=CheckpointRecord.of(row["checkpoint"]),
            exchange=row["exchange"],
            cursor=row["cursor"],
            cancelled=tuple(each["number"] for each in row["cancelled"]),
            sent=tuple(map(SentWebhookRecord.of, row["sent"])),
            row=row,
        )


CHANGES_DIFFER = "the changes since the checkpoint do not match"
"""The first line of a failed verification of changes; the sentences of the difference follow."""


class CheckpointsMixin(Exchanges):
    """The methods of a world for its checkpoints."""

    @awaitable
    def checkpoint(self, name: str) -> CheckpointRecord:
        """Keep an exact copy of the world as it is now, in place of an earlier checkpoint with this name."""
        return CheckpointRecord.of(self._ask("POST", "/checkpoints", body={"name": name}))

    @awaitable
    def checkpoints(self) -> list[CheckpointRecord]:
        """Return the checkpoints in the order in which they were made."""
        return [CheckpointRecord.of(row) for row in self._ask("GET", "/checkpoints")["checkpoints"]]

    @awaitable
    def remove_checkpoint(self, name: str) -> None:
        """Remove a checkpoint."""
        self._ask("DELETE", _path(name))

    @awaitable
    def changes(self, since: str, *, limit: int | None = None) -> WorldChanges:
        """Return what was inserted, changed and deleted since a checkpoint: ``print(world.changes(since="before"))``.

        Args:
            since: the name of the checkpoint.
            limit: the maximal count; 1000 when ``None``.
        """
        return WorldChanges.of(self._ask("GET", f"{_path(since)}/changes", {"limit": limit}))

    @awaitable
    def rewind(self, name: str) -> RewindRecord:
        """Return to a checkpoint: records, clock, identifiers, limits, fault rules and deliveries are as they were then.

        A clock that runs keeps the time that has passed on the machine since. The journal keeps its exchanges, and numbers and
        cursors go on. Deliveries that were opened since are cancelled; the result lists the webhooks that were sent already.
        """
        return RewindRecord.of(self._ask("POST", f"{_path(name)}/rewind"))

    @awaitable
    def verify_changes(
        self,
        /,
        *changes: Mapping[str, Any],
        since: str,
        nothing_else: bool = False,
        **wanted: Any,
    ) -> list[str]:
        """Verify what has changed since a checkpoint: ``verify_changes(since="before", change="inserted", kind="message")``.

        Args:
            changes: descriptions of changes.
            since: the name of the checkpoint.
            nothing_else: whether no other message, entry or account may have changed.
            wanted: one more description, by keywords: ``change`` (``inserted``, ``changed`` or ``deleted``), ``kind``,
                ``provider``, ``account``, ``collection``, ``id``; ``values``, such as ``{"text": "Hello"}``; and ``count``, how
                many such changes there must be: 1, or ``{"at_least": 1, "at_most": 3}``.

        Returns:
            the matching changes, a line for each.

        Raises:
            AssertionError: there are fewer or more such changes, or others; the message says which.
        """
        described = [*changes, *([wanted] if wanted else [])]
        body = {"since": since, "changes": described, **({"nothing_else": True} if nothing_else else {})}
        response = self.run_verification(body)
        if not response["holds"]:
            raise AssertionError(f"{CHANGES_DIFFER}\n{format_difference(response['difference'])}")
        found: list[str] = response["found"]
        return found


def _path(name: str) -> str:
    return f"/checkpoints/{quote(name, safe='')}"
