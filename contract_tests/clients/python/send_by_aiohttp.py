"""Sends an SMS: send_by_aiohttp.py TO MESSAGE."""

import asyncio
import sys

import aiohttp


async def send(to: str, message: str) -> str:
    call = {"action": "sms.send_message", "access_key": "foo", "secret_access_key": "bar", "from": "5554332111"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            "https://secure.dialogtech.com/ibp_api.php", data=call | {"to": to, "message": message}
        ) as response,
    ):
        return await response.text()


try:
    print(asyncio.run(send(*sys.argv[1:])))
except aiohttp.ClientError as error:
    sys.exit(f"{type(error).__name__}: {error}")
