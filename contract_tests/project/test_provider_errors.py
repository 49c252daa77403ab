"""What holds for the errors of the shipped providers beside what the conformance suite requires."""

from __future__ import annotations

import pytest

from contract_tests.installed import PROVIDERS
from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk.provider import Provider


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_says_what_each_of_its_operations_reads(provider: Provider) -> None:
    assert {} == {each.name: each.parameter_names for each in provider.operations if not each.parameter_names}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_has_an_error_for_a_wrong_method_and_one_for_a_failure_of_the_server(provider: Provider) -> None:
    assert {405, 500} <= {error.status for error in provider.routing_errors.values()}


@pytest.mark.parametrize(
    ("provider", "name", "quirk"),
    [
        ("dialogtech", "EndsBeforeStart", "DT-7"),
        ("dialogtech", "NotANumber", "DT-24"),
        ("dialogtech", "UnknownPath", "DT-17"),
        ("dialogtech", "NotOffered", "DT-45"),
        ("dialogtech", "TooManyParameters", "DT-46"),
        ("mgage", "TooManyParameters", "MG-29"),
        ("serwersms", "TooManyParameters", "SW-57"),
        ("mgage", "EndsBeforeStart", "MG-6"),
        ("mgage", "UnknownPath", "MG-27"),
        ("serwersms", "UnknownOrder", "SW-16"),
    ],
)
def test_a_rule_that_no_document_has_is_labelled_assumed(provider: str, name: str, quirk: str) -> None:
    (error,) = (error for each in PROVIDERS if each.name == provider for error in each.errors if error.__name__ == name)

    assert (None, quirk) == (error.source.document, error.source.quirk)
    assert not error.cites_parameter


def test_facts_fill_the_sentence_and_the_hint_and_are_shortened() -> None:
    class Long(ProviderError):
        description = "{name} is {value}"
        hint = "Shorten {name}."

    error = Long(name="message", value="x" * 100)

    assert f"message is {'x' * 60}…" == str(error)
    assert "Shorten message." == error.advice
    assert {"name": "message", "value": "x" * 100} == error.facts
