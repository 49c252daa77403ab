"""Every "no" of every room has a name, a source and a way out, and can be said without its facts."""

from __future__ import annotations

import re

import pytest

from mockserver.app import PROVIDERS
from mockserver.engine.provider_errors import Refused
from mockserver.sdk.provider import Provider

REFUSALS = [
    pytest.param(refusal, id=f"{room.name}.{refusal.__name__}") for room in PROVIDERS for refusal in room.errors
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_tells_in_one_imperative_sentence_how_to_fix_it(refusal: type[Refused]) -> None:
    assert re.fullmatch(r"[A-Z][^\n]*[^.]\.", refusal.fix)
    assert ". " not in refusal.fix


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_that_knows_no_facts_can_be_said_all_the_same(refusal: type[Refused]) -> None:
    bare = refusal()

    assert re.sub(r"\{\w+\}", "…", refusal.description.replace("{{", "{ ").replace("}}", " }")) == str(bare).replace(
        "{programId}", "{ programId }"
    )
    assert re.sub(r"\{\w+\}", "…", refusal.fix) == bare.advice


@pytest.mark.parametrize("room", PROVIDERS, ids=lambda room: room.name)
def test_what_a_refusal_is_about_is_something_that_the_room_reads(room: Provider) -> None:
    read = {row.name for row in room.parameters}
    read |= {"path", "method", "Authorization", "Content-Type"}

    assert {} == {each.__name__: set(each.about) - read for each in room.errors if set(each.about) - read}


@pytest.mark.parametrize("room", PROVIDERS, ids=lambda room: room.name)
def test_a_room_says_what_each_of_its_operations_reads_and_how_it_answers_strays(room: Provider) -> None:
    assert {} == {each.name: each.parameter_names for each in room.operations if not each.parameter_names}
    assert set(room.routing_errors) <= set(room.errors)
    assert {405, 500} <= {refusal.status for refusal in room.routing_errors}
    assert set(room.secrets) <= {row.name for row in room.parameters}


@pytest.mark.parametrize("room", PROVIDERS, ids=lambda room: room.name)
def test_every_error_of_an_operation_is_among_those_of_its_provider(room: Provider) -> None:
    theirs = {error for each in room.operations for error in each.all_errors}

    assert set() == theirs - set(room.errors)


def test_facts_fill_the_sentence_and_the_fix_and_are_shortened() -> None:
    class Long(Refused):
        description = "{name} is {value}"
        fix = "Shorten {name}."

    refusal = Long(name="message", value="x" * 100)

    assert f"message is {'x' * 60}…" == str(refusal)
    assert "Shorten message." == refusal.advice
    assert {"name": "message", "value": "x" * 100} == refusal.facts
