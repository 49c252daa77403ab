import httpx
import respx
from sending import SMS, URL, is_forwarded, is_sent


@respx.mock
def test_the_control_api_and_webhooks_are_not_answered_by_respx(over_http, mock_world, receiver):
    assert mock_world.id in [world.id for world in over_http.worlds()]
    assert is_forwarded(mock_world, receiver)
    assert 0 == respx.calls.call_count


@respx.mock
def test_what_is_answered_by_respx_stays_so(mock_redirect, mock_world):
    respx.post(URL).respond(text="mine")

    assert "mine" == httpx.post(URL, data=SMS).text
    assert [] == mock_world.journal()


@respx.mock
def test_what_is_let_through_comes_to_the_world(mock_redirect, mock_world):
    respx.post(URL).pass_through()

    assert is_sent(httpx.post(URL, data=SMS))
    assert 1 == len(mock_world.journal())
