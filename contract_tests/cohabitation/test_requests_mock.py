import requests
from sending import SMS, URL, is_forwarded, is_sent


def test_the_control_api_and_webhooks_are_not_answered_by_requests_mock(requests_mock, over_http, mock_world, receiver):
    assert mock_world.id in [world.id for world in over_http.worlds()]
    assert is_forwarded(mock_world, receiver)
    assert 0 == requests_mock.call_count


def test_what_is_answered_by_requests_mock_stays_so(requests_mock, mock_redirect, mock_world):
    requests_mock.post(URL, text="mine")

    assert "mine" == requests.post(URL, data=SMS).text
    assert [] == mock_world.journal()


def test_what_is_let_through_comes_to_the_world(requests_mock, mock_redirect, mock_world):
    requests_mock.post(URL, real_http=True)

    assert is_sent(requests.post(URL, data=SMS))
    assert 1 == len(mock_world.journal())
