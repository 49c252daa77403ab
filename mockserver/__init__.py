"""A mock of three SMS providers' HTTP APIs; see docs/.

The public names are imported when they are used, so that ``import mockserver`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from .client import ControlError as ControlError
    from .client import DeliveryRecord as DeliveryRecord
    from .client import EventRecord as EventRecord
    from .client import ExchangeRecord as ExchangeRecord
    from .client import Login as Login
    from .client import MessageRecord as MessageRecord
    from .client import Mock as Mock
    from .client import NoServer as NoServer
    from .client import WorldClient as WorldClient
    from .client import WorldFaultRule as WorldFaultRule
    from .intercept.hosts import BlockedConnection as BlockedConnection
    from .intercept.httpx_transport import AsyncHttpxTransport as AsyncHttpxTransport
    from .intercept.httpx_transport import HttpxTransport as HttpxTransport
    from .intercept.inmemory import NoTimeoutError as NoTimeoutError
    from .intercept.requests_adapter import RequestsAdapter as RequestsAdapter
    from .scenario import Scenario as Scenario
    from .scenario import ScenarioError as ScenarioError
    from .scenario import ScenarioRun as ScenarioRun
    from .server import MockServer as MockServer
    from .settings import Settings as Settings
    from .testkit.unittest import MockWorldCase as MockWorldCase

_HOMES = {
    "AsyncHttpxTransport": "intercept.httpx_transport",
    "NoTimeoutError": "intercept.inmemory",
    "HttpxTransport": "intercept.httpx_transport",
    "BlockedConnection": "intercept.hosts",
    "MockServer": "server",
    "MockWorldCase": "testkit.unittest",
    "RequestsAdapter": "intercept.requests_adapter",
    "Scenario": "scenario",
    "ScenarioError": "scenario",
    "ScenarioRun": "scenario",
    "Settings": "settings",
    **dict.fromkeys(
        (
            "ControlError",
            "DeliveryRecord",
            "ExchangeRecord",
            "EventRecord",
            "Login",
            "MessageRecord",
            "Mock",
            "NoServer",
            "WorldClient",
            "WorldFaultRule",
        ),
        "client",
    ),
}
"""The module of each public name."""

if TYPE_CHECKING:
    __all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - all of them are texts
else:  # for a type checker it would give any name whatever

    def __getattr__(name: str) -> object:
        """Import a public name."""
        if name == "__all__":
            return ["__version__", *_importable_names()]
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *_importable_names()})


def _importable_names() -> list[str]:
    """Return the public names but those that need httpx where it is not installed."""
    try:
        has_httpx = find_spec("httpx") is not None
    except (ImportError, ValueError):  # something blocks it
        has_httpx = False
    return [name for name in _HOMES if has_httpx or "httpx" not in _HOMES[name]]
