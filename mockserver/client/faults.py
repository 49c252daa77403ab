"""Failure on purpose: the rules that are armed in a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from .awaiting import verb
from .transport import Transport
from .values import Row

FaultKind: TypeAlias = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A fault by name, as JSON with its options, or several that act in this order."""


class Fault:
    """A rule that is armed."""

    def __init__(self, transport: Transport, path: str, row: Row) -> None:
        self._transport = transport
        self._path = path
        self.id: str = row["id"]
        self.row = row
        """The rule and how it stood when it was armed or listed, as JSON."""

    def __repr__(self) -> str:
        return f"<Fault {self.id} {self.row.get('fault', '')}>"

    @property
    def hits(self) -> int:
        """How many exchanges it has met until now."""
        hits: int = self.show()["hits"]
        return hits

    @property
    def matched(self) -> int:
        """How many exchanges it has been about until now, met or not."""
        matched: int = self.show()["matched"]
        return matched

    @property
    def is_spent(self) -> bool:
        """Whether it will meet no more."""
        spent: bool = self.show()["spent"]
        return spent

    @verb
    def show(self) -> Row:
        """The rule as JSON, and how it stands now.

        Raises:
            LookupError: it was cleared.
        """
        for row in self._transport.call("GET", self._path)["faults"]:
            if row["id"] == self.id:
                found: Row = row
                return found
        raise LookupError(f"the fault {self.id} was cleared")

    @verb
    def clear(self) -> None:
        """Disarm it.

        Raises:
            ControlError: it was cleared before.
        """
        self._transport.call("DELETE", f"{self._path}/{quote(self.id, safe='')}")


def rule(
    fault: FaultKind,
    options: Mapping[str, Any],
    **rest: Any,
) -> dict[str, Any]:
    """A rule as the control API takes it.

    Raises:
        ValueError: options were given beside a fault that brings its own.
    """
    if isinstance(fault, str):
        fault = {"kind": fault, **options}
    elif options:
        raise ValueError(f"{', '.join(options)}: options belong into the fault's own JSON")
    return {"fault": fault, **{name: value for name, value in rest.items() if value is not None}}
