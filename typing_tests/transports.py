from __future__ import annotations

import httpx
import requests

from mockserver import AsyncHttpxTransport, HttpxTransport, RequestsAdapter, WorldClient


def transports(world: WorldClient) -> None:
    httpx.Client(transport=HttpxTransport(world))
    httpx.AsyncClient(transport=AsyncHttpxTransport(world))
    requests.Session().mount("https://", RequestsAdapter(world))
    httpx.Client(transport=AsyncHttpxTransport(world))  # type: ignore[arg-type]
    HttpxTransport()  # type: ignore[call-arg]
    RequestsAdapter("world")  # type: ignore[arg-type]
