"""Every switch says how to find out its variant, and its deciding requests tell the variants apart in the default world."""

from __future__ import annotations

from itertools import combinations

import pytest

from contract_tests.installed import PROVIDERS
from contract_tests.recordings.upstream import Upstream
from mockserver.recordings.deciding import choose_account, play
from mockserver.sdk import Decider, Provider, Quirk

ZONES = ("America/Chicago", "Asia/Kolkata")
"""Two variants of each switch that takes any time zone."""

SEEN_BY_RECEIVERS = {
    "dialogtech.listener.method": "what a listener gets",
    "dialogtech.report.status": "what a listener gets",
    "dialogtech.listener.acknowledges": "whether a listener is called again",
    "dialogtech.listener.attempts": "whether a listener is called again",
    "serwersms.forwarding.encoding": "what a receiver gets",
    "serwersms.forwarding.phone": "what a receiver gets",
    "serwersms.forwarding.mms": "what a receiver gets",
    "serwersms.forwarding.answer": "whether a receiver is called again",
    "serwersms.forwarding.status": "whether a receiver is called again",
    "serwersms.forwarding.unverified": "whether a receiver is called again",
    "serwersms.forwarding.repeats": "when a receiver is called again",
    "serwersms.forwarding.forwarded": "what is read after a receiver has acknowledged a message",
    "serwersms.dlr.states": "how often a receiver is called",
    "serwersms.dlr.words": "what a receiver gets",
}
"""The switches that no response of a provider shows, each with what shows them."""

SAME_RESPONSES = {
    "dialogtech.send_message.dtd": ("printed", "reconciled")  # DT-33: the printed DTD needs no reconciling
}
"""The variants of a switch that have the same responses everywhere."""

DECIDERS = [
    pytest.param(provider, quirk, quirk.decider, id=quirk.name)
    for provider in PROVIDERS
    for quirk in provider.quirks
    if quirk.decider is not None
]


def test_every_switch_of_a_shipped_provider_has_a_decider() -> None:
    assert len(DECIDERS) > 50
    assert [quirk.name for provider in PROVIDERS for quirk in provider.quirks if quirk.decider is None] == []


@pytest.mark.parametrize(("provider", "quirk", "decider"), DECIDERS)
def test_the_variants_of_a_switch_have_different_responses_to_its_deciding_requests(
    provider: Provider, quirk: Quirk, decider: Decider
) -> None:
    assert bool(decider.requests) != (quirk.name in SEEN_BY_RECEIVERS)
    if not decider.requests:
        return
    played = {}
    for variant in (*quirk.variants, *(ZONES if quirk.any_zone else ())):
        upstream = Upstream(provider.name, {quirk.name: variant})
        account = choose_account(decider.requests, upstream.accounts)
        responses = play(decider.requests, upstream.send, account)
        played[variant] = [(each.status, each.headers, each.body) for each in responses]
    same = [pair for pair in combinations(played, 2) if played[pair[0]] == played[pair[1]]]
    expected = SAME_RESPONSES.get(quirk.name)
    assert same == ([] if expected is None else [expected])


@pytest.mark.parametrize(("provider", "quirk", "decider"), DECIDERS)
def test_a_decider_says_what_to_do_in_one_sentence(provider: Provider, quirk: Quirk, decider: Decider) -> None:
    assert decider.sentence[0].isupper()
    assert decider.sentence.endswith(".")
    assert ". " not in decider.sentence
    assert [request.after >= 0 for request in decider.requests] == [True] * len(decider.requests)


def test_the_last_request_of_a_series_is_needed() -> None:
    """A series that decides without its last request is too long."""
    too_long = []
    for each in DECIDERS:
        provider, quirk, decider = each.values
        assert isinstance(provider, Provider)
        assert isinstance(quirk, Quirk)
        assert isinstance(decider, Decider)
        if len(decider.requests) < 2 or quirk.name in SAME_RESPONSES:
            continue
        shorter = decider.requests[:-1]
        played = set()
        for variant in (variants := (*quirk.variants, *(ZONES if quirk.any_zone else ()))):
            upstream = Upstream(provider.name, {quirk.name: variant})
            responses = play(shorter, upstream.send, choose_account(decider.requests, upstream.accounts))
            played.add(tuple((one.status, one.headers, one.body) for one in responses))
        if len(played) == len(variants):
            too_long.append(quirk.name)
    assert too_long == []
