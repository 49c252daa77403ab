"""A request of each operation, from the bytes of the connection to the bytes of the answer."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from benchmarks.in_process.requests import REQUESTS, Double


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request(benchmark: Any, name: str) -> None:
    """With journal, limits and validation on."""
    with closing(Double(messages=1_000)) as double:
        requests = double.requests(name)
        response = benchmark(lambda: double.ask(next(requests)))
    assert response.startswith(b"HTTP/1.1 200 OK")
    assert b"failed" not in response
