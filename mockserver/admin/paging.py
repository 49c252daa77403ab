"""Cuts a page from a list whose rows have ids."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TypeVar

from mockserver.validation.messages import show_value

from .errors import ResourceNotFound

_Row = TypeVar("_Row")


def page_after(
    rows: Mapping[str, _Row], since: str | None, limit: int | None, what: str
) -> tuple[list[_Row], str | None]:
    """Return the rows after an id, and the id after which the following ones come.

    Args:
        rows: the rows by id, in the order of the list.
        since: the id; from the first row when ``None``.
        limit: how many are returned at most; all when ``None``.
        what: what a row is, such as ``account``, for the error.

    Raises:
        ResourceNotFound: no row has the id.
    """
    start = 0
    if since is not None:
        if since not in rows:
            raise ResourceNotFound(f"since: there is no {what} {show_value(since)}; list them anew without since")
        start = list(rows).index(since) + 1
    found = list(islice(rows.items(), start, None if limit is None else start + limit))
    return [row for _, row in found], found[-1][0] if found else since
