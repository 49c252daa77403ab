"""The fault rules of a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from .awaiting import awaitable
from .resource import Resource
from .transport import Transport
from .values import Row

FaultKind: TypeAlias = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A fault by name, as JSON with its options, or a list of faults applied in this order."""


class WorldFaultRule:
    """One fault rule of a world."""

    def __init__(self, transport: Transport, path: str, row: Row) -> None:
        self._transport = transport
        self._path = path
        self.id: str = row["id"]
        self.row = row
        """The rule and its counters as JSON, as of when it was added or listed."""

    def __repr__(self) -> str:
        return f"<WorldFaultRule {self.id} {self.row.get('fault', '')}>"

    @property
    def matched(self) -> int:
        """The number of requests or webhooks that it has matched so far."""
        matched: int = self.show()["matched"]
        return matched

    @property
    def hits(self) -> int:
        """The number of requests or webhooks to which its fault was applied so far."""
        hits: int = self.show()["hits"]
        return hits

    @property
    def remaining(self) -> int | None:
        """The number of hits left; ``None`` for no limit."""
        remaining: int | None = self.show()["remaining"]
        return remaining

    @property
    def is_exhausted(self) -> bool:
        """Whether it will never hit again."""
        exhausted: bool = self.show()["exhausted"]
        return exhausted

    @awaitable
    def show(self) -> Row:
        """Return the rule and its current counters as JSON.

        Raises:
            LookupError: the rule was removed.
        """
        for row in self._transport.call("GET", self._path)["faults"]:
            if row["id"] == self.id:
                found: Row = row
                return found
        raise LookupError(f"the fault rule {self.id} was removed")

    @awaitable
    def remove(self) -> None:
        """Remove the rule.

        Raises:
            ControlError: it was already removed.
        """
        self._transport.call("DELETE", f"{self._path}/{quote(self.id, safe='')}")


class WorldFaults(Resource):
    """The fault rules of a world, for responses and webhooks."""

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
        id: str | None = None,  # noqa: A002 - the control API's name
        **options: Any,
    ) -> WorldFaultRule:
        """Add a fault rule.

        Args:
            fault: the kind of a fault, such as ``reset``; its JSON; or a list of faults applied in this order.
            target: what fails: the ``response`` to a request, or a ``webhook``.
            match: which requests: ``provider``, ``operation``, ``method``, ``path``, ``parameters``, ``headers``; or which
                webhooks: ``provider``, ``account``, ``kind``, ``url``.
            when: which of the matching ones: ``first``, ``every``, ``nth``, ``skip``, ``from``, ``until``, ``probability``.
            point: ``before`` the operation takes effect, so that it never does, or ``after``.
            expires_after: the number of hits after which the rule is exhausted.
            id: the rule's id; generated when ``None``.
            options: options of a fault given by its kind, such as ``seconds=2`` of a ``delay``.

        Raises:
            ValueError: options were given for a fault that is not given by its kind.
            ControlError: the kind of fault is unknown, or the rule could never hit.
        """
        rest = {"match": match, "when": when, "point": point, "expires_after": expires_after, "id": id}
        return self.add_rule(_rule(fault, options, target=None if target == "response" else target, **rest))

    @awaitable
    def add_rule(self, rule: Row) -> WorldFaultRule:
        """Add a fault rule given as JSON."""
        return self._rule(self._ask("POST", body=rule))

    def get(self, id: str) -> WorldFaultRule:  # noqa: A002 - the control API's name
        """Return the rule of an id, without checking that it exists."""
        return self._rule({"id": id})

    @awaitable
    def remove(self, id: str) -> None:  # noqa: A002 - the control API's name
        """Remove a rule by its id.

        Raises:
            ControlError: there is no such rule.
        """
        self.get(id).remove()

    @awaitable
    def clear(self) -> int:
        """Remove every rule and return their number."""
        removed: int = self._ask("DELETE")["removed"]
        return removed

    @awaitable
    def list(self, *, since: str | None = None, limit: int | None = None) -> tuple[WorldFaultRule, ...]:
        """Return the rules, in the order in which they are tried.

        Args:
            since: only rules after the one with this id.
            limit: the maximal count; all when ``None``.
        """
        found, _ = self._listed("", "faults", "id", {}, since, limit)
        return tuple(map(self._rule, found))

    def _rule(self, row: Row) -> WorldFaultRule:
        return WorldFaultRule(self._transport, self._path, row)


def _rule(fault: FaultKind, options: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    """Build a rule's JSON for the control API.

    Raises:
        ValueError: options were given for a fault that is not given by its kind.
    """
    if isinstance(fault, str):
        fault = {"kind": fault, **options}
    elif options:
        raise ValueError(f"{', '.join(options)}: put options into the fault's JSON")
    return {"fault": fault, **{name: value for name, value in rest.items() if value is not None}}
