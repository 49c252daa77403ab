"""A recording with stand-ins, and without people's numbers and texts, still replays without a difference."""

from __future__ import annotations

import pytest

from contract_tests.installed import INSTALLED, PROVIDERS
from contract_tests.recordings.upstream import Upstream
from mockserver.http.secret_names import create_stand_ins
from mockserver.recordings.deciding import choose_account, play
from mockserver.recordings.reconstruction import reconstruct_world
from mockserver.recordings.replay import replay
from mockserver.sdk.provider import Provider, Quirk

DECIDED = [
    pytest.param(provider, quirk, id=quirk.name)
    for provider in PROVIDERS
    for quirk in provider.quirks
    if quirk.decider is not None and quirk.decider.requests
]


@pytest.mark.parametrize("anonymise", [False, True], ids=["secrets", "people too"])
@pytest.mark.parametrize(("provider", "quirk"), DECIDED)
def test_the_requests_that_decide_a_quirk_replay_after_their_secrets_are_replaced(
    provider: Provider, quirk: Quirk, anonymise: bool
):
    chosen = {quirk.name: quirk.variants[-1]}
    upstream = Upstream(provider.name, chosen)
    values = choose_account(quirk.decider.requests, upstream.accounts)
    play(quirk.decider.requests, upstream.send, values)
    stand_ins = create_stand_ins(PROVIDERS, anonymise=anonymise)
    recording = [stand_ins.apply(exchange) for exchange in upstream.recording]
    world = reconstruct_world(recording, INSTALLED, chosen)

    assert [("matched", ())] * len(recording) == [
        (replayed.verdict, replayed.differences) for replayed in replay(recording, INSTALLED, world.document, chosen)
    ]
