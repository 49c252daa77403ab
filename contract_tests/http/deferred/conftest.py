"""A server with deferred responses, on both event loops."""

from __future__ import annotations

import pytest

from contract_tests.http.deferred.application import StubApplication
from mockserver.http.connection import Limits
from mockserver.http.listener import Server


@pytest.fixture
def application():
    return StubApplication()


@pytest.fixture
def serve(application, loop, opened):
    return lambda **limits: opened.enter_context(Server(application, limits=Limits(**limits)))


@pytest.fixture
def mock(serve):
    return serve()


@pytest.fixture
def connect(connect, mock):
    return lambda to=mock, **options: connect(to, **options)


@pytest.fixture
def client(connect):
    return connect()
