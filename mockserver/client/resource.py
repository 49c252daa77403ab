"""The base class of the clients of a world and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .transport import Transport
from .values import Row

_PAGE = 1_000
"""The maximal number of rows fetched by one request."""


class Resource:
    """A world of a server or a part of it, by its path in the control API."""

    def __init__(self, transport: Transport, path: str) -> None:
        """Create a client; no request is sent yet.

        Args:
            transport: the connection to the server.
            path: the path of the world or its part.
        """
        self._transport = transport
        self._path = path

    def _ask(
        self,
        method: str,
        path: str = "",
        query: Mapping[str, Any] | None = None,
        body: object = None,
        patience: float = 0,
    ) -> Any:
        return self._transport.call(method, self._path + path, query, body, patience)

    def _listed(
        self, path: str, key: str, place: str, query: Mapping[str, Any], since: int | str | None, limit: int | None
    ) -> tuple[list[Row], Row]:
        """Fetch a list page by page, and return its rows and the last page.

        Args:
            path: the path of the list.
            key: the key of the rows in a page.
            place: the key of a row's number, serial or id; pages that say what comes next need none.
            query: the filters.
            since: only rows with a greater number or serial, or after the one with this id.
            limit: the maximal count; all when ``None``.
        """
        return list_rows(self._transport, self._path + path, key, place, query, since, limit)


def list_rows(
    transport: Transport,
    path: str,
    key: str,
    place: str,
    query: Mapping[str, Any],
    since: int | str | None,
    limit: int | None,
) -> tuple[list[Row], Row]:
    """Fetch a list of the server page by page; see `Resource`."""
    found: list[Row] = []
    while True:
        size = _PAGE if limit is None else min(_PAGE, limit - len(found))
        page = transport.call("GET", path, {**query, "since": since, "limit": size})
        found += page[key]
        if len(page[key]) < size or len(found) == limit:
            return found, page
        since = page["next"] if "next" in page else found[-1][place]
