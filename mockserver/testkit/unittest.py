"""A base class for unittest with a world for each test.

From the import of this module to the end of the process, connections to the providers' hosts are blocked outside a redirect;
`allow_providers` lets them through. Under pytest the setting ``mockserver_block`` decides.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import TestCase, TestResult

from mockserver.intercept.block import Block, allow_providers
from mockserver.server import MockServer

from .options import checked, combined, open_scenario
from .shared_world import SharedWorld, build_world

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

    The report of a failing test has its world's journal, and explains why the provider rejected a request.

    A subclass with its own ``setUp`` or ``setUpClass`` must call ``super()`` there first.
    """

    mockserver: ClassVar[Mapping[str, Any]] = {}
    """The options of the worlds: ``fixture``, ``seed``, ``variants``, ``freeze``, ``snapshot``, ``scenario``; and ``build``, a
    function that fills a new world.

    The path of a scenario is relative to the module's folder; the scenario is replayed before the test.

    With ``"scope": "checkpoint"`` the class builds one world, which is rewound before each test. With ``real`` nothing is
    redirected: the tests reach the real providers.
    """
    server: ClassVar[MockServer]
    """The server of the class."""
    world: WorldClient
    """The world of the test."""
    _shared: ClassVar[SharedWorld | None]
    _failures: tuple[list[tuple[TestCase, str]], ...] = ()
    _failed_before: tuple[int, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        """Start the server."""
        super().setUpClass()
        checked(cls.mockserver)
        cls.server = cls.enterClassContext(MockServer())
        cls._shared = None
        if cls.mockserver.get("scope") == "checkpoint":
            cls._shared = SharedWorld(cls._build_world)
            cls.addClassCleanup(cls._shared.end)

    @classmethod
    def _build_world(cls) -> WorldClient:
        return build_world(cls.server, combined([cls.mockserver]), cls.mockserver.get("build"))

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Run the test, and add what happened in its world to the report when it fails."""
        self._failures = tuple(getattr(result, name, []) for name in ("failures", "errors"))  # pytest's result has none
        self._failed_before = tuple(map(len, self._failures))
        return super().run(result)

    def setUp(self) -> None:
        """Create the world, or rewind the one of the class, and redirect the providers' hosts to it."""
        super().setUp()
        if "scenario" in self.mockserver:
            self.world = self._replay(combined([self.mockserver]))
        elif self._shared is None:
            self.world = self.enterContext(self._build_world())
        else:
            self.world = self._shared.begin()
        self.enterContext(allow_providers() if self.mockserver.get("real") else self.server.redirected(self.world))
        self.addCleanup(self._add_report)

    def _add_report(self) -> None:
        if self._failed_before != tuple(map(len, self._failures)):
            from mockserver.testkit.failure_report import failure_report

            report = failure_report(self.world)
            for found, before in zip(self._failures, self._failed_before, strict=True):
                found[before:] = [(test, f"{text}\n{report}\n") for test, text in found[before:]]

    def _replay(self, options: Mapping[str, Any]) -> WorldClient:
        folder = Path(sys.modules[type(self).__module__].__file__ or "").parent
        scenario_run = open_scenario(self.server, options, folder)
        world = self.enterContext(scenario_run.world)
        self.enterContext(scenario_run).replay()
        return world
