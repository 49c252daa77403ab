"""The search finds the variants that explain a recording, and decides nothing where two explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mockserver.recordings.variant_search import Found, Search, SearchedReplay

Page = Mapping[str, object]
"""What an exchange shows, by the place in its response."""


class Reader(dict[str, str]):
    """Variants that note which were looked at."""

    def __init__(self, variants: Mapping[str, str]) -> None:
        super().__init__(variants)
        self.looked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.looked.add(name)
        return super().__getitem__(name)


Exchange = Callable[[Reader], Page]


def replay_of(
    exchanges: Sequence[Exchange], upstream: Mapping[str, str]
) -> Callable[[Mapping[str, str]], SearchedReplay]:
    """A replay of what exchanges show under the variants of the upstream."""
    recorded = [each(Reader(upstream)) for each in exchanges]

    def replay(variants: Mapping[str, str]) -> SearchedReplay:
        differences: dict[int, dict[str, int]] = {}
        switches: dict[int, frozenset[str]] = {}
        for index, (exchange, theirs) in enumerate(zip(exchanges, recorded, strict=True)):
            reader = Reader(variants)
            ours = exchange(reader)
            switches[index] = frozenset(reader.looked)
            found = {
                place: 3 if place == "status" else 2 if (place in ours) != (place in theirs) else 1
                for place in {*ours, *theirs}
                if ours.get(place) != theirs.get(place)
            }
            if found:
                differences[index] = found
        return SearchedReplay(differences, switches)

    return replay


def search(
    exchanges: Sequence[Exchange], switches: Mapping[str, Sequence[str]], upstream: Mapping[str, str], **options: Any
) -> Found:
    """Search from the first variant of each switch on."""
    defaults = {name: variants[0] for name, variants in switches.items()}
    return Search(replay_of(exchanges, {**defaults, **upstream}), switches, **options).run(defaults)


def open_of(found: Found, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The variants that remain of each switch."""
    return {name: found.open_variants(name) for name in names}


TWO = ("yes", "no")


def test_a_variant_is_found_with_the_exchanges_that_decide_it() -> None:
    exchanges = [lambda v: {"a": v["a"]}, lambda v: {"b": v["b"]}, lambda v: {"a": v["a"], "x": 1}]
    found = search(exchanges, {"a": ("1", "2", "3"), "b": TWO}, {"a": "3"})
    assert found.variants == {"a": "3", "b": "yes"}
    assert found.tried["a"]["1"].refuted_by == found.tried["a"]["2"].refuted_by == (0, 2)
    assert found.tried["b"]["no"].refuted_by == (1,)
    assert found.is_complete


def test_a_switch_that_changes_nothing_seen_stays_open_and_one_that_is_not_met_is_not_tried() -> None:
    exchanges = [lambda v: {"a": v["a"], "b": "same" if v["b"] else ""}]
    found = search(exchanges, {"a": TWO, "b": TWO, "c": TWO}, {"a": "no"})
    assert open_of(found, ("a", "b")) == {"a": ("no",), "b": ("yes", "no")}
    assert "c" not in found.tried


def test_two_switches_that_explain_the_same_difference_are_both_left_open() -> None:
    """A request is rejected because one number is counted, or because all requests are."""

    def third(v: Reader) -> Page:
        return {"status": 429 if (v["number"] == "to") | (v["count"] == "all") else 200}

    for upstream in ({"number": "to"}, {"count": "all"}):
        found = search([third], {"number": ("from", "to"), "count": ("accepted", "all")}, upstream)
        assert set(found.open_variants("number")) == {"from", "to"}
        assert set(found.open_variants("count")) == {"accepted", "all"}


def test_a_third_exchange_decides_between_two_that_explain_the_first() -> None:
    def third(v: Reader) -> Page:
        return {"status": 429 if (v["number"] == "to") | (v["count"] == "all") else 200}

    def fourth(v: Reader) -> Page:
        return {"status": 429 if v["count"] == "all" else 200}

    switches = {"number": ("from", "to"), "count": ("accepted", "all")}
    assert search([third, fourth], switches, {"number": "to"}).variants == {"number": "to", "count": "accepted"}
    found = search([third, fourth], switches, {"count": "all"})
    assert open_of(found, switches) == {"number": ("from", "to"), "count": ("all",)}


def test_a_variant_that_only_another_ones_variant_saves_is_left_open() -> None:
    """With b=yes only a=yes explains the recording; with b=no both do."""
    exchanges = [lambda v: {"x": 1 if v["a"] == "yes" or v["b"] == "no" else 2}]
    found = search(exchanges, {"a": TWO, "b": TWO}, {})
    assert open_of(found, ("a", "b")) == {"a": ("yes", "no"), "b": ("yes", "no")}
    assert found.tried["a"]["no"].together_with == ("b", "no")


