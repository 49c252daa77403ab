import random

import pytest
import requests
from sending import SMS, URL

seen = []


@pytest.mark.parametrize("turn", range(4))
def test_worlds_differ_though_chance_begins_anew_in_each_test(mock_server, turn):
    random.seed(7)
    with mock_server.create_world() as world:
        seen.append(world.id)

    assert len(seen) == len(set(seen))


def test_a_world_does_not_use_up_the_chance_of_the_test(mock_redirect, mock_world):
    before = random.getstate()
    requests.post(URL, data=SMS)

    assert before == random.getstate()
