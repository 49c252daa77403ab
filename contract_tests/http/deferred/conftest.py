"""A server of a house that promises answers, on both event loops."""

from __future__ import annotations

import pytest

from contract_tests.http.deferred.house import House
from mockserver.http.connection import Limits
from mockserver.http.listener import Server


@pytest.fixture
def house():
    return House()


@pytest.fixture
def serve(house, loop, opened):
    return lambda **limits: opened.enter_context(Server(house, limits=Limits(**limits)))


@pytest.fixture
def mock(serve):
    return serve()


@pytest.fixture
def connect(connect, mock):
    return lambda to=mock, **options: connect(to, **options)


@pytest.fixture
def client(connect):
    return connect()
