import requests
import responses
from sending import SMS, URL, is_forwarded, is_sent


@responses.activate
def test_the_control_api_and_webhooks_are_not_answered_by_responses(over_http, mock_world, receiver):
    assert mock_world.id in [world.id for world in over_http.worlds()]
    assert is_forwarded(mock_world, receiver)
    assert 0 == len(responses.calls)


@responses.activate
def test_what_is_answered_by_responses_stays_so(mock_redirect, mock_world):
    responses.post(URL, body="mine")

    assert "mine" == requests.post(URL, data=SMS).text
    assert [] == mock_world.journal()


@responses.activate
def test_what_is_let_through_comes_to_the_world(mock_redirect, mock_world):
    responses.add_passthru(URL)

    assert is_sent(requests.post(URL, data=SMS))
    assert 1 == len(mock_world.journal())
