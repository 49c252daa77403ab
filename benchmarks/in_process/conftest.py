"""How large the worlds are that are measured."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a quick look be quick."""
    parser.addoption("--small", action="store_true", help="worlds of a thousand messages at most")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a benchmark of ``messages`` its sizes."""
    if "messages" in metafunc.fixturenames:
        sizes = [1_000] if metafunc.config.getoption("--small") else [1_000, 100_000, 1_000_000]
        metafunc.parametrize("messages", sizes, scope="module")
