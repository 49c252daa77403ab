"""A base class for unittest with a world for each test.

From the import of this module to the end of the process, connections to the providers' hosts are blocked outside a redirect;
`allow_providers` lets them through. Under pytest the setting ``mockserver_block`` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import TestCase

from mockserver.intercept.block import Block, allow_providers
from mockserver.server import MockServer

from .options import checked, combined

if TYPE_CHECKING:
    from mockserver.client import WorldClient


__all__ = ["MockWorldCase", "allow_providers"]

if not Block.is_decided:
    Block.is_decided = True
    Block(
        "For a test of the mock server, use MockWorldCase; a part that must reach the real provider runs in"
        " `with mockserver.testkit.unittest.allow_providers()`."
    ).begin()


class MockWorldCase(TestCase):
    """A test case that redirects the providers' hosts to a new `world` for each test, with one server for each class.

    A subclass with its own ``setUp`` or ``setUpClass`` must call ``super()`` there first.
    """

    mockserver: ClassVar[Mapping[str, Any]] = {}
    """The options of the worlds: ``fixture``, ``seed``, ``variants``, ``freeze``, ``snapshot``.

    With ``real`` nothing is redirected: the tests reach the real providers.
    """
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
        options = combined([self.mockserver])
        if self.mockserver.get("real"):
            self.enterContext(allow_providers())
            self.world = self.enterContext(self.server.create_world(**options))
        else:
            self.world = self.enterContext(self.server.redirected(**options))
