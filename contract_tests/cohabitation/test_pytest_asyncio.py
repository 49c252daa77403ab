import aiohttp
import httpx
import pytest
from sending import SMS, URL, is_sent

pytestmark = pytest.mark.asyncio


async def test_httpx_is_redirected(mock_redirect, mock_world):
    async with httpx.AsyncClient() as client:
        assert is_sent(await client.post(URL, data=SMS))
    assert 1 == len(mock_world.journal())


async def test_aiohttp_is_redirected(mock_redirect, mock_world):
    async with aiohttp.ClientSession() as session, session.post(URL, data=SMS) as answer:
        assert "[1] Message Sent" in await answer.text()


@pytest.mark.mockserver(freeze="2026-06-01T12:00:00Z")
async def test_the_clock_is_moved_without_blocking_the_loop(mock_world):
    await mock_world.clock.advance.aio(minutes=5)

    assert "2026-06-01T12:05:00+00:00" == (await mock_world.show.aio()).now.isoformat()
