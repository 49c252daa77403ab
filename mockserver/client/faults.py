"""Failure on purpose: the rules that are armed in a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from .awaiting import verb
from .resource import Asking
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


class Faults(Asking):
    """The verbs of a world that are about failing."""

    @verb
    def arm(
        self,
        /,
        fault: FaultKind,
        *,
        match: Mapping[str, Any] | None = None,
        when: Mapping[str, Any] | None = None,
        point: Literal["before", "after"] | None = None,
        expires_after: int | None = None,
        id: str | None = None,  # noqa: A002 - the control API's word
        **options: Any,
    ) -> Fault:
        """Let exchanges fail on purpose.

        Args:
            fault: its kind, such as ``reset``; its JSON; or a list of several that act in this order.
            match: which exchanges: ``provider``, ``operation``, ``method``, ``path``, ``parameters``, ``headers``.
            when: of these, which: ``first``, ``every``, ``nth``, ``after``, ``from``, ``until``, ``probability``.
            point: ``before`` the operation takes effect, which it then never does, or ``after`` that.
            expires_after: hits after which it is spent.
            id: a name for it; one is made when none is given.
            options: of a fault that was given by its kind, such as ``seconds=2`` of a ``delay``.

        Raises:
            ValueError: options were given beside a fault that brings its own.
        """
        return self.arm_rule(
            _rule(fault, options, match=match, when=when, point=point, expires_after=expires_after, id=id)
        )

    @verb
    def arm_rule(self, rule: Row) -> Fault:
        """The same, given the rule as JSON."""
        return self._fault(self._ask("POST", "/faults", body=rule))

    @verb
    def faults(self) -> list[Fault]:
        """Every rule that is armed, in the order in which they are asked."""
        return list(map(self._fault, self._ask("GET", "/faults")["faults"]))

    def fault(self, id: str) -> Fault:  # noqa: A002 - the control API's word
        """The rule of an id. Whether there is one is seen when it is first used."""
        return self._fault({"id": id})

    @verb
    def clear_faults(self) -> int:
        """Disarm every rule; how many there were."""
        cleared: int = self._ask("DELETE", "/faults")["cleared"]
        return cleared

    def _fault(self, row: Row) -> Fault:
        return Fault(self._transport, f"{self._path}/faults", row)


def _rule(
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
