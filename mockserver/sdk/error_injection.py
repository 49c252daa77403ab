"""Provider errors that a fault rule demands by name, each said to the call that meets the fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from mockserver.engine.instants import Instant
    from mockserver.engine.provider_errors import ProviderError

    from .parameters import Parameter
    from .provider import Call, Operation
    from .request import ProviderRequest


class Case(NamedTuple):
    """The call that is to be rejected."""

    call: Call
    request: ProviderRequest
    """The request that the call was read from."""
    now: Instant
    """The world's instant."""
    parameters: Sequence[Parameter]
    """What its operation reads; of an operation that there is not, what any reads."""

    def value(self, name: str) -> Any:
        """What was sent under a name; empty where nothing was."""
        return self.call.values.get(name, "")

    def text(self, name: str) -> str:
        """The same as a text."""
        return str(self.value(name))

    def parameter(self, error: type[ProviderError]) -> Parameter | None:
        """The first parameter whose values can lead to an error, of those that were sent, or else of all."""
        rows = [row for row in self.parameters if row.kind.error is error]
        return next((row for row in rows if self.value(row.name)), rows[0] if rows else None)


ErrorBuilder: TypeAlias = "Callable[[Case], ProviderError]"
"""Makes the error of one type for a case."""


def error_builder(
    operations: Sequence[Operation], builders: Mapping[type[ProviderError], ErrorBuilder]
) -> Callable[[type[ProviderError], Call, ProviderRequest, Instant], ProviderError]:
    """A `Provider.build_error`.

    An error that a builder makes is that; one that a parameter can lead to says what this parameter would have led to;
    any other is made without facts.

    Args:
        operations: of the provider.
        builders: error -> what makes it for a call.
    """
    by_name = {operation.name: operation.parameters for operation in operations}
    everything = tuple(row for rows in by_name.values() for row in rows)

    def build_error(error: type[ProviderError], call: Call, request: ProviderRequest, now: Instant) -> ProviderError:
        builder = builders.get(error)
        if builder is not None:
            return builder(Case(call, request, now, by_name.get(call.operation, everything)))
        for rows in (by_name.get(call.operation, ()), everything):
            row = Case(call, request, now, rows).parameter(error)
            if row is not None:
                return row.error(error, value=call.values.get(row.name, ""), **row.kind.facts)
        found = next((row for row in everything if error in row.errors), None)
        return error() if found is None else found.error(error)

    return build_error
