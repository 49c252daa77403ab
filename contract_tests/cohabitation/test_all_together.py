import pytest
import responses
import respx
import truststore
import vcr
from freezegun import freeze_time
from sending import is_forwarded


@pytest.fixture
def everything(receiver, requests_mock, tmp_path, fs):
    """All libraries at work at once; the receiver listens before."""
    truststore.inject_into_ssl()
    cassette = vcr.use_cassette("/cassette.yaml", record_mode="none")
    with responses.RequestsMock(), respx.mock, freeze_time("2083-01-01"), cassette:
        yield
    truststore.extract_from_ssl()


def test_a_world_works_while_every_library_is_at_work(over_http, mock_world, receiver, everything):
    before = mock_world.clock.now

    assert mock_world.id in [world.id for world in over_http.worlds()]
    assert is_forwarded(mock_world, receiver)
    assert before <= mock_world.clock.now
    assert before.year < 2083
