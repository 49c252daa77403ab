from __future__ import annotations

from typing import assert_type
from unittest import TestCase

import pytest

from mockserver import Mock, MockServer, MockWorldCase, WorldClient
from mockserver.intercept.redirect import Redirection
from mockserver.testkit.pytest_plugin import mock_world


@pytest.mark.mockserver(fixture="small", freeze="2026-03-29T00:59:59Z")
def test_of_a_user(mock_server: MockServer | Mock, mock_world: WorldClient, mock_redirect: Redirection) -> None:
    assert_type(mock_world.faults.clear(), int)
    assert_type(mock_server.create_world(), WorldClient)
    assert_type(mock_redirect, Redirection)


class UserCase(MockWorldCase):
    def test_of_a_user(self) -> None:
        assert_type(self.world, WorldClient)
        case: TestCase = self
        del case


def fixtures_are_not_called() -> None:
    mock_world.faults  # type: ignore[attr-defined]
