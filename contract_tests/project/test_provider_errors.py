"""Every "no" of every provider has a name, a source and a way out, and can be said without its facts."""

from __future__ import annotations

import re

import pytest

from mockserver.app import PROVIDERS
from mockserver.engine.provider_errors import ProviderError
from mockserver.sdk.provider import Provider

ERRORS = [
    pytest.param(error, id=f"{provider.name}.{error.__name__}") for provider in PROVIDERS for error in provider.errors
]


@pytest.mark.parametrize("error", ERRORS)
def test_a_provider_error_tells_in_one_imperative_sentence_how_to_fix_it(error: type[ProviderError]) -> None:
    assert re.fullmatch(r"[A-Z][^\n]*[^.]\.", error.hint)
    assert ". " not in error.hint


@pytest.mark.parametrize("error", ERRORS)
def test_a_provider_error_that_knows_no_facts_can_be_said_all_the_same(error: type[ProviderError]) -> None:
    bare = error()

    assert re.sub(r"\{\w+\}", "…", error.description.replace("{{", "{ ").replace("}}", " }")) == str(bare).replace(
        "{programId}", "{ programId }"
    )
    assert re.sub(r"\{\w+\}", "…", error.hint) == bare.advice


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_what_a_provider_error_is_about_is_something_that_the_provider_reads(provider: Provider) -> None:
    read = {row.name for row in provider.parameters}
    read |= {"path", "method", "Authorization", "Content-Type"}

    assert {} == {each.__name__: set(each.about) - read for each in provider.errors if set(each.about) - read}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_says_what_each_of_its_operations_reads_and_how_it_answers_strays(provider: Provider) -> None:
    assert {} == {each.name: each.parameter_names for each in provider.operations if not each.parameter_names}
    assert set(provider.routing_errors) <= set(provider.errors)
    assert {405, 500} <= {error.status for error in provider.routing_errors}
    assert set(provider.secrets) <= {row.name for row in provider.parameters}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_every_error_of_an_operation_is_among_those_of_its_provider(provider: Provider) -> None:
    theirs = {error for each in provider.operations for error in each.all_errors}

    assert set() == theirs - set(provider.errors)


def test_facts_fill_the_sentence_and_the_fix_and_are_shortened() -> None:
    class Long(ProviderError):
        description = "{name} is {value}"
        hint = "Shorten {name}."

    error = Long(name="message", value="x" * 100)

    assert f"message is {'x' * 60}…" == str(error)
    assert "Shorten message." == error.advice
    assert {"name": "message", "value": "x" * 100} == error.facts
