"""The socket fixtures, and an event loop and a pool that run what a test says."""

from __future__ import annotations

import pytest

from contract_tests.http.manual_loop import ManualLoop, ManualPool
from contract_tests.sockets import connect, loop, opened, talking

__all__ = ["connect", "loop", "manual_loop", "manual_pool", "opened", "talking"]


@pytest.fixture
def manual_loop():
    """An event loop whose time the test moves."""
    return ManualLoop()


@pytest.fixture
def manual_pool():
    """A pool whose calls run when the test says so."""
    return ManualPool()