def test_a_switch_that_hides_another_is_found_with_it() -> None:
    """The error hides the list's values, and the first change alone shows more differences than before."""

    def read(v: Reader) -> Page:
        if v["type"] == "rejected":
            return {"status": 200, "error": 1}
        return {"status": 200, **{f"items[{n}].{v['field']}": v["zone"] for n in range(9)}}

    switches = {"type": ("rejected", "list"), "field": ("in", "inbound"), "zone": ("UTC", "Warsaw")}
    found = search([read], switches, {"type": "list", "field": "inbound", "zone": "Warsaw"})
    assert open_of(found, switches) == {"type": ("list",), "field": ("inbound",), "zone": ("Warsaw",)}


def test_two_switches_that_hide_each_other_are_changed_together() -> None:
    exchanges = [lambda v: {"x": (v["a"], v["b"]) == ("no", "no")}]
    found = search(exchanges, {"a": TWO, "b": TWO}, {"a": "no", "b": "no"})
    assert open_of(found, ("a", "b")) == {"a": ("no",), "b": ("no",)}


def test_every_combination_of_switches_is_found() -> None:
    switches = {"a": ("1", "2", "3"), "b": TWO, "c": TWO, "d": ("1", "2", "3", "4")}

    def one(v: Reader) -> Page:
        return {"a": v["a"], "text": f"{v['b']} {v['c']}"} if v["c"] == "yes" else {"b": v["b"]}

    def two(v: Reader) -> Page:
        return {"status": v["c"], "d": f"{v['d']}{v['a']}"}

    for a in switches["a"]:
        for b in TWO:
            for c in TWO:
                for d in switches["d"]:
                    upstream = {"a": a, "b": b, "c": c, "d": d}
                    found = search([one, two], switches, upstream)
                    assert found.variants == upstream
                    assert open_of(found, switches) == {name: (variant,) for name, variant in upstream.items()}


def test_differences_that_no_variant_explains_do_not_keep_it_from_deciding() -> None:
    is_upstream = [True]

    def strange(v: Reader) -> Page:
        seen = {"a": v["a"], "new": is_upstream[0]}
        is_upstream[0] = False
        return seen

    found = search([strange, lambda v: {"b": v["b"]}], {"a": TWO, "b": TWO}, {"a": "no"})
    assert open_of(found, ("a", "b")) == {"a": ("no",), "b": ("yes",)}


def test_contradicting_exchanges_are_both_named() -> None:
    replays = iter(range(100))

    def replay(variants: Mapping[str, str]) -> SearchedReplay:
        next(replays)
        wrong = {"yes": {0: {"a": 1}, 1: {"a": 1}}, "no": {2: {"a": 1}}}[variants["a"]]
        return SearchedReplay(wrong, dict.fromkeys(range(3), frozenset({"a"})))

    found = Search(replay, {"a": TWO}).run({"a": "yes"})
    assert found.variants == {"a": "no"}
    assert (found.tried["a"]["yes"].refuted_by, found.tried["a"]["yes"].explains) == ((0, 1), ((2, "a"),))


def test_a_variant_that_brings_a_new_difference_to_an_exchange_does_not_explain_the_others_of_it() -> None:
    def replay(variants: Mapping[str, str]) -> SearchedReplay:
        wrong = {"yes": {0: {"length": 1}, 1: {"a": 1}, 2: {"a": 1}}, "no": {0: {"item": 1, "other item": 1}}}
        return SearchedReplay(wrong[variants["a"]], dict.fromkeys(range(3), frozenset({"a"})))

    found = Search(replay, {"a": TWO}).run({"a": "no"})
    assert found.tried["a"]["yes"].refuted_by == (1, 2)
    assert found.tried["a"]["yes"].explains == ()


def test_the_number_of_replays_is_bounded_and_what_was_not_tried_stays_open() -> None:
    counted: list[int] = []
    exchanges = [lambda v: {"a": v["a"], "b": v["b"]}]
    found = search(exchanges, {"a": TWO, "b": TWO}, {}, most=2, on_replay=counted.append)
    assert counted == [1, 2]
    assert not found.is_complete
    assert found.open_variants("b") == ("yes", "no")


def test_two_switches_are_found_where_a_later_exchange_shows_what_an_earlier_one_stored() -> None:
    stored: list[bool] = []

    def send(v: Reader) -> Page:
        stored.append((v["states"], v["end"]) == ("instant", "lost"))
        return {}

    def view(_: Reader) -> Page:
        return {"status": stored[-1]}

    found = search(
        [send, view], {"states": ("late", "instant"), "end": ("done", "lost")}, {"states": "instant", "end": "lost"}
    )
    assert found.variants == {"states": "instant", "end": "lost"}
