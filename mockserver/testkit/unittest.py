"""A base class for unittest with a world for each test.

From the import of this module to the end of the process, connections to the providers' hosts are blocked outside a redirect;
`allow_providers` lets them through. Under pytest the setting ``mockserver_block`` decides.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import TestCase

from mockserver.intercept.block import Block, allow_providers
from mockserver.server import MockServer

from .options import checked, combined, open_scenario

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
    """The options of the worlds: ``fixture``, ``seed``, ``variants``, ``freeze``, ``snapshot``, ``scenario``.

    The path of a scenario is relative to the module's folder; the scenario is replayed before the test.

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
        if "scenario" in options:
            self.world = self._replay(options)
            if not self.mockserver.get("real"):
                self.enterContext(self.server.redirected(self.world))
            return
        if self.mockserver.get("real"):
            self.enterContext(allow_providers())
            self.world = self.enterContext(self.server.create_world(**options))
        else:
            self.world = self.enterContext(self.server.redirected(**options))

    def _replay(self, options: Mapping[str, Any]) -> WorldClient:
        folder = Path(sys.modules[type(self).__module__].__file__ or "").parent
        scenario_run = open_scenario(self.server, options, folder)
        world = self.enterContext(scenario_run.world)
        self.enterContext(scenario_run).replay()
        return world
