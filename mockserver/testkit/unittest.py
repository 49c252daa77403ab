"""A base class for unittest with a world for each test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import TestCase

from mockserver.server import MockServer

from .options import checked

if TYPE_CHECKING:
    from mockserver.client import WorldClient


class MockWorldCase(TestCase):
    """A test case that redirects the providers' hosts to a new `world` for each test, with one server for each class.

    A subclass with its own ``setUp`` or ``setUpClass`` must call ``super()`` there first.
    """

    mockserver: ClassVar[Mapping[str, Any]] = {}
    """The options of the worlds: ``fixture``, ``seed``, ``variants``, ``freeze``, ``snapshot``."""
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
        """Create the world, and redirect the providers' hosts to it."""
        super().setUp()
        self.world = self.enterContext(self.server.redirected(**self.mockserver))
