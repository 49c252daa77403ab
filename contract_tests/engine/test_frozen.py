"""Frozen dictionaries, which hold the fields of a provider's own."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest

from mockserver.engine.frozen import NO_FIELDS, FrozenDict, freeze

FIELDS = {"tag": "a", "places": [{"x": 1}, {"x": 2}]}


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.__setitem__("tag", "b"),
        lambda fields: fields.__delitem__("tag"),
        lambda fields: fields.__ior__({"tag": "b"}),
        lambda fields: fields.update(tag="b"),
        lambda fields: fields.setdefault("other", "b"),
        lambda fields: fields.pop("tag"),
        lambda fields: fields.popitem(),
        lambda fields: fields.clear(),
        lambda fields: fields["places"][0].update(x=3),
        lambda fields: fields["places"].append(3),
    ],
    ids=["set", "delete", "or", "update", "setdefault", "pop", "popitem", "clear", "inner object", "inner list"],
)
def test_no_method_changes_it_at_any_depth(change: Callable[[FrozenDict], object]) -> None:
    frozen = freeze(FIELDS)

    with pytest.raises((TypeError, AttributeError)):
        change(frozen)
    assert frozen == {"tag": "a", "places": ({"x": 1}, {"x": 2})}


def test_it_stays_as_it_was_when_the_original_changes() -> None:
    original = {"places": [{"x": 1}]}
    frozen = freeze(original)
    original["places"][0]["x"] = 2

    assert {"places": ({"x": 1},)} == frozen


def test_equal_ones_have_the_same_hash_in_any_order() -> None:
    assert {freeze({"a": 1, "b": [{}]})} == {freeze({"b": [{}], "a": 1})}


def test_a_copy_is_itself_and_a_pickled_one_is_equal_and_frozen() -> None:
    frozen = freeze(FIELDS)
    pickled = pickle.loads(pickle.dumps(frozen))

    assert copy.copy(frozen) is frozen is copy.deepcopy(frozen)
    assert (frozen, FrozenDict) == (pickled, type(pickled))


def test_it_is_written_as_json_like_what_it_was_made_of() -> None:
    assert json.dumps(FIELDS) == json.dumps(freeze(FIELDS))


def test_without_fields_there_is_one_for_all() -> None:
    assert freeze({}) is NO_FIELDS
