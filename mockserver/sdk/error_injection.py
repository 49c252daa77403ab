"""Build the provider errors that fault rules demand by name, with the facts of the call that meets the rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from mockserver.engine.instants import Instant
    from mockserver.engine.provider_errors import ProviderError

    from .operations import Call, Operation, Parameter
    from .request import ProviderRequest


class Case(NamedTuple):
    """The call to reject."""

    call: Call
    request: ProviderRequest
    """The request that the call was read from."""
    now: Instant
    """The world's instant."""
    parameters: Sequence[Parameter]
    """The parameters of its operation; of all operations where the call's is unknown."""

    def value(self, name: str) -> Any:
        """Return the value of a parameter; an empty text where it was not sent."""
        return self.call.values.get(name, "")

    def text(self, name: str) -> str:
        """Return the same as text."""
        return str(self.value(name))

    def parameter(self, error: type[ProviderError]) -> Parameter | None:
        """Return the first parameter whose values can lead to an error: of those that were sent, else of all."""
        rows = [row for row in self.parameters if row.kind.error is error]
        return next((row for row in rows if self.value(row.name)), rows[0] if rows else None)


ErrorBuilder: TypeAlias = "Callable[[Case], ProviderError]"
"""Builds the error of one type for a case."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def request_facts(error: type[ProviderError], request: ProviderRequest) -> dict[str, object]:
    """Return the facts of an error that any request has: the ``method``, where its sentences name it."""
    return {"method": request.method} if "method" in _placeholders(error) else {}


def default_facts(error: type[ProviderError], case: Case, parameters: Container[str]) -> dict[str, object]:
    """Return the facts that an error's sentences name and the case has.

    ``{method}`` is the request's, ``{value}`` that of the first parameter in `ProviderError.about`, and another
    placeholder that of the parameter of its name; a parameter that was not sent is an empty text.

    Args:
        error: the type of the error.
        case: the call to reject.
        parameters: the names of the provider's parameters.
    """
    facts = request_facts(error, case.request)
    for name in _placeholders(error):
        parameter = error.about[0] if name == "value" and error.about else name
        if parameter in parameters:
            facts[name] = case.text(parameter)
    return facts


def _placeholders(error: type[ProviderError]) -> set[str]:
    return set(_PLACEHOLDER.findall(error.description + error.hint))


def error_builder(
    operations: Sequence[Operation], builders: Mapping[type[ProviderError], ErrorBuilder]
) -> Callable[[type[ProviderError], Call, ProviderRequest, Instant], ProviderError]:
    """Return a function that builds the errors that fault rules demand.

    A builder comes first. Without one, an error that a parameter can lead to has the facts of that parameter, and any
    other has its `default_facts`.

    Args:
        operations: of the provider.
        builders: the builder of each error that needs one.
    """
    by_name = {operation.name: operation.parameters for operation in operations}
    everything = tuple(row for rows in by_name.values() for row in rows)
    names = {row.name for operation in operations for row in (*operation.common, *operation.parameters)}

    def build_error(error: type[ProviderError], call: Call, request: ProviderRequest, now: Instant) -> ProviderError:
        case = Case(call, request, now, by_name.get(call.operation, everything))
        builder = builders.get(error)
        if builder is not None:
            return builder(case)
        for rows in (by_name.get(call.operation, ()), everything):
            row = Case(call, request, now, rows).parameter(error)
            if row is not None:
                return row.error(error, value=call.values.get(row.name, ""), **row.kind.facts)
        found = next((row for row in everything if error in row.errors), None)
        return error(**default_facts(error, case, names)) if found is None else found.error(error)

    return build_error
