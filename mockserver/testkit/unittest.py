"""A world for each test of unittest's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import TestCase

from mockserver.server import MockServer

from .options import checked

if TYPE_CHECKING:
    from mockserver.client import WorldClient


class MockWorldCase(TestCase):
    """Tests in which the providers' hosts are a fresh `world`, in this process; there is one server a class.

    A class that has a ``setUp`` or ``setUpClass`` of its own calls ``super()`` there first.
    """

    mockserver: ClassVar[Mapping[str, Any]] = {}
    """How the worlds begin: ``fixture``, ``seed``, ``variants``, ``freeze``, ``snapshot``."""
    server: ClassVar[MockServer]
    """The server of the class."""
    world: WorldClient
    """The world of the test."""

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server."""
        super().setUpClass()
        checked(cls.mockserver)
        cls.server = cls.enterClassContext(MockServer())

    def setUp(self) -> None:
        """Make the world, and lead there."""
        super().setUp()
        self.world = self.enterContext(self.server.redirected(**self.mockserver))
