import httpx
import pytest
from sending import SMS, URL, is_sent

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


async def test_httpx_is_redirected(mock_redirect, mock_world):
    async with httpx.AsyncClient() as client:
        assert is_sent(await client.post(URL, data=SMS))
    assert 1 == len(mock_world.journal())
