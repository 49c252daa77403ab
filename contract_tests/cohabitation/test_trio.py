import httpx
import trio
from sending import SMS, URL, is_sent


async def send():
    async with httpx.AsyncClient() as client:
        return await client.post(URL, data=SMS)


def test_httpx_is_redirected(mock_redirect, mock_world):
    assert is_sent(trio.run(send))
    assert 1 == len(mock_world.journal())


def test_the_control_api_is_called_in_a_thread(mock_world):
    async def advance():
        return await trio.to_thread.run_sync(mock_world.clock.freeze)

    trio.run(advance)

    assert mock_world.show().is_frozen
