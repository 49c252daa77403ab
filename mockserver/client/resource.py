"""How a world, or a part of one, is asked: what its verbs have in common, whichever file they are in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .transport import Transport
from .values import Row

_PAGE = 1_000
"""Rows that are fetched at a time."""


class Resource:
    """The way to one world of one server, or to one part of it."""

    def __init__(self, transport: Transport, path: str) -> None:
        """Nothing is asked yet.

        Args:
            transport: the way to the server.
            path: of the world or the part.
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
        self, path: str, key: str, place: str, query: Mapping[str, Any], since: int | None, limit: int | None
    ) -> tuple[list[Row], Row]:
        """Rows after a place, so many at most, fetched page by page; with them the last page as it came.

        Args:
            path: where the list is.
            key: under which a page has its rows.
            place: under which a row has its place.
            query: which rows.
            since: those behind this place.
            limit: so many at most.
        """
        found: list[Row] = []
        while True:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self._ask("GET", path, {**query, "since": since, "limit": size})
            found += page[key]
            if len(page[key]) < size or len(found) == limit:
                return found, page
            since = found[-1][place]
