"""A server of a house that promises answers, on both event loops."""

from __future__ import annotations

import pytest

from contract_tests.core.promises.house import House
from mockserver.web.listening import Listening
from mockserver.web.shell import Limits


@pytest.fixture
def house():
    return House()


@pytest.fixture
def serve(house, loop, opened):
    return lambda **limits: opened.enter_context(Listening(house, limits=Limits(**limits)))


@pytest.fixture
def mock(serve):
    return serve()


@pytest.fixture
def connect(connect, mock):
    return lambda to=mock, **options: connect(to, **options)


@pytest.fixture
def client(connect):
    return connect()
