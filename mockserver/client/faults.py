"""Failure on purpose: the fault rules of a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from .awaiting import awaitable
from .resource import Resource
from .transport import Transport
from .values import Row

FaultKind: TypeAlias = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A fault by name, as JSON with its options, or several that act in this order."""


class WorldFaultRule:
    """One fault rule of a world."""

    def __init__(self, transport: Transport, path: str, row: Row) -> None:
        self._transport = transport
        self._path = path
        self.id: str = row["id"]
        self.row = row
        """The rule and what it had counted when it was added or listed, as JSON."""

    def __repr__(self) -> str:
        return f"<WorldFaultRule {self.id} {self.row.get('fault', '')}>"

    @property
    def matched(self) -> int:
        """How many requests or webhooks it has been about until now, hit or not."""
        matched: int = self.show()["matched"]
        return matched

    @property
    def hits(self) -> int:
        """How many requests or webhooks its fault was applied to until now."""
        hits: int = self.show()["hits"]
        return hits

    @property
    def remaining(self) -> int | None:
        """The largest number of hits that it can still make; ``None`` for no limit."""
        remaining: int | None = self.show()["remaining"]
        return remaining

    @property
    def is_exhausted(self) -> bool:
        """Whether it will never hit again."""
        exhausted: bool = self.show()["exhausted"]
        return exhausted

    @awaitable
    def show(self) -> Row:
        """The rule as JSON, and what it has counted now.

        Raises:
            LookupError: it was removed.
        """
        for row in self._transport.call("GET", self._path)["faults"]:
            if row["id"] == self.id:
                found: Row = row
                return found
        raise LookupError(f"the fault rule {self.id} was removed")

    @awaitable
    def remove(self) -> None:
        """Remove it.

        Raises:
            ControlError: it was removed before.
        """
        self._transport.call("DELETE", f"{self._path}/{quote(self.id, safe='')}")


class WorldFaults(Resource):
    """What goes wrong on purpose in a world: its fault rules, for responses and for webhooks."""

    @awaitable
    def add(
        self,
        /,
        fault: FaultKind,
        *,
        target: Literal["response", "webhook"] = "response",
        match: Mapping[str, Any] | None = None,
        when: Mapping[str, Any] | None = None,
        point: Literal["before", "after"] | None = None,
        expires_after: int | None = None,
        id: str | None = None,  # noqa: A002 - the control API's word
        **options: Any,
    ) -> WorldFaultRule:
        """Let responses or webhooks go wrong on purpose.

        Args:
            fault: its kind, such as ``reset``; its JSON; or a list of several that act in this order.
            target: what goes wrong: the ``response`` to a request, or the ``webhook`` that is sent to a customer.
            match: which requests: ``provider``, ``operation``, ``method``, ``path``, ``parameters``, ``headers``; or which
                webhooks: ``provider``, ``account``, ``kind``, ``url``.
            when: of these, which: ``first``, ``every``, ``nth``, ``skip``, ``from``, ``until``, ``probability``.
            point: ``before`` the operation takes effect, which it then never does, or ``after`` that.
            expires_after: hits after which the rule is exhausted.
            id: a name for it; one is made when none is given.
            options: of a fault that was given by its kind, such as ``seconds=2`` of a ``delay``.

        Raises:
            ValueError: options were given beside a fault that brings its own.
            ControlError: there is no such fault, or the rule could never hit.
        """
        rest = {"match": match, "when": when, "point": point, "expires_after": expires_after, "id": id}
        return self.add_rule(_rule(fault, options, target=None if target == "response" else target, **rest))

    @awaitable
    def add_rule(self, rule: Row) -> WorldFaultRule:
        """The same, given the rule as JSON."""
        return self._rule(self._ask("POST", body=rule))

    def get(self, id: str) -> WorldFaultRule:  # noqa: A002 - the control API's word
        """The rule of an id. Whether there is one is seen when it is first used."""
        return self._rule({"id": id})

    @awaitable
    def remove(self, id: str) -> None:  # noqa: A002 - the control API's word
        """Remove the rule of an id.

        Raises:
            ControlError: there is none.
        """
        self.get(id).remove()

    @awaitable
    def clear(self) -> int:
        """Remove every rule; how many there were."""
        removed: int = self._ask("DELETE")["removed"]
        return removed

    @awaitable
    def list(self) -> tuple[WorldFaultRule, ...]:
        """Every rule, in the order in which they are asked."""
        return tuple(map(self._rule, self._ask("GET")["faults"]))

    def _rule(self, row: Row) -> WorldFaultRule:
        return WorldFaultRule(self._transport, self._path, row)


def _rule(fault: FaultKind, options: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    """A rule as the control API takes it.

    Raises:
        ValueError: options were given beside a fault that brings its own.
    """
    if isinstance(fault, str):
        fault = {"kind": fault, **options}
    elif options:
        raise ValueError(f"{', '.join(options)}: options belong into the fault's own JSON")
    return {"fault": fault, **{name: value for name, value in rest.items() if value is not None}}
