import pytest
import pytest_socket
import requests
from sending import SMS, URL, is_sent

import mockserver

pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


@pytest.mark.disable_socket
def test_a_world_is_there_where_sockets_are_disabled(over_http, mock_world):
    assert mock_world.id in [world.id for world in over_http.worlds()]


@pytest.mark.disable_socket
def test_a_server_starts_where_sockets_are_disabled():
    with mockserver.MockServer() as server, mockserver.Mock.at(server.url) as mock:
        assert "ok" == mock.health()["status"]


@pytest.mark.disable_socket
def test_what_is_disabled_stays_so(mock_redirect, mock_world):
    with pytest.raises(pytest_socket.SocketBlockedError):
        requests.post(URL, data=SMS)
    assert [] == mock_world.journal()


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_redirected_request_goes_to_loopback(mock_redirect, mock_world):
    assert is_sent(requests.post(URL, data=SMS))


@pytest.mark.allow_hosts(["10.0.0.1"])
def test_a_world_is_there_where_loopback_is_not_allowed(over_http, mock_world):
    assert mock_world.id in [world.id for world in over_http.worlds()]
